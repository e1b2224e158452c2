//! What a link is doing, and how far stopping has come.

use std::pin::Pin;

use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{close::Close, core::Core};
use crate::{kafka::LinkProducer, model::Mono};

/// What a link is doing.
pub(super) enum Stage {
    Waiting {
        until: Mono,
    },
    Dialing(Pin<Box<dyn Future<Output = Result<TcpStream, Close>> + Send>>),
    Talking(TcpStream),
    /// DISCONNECT is on its way or sent: reads to the end, so that closing does not reset the
    /// connection and lose the last PUBACKs.
    Parting {
        stream: TcpStream,
        sent: Sent,
    },
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    NotYet,
    All,
}

/// How far stopping has come.
pub(super) enum Stopping {
    No,
    Draining { report_at: Mono },
    Aborted,
}

impl Stopping {
    pub(super) fn is_no(&self) -> bool {
        matches!(self, Self::No)
    }

    pub(super) fn is_aborted(&self) -> bool {
        matches!(self, Self::Aborted)
    }

    pub(super) fn abort(&mut self) {
        *self = Self::Aborted;
    }

    /// Records of ended connections are waited for too: their QoS 0 messages come from nowhere
    /// else.
    pub(super) fn is_finished(&self, core: &Core<LinkProducer>) -> bool {
        match self {
            Self::No => false,
            Self::Draining { .. } => core.records_live() == 0,
            Self::Aborted => true,
        }
    }
}

/// Closes our side of the connection. The socket's buffer is empty, so this does not wait.
pub(super) fn shutdown_write(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut shutdown = std::pin::pin!(stream.shutdown());
    match shutdown.as_mut().poll(&mut context) {
        std::task::Poll::Ready(done) => done,
        std::task::Poll::Pending => Ok(()),
    }
}
