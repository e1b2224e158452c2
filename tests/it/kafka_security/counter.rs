//! A way to a port that counts the connections.

use std::{
    io,
    net::{Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::support::process;

/// Listens on a port of its own.
pub struct Counter {
    pub port: u16,
    count: Arc<AtomicUsize>,
}

impl Counter {
    /// In front of `goal`; lives as long as the test process.
    pub fn before(goal: u16) -> Self {
        let listener = process::listener();
        let port = listener.local_addr().expect("bound").port();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::Relaxed);
                if let Ok(server) = TcpStream::connect(("127.0.0.1", goal)) {
                    pass(&client, &server);
                    pass(&server, &client);
                }
            }
        });
        Self { port, count }
    }

    /// Connections so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().expect("socket"), to.try_clone().expect("socket"));
    thread::spawn(move || {
        io::copy(&mut from, &mut to).ok();
        to.shutdown(Shutdown::Write).ok();
    });
}
