//! A plain MQTT 5 client over a blocking socket, with user and password.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// Reason code of whoever may not.
pub const NOT_AUTHORISED: u8 = 0x87;

/// A connection.
pub struct Client {
    stream: TcpStream,
    packets: u16,
    /// Messages that came while something else was waited for.
    heard: VecDeque<(u8, Vec<u8>)>,
    /// Did the broker know the session?
    pub session_present: bool,
}

/// Who connects.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    pub user: &'a str,
    pub password: &'a str,
}

impl Client {
    /// Connects with a session that lasts; the reason code of a refusal.
    pub fn connect(port: u16, client_id: &str, login: Option<Login<'_>>) -> Result<Self, u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the broker listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
        let mut body = vec![0, 4];
        body.extend_from_slice(b"MQTT");
        // Version 5; no keep-alive; session expiry 600 s; receive maximum 100.
        let flags = if login.is_some() { 0b1100_0000 } else { 0 };
        body.extend_from_slice(&[5, flags, 0, 0, 8, 0x11, 0, 0, 2, 88, 0x21, 0, 100]);
        text(&mut body, client_id);
        if let Some(login) = login {
            text(&mut body, login.user);
            text(&mut body, login.password);
        }
        send(&mut stream, 0x10, &body);
        let (header, connack) = receive(&mut stream);
        assert_eq!(header, 0x20, "CONNACK");
        match connack[1] {
            0 => {
                let session_present = connack[0] == 1;
                Ok(Self { stream, packets: 0, heard: VecDeque::new(), session_present })
            }
            reason => Err(reason),
        }
    }

    fn next_id(&mut self) -> [u8; 2] {
        self.packets += 1;
        self.packets.to_be_bytes()
    }

    /// Waits for a packet of this kind.
    fn answer(&mut self, kind: u8) -> Vec<u8> {
        loop {
            let (header, body) = receive(&mut self.stream);
            if header == kind {
                return body;
            }
            assert_eq!(header >> 4, 3, "neither a PUBLISH nor {kind:#x}");
            self.heard.push_back((header, body));
        }
    }

    /// Subscribes at QoS 1; the broker's reason code.
    pub fn subscribe(&mut self, filter: &str) -> u8 {
        let mut body = self.next_id().to_vec();
        body.push(0);
        text(&mut body, filter);
        body.push(1);
        send(&mut self.stream, 0x82, &body);
        let suback = self.answer(0x90);
        suback[suback.len() - 1]
    }

    /// Publishes at QoS 1 and waits for the answer: its reason code.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> u8 {
        let mut body = Vec::new();
        text(&mut body, topic);
        body.extend_from_slice(&self.next_id());
        body.push(0);
        body.extend_from_slice(payload);
        send(&mut self.stream, 0x32, &body);
        let puback = self.answer(0x40);
        puback.get(2).copied().unwrap_or(0)
    }

    /// Waits for a message, acknowledges it; topic and payload.
    pub fn next(&mut self) -> (String, Vec<u8>) {
        let (header, body) = self.heard.pop_front().unwrap_or_else(|| receive(&mut self.stream));
        assert_eq!(header >> 4, 3, "PUBLISH");
        let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
        let topic = String::from_utf8(body[2..2 + length].to_vec()).expect("a topic");
        let mut rest = &body[2 + length..];
        if header & 0b110 != 0 {
            send(&mut self.stream, 0x40, &rest[..2]);
            rest = &rest[2..];
        }
        let properties = usize::from(rest[0]);
        (topic, rest[1 + properties..].to_vec())
    }
}

fn text(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(&u16::try_from(text.len()).expect("short").to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}

fn send(stream: &mut TcpStream, header: u8, body: &[u8]) {
    let mut frame = vec![header];
    let mut rest = body.len();
    while rest > 127 {
        frame.push(u8::try_from(rest % 128).expect("below 128") | 0x80);
        rest /= 128;
    }
    frame.push(u8::try_from(rest).expect("below 128"));
    frame.extend_from_slice(body);
    stream.write_all(&frame).expect("the broker reads");
}

fn receive(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut byte = [0];
    stream.read_exact(&mut byte).expect("a packet");
    let header = byte[0];
    let (mut length, mut shift) = (0, 0);
    loop {
        stream.read_exact(&mut byte).expect("a length");
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a packet");
    (header, body)
}
