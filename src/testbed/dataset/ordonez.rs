//! Ordonez: one line a span in which a sensor was on: start, end, thing, type, place.

use super::{Kind, Said, WrongLine, civil, shift, state};

const HOME: &str = "ordonez";

/// Lines of heading.
const HEADING: usize = 2;

pub(super) fn read(text: &str) -> Result<Vec<Said>, WrongLine> {
    let mut shifted = None;
    let mut said = Vec::new();
    let lines = text.lines().enumerate().skip(HEADING);
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = WrongLine(number + 1);
        // Columns stand apart by one tab or two.
        let mut columns = line.split('\t').map(str::trim).filter(|column| !column.is_empty());
        let mut column = || columns.next();
        let (Some(start), Some(end), Some(thing), Some(r#type), Some(place)) =
            (column(), column(), column(), column(), column())
        else {
            return Err(wrong);
        };
        let (Some(start), Some(end)) = (civil(start), civil(end)) else { return Err(wrong) };
        let shift = *shifted.get_or_insert_with(|| shift(start));
        let device = format!("{place}{thing}");
        let kind = match (r#type, thing) {
            ("Magnetic", _) => Kind::Contact,
            ("Pressure", "Bed") => Kind::Named("bed_occupied"),
            ("Pressure", _) => Kind::Named("chair_occupied"),
            ("Flush", _) => Kind::Named("toilet_flush"),
            ("Electric", _) => Kind::Named("appliance_on"),
            _ => Kind::Motion,
        };
        said.extend(state(HOME, &device, kind, true, start + shift));
        // A flush happens; it does not end.
        if r#type != "Flush" {
            said.extend(state(HOME, &device, kind, false, end + shift));
        }
    }
    Ok(said)
}
