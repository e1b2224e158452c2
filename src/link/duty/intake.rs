//! Messages into windows and records.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Duty, Room, Taken};
use crate::{
    ack::{Arrival, Settlement},
    encode::dead_letter::Payload,
    link::memory::{Acquaintance, Dup},
    model::{Message, Moment, Mono, QoS},
    mqtt::{Oversize, Publish},
    pipeline::{Burial, Requests},
    sink::Producer,
};

impl<P: Producer> Duty<P> {
    /// Takes a message in and hands its parts on.
    pub fn take(&mut self, publish: &Publish<'_>, resumed_recently: bool, now: Moment) -> Taken {
        let size = publish.topic.len() + publish.payload.len();
        self.books.received(publish.qos, size);
        if publish.qos == QoS::AtMostOnce && self.room() != Room::Free {
            self.books.shed();
            return Taken::Shed;
        }
        let fingerprint = xxh3_64_with_seed(publish.payload, xxh3_64_with_seed(publish.topic, 0));
        let Some((slot, token)) = self.current.as_mut().and_then(|window| {
            window.admit(arrival(publish.packet_id, publish.qos, size, fingerprint, now.mono))
        }) else {
            return self.overrun(publish.qos);
        };
        let known = match publish.qos {
            QoS::AtLeastOnce => {
                self.memory.recognise(publish.packet_id, Dup::from(publish.dup), fingerprint)
            }
            QoS::AtMostOnce => Acquaintance::New,
        };
        let inherited = match known {
            Acquaintance::Redelivery(event_id) => {
                self.books.redelivery_recognised();
                Some(event_id)
            }
            Acquaintance::New => None,
        };
        let burial = |reason| Burial {
            topic: publish.topic,
            payload: Payload::Whole(publish.payload),
            qos: publish.qos,
            retained: publish.retain,
            received: now,
            reason,
        };
        let (pool, ready) = (&mut self.pool, &mut self.ready);
        let accepted = match publish.topic_name() {
            None => self.pipeline.bury(&burial("topic_invalid"), token, pool, ready),
            Some(_) if self.memory.is_hopeless(fingerprint) => {
                self.memory.buried(fingerprint);
                self.pipeline.bury(&burial("abandoned_repeatedly"), token, pool, ready)
            }
            Some(topic) => {
                let message = Message {
                    topic,
                    payload: publish.payload,
                    qos: publish.qos,
                    retain: publish.retain,
                    dup: publish.dup,
                    resumed_recently,
                    received: now,
                };
                self.pipeline.accept(&message, inherited, token, pool, ready)
            }
        };
        self.books.accepted(&accepted);
        self.unflushed += 1;
        if let Some(arrival) = self.current.as_mut().and_then(|window| window.arrival_mut(slot)) {
            arrival.event_id = accepted.event_id;
            arrival.readings = accepted.readings;
            arrival.refused = accepted.refused;
        }
        self.hand_over(now.mono);
        Taken::Admitted
    }

    /// Takes a message above the size limit: its beginning becomes a dead letter.
    pub fn take_oversize(&mut self, oversize: &Oversize, now: Moment) -> Taken {
        let size = oversize.topic.len() + oversize.payload_start.len();
        self.books.received(oversize.qos, oversize.topic.len() + oversize.payload_len);
        let fingerprint = xxh3_64_with_seed(
            &oversize.payload_start,
            xxh3_64_with_seed(&oversize.topic, u64::try_from(oversize.payload_len).unwrap_or(0)),
        );
        let Some((_, token)) = self.current.as_mut().and_then(|window| {
            window.admit(arrival(oversize.packet_id, oversize.qos, size, fingerprint, now.mono))
        }) else {
            return self.overrun(oversize.qos);
        };
        let burial = Burial {
            topic: &oversize.topic,
            payload: Payload::Head {
                head: &oversize.payload_start,
                length: u64::try_from(oversize.payload_len).unwrap_or(u64::MAX),
            },
            qos: oversize.qos,
            retained: oversize.retain,
            received: now,
            reason: "oversize",
        };
        let accepted = self.pipeline.bury(&burial, token, &mut self.pool, &mut self.ready);
        self.books.accepted(&accepted);
        self.hand_over(now.mono);
        Taken::Admitted
    }

    /// What formats want to have said to senders.
    pub fn requests_mut(&mut self) -> &mut Requests {
        self.pipeline.requests_mut()
    }

    /// A PUBLISH that is read and left alone, because the engine stops: it comes again.
    pub fn leave(&mut self, qos: QoS, bytes: usize) {
        self.books.received(qos, bytes);
        match qos {
            QoS::AtLeastOnce => self.books.orphaned(QoS::AtLeastOnce, 1),
            QoS::AtMostOnce => self.books.shed(),
        }
    }

    /// The broker's own count of discarded messages. It is no sensor's message, so it does not
    /// enter the ledger.
    pub fn take_broker_statistics(&mut self, payload: &[u8]) {
        if let Some(count) = str::from_utf8(payload).ok().and_then(|text| text.parse().ok()) {
            self.books.broker_dropped(count);
        }
    }

    fn overrun(&mut self, qos: QoS) -> Taken {
        match qos {
            QoS::AtMostOnce => {
                self.books.shed();
                Taken::Shed
            }
            QoS::AtLeastOnce => {
                self.books.orphaned(QoS::AtLeastOnce, 1);
                Taken::Overrun
            }
        }
    }
}

fn arrival(packet_id: u16, qos: QoS, size: usize, fingerprint: u64, received: Mono) -> Arrival {
    Arrival {
        packet_id,
        qos,
        bytes: u32::try_from(size).unwrap_or(u32::MAX),
        received,
        fingerprint,
        event_id: 0,
        readings: 0,
        refused: 0,
        settlement: Settlement::Delivered,
    }
}
