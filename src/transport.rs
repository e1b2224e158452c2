//! A byte stream to a broker: TCP, TLS, WebSocket, and WebSocket over TLS.
//!
//! [`dial()`] makes a [`Wire`] or says in one of a closed set of reasons why there is none, each
//! with its remedy. A wire reads and writes bytes whatever lies below; what MQTT makes of them is
//! the link's business.

mod dial;
mod error;
mod tls;
mod websocket;
mod wire;

pub use dial::dial;
pub use error::DialError;
pub use tls::{ClientIdentity, TlsFile, TlsFileError, TlsFileProblem, TlsSettings};
pub use websocket::{LARGEST_MESSAGE, WebSocket};
pub use wire::Wire;

/// Where a broker listens, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Encrypted, when given.
    pub tls: Option<TlsSettings>,
    /// MQTT in WebSocket messages, when given: the path of the HTTP request, beginning with `/`.
    pub websocket: Option<String>,
}

impl Address {
    /// Plain MQTT over TCP.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, tls: None, websocket: None }
    }
}
