//! What goes between a link and its part of the spool, and the list of devices.

use std::sync::Arc;

use super::Core;
use crate::{
    model::Mono,
    registry::Registry,
    sink::Producer,
    spool::{Orders, Tiding},
};

impl<P: Producer> Core<P> {
    /// Takes what the spool says; [`Self::step`] draws the conclusions.
    pub fn told(&mut self, tidings: &mut Vec<Tiding>) {
        self.duty.told(tidings);
    }

    /// What the spool is asked to do; none without a spool.
    pub fn orders(&mut self) -> Option<&mut Orders> {
        self.duty.orders()
    }

    /// Goes on with another list of devices, between two steps.
    pub fn replace_registry(&mut self, registry: &Arc<Registry>, now: Mono) {
        self.duty.replace_registry(registry, now);
    }

    /// The last word to the spool: what is delivered.
    pub fn tell_marks(&mut self) {
        self.duty.tell_marks();
    }
}
