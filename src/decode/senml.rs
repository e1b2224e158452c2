//! `SenML` (RFC 8428), JSON and CBOR: packs of records in which base fields hold for what follows.

mod cbor;
mod json;
mod met;
mod name;
mod pack;
mod record;

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::FixedState;

use self::{met::Met, pack::Pack};
use super::{
    decoded::Decoded,
    error::{DecodeError, NonReading},
    format::Format,
    json_text,
    memory::{Memory, Shelf},
    position::PositionPolicy,
    settings::DecoderSettings,
    term::TermError,
    vocabulary::{Vocabulary, WordIx},
};
use crate::{
    catalogue::Catalogue,
    model::{KindId, Message},
};

/// Decoder of `SenML` packs.
#[derive(Clone, Debug)]
pub struct SenMl {
    catalogue: Arc<Catalogue>,
    keys: Vocabulary,
    /// What a record of a unit means whose name says nothing.
    by_unit: HashMap<&'static str, WordIx, FixedState>,
    /// Spellings of `SenML`'s registry in ours; a fixed seed is enough: a file fills it.
    units: HashMap<&'static str, &'static str, FixedState>,
    positions: PositionPolicy,
}

const TABLE: &str = include_str!("../../config/keys/senml.csv");
const UNITS: &str = include_str!("../../config/keys/senml_units.csv");

/// Begins a key that is for records of a unit without a name that is known.
const BY_UNIT: char = '=';

impl SenMl {
    pub(super) fn new(settings: &DecoderSettings) -> Result<Self, TermError> {
        let keys = Vocabulary::of_names(Format::SenMl, TABLE, settings)?;
        let units = UNITS.lines().skip(1).filter_map(|line| line.split_once(',')).collect();
        let spellings = TABLE.lines().filter_map(|line| {
            let unit = line.strip_prefix(BY_UNIT)?.split(',').next()?;
            Some((unit, keys.place(&format!("{BY_UNIT}{unit}"))?))
        });
        Ok(Self {
            by_unit: spellings.collect(),
            units,
            keys,
            positions: PositionPolicy::new(settings),
            catalogue: Arc::clone(&settings.catalogue),
        })
    }

    /// A unit in our spelling. The kind's own is spelled alike in both.
    fn spelling<'u>(&self, unit: &'u str, kind: KindId) -> &'u str {
        if *self.catalogue.get(kind).unit == *unit {
            return unit;
        }
        self.units.get(unit).copied().unwrap_or(unit)
    }

    pub(super) fn decode(
        &self,
        message: &Message<'_>,
        memory: &mut Memory,
        out: &mut Decoded,
    ) -> Result<Option<NonReading>, DecodeError> {
        let body = json_text::body(message.payload);
        let Some(first) = body.first() else { return Ok(Some(NonReading::Empty)) };
        let met = memory.get_or_put(Shelf::SenMl, "", Met::default);
        let mut pack = Pack::begin(self, message.received.wall, met, out);
        if cbor::begins(*first) {
            cbor::read(message.payload, &mut pack)?;
        } else {
            json::read(message.payload, &mut pack)?;
        }
        Ok(pack.finish())
    }
}

#[cfg(test)]
mod tests;
