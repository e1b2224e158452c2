//! What the broker's session is subscribed to, as far as this process knows, and what is missing.
//!
//! One rule covers all cases: ask for every wanted filter that is not known to be granted. At the
//! start of the process nothing is known; a fresh session at the broker forgets everything; a
//! changed list has new entries; a connection that broke before SUBACK left some open.

use super::{Necessity, Subscription};
use crate::{
    model::QoS,
    mqtt::{
        error::{Downgrade, Feature, ProtocolError, SessionError},
        packets::{Acknowledged, Availability, Limits},
        protocol::Protocol,
        reason::ReasonCode,
    },
};

#[derive(Debug)]
pub(super) struct Subscriptions {
    protocol: Protocol,
    wanted: Vec<Subscription>,
    granted: Vec<Subscription>,
    pending: Vec<Request>,
    last_packet_id: u16,
    allow_downgrade: bool,
}

/// A request without its answer.
#[derive(Debug)]
struct Request {
    packet_id: u16,
    asked: Asked,
}

#[derive(Debug)]
enum Asked {
    Subscribe(Vec<Numbered>),
    Unsubscribe(String),
}

/// A subscription and its position in the list.
type Numbered = (usize, Subscription);

/// Whether answers are still missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Waiting,
    Complete,
}

/// Filters in one packet: AWS `IoT` takes no more than eight.
const FILTERS_PER_PACKET: usize = 8;

/// UNSUBACK: there was no such subscription, which is what we want.
const NO_SUBSCRIPTION_EXISTED: u8 = 0x11;

impl Subscriptions {
    pub(super) fn new(
        protocol: Protocol,
        wanted: Vec<Subscription>,
        allow_downgrade: bool,
    ) -> Self {
        Self {
            protocol,
            wanted,
            granted: Vec::new(),
            pending: Vec::new(),
            last_packet_id: 0,
            allow_downgrade,
        }
    }

    /// Replaces the list; the next connection acts on it.
    pub(super) fn want(&mut self, wanted: Vec<Subscription>) {
        self.wanted = wanted;
    }

    /// The broker has no session of ours.
    pub(super) fn forget(&mut self) {
        self.granted.clear();
    }

    pub(super) fn need(&self, qos: QoS) -> bool {
        let needs = |it: &Subscription| it.necessity == Necessity::Required && it.qos >= qos;
        self.wanted.iter().any(needs)
    }

    /// Asks for what is missing: required filters first, optional ones in packets of their own,
    /// because some brokers refuse a packet as a whole.
    pub(super) fn begin(
        &mut self,
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<Progress, SessionError> {
        self.pending.clear();
        for necessity in [Necessity::Required, Necessity::Optional] {
            let missing = self.missing(necessity, limits)?;
            for asked in missing.chunks(FILTERS_PER_PACKET) {
                self.subscribe(asked, limits, out)?;
            }
        }
        self.proceed(limits, out)
    }

    /// Judges SUBACK code by code.
    pub(super) fn suback(
        &mut self,
        answer: &Acknowledged<'_>,
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<Progress, SessionError> {
        let Asked::Subscribe(asked) = self.answered(answer)? else {
            return Err(ProtocolError::AcknowledgementMismatch.into());
        };
        if asked.len() != answer.codes.len() {
            return Err(ProtocolError::AcknowledgementMismatch.into());
        }
        for ((index, subscription), &code) in asked.into_iter().zip(answer.codes) {
            self.judge(index, subscription, code)?;
        }
        self.proceed(limits, out)
    }

    /// Judges UNSUBACK.
    pub(super) fn unsuback(
        &mut self,
        answer: &Acknowledged<'_>,
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<Progress, SessionError> {
        let (Asked::Unsubscribe(filter), &[code]) = (self.answered(answer)?, answer.codes) else {
            return Err(ProtocolError::AcknowledgementMismatch.into());
        };
        if code != 0 && code != NO_SUBSCRIPTION_EXISTED {
            return Err(SessionError::UnsubscribeRefused { code: ReasonCode::from_byte(code) });
        }
        self.granted.retain(|granted| granted.filter != filter);
        self.proceed(limits, out)
    }

    fn missing(
        &self,
        necessity: Necessity,
        limits: &Limits,
    ) -> Result<Vec<Numbered>, SessionError> {
        let mut missing = Vec::new();
        for (index, subscription) in self.wanted.iter().enumerate() {
            let known =
                |it: &Subscription| it.filter == subscription.filter && it.qos == subscription.qos;
            if subscription.necessity != necessity || self.granted.iter().any(known) {
                continue;
            }
            match (lacking(&subscription.filter, limits), necessity) {
                (None, _) => missing.push((index, subscription.clone())),
                (Some(_), Necessity::Optional) => {}
                (Some(feature), Necessity::Required) => {
                    return Err(SessionError::Unsupported(feature));
                }
            }
        }
        Ok(missing)
    }

    fn subscribe(
        &mut self,
        asked: &[Numbered],
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<(), SessionError> {
        let packet_id = self.next_packet_id();
        let subscriptions: Vec<&Subscription> = asked.iter().map(|(_, it)| it).collect();
        let packet = self.protocol.subscribe(packet_id, &subscriptions);
        match (packet.filter(|it| it.len() <= limits.max_packet_bytes), asked) {
            (Some(packet), _) => {
                out.extend_from_slice(&packet);
                self.pending.push(Request { packet_id, asked: Asked::Subscribe(asked.to_vec()) });
                Ok(())
            }
            (None, [(_, Subscription { necessity: Necessity::Optional, .. })] | []) => Ok(()),
            (None, [_]) => Err(SessionError::Unsupported(Feature::PacketSize)),
            (None, several) => {
                several.chunks(1).try_for_each(|one| self.subscribe(one, limits, out))
            }
        }
    }

    /// When everything wanted is granted, ends what is no longer wanted. In this order a message
    /// that matches an old and a new filter may come twice, but none is missed between them.
    fn proceed(&mut self, limits: &Limits, out: &mut Vec<u8>) -> Result<Progress, SessionError> {
        if !self.pending.is_empty() {
            return Ok(Progress::Waiting);
        }
        let wanted = |filter: &str| self.wanted.iter().any(|it| it.filter == filter);
        let filters = self.granted.iter().map(|it| &it.filter).filter(|it| !wanted(it));
        let surplus: Vec<String> = filters.cloned().collect();
        for filter in surplus {
            let packet_id = self.next_packet_id();
            let packet = self
                .protocol
                .unsubscribe(packet_id, &filter)
                .filter(|it| it.len() <= limits.max_packet_bytes)
                .ok_or(SessionError::Unsupported(Feature::PacketSize))?;
            out.extend_from_slice(&packet);
            self.pending.push(Request { packet_id, asked: Asked::Unsubscribe(filter) });
        }
        Ok(if self.pending.is_empty() { Progress::Complete } else { Progress::Waiting })
    }

    fn answered(&mut self, answer: &Acknowledged<'_>) -> Result<Asked, ProtocolError> {
        let position = self.pending.iter().position(|it| it.packet_id == answer.packet_id);
        let position = position.ok_or(ProtocolError::AcknowledgementMismatch)?;
        Ok(self.pending.swap_remove(position).asked)
    }

    fn judge(
        &mut self,
        index: usize,
        subscription: Subscription,
        code: u8,
    ) -> Result<(), SessionError> {
        let Subscription { qos, necessity, .. } = subscription;
        let granted = match code {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            2..=0x7F => return Err(ProtocolError::AcknowledgementMismatch.into()),
            0x80..=0xFF => {
                let code = ReasonCode::from_byte(code);
                return match necessity {
                    Necessity::Required => Err(SessionError::SubscriptionRefused { index, code }),
                    Necessity::Optional => Ok(()),
                };
            }
        };
        if granted > qos {
            return Err(ProtocolError::AcknowledgementMismatch.into());
        }
        if granted < qos && necessity == Necessity::Required && !self.allow_downgrade {
            return Err(SessionError::Downgraded(Downgrade::GrantedQos { index }));
        }
        self.granted.retain(|it| it.filter != subscription.filter);
        self.granted.push(subscription);
        Ok(())
    }

    fn next_packet_id(&mut self) -> u16 {
        self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
        self.last_packet_id
    }
}

/// What the broker lacks for this filter.
fn lacking(filter: &str, limits: &Limits) -> Option<Feature> {
    let shared = filter.starts_with("$share/");
    if shared && limits.shared_subscriptions == Availability::Missing {
        return Some(Feature::SharedSubscriptions);
    }
    let wild = filter.contains(['+', '#']);
    (wild && limits.wildcards == Availability::Missing).then_some(Feature::Wildcards)
}
