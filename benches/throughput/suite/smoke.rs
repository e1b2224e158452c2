//! Every role once with few messages: all acknowledged in order, all of them in Kafka.

use super::{Bench, FORMATS, outage, saturated};
use crate::{
    Outcome,
    engine::Ack,
    pump::Clock,
    report::Row,
    run::{Run, Scene, Subject},
};

const MESSAGES: u64 = 20_000;
const PACED: u64 = 1_000;

pub(super) const STEPS: u64 = 6;

const SCENE: Scene = Scene { window: 1_000, clock: Clock::On, ..saturated::SCENE };

pub(super) fn check(bench: &mut Bench) -> Outcome {
    for format in FORMATS {
        let name = format!("smoke.engine.{}", format.name());
        let mut run = bench.start(&name, Subject::Engine, &Scene { format, ..SCENE })?;
        send(&mut run)?;
        let reports = run.reports()?;
        demand(&name, "device reports", reports, MESSAGES + PACED)?;
        bench.report.push(Row::new(name, crate::float(reports), "reports", "one a message"));
    }
    for subject in [Subject::OwnLoop, Subject::RumqttcV5] {
        let name = format!("smoke.{}", subject.label());
        let mut run = bench.start(&name, subject, &SCENE)?;
        send(&mut run)?;
        let records = run.records()?;
        demand(&name, "records", records, MESSAGES + PACED)?;
        let latency = run.latency()?;
        let note = format!("one a message; {latency:?} from produce to report");
        bench.report.push(Row::new(name, crate::float(records), "records", note));
    }
    spool(bench)
}

/// What is acknowledged while Kafka is away is in Kafka once it is back.
fn spool(bench: &mut Bench) -> Outcome {
    let name = "smoke.spool";
    let mut run = bench.start(name, Subject::Engine, &Scene { ack: Ack::Spool, ..SCENE })?;
    run.kafka_down()?;
    send(&mut run)?;
    run.kafka_up()?;
    outage::wait_until(&run, outage::WAITING, |count| count == 0.0)?;
    let reports = run.reports()?;
    demand(name, "device reports", reports, MESSAGES + PACED)?;
    bench.report.push(Row::new(name, crate::float(reports), "reports", "one a message"));
    Ok(())
}

/// `Run::send` fails when an acknowledgement is missing, early or of nothing.
fn send(run: &mut Run) -> Outcome {
    run.send(MESSAGES, 0)?;
    run.send(PACED, PACED)?;
    Ok(())
}

fn demand(name: &str, what: &str, found: u64, expected: u64) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("{name}: {found} {what} in Kafka, not {expected}").into())
}
