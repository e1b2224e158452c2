//! Where records go: librdkafka, or the simulation.

use crate::{
    kafka::{Failure, LinkProducer, mailbox::Ticket, settings::Grouping},
    record::Record,
};

/// Takes records for delivery. Two implementations: librdkafka and the simulation.
pub trait Producer {
    /// Hands a record over; its report comes later, with the ticket. Never waits.
    ///
    /// # Errors
    /// When it is not taken: the record stays with the caller. That is so when `behind` names
    /// the generation its predecessors are with and another one has taken over: the record
    /// would overtake those that died with the old one.
    fn send(
        &mut self,
        index: u32,
        grouping: Grouping,
        behind: Option<u16>,
        record: &Record,
    ) -> Result<Ticket, Failure>;

    /// Generation of which every predecessor is gone for good: their reports will not come.
    fn settled_generation(&self) -> u16;
}

impl Producer for LinkProducer {
    fn send(
        &mut self,
        index: u32,
        grouping: Grouping,
        behind: Option<u16>,
        record: &Record,
    ) -> Result<Ticket, Failure> {
        Self::send(self, index, grouping, behind, record)
    }

    fn settled_generation(&self) -> u16 {
        Self::settled_generation(self)
    }
}
