//! What says stop.

use std::io;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// SIGINT and SIGTERM, one after the other.
#[derive(Debug)]
pub struct Signals {
    received: mpsc::Receiver<()>,
}

impl Signals {
    /// Those of the process. Two that wait are enough: begin to stop, and at once.
    pub fn listen() -> io::Result<Self> {
        let (sender, received) = mpsc::channel(2);
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let mut signal = signal(kind)?;
            let sender = sender.clone();
            #[expect(clippy::disallowed_methods, reason = "lives as long as the process")]
            tokio::spawn(async move {
                while signal.recv().await.is_some() && sender.send(()).await.is_ok() {}
            });
        }
        Ok(Self { received })
    }

    /// Signals as they come through a channel: from a test, or from a program around the engine.
    pub fn new(received: mpsc::Receiver<()>) -> Self {
        Self { received }
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        if self.received.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
