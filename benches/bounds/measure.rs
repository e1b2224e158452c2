//! Time, memory and instructions of one message.

use std::{hint::black_box, time::Duration};

use tokio::time::Instant;
use trygg::{
    decode::{Decoded, Decoder, Memory},
    model::{Message, Moment, Mono, QoS, UnixMicros},
};

use crate::{Outcome, bombs::Bomb, callgrind, parcel, report};

/// What the message of a bomb took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) nanos: f64,
    /// The most it held beside what was held before.
    pub(crate) bytes: u64,
}

/// Rounds, of which the fastest counts: what else the machine did does not.
const ROUNDS: usize = 5;

/// The memory as it is before the message that is measured.
struct Ready<'b> {
    decoder: &'b Decoder,
    bomb: &'b Bomb,
    memory: Memory,
    out: Decoded,
}

impl<'b> Ready<'b> {
    fn new(decoder: &'b Decoder, bomb: &'b Bomb) -> Self {
        let (mut memory, mut out) = (Memory::default(), Decoded::default());
        for (topic, payload) in &bomb.before {
            let _outcome = decoder.decode("", &message(topic, payload), &mut memory, &mut out);
        }
        Self { decoder, bomb, memory, out: Decoded::default() }
    }
}

fn message<'b>(topic: &'b str, payload: &'b [u8]) -> Message<'b> {
    Message {
        topic,
        payload,
        qos: QoS::AtLeastOnce,
        retain: false,
        dup: false,
        resumed_recently: false,
        received: Moment { mono: Mono(60_000_000), wall: UnixMicros(1_780_000_000_000_000) },
    }
}

/// The only function that callgrind looks at.
#[inline(never)]
fn decode_one_bomb(ready: &mut Ready<'_>) {
    let Bomb { topic, device, payload, .. } = ready.bomb;
    let message = message(topic, payload);
    let outcome = ready.decoder.decode(device, &message, &mut ready.memory, &mut ready.out);
    let _outcome = black_box(outcome);
}

pub(crate) fn once(decoder: &Decoder, bomb: &Bomb) {
    decode_one_bomb(&mut Ready::new(decoder, bomb));
}

pub(crate) fn cost(decoder: &Decoder, bomb: &Bomb) -> Cost {
    let mut ready = Ready::new(decoder, bomb);
    let bytes = allocation_counter::measure(|| decode_one_bomb(&mut ready)).bytes_max;
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let mut ready = Ready::new(decoder, bomb);
        let begin = Instant::now();
        decode_one_bomb(&mut ready);
        least = least.min(begin.elapsed());
    }
    Cost { nanos: least.as_secs_f64() * 1e9, bytes }
}

/// Instructions of some messages of a format together; nothing where there is no valgrind.
pub(crate) fn instructions(format: &str, bombs: &[&Bomb]) -> Outcome<Option<u64>> {
    std::fs::create_dir_all(report::directory())?;
    let path = report::directory().join("bombs");
    parcel::write(&path, bombs)?;
    let only = ["--collect-atstart=no", "--toggle-collect=*decode_one_bomb*"];
    let path = path.to_str().ok_or("a path that is no text")?;
    callgrind::collected(&only, &["--only", format, "--counted", path])
}
