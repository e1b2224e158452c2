//! Why there is no connection, or no longer, as a closed set with remedies.

use std::io::{self, ErrorKind};

use thiserror::Error;
use tokio_rustls::rustls::{self, AlertDescription, CertificateError};

use super::tls::TlsFileError;

/// Longest text taken over from the TLS library.
const DETAIL_CHARS: usize = 160;

/// Why there is no connection, or why an established one failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DialError {
    /// Nothing in time, handshakes included.
    #[error("no connection within 10 s: is the address right, and does a firewall let it through?")]
    Timeout,
    /// Nobody listens.
    #[error("connection refused: is the broker running, and does it listen on this port?")]
    Refused,
    /// The host name leads nowhere.
    #[error("the name of the host was not found: correct link.host, or look at the name service")]
    NameNotFound,
    /// The socket failed.
    #[error("connection failed: {0}")]
    Io(ErrorKind),
    /// A file of ours cannot be used (any more).
    #[error(transparent)]
    TlsFile(#[from] TlsFileError),
    /// The broker's certificate has had its day.
    #[error("the broker's certificate has expired: renew it at the broker")]
    CertificateExpired,
    /// The broker's certificate is of tomorrow.
    #[error(
        "the broker's certificate is not valid yet: compare the clocks of this machine and of the \
         one that made it"
    )]
    CertificateNotYetValid,
    /// The broker's certificate is somebody else's.
    #[error(
        "the broker's certificate is for other names than {name}: set link.host or \
         link.tls.server_name to a name it holds, or give the broker one for this name"
    )]
    WrongName {
        /// The name that was asked for.
        name: String,
    },
    /// Nobody we trust has signed the broker's certificate.
    #[error(
        "no authority we trust has signed the broker's certificate: set link.tls.ca_file to the \
         certificate of the authority that did"
    )]
    UnknownCa,
    /// The broker demands a certificate of ours, or does not like the one it got.
    #[error(
        "the broker refuses our certificate or the lack of one ({alert}): set \
         link.tls.certificate_file and key_file to one it accepts"
    )]
    ClientCertificate {
        /// The broker's words.
        alert: &'static str,
    },
    /// What answers is not TLS.
    #[error(
        "the other side speaks no TLS: is this the broker's TLS port? For a plain port set \
         link.transport to tcp or ws"
    )]
    NotTls,
    /// Another failure of TLS.
    #[error("TLS failed: {detail}")]
    Tls {
        /// The TLS library's words.
        detail: Box<str>,
    },
    /// The server says no to the upgrade.
    #[error(
        "the WebSocket was refused with HTTP status {status}: look at link.websocket_path and at \
         what stands between here and the broker"
    )]
    WebSocketRefused {
        /// HTTP status.
        status: u16,
    },
    /// What answers does not speak HTTP, or knows no WebSocket.
    #[error(
        "the other side speaks no WebSocket: is this the broker's WebSocket port? For plain MQTT \
         set link.transport to tcp or tls"
    )]
    NotWebSocket,
    /// A WebSocket, but not one for MQTT.
    #[error("the WebSocket is not one for MQTT (subprotocol mqtt): correct link.websocket_path")]
    WebSocketSubprotocol,
    /// Host and path make no valid request.
    #[error("host and path make no valid WebSocket request: correct link.websocket_path")]
    WebSocketPath,
    /// MQTT stands in binary messages only.
    #[error("the broker sent text over the WebSocket: it is not one for MQTT")]
    WebSocketText,
    /// A message above the limit.
    #[error(
        "the broker sent a WebSocket message above 16 MiB: limit the size of messages at the \
         broker, or use tcp or tls, where such a message is skipped"
    )]
    WebSocketTooLarge,
    /// The broker broke the rules of WebSocket.
    #[error("the broker broke the WebSocket protocol")]
    WebSocketProtocol,
}

impl DialError {
    /// Label value.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Timeout => "dial_timeout",
            Self::Refused => "connection_refused",
            Self::NameNotFound => "name_not_found",
            Self::Io(_) => "io",
            Self::TlsFile(_) => "tls_file",
            Self::CertificateExpired | Self::CertificateNotYetValid => "tls_certificate_expired",
            Self::WrongName { .. } => "tls_wrong_name",
            Self::UnknownCa => "tls_unknown_ca",
            Self::ClientCertificate { .. } => "tls_client_certificate",
            Self::NotTls => "tls_not_spoken",
            Self::Tls { .. } => "tls",
            Self::WebSocketRefused { .. } => "websocket_refused",
            Self::NotWebSocket => "websocket_not_spoken",
            Self::WebSocketSubprotocol => "websocket_subprotocol",
            Self::WebSocketPath => "websocket_path",
            Self::WebSocketText => "websocket_text",
            Self::WebSocketTooLarge => "websocket_too_large",
            Self::WebSocketProtocol => "websocket_protocol",
        }
    }

    /// Does somebody have to change something first? What is in doubt may pass by itself.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::WrongName { .. }
            | Self::UnknownCa
            | Self::ClientCertificate { .. }
            | Self::WebSocketSubprotocol
            | Self::WebSocketPath
            | Self::WebSocketText
            | Self::WebSocketTooLarge => true,
            // A gateway answers so while the broker behind it restarts.
            Self::WebSocketRefused { status } => *status < 500,
            Self::Timeout
            | Self::Refused
            | Self::NameNotFound
            | Self::Io(_)
            | Self::TlsFile(_)
            | Self::NotTls
            | Self::Tls { .. }
            | Self::NotWebSocket
            | Self::WebSocketProtocol => false,
        }
    }

    /// Has the other side just gone away?
    pub fn is_hang_up(&self) -> bool {
        matches!(
            self,
            Self::Io(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
        )
    }

    /// As an error of a stream, from which [`From`] takes it out again.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::new(ErrorKind::InvalidData, self)
    }
}

/// What a stream's error means: what the wire itself or TLS put into it, or the system's kind.
impl From<&io::Error> for DialError {
    fn from(error: &io::Error) -> Self {
        let inner = error.get_ref();
        if let Some(own) = inner.and_then(|inner| inner.downcast_ref::<Self>()) {
            return own.clone();
        }
        if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::from(tls);
        }
        if error.kind() == ErrorKind::ConnectionRefused {
            return Self::Refused;
        }
        Self::Io(error.kind())
    }
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        Self::from(&error)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "enums of rustls, which it may extend")]
impl From<&rustls::Error> for DialError {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(problem) => of_certificate(problem, error),
            rustls::Error::AlertReceived(alert) => of_alert(*alert, error),
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            _ => tls(error),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of rustls, which it may extend")]
fn of_certificate(problem: &CertificateError, error: &rustls::Error) -> DialError {
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            DialError::CertificateExpired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            DialError::CertificateNotYetValid
        }
        CertificateError::NotValidForNameContext { expected, .. } => {
            DialError::WrongName { name: expected.to_str().into_owned() }
        }
        // Signed by an authority of a known name and another key: as unknown as any other.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => DialError::UnknownCa,
        _ => tls(error),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of rustls, which it may extend")]
fn of_alert(alert: AlertDescription, error: &rustls::Error) -> DialError {
    let alert = match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            "it requires one"
        }
        AlertDescription::UnknownCA => "it is of an unknown authority",
        AlertDescription::CertificateExpired => "it has expired",
        AlertDescription::CertificateRevoked => "it is revoked",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => "it is not accepted",
        _ => return tls(error),
    };
    DialError::ClientCertificate { alert }
}

fn tls(error: &rustls::Error) -> DialError {
    let detail: String = error.to_string().chars().take(DETAIL_CHARS).collect();
    DialError::Tls { detail: detail.into() }
}
