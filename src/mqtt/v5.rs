//! The rare packets of MQTT 5. What has a form that rumqttc's codec swallows (short CONNACK and
//! DISCONNECT) is done by hand; SUBACK too, because its codes are
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
    packets::{Acknowledged, Availability, Connack, Limits, Opening, Wanted},
    properties,
    reason::ReasonCode,
    session::{Replay, Subscription},
    v311,
};
use crate::model::QoS;

const UNSUPPORTED_PROTOCOL_VERSION: u8 = 0x84;

/// A kept session has Clean Start 0, session expiry and receive maximum. No Maximum Packet Size:
/// the broker would discard longer messages unseen. No Topic Alias Maximum: none is offered.
pub(super) fn connect(opening: &Opening<'_>) -> Option<Vec<u8>> {
    let (clean_start, properties) = match opening.session {
        Wanted::Clean => (true, None),
        Wanted::Kept { expiry_s, receive_maximum } => {
            let properties = ConnectProperties {
                session_expiry_interval: Some(expiry_s),
                receive_maximum: Some(receive_maximum),
                ..ConnectProperties::new()
            };
            (false, Some(properties))
        }
    };
    let connect = Connect {
        keep_alive: opening.keep_alive_s,
        client_id: opening.client_id.to_owned(),
        clean_start,
        properties,
    };
    let login =
        opening.login.map(|login| WireLogin::new(login.username.as_str(), login.password.as_str()));
    // A buffer of its own: the writer patches the flags at an offset from the buffer's start.
    let mut bytes = BytesMut::new();
    connect.write(&None, &login, &mut bytes).ok()?;
    Some(bytes.to_vec())
}

/// Retain Handling 1: a resubscription replays no retained messages, but where a format learns
/// from them (0). Retain As Published 0: RETAIN
/// marks replays only, so a live alarm published with it is live.
pub(super) fn subscribe(packet_id: u16, subscriptions: &[&Subscription]) -> Option<Vec<u8>> {
    let filters = subscriptions.iter().map(|subscription| Filter {
        path: subscription.filter.clone(),
        qos: match subscription.qos {
            QoS::AtMostOnce => WireQos::AtMostOnce,
            QoS::AtLeastOnce => WireQos::AtLeastOnce,
        },
        nolocal: false,
        preserve_retain: false,
        retain_forward_rule: match subscription.replay {
            Replay::New => RetainForwardRule::OnNewSubscribe,
            Replay::Always => RetainForwardRule::OnEverySubscribe,
        },
    });
    let packet = Subscribe { pkid: packet_id, ..Subscribe::new_many(filters, None) };
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes).ok()?;
    Some(bytes.to_vec())
}

pub(super) fn unsubscribe(packet_id: u16, filter: &str) -> Option<Vec<u8>> {
    let packet = Unsubscribe { pkid: packet_id, ..Unsubscribe::new(filter, None) };
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes).ok()?;
    Some(bytes.to_vec())
}

/// The two-byte form is what a broker without MQTT 5 answers.
pub(super) fn connack(body: &[u8]) -> Result<Connack, ProtocolError> {
    let Some((&[flags, code], list)) = body.split_first_chunk() else {
        return Err(ProtocolError::Truncated);
    };
    let session_present = match flags {
        0 => false,
        1 => true,
        _ => return Err(ProtocolError::ReservedBits),
    };
    if code != 0 && session_present {
        return Err(ProtocolError::RefusedWithSession);
    }
    match (code, list) {
        (0, []) => return Ok(Connack::OtherProtocol),
        (0, _) => {}
        (_, []) => return Ok(v311::refusal(code)),
        (UNSUPPORTED_PROTOCOL_VERSION, _) => return Ok(Connack::OtherProtocol),
        (_, _) => return Ok(Connack::Refused { code: ReasonCode::from_byte(code) }),
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
            receive_maximum: properties
                .and_then(|it| it.receive_max)
                .unwrap_or(Self::UNSPOKEN.receive_maximum),
            max_packet_bytes: properties
                .and_then(|it| it.max_packet_size)
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(usize::MAX),
            retained_messages: availability(|it| it.retain_available),
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

/// Code and properties may be missing, which means success.
pub(super) fn puback(body: &[u8]) -> Result<(u16, u8), ProtocolError> {
    let (packet_id, rest) = two_bytes(body).ok_or(ProtocolError::Truncated)?;
    let Some((&code, list)) = rest.split_first() else { return Ok((packet_id, 0)) };
    if !list.is_empty() {
        let (properties, rest) = properties::split(list)?;
        properties::check(properties)?;
        if !rest.is_empty() {
            return Err(ProtocolError::TrailingBytes);
        }
    }
    Ok((packet_id, code))
}

/// Whatever stands behind the code, the broker is leaving: only the code matters.
pub(super) fn disconnect(body: &[u8]) -> ReasonCode {
    body.first().map_or(ReasonCode::NormalDisconnection, |&code| ReasonCode::from_byte(code))
}

#[cfg(test)]
mod tests;
