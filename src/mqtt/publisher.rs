//! The client that sends: CONNECT, messages, and the answers to them, without socket and clock.
//!
//! Its session at the broker is thrown away at every connection, so what is unacknowledged when a
//! connection ends is the caller's to send again. The caller also owns the time: it calls
//! [`Publisher::ping`] when it has written nothing for [`Publisher::keep_alive`], and gives up when
//! nothing arrives.

use std::{collections::BTreeSet, fmt, time::Duration};

use bytes::{Buf, Bytes, BytesMut};

use super::{
    error::{ProtocolError, PublishError, SessionError, SettingsError},
    fields::{VariableInteger, push_variable_integer, variable_integer, variable_width},
    packets::{self, Availability, Connack, Limits, Opening, Wanted},
    protocol::Protocol,
    publish::topic_name,
    reason::ReasonCode,
    session::{Login, is_string},
};
use crate::model::QoS;

/// Who publishes.
#[derive(Clone, Debug)]
pub struct PublisherSettings {
    /// Names the connection at the broker: a second one of this name ends the first. 1 to 65535
    /// bytes.
    pub client_id: String,
    /// The version spoken.
    pub protocol: Protocol,
    /// User name and password, where the broker wants them.
    pub login: Option<Login>,
    /// Longest silence of ours, in seconds; 0 switches it off. A broker may impose another.
    pub keep_alive_s: u16,
}

/// What the broker said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It accepts the connection: messages may be sent.
    Connected,
    /// It has taken a QoS 1 message, or will not.
    Acknowledged {
        /// As [`Publisher::publish`] returned it.
        packet_id: u16,
        /// Why it will not; sending the same again does not help.
        refused: Option<ReasonCode>,
    },
}

/// The publishing side of one connection after another.
pub struct Publisher {
    protocol: Protocol,
    /// CONNECT, the same every time.
    connect: Vec<u8>,
    keep_alive_s: u16,
    phase: Phase,
    last_packet_id: u16,
    unacknowledged: BTreeSet<u16>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Connecting,
    Connected(Limits),
}

/// QoS 1 messages under way, where the broker allows more: enough to hide a round trip, little
/// enough to be sent again.
const UNACKNOWLEDGED_MAX: u16 = 1_000;

/// The longest packet MQTT knows: type, four bytes of length, and what they can say.
const LONGEST_PACKET: usize = 1 + 4 + LONGEST_REMAINING;
const LONGEST_REMAINING: usize = 268_435_455;

/// The longest answer that makes sense is a CONNACK with long strings.
const ANSWER_BYTES: usize = 64 * 1024;

impl Publisher {
    /// A publisher that is not connected.
    ///
    /// # Errors
    /// When MQTT cannot carry the settings.
    pub fn new(settings: PublisherSettings) -> Result<Self, SettingsError> {
        let PublisherSettings { client_id, protocol, login, keep_alive_s } = settings;
        if !is_string(&client_id) || client_id.is_empty() {
            return Err(SettingsError::ClientId);
        }
        login.as_ref().map_or(Ok(()), |login| login.check(protocol))?;
        let opening = Opening {
            client_id: &client_id,
            login: login.as_ref(),
            keep_alive_s,
            session: Wanted::Clean,
        };
        Ok(Self {
            connect: protocol.connect(&opening).ok_or(SettingsError::ClientId)?,
            protocol,
            keep_alive_s,
            phase: Phase::Closed,
            last_packet_id: 0,
            unacknowledged: BTreeSet::new(),
        })
    }

    /// Begins a connection with CONNECT. Nothing of the one before is waited for any more.
    pub fn open(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.connect);
        self.phase = Phase::Connecting;
        self.unacknowledged.clear();
    }

    /// What the broker answered next, taken off the front of what was read; `None` when more bytes
    /// are needed. After an error the publisher is closed: [`Publisher::open`] is the only way on.
    ///
    /// # Errors
    /// When the connection must end.
    pub fn take(&mut self, buffer: &mut BytesMut) -> Result<Option<Answer>, SessionError> {
        let answer = self.advance(buffer);
        if answer.is_err() {
            self.phase = Phase::Closed;
        }
        answer
    }

    /// Appends a message; returns its packet id, `None` at QoS 0.
    ///
    /// # Errors
    /// When it cannot be sent, or not yet; nothing has been written then.
    pub fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: QoS,
        retain: bool,
        out: &mut Vec<u8>,
    ) -> Result<Option<u16>, PublishError> {
        let Phase::Connected(limits) = self.phase else {
            return Err(PublishError::NotConnected);
        };
        let topic_bytes = match u16::try_from(topic.len()) {
            Ok(bytes) if bytes > 0 && topic_name(topic.as_bytes()).is_some() => bytes,
            Ok(_) | Err(_) => return Err(PublishError::Topic),
        };
        if qos > limits.maximum_qos {
            return Err(PublishError::QosUnavailable);
        }
        if retain && limits.retained_messages == Availability::Missing {
            return Err(PublishError::RetainUnavailable);
        }
        let packet_id_bytes = match qos {
            QoS::AtMostOnce => 0,
            QoS::AtLeastOnce => 2,
        };
        let properties = self.protocol.no_properties();
        let remaining = 2 + topic.len() + packet_id_bytes + properties.len() + payload.len();
        let longest = limits.max_packet_bytes.min(LONGEST_PACKET);
        if 1 + variable_width(remaining) + remaining > longest {
            return Err(PublishError::TooLong { limit: longest });
        }
        let packet_id = match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(self.claim_packet_id(&limits)?),
        };
        out.push(0x30 | qos.level() << 1 | u8::from(retain));
        push_variable_integer(remaining, out);
        out.extend_from_slice(&topic_bytes.to_be_bytes());
        out.extend_from_slice(topic.as_bytes());
        if let Some(packet_id) = packet_id {
            out.extend_from_slice(&packet_id.to_be_bytes());
        }
        out.extend_from_slice(properties);
        out.extend_from_slice(payload);
        Ok(packet_id)
    }

    /// QoS 1 messages without an answer.
    pub fn unacknowledged(&self) -> usize {
        self.unacknowledged.len()
    }

    /// Would the broker take another QoS 1 message?
    pub fn has_room(&self) -> bool {
        match self.phase {
            Phase::Closed | Phase::Connecting => false,
            Phase::Connected(limits) => self.unacknowledged.len() < usize::from(window(&limits)),
        }
    }

    /// The keep-alive in force; `None` when switched off.
    pub fn keep_alive(&self) -> Option<Duration> {
        let imposed = match self.phase {
            Phase::Closed | Phase::Connecting => None,
            Phase::Connected(limits) => limits.keep_alive_s,
        };
        let seconds = u64::from(imposed.unwrap_or(self.keep_alive_s));
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// Appends PINGREQ; [`Publisher::take`] swallows the answer.
    pub fn ping(&self, out: &mut Vec<u8>) {
        match self.phase {
            Phase::Closed | Phase::Connecting => {}
            Phase::Connected(_) => out.extend_from_slice(&packets::PINGREQ),
        }
    }

    /// Appends DISCONNECT and closes. Wait for the answers first.
    pub fn disconnect(&mut self, out: &mut Vec<u8>) {
        match self.phase {
            Phase::Closed => {}
            Phase::Connecting | Phase::Connected(_) => {
                out.extend_from_slice(&packets::DISCONNECT);
            }
        }
        self.phase = Phase::Closed;
    }

    /// What it means that the broker closes the socket now, where that says something.
    pub fn closed_by_broker(&self) -> Option<SessionError> {
        match self.phase {
            Phase::Connecting => Some(SessionError::ClosedUnanswered { ours: self.protocol }),
            Phase::Closed | Phase::Connected(_) => None,
        }
    }

    fn advance(&mut self, buffer: &mut BytesMut) -> Result<Option<Answer>, SessionError> {
        loop {
            if matches!(self.phase, Phase::Closed) {
                return Ok(None);
            }
            let Some((first, body)) = cut(buffer)? else { return Ok(None) };
            match (first, self.phase) {
                (0x20, Phase::Connecting) => return self.connack(&body).map(Some),
                (0x40, Phase::Connected(_)) => return self.puback(&body).map(Some),
                (0xD0, Phase::Connected(_)) if body.is_empty() => {}
                (0xE0, _) => return Err(self.protocol.disconnect(&body)),
                _ => return Err(ProtocolError::UnexpectedPacket.into()),
            }
        }
    }

    fn connack(&mut self, body: &[u8]) -> Result<Answer, SessionError> {
        match self.protocol.connack(body)? {
            Connack::Accepted { limits, .. } => {
                self.phase = Phase::Connected(limits);
                Ok(Answer::Connected)
            }
            Connack::Refused { code } => Err(SessionError::Refused { code }),
            Connack::OtherProtocol => Err(SessionError::OtherProtocol { ours: self.protocol }),
        }
    }

    fn puback(&mut self, body: &[u8]) -> Result<Answer, SessionError> {
        let (packet_id, code) = self.protocol.puback(body)?;
        if !self.unacknowledged.remove(&packet_id) {
            return Err(ProtocolError::AcknowledgementMismatch.into());
        }
        // Below 0x80 it has the message, be it without a subscriber.
        let refused = (code >= 0x80).then(|| ReasonCode::from_byte(code));
        Ok(Answer::Acknowledged { packet_id, refused })
    }

    fn claim_packet_id(&mut self, limits: &Limits) -> Result<u16, PublishError> {
        let limit = window(limits);
        if self.unacknowledged.len() >= usize::from(limit) {
            return Err(PublishError::WindowFull { limit });
        }
        // One is free: the window is smaller than the numbers.
        loop {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            if self.unacknowledged.insert(self.last_packet_id) {
                return Ok(self.last_packet_id);
            }
        }
    }
}

/// In MQTT 3.1.1 nothing is announced, and our own bound holds.
fn window(limits: &Limits) -> u16 {
    limits.receive_maximum.min(UNACKNOWLEDGED_MAX)
}

/// Takes one complete packet off the front: its first byte, and what the remaining length spans.
fn cut(buffer: &mut BytesMut) -> Result<Option<(u8, Bytes)>, ProtocolError> {
    let Some((&first, rest)) = buffer.split_first() else { return Ok(None) };
    let (length, width) = match variable_integer(rest) {
        VariableInteger::Complete { value, width } => (value, width),
        VariableInteger::Partial => return Ok(None),
        VariableInteger::Malformed => return Err(ProtocolError::RemainingLength),
    };
    let total = 1 + width + length;
    if total > ANSWER_BYTES {
        return Err(ProtocolError::PacketTooLarge);
    }
    if buffer.len() < total {
        return Ok(None);
    }
    let mut packet = buffer.split_to(total);
    packet.advance(1 + width);
    Ok(Some((first, packet.freeze())))
}

/// CONNECT holds the password.
impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("protocol", &self.protocol)
            .field("phase", &self.phase)
            .field("unacknowledged", &self.unacknowledged.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
