//! What can go wrong on a connection, as closed sets.

use super::{protocol::Protocol, reason::ReasonCode};

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The broker sent what MQTT does not allow.
    #[error("broker broke the protocol: {0}")]
    Protocol(#[from] ProtocolError),
    /// CONNACK with a reason.
    #[error("broker refused the connection: {}", code.label())]
    Refused {
        /// The broker's reason.
        code: ReasonCode,
    },
    /// The broker refuses our protocol version, or answers in the other one.
    #[error("broker does not speak MQTT {ours}: set protocol = \"{}\"", ours.other())]
    OtherProtocol {
        /// What we spoke.
        ours: Protocol,
    },
    /// The broker closed the socket instead of answering CONNECT.
    #[error(
        "broker closed the connection without answering CONNECT: is this a port for TLS or \
         WebSocket (transport)? If it does not speak MQTT {ours}, set protocol = \"{}\"",
        ours.other()
    )]
    ClosedUnanswered {
        /// What we spoke.
        ours: Protocol,
    },
    /// SUBACK with a reason for a filter we need.
    #[error("broker refused subscription {index}: {}", code.label())]
    SubscriptionRefused {
        /// Position in the link's list of subscriptions.
        index: usize,
        /// The broker's reason.
        code: ReasonCode,
    },
    /// UNSUBACK with a reason: a filter no longer wanted stays in the session.
    #[error("broker refused to end a subscription: {}", code.label())]
    UnsubscribeRefused {
        /// The broker's reason.
        code: ReasonCode,
    },
    /// The broker grants less than at-least-once needs, and `allow_downgrade` is off.
    #[error("broker grants less than asked for: {0}")]
    Downgraded(Downgrade),
    /// The broker lacks something our subscriptions need.
    #[error("broker lacks what the subscriptions need: {0}")]
    Unsupported(Feature),
    /// DISCONNECT from the broker.
    #[error("broker closed the connection: {}", code.label())]
    ServerDisconnect {
        /// The broker's reason.
        code: ReasonCode,
    },
    /// No CONNACK in time.
    #[error("no CONNACK in time")]
    ConnectTimeout,
    /// No SUBACK or UNSUBACK in time.
    #[error("no SUBACK in time")]
    SubscribeTimeout,
    /// No PINGRESP in time.
    #[error("no PINGRESP in time")]
    PingTimeout,
}

/// How soon another connection is worth trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It may work in a moment.
    Soon,
    /// Somebody has to change something first.
    Slowly,
}

impl SessionError {
    /// Label value; [`SessionError::detail`] says more where there is more.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Protocol(error) => error.reason(),
            Self::Refused { .. } => "connect_refused",
            Self::OtherProtocol { .. } => "other_protocol",
            Self::ClosedUnanswered { .. } => "closed_unanswered",
            Self::SubscriptionRefused { .. } => "subscription_refused",
            Self::UnsubscribeRefused { .. } => "unsubscribe_refused",
            Self::Downgraded(downgrade) => downgrade.reason(),
            Self::Unsupported(feature) => feature.reason(),
            Self::ServerDisconnect { code: ReasonCode::SessionTakenOver } => "session_taken_over",
            Self::ServerDisconnect { .. } => "server_disconnect",
            Self::ConnectTimeout => "connect_timeout",
            Self::SubscribeTimeout => "subscribe_timeout",
            Self::PingTimeout => "ping_timeout",
        }
    }

    /// The broker's own reason, where it gave one.
    pub fn detail(&self) -> Option<ReasonCode> {
        match *self {
            Self::Refused { code }
            | Self::SubscriptionRefused { code, .. }
            | Self::UnsubscribeRefused { code }
            | Self::ServerDisconnect { code } => Some(code),
            Self::Protocol(_)
            | Self::OtherProtocol { .. }
            | Self::ClosedUnanswered { .. }
            | Self::Downgraded(_)
            | Self::Unsupported(_)
            | Self::ConnectTimeout
            | Self::SubscribeTimeout
            | Self::PingTimeout => None,
        }
    }

    /// Another connection came with our client id.
    pub fn is_takeover(&self) -> bool {
        *self == Self::ServerDisconnect { code: ReasonCode::SessionTakenOver }
    }

    /// Does a fast retry make sense? Errors that are in doubt are tried soon: the back-off grows
    /// while they stay.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Refused { code } | Self::ServerDisconnect { code } => code.retry(),
            Self::Protocol(ProtocolError::QosTwo | ProtocolError::TopicAlias)
            | Self::OtherProtocol { .. }
            | Self::SubscriptionRefused { .. }
            | Self::UnsubscribeRefused { .. }
            | Self::Downgraded(_)
            | Self::Unsupported(_) => Retry::Slowly,
            Self::Protocol(_)
            | Self::ClosedUnanswered { .. }
            | Self::ConnectTimeout
            | Self::SubscribeTimeout
            | Self::PingTimeout => Retry::Soon,
        }
    }
}

/// What the broker sent and must not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A remaining length of more than four bytes.
    #[error("remaining length of more than four bytes")]
    RemainingLength,
    /// Reserved bits of a fixed header or of CONNACK are set.
    #[error("reserved bits are set")]
    ReservedBits,
    /// A packet type that no broker sends, or that does not belong here.
    #[error("unexpected packet type")]
    UnexpectedPacket,
    /// A packet other than PUBLISH above its limit.
    #[error("control packet above the limit")]
    PacketTooLarge,
    /// A complete packet that ends inside one of its fields.
    #[error("packet ends inside a field")]
    Truncated,
    /// A complete packet with bytes behind its last field.
    #[error("bytes behind the last field")]
    TrailingBytes,
    /// A property list that is missing, unreadable or longer than its packet.
    #[error("malformed properties")]
    Properties,
    /// QoS 2, which we never subscribe with.
    #[error("PUBLISH with QoS 2")]
    QosTwo,
    /// QoS 3, which does not exist.
    #[error("PUBLISH with QoS 3")]
    QosThree,
    /// Packet id 0.
    #[error("packet id 0")]
    PacketIdZero,
    /// An empty topic, which only an alias could explain.
    #[error("PUBLISH with an empty topic")]
    EmptyTopic,
    /// A topic alias, which we never offer.
    #[error("PUBLISH with a topic alias")]
    TopicAlias,
    /// CONNACK says that a session is present and refuses the connection.
    #[error("refusal with a session present")]
    RefusedWithSession,
    /// SUBACK or UNSUBACK that answers nothing, with another number of codes than asked, or
    /// granting more than asked.
    #[error("acknowledgement that fits no request")]
    AcknowledgementMismatch,
}

impl ProtocolError {
    /// Label value.
    pub fn reason(self) -> &'static str {
        match self {
            Self::RemainingLength => "malformed_remaining_length",
            Self::ReservedBits => "reserved_bits",
            Self::UnexpectedPacket => "unexpected_packet",
            Self::PacketTooLarge => "control_packet_too_large",
            Self::Truncated => "malformed_packet",
            Self::TrailingBytes => "trailing_bytes",
            Self::Properties => "malformed_properties",
            Self::QosTwo => "qos_two",
            Self::QosThree => "qos_three",
            Self::PacketIdZero => "packet_id_zero",
            Self::EmptyTopic => "empty_topic",
            Self::TopicAlias => "topic_alias",
            Self::RefusedWithSession => "refused_with_session",
            Self::AcknowledgementMismatch => "acknowledgement_mismatch",
        }
    }
}

/// What the broker grants less of than at-least-once needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Downgrade {
    /// Maximum QoS 0 in CONNACK.
    #[error("maximum QoS 0")]
    MaximumQos,
    /// A subscription granted at a lower QoS.
    #[error("subscription {index} at QoS 0")]
    GrantedQos {
        /// Position in the link's list of subscriptions.
        index: usize,
    },
    /// A shorter session expiry in CONNACK.
    #[error("session expiry of {granted_s} s")]
    SessionExpiry {
        /// What the broker keeps the session for, in seconds.
        granted_s: u32,
    },
}

impl Downgrade {
    /// Label value.
    pub fn reason(self) -> &'static str {
        match self {
            Self::MaximumQos => "downgraded_maximum_qos",
            Self::GrantedQos { .. } => "downgraded_granted_qos",
            Self::SessionExpiry { .. } => "downgraded_session_expiry",
        }
    }
}

/// What a broker may do without and we may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Feature {
    /// `+` and `#` in filters.
    #[error("wildcard subscriptions")]
    Wildcards,
    /// `$share/...` filters.
    #[error("shared subscriptions")]
    SharedSubscriptions,
    /// Packets long enough for a SUBSCRIBE of ours.
    #[error("packets long enough for a subscription")]
    PacketSize,
}

impl Feature {
    /// Label value.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Wildcards => "wildcards_unavailable",
            Self::SharedSubscriptions => "shared_subscriptions_unavailable",
            Self::PacketSize => "maximum_packet_size_too_small",
        }
    }
}

/// Settings MQTT cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A session that outlives its connection needs a name.
    #[error("client id: expected 1 to 65535 bytes without NUL")]
    ClientId,
    /// User name or password.
    #[error(
        "login: expected at most 65535 bytes each, user name without NUL; in MQTT 3.1.1 no \
         password without a user name"
    )]
    Login,
    /// A filter.
    #[error("subscription {index}: expected a filter of 1 to 65535 bytes without NUL")]
    Filter {
        /// Position in the list.
        index: usize,
    },
    /// The same filter twice: the second would replace the first.
    #[error("subscription {index}: filter stands in the list before")]
    DuplicateFilter {
        /// Position of the second.
        index: usize,
    },
}

/// Why a message cannot be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// CONNACK has not come, or the connection is over.
    #[error("not connected: publish after CONNACK")]
    NotConnected,
    /// As many messages as the broker takes are unacknowledged.
    #[error("{limit} messages are unacknowledged: take an answer of the broker first")]
    WindowFull {
        /// The broker's receive maximum, or our own bound.
        limit: u16,
    },
    /// The topic is no topic name.
    #[error("topic: expected 1 to 65535 bytes without +, # and NUL")]
    Topic,
    /// The packet is longer than the broker, or MQTT, allows.
    #[error("message: expected a packet of at most {limit} bytes; shorten the payload")]
    TooLong {
        /// Bytes of a whole packet.
        limit: usize,
    },
    /// The broker announced that it takes no QoS 1.
    #[error("the broker takes QoS 0 only: publish with QoS 0")]
    QosUnavailable,
    /// The broker announced that it keeps no retained messages.
    #[error("the broker keeps no retained messages: publish without retain")]
    RetainUnavailable,
}
