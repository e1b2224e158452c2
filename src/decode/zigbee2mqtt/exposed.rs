//! What a gateway says of a device's keys in `bridge/devices`, as far as it is not how they are
//! read anyway: the unit of a number, and the words of a state.

use super::keys::{Form, Keys, Rule};
use crate::{
    catalogue::{Catalogue, Conversion, ValueType},
    decode::{
        error::{DecodeError, RefusalReason},
        json_tree::{At, Tree},
        meaning::{self, Meaning},
        memory::{Memory, Remembered, Shelf},
        scalar::Scalar,
    },
    model::Value,
};

/// Devices of one gateway of which something is remembered: several times what Zigbee allows.
const DEVICES_MAX: usize = 1_000;

/// Keys of one device of which something is remembered.
const KEYS_MAX: usize = 64;

/// Bytes of a device's topic, and of a word, that are remembered.
const TOPIC_MAX: usize = 512;
const WORD_MAX: usize = 64;

/// What is remembered of one device.
pub(super) struct Exposed {
    /// By slot and channel.
    keys: Vec<(usize, u16, Told)>,
}

/// What was said of one key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// The unit of its numbers.
    Unit(Conversion),
    /// A unit that its kind cannot have.
    Unfit(RefusalReason),
    /// What its kind's true and false are called.
    Words { on: Word, off: Word },
}

/// A word for true or for false.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Bool(bool),
    Number(f64),
    Text(Box<str>),
}

/// The devices of one gateway of which something is remembered.
struct Exposers {
    names: Vec<Box<str>>,
}

impl Remembered for Exposed {
    fn bytes(&self) -> usize {
        let words = |(.., told): &(usize, u16, Told)| match told {
            Told::Unit(_) | Told::Unfit(_) => 0,
            Told::Words { on, off } => on.bytes() + off.bytes(),
        };
        size_of_val(self.keys.as_slice()) + self.keys.iter().map(words).sum::<usize>()
    }
}

impl Remembered for Exposers {
    fn bytes(&self) -> usize {
        let texts = self.names.iter().map(|name| name.len());
        size_of_val(self.names.as_slice()) + texts.sum::<usize>()
    }
}

impl Exposed {
    /// What is remembered of the device of a topic.
    pub(super) fn of<'m>(topic: &str, memory: &'m mut Memory) -> Option<&'m Self> {
        if !memory.has_exposed() {
            return None;
        }
        memory.get::<Self>(Shelf::Exposed, topic).map(|exposed| &*exposed)
    }

    pub(super) fn find(&self, slot: usize, channel: u16) -> Option<&Told> {
        let mut keys = self.keys.iter();
        keys.find(|key| (key.0, key.1) == (slot, channel)).map(|(.., told)| told)
    }

    fn read(keys: &Keys, catalogue: &Catalogue, exposes: At<'_, '_>) -> Self {
        let mut exposed = Self { keys: Vec::new() };
        let mut open: Vec<At<'_, '_>> = exposes.items().collect();
        while let Some(expose) = open.pop() {
            let form = expose.get("type").and_then(At::text).unwrap_or_default();
            if form == "composite" || form == "list" {
                // Its keys stand inside of a value of its own, which is not read.
                continue;
            }
            open.extend(expose.get("features").into_iter().flat_map(At::items));
            let key = expose.get("property").and_then(At::text);
            let Some(found) = key.and_then(|key| keys.find(key)) else { continue };
            let told = match form {
                "numeric" => Told::unit(catalogue, found.rule, expose),
                "binary" => Told::words(catalogue, found.rule, expose),
                _ => None,
            };
            let place = (found.rule.slot, found.channel);
            if let Some(told) = told
                && exposed.keys.len() < KEYS_MAX
                && exposed.find(place.0, place.1).is_none()
            {
                exposed.keys.push((place.0, place.1, told));
            }
        }
        exposed.keys.shrink_to_fit();
        exposed
    }
}

/// Remembers what a list of devices says, in place of what the same gateway said before.
pub(super) fn learn(
    keys: &Keys,
    catalogue: &Catalogue,
    base: &str,
    payload: &[u8],
    memory: &mut Memory,
) -> Result<(), DecodeError> {
    let tree = Tree::parse(payload)?;
    let list = tree.root().filter(|root| root.is_list());
    let list = list.ok_or(DecodeError::JsonShape { expected: "a list of devices" })?;
    forget(base, memory);
    let mut names: Vec<Box<str>> = Vec::new();
    for device in list.items() {
        let name = device.get("friendly_name").and_then(At::text).unwrap_or_default();
        let fits = !name.is_empty() && base.len() + name.len() <= TOPIC_MAX;
        let Some(exposes) = device.path(&["definition", "exposes"]).filter(|_| fits) else {
            continue;
        };
        let exposed = Exposed::read(keys, catalogue, exposes);
        if !exposed.keys.is_empty() && names.len() < DEVICES_MAX {
            memory.put(Shelf::Exposed, &[base, name].concat(), exposed);
            names.push(name.into());
        }
    }
    if !names.is_empty() {
        memory.put(Shelf::Exposers, base, Exposers { names });
    }
    Ok(())
}

/// Forgets all devices of a gateway.
pub(super) fn forget(base: &str, memory: &mut Memory) {
    let exposers = memory.get::<Exposers>(Shelf::Exposers, base);
    let names = exposers.map(|exposers| std::mem::take(&mut exposers.names)).unwrap_or_default();
    for name in names {
        memory.remove(Shelf::Exposed, &[base, &name].concat());
    }
    memory.remove(Shelf::Exposers, base);
}

impl Told {
    fn unit(catalogue: &Catalogue, rule: &Rule, expose: At<'_, '_>) -> Option<Self> {
        let is_number = catalogue.get(rule.kind).value_type == ValueType::Number;
        if !is_number || rule.form == Form::LastSeen {
            return None;
        }
        let unit = expose.get("unit").and_then(At::text).map(str::trim)?;
        let is_certain = matches!(rule.form, Form::Number(_) | Form::IlluminanceLux);
        match catalogue.conversion(rule.kind, unit) {
            _ if unit.is_empty() => None,
            Ok(Conversion::IDENTITY) if is_certain => None,
            Ok(conversion) => Some(Self::Unit(conversion)),
            Err(_) if rule.form == Form::Stated => None,
            Err(error) => Some(Self::Unfit(error.into())),
        }
    }

    fn words(catalogue: &Catalogue, rule: &Rule, expose: At<'_, '_>) -> Option<Self> {
        let (on, off) = (expose.get("value_on")?.scalar(), expose.get("value_off")?.scalar());
        let (yes, no) = match catalogue.get(rule.kind).value_type {
            ValueType::State => {
                (Meaning::Value(Value::State(true)), Meaning::Value(Value::State(false)))
            }
            ValueType::Event => (Meaning::Value(Value::Event), Meaning::Nothing),
            ValueType::Number | ValueType::Category => return None,
        };
        let is_known = usual(catalogue, rule, on) == yes && usual(catalogue, rule, off) == no;
        if is_known || on == off || !matches!(rule.form, Form::Plain | Form::Contact) {
            return None;
        }
        Some(Self::Words { on: Word::of(on)?, off: Word::of(off)? })
    }

    /// What a value means that comes under the key.
    pub(super) fn read(
        &self,
        catalogue: &Catalogue,
        rule: &Rule,
        scalar: &Scalar<'_>,
    ) -> Meaning<Value> {
        let number = || meaning::number(scalar, catalogue.get(rule.kind).absent);
        match self {
            Self::Unit(conversion) => {
                number().map(|number| Value::Number(conversion.apply(number)))
            }
            Self::Unfit(reason) => match number() {
                Meaning::Value(_) => Meaning::Refused(*reason),
                Meaning::Nothing => Meaning::Nothing,
                Meaning::Refused(own) => Meaning::Refused(own),
            },
            Self::Words { on, .. } if on.is(scalar) => meant(catalogue, rule, true),
            Self::Words { off, .. } if off.is(scalar) => meant(catalogue, rule, false),
            Self::Words { .. } => usual(catalogue, rule, scalar),
        }
    }
}

impl Word {
    fn of(scalar: &Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Bool(word) => Some(Self::Bool(*word)),
            Scalar::Text(word) if word.len() <= WORD_MAX => Some(Self::Text((**word).into())),
            Scalar::Unsigned(_) | Scalar::Negative(_) | Scalar::Float(_) => {
                scalar.plain_number().map(Self::Number)
            }
            Scalar::Null | Scalar::Text(_) | Scalar::Nested => None,
        }
    }

    fn is(&self, scalar: &Scalar<'_>) -> bool {
        match (self, scalar) {
            (Self::Bool(word), Scalar::Bool(found)) => word == found,
            (Self::Bool(word), Scalar::Text(found)) => {
                found.eq_ignore_ascii_case(if *word { "true" } else { "false" })
            }
            (Self::Text(word), Scalar::Text(found)) => word.eq_ignore_ascii_case(found),
            (Self::Number(word), found) => found.plain_number() == Some(*word),
            (Self::Bool(_) | Self::Text(_), _) => false,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Bool(_) | Self::Number(_) => 0,
            Self::Text(word) => word.len(),
        }
    }
}

/// What a value means where nothing was said.
fn usual(catalogue: &Catalogue, rule: &Rule, scalar: &Scalar<'_>) -> Meaning<Value> {
    if rule.form == Form::Contact {
        meaning::contact(scalar).map(Value::State)
    } else {
        meaning::of(catalogue, rule.kind, scalar)
    }
}

fn meant(catalogue: &Catalogue, rule: &Rule, is_on: bool) -> Meaning<Value> {
    meaning::of(catalogue, rule.kind, &Scalar::Bool(is_on))
}
