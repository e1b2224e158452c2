//! The elements of a SCAIP message that trygg looks at. The call route is not among them: it may
//! hold a telephone number.

use std::borrow::Cow;

use quick_xml::{
    Reader,
    events::{BytesRef, Event},
};

use crate::decode::error::DecodeError;

/// What a request says.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// `ref`
    pub(super) reference: Option<String>,
    /// `cid`
    pub(super) controller: Option<String>,
    /// `did`
    pub(super) device: Option<String>,
    /// `dty`
    pub(super) device_type: Option<String>,
    /// `mty`
    pub(super) kind: Option<String>,
    /// `stc`
    pub(super) status: Option<String>,
}

/// Levels of elements; a request has two.
const DEPTH_MAX: usize = 16;

/// Bytes a field may have.
const FIELD_MAX: usize = 256;

/// Bytes of a name that tell whether it is one of ours.
const NAME_MAX: usize = 4;

impl Fields {
    /// Reads a request; `None` is an answer to one.
    pub(super) fn read(payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        // Older units write Latin-1, and codes are the same in both: an alarm must not fail for
        // the name of a room.
        let text = std::str::from_utf8(payload).map_or_else(
            |_| Cow::Owned(payload.iter().map(|byte| char::from(*byte)).collect::<String>()),
            Cow::Borrowed,
        );
        let mut reader = Reader::from_str(&text);
        let mut fields = Self::default();
        let mut field = Field::default();
        let (mut depth, mut is_answer) = (0_usize, None);
        loop {
            let place = usize::try_from(reader.buffer_position()).unwrap_or(payload.len());
            let wrong = DecodeError::Xml { at: place.min(payload.len()) };
            match reader.read_event().map_err(|_| wrong)? {
                Event::Start(start) => {
                    match depth {
                        0 if is_answer.is_some() => return Err(wrong),
                        0 => is_answer = Some(root(start.local_name().as_ref())?),
                        1 => field.begin(start.local_name().as_ref()),
                        DEPTH_MAX.. => return Err(wrong),
                        _ => {}
                    }
                    depth += 1;
                }
                Event::Empty(_) if depth == 0 && is_answer.is_some() => return Err(wrong),
                Event::Empty(start) if depth == 0 => {
                    is_answer = Some(root(start.local_name().as_ref())?);
                }
                Event::End(_) => {
                    if depth == 2 {
                        fields.set(&field);
                    }
                    depth = depth.checked_sub(1).ok_or(wrong)?;
                }
                Event::Text(text) if depth == 2 => field.add(&text),
                Event::CData(text) if depth == 2 => field.add(&text),
                Event::GeneralRef(reference) if depth == 2 => {
                    let character = character(&reference).ok_or(wrong)?;
                    field.add(character.encode_utf8(&mut [0; 4]));
                }
                Event::Text(text) if depth == 0 => {
                    if !text.trim_start_matches('\u{feff}').trim().is_empty() {
                        return Err(wrong);
                    }
                }
                Event::DocType(_) => return Err(DecodeError::Rule { rule: "no document type" }),
                Event::Eof if depth > 0 => return Err(wrong),
                Event::Eof => {
                    let is_answer = is_answer.ok_or(wrong)?;
                    return Ok((!is_answer).then_some(fields));
                }
                Event::Empty(_)
                | Event::Text(_)
                | Event::CData(_)
                | Event::GeneralRef(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_) => {}
            }
        }
    }

    /// Says nothing that trygg looks at.
    pub(super) fn is_empty(&self) -> bool {
        let codes = self.device_type.is_none() && self.kind.is_none() && self.status.is_none();
        codes && self.controller.is_none() && self.device.is_none() && self.reference.is_none()
    }

    fn set(&mut self, field: &Field) {
        let value = field.value.trim();
        let place = match &*field.name {
            "ref" => &mut self.reference,
            "cid" => &mut self.controller,
            "did" => &mut self.device,
            "dty" => &mut self.device_type,
            "mty" => &mut self.kind,
            "stc" => &mut self.status,
            _ => return,
        };
        *place = (!value.is_empty() && !field.is_long).then(|| value.to_owned());
    }
}

/// The element at hand, as far as it was read.
#[derive(Default)]
struct Field {
    name: String,
    value: String,
    /// Longer than any field has reason to be: then it counts as missing, and the alarm goes on.
    is_long: bool,
}

impl Field {
    fn begin(&mut self, name: &str) {
        self.name.clear();
        self.name.push_str(name.get(..NAME_MAX).unwrap_or(name));
        self.value.clear();
        self.is_long = false;
    }

    fn add(&mut self, text: &str) {
        self.is_long |= self.value.len() + text.len() > FIELD_MAX;
        if !self.is_long {
            self.value.push_str(text);
        }
    }
}

/// Is it an answer?
fn root(name: &str) -> Result<bool, DecodeError> {
    match name {
        "mrq" => Ok(false),
        "mrs" => Ok(true),
        _ => Err(DecodeError::Rule { rule: "a request (`mrq`)" }),
    }
}

/// The five entities XML itself has, and characters by number.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Some(character);
    }
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
