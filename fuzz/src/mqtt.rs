//! MQTT's framing and session: what a broker may send after CONNECT, in one piece and in pieces.
//! The first byte says which version is spoken and how long the pieces are.

use std::{num::NonZeroU16, time::Duration};

use trygg::{
    model::{Mono, QoS},
    mqtt::{Incoming, Necessity, Protocol, ReadBuffer, Session, SessionSettings, Subscription},
};

use crate::measure;

const MAX_PACKET_BYTES: usize = 2_000;
const NOW: Mono = Mono(1_000_000);

/// However the stream is cut, it says the same.
pub(crate) fn check(input: &[u8]) {
    let Some((first, stream)) = input.split_first() else { return };
    let protocol = if first & 1 == 0 { Protocol::V5 } else { Protocol::V311 };
    let piece = usize::from(first >> 1) + 1;
    let whole = measure::limited(stream.len(), || outcome(protocol, stream, usize::MAX));
    let pieces = outcome(protocol, stream, piece);
    assert_eq!(whole, pieces, "in pieces of {piece} it says something else");
    assert!(whole.0.len() <= stream.len() / 2 + 1, "more events than the bytes can hold");
}

/// What a session that awaits CONNACK makes of a stream: events, its end, what it wrote.
fn outcome(protocol: Protocol, stream: &[u8], piece: usize) -> (Vec<Vec<u8>>, String, Vec<u8>) {
    let mut session = Session::new(settings(protocol)).expect("settings that MQTT can carry");
    let mut buffer = ReadBuffer::new(MAX_PACKET_BYTES);
    let mut out = Vec::new();
    session.open(&mut buffer, NOW, &mut out);
    out.clear();
    let mut events = Vec::new();
    for bytes in stream.chunks(piece) {
        buffer.buffer_mut().extend_from_slice(bytes);
        session.bytes_arrived(NOW);
        loop {
            match session.next(&mut buffer, NOW, &mut out) {
                Err(error) => return (events, format!("{error:?}"), out),
                Ok(None) => break,
                Ok(Some(incoming)) => events.push(event(&incoming)),
            }
        }
    }
    (events, String::new(), out)
}

fn event(incoming: &Incoming<'_>) -> Vec<u8> {
    let (head, topic, payload) = match incoming {
        Incoming::Connected(connected) => (format!("{connected:?}"), &[][..], &[][..]),
        Incoming::Subscribed => ("subscribed".to_owned(), &[][..], &[][..]),
        Incoming::Publish(it) => {
            let head = format!("{:?} {} {} {}", it.qos, it.retain, it.dup, it.packet_id);
            (head, it.topic, it.payload)
        }
        Incoming::Oversize(it) => {
            let head = format!("oversize {} {}", it.payload_len, it.packet_id);
            (head, &it.topic[..], &it.payload_start[..])
        }
    };
    [head.as_bytes(), b"\n", topic, b"\n", payload].concat()
}

fn settings(protocol: Protocol) -> SessionSettings {
    SessionSettings {
        protocol,
        client_id: "engine-1".to_owned(),
        login: None,
        keep_alive_s: 60,
        session_expiry_s: 86_400,
        receive_maximum: NonZeroU16::MAX,
        subscriptions: vec![Subscription {
            filter: "homes/+/zigbee2mqtt/#".to_owned(),
            qos: QoS::AtLeastOnce,
            necessity: Necessity::Required,
            replay: trygg::mqtt::Replay::New,
        }],
        allow_downgrade: false,
        connect_timeout: Duration::from_secs(10),
        subscribe_timeout: Duration::from_secs(20),
    }
}
