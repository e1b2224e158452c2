//! Homie's strict texts.

use crate::decode::{error::RefusalReason, scalar::Scalar};

/// Types of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Datatype {
    Integer,
    Float,
    Boolean,
    /// Everything else: texts of some form.
    Text,
}

impl Datatype {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "integer" => Self::Integer,
            "float" | "percent" => Self::Float,
            "boolean" => Self::Boolean,
            "string" | "enum" | "color" | "datetime" | "duration" | "json" => Self::Text,
            _ => return None,
        })
    }

    pub(super) fn is_number(self) -> bool {
        match self {
            Self::Integer | Self::Float => true,
            Self::Boolean | Self::Text => false,
        }
    }
}

/// The value, if it is written as its type demands. Without a type a number is still none with a
/// sign or blanks that Homie does not allow.
pub(super) fn scalar(text: &str, datatype: Option<Datatype>) -> Result<Scalar<'_>, RefusalReason> {
    if text.is_empty() {
        return Ok(Scalar::Null);
    }
    match datatype {
        Some(Datatype::Integer) => text
            .parse::<i64>()
            .ok()
            .filter(|_| !text.starts_with('+'))
            .map(of_whole)
            .ok_or(RefusalReason::NumberUnreadable),
        Some(Datatype::Float) => {
            number(text).map(Scalar::Float).ok_or(RefusalReason::NumberUnreadable)
        }
        Some(Datatype::Boolean) => match text {
            "true" => Ok(Scalar::Bool(true)),
            "false" => Ok(Scalar::Bool(false)),
            _ => Err(RefusalReason::StateUnreadable),
        },
        Some(Datatype::Text) => Ok(Scalar::Text(text.into())),
        None if text.starts_with('+') => Err(RefusalReason::NumberUnreadable),
        None => Ok(number(text).map_or(Scalar::Text(text.into()), Scalar::Float)),
    }
}

fn of_whole(number: i64) -> Scalar<'static> {
    u64::try_from(number).map_or(Scalar::Negative(number), Scalar::Unsigned)
}

/// Digits with a dot, and perhaps an exponent.
fn number(text: &str) -> Option<f64> {
    let is_plain =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    let is_number = text.bytes().all(is_plain) && !text.starts_with('+');
    text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_strict() {
        use Datatype::{Boolean, Float, Integer};
        for (text, datatype, is_right) in [
            ("21", Some(Integer), true),
            ("-21", Some(Integer), true),
            ("+21", Some(Integer), false),
            ("21.0", Some(Integer), false),
            ("", Some(Integer), true),
            ("21.5", Some(Float), true),
            ("-2.1e1", Some(Float), true),
            ("nan", Some(Float), false),
            ("inf", Some(Float), false),
            (" 21.5", Some(Float), false),
            ("1e999", Some(Float), false),
            ("true", Some(Boolean), true),
            ("True", Some(Boolean), false),
            ("1", Some(Boolean), false),
            ("+21", None, false),
            ("open", None, true),
        ] {
            assert_eq!(scalar(text, datatype).is_ok(), is_right, "{text:?} {datatype:?}");
        }
    }
}
