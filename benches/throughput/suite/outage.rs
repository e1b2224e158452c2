//! `outage.*` and `drain.*`: Kafka goes away and comes back while messages keep coming.

use std::time::Duration;

use tokio::time::Instant;

use super::{Bench, paced};
use crate::{
    Outcome,
    report::{self, Row},
    run::{Run, Scene, Stretch, Subject},
};

pub(super) const STEPS: u64 = 1;

const RATE: u64 = 5_000;
const SECONDS: u64 = 60;
const SECONDS_LONG: u64 = 600;

const SCENE: Scene = paced::SCENE;

const MOST_MIB: f64 = 128.0;
/// Least rate at which the backlog goes, as a multiple of what comes meanwhile.
const TIMES_LIVE: f64 = 5.0;

/// From then on what waits in the spool is what has just come: half a second of it.
const CAUGHT_UP: f64 = 2_500.0;

/// Records that Kafka has confirmed.
pub(super) const DELIVERED: &str = "trygg_records_delivered_total";
/// Records in the spool that it has not.
pub(super) const WAITING: &str = "trygg_spool_records";

/// How often the engine is asked.
const LOOK: Duration = Duration::from_millis(50);
/// As Prometheus does.
const SCRAPE: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_mins(5);

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    run(bench, "outage", "drain", SECONDS)
}

pub(super) fn measure_long(bench: &mut Bench) -> Outcome {
    run(bench, "outage.long", "drain.long", SECONDS_LONG)
}

fn run(bench: &mut Bench, outage: &str, drain: &str, seconds: u64) -> Outcome {
    let mut run = bench.start(outage, Subject::Engine, &SCENE)?;
    run.send(RATE, RATE)?;
    run.kafka_down()?;
    run.flow(RATE)?;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(seconds) {
        std::thread::park_timeout(SCRAPE);
        // Its histograms keep every message until somebody asks; that nobody does is not measured here.
        run.figures()?;
    }
    let of_outage = run.stop()?;
    let peak = run.memory()?.peak;
    let note = format!(
        "{} (at most {MOST_MIB}); {seconds} s without Kafka at {RATE} messages/s",
        report::verdict(|| peak <= MOST_MIB),
    );
    bench.report.push(Row::new(format!("{outage}.peak"), peak, "MiB", note));
    push_stretch(bench, outage, &of_outage, of_outage.count);

    run.flow(RATE)?;
    let before = run.figures()?;
    let delivered = before.sum(DELIVERED).ok_or("nothing was delivered before the outage")?;
    let bytes = before.sum("trygg_spool_bytes").ok_or("there is no spool")?;
    run.kafka_up()?;
    let up = Instant::now();
    wait_until(&run, DELIVERED, |count| count > delivered)?;
    let first = Instant::now();
    wait_until(&run, WAITING, |count| count < CAUGHT_UP)?;
    let caught_up = Instant::now();
    wait_until(&run, "trygg_link_partitions_spooling", |count| count == 0.0)?;
    let direct = Instant::now();
    let stretch = run.stop()?;

    let backlog = of_outage.count;
    let rate = crate::float(backlog) / (caught_up - first).as_secs_f64();
    let floor = TIMES_LIVE * crate::float(RATE);
    let note = format!(
        "{} (at least {floor:.0}); {backlog} messages, {} MiB, beside {RATE} messages/s live",
        report::verdict(|| rate >= floor),
        report::shown(bytes / f64::from(1 << 20)),
    );
    bench.report.push(Row::new(format!("{drain}.rate"), rate, "messages/s", note));
    push_stretch(bench, drain, &stretch, stretch.count + backlog);
    let row = |name: &str, from: Instant, to: Instant, note: &str| {
        Row::new(format!("{drain}.{name}"), (to - from).as_secs_f64(), "s", note)
    };
    bench.report.push(row("until_first", up, first, "from Kafka's return to its first report"));
    bench.report.push(row("until_caught_up", up, caught_up, "from there to an empty backlog"));
    bench.report.push(row("until_direct", up, direct, "and to the last partition going direct"));
    let peak = run.memory()?.peak;
    let verdict = report::verdict(|| peak <= MOST_MIB);
    let note = format!("{verdict} (at most {MOST_MIB}); outage and drain");
    bench.report.push(Row::new(format!("{drain}.peak"), peak, "MiB", note));
    Ok(())
}

/// How acknowledgements came meanwhile, and what each of `messages` cost.
fn push_stretch(bench: &mut Bench, name: &str, stretch: &Stretch, messages: u64) {
    let silence = stretch.silence.as_secs_f64() * 1e3;
    let note = format!(
        "longest time without an acknowledgement; {:.0} messages/s, at most {} outstanding",
        stretch.per_second(),
        stretch.most,
    );
    bench.report.push(Row::new(format!("{name}.silence"), silence, "ms", note));
    let stretch = Stretch { count: messages, ..*stretch };
    let disk = report::shown(stretch.bytes_per_message());
    let note = format!("{disk} bytes to the disk a message");
    let cpu = stretch.cpu_us_per_message();
    bench.report.push(Row::new(format!("{name}.cpu_us_per_message"), cpu, "us", note));
}

/// Asks the engine until a metric is so.
pub(super) fn wait_until(run: &Run, metric: &str, is_so: impl Fn(f64) -> bool) -> Outcome {
    let begin = Instant::now();
    while !run.figures()?.sum(metric).is_some_and(&is_so) {
        if begin.elapsed() > PATIENCE {
            return Err(format!("{metric} did not get there in {PATIENCE:?}").into());
        }
        std::thread::park_timeout(LOOK);
    }
    Ok(())
}
