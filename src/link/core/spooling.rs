//! What goes between a link and its part of the spool.

use super::Core;
use crate::{
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

    /// The last word to the spool: what is delivered.
    pub fn tell_marks(&mut self) {
        self.duty.tell_marks();
    }
}
