//! Published recordings of homes and wearers, as messages of the devices they might have had.
//! The data itself is not part of trygg: whoever replays it says where it is.

mod casas;
mod ordonez;
mod wrist;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use flate2::read::GzDecoder;

use super::Event;

/// The largest file that is read, unpacked.
const FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Why a directory cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// It holds none of the sets that are known.
    #[error(
        "no recording that is known: expected events.tsv, *_Sensors.txt, or HR.csv and the like"
    )]
    Unknown,
    /// A file cannot be read.
    #[error("{file}: cannot be read: {error}", file = file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A line is not what the set's files hold.
    #[error("{file}, line {line}: not a line of this recording", file = file.display())]
    Line {
        /// Which.
        file: PathBuf,
        /// From 1.
        line: usize,
    },
}

/// Something a device said.
struct Said {
    /// Microseconds since 1970.
    at: i64,
    topic: String,
    payload: String,
}

/// The number of the line that is wrong.
#[derive(Debug)]
struct WrongLine(usize);

/// Reads the recording in a directory; its messages in order of time.
///
/// # Errors
/// When there is none, or it is not what it should be.
pub fn read_dataset(directory: &Path) -> Result<Vec<Event>, DatasetError> {
    let mut said = Vec::new();
    let listing = |error| DatasetError::Read { file: directory.to_owned(), error };
    let entries = fs::read_dir(directory).map_err(listing)?.map(|entry| entry.map(|it| it.path()));
    let mut paths = entries.collect::<Result<Vec<_>, _>>().map_err(listing)?;
    paths.sort();
    let named = |end: &str| {
        paths
            .iter()
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(end)))
    };
    if let Some(file) = named("events.tsv") {
        said = casas::read(&text(file)?).map_err(|line| line.of(file))?;
    } else if let Some(file) = named("_Sensors.txt") {
        said = ordonez::read(&text(file)?).map_err(|line| line.of(file))?;
    } else if named("HR.csv").is_some() {
        wrist::read(directory, &mut said)?;
    } else {
        for wearer in paths.iter().filter(|path| path.join("HR.csv").is_file()) {
            wrist::read(wearer, &mut said)?;
        }
    }
    // Stable: what was said at one time stays in its order.
    said.sort_by_key(|said| said.at);
    let began = said.first().ok_or(DatasetError::Unknown)?.at;
    let event = |said: Said| Event {
        at: Duration::from_micros(u64::try_from(said.at - began).unwrap_or(0)),
        home: 1,
        topic: said.topic,
        payload: said.payload.into_bytes(),
        retain: false,
    };
    Ok(said.into_iter().map(event).collect())
}

impl WrongLine {
    fn of(self, file: &Path) -> DatasetError {
        DatasetError::Line { file: file.to_owned(), line: self.0 }
    }
}

/// A file's text; `.gz` is unpacked.
fn text(file: &Path) -> Result<String, DatasetError> {
    let wrong = |error| DatasetError::Read { file: file.to_owned(), error };
    let opened = File::open(file).map_err(wrong)?;
    let mut text = String::new();
    let is_packed = file.extension().is_some_and(|end| end == "gz");
    let read = if is_packed {
        GzDecoder::new(opened).take(FILE_BYTES).read_to_string(&mut text)
    } else {
        opened.take(FILE_BYTES).read_to_string(&mut text)
    };
    read.map_err(wrong)?;
    Ok(text)
}

/// A local time without its zone, taken as UTC, so that no hour is missing or double.
fn civil(text: &str) -> Option<i64> {
    let time: jiff::civil::DateTime = text.parse().ok()?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(time.timestamp().as_microsecond())
}

/// 2020-01-01. trygg takes device times before it for those of a clock that was never set.
const YEAR_2020: i64 = 1_577_836_800_000_000;

const WEEK: i64 = 7 * 86_400_000_000;

/// Brings a recording of earlier years into 2020 or later, by whole weeks: Mondays stay Mondays.
fn shift(began: i64) -> i64 {
    let missing = YEAR_2020 - began;
    if missing > 0 { (missing + WEEK - 1) / WEEK * WEEK } else { 0 }
}

/// What a sensor that is on or off publishes, as a gateway of its kind would.
fn state(home: &str, device: &str, kind: Kind, on: bool, at: i64) -> Option<Said> {
    let time = jiff::Timestamp::from_microsecond(at).ok()?;
    let (format, payload) = match kind {
        // A contact says whether it is closed.
        Kind::Contact => {
            ("zigbee2mqtt", format!(r#"{{"contact":{},"last_seen":"{time:.6}"}}"#, !on))
        }
        Kind::Motion => ("zigbee2mqtt", format!(r#"{{"occupancy":{on},"last_seen":"{time:.6}"}}"#)),
        Kind::Named(kind) => {
            ("json", format!(r#"{{"kind":"{kind}","value":{on},"time":"{time:.6}"}}"#))
        }
    };
    Some(Said { at, topic: format!("homes/{home}/{format}/{device}"), payload })
}

/// What a sensor that is on or off tells of.
#[derive(Clone, Copy)]
enum Kind {
    Contact,
    Motion,
    /// Of trygg's catalogue.
    Named(&'static str),
}

#[cfg(test)]
mod tests;
