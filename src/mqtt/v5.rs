//! The rare packets of MQTT 5. What is written often (PUBACK) or has a form that rumqttc's codec
//! swallows (short CONNACK and DISCONNECT) is done by hand; SUBACK too, because its codes are
//! judged one by one and a slice of bytes is the simplest form of that.

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::{
    QoS as WireQos,
    v5::{
        ConnAckProperties, Connect, ConnectProperties, Filter, Login as WireLogin,
        RetainForwardRule, Subscribe, Unsubscribe,
    },
};

use super::{
    error::ProtocolError,
    fields::two_bytes,
    properties,
    reason::ReasonCode,
    session::{SessionSettings, Subscription},
};
use crate::model::QoS;

/// What CONNACK says.
#[derive(Debug)]
pub(super) enum Connack {
    Accepted { session_present: bool, limits: Limits },
    Refused { code: ReasonCode },
}

/// What the broker announces of itself; absent properties have the default of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) maximum_qos: QoS,
    /// Seconds; `None`: as asked.
    pub(super) session_expiry_s: Option<u32>,
    /// Seconds; `None`: as asked.
    pub(super) keep_alive_s: Option<u16>,
    /// Bytes of a packet we may send.
    pub(super) max_packet_bytes: usize,
    pub(super) wildcards: Availability,
    pub(super) shared_subscriptions: Availability,
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

/// Normal disconnection without properties: the session keeps the expiry of CONNECT.
pub(super) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// Clean Start 0, session expiry and receive maximum set. No Maximum Packet Size: the broker would
/// discard longer messages unseen. No Topic Alias Maximum: none is offered. `None` when a field is
/// too long, which checked settings are not.
pub(super) fn connect(settings: &SessionSettings) -> Option<Vec<u8>> {
    let properties = ConnectProperties {
        session_expiry_interval: Some(settings.session_expiry_s),
        receive_maximum: Some(settings.receive_maximum.get()),
        ..ConnectProperties::new()
    };
    let connect = Connect {
        keep_alive: settings.keep_alive_s,
        client_id: settings.client_id.clone(),
        clean_start: false,
        properties: Some(properties),
    };
    let login = settings
        .login
        .as_ref()
        .map(|login| WireLogin::new(login.username.as_str(), login.password.as_str()));
    // A buffer of its own: the writer patches the flags at an offset from the buffer's start.
    let mut bytes = BytesMut::new();
    connect.write(&None, &login, &mut bytes).ok()?;
    Some(bytes.to_vec())
}

/// Retain Handling 1: a resubscription replays no retained messages. Retain As Published 0: RETAIN
/// marks replays only, so a live alarm published with it is live.
/// `None` when a filter is too long, which a checked one is not.
pub(super) fn subscribe(packet_id: u16, subscriptions: &[&Subscription]) -> Option<Vec<u8>> {
    let filters = subscriptions.iter().map(|subscription| Filter {
        path: subscription.filter.clone(),
        qos: match subscription.qos {
            QoS::AtMostOnce => WireQos::AtMostOnce,
            QoS::AtLeastOnce => WireQos::AtLeastOnce,
        },
        nolocal: false,
        preserve_retain: false,
        retain_forward_rule: RetainForwardRule::OnNewSubscribe,
    });
    let packet = Subscribe { pkid: packet_id, ..Subscribe::new_many(filters, None) };
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes).ok()?;
    Some(bytes.to_vec())
}

/// `None` when the filter is too long, which a checked one is not.
pub(super) fn unsubscribe(packet_id: u16, filter: &str) -> Option<Vec<u8>> {
    let packet = Unsubscribe { pkid: packet_id, ..Unsubscribe::new(filter, None) };
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes).ok()?;
    Some(bytes.to_vec())
}

pub(super) fn puback(packet_id: u16) -> [u8; 4] {
    let [high, low] = packet_id.to_be_bytes();
    [0x40, 2, high, low]
}

/// The two-byte form is what a broker without MQTT 5 answers; it can only refuse.
pub(super) fn connack(body: &[u8]) -> Result<Connack, ProtocolError> {
    let Some((&[flags, code], list)) = body.split_first_chunk() else {
        return Err(ProtocolError::Truncated);
    };
    let session_present = match flags {
        0 => false,
        1 => true,
        _ => return Err(ProtocolError::ReservedBits),
    };
    if code != 0 {
        let code = match list {
            [] => ReasonCode::from_short_connack(code),
            _ => ReasonCode::from_byte(code),
        };
        if session_present {
            return Err(ProtocolError::RefusedWithSession);
        }
        return Ok(Connack::Refused { code });
    }
    // rumqttc's reader stops neither at the end of the list nor at that of the packet.
    let (properties, rest) = properties::split(list)?;
    properties::check(properties)?;
    if !rest.is_empty() {
        return Err(ProtocolError::TrailingBytes);
    }
    let properties = ConnAckProperties::read(&mut Bytes::copy_from_slice(list))
        .map_err(|_| ProtocolError::Properties)?;
    Ok(Connack::Accepted { session_present, limits: properties.as_ref().into() })
}

impl From<Option<&ConnAckProperties>> for Limits {
    fn from(properties: Option<&ConnAckProperties>) -> Self {
        let availability =
            |flag: fn(&ConnAckProperties) -> Option<u8>| match properties.and_then(flag) {
                Some(0) => Availability::Missing,
                Some(_) | None => Availability::Available,
            };
        Self {
            maximum_qos: match properties.and_then(|it| it.max_qos) {
                Some(0) => QoS::AtMostOnce,
                Some(_) | None => QoS::AtLeastOnce,
            },
            session_expiry_s: properties.and_then(|it| it.session_expiry_interval),
            keep_alive_s: properties.and_then(|it| it.server_keep_alive),
            max_packet_bytes: properties
                .and_then(|it| it.max_packet_size)
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(usize::MAX),
            wildcards: availability(|it| it.wildcard_subscription_available),
            shared_subscriptions: availability(|it| it.shared_subscription_available),
        }
    }
}

pub(super) fn acknowledged(body: &[u8]) -> Result<Acknowledged<'_>, ProtocolError> {
    let (packet_id, rest) = two_bytes(body).ok_or(ProtocolError::Truncated)?;
    let (properties, codes) = properties::split(rest)?;
    properties::check(properties)?;
    Ok(Acknowledged { packet_id, codes })
}

/// Whatever stands behind the code, the broker is leaving: only the code matters.
pub(super) fn disconnect(body: &[u8]) -> ReasonCode {
    body.first().map_or(ReasonCode::NormalDisconnection, |&code| ReasonCode::from_byte(code))
}

#[cfg(test)]
mod tests;
