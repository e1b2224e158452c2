//! The list of devices as it is written: CSV, or TOML with one `[[device]]` a device.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use csv::{ByteRecord, ReaderBuilder};
use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::error::{RegistryError, RegistryErrors, RegistryMistake};

/// Columns of the CSV, keys of `[[device]]`.
pub(super) const COLUMNS: [&str; 9] =
    ["device", "source_home", "tenant", "home", "room", "id", "kinds", "interval", "consent"];
/// Where `consent` stands among them.
const CONSENT: usize = 8;

/// Largest list, bytes.
const FILE_BYTES_MAX: u64 = 512 << 20;

/// One device as written, without blanks around it; what was left out is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Row<'r> {
    pub(super) device: &'r str,
    pub(super) source_home: &'r str,
    pub(super) tenant: &'r str,
    pub(super) home: &'r str,
    pub(super) room: &'r str,
    pub(super) id: &'r str,
    pub(super) kinds: &'r str,
    pub(super) interval: &'r str,
    pub(super) consent: &'r str,
}

/// Takes the rows one by one.
pub(super) trait Reader {
    /// Comes first: is there a column `consent`, and how many lines about?
    fn begin(&mut self, consent: ConsentColumn, lines: usize, bytes: usize);
    /// A row, or what is wrong with it.
    fn row(&mut self, line: u64, row: Result<Row<'_>, RegistryMistake>);
}

/// Does the list say what homes consent to?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ConsentColumn {
    #[default]
    Absent,
    Present,
}

impl From<bool> for ConsentColumn {
    fn from(is_there: bool) -> Self {
        if is_there { Self::Present } else { Self::Absent }
    }
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Csv,
    Toml,
}

impl Form {
    /// `.toml` is TOML and everything else CSV.
    pub(super) fn of(file: &Path) -> Self {
        let is_toml = file.extension().is_some_and(|extension| extension == "toml");
        if is_toml { Self::Toml } else { Self::Csv }
    }

    /// Reads a text of this form.
    pub(super) fn read(self, text: &str, reader: &mut impl Reader) {
        match self {
            Self::Csv => csv_rows(text, reader),
            Self::Toml => toml_rows(text, reader),
        }
    }
}

/// The text of a file.
pub(super) fn text_of(file: &Path) -> Result<String, RegistryErrors> {
    let read = || {
        let opened = File::open(file)?;
        let length = opened.metadata()?.len();
        let mut text =
            String::with_capacity(usize::try_from(length.min(FILE_BYTES_MAX)).unwrap_or(0));
        if opened.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)? as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other("it is larger than 512 MiB"));
        }
        Ok(text)
    };
    read().map_err(|error| {
        let mistake = RegistryMistake::Unreadable(error);
        RegistryErrors(vec![RegistryError { file: file.to_path_buf(), line: 1, mistake }])
    })
}

fn csv_rows(text: &str, reader: &mut impl Reader) {
    let mut lines =
        ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(text.as_bytes());
    let headers = match lines.byte_headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return reader.row(1, Err(RegistryMistake::Syntax(error.to_string()))),
    };
    let names: Vec<&str> = headers.iter().map(cell).collect();
    let mut columns = Vec::with_capacity(names.len());
    let mut is_known = true;
    for (place, name) in names.iter().enumerate() {
        let mistake = match COLUMNS.iter().position(|column| column == name) {
            Some(_) if names.iter().take(place).any(|other| other == name) => {
                RegistryMistake::Syntax("a column stands there twice".to_owned())
            }
            Some(column) => {
                columns.push(column);
                continue;
            }
            None => RegistryMistake::UnknownColumn { name: (*name).to_owned() },
        };
        is_known = false;
        reader.row(1, Err(mistake));
    }
    if !is_known {
        return;
    }
    let consent = ConsentColumn::from(columns.contains(&CONSENT));
    reader.begin(consent, text.bytes().filter(|byte| *byte == b'\n').count(), text.len());
    let mut record = ByteRecord::new();
    loop {
        let read = lines.read_byte_record(&mut record);
        let line = |position: Option<&csv::Position>| {
            position.map_or(0, |position| line_of(text, position))
        };
        match read {
            Ok(false) => return,
            Ok(true) if record.len() != columns.len() => {
                let wrong = format!("{} fields, and {} columns", record.len(), columns.len());
                reader.row(line(record.position()), Err(RegistryMistake::Syntax(wrong)));
            }
            Ok(true) => {
                let mut cells = [""; COLUMNS.len()];
                for (column, bytes) in columns.iter().zip(&record) {
                    if let Some(place) = cells.get_mut(*column) {
                        *place = cell(bytes);
                    }
                }
                let [device, source_home, tenant, home, room, id, kinds, interval, consent] = cells;
                let row =
                    Row { device, source_home, tenant, home, room, id, kinds, interval, consent };
                reader.row(line(record.position()), Ok(row));
            }
            Err(error) => {
                reader.row(line(error.position()), Err(RegistryMistake::Syntax(error.to_string())));
                if error.is_io_error() {
                    return;
                }
            }
        }
    }
}

/// Where a record begins: its position still lies before empty lines and comments.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let begin = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let mut rest = text.get(begin..).unwrap_or_default();
    let mut line = position.line();
    while rest.starts_with(['#', '\r', '\n']) {
        let (_, after) = rest.split_once('\n').unwrap_or_default();
        rest = after;
        line += 1;
    }
    line
}

/// A field of a text: it was one before it was cut.
fn cell(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_default().trim()
}

/// One `[[device]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TomlRow {
    device: String,
    source_home: String,
    tenant: String,
    home: String,
    room: String,
    id: String,
    kinds: String,
    interval: String,
    consent: String,
}

impl TomlRow {
    fn row(&self) -> Row<'_> {
        Row {
            device: &self.device,
            source_home: &self.source_home,
            tenant: &self.tenant,
            home: &self.home,
            room: &self.room,
            id: &self.id,
            kinds: &self.kinds,
            interval: &self.interval,
            consent: &self.consent,
        }
    }
}

fn toml_rows(text: &str, reader: &mut impl Reader) {
    let newlines: Vec<usize> = text.match_indices('\n').map(|(place, _)| place).collect();
    let line = |place: usize| {
        let before = newlines.partition_point(|newline| *newline < place);
        u64::try_from(before).map_or(u64::MAX, |newlines| newlines + 1)
    };
    let syntax = |error: &toml::de::Error, place: usize| {
        let place = error.span().map_or(place, |span| span.start);
        (line(place), RegistryMistake::Syntax(error.message().to_owned()))
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for (line, mistake) in errors.iter().map(|error| syntax(error, 0)) {
            reader.row(line, Err(mistake));
        }
        return;
    }
    let devices = || root.get_ref().iter().filter(|(key, _)| key.get_ref() == "device");
    let all = || devices().filter_map(|(_, value)| value.get_ref().as_array()).flatten();
    let says_consent = |device: &Spanned<DeValue<'_>>| {
        device.get_ref().as_table().is_some_and(|table| table.contains_key("consent"))
    };
    let consent = ConsentColumn::from(all().any(says_consent));
    reader.begin(consent, all().count(), text.len());
    for (key, value) in root.get_ref() {
        if key.get_ref() != "device" || value.get_ref().as_array().is_none() {
            let mistake = RegistryMistake::Syntax("expected nothing but [[device]]".to_owned());
            reader.row(line(key.span().start), Err(mistake));
        }
    }
    for device in all() {
        let place = device.span().start;
        match TomlRow::deserialize(ValueDeserializer::from(device.clone())) {
            Ok(row) => reader.row(line(place), Ok(row.row())),
            Err(error) => {
                let (line, mistake) = syntax(&error, place);
                reader.row(line, Err(mistake));
            }
        }
    }
}
