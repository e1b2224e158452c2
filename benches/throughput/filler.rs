//! Fills a spool as an engine would that is killed then.

use std::{fs, fs::File, path::PathBuf};

use clap::Args;
use rand::{RngCore, SeedableRng, rngs::StdRng};
use rustix::fs::{Advice, fadvise};
use trygg::{
    model::{Lane, LinkName, RecordKey, UnixMicros},
    record::Record,
    spool::{Limits, Orders, Spool, SpoolSettings},
};

use crate::{Outcome, engine::LINK, terminal};

/// Bytes of a record's value: a message or two.
const VALUE: usize = 300;
const GROUP: u64 = 10_000;

#[derive(Args, Clone, Debug)]
pub(crate) struct FillerArgs {
    #[arg(long)]
    pub(crate) directory: PathBuf,
    #[arg(long)]
    pub(crate) partitions: i32,
    #[arg(long)]
    pub(crate) bytes: u64,
}

/// Writes until so many bytes lie there, says so, and waits to be killed.
pub(crate) fn run(args: &FillerArgs) -> Outcome {
    let limits = Limits { max_bytes: 2 * args.bytes, keep_free: 0 };
    let settings = SpoolSettings { directory: args.directory.clone(), limits };
    let links: [LinkName; 1] = [LINK.into()];
    let (spool, hands, recovered) = Spool::open(&settings, &links, [args.partitions; 3])?;
    let (Some(hand), Some([readings, ..])) = (hands.first(), recovered.first()) else {
        return Err("a spool without its link".into());
    };
    let board = spool.board();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut random = StdRng::seed_from_u64(2026);
    let (mut next, mut orders, mut tidings) = (readings.next, Orders::default(), Vec::new());
    let bytes = || board.look().logs.iter().map(|log| log.bytes).sum::<u64>();
    while bytes() < args.bytes {
        for _ in 0..GROUP {
            let record = record(next, args.partitions, &mut random)?;
            orders.lane_mut(Lane::Readings).append(next, &record);
            next += 1;
        }
        hand.submit(&mut orders);
        tidings.clear();
        // Its fsync, so that the next group does not pile up behind it.
        while tidings.is_empty() {
            runtime.block_on(hand.arrived());
            hand.take(&mut tidings);
        }
    }
    forget(&args.directory.join(LINK).join("readings"))?;
    terminal::report(&format!("filled records={next}"))?;
    drop(std::io::stdin().lines().next());
    // Without closing the spool.
    std::process::abort();
}

fn record(number: u64, partitions: i32, random: &mut StdRng) -> Outcome<Record> {
    let mut value = vec![0; VALUE];
    random.fill_bytes(&mut value);
    let partition = i32::try_from(number)? % partitions;
    Ok(Record {
        to: RecordKey { lane: Lane::Readings, partition },
        key: format!("h{:05}", number % 1_000).into_bytes(),
        value,
        timestamp: UnixMicros(jiff::Timestamp::now().as_microsecond()),
        readings: 2,
        ..Record::default()
    })
}

/// The start that is measured reads from the disk and not from the kernel's memory.
fn forget(folder: &std::path::Path) -> Outcome {
    for file in fs::read_dir(folder)? {
        fadvise(&File::open(file?.path())?, 0, None, Advice::DontNeed)?;
    }
    Ok(())
}
