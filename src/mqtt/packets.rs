//! What both protocol versions say, in one form: what we ask of a broker, what it answers, and the
//! packets that are the same bytes in both.

use crate::model::QoS;

use super::{reason::ReasonCode, session::Login};

/// What CONNECT says.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) client_id: &'a str,
    pub(super) login: Option<&'a Login>,
    pub(super) keep_alive_s: u16,
    pub(super) session: Wanted,
}

/// Which session CONNECT asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// The one the broker keeps. The figures are for MQTT 5: 3.1.1 has no words for them.
    Kept { expiry_s: u32, receive_maximum: u16 },
    /// None: whatever the broker has under this client id is thrown away.
    Clean,
}

/// What CONNACK says.
#[derive(Debug)]
pub(super) enum Connack {
    Accepted {
        session_present: bool,
        limits: Limits,
    },
    Refused {
        code: ReasonCode,
    },
    /// It refuses our protocol version, or has the form of the other one.
    OtherProtocol,
}

/// What the broker announces of itself; absent properties have the default of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) maximum_qos: QoS,
    /// Seconds; `None`: as asked.
    pub(super) session_expiry_s: Option<u32>,
    /// Seconds; `None`: as asked.
    pub(super) keep_alive_s: Option<u16>,
    /// QoS 1 messages of ours it takes before it has answered one.
    pub(super) receive_maximum: u16,
    /// Bytes of a packet we may send.
    pub(super) max_packet_bytes: usize,
    pub(super) retained_messages: Availability,
    pub(super) wildcards: Availability,
    pub(super) shared_subscriptions: Availability,
}

impl Limits {
    /// Nothing announced.
    pub(super) const UNSPOKEN: Self = Self {
        maximum_qos: QoS::AtLeastOnce,
        session_expiry_s: None,
        keep_alive_s: None,
        receive_maximum: u16::MAX,
        max_packet_bytes: usize::MAX,
        retained_messages: Availability::Available,
        wildcards: Availability::Available,
        shared_subscriptions: Availability::Available,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Availability {
    Available,
    Missing,
}

/// SUBACK and UNSUBACK: one code for each filter asked for, in order.
#[derive(Debug)]
pub(super) struct Acknowledged<'a> {
    pub(super) packet_id: u16,
    pub(super) codes: &'a [u8],
}

pub(super) const PINGREQ: [u8; 2] = [0xC0, 0];

/// Normal disconnection, in MQTT 5 without properties: the session keeps the expiry of CONNECT.
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

pub(super) fn puback(packet_id: u16) -> [u8; 4] {
    let [high, low] = packet_id.to_be_bytes();
    [0x40, 2, high, low]
}
