//! The one place that knows which protocol version says what how.

use std::fmt;

use super::{
    error::{ProtocolError, SessionError},
    fields::{VariableInteger, variable_integer},
    packets::{Acknowledged, Connack, Opening},
    publish,
    session::Subscription,
    v5, v311,
};

/// The version of MQTT a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// MQTT 5.
    #[default]
    V5,
    /// MQTT 3.1.1.
    V311,
}

impl Protocol {
    /// The version a broker may speak that does not speak this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::V5 => Self::V311,
            Self::V311 => Self::V5,
        }
    }

    /// `None` when a field is too long, which checked settings are not.
    pub(super) fn connect(self, opening: &Opening<'_>) -> Option<Vec<u8>> {
        match self {
            Self::V5 => v5::connect(opening),
            Self::V311 => v311::connect(opening),
        }
    }

    /// `None` when a filter is too long, which a checked one is not.
    pub(super) fn subscribe(
        self,
        packet_id: u16,
        subscriptions: &[&Subscription],
    ) -> Option<Vec<u8>> {
        match self {
            Self::V5 => v5::subscribe(packet_id, subscriptions),
            Self::V311 => v311::subscribe(packet_id, subscriptions),
        }
    }

    /// `None` when the filter is too long, which a checked one is not.
    pub(super) fn unsubscribe(self, packet_id: u16, filter: &str) -> Option<Vec<u8>> {
        match self {
            Self::V5 => v5::unsubscribe(packet_id, filter),
            Self::V311 => v311::unsubscribe(packet_id, filter),
        }
    }

    pub(super) fn connack(self, body: &[u8]) -> Result<Connack, ProtocolError> {
        match self {
            Self::V5 => v5::connack(body),
            Self::V311 => v311::connack(body),
        }
    }

    pub(super) fn suback(self, body: &[u8]) -> Result<Acknowledged<'_>, ProtocolError> {
        match self {
            Self::V5 => v5::acknowledged(body),
            Self::V311 => v311::suback(body),
        }
    }

    pub(super) fn unsuback(self, body: &[u8]) -> Result<Acknowledged<'_>, ProtocolError> {
        match self {
            Self::V5 => v5::acknowledged(body),
            Self::V311 => v311::unsuback(body),
        }
    }

    /// PUBACK of a broker: packet id and code.
    pub(super) fn puback(self, body: &[u8]) -> Result<(u16, u8), ProtocolError> {
        match self {
            Self::V5 => v5::puback(body),
            Self::V311 => v311::puback(body),
        }
    }

    /// What a DISCONNECT of the broker means. In 3.1.1 only clients send one.
    pub(super) fn disconnect(self, body: &[u8]) -> SessionError {
        match self {
            Self::V5 => SessionError::ServerDisconnect { code: v5::disconnect(body) },
            Self::V311 => SessionError::OtherProtocol { ours: self },
        }
    }

    /// The payload of a PUBLISH, from what stands behind its packet id.
    #[expect(clippy::inline_always, reason = "once a message, in a parser that is inlined itself")]
    #[inline(always)]
    pub(super) fn payload(self, rest: &[u8]) -> Result<&[u8], ProtocolError> {
        match self {
            Self::V5 => publish::behind_properties(rest),
            Self::V311 => Ok(rest),
        }
    }

    /// How many bytes of properties follow, and in how many bytes that is said.
    pub(super) fn property_length(self, rest: &[u8]) -> VariableInteger {
        match self {
            Self::V5 => variable_integer(rest),
            Self::V311 => VariableInteger::Complete { value: 0, width: 0 },
        }
    }

    /// What stands for a property list in a PUBLISH of ours that has none.
    pub(super) fn no_properties(self) -> &'static [u8] {
        match self {
            Self::V5 => &[0],
            Self::V311 => &[],
        }
    }
}

/// As the configuration writes it.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V5 => "5",
            Self::V311 => "3.1.1",
        })
    }
}
