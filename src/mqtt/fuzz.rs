//! A mutation loop over streams a broker could send, of both versions to both. For every mutant: no panic, an end, and the
//! same events and the same error however the bytes are cut into reads.

use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use rumqttc::v5::mqttbytes::v5::{ConnAckProperties, PublishProperties};

use super::{
    Protocol, SessionError,
    testkit::{
        BOTH, Event, MAX_PACKET_BYTES, Peer, accepted, connack, message, no_connack_properties,
        publish, publish_with, settings, suback,
    },
};

const ITERATIONS: usize = if cfg!(debug_assertions) { 10_000 } else { 200_000 };

/// Bytes that mean something somewhere: lengths, flags, packet types, property identifiers.
const TELLING: [u8; 24] = [
    0x00, 0x01, 0x02, 0x0B, 0x11, 0x1F, 0x20, 0x21, 0x23, 0x26, 0x30, 0x32, 0x34, 0x36, 0x3B, 0x7F,
    0x80, 0x87, 0x90, 0xB0, 0xD0, 0xE0, 0xFE, 0xFF,
];

#[test]
fn mutants_neither_panic_nor_loop_nor_depend_on_chunks() {
    for seed in [1, 2] {
        fuzz(seed, ITERATIONS / 2);
    }
}

fn fuzz(seed: u64, iterations: usize) {
    let mut random = SmallRng::seed_from_u64(seed);
    let corpus = corpus();
    for iteration in 0..iterations {
        let mut stream = corpus.choose(&mut random).expect("a corpus").clone();
        for _ in 0..random.random_range(1..6) {
            mutate(&mut stream, &corpus, &mut random);
        }
        let protocol = *BOTH.choose(&mut random).expect("two");
        let whole = outcome(protocol, &stream, || usize::MAX);
        let pieces = outcome(protocol, &stream, || random.random_range(1..200));
        assert_eq!(whole, pieces, "seed {seed}, iteration {iteration}, {protocol}: {stream:02X?}");
        assert!(whole.0.len() <= stream.len() / 2 + 1, "seed {seed}, iteration {iteration}");
    }
}

/// What a session that awaits CONNACK makes of a stream.
fn outcome(
    protocol: Protocol,
    stream: &[u8],
    mut chunk: impl FnMut() -> usize,
) -> (Vec<Event>, Result<(), SessionError>, Vec<u8>) {
    let mut peer = Peer::new(settings(protocol));
    peer.open();
    peer.out.clear();
    let mut events = Vec::new();
    let mut rest = stream;
    let mut result = Ok(());
    while !rest.is_empty() && result.is_ok() {
        let (bytes, behind) = rest.split_at(chunk().min(rest.len()));
        result = peer.receive_into(bytes, &mut events);
        rest = behind;
    }
    (events, result, peer.out)
}

fn corpus() -> Vec<Vec<u8>> {
    let announced = ConnAckProperties {
        session_expiry_interval: Some(86_400),
        server_keep_alive: Some(30),
        max_qos: Some(1),
        user_properties: vec![("k".to_owned(), "v".to_owned())],
        ..no_connack_properties()
    };
    let described = PublishProperties {
        payload_format_indicator: Some(1),
        message_expiry_interval: Some(60),
        content_type: Some("json".to_owned()),
        user_properties: vec![("k".to_owned(), "v".repeat(150))],
        subscription_identifiers: vec![1, 200],
        ..PublishProperties::default()
    };
    let opening = [connack(false, None), suback(Protocol::V5, 1, &[1])].concat();
    let short = Protocol::V311;
    let short_opening = [accepted(short, false), suback(short, 1, &[1])].concat();
    let short_and = |packets: &[Vec<u8>]| [&short_opening[..], &packets.concat()].concat();
    let and = |packets: &[Vec<u8>]| [&opening[..], &packets.concat()].concat();
    vec![
        opening.clone(),
        [
            connack(true, Some(announced)),
            publish("a/b", b"early", 9),
            suback(Protocol::V5, 1, &[1]),
        ]
        .concat(),
        [connack(false, None), suback(Protocol::V5, 1, &[0x87])].concat(),
        [accepted(short, true), suback(short, 1, &[0x80])].concat(),
        [accepted(short, true), message(short, "a/b", b"early", 9), suback(short, 1, &[0])]
            .concat(),
        vec![0x20, 2, 0, 1],
        vec![0x20, 2, 0, 5],
        short_and(&[message(short, "homes/h/door", b"{\"contact\":true}", 1), vec![0xD0, 0]]),
        short_and(&[message(short, "a/long", &[7; MAX_PACKET_BYTES + 500], 3), vec![0xE0, 0]]),
        short_and(&[message(short, "a", b"", 0), message(short, "a", &[0; 300], 65_535)]),
        vec![0x20, 3, 0, 0x87, 0],
        and(&[publish("homes/h/door", b"{\"contact\":true}", 1), publish("a", b"", 0)]),
        and(&[publish_with("a/b", b"payload", 2, Some(described.clone())), vec![0xD0, 0]]),
        and(&[publish("a/long", &[7; MAX_PACKET_BYTES + 500], 3), publish("a", b"next", 4)]),
        and(&[publish_with("a/long", &[7; 2 * MAX_PACKET_BYTES], 5, Some(described))]),
        and(&[vec![0x32, 5, 0, 1, b'a', 0, 1]]),
        and(&[vec![0xE0, 1, 0x8E]]),
        and(&[vec![0xE0, 0]]),
        and(&[vec![0x30, 17, 0, 1, b'a', 6, 11, 1, 11, 2, 11, 3], b"payload".to_vec()]),
    ]
}

fn mutate(stream: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut SmallRng) {
    let at = random.random_range(0..=stream.len());
    let span = random.random_range(0..=(stream.len() - at).min(40));
    let telling = *TELLING.choose(random).expect("bytes");
    match random.random_range(0..8) {
        0 => stream.truncate(at),
        1 => drop(stream.drain(at..at + span)),
        2 => stream.insert(at, telling),
        3 => stream.extend_from_within(at..at + span),
        4 => {
            let other = corpus.choose(random).expect("a corpus");
            let from = random.random_range(0..=other.len());
            stream.truncate(at);
            stream.extend_from_slice(other.get(from..).unwrap_or_default());
        }
        5 => {
            if let Some(byte) = stream.get_mut(at) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        6 => {
            if let Some(byte) = stream.get_mut(at) {
                *byte = telling;
            }
        }
        _ => {
            if let Some(byte) = stream.get_mut(at) {
                *byte = byte.wrapping_add_signed(random.random_range(-2..=2));
            }
        }
    }
}
