//! `engine.*` and `pump.*`: CPU a message when as much comes as can be taken.

use std::time::Duration;

use super::{Bench, FORMATS, Field};
use crate::{
    Outcome,
    engine::Ack,
    generator::Format,
    pump::Clock,
    report::{self, Row},
    run::{Scene, Subject},
    statistics,
};

const ROUNDS: u64 = 5;
const WARM_UP: u64 = 100_000;
const MESSAGES: u64 = 750_000;

pub(super) fn steps(field: Field) -> u64 {
    match field {
        Field::Everybody => ROUNDS * 5,
        Field::Pumps => ROUNDS * 2,
    }
}

/// The scene of the issue; partitions are not in it.
pub(super) const SCENE: Scene = Scene {
    format: Format::Zigbee2mqtt,
    homes: 500,
    devices_per_home: 20,
    partitions: 4,
    window: 10_000,
    ack: Ack::Auto,
    round_trip: Duration::ZERO,
    listed: 0,
    clock: Clock::Off,
};

/// Most the engine may cost, as a multiple of each pump.
const OVER_OWN_LOOP: f64 = 2.2;
const OVER_RUMQTTC: f64 = 0.6;

const OWN_LOOP: &str = "pump.own_loop.cpu_us_per_message";
const RUMQTTC: &str = "pump.rumqttc_v5.cpu_us_per_message";

pub(super) fn measure(bench: &mut Bench) -> Outcome {
    let mut rows: Vec<(String, Subject, Format, Vec<f64>)> = Vec::new();
    for format in FORMATS {
        rows.push((engine_row(format), Subject::Engine, format, Vec::new()));
    }
    rows.push((OWN_LOOP.to_owned(), Subject::OwnLoop, Format::Zigbee2mqtt, Vec::new()));
    rows.push((RUMQTTC.to_owned(), Subject::RumqttcV5, Format::Zigbee2mqtt, Vec::new()));
    rows.retain(|(_, subject, _, _)| bench.field.has(*subject));
    for _ in 0..ROUNDS {
        for (name, subject, format, values) in &mut rows {
            let mut run = bench.start(name, *subject, &Scene { format: *format, ..SCENE })?;
            run.send(WARM_UP, 0)?;
            values.push(run.send(MESSAGES, 0)?.cpu_us_per_message());
        }
    }
    for (name, _, _, values) in rows {
        let note = format!("{}; {MESSAGES} messages a run", statistics::spread(&values));
        bench.report.push(Row::new(name, statistics::median(&values), "us", note));
    }
    if !bench.field.has(Subject::Engine) {
        return Ok(());
    }
    for format in FORMATS {
        compare(bench, format, "own_loop", OWN_LOOP, OVER_OWN_LOOP);
        compare(bench, format, "rumqttc_v5", RUMQTTC, OVER_RUMQTTC);
    }
    Ok(())
}

fn engine_row(format: Format) -> String {
    format!("engine.{}.cpu_us_per_message", format.name())
}

fn compare(bench: &mut Bench, format: Format, pump: &str, pump_row: &str, limit: f64) {
    let engine = bench.value(&engine_row(format));
    let ratio = engine / bench.value(pump_row);
    let note = format!("{} (at most {limit})", report::verdict(|| ratio <= limit));
    bench.report.push(Row::new(format!("ratio.{}.{pump}", format.name()), ratio, "x", note));
}
