//! What a link writes once its connection stands: acknowledgements and requests.

use super::{Core, Phase};
use crate::{model::Mono, sink::Producer};

impl<P: Producer> Core<P> {
    /// Writes the acknowledgements that are due, and what formats want to have said.
    pub(super) fn answer(&mut self, now: Mono) {
        let Self { session, out, duty, unwritten, phase, .. } = self;
        *unwritten += duty.settle(now, |packet_id| session.acknowledge(packet_id, out));
        if *phase == Phase::Established {
            while let Some(request) = duty.requests_mut().pop() {
                session.publish(&request.topic, &request.payload, out);
            }
        }
    }
}
