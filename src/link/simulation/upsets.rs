//! What happens to a running engine from outside: it ends, or its list of devices is another.

use std::sync::Arc;

use super::{
    World,
    setup::{DOUBTFUL, List, core},
};
use crate::model::Mono;

impl World {
    /// The process ends and another one starts, with what the disk and the broker kept. What was
    /// on its way to Kafka may still arrive.
    pub(super) fn crash(&mut self) {
        self.crashed = true;
        self.kafka.0.borrow_mut().lose_client(&mut self.chance);
        if self.connected {
            self.broker.cut();
            self.connected = false;
        }
        let recovered = self.shelf.as_mut().map(|shelf| shelf.crash(&mut self.chance));
        let log = recovered.as_ref().map(|recovered| (self.habit, recovered));
        let registry = Arc::clone(&self.lists.in_force().registry);
        let mut fresh = core(&self.kafka, self.protocol, log, registry, self.moment().wall);
        std::mem::swap(&mut self.core, &mut fresh);
        // Its tokens end with it, and nobody is told.
        drop(fresh);
    }

    /// Another list of devices is in force: from now on nothing of a refused home is handed over.
    pub(super) fn reload(&mut self) {
        self.lists.change(&mut self.chance);
        let List { registry, is_refused, .. } = self.lists.in_force().clone();
        self.kafka.0.borrow_mut().refused_home = is_refused.then_some(DOUBTFUL);
        self.core.replace_registry(&registry, Mono(self.now));
    }

    /// May a message end nowhere, because its home did not consent to it?
    pub(super) fn is_doubtful(&self, number: u32) -> bool {
        let topic = format!("homes/{DOUBTFUL}/");
        let index = usize::try_from(number).expect("small") - 1;
        let message = self.published.get(index);
        self.lists.had_doubts && message.is_some_and(|message| message.topic.starts_with(&topic))
    }
}
