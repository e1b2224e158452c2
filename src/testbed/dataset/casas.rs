//! CASAS: one line an event, `date time<tab>sensor<tab>ON` or `OFF`.

use super::{Kind, Said, WrongLine, civil, shift, state};

const HOME: &str = "casas";

pub(super) fn read(text: &str) -> Result<Vec<Said>, WrongLine> {
    let mut shifted = None;
    let mut said = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        said.push(event(line, &mut shifted).ok_or(WrongLine(number + 1))?);
    }
    Ok(said)
}

fn event(line: &str, shifted: &mut Option<i64>) -> Option<Said> {
    let mut columns = line.split('\t');
    let (time, sensor, what) = (columns.next()?, columns.next()?, columns.next()?);
    let time = civil(time)?;
    let at = time + *shifted.get_or_insert_with(|| shift(time));
    let on = match what {
        "ON" => true,
        "OFF" => false,
        _ => return None,
    };
    state(HOME, sensor, kind(sensor), on, at)
}

/// Sensors are named by place and thing.
fn kind(sensor: &str) -> Kind {
    let is_any = |things: &[&str]| things.iter().any(|thing| sensor.contains(thing));
    if is_any(&["Door", "Entryway", "Refrigerator"]) {
        Kind::Contact
    } else if sensor.ends_with("Bed") {
        Kind::Named("bed_occupied")
    } else if sensor.ends_with("Chair") {
        Kind::Named("chair_occupied")
    } else {
        Kind::Motion
    }
}
