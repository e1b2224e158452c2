//! Numbers and units the way people write them.

use super::event::{Reading, Value};

/// UCUM code and what people write, with the space in front where there is one. A unit that is
/// missing is shown as its code, without the brackets.
static UNITS: &[(&str, &str)] = &[
    ("", ""),
    ("%", " %"),
    ("/min", " /min"),
    ("1", ""),
    ("A", " A"),
    ("Cel", " °C"),
    ("L/min", " l/min"),
    ("Ohm", " Ω"),
    ("V", " V"),
    ("W", " W"),
    ("[g]", " g"),
    ("[ppb]", " ppb"),
    ("[ppm]", " ppm"),
    ("cm", " cm"),
    ("dB[SPL]", " dB"),
    ("deg", "°"),
    ("hPa", " hPa"),
    ("kW.h", " kWh"),
    ("kcal", " kcal"),
    ("kg", " kg"),
    ("kg/m2", " kg/m²"),
    ("lx", " lx"),
    ("m", " m"),
    ("m/s", " m/s"),
    ("mg/m3", " mg/m³"),
    ("min", " min"),
    ("mm[Hg]", " mmHg"),
    ("mmol/L", " mmol/l"),
    ("ms", " ms"),
    ("uS", " µS"),
    ("ug/m3", " µg/m³"),
    ("{dBm}", " dBm"),
    ("{steps}", ""),
];

/// Is the unit one that people's spelling is known of?
#[cfg(test)]
pub(super) fn is_known(unit: &str) -> bool {
    UNITS.iter().any(|(code, _)| *code == unit)
}

/// A number with its unit, rounded for reading.
pub(super) fn quantity(number: f64, unit: &str) -> String {
    let number = rounded(number, if unit == "deg" { 5 } else { 2 });
    match UNITS.iter().find(|(code, _)| *code == unit) {
        Some((_, written)) => number + written,
        None => format!("{number} {}", unit.replace(['[', ']', '{', '}'], "")),
    }
}

impl Reading {
    /// The number with its unit, as people write it; none of a state or an event.
    pub fn quantity(&self) -> Option<String> {
        match self.value {
            Value::Number(number) => Some(quantity(number, &self.unit)),
            Value::State(_)
            | Value::Category(_)
            | Value::Event
            | Value::Series(_)
            | Value::Unknown => None,
        }
    }
}

fn rounded(number: f64, decimals: usize) -> String {
    let size = number.abs();
    if size != 0.0 && !(0.001..1e15).contains(&size) {
        return format!("{number:e}");
    }
    let decimals = if size < 0.1 { decimals + 2 } else { decimals };
    let text = format!("{number:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::quantity;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        for (number, unit, expected) in [
            (21.5, "Cel", "21.5 °C"),
            (72.0, "/min", "72 /min"),
            (45.0, "%", "45 %"),
            (1830.0, "W", "1830 W"),
            (20.123_456, "Cel", "20.12 °C"),
            (-0.001, "Cel", "-0.001 °C"),
            (0.0, "lx", "0 lx"),
            (-0.0, "1", "0"),
            (100.0, "1", "100"),
            (59.329_324, "deg", "59.32932°"),
            (5.6, "mmol/L", "5.6 mmol/l"),
            (3.0, "furlong", "3 furlong"),
            (812.0, "{steps}", "812"),
            (1e300, "W", "1e300 W"),
            (f64::NAN, "W", "NaN W"),
        ] {
            assert_eq!(quantity(number, unit), expected);
        }
    }
}
