//! Against librdkafka's own mock cluster, in this process.

mod login;
mod settings;

use std::sync::atomic::Ordering;

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    mocking::MockCluster,
    producer::DefaultProducerContext,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};
use tokio::time::{Duration, timeout};

use super::{mailbox::Ticket, settings::Grouping, *};
use crate::{
    model::{Lane, RecordKey, UnixMicros},
    record::Record,
};

type Cluster = MockCluster<'static, DefaultProducerContext>;

const PATIENCE: Duration = Duration::from_secs(20);
const TOPICS: [&str; 3] = ["readings", "alerts", "dead-letters"];

/// A cluster of one broker with our topics, of 4, 3 and 2 partitions.
pub(crate) fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).expect("a cluster");
    for (topic, partitions) in TOPICS.into_iter().zip([4, 3, 2]) {
        cluster.create_topic(topic, partitions, 1).expect("a topic");
    }
    cluster
}

pub(crate) fn settings_for(cluster: &Cluster) -> KafkaSettings {
    KafkaSettings {
        connection: connection(cluster.bootstrap_servers()),
        compression: Compression::Lz4,
        linger: Duration::from_millis(20),
        topics: TOPICS.map(str::to_owned),
        create: None,
        queue_records: 1_000,
        queue_bytes: 1 << 20,
        record_bytes: 1 << 20,
        metadata_timeout: Duration::from_secs(10),
    }
}

/// In clear, without a login.
pub(crate) fn connection(brokers: String) -> Connection {
    Connection { brokers, client_id: "test".to_owned(), ..Connection::default() }
}

pub(crate) fn record(lane: Lane, partition: i32, key: &str) -> Record {
    let mut record = Record { to: RecordKey { lane, partition }, ..Record::default() };
    record.key.extend_from_slice(key.as_bytes());
    record.value.extend_from_slice(b"\x0a\x01t");
    record.timestamp = UnixMicros(1_790_000_000_123_456);
    record
}

/// Keys of one partition, in order.
pub(crate) fn stored(cluster: &Cluster, topic: &str, partition: i32) -> Vec<String> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "test")
        .create()
        .expect("a consumer");
    let (_, end) = consumer.fetch_watermarks(topic, partition, PATIENCE).expect("watermarks");
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, partition, Offset::Beginning).expect("assigned");
    consumer.assign(&assignment).expect("assigned");
    let mut keys = Vec::new();
    while i64::try_from(keys.len()).expect("few") < end {
        let message = consumer.poll(PATIENCE).expect("in time").expect("a message");
        let key = message.key().expect("a key");
        assert!(message.headers().is_none(), "headers double a record's cost");
        assert_eq!(message.timestamp().to_millis(), Some(1_790_000_000_123));
        keys.push(String::from_utf8_lossy(key).into_owned());
    }
    keys
}

async fn reports(link: &LinkProducer, count: usize) -> Vec<Report> {
    let (mut all, mut some) = (Vec::new(), Vec::new());
    while all.len() < count {
        link.mailbox().take(&mut some);
        all.append(&mut some);
        if all.len() < count {
            timeout(PATIENCE, link.mailbox().arrived()).await.expect("a report");
        }
    }
    all
}

fn send(link: &LinkProducer, index: u32, record: &Record) -> Result<Ticket, Failure> {
    link.send(index, Grouping::Batched, None, record)
}

#[tokio::test]
async fn reports_reach_the_link_that_sent_the_record() {
    let cluster = cluster();
    let kafka = Kafka::connect(settings_for(&cluster), 2).await.expect("connected");
    assert_eq!(kafka.partitions(), [4, 3, 2]);
    let links = [kafka.link(0), kafka.link(1)];
    for index in 0..5 {
        let record = record(Lane::Readings, 2, &format!("a{index}"));
        send(&links[0], index, &record).expect("taken");
    }
    let alert = record(Lane::Alerts, 1, "b");
    let ticket = links[1].send(7, Grouping::Single, None, &alert).expect("taken");
    assert_eq!(ticket, Ticket { record: 7, generation: 0 });
    let (first, second) = (reports(&links[0], 5).await, reports(&links[1], 1).await);
    assert!(first.iter().chain(&second).all(|report| report.outcome.is_ok()));
    let indices: Vec<u32> = first.iter().map(|report| report.ticket.record).collect();
    assert_eq!(indices, [0, 1, 2, 3, 4]);
    assert_eq!(second[0].ticket, ticket);
    assert_eq!(stored(&cluster, "readings", 2), ["a0", "a1", "a2", "a3", "a4"]);
    assert_eq!(stored(&cluster, "alerts", 1), ["b"]);
}

#[tokio::test]
async fn one_refused_record_fails_its_whole_batch() {
    for (error, expected) in [
        (
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
            Failure { class: FailureClass::Record, code: "message_size_too_large" },
        ),
        (
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
            Failure { class: FailureClass::World, code: "topic_authorization_failed" },
        ),
        (
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD,
            Failure { class: FailureClass::Record, code: "invalid_record" },
        ),
    ] {
        let cluster = cluster();
        let kafka = Kafka::connect(settings_for(&cluster), 1).await.expect("connected");
        let link = kafka.link(0);
        cluster.request_errors(RDKafkaApiKey::Produce, &[error]);
        for index in 0..3 {
            send(&link, index, &record(Lane::Readings, 0, "a")).expect("taken");
        }
        for report in reports(&link, 3).await {
            assert_eq!(report.outcome.err(), Some(expected), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_record_above_every_limit_is_not_even_taken() {
    let cluster = cluster();
    let kafka = Kafka::connect(settings_for(&cluster), 1).await.expect("connected");
    let mut huge = record(Lane::Readings, 0, "a");
    huge.value.resize((1 << 20) + 2_000, 0);
    let refused = send(&kafka.link(0), 0, &huge);
    let code = "message_size_too_large";
    assert_eq!(refused, Err(Failure { class: FailureClass::Record, code }));
    huge.value.truncate(1 << 20);
    send(&kafka.link(0), 0, &huge).expect("a record of the largest size is");
}

#[tokio::test]
async fn a_fatal_error_is_raised_and_another_producer_takes_over() {
    let cluster = cluster();
    let kafka = Kafka::connect(settings_for(&cluster), 1).await.expect("connected");
    let link = kafka.link(0);
    let out_of_order = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    cluster.request_errors(RDKafkaApiKey::Produce, &[out_of_order]);
    send(&link, 0, &record(Lane::Readings, 0, "a")).expect("taken");
    timeout(PATIENCE, kafka.state().fatal()).await.expect("raised");
    let refused = send(&link, 1, &record(Lane::Readings, 0, "b"));
    assert_eq!(refused, Err(Failure { class: FailureClass::Unknown, code: "fatal" }));

    kafka.rebuild().expect("rebuilt");
    assert_eq!(link.settled_generation(), 1);
    let raised_again = timeout(Duration::from_millis(50), kafka.state().fatal()).await;
    assert!(raised_again.is_err(), "the new producer is not blamed for the old one's death");
    for report in reports(&link, 1).await {
        assert_eq!(report.ticket.generation, 0);
        let failure = report.outcome.expect_err("nobody knows");
        assert_eq!(failure.class, FailureClass::Unknown);
    }
    let b = record(Lane::Readings, 0, "b");
    let overtaking = link.send(1, Grouping::Batched, Some(0), &b);
    assert_eq!(overtaking, Err(Failure::PRODUCER_LOST));
    assert_eq!(send(&link, 1, &b), Ok(Ticket { record: 1, generation: 1 }));
    assert!(reports(&link, 1).await[0].outcome.is_ok());
    assert_eq!(stored(&cluster, "readings", 0), ["b"]);
}

#[tokio::test]
async fn a_purge_reports_every_record_as_unknown() {
    let cluster = cluster();
    let kafka = Kafka::connect(settings_for(&cluster), 1).await.expect("connected");
    let link = kafka.link(0);
    cluster.broker_down(-1).expect("down");
    for (index, grouping) in [(0, Grouping::Batched), (1, Grouping::Single)] {
        let record = record(Lane::Readings, 0, "a");
        link.send(index, grouping, None, &record).expect("taken");
    }
    kafka.purge();
    for report in reports(&link, 2).await {
        let purged = Failure { class: FailureClass::Unknown, code: "purged" };
        assert_eq!(report.outcome.err(), Some(purged));
    }
}

#[tokio::test]
async fn a_broker_that_comes_back_is_given_everything_in_order() {
    let cluster = cluster();
    let kafka = Kafka::connect(settings_for(&cluster), 1).await.expect("connected");
    let link = kafka.link(0);
    cluster.broker_down(-1).expect("down");
    for index in 0..10 {
        send(&link, index, &record(Lane::Readings, 0, &index.to_string())).expect("taken");
    }
    cluster.broker_up(-1).expect("up");
    assert!(reports(&link, 10).await.iter().all(|report| report.outcome.is_ok()));
    assert!(!kafka.state().all_brokers_down.load(Ordering::Acquire));
    let expected: Vec<String> = (0..10).map(|index| index.to_string()).collect();
    assert_eq!(stored(&cluster, "readings", 0), expected);
}

#[tokio::test]
async fn a_missing_topic_ends_the_start_with_the_command_that_creates_it() {
    let cluster = MockCluster::new(1).expect("a cluster");
    cluster.create_topic("alerts", 3, 1).expect("a topic");
    let error = Kafka::connect(settings_for(&cluster), 1).await.expect_err("two are missing");
    let text = error.to_string();
    assert!(matches!(error, KafkaError::Topics(TopicError::Missing { .. })), "{text}");
    for topic in ["readings", "dead-letters"] {
        assert!(text.contains(&format!("--create --topic {topic} ")), "{text}");
    }
    assert!(!text.contains("alerts"), "{text}");
}

#[tokio::test]
async fn no_answer_ends_the_start() {
    let cluster = cluster();
    let settings = KafkaSettings {
        connection: connection("127.0.0.1:1".to_owned()),
        metadata_timeout: Duration::from_millis(300),
        ..settings_for(&cluster)
    };
    let error = Kafka::connect(settings, 1).await.expect_err("nobody listens");
    assert!(matches!(error, KafkaError::Topics(TopicError::Unreachable { .. })), "{error}");
}

#[tokio::test]
async fn remembered_partitions_are_used_without_asking_and_compared_later() {
    let cluster = cluster();
    let kafka = Kafka::remembered(settings_for(&cluster), 1, [4, 3, 1]).expect("a producer");
    assert_eq!(kafka.partitions(), [4, 3, 1], "as remembered");
    assert!(kafka.state().all_brokers_down.load(Ordering::Acquire), "until one answers");
    let link = kafka.link(0);
    send(&link, 0, &record(Lane::Readings, 3, "k")).expect("taken");
    assert!(reports(&link, 1).await[0].outcome.is_ok());
    assert!(!kafka.state().all_brokers_down.load(Ordering::Acquire));
    let looked = tokio::task::spawn_blocking(move || kafka.look()).await.expect("no panic");
    assert_eq!(looked.expect("an answer"), [4, 3, 2], "as Kafka has them");
}

#[tokio::test]
async fn nobody_to_ask_is_no_obstacle_for_a_remembered_layout() {
    let cluster = cluster();
    let away = || KafkaSettings {
        connection: connection("127.0.0.1:1".to_owned()),
        ..settings_for(&cluster)
    };
    let kafka = Kafka::remembered(away(), 1, [4, 3, 2]).expect("a producer");
    send(&kafka.link(0), 0, &record(Lane::Alerts, 2, "k")).expect("taken, to be sent later");
    let looked = tokio::task::spawn_blocking(move || kafka.look()).await.expect("no panic");
    assert!(matches!(looked, Err(TopicError::Unreachable { .. })), "{looked:?}");
    let missing =
        KafkaSettings { topics: ["a", "b", "c"].map(str::to_owned), ..settings_for(&cluster) };
    let kafka = Kafka::remembered(missing, 1, [1, 1, 1]).expect("a producer");
    let looked = tokio::task::spawn_blocking(move || kafka.look()).await.expect("no panic");
    assert!(matches!(looked, Err(TopicError::Missing { .. })), "{looked:?}");
}
