//! JSON of any shape, read by a configured mapping: pointer to kind, unit, scale and words.

mod settings;
mod tree;

use std::{borrow::Cow, str, sync::Arc};

pub use settings::{MappingError, MappingSettings, ReadingSettings, TimeSettings};

use self::tree::{NodeId, Tree, Walk};
use super::{
    decoded::{Decoded, DevicePart},
    error::{DecodeError, NonReading},
    json_text,
    scalar::Scalar,
    term::Term,
    time::TimeFormat,
};
use crate::catalogue::Catalogue;

/// A mapping, ready to decode.
#[derive(Clone, Debug)]
pub struct Mapping {
    catalogue: Arc<Catalogue>,
    targets: Vec<Term>,
    time_format: TimeFormat,
    tree: Tree,
}

/// What the value under a pointer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaf {
    /// The reading of this number.
    Reading(usize),
    Device,
    Time,
    Sequence,
}

impl Mapping {
    /// Checks the settings against the catalogue.
    pub fn new(
        settings: &MappingSettings,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Self, MappingError> {
        settings.check_amount()?;
        let mut tree = Tree::default();
        let mut targets = Vec::new();
        for reading in &settings.readings {
            tree.add(&reading.pointer, Leaf::Reading(targets.len()))?;
            targets.push(Term::new(&reading.term, catalogue)?);
        }
        let time = settings.time.as_ref().map(|time| &time.pointer);
        let others = [
            (settings.device.as_ref(), Leaf::Device),
            (time, Leaf::Time),
            (settings.sequence.as_ref(), Leaf::Sequence),
        ];
        for (pointer, leaf) in others {
            if let Some(pointer) = pointer {
                tree.add(pointer, leaf)?;
            }
        }
        Ok(Self {
            catalogue: Arc::clone(catalogue),
            targets,
            time_format: settings.time.as_ref().map(|time| time.format).unwrap_or_default(),
            tree,
        })
    }

    pub(super) fn decode(
        &self,
        payload: &[u8],
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let body = json_text::body(payload);
        if body.is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        out.number_keys(self.targets.len());
        let mut part = DevicePart::begin(out);
        let mut fault = None;
        let mut walk =
            Walk { mapping: self, node: NodeId::ROOT, out, part: &mut part, fault: &mut fault };
        let parsed = if json_text::is_bare(body) && self.tree.has_leaves(NodeId::ROOT) {
            let text = str::from_utf8(body)
                .map_err(|error| DecodeError::Utf8 { at: error.valid_up_to() })?;
            walk.take(&Scalar::Text(Cow::Borrowed(text)));
            Ok(())
        } else {
            json_text::parse(json_text::check(payload)?, walk, EXPECTED)
        };
        if let Some(fault) = fault {
            return Err(fault);
        }
        parsed?;
        part.finish(out);
        Ok(None)
    }
}

const EXPECTED: &str = "an object or array, as the mapping's pointers want it";

#[cfg(test)]
mod tests;
