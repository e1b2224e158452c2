//! The values of a JSON object that a format wants, each under its path: `params/switch:0/apower`.
//!
//! A format says of each path whether it wants the value. Only those are kept, so that what a
//! message costs is bounded by what a message may hold, and not by what else stands in it.

use super::{
    decoded::{Decoded, READINGS_MAX},
    error::DecodeError,
    json_text, paths,
    scalar::Scalar,
};

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
    mut wanted: impl FnMut(&str) -> Wanted<K>,
) -> Result<Vec<Leaf<'de, K>>, DecodeError> {
    let mut leaves = Vec::new();
    let deeper = paths::walk(json_text::check(payload)?, |path, value| {
        match wanted(path.text()) {
            Wanted::Unknown => out.unknown_keys = out.unknown_keys.saturating_add(1),
            Wanted::No => {}
            Wanted::Yes(_) if leaves.len() >= READINGS_MAX => {
                return Err(DecodeError::TooManyReadings { limit: READINGS_MAX });
            }
            Wanted::Yes(key) => leaves.push(Leaf { key, value }),
        }
        Ok(())
    })?;
    out.unknown_keys = out.unknown_keys.saturating_add(deeper);
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::paths::PATH_MAX;

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
        assert_eq!(paths, ["a/b:0/0", "a/b:0/1/c", "e", "/"]);
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
