//! A plain MQTT 5 publisher over a blocking socket: what it is told to send is what goes out,
//! right or wrong, and it counts the PUBACKs.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Quality of service and RETAIN of a message to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Send {
    /// QoS 0.
    Forget,
    /// QoS 1.
    Acknowledged,
    /// QoS 1 with RETAIN.
    Retained,
}

/// QoS 1 messages that may be on their way to the broker.
const WINDOW: usize = 2000;

/// A connection that publishes.
pub struct Publisher {
    stream: TcpStream,
    buffer: Vec<u8>,
    sent: usize,
    acked: Arc<(Mutex<Acked>, Condvar)>,
}

#[derive(Default)]
struct Acked {
    count: usize,
    closed: bool,
}

impl Publisher {
    /// Connects with a clean session of its own.
    pub fn connect(port: u16, client_id: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the broker listens");
        stream.set_nodelay(true).expect("nodelay");
        let mut body = vec![0, 4];
        body.extend_from_slice(b"MQTT");
        body.extend_from_slice(&[5, 0b10, 0, 0, 0]); // version, clean start, no keep-alive, no properties
        string(&mut body, client_id.as_bytes());
        stream.write_all(&frame(0x10, &body)).expect("CONNECT");
        let (header, connack) = read_frame(&mut stream).expect("CONNACK");
        assert_eq!((header, connack.get(1)), (0x20, Some(&0)), "connection refused: {connack:?}");

        let acked = Arc::new((Mutex::new(Acked::default()), Condvar::new()));
        let (reading, counter) = (stream.try_clone().expect("socket"), Arc::clone(&acked));
        thread::spawn(move || count_acks(reading, &counter));
        Self { stream, buffer: Vec::new(), sent: 0, acked }
    }

    /// Publishes; written out by [`Self::flush`] or when enough has gathered.
    pub fn publish(&mut self, topic: &str, payload: &[u8], send: Send) {
        self.publish_raw(topic.as_bytes(), payload, send);
    }

    /// Publishes under a topic of any bytes.
    pub fn publish_raw(&mut self, topic: &[u8], payload: &[u8], send: Send) {
        let mut body = Vec::with_capacity(topic.len() + payload.len() + 5);
        string(&mut body, topic);
        let header = match send {
            Send::Forget => 0x30,
            Send::Acknowledged => 0x32,
            Send::Retained => 0x33,
        };
        if send != Send::Forget {
            let id = u16::try_from(self.sent % 65_535).expect("below 65 535") + 1;
            self.sent += 1;
            body.extend_from_slice(&id.to_be_bytes());
        }
        body.push(0);
        body.extend_from_slice(payload);
        self.buffer.extend_from_slice(&frame(header, &body));
        if self.buffer.len() > 16 * 1024 {
            self.flush();
        }
    }

    /// Writes out what has gathered; waits while too much is unacknowledged.
    pub fn flush(&mut self) {
        self.stream.write_all(&self.buffer).expect("the broker reads");
        self.buffer.clear();
        self.wait_for_acks(self.sent.saturating_sub(WINDOW));
    }

    /// Writes out what has gathered and waits until the broker has taken responsibility for all.
    pub fn settle(&mut self) {
        self.flush();
        self.wait_for_acks(self.sent);
    }

    fn wait_for_acks(&self, count: usize) {
        let limit = Duration::from_mins(1);
        let started = Instant::now();
        let (lock, changed) = &*self.acked;
        let mut acked = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while acked.count < count {
            let left = limit.saturating_sub(started.elapsed());
            assert!(
                !acked.closed && !left.is_zero(),
                "publisher: {} of {count} acknowledged",
                acked.count
            );
            acked = changed.wait_timeout(acked, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.stream.shutdown(Shutdown::Both).ok();
    }
}

fn count_acks(mut stream: TcpStream, acked: &(Mutex<Acked>, Condvar)) {
    let (lock, changed) = acked;
    while let Some((header, _)) = read_frame(&mut stream) {
        if header == 0x40 {
            lock.lock().unwrap_or_else(PoisonError::into_inner).count += 1;
            changed.notify_all();
        }
    }
    lock.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    changed.notify_all();
}

pub(super) fn string(body: &mut Vec<u8>, text: &[u8]) {
    body.extend_from_slice(&u16::try_from(text.len()).expect("at most 65 535 bytes").to_be_bytes());
    body.extend_from_slice(text);
}

pub(super) fn frame(header: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![header];
    let mut rest = body.len();
    loop {
        let digit = u8::try_from(rest % 128).expect("below 128");
        rest /= 128;
        frame.push(if rest > 0 { digit | 0x80 } else { digit });
        if rest == 0 {
            break;
        }
    }
    frame.extend_from_slice(body);
    frame
}

pub(super) fn read_frame(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut byte = [0];
    stream.read_exact(&mut byte).ok()?;
    let header = byte[0];
    let (mut length, mut shift) = (0, 0);
    loop {
        stream.read_exact(&mut byte).ok()?;
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((header, body))
}
