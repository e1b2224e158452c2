//! librdkafka's mock cluster in a process of its own.

use std::time::Duration;

use bytes::Buf;
use clap::Args;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    mocking::MockCluster,
};

use crate::{Outcome, terminal};

const TIMEOUT: Duration = Duration::from_secs(10);

/// `ReadingBatch.reports`.
const REPORTS_FIELD: u32 = 5;

#[derive(Args, Clone, Debug)]
pub(crate) struct KafkaArgs {
    /// Topics to create.
    #[arg(long = "topic")]
    pub(crate) topics: Vec<String>,
    #[arg(long)]
    pub(crate) partitions: i32,
    /// Added to every answer of the broker, milliseconds.
    #[arg(long)]
    pub(crate) round_trip: u64,
}

/// Answers `count` with the records stored so far, goes `down` and `up` again, until stdin ends.
pub(crate) fn run(args: &KafkaArgs) -> Outcome {
    let cluster = MockCluster::new(1)?;
    for topic in &args.topics {
        cluster.create_topic(topic, args.partitions, 1)?;
    }
    if args.round_trip > 0 {
        cluster.broker_round_trip_time(1, Duration::from_millis(args.round_trip))?;
    }
    let brokers = cluster.bootstrap_servers();
    terminal::report(&format!("ready brokers={brokers}"))?;
    for line in std::io::stdin().lines().map_while(Result::ok) {
        match line.as_str() {
            "count" => {
                let records = count(args, &brokers)?;
                terminal::report(&format!("counted records={records}"))?;
            }
            "reports" => {
                let reports = count_reports(args, &brokers)?;
                terminal::report(&format!("reported reports={reports}"))?;
            }
            "down" => {
                cluster.broker_down(1)?;
                terminal::report("is_down")?;
            }
            "up" => {
                cluster.broker_up(1)?;
                terminal::report("is_up")?;
            }
            other => return Err(format!("unknown command {other:?}").into()),
        }
    }
    Ok(())
}

/// Records in all topics.
fn count(args: &KafkaArgs, brokers: &str) -> Outcome<i64> {
    let consumer = consumer(brokers)?;
    let mut records = 0;
    for topic in &args.topics {
        for partition in 0..args.partitions {
            let (_, high) = consumer.fetch_watermarks(topic, partition, TIMEOUT)?;
            records += high;
        }
    }
    Ok(records)
}

/// Device reports in the first topic's records, which are `ReadingBatch`es.
fn count_reports(args: &KafkaArgs, brokers: &str) -> Outcome<u64> {
    let consumer = consumer(brokers)?;
    let topic = args.topics.first().ok_or("no topic")?;
    let mut assignment = TopicPartitionList::new();
    let mut records = 0;
    for partition in 0..args.partitions {
        let (low, high) = consumer.fetch_watermarks(topic, partition, TIMEOUT)?;
        assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
        records += high - low;
    }
    consumer.assign(&assignment)?;
    let mut reports = 0;
    for _ in 0..records {
        let record = consumer.poll(TIMEOUT).ok_or("a record that does not come")??;
        let mut batch = record.payload().ok_or("a record without value")?;
        while batch.has_remaining() {
            let (field, wire) = decode_key(&mut batch)?;
            reports += u64::from(field == REPORTS_FIELD);
            skip_field(wire, field, &mut batch, DecodeContext::default())?;
        }
    }
    Ok(reports)
}

fn consumer(brokers: &str) -> Outcome<BaseConsumer> {
    let consumer =
        ClientConfig::new().set("bootstrap.servers", brokers).set("group.id", "bench").create()?;
    Ok(consumer)
}
