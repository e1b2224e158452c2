//! A door before a port: it passes every connection on, whatever is spoken, and counts the knocks.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Open as long as the test runs.
pub struct Door {
    pub port: u16,
    knocks: Arc<AtomicUsize>,
}

impl Door {
    /// Leads to another port of this machine.
    pub fn before(port: u16) -> Self {
        Self::open(move |visitor| {
            let Ok(host) = TcpStream::connect(("127.0.0.1", port)) else { return };
            let (there, back) = (clone(&visitor), clone(&host));
            thread::spawn(move || carry(back, there));
            carry(visitor, host);
        })
    }

    /// Leads nowhere: whoever has said something gets this answer.
    pub fn saying(answer: &'static str) -> Self {
        Self::open(move |mut visitor| {
            let mut buffer = [0; 4096];
            if let Ok(1..) = visitor.read(&mut buffer) {
                visitor.write_all(answer.as_bytes()).ok();
            }
        })
    }

    /// Connections so far.
    pub fn knocks(&self) -> usize {
        self.knocks.load(Ordering::Relaxed)
    }

    fn open(welcome: impl Fn(TcpStream) + Clone + Send + 'static) -> Self {
        let listener = super::process::listener();
        let port = listener.local_addr().expect("bound").port();
        let knocks = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&knocks);
        thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::Relaxed);
                let welcome = welcome.clone();
                thread::spawn(move || welcome(visitor));
            }
        });
        Self { port, knocks }
    }
}

fn clone(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("socket")
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    io::copy(&mut from, &mut to).ok();
    to.shutdown(Shutdown::Write).ok();
}
