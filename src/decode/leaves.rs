//! The values of a JSON text one by one, each under its path: `params/switch:0/apower`.
//!
//! A format says of each path whether it wants the value. Only those are kept, so that what a
//! message costs is bounded by what a message may hold, and not by what else stands in it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    decoded::{Decoded, READINGS_MAX},
    error::DecodeError,
    json_text::{self, FEWER_VALUES, VALUES_MAX},
    scalar::Scalar,
};

/// Bytes of a path that is looked at. What stands deeper is known to no format.
const PATH_MAX: usize = 128;

/// What a format says of a path.
pub(super) enum Wanted<K> {
    /// Its value, under this key.
    Yes(K),
    /// It is known and stands for nothing.
    No,
    /// It is not known.
    Unknown,
}

/// A value that is wanted.
pub(super) struct Leaf<'de, K> {
    pub(super) key: K,
    pub(super) value: Scalar<'de>,
}

/// The wanted values of an object, in their order. A key that stands twice comes twice.
pub(super) fn read<'de, K>(
    payload: &'de [u8],
    out: &mut Decoded,
    wanted: impl FnMut(&str) -> Wanted<K>,
) -> Result<Vec<Leaf<'de, K>>, DecodeError> {
    let text = json_text::check(payload)?;
    let mut walk =
        Walk { wanted, path: String::new(), leaves: Vec::new(), out, values: 0, fault: None };
    let parsed = json_text::parse(text, Object(&mut walk), "an object");
    if let Some(fault) = walk.fault {
        return Err(fault);
    }
    parsed.map(|()| walk.leaves)
}

struct Walk<'w, 'de, K, F> {
    wanted: F,
    path: String,
    leaves: Vec<Leaf<'de, K>>,
    out: &'w mut Decoded,
    values: usize,
    fault: Option<DecodeError>,
}

impl<'de, K, F: FnMut(&str) -> Wanted<K>> Walk<'_, 'de, K, F> {
    fn stop<E: Error>(&mut self, fault: DecodeError) -> Result<(), E> {
        self.fault = Some(fault);
        Err(E::custom("stopped"))
    }

    fn leaf<E: Error>(&mut self, value: Scalar<'de>) -> Result<(), E> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return self.stop(DecodeError::JsonShape { expected: FEWER_VALUES });
        }
        match (self.wanted)(&self.path) {
            Wanted::Unknown => self.out.unknown_keys = self.out.unknown_keys.saturating_add(1),
            Wanted::No => {}
            Wanted::Yes(_) if self.leaves.len() >= READINGS_MAX => {
                return self.stop(DecodeError::TooManyReadings { limit: READINGS_MAX });
            }
            Wanted::Yes(key) => self.leaves.push(Leaf { key, value }),
        }
        Ok(())
    }

    /// Steps down by a name. `None`: the path is longer than any that is known.
    fn down(&mut self, step: &str) -> Option<usize> {
        let before = self.path.len();
        if before + 1 + step.len() > PATH_MAX {
            self.out.unknown_keys = self.out.unknown_keys.saturating_add(1);
            return None;
        }
        if before > 0 {
            self.path.push('/');
        }
        self.path.push_str(step);
        Some(before)
    }
}

struct Object<'a, W>(&'a mut W);

impl<'de, K, F: FnMut(&str) -> Wanted<K>> DeserializeSeed<'de> for Object<'_, Walk<'_, 'de, K, F>> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(Value(self.0))
    }
}

struct Value<'a, W>(&'a mut W);

impl<'de, K, F: FnMut(&str) -> Wanted<K>> DeserializeSeed<'de> for Value<'_, Walk<'_, 'de, K, F>> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, K, F: FnMut(&str) -> Wanted<K>> Visitor<'de> for Value<'_, Walk<'_, 'de, K, F>> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.leaf(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.0.leaf(Scalar::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.0.leaf(Scalar::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.0.leaf(Scalar::Negative(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.0.leaf(Scalar::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<(), E> {
        self.0.leaf(Scalar::Text(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.leaf(Scalar::Text(value.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self(walk) = self;
        let mut index = 0_u32;
        loop {
            let mut digits = [0; 10];
            let Some(before) = walk.down(decimal(index, &mut digits)) else {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(());
            };
            let next = list.next_element_seed(Value(walk))?;
            walk.path.truncate(before);
            if next.is_none() {
                return Ok(());
            }
            index = index.saturating_add(1);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(walk) = self;
        while let Some(before) = map.next_key_seed(Step(walk))? {
            match before {
                Some(before) => {
                    map.next_value_seed(Value(walk))?;
                    walk.path.truncate(before);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A key, put at the end of the path.
struct Step<'a, W>(&'a mut W);

impl<'de, K, F: FnMut(&str) -> Wanted<K>> DeserializeSeed<'de> for Step<'_, Walk<'_, 'de, K, F>> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de, K, F: FnMut(&str) -> Wanted<K>> Visitor<'de> for Step<'_, Walk<'_, 'de, K, F>> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.down(key))
    }
}

/// The digits of an index without allocating.
fn decimal(mut number: u32, digits: &mut [u8; 10]) -> &str {
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        length += 1;
        if number == 0 {
            break;
        }
    }
    let (_, written) = digits.split_at(digits.len() - length);
    std::str::from_utf8(written).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> (Vec<String>, u32) {
        let mut out = Decoded::default();
        let wanted = |path: &str| match path {
            "no" => Wanted::No,
            "x" => Wanted::Unknown,
            path => Wanted::Yes(path.to_owned()),
        };
        let leaves = read(text.as_bytes(), &mut out, wanted).unwrap();
        (leaves.into_iter().map(|leaf| leaf.key).collect(), out.unknown_keys)
    }

    #[test]
    fn every_value_has_its_path() {
        let text = r#"{"a":{"b:0":[1,{"c":null}],"d":{}},"no":1,"x":2,"e":"f","":{"":3}}"#;
        let (paths, unknown) = paths(text);
        assert_eq!(paths, ["a/b:0/0", "a/b:0/1/c", "e", ""]);
        assert_eq!(unknown, 1);
    }

    #[test]
    fn what_is_deeper_than_any_path_is_passed_over() {
        let long = "k".repeat(PATH_MAX);
        let (paths, unknown) =
            paths(&format!(r#"{{"{long}":{{"a":[1,2]}},"b":1,"c":[[[1,2],3],4]}}"#));
        assert_eq!(paths, ["b", "c/0/0/0", "c/0/0/1", "c/0/1", "c/1"]);
        assert_eq!(unknown, 1);
    }

    #[test]
    fn there_is_an_end_to_it() {
        let mut out = Decoded::default();
        let wanted = |_: &str| Wanted::Yes(());
        let many = format!(r#"{{"a":[{}1]}}"#, "1,".repeat(READINGS_MAX));
        let full = DecodeError::TooManyReadings { limit: READINGS_MAX };
        assert_eq!(read(many.as_bytes(), &mut out, wanted).err(), Some(full));
        assert!(matches!(
            read(b"[1]", &mut out, wanted).err(),
            Some(DecodeError::JsonShape { .. })
        ));
    }
}
