//! What the value of a key can be: durations and sizes with their unit, names, numbers, words.

use std::{path::PathBuf, time::Duration};

use toml::de::DeValue;

use super::form::{Form, FormKind};
use crate::model::span::{self, split_unit};

/// A type that can stand behind a key.
pub(super) trait Setting: Sized {
    /// Ends the sentence "expected ...".
    const EXPECTED: &'static str;
    /// A right value, as TOML.
    const EXAMPLE: &'static str;
    /// What it looks like; where it is one of a few words, `Form::words` names them.
    const FORM: Form = Form::of(FormKind::Text);

    /// The value, or nothing when it is not of this type.
    fn read(value: &DeValue<'_>) -> Option<Self>;

    /// The value as TOML.
    fn show(&self) -> String;
}

/// A number of bytes, written with its unit: `64KiB`, `1MiB`, `512B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub usize);

impl Size {
    /// `count` times 1 024 bytes.
    pub const fn kib(count: usize) -> Self {
        Self(count * 1024)
    }

    /// `count` times 1 048 576 bytes.
    pub const fn mib(count: usize) -> Self {
        Self::kib(count * 1024)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> usize {
        self.0
    }
}

const SIZE_UNITS: [(&str, usize); 4] =
    [("GiB", 1024 * 1024 * 1024), ("MiB", 1024 * 1024), ("KiB", 1024), ("B", 1)];

impl Setting for Size {
    const EXPECTED: &'static str = "a size with its unit (B, KiB, MiB, GiB)";
    const EXAMPLE: &'static str = "\"1MiB\"";
    const FORM: Form = Form::like("^[0-9]+ *(B|KiB|MiB|GiB)$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let (count, unit) = split_unit(value.as_str()?)?;
        let (_, factor) = SIZE_UNITS.into_iter().find(|(name, _)| *name == unit)?;
        usize::try_from(count).ok()?.checked_mul(factor).map(Self)
    }

    fn show(&self) -> String {
        let fits =
            |(_, factor): &(&str, usize)| self.0 >= *factor && self.0.is_multiple_of(*factor);
        let (unit, factor) = SIZE_UNITS.into_iter().find(fits).unwrap_or(("B", 1));
        format!("\"{}{unit}\"", self.0 / factor)
    }
}

impl Setting for Duration {
    const EXPECTED: &'static str = "a duration with its unit (ms, s, m, h, d)";
    const EXAMPLE: &'static str = "\"30s\"";
    const FORM: Form = Form::like("^[0-9]+ *(ms|s|m|h|d)$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        span::parse(value.as_str()?)
    }

    fn show(&self) -> String {
        let millis = self.as_millis();
        let fits = |(_, factor): &(&str, u64)| {
            millis >= u128::from(*factor) && millis.is_multiple_of(u128::from(*factor))
        };
        let (unit, factor) = span::UNITS.into_iter().find(fits).unwrap_or(("ms", 1));
        format!("\"{}{unit}\"", millis / u128::from(factor))
    }
}

impl Setting for bool {
    const EXPECTED: &'static str = "true or false";
    const EXAMPLE: &'static str = "true";
    const FORM: Form = Form::of(FormKind::State);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl Setting for $number {
            const EXPECTED: &'static str = "a whole number";
            const EXAMPLE: &'static str = "1";
            const FORM: Form = Form::of(FormKind::Whole);

            fn read(value: &DeValue<'_>) -> Option<Self> {
                let number = value.as_integer()?;
                Self::from_str_radix(number.as_str(), number.radix()).ok()
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
whole_numbers!(u8, u16, u32, i32, usize);

/// Any text on one line that is not empty.
impl Setting for String {
    const EXPECTED: &'static str = "text without control characters, 1 to 255 bytes";
    const EXAMPLE: &'static str = "\"...\"";
    const FORM: Form = Form::like("^.+$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        let fits = (1..=255).contains(&text.len()) && !text.contains(char::is_control);
        fits.then(|| text.to_owned())
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "the path of a file";
    const EXAMPLE: &'static str = "\"file\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        String::read(value).map(Self::from)
    }

    fn show(&self) -> String {
        quoted(&self.to_string_lossy())
    }
}

/// A name that may stand in labels and in record keys: `a-z 0-9 _ -`, 1 to 64 characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Label(pub(super) String);

impl Setting for Label {
    const EXPECTED: &'static str = "1 to 64 characters of a-z, 0-9, _ and -";
    const EXAMPLE: &'static str = "\"north\"";
    const FORM: Form = Form::like("^[a-z0-9_-]{1,64}$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        fits.then(|| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

/// Text as TOML and JSON write it.
pub(super) fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        control if control.is_control() => format!("\\u{:04X}", u32::from(control)),
        other => other.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// A list of texts as TOML and JSON write it.
pub(super) fn quoted_list<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<T: Setting>(toml: &str) -> Option<T> {
        T::read(DeValue::parse(toml).unwrap().get_ref())
    }

    #[test]
    fn a_unit_is_demanded_and_understood() {
        assert_eq!(read::<Duration>("\"20ms\""), Some(Duration::from_millis(20)));
        assert_eq!(read::<Duration>("\"1d\""), Some(Duration::from_hours(24)));
        assert_eq!(read::<Duration>("\"5 m\""), Some(Duration::from_mins(5)));
        assert_eq!(read::<Size>("\"64KiB\""), Some(Size::kib(64)));
        for wrong in ["20", "\"20\"", "\"ms\"", "\"-1s\"", "\"1.5s\"", "\"1w\"", "\"\"", "true"] {
            assert_eq!(read::<Duration>(wrong), None, "{wrong}");
        }
        for wrong in ["1", "\"1\"", "\"1MB\"", "\"99999999999GiB\""] {
            assert_eq!(read::<Size>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn labels_have_a_closed_alphabet() {
        assert_eq!(read::<Label>("\"north-2_b\""), Some(Label("north-2_b".to_owned())));
        for wrong in ["\"\"", "\"North\"", "\"a b\"", "\"å\"", "\"a/b\"", "7"] {
            assert_eq!(read::<Label>(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(millis in 0_u64..=u64::MAX / 86_400_000, bytes: u32) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(read::<Duration>(&duration.show()), Some(duration));
            let size = Size(usize::try_from(bytes).unwrap());
            prop_assert_eq!(read::<Size>(&size.show()), Some(size));
        }
    }
}
