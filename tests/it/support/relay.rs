//! A relay between engine and Mosquitto: it reads the headers of PUBLISH and PUBACK in passing
//! and knows what was outstanding whenever a connection ended. It can cut.

mod ledger;

use std::{
    collections::HashSet,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

pub use ledger::{Life, Tag};

use ledger::{FromBroker, FromEngine};

/// Listens on its own port and passes every connection on to the broker.
pub struct Relay {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    ledger: Mutex<Ledger>,
    open: Mutex<Vec<TcpStream>>,
    closing: AtomicBool,
}

#[derive(Default)]
struct Ledger {
    lives: Vec<Life>,
    acknowledged: HashSet<Tag>,
}

impl Relay {
    /// Starts relaying to the broker at `broker`.
    pub fn start(broker: u16) -> Self {
        let listener = super::process::listener();
        let port = listener.local_addr().expect("bound").port();
        let shared = Arc::new(Shared {
            ledger: Mutex::default(),
            open: Mutex::default(),
            closing: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for engine in listener.incoming().flatten() {
                if accepting.closing.load(Ordering::Acquire) {
                    return;
                }
                accepting.connect(&engine, broker);
            }
        });
        Self { port, shared }
    }

    /// What every connection so far has seen, oldest first.
    pub fn lives(&self) -> Vec<Life> {
        lock(&self.shared.ledger).lives.clone()
    }

    /// Asks the lives without copying them.
    pub fn ask<T>(&self, question: impl FnOnce(&[Life]) -> T) -> T {
        question(&lock(&self.shared.ledger).lives)
    }

    /// Messages handed to the engine and not yet acknowledged, over all open connections.
    pub fn outstanding(&self) -> usize {
        self.ask(|lives| lives.iter().filter(|life| !life.ended).map(Life::outstanding).sum())
    }

    /// PUBACKs seen, over all connections.
    pub fn acknowledged(&self) -> u64 {
        self.ask(|lives| lives.iter().map(|life| life.acknowledged).sum())
    }

    /// How many different tags have been acknowledged, over all connections.
    pub fn acknowledged_tags(&self) -> u64 {
        lock(&self.shared.ledger).acknowledged.len() as u64
    }

    /// No PUBACK was for a message of an earlier connection, and none came out of order.
    pub fn assert_well_behaved(&self) {
        self.ask(|lives| {
            for (number, life) in lives.iter().enumerate() {
                assert_eq!(
                    life.stale_acks, 0,
                    "connection {number}: PUBACK for what it was never sent"
                );
                assert_eq!(life.disordered_acks, 0, "connection {number}: PUBACK out of order");
            }
        });
    }

    /// Cuts every connection on both sides.
    pub fn cut(&self) {
        for stream in lock(&self.shared.open).drain(..) {
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Release);
        TcpStream::connect(("127.0.0.1", self.port)).ok();
        self.cut();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn connect(self: &Arc<Self>, engine: &TcpStream, broker: u16) {
        let Ok(broker) = TcpStream::connect(("127.0.0.1", broker)) else { return };
        let clone = |stream: &TcpStream| stream.try_clone().expect("socket");
        lock(&self.open).extend([clone(engine), clone(&broker)]);
        let number = {
            let lives = &mut lock(&self.ledger).lives;
            lives.push(Life::default());
            lives.len() - 1
        };
        let (shared, from, to) = (Arc::clone(self), clone(engine), clone(&broker));
        thread::spawn(move || shared.carry_from_engine(number, from, to));
        let (shared, from, to) = (Arc::clone(self), broker, clone(engine));
        thread::spawn(move || shared.carry_from_broker(number, from, to));
    }

    fn carry_from_engine(&self, number: usize, mut engine: TcpStream, mut broker: TcpStream) {
        let mut frames = FromEngine::default();
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = engine.read(&mut buffer) {
            {
                let Ledger { lives, acknowledged } = &mut *lock(&self.ledger);
                frames.read(&buffer[..length], &mut lives[number], acknowledged);
            }
            if broker.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        lock(&self.ledger).lives[number].ended = true;
        // Half-close: the broker still reads the last PUBACKs, where a reset could lose them.
        broker.shutdown(Shutdown::Write).ok();
        engine.shutdown(Shutdown::Both).ok();
    }

    fn carry_from_broker(&self, number: usize, mut broker: TcpStream, mut engine: TcpStream) {
        let mut frames = FromBroker::default();
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = broker.read(&mut buffer) {
            {
                let life = &mut lock(&self.ledger).lives[number];
                if life.ended {
                    continue; // read to the end, so that the broker is not reset
                }
                frames.read(&buffer[..length], life);
            }
            engine.write_all(&buffer[..length]).ok();
        }
        engine.shutdown(Shutdown::Both).ok();
    }
}
