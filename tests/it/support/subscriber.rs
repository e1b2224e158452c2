//! A plain MQTT 5 subscriber over a blocking socket: what arrives, as it arrives.

use std::{
    io::Write,
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use super::{
    mqtt::{frame, read_frame, string},
    wait::{self, SOON},
};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: u8,
    pub retain: bool,
}

/// A connection that listens to one filter.
pub struct Subscriber {
    stream: TcpStream,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Subscriber {
    /// Subscribes with QoS 1 and returns when the broker has granted it.
    pub fn on(port: u16, filter: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the broker listens");
        let mut body = vec![0, 4];
        body.extend_from_slice(b"MQTT");
        body.extend_from_slice(&[5, 0b10, 0, 0, 0]); // version, clean start, no keep-alive, no properties
        string(&mut body, b""); // the broker gives a name
        stream.write_all(&frame(0x10, &body)).expect("CONNECT");
        let (header, connack) = read_frame(&mut stream).expect("CONNACK");
        assert_eq!((header, connack.get(1)), (0x20, Some(&0)), "refused: {connack:?}");
        let mut body = vec![0, 1, 0];
        string(&mut body, filter.as_bytes());
        body.push(1);
        stream.write_all(&frame(0x82, &body)).expect("SUBSCRIBE");
        let (header, suback) = read_frame(&mut stream).expect("SUBACK");
        assert_eq!((header, suback.last()), (0x90, Some(&1)), "not granted: {suback:?}");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (socket, told) = (stream.try_clone().expect("socket"), Arc::clone(&heard));
        thread::spawn(move || listen(socket, &told));
        Self { stream, heard }
    }

    /// All that has come so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until at least so many messages have come, and returns all.
    pub fn wait(&self, count: usize) -> Vec<Heard> {
        wait::until(&format!("{count} messages arrive"), SOON, || {
            let heard = self.heard();
            (heard.len() >= count).then_some(heard)
        })
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.stream.shutdown(Shutdown::Both).ok();
    }
}

fn listen(mut stream: TcpStream, heard: &Mutex<Vec<Heard>>) {
    while let Some((header, body)) = read_frame(&mut stream) {
        if header & 0xf0 != 0x30 {
            continue;
        }
        let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
        let topic = String::from_utf8(body[2..2 + length].to_vec()).expect("UTF-8");
        let (qos, mut rest) = (header >> 1 & 3, &body[2 + length..]);
        if qos > 0 {
            stream.write_all(&[0x40, 2, rest[0], rest[1]]).ok();
            rest = &rest[2..];
        }
        assert_eq!(rest[0], 0, "properties");
        let message = Heard { topic, payload: rest[1..].to_vec(), qos, retain: header & 1 == 1 };
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }
}
