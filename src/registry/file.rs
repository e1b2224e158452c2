//! The list of devices as it is written: CSV, or TOML with one `[[device]]` a device.

use std::{fs, path::Path};

use csv::{ReaderBuilder, StringRecord, Trim};
use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::error::{RegistryError, RegistryErrors, RegistryMistake};

/// Columns of the CSV, keys of `[[device]]`.
pub(super) const COLUMNS: [&str; 7] =
    ["device", "source_home", "tenant", "home", "room", "id", "kinds"];

/// One device as written; what was left out is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Row {
    pub(super) device: String,
    pub(super) source_home: String,
    pub(super) tenant: String,
    pub(super) home: String,
    pub(super) room: String,
    pub(super) id: String,
    pub(super) kinds: String,
}

/// Rows with their lines, each with what is wrong with it.
pub(super) type Rows = Vec<(u64, Result<Row, RegistryMistake>)>;

/// Reads `.toml` as TOML and everything else as CSV.
pub(super) fn read(file: &Path) -> Result<Rows, RegistryErrors> {
    let text = fs::read_to_string(file).map_err(|error| {
        let mistake = RegistryMistake::Unreadable(error);
        RegistryErrors(vec![RegistryError { file: file.to_path_buf(), line: 1, mistake }])
    })?;
    let is_toml = file.extension().is_some_and(|extension| extension == "toml");
    Ok(if is_toml { toml_rows(&text) } else { csv_rows(&text) })
}

fn csv_rows(text: &str) -> Rows {
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return vec![(1, Err(RegistryMistake::Syntax(error.to_string())))],
    };
    let unknown = headers.iter().filter(|name| !COLUMNS.contains(name));
    let unknown: Rows = unknown
        .map(|name| (1, Err(RegistryMistake::UnknownColumn { name: name.to_owned() })))
        .collect();
    if !unknown.is_empty() {
        return unknown;
    }
    let row = |record: Result<StringRecord, csv::Error>| match record {
        Ok(record) => {
            let line = record.position().map_or(0, csv::Position::line);
            let row = record.deserialize(Some(&headers));
            (line, row.map_err(|error| RegistryMistake::Syntax(error.to_string())))
        }
        Err(error) => {
            let line = error.position().map_or(0, csv::Position::line);
            (line, Err(RegistryMistake::Syntax(error.to_string())))
        }
    };
    reader.records().map(row).collect()
}

fn toml_rows(text: &str) -> Rows {
    let line = |place: usize| {
        let before = text.get(..place).unwrap_or(text);
        u64::try_from(before.matches('\n').count()).map_or(u64::MAX, |newlines| newlines + 1)
    };
    let syntax = |error: &toml::de::Error, place: usize| {
        let place = error.span().map_or(place, |span| span.start);
        (line(place), Err(RegistryMistake::Syntax(error.message().to_owned())))
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return errors.iter().map(|error| syntax(error, 0)).collect();
    }
    let mut rows = Rows::new();
    for (key, value) in root.get_ref() {
        let devices = value.get_ref().as_array().filter(|_| key.get_ref() == "device");
        let Some(devices) = devices else {
            let mistake = RegistryMistake::Syntax("expected nothing but [[device]]".to_owned());
            rows.push((line(key.span().start), Err(mistake)));
            continue;
        };
        rows.extend(devices.iter().map(|device: &Spanned<DeValue<'_>>| {
            let place = device.span().start;
            match Row::deserialize(ValueDeserializer::from(device.clone())) {
                Ok(row) => (line(place), Ok(row)),
                Err(error) => syntax(&error, place),
            }
        }));
    }
    rows
}
