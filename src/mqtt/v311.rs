//! The packets of MQTT 3.1.1 that differ from MQTT 5: it has no property lists and few codes.

use bytes::BytesMut;
use rumqttc::mqttbytes::{
    QoS as WireQos,
    v4::{Connect, Login as WireLogin, Subscribe, SubscribeFilter, Unsubscribe},
};

use super::{
    error::ProtocolError,
    fields::two_bytes,
    packets::{Acknowledged, Connack, Limits, Opening, Wanted},
    reason::ReasonCode,
    session::Subscription,
};
use crate::model::QoS;

/// Protocol level 4. How long a kept session lasts is the broker's own business.
pub(super) fn connect(opening: &Opening<'_>) -> Option<Vec<u8>> {
    let mut connect = Connect::new(opening.client_id);
    connect.keep_alive = opening.keep_alive_s;
    connect.clean_session = match opening.session {
        Wanted::Kept { .. } => false,
        Wanted::Clean => true,
    };
    connect.login =
        opening.login.map(|login| WireLogin::new(login.username.as_str(), login.password.as_str()));
    // A buffer of its own: the writer patches the flags at an offset from the buffer's start.
    let mut bytes = BytesMut::new();
    connect.write(&mut bytes).ok()?;
    Some(bytes.to_vec())
}

/// There are no options: every SUBSCRIBE makes the broker replay what it retains, a repeated one
/// too. RETAIN marks those replays only, as we ask for in MQTT 5.
pub(super) fn subscribe(packet_id: u16, subscriptions: &[&Subscription]) -> Option<Vec<u8>> {
    let filters = subscriptions.iter().map(|subscription| {
        let qos = match subscription.qos {
            QoS::AtMostOnce => WireQos::AtMostOnce,
            QoS::AtLeastOnce => WireQos::AtLeastOnce,
        };
        SubscribeFilter::new(subscription.filter.clone(), qos)
    });
    let packet = Subscribe { pkid: packet_id, filters: filters.collect() };
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes).ok()?;
    Some(bytes.to_vec())
}

pub(super) fn unsubscribe(packet_id: u16, filter: &str) -> Option<Vec<u8>> {
    let packet = Unsubscribe { pkid: packet_id, ..Unsubscribe::new(filter) };
    let mut bytes = BytesMut::new();
    packet.write(&mut bytes).ok()?;
    Some(bytes.to_vec())
}

/// Two bytes. A longer one comes from a broker that answers as MQTT 5.
pub(super) fn connack(body: &[u8]) -> Result<Connack, ProtocolError> {
    let (flags, code) = match *body {
        [flags, code] => (flags, code),
        [] | [_] => return Err(ProtocolError::Truncated),
        [_, _, _, ..] => return Ok(Connack::OtherProtocol),
    };
    let session_present = match flags {
        0 => false,
        1 => true,
        _ => return Err(ProtocolError::ReservedBits),
    };
    match (code, session_present) {
        (0, _) => Ok(Connack::Accepted { session_present, limits: Limits::UNSPOKEN }),
        (_, true) => Err(ProtocolError::RefusedWithSession),
        (_, false) => Ok(refusal(code)),
    }
}

/// A CONNACK of two bytes that refuses.
pub(super) fn refusal(code: u8) -> Connack {
    let code = ReasonCode::from_short_connack(code);
    if code == ReasonCode::UnsupportedProtocolVersion {
        Connack::OtherProtocol
    } else {
        Connack::Refused { code }
    }
}

/// 0, 1 and 2 grant that QoS, 0x80 refuses. The codes between and above are reserved; those above
/// are taken for the refusals they are in MQTT 5.
pub(super) fn suback(body: &[u8]) -> Result<Acknowledged<'_>, ProtocolError> {
    let (packet_id, codes) = two_bytes(body).ok_or(ProtocolError::Truncated)?;
    Ok(Acknowledged { packet_id, codes })
}

/// It cannot refuse. We ask to end one filter in a packet, so there is one success.
pub(super) fn unsuback(body: &[u8]) -> Result<Acknowledged<'_>, ProtocolError> {
    let (packet_id, rest) = two_bytes(body).ok_or(ProtocolError::Truncated)?;
    if !rest.is_empty() {
        return Err(ProtocolError::TrailingBytes);
    }
    Ok(Acknowledged { packet_id, codes: &[0] })
}

/// It cannot refuse either.
pub(super) fn puback(body: &[u8]) -> Result<(u16, u8), ProtocolError> {
    match two_bytes(body).ok_or(ProtocolError::Truncated)? {
        (packet_id, []) => Ok((packet_id, 0)),
        _ => Err(ProtocolError::TrailingBytes),
    }
}

#[cfg(test)]
mod tests;
