//! MQTT 5 reason codes as a closed set.

use super::error::Retry;

macro_rules! reason_codes {
    ($($(#[$doc:meta])* $variant:ident = $byte:literal, $label:literal, $retry:ident;)*) => {
        /// Why a broker refused or closed something.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ReasonCode {
            $($(#[$doc])* $variant,)*
            /// A byte the specification assigns to no reason.
            Unassigned,
        }

        impl ReasonCode {
            /// Every code, for tables of labels.
            pub const ALL: &[Self] = &[$(Self::$variant,)* Self::Unassigned];

            /// The code of a byte on the wire.
            pub fn from_byte(byte: u8) -> Self {
                match byte {
                    $($byte => Self::$variant,)*
                    _ => Self::Unassigned,
                }
            }

            /// Label value.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                    Self::Unassigned => "unassigned",
                }
            }

            /// Is it likely to be gone in a moment?
            pub fn retry(self) -> Retry {
                match self {
                    $(Self::$variant => Retry::$retry,)*
                    Self::Unassigned => Retry::Slowly,
                }
            }
        }
    };
}

reason_codes! {
    /// The broker closed without complaint.
    NormalDisconnection = 0x00, "normal_disconnection", Soon;
    /// No reason given.
    Unspecified = 0x80, "unspecified", Soon;
    /// It could not read what we sent.
    MalformedPacket = 0x81, "malformed_packet", Slowly;
    /// It found us breaking the protocol.
    ProtocolError = 0x82, "protocol_error", Slowly;
    /// A reason of its own.
    ImplementationSpecific = 0x83, "implementation_specific", Soon;
    /// It does not speak MQTT 5.
    UnsupportedProtocolVersion = 0x84, "unsupported_protocol_version", Slowly;
    /// It does not take this client id.
    ClientIdNotValid = 0x85, "client_id_not_valid", Slowly;
    /// Wrong user name or password.
    BadUserNameOrPassword = 0x86, "bad_user_name_or_password", Slowly;
    /// Not allowed to do this.
    NotAuthorized = 0x87, "not_authorized", Slowly;
    /// It is not available.
    ServerUnavailable = 0x88, "server_unavailable", Soon;
    /// It is busy.
    ServerBusy = 0x89, "server_busy", Soon;
    /// This client is banned.
    Banned = 0x8A, "banned", Slowly;
    /// It is shutting down.
    ServerShuttingDown = 0x8B, "server_shutting_down", Soon;
    /// It wants another authentication method.
    BadAuthenticationMethod = 0x8C, "bad_authentication_method", Slowly;
    /// It heard nothing from us for too long.
    KeepAliveTimeout = 0x8D, "keep_alive_timeout", Soon;
    /// Another connection came with our client id.
    SessionTakenOver = 0x8E, "session_taken_over", Soon;
    /// It does not accept the filter.
    TopicFilterInvalid = 0x8F, "topic_filter_invalid", Slowly;
    /// It does not accept the topic.
    TopicNameInvalid = 0x90, "topic_name_invalid", Slowly;
    /// The packet id is taken.
    PacketIdInUse = 0x91, "packet_id_in_use", Soon;
    /// It counts more messages in flight than agreed.
    ReceiveMaximumExceeded = 0x93, "receive_maximum_exceeded", Soon;
    /// A topic alias it does not know.
    TopicAliasInvalid = 0x94, "topic_alias_invalid", Slowly;
    /// A packet above its limit.
    PacketTooLarge = 0x95, "packet_too_large", Slowly;
    /// Too many messages.
    MessageRateTooHigh = 0x96, "message_rate_too_high", Slowly;
    /// A limit of its own or of its operator.
    QuotaExceeded = 0x97, "quota_exceeded", Slowly;
    /// An operator closed the connection.
    AdministrativeAction = 0x98, "administrative_action", Slowly;
    /// The payload is not what its format indicator says.
    PayloadFormatInvalid = 0x99, "payload_format_invalid", Slowly;
    /// It keeps no retained messages.
    RetainNotSupported = 0x9A, "retain_not_supported", Slowly;
    /// It does not do this QoS.
    QosNotSupported = 0x9B, "qos_not_supported", Slowly;
    /// Go elsewhere for now.
    UseAnotherServer = 0x9C, "use_another_server", Slowly;
    /// Go elsewhere for good.
    ServerMoved = 0x9D, "server_moved", Slowly;
    /// No shared subscriptions.
    SharedSubscriptionsNotSupported = 0x9E, "shared_subscriptions_not_supported", Slowly;
    /// We connect too often.
    ConnectionRateExceeded = 0x9F, "connection_rate_exceeded", Slowly;
    /// The connection lasted as long as it may.
    MaximumConnectTime = 0xA0, "maximum_connect_time", Soon;
    /// No subscription identifiers.
    SubscriptionIdsNotSupported = 0xA1, "subscription_ids_not_supported", Slowly;
    /// No wildcard subscriptions.
    WildcardSubscriptionsNotSupported = 0xA2, "wildcard_subscriptions_not_supported", Slowly;
}

impl ReasonCode {
    /// The code of a CONNACK without property list, the form of MQTT 3.1.1 and before, whose
    /// numbers differ.
    pub(super) fn from_short_connack(byte: u8) -> Self {
        match byte {
            1 => Self::UnsupportedProtocolVersion,
            2 => Self::ClientIdNotValid,
            3 => Self::ServerUnavailable,
            4 => Self::BadUserNameOrPassword,
            5 => Self::NotAuthorized,
            other => Self::from_byte(other),
        }
    }
}
