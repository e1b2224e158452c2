//! Why a connection ends.

use thiserror::Error;

use crate::{
    mqtt::{Session, SessionError, Setback},
    transport::DialError,
};

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
    /// There is no connection, or it failed.
    #[error(transparent)]
    Transport(#[from] DialError),
    /// Asked to stop.
    #[error("stopping")]
    Stopped,
}

impl Close {
    /// What the end of a socket means: before the broker has answered CONNECT it says more than
    /// later.
    #[must_use]
    pub fn explained(self, session: &Session) -> Self {
        match self {
            Self::EndOfStream => session.closed_by_broker().map_or(self, Self::Session),
            Self::Transport(ref error) if error.is_hang_up() => {
                session.closed_by_broker().map_or(self, Self::Session)
            }
            Self::Transport(_)
            | Self::Session(_)
            | Self::Abandoned
            | Self::MaxAge
            | Self::Overrun
            | Self::Stopped => self,
        }
    }

    /// Label value.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Session(error) => error.reason(),
            Self::Abandoned => "abandoned",
            Self::MaxAge => "max_age",
            Self::Overrun => "overrun",
            Self::EndOfStream => "end_of_stream",
            Self::Transport(error) => error.reason(),
            Self::Stopped => "stopped",
        }
    }

    /// What it means to the next attempt.
    pub fn setback(&self) -> Setback {
        match self {
            Self::Session(error) => Setback::from(error),
            Self::Transport(error) if error.is_lasting() => Setback::Lasting,
            Self::Transport(_)
            | Self::Abandoned
            | Self::MaxAge
            | Self::Overrun
            | Self::EndOfStream
            | Self::Stopped => Setback::Passing,
        }
    }
}
