//! Why something could not be published, in words that say what to do.

use std::borrow::Cow;

use super::source::SourceError;
use crate::{
    mqtt::{ProtocolError, PublishError, ReasonCode, Retry, SessionError, SettingsError},
    transport::{DialError, TlsFile, TlsFileError},
};

/// Why publishing ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// MQTT cannot carry the settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No connection, or it broke.
    #[error("{}", dial_text(error))]
    Dial {
        /// Why.
        error: DialError,
    },
    /// The broker does not want us, or breaks the protocol.
    #[error("{}", session_text(error))]
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
    /// The same, while it was to take a large message.
    #[error(
        "the broker closed the connection while a message of {} KiB was on its way: it may take \
         none so large. Raise its limit (Mosquitto: max_packet_size, message_size_limit), or \
         shorten the payload",
        bytes / 1024
    )]
    ClosedOnLarge {
        /// Of the payload.
        bytes: usize,
    },
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
            Self::Silent { .. } | Self::Closed | Self::ClosedOnLarge { .. } | Self::Interrupted => {
                false
            }
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

/// What the transport says. Where its remedy is a key of the configuration, which these commands
/// have not, the option of the same meaning.
fn dial_text(error: &DialError) -> Cow<'static, str> {
    match error {
        DialError::Refused => format!("{error} Correct --broker mqtt://HOST:PORT").into(),
        DialError::NameNotFound => {
            "the name of the host was not found: correct --broker, or look at the name service"
                .into()
        }
        DialError::WrongName { name } => format!(
            "the broker's certificate is for other names than {name}: give --broker or \
             --server-name a name it holds, or the broker one for this name"
        )
        .into(),
        DialError::UnknownCa => "no authority we trust has signed the broker's certificate: give \
                                 --ca-file the certificate of the authority that did"
            .into(),
        DialError::ClientCertificate { alert } => format!(
            "the broker refuses our certificate or the lack of one ({alert}): give \
             --certificate-file and --key-file one it accepts"
        )
        .into(),
        DialError::NotTls => "the other side speaks no TLS: is this the broker's TLS port? For a \
                              plain port use --broker mqtt:// or ws://"
            .into(),
        DialError::WebSocketRefused { status } => format!(
            "the WebSocket was refused with HTTP status {status}: look at the path in --broker \
             and at what stands between here and the broker"
        )
        .into(),
        DialError::NotWebSocket => "the other side speaks no WebSocket: is this the broker's \
                                    WebSocket port? For plain MQTT use --broker mqtt:// or mqtts://"
            .into(),
        DialError::WebSocketSubprotocol => "the WebSocket is not one for MQTT (subprotocol mqtt): \
                                            correct the path in --broker"
            .into(),
        DialError::WebSocketPath => {
            "host and path make no valid WebSocket request: correct --broker".into()
        }
        DialError::TlsFile(TlsFileError { file, problem }) => {
            let option = match file {
                TlsFile::Ca | TlsFile::SystemRoots => "--ca-file",
                TlsFile::Certificate => "--certificate-file",
                TlsFile::Key => "--key-file",
            };
            format!("{option}: expected {}, found {problem}", file.expected()).into()
        }
        DialError::Timeout
        | DialError::Io(_)
        | DialError::CertificateExpired
        | DialError::CertificateNotYetValid
        | DialError::Tls { .. }
        | DialError::WebSocketText
        | DialError::WebSocketTooLarge
        | DialError::WebSocketProtocol => error.to_string().into(),
    }
}

fn session_text(error: &SessionError) -> Cow<'static, str> {
    match error {
        SessionError::Refused { code } | SessionError::ServerDisconnect { code } => {
            format!("{error}{}", advice(REFUSED_CONNECTION, *code)).into()
        }
        SessionError::OtherProtocol { ours } => {
            format!("the broker does not speak MQTT {ours}: give --protocol {}", ours.other())
                .into()
        }
        SessionError::ClosedUnanswered { ours } => format!(
            "the broker closed the connection without answering: is this a port for TLS or \
             WebSocket (--broker mqtts://, ws:// or wss://)? If it does not speak MQTT {ours}, \
             give --protocol {}",
            ours.other()
        )
        .into(),
        SessionError::Protocol(_)
        | SessionError::SubscriptionRefused { .. }
        | SessionError::UnsubscribeRefused { .. }
        | SessionError::Downgraded(_)
        | SessionError::Unsupported(_)
        | SessionError::ConnectTimeout
        | SessionError::SubscribeTimeout
        | SessionError::PingTimeout => error.to_string().into(),
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
    use crate::{mqtt::Protocol, transport::TlsFileProblem};

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
            (Failure::ClosedOnLarge { bytes: 2 << 20 }, false, "2048 KiB"),
        ] {
            let text = failure.to_string();
            assert!(text.contains(word), "{text}");
            assert_eq!(failure.is_lasting(), lasting, "{text}");
        }
    }

    #[test]
    fn advice_names_options_and_no_key_of_a_configuration_that_is_not_there() {
        let file = TlsFile::Key;
        let problem = TlsFileProblem::Mode(0o644);
        for (failure, option) in [
            (DialError::NameNotFound.into(), "--broker"),
            (DialError::WrongName { name: "b".to_owned() }.into(), "--server-name"),
            (DialError::ClientCertificate { alert: "bad" }.into(), "--key-file"),
            (DialError::NotTls.into(), "ws://"),
            (DialError::NotWebSocket.into(), "mqtts://"),
            (DialError::WebSocketRefused { status: 404 }.into(), "404"),
            (DialError::WebSocketSubprotocol.into(), "the path in --broker"),
            (DialError::TlsFile(TlsFileError { file, problem }).into(), "--key-file"),
            (SessionError::OtherProtocol { ours: Protocol::V5 }.into(), "--protocol 3.1.1"),
            (SessionError::ClosedUnanswered { ours: Protocol::V311 }.into(), "--protocol 5"),
        ] {
            let failure: Failure = failure;
            let text = failure.to_string();
            assert!(text.contains(option), "{text}");
            assert!(!text.contains("link.") && !text.contains("protocol ="), "{text}");
        }
    }
}
