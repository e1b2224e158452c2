//! FHIR: an Observation as it stands in a record, or a Bundle of them.

mod device;
mod observation;
mod sampled;

use std::sync::Arc;

use self::{device::Devices, observation::Fate};
use super::{
    decoded::Decoded,
    error::{DecodeError, NonReading, RefusalReason},
    format::Format,
    json_text,
    json_tree::{At, Tree},
    settings::DecoderSettings,
    term::{Term, TermError},
    vocabulary::{Vocabulary, Word},
};
use crate::{catalogue::Catalogue, model::Message};

/// Decoder of FHIR's Observations.
#[derive(Clone, Debug)]
pub struct Fhir {
    catalogue: Arc<Catalogue>,
    vocabulary: Vocabulary,
}

const TABLE: &str = include_str!("../../config/keys/fhir.csv");

/// What a code stands for.
enum Code<'v> {
    Term(&'v Term),
    /// Known to be no measurement, such as a panel.
    NoReading,
    Unknown,
}

impl Fhir {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        Ok(Self {
            catalogue: Arc::clone(&settings.catalogue),
            vocabulary: Vocabulary::new(Format::Fhir, TABLE, settings)?,
        })
    }

    pub(super) fn decode(
        &self,
        device: &str,
        message: &Message<'_>,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        if json_text::body(message.payload).is_empty() {
            return Ok(Some(NonReading::Empty));
        }
        let tree = Tree::parse(message.payload)?;
        let shape = DecodeError::JsonShape { expected: "a FHIR resource" };
        let root = tree.root().ok_or(shape)?;
        let kind = root.get("resourceType").and_then(At::text).ok_or(shape)?;
        let mut withdrawn = false;
        match kind {
            "Observation" => {
                let fate = self.observation(device, &Devices::default(), root, out)?;
                withdrawn = fate == Fate::Withdrawn;
            }
            "Bundle" => {
                let entries = || root.get("entry").into_iter().flat_map(At::items);
                let devices = Devices::of(entries());
                for resource in entries().filter_map(|entry| entry.get("resource")) {
                    if resource.get("resourceType").and_then(At::text) != Some("Observation") {
                        continue;
                    }
                    match self.observation(device, &devices, resource, out) {
                        Ok(fate) => withdrawn |= fate == Fate::Withdrawn,
                        // What one of them breaks says nothing about its neighbours.
                        Err(DecodeError::Rule { .. }) => {
                            out.check_room()?;
                            out.refuse(None, RefusalReason::ReadingShape, None);
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            // Patients, devices and the like: what there is, and never a measurement.
            _ => return Ok(Some(NonReading::Description)),
        }
        let is_all = out.readings.is_empty() && out.refused_count == 0 && out.absent == 0;
        Ok((withdrawn && is_all).then_some(NonReading::Withdrawn))
    }

    /// What the first of several codings stands for that anybody knows.
    fn code(&self, concept: At<'_, '_>) -> Code<'_> {
        let codings = concept.get("coding").into_iter().flat_map(At::items);
        for coding in codings {
            let Some(code) = coding.get("code").and_then(At::text) else { continue };
            let system = coding.get("system").and_then(At::text).unwrap_or_default();
            let found = match system {
                "http://loinc.org" | "urn:oid:2.16.840.1.113883.6.1" => self.vocabulary.find(code),
                "urn:iso:std:iso:11073:10101" | "urn:oid:2.16.840.1.113883.6.24" => {
                    self.vocabulary.find(&format!("mdc|{code}"))
                }
                // As FHIR's own searches write it.
                _ => self.vocabulary.find(&format!("{system}|{code}")),
            };
            match found {
                Some(Word::Term(term)) => return Code::Term(term),
                Some(Word::NoReading) => return Code::NoReading,
                None => {}
            }
        }
        Code::Unknown
    }
}

#[cfg(test)]
mod tests;
