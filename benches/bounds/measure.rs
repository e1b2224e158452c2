//! Time, memory and instructions of one message.

use std::{collections::VecDeque, fs, hint::black_box, process::Command};

use tokio::time::Instant;
use trygg::{
    decode::{Decoded, Decoder, Memory},
    model::{Message, Moment, Mono, QoS, UnixMicros},
};

use crate::{Outcome, bombs::Bomb, report};

/// What the message of a bomb took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) nanos: f64,
    /// The most it held beside what was held before.
    pub(crate) bytes: u64,
}

/// Rounds, of which the fastest counts.
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

pub(crate) fn cost(decoder: &Decoder, bomb: &Bomb, is_timed: bool) -> Cost {
    let mut ready = Ready::new(decoder, bomb);
    let bytes = allocation_counter::measure(|| decode_one_bomb(&mut ready)).bytes_max;
    let mut nanos = f64::INFINITY;
    for _ in 0..if is_timed { ROUNDS } else { 0 } {
        let mut ready = Ready::new(decoder, bomb);
        let begin = Instant::now();
        decode_one_bomb(&mut ready);
        nanos = nanos.min(begin.elapsed().as_secs_f64() * 1e9);
    }
    Cost { nanos, bytes }
}

/// Instructions of all messages of a format, one after the other.
#[derive(Default)]
pub(crate) struct Counted(VecDeque<u64>);

impl Counted {
    /// Has callgrind count them; empty where there is no valgrind.
    pub(crate) fn of(format: &str) -> Outcome<Self> {
        let folder = report::directory().join("callgrind");
        let _absent = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let pattern = "*decode_one_bomb*";
        let run = Command::new("valgrind")
            .args(["--tool=callgrind", "--collect-atstart=no"])
            .arg(format!("--toggle-collect={pattern}"))
            .arg(format!("--dump-after={pattern}"))
            .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
            .arg(std::env::current_exe()?)
            .args(["--counted", "--only", format])
            .output();
        let Ok(run) = run else { return Ok(Self::default()) };
        if !run.status.success() {
            let text = String::from_utf8_lossy(&run.stderr);
            return Err(format!("callgrind: {}", text.lines().last().unwrap_or_default()).into());
        }
        let mut counts = VecDeque::new();
        for part in 1.. {
            let Ok(text) = fs::read_to_string(folder.join(format!("out.{part}"))) else { break };
            let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
            counts.push_back(total.ok_or("callgrind says nothing of what it counted")?.trim().parse()?);
        }
        fs::remove_dir_all(&folder)?;
        Ok(Self(counts))
    }

    pub(crate) fn next(&mut self) -> Option<u64> {
        self.0.pop_front()
    }
}
