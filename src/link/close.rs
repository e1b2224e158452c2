//! Why a connection ends.

use thiserror::Error;

use crate::mqtt::SessionError;

/// Why a connection has to be closed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Close {
    /// The session says so.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A token was dropped: the message must be delivered again, and MQTT does that only after a
    /// reconnect.
    #[error("a message was abandoned: reconnecting makes the broker deliver it again")]
    Abandoned,
    /// The oldest message got too old with nothing on its way that could settle it.
    #[error("the oldest message is older than max_age and nothing is on its way for it")]
    MaxAge,
    /// The broker went on past receive maximum and every limit above it.
    #[error("the broker sent more than the window and its reserve hold")]
    Overrun,
    /// The broker closed the socket.
    #[error("the broker closed the connection")]
    EndOfStream,
    /// The socket failed.
    #[error("connection failed: {0}")]
    Io(std::io::ErrorKind),
    /// No TCP connection in time.
    #[error("no TCP connection in time")]
    DialTimeout,
    /// Asked to stop.
    #[error("stopping")]
    Stopped,
}

impl Close {
    /// Label value.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Session(error) => error.reason(),
            Self::Abandoned => "abandoned",
            Self::MaxAge => "max_age",
            Self::Overrun => "overrun",
            Self::EndOfStream => "end_of_stream",
            Self::Io(std::io::ErrorKind::ConnectionRefused) => "connection_refused",
            Self::Io(_) => "io",
            Self::DialTimeout => "dial_timeout",
            Self::Stopped => "stopped",
        }
    }
}
