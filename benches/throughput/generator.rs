//! The broker's end of one connection: streams ready-made PUBLISH packets and counts PUBACKs.
//!
//! It honours Receive Maximum exactly and takes an acknowledgement for in order only when it is
//! that of the oldest outstanding message.

mod acknowledgements;
mod packets;
mod payload;

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use clap::Args;
use tokio::time::Instant;

use self::packets::Packets;
pub(crate) use self::payload::Format;
use crate::{Outcome, pump::latency::Latency, role, terminal};

/// How much is put together before it is written.
const WRITE_BYTES: usize = 64 * 1024;

/// Packet ids there are.
const PACKET_IDS: usize = 65_535;
/// So many of the messages were acknowledged within the time that is told.
const MOST: f64 = 0.999;

/// Without an acknowledgement for this long the run has failed.
const STALL: Duration = Duration::from_mins(1);

/// The homes the messages come from.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct GeneratorArgs {
    #[arg(long, value_enum)]
    pub(crate) format: Format,
    #[arg(long)]
    pub(crate) homes: usize,
    #[arg(long)]
    pub(crate) devices_per_home: usize,
}

/// What the two threads and the command reader share.
struct Shared {
    /// From PUBLISH to PUBACK, by packet id; of paced messages only.
    latency: Latency,
    is_paced: AtomicBool,
    /// Packets for the client that are not PUBLISH.
    replies: Mutex<Vec<u8>>,
    /// Commands of the parent, oldest first.
    commands: Mutex<Vec<String>>,
    /// The client's Receive Maximum; 0 until it has subscribed.
    window: AtomicU64,
    /// Messages sent.
    sent: AtomicU64,
    /// Messages acknowledged.
    acknowledged: AtomicU64,
    /// Acknowledgements of another than the oldest outstanding message.
    out_of_order: AtomicU64,
    /// Acknowledgements of nothing outstanding, or with an error code.
    unknown: AtomicU64,
    /// The parent has closed stdin.
    ended: AtomicBool,
    /// The client has closed the connection.
    closed: AtomicBool,
}

impl Shared {
    fn new() -> Self {
        Self {
            latency: Latency::new(PACKET_IDS),
            is_paced: AtomicBool::new(false),
            replies: Mutex::default(),
            commands: Mutex::default(),
            window: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            out_of_order: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }
}

pub(crate) fn run(args: GeneratorArgs) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    terminal::report(&format!("ready port={}", listener.local_addr()?.port()))?;
    let packets = Packets::build(args)?;

    let shared = Arc::new(Shared::new());
    let writer = thread::current();
    listen_to_parent(Arc::clone(&shared), writer.clone());
    let (socket, _) = listener.accept()?;
    // Paced messages leave one by one, as they would from devices; saturated ones by 64 KiB.
    socket.set_nodelay(true)?;
    let reader = socket.try_clone()?;
    let of_reader = Arc::clone(&shared);
    thread::spawn(move || {
        acknowledgements::read(reader, &of_reader, &writer);
        of_reader.closed.store(true, Ordering::Release);
        writer.unpark();
    });
    Generator { shared, socket, packets, next: 0, out: Vec::with_capacity(2 * WRITE_BYTES) }.serve()
}

fn listen_to_parent(shared: Arc<Shared>, writer: thread::Thread) {
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            shared.commands.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            writer.unpark();
        }
        shared.ended.store(true, Ordering::Release);
        writer.unpark();
    });
}

struct Generator {
    shared: Arc<Shared>,
    socket: TcpStream,
    packets: Packets,
    /// Position in the endless repetition of the packets.
    next: usize,
    out: Vec<u8>,
}

impl Generator {
    fn serve(mut self) -> Outcome {
        let mut announced = false;
        while !self.shared.ended.load(Ordering::Acquire) {
            self.write_replies()?;
            let window = self.shared.window.load(Ordering::Acquire);
            if !announced && window > 0 {
                announced = true;
                terminal::report(&format!("subscribed receive_maximum={window}"))?;
            }
            let command = {
                let mut commands =
                    self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner);
                if commands.is_empty() { None } else { Some(commands.remove(0)) }
            };
            match command {
                Some(line) => self.send(&line)?,
                None => thread::park(),
            }
        }
        Ok(())
    }

    /// `send count=N rate=R`: N messages, R a second (0: as fast as they are acknowledged). Sends
    /// no more when it hears `enough`.
    fn send(&mut self, line: &str) -> Outcome {
        let facts = role::Facts::parse(line, "send").ok_or("an unknown command")?;
        let (count, rate): (u64, u64) = (facts.get("count")?, facts.get("rate")?);
        let first = self.shared.sent.load(Ordering::Relaxed);
        let window = self.shared.window.load(Ordering::Acquire);
        let begin = Instant::now();
        let (mut sent, mut goal) = (first, first.saturating_add(count));
        let mut most = 0;
        self.shared.is_paced.store(rate > 0, Ordering::Release);
        self.shared.latency.take(MOST);
        let mut progress = Progress { acknowledged: first, at: begin, longest: Duration::ZERO };
        loop {
            let acknowledged = self.shared.acknowledged.load(Ordering::Acquire);
            if acknowledged >= goal {
                break;
            }
            progress.watch(acknowledged, self.shared.closed.load(Ordering::Acquire))?;
            self.write_replies()?;
            if self.is_told("enough") {
                goal = sent;
            }
            let due = if rate == 0 { goal } else { goal.min(first + due_since(begin, rate)) };
            let credit = window.saturating_sub(sent - acknowledged);
            let now = credit.min(due.saturating_sub(sent));
            if now > 0 {
                let written = self.write(sent, now)?;
                sent += written;
                most = most.max(sent - acknowledged);
            } else if sent < goal && credit > 0 {
                let at = begin + interval(rate) * u32::try_from(sent - first + 1)?;
                thread::park_timeout(at.saturating_duration_since(Instant::now()));
            } else {
                thread::park_timeout(Duration::from_millis(100));
            }
        }
        let wall = begin.elapsed().as_micros();
        let out_of_order = self.shared.out_of_order.load(Ordering::Acquire);
        let unknown = self.shared.unknown.load(Ordering::Acquire);
        terminal::report(&format!(
            "done count={} wall_us={wall} max_outstanding={most} out_of_order={out_of_order} unknown={unknown} silence_us={} p999_us={}",
            goal - first,
            progress.longest.as_micros(),
            self.shared.latency.take(MOST),
        ))
    }

    /// Is this the parent's next command? Then it is taken.
    fn is_told(&self, command: &str) -> bool {
        let mut commands = self.shared.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let told = commands.first().is_some_and(|line| line == command);
        if told {
            commands.remove(0);
        }
        told
    }

    /// Writes at most `count` messages, numbered from `first`; says how many it were.
    fn write(&mut self, first: u64, count: u64) -> Outcome<u64> {
        self.out.clear();
        let mut written = 0;
        let is_paced = self.shared.is_paced.load(Ordering::Relaxed);
        while written < count && self.out.len() < WRITE_BYTES {
            if is_paced {
                self.shared.latency.sent(usize::from(packet_id(first + written)));
            }
            self.packets.append(self.next, packet_id(first + written), &mut self.out)?;
            self.next = self.next.wrapping_add(1);
            written += 1;
        }
        // Before the bytes: an acknowledgement may be back before `write_all` returns.
        self.shared.sent.store(first + written, Ordering::Release);
        self.socket.write_all(&self.out)?;
        Ok(written)
    }

    fn write_replies(&mut self) -> Outcome {
        let mut replies = self.shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if !replies.is_empty() {
            self.socket.write_all(&replies)?;
            replies.clear();
        }
        Ok(())
    }
}

/// When the last acknowledgement was seen.
struct Progress {
    acknowledged: u64,
    at: Instant,
    /// The longest time between two.
    longest: Duration,
}

impl Progress {
    fn watch(&mut self, acknowledged: u64, closed: bool) -> Outcome {
        if acknowledged != self.acknowledged {
            let now = Instant::now();
            let longest = self.longest.max(now - self.at);
            *self = Self { acknowledged, at: now, longest };
        }
        if closed {
            return Err("the client closed the connection".into());
        }
        if self.at.elapsed() > STALL {
            return Err(format!("no acknowledgement for {STALL:?} after {acknowledged}").into());
        }
        Ok(())
    }
}

/// Packet ids run through 1..=65535 in the order of sending.
fn packet_id(number: u64) -> u16 {
    u16::try_from(number % 65_535 + 1).unwrap_or(u16::MAX)
}

fn interval(rate: u64) -> Duration {
    Duration::from_nanos(1_000_000_000 / rate.max(1))
}

/// How many messages are due since `begin`.
fn due_since(begin: Instant, rate: u64) -> u64 {
    let nanos = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    nanos / (1_000_000_000 / rate.max(1))
}
