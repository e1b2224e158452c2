//! Why something could not be published, in words that say what to do.

use super::source::SourceError;
use crate::{
    mqtt::{ProtocolError, PublishError, ReasonCode, Retry, SessionError, SettingsError},
    transport::DialError,
};

/// Why publishing ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// MQTT cannot carry the settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No connection, or it broke.
    #[error("{error}{}", dial_advice(error))]
    Dial {
        /// Why.
        error: DialError,
    },
    /// The broker does not want us, or breaks the protocol.
    #[error("{error}{}", session_advice(error))]
    Session {
        /// Why.
        error: SessionError,
    },
    /// The broker is there and does not answer.
    #[error("the broker has not answered for {seconds} s: is it overloaded or stopped?")]
    Silent {
        /// How long.
        seconds: u64,
    },
    /// The broker hung up without a word.
    #[error("the broker closed the connection: look into its log")]
    Closed,
    /// The broker does not take a message.
    #[error("the broker refused a message: {}{}", code.label(), advice(REFUSED_MESSAGE, *code))]
    Refused {
        /// Its reason.
        code: ReasonCode,
    },
    /// The message cannot be sent to this broker.
    #[error(transparent)]
    Message(PublishError),
    /// The source holds something that is no message.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Stopped before the broker had acknowledged everything.
    #[error("stopped before the broker had acknowledged everything")]
    Interrupted,
}

impl Failure {
    /// Must somebody change something first, or is it worth another try?
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Settings(_)
            | Self::Message(_)
            | Self::Source(_)
            | Self::Dial { error: DialError::TlsFile(_) }
            | Self::Session {
                error: SessionError::OtherProtocol { .. } | SessionError::ClosedUnanswered { .. },
            } => true,
            Self::Dial { error } => error.is_lasting(),
            Self::Session { error } => error.retry() == Retry::Slowly,
            Self::Refused { code } => code.retry() == Retry::Slowly,
            Self::Silent { .. } | Self::Closed | Self::Interrupted => false,
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Session { error }
    }
}

impl From<ProtocolError> for Failure {
    fn from(error: ProtocolError) -> Self {
        Self::Session { error: error.into() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let error = DialError::from(error);
        // Whether the end is met while reading or while writing is chance.
        if error.is_hang_up() { Self::Closed } else { Self::Dial { error } }
    }
}

impl From<DialError> for Failure {
    fn from(error: DialError) -> Self {
        Self::Dial { error }
    }
}

/// Where the transport's remedy is a key of the configuration, the option of the same meaning.
fn dial_advice(error: &DialError) -> &'static str {
    match error {
        DialError::Refused => "; correct --broker mqtt://HOST:PORT",
        DialError::NameNotFound => "; here: --broker",
        DialError::WrongName { .. } => "; here: --broker or --server-name",
        DialError::UnknownCa => "; here: --ca-file",
        DialError::ClientCertificate { .. } => "; here: --certificate-file and --key-file",
        DialError::NotTls => "; here: --broker mqtt:// or ws://",
        DialError::NotWebSocket => "; here: --broker mqtt:// or mqtts://",
        DialError::WebSocketRefused { .. }
        | DialError::WebSocketSubprotocol
        | DialError::WebSocketPath => "; here: the path in --broker",
        DialError::Timeout
        | DialError::Io(_)
        | DialError::TlsFile(_)
        | DialError::CertificateExpired
        | DialError::CertificateNotYetValid
        | DialError::Tls { .. }
        | DialError::WebSocketText
        | DialError::WebSocketTooLarge
        | DialError::WebSocketProtocol => "",
    }
}

fn session_advice(error: &SessionError) -> &'static str {
    match error {
        SessionError::Refused { code } | SessionError::ServerDisconnect { code } => {
            advice(REFUSED_CONNECTION, *code)
        }
        SessionError::OtherProtocol { .. } | SessionError::ClosedUnanswered { .. } => {
            "; here: --protocol"
        }
        SessionError::Protocol(_)
        | SessionError::SubscriptionRefused { .. }
        | SessionError::UnsubscribeRefused { .. }
        | SessionError::Downgraded(_)
        | SessionError::Unsupported(_)
        | SessionError::ConnectTimeout
        | SessionError::SubscribeTimeout
        | SessionError::PingTimeout => "",
    }
}

/// What to do about a reason, where there is more to say than its name.
type Advice = &'static [(ReasonCode, &'static str)];

const LOGIN: &str = "; look at the user in --broker mqtt://USER@HOST, and give the password by \
                     --password-file or --password-env";

const REFUSED_CONNECTION: Advice = &[
    (ReasonCode::BadUserNameOrPassword, LOGIN),
    (ReasonCode::NotAuthorized, LOGIN),
    (ReasonCode::ClientIdNotValid, "; give another --client-id"),
    (
        ReasonCode::SessionTakenOver,
        "; another client came with the same client id: give each its own --client-id",
    ),
];

const REFUSED_MESSAGE: Advice = &[
    (ReasonCode::NotAuthorized, "; allow this user to write to this topic in the broker's ACL"),
    (ReasonCode::QuotaExceeded, "; send slower with --rate"),
    (ReasonCode::MessageRateTooHigh, "; send slower with --rate"),
    (ReasonCode::TopicNameInvalid, "; choose a topic that the broker allows"),
    (ReasonCode::PayloadFormatInvalid, "; look at what the broker allows of a payload"),
    (ReasonCode::PacketTooLarge, "; shorten the payload"),
];

fn advice(of: Advice, code: ReasonCode) -> &'static str {
    of.iter().find(|(known, _)| *known == code).map_or("", |(_, advice)| advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_to_do_and_whether_to_try_again() {
        for (failure, lasting, word) in [
            (DialError::Refused.into(), false, "--broker"),
            (DialError::UnknownCa.into(), true, "--ca-file"),
            (
                SessionError::Refused { code: ReasonCode::BadUserNameOrPassword }.into(),
                true,
                "--password-file",
            ),
            (Failure::Refused { code: ReasonCode::NotAuthorized }, true, "ACL"),
            (Failure::Refused { code: ReasonCode::QuotaExceeded }, true, "--rate"),
            (Failure::Silent { seconds: 20 }, false, "20 s"),
            (
                SessionError::ServerDisconnect { code: ReasonCode::ServerShuttingDown }.into(),
                false,
                "server_shutting_down",
            ),
            (Failure::Closed, false, "log"),
        ] {
            let text = failure.to_string();
            assert!(text.contains(word), "{text}");
            assert_eq!(failure.is_lasting(), lasting, "{text}");
        }
    }
}
