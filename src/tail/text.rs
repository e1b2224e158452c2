//! An event as one line of text, its columns aligned.

use std::{
    fs,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    event::{Event, What},
    words::shortened,
};
use crate::model::{Lane, UnixMicros};

/// Columns grow with what they hold, within these.
const HOME: Bounds = Bounds { least: 6, most: 16 };
const PLACE: Bounds = Bounds { least: 12, most: 28 };
/// On a narrower terminal they stay small.
const NARROW: usize = 100;

#[derive(Clone, Copy, Debug)]
struct Bounds {
    least: usize,
    most: usize,
}

/// How lines look. Remembers how wide its columns have become.
#[derive(Debug)]
pub struct Layout {
    zone: TimeZone,
    /// Characters of a line of the terminal; none where a line may be as long as it likes.
    width: Option<usize>,
    is_coloured: bool,
    home: usize,
    place: usize,
}

/// The zone of this machine's clock; UTC where it says none.
pub fn zone_of_this_machine() -> TimeZone {
    let zone = fs::read("/etc/localtime").ok();
    zone.and_then(|zone| TimeZone::tzif("local", &zone).ok()).unwrap_or(TimeZone::UTC)
}

impl Layout {
    /// For a terminal of `width` characters, or for a file.
    pub fn new(zone: TimeZone, width: Option<usize>, is_coloured: bool) -> Self {
        Self { zone, width, is_coloured, home: HOME.least, place: PLACE.least }
    }

    /// Writes one line: time, mark, home, room and device, what happened, what to know about it.
    /// `!` marks what the alerts topic tells, `?` what was not understood.
    pub fn write(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let (mark, style) = match event.lane {
            Lane::Readings => (' ', Style::new()),
            Lane::Alerts => ('!', Style::new().bold().fg_color(Some(AnsiColor::Red.into()))),
            Lane::DeadLetters => ('?', Style::new().fg_color(Some(AnsiColor::Yellow.into()))),
        };
        let (home, place) = match &event.what {
            What::Reading(reading) => {
                let (room, device) = (shortened(&reading.room), shortened(&reading.device));
                let place = if room.is_empty() { device } else { format!("{room} · {device}") };
                (shortened(&reading.home), place)
            }
            What::DeadLetter(_) => (String::new(), shortened(&event.link)),
        };
        let is_narrow = self.width.is_some_and(|width| width < NARROW);
        let home = column(&home, &mut self.home, HOME, is_narrow);
        let place = column(&place, &mut self.place, PLACE, is_narrow);
        let time = self.time(event.when());
        let used = time.chars().count() + self.home + self.place + 7;
        let left = self.width.map(|width| width.saturating_sub(used).max(PLACE.least));
        let (words, remarks) = event.said();
        let words = cut(&words, left.unwrap_or(usize::MAX));
        let left = left.map_or(usize::MAX, |left| left.saturating_sub(words.chars().count()));
        let remarks = cut(&remarks, left);
        let faint = Style::new().dimmed();
        let (time, remarks) = (self.styled(&time, faint), self.styled(&remarks, faint));
        let words = self.styled(&words, style);
        let line = format!("{time} {mark} {home}  {place}  {words}{remarks}");
        writeln!(out, "{}", line.trim_end())
    }

    fn time(&self, time: UnixMicros) -> String {
        let local =
            Timestamp::from_microsecond(time.0).map(|time| time.to_zoned(self.zone.clone()));
        local.map_or_else(
            |_| format!("{:<19}", "beyond the calendar"),
            |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        )
    }

    fn styled(&self, text: &str, style: Style) -> String {
        if self.is_coloured && !text.is_empty() && style != Style::new() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// The text in a column that grows with it.
fn column(text: &str, width: &mut usize, bounds: Bounds, is_narrow: bool) -> String {
    let most = if is_narrow { bounds.least } else { bounds.most };
    *width = text.chars().count().clamp(*width, most.max(*width));
    format!("{:<1$}", cut(text, *width), *width)
}

/// The text, its end replaced by an ellipsis if it is longer.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    if width == 0 { kept } else { kept + "…" }
}
