//! What goes between a link's sink and its part of the spool.

use super::Duty;
use crate::{
    sink::Producer,
    spool::{Orders, Tiding},
};

impl<P: Producer> Duty<P> {
    /// Takes what the spool says.
    pub fn told(&mut self, tidings: &mut Vec<Tiding>) {
        for tiding in tidings.drain(..) {
            self.sink.told(tiding, &mut self.pool);
        }
    }

    /// What the spool is asked to do.
    pub fn orders(&mut self) -> Option<&mut Orders> {
        self.sink.orders()
    }

    /// The engine stops: nothing more comes from the log.
    pub fn close_log(&mut self) {
        self.sink.close_log();
    }

    /// The last word to the spool.
    pub fn tell_marks(&mut self) {
        self.sink.tell_marks();
    }
}
