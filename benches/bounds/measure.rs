//! Time, memory and instructions of one message.

use std::{hint::black_box, process::Command, time::Duration};

use tokio::time::Instant;
use trygg::{
    decode::{Decoded, Decoder, Memory},
    model::{Message, Moment, Mono, QoS, UnixMicros},
};

use crate::{Outcome, bombs::Bomb};

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

/// Instructions of all messages of a format and size together; nothing where there is no valgrind.
pub(crate) fn instructions(format: &str, size: usize) -> Outcome<Option<u64>> {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no"])
        .arg("--toggle-collect=*decode_one_bomb*")
        .arg(std::env::current_exe()?)
        .args(["--only", format, "--counted", &size.to_string()])
        .output();
    let Ok(run) = run else { return Ok(None) };
    let text = String::from_utf8_lossy(&run.stderr);
    if !run.status.success() {
        return Err(format!("callgrind: {}", text.lines().last().unwrap_or_default()).into());
    }
    // ==123== Collected : 456
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    let (_, number) = collected.ok_or("callgrind says nothing of what it collected")?;
    Ok(Some(number.trim().parse()?))
}
