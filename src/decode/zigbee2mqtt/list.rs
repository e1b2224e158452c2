//! A list of devices, one after the other: a gateway with hundreds of them sends megabytes, of which
//! one device at a time is held.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use crate::decode::{
    error::DecodeError,
    json_text,
    json_tree::{At, Tree},
};

/// Shows each entry of a list.
pub(super) fn read(payload: &[u8], show: impl FnMut(At<'_, '_>)) -> Result<(), DecodeError> {
    let text = json_text::check(payload)?;
    json_text::parse(text, Entries(show), EXPECTED)
}

const EXPECTED: &str = "a list of devices, of at most 32768 values each";

struct Entries<F>(F);

impl<'de, F: FnMut(At<'_, '_>)> DeserializeSeed<'de> for Entries<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(At<'_, '_>)> Visitor<'de> for Entries<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut tree = Tree::default();
        while seq.next_element_seed(&mut tree)?.is_some() {
            if let Some(root) = tree.root() {
                (self.0)(root);
            }
        }
        Ok(())
    }
}
