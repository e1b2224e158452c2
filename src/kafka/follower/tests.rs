//! Against librdkafka's own mock cluster.

use rdkafka::{
    mocking::MockCluster,
    producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer},
    types::{RDKafkaApiKey, RDKafkaRespErr},
};
use tokio::time::{Duration, timeout};

use super::*;

type Cluster = MockCluster<'static, DefaultProducerContext>;

const PATIENCE: Duration = Duration::from_secs(30);
/// Milliseconds of the first record; each later one is a second younger.
const FIRST: i64 = 1_790_000_000_000;

fn cluster() -> Cluster {
    let cluster = MockCluster::new(1).expect("a cluster");
    for topic in ["trygg.readings", "trygg.alerts"] {
        cluster.create_topic(topic, 2, 1).expect("a topic");
    }
    cluster
}

/// Appends records named by their numbers, even ones to partition 0.
fn produce(cluster: &Cluster, topic: &str, numbers: std::ops::Range<i64>, compression: &str) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("compression.type", compression)
        .create()
        .expect("a producer");
    for number in numbers {
        let (key, value) = (format!("h{number}"), number.to_string().repeat(50));
        let record = BaseRecord::to(topic)
            .partition(i32::try_from(number % 2).expect("0 or 1"))
            .timestamp(FIRST + number * 1_000)
            .key(&key)
            .payload(&value);
        producer.send(record).map_err(|(error, _)| error).expect("taken");
    }
    producer.flush(PATIENCE).expect("stored");
}

fn settings(cluster: &Cluster, topics: &[&str], from: From) -> FollowerSettings {
    FollowerSettings {
        brokers: cluster.bootstrap_servers(),
        properties: BTreeMap::new(),
        login: LoginContext::default(),
        topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
        from,
        until_end: false,
    }
}

async fn next(follower: &mut Follower) -> Result<Heard, FollowError> {
    timeout(PATIENCE, follower.next()).await.expect("in time")
}

/// Keys until the end, sorted.
async fn all(settings: FollowerSettings) -> Vec<String> {
    let mut follower =
        Follower::start(FollowerSettings { until_end: true, ..settings }).expect("started");
    let mut keys = Vec::new();
    loop {
        match next(&mut follower).await.expect("no error") {
            Heard::Record(record) => keys.push(String::from_utf8(record.key).expect("text")),
            Heard::End => break,
            Heard::Following { partitions } => assert_eq!(partitions, 2),
            other @ (Heard::Away(_) | Heard::Back) => panic!("{other:?}"),
        }
    }
    keys.sort();
    keys
}

#[tokio::test]
async fn everything_is_read_from_the_beginning_whatever_its_compression() {
    let cluster = cluster();
    for (first, compression) in [(0, "none"), (2, "lz4"), (4, "zstd"), (6, "gzip")] {
        produce(&cluster, "trygg.readings", first..first + 2, compression);
    }
    let settings = settings(&cluster, &["trygg.readings"], From::Beginning);
    assert_eq!(all(settings).await, ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7"]);
}

#[tokio::test]
async fn a_record_comes_with_its_place_and_time() {
    let cluster = cluster();
    produce(&cluster, "trygg.alerts", 0..4, "none");
    let settings = settings(&cluster, &["trygg.alerts"], From::Beginning);
    let mut follower = Follower::start(settings).expect("started");
    let mut last = None;
    while last.as_ref().is_none_or(|record: &Followed| record.key != b"h3") {
        if let Heard::Record(record) = next(&mut follower).await.expect("no error") {
            last = Some(record);
        }
    }
    let record = last.expect("one");
    assert_eq!((&*record.topic, record.partition, record.offset), ("trygg.alerts", 1, 1));
    assert_eq!(record.timestamp, Some(UnixMicros((FIRST + 3_000) * 1_000)));
    assert_eq!(record.value, "3".repeat(50).into_bytes());
}

#[tokio::test]
async fn from_now_on_nothing_old_comes_and_nothing_new_is_missed() {
    let cluster = cluster();
    produce(&cluster, "trygg.readings", 0..6, "none");
    let settings = settings(&cluster, &["trygg.readings", "trygg.alerts"], From::Now);
    let mut follower = Follower::start(settings).expect("started");
    let first = next(&mut follower).await.expect("no error");
    assert!(matches!(first, Heard::Following { partitions: 4 }), "{first:?}");
    produce(&cluster, "trygg.readings", 6..7, "none");
    let Heard::Record(record) = next(&mut follower).await.expect("no error") else {
        panic!("a record")
    };
    assert_eq!(record.key, b"h6");
}

#[tokio::test]
async fn from_a_time_on_younger_records_come() {
    let cluster = cluster();
    produce(&cluster, "trygg.readings", 0..6, "none");
    let from = |millis| {
        let from = From::Time(UnixMicros((FIRST + millis) * 1_000));
        all(settings(&cluster, &["trygg.readings"], from))
    };
    assert_eq!(from(2_500).await, ["h3", "h4", "h5"]);
    assert_eq!(from(3_000).await, ["h3", "h4", "h5"]);
    assert_eq!(from(-1_000_000).await.len(), 6);
    assert!(from(60_000).await.is_empty());
}

#[tokio::test]
async fn an_empty_topic_ends_at_once() {
    let cluster = cluster();
    let settings = settings(&cluster, &["trygg.alerts"], From::Beginning);
    assert!(all(settings).await.is_empty());
}

#[tokio::test]
async fn an_unknown_topic_is_answered_with_those_that_look_alike() {
    let cluster = cluster();
    cluster.create_topic("weather", 1, 1).expect("a topic");
    let settings = settings(&cluster, &["trygg.readings", "readings"], From::Now);
    let mut follower = Follower::start(settings).expect("started");
    let error = next(&mut follower).await.expect_err("there is none");
    assert_eq!(
        error.to_string(),
        "Kafka has no topic readings; it has trygg.alerts, trygg.readings"
    );
    assert!(matches!(next(&mut follower).await, Ok(Heard::End)), "nothing after an error");
}

#[tokio::test]
async fn an_unknown_setting_is_named_and_its_value_is_not() {
    let cluster = cluster();
    let mut settings = settings(&cluster, &["trygg.readings"], From::Now);
    settings.properties.insert("sasl.pasword".to_owned(), "geheim".to_owned());
    let error = Follower::start(settings).expect_err("no such key").to_string();
    assert!(error.contains("sasl.pasword") && !error.contains("geheim"), "{error}");
}

#[tokio::test]
async fn a_kafka_that_is_away_is_told_once_and_waited_for() {
    let cluster = cluster();
    produce(&cluster, "trygg.readings", 0..1, "none");
    cluster.broker_down(-1).expect("down");
    let settings = settings(&cluster, &["trygg.readings"], From::Beginning);
    let mut follower = Follower::start(settings).expect("started");
    let first = next(&mut follower).await.expect("no error");
    assert!(matches!(first, Heard::Away(Absence::Unreachable)), "{first:?}");
    let silent = timeout(Duration::from_secs(3), follower.next()).await;
    assert!(silent.is_err(), "told twice: {silent:?}");
    cluster.broker_up(-1).expect("up");
    let mut heard = Vec::new();
    for _ in 0..3 {
        heard.push(next(&mut follower).await.expect("no error"));
    }
    assert!(
        matches!(heard[..], [Heard::Back, Heard::Following { .. }, Heard::Record(_)]),
        "{heard:?}"
    );

    cluster.broker_down(-1).expect("down");
    let away = next(&mut follower).await.expect("no error");
    assert!(matches!(away, Heard::Away(Absence::Unreachable)), "{away:?}");
    cluster.broker_up(-1).expect("up");
    let back = next(&mut follower).await.expect("no error");
    assert!(matches!(back, Heard::Back), "{back:?}");
    produce(&cluster, "trygg.readings", 1..2, "none");
    // The last connection of the outage may fail after the first that works.
    let mut record = next(&mut follower).await.expect("no error");
    while matches!(record, Heard::Away(_) | Heard::Back) {
        record = next(&mut follower).await.expect("no error");
    }
    assert!(matches!(record, Heard::Record(_)), "{record:?}");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_kafka_that_is_away() {
    for _ in 0..3 {
        let cluster = cluster();
        cluster.broker_down(-1).expect("down");
        let settings = settings(&cluster, &["trygg.readings"], From::Now);
        let mut follower = Follower::start(settings).expect("started");
        let first = next(&mut follower).await.expect("no error");
        assert!(matches!(first, Heard::Away(Absence::Unreachable)), "{first:?}");
        let begun = tokio::time::Instant::now();
        drop(follower);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_missing_right_ends_it() {
    let cluster = cluster();
    produce(&cluster, "trygg.readings", 0..1, "none");
    let denied = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    cluster.request_errors(RDKafkaApiKey::Fetch, &[denied; 5]);
    let settings = settings(&cluster, &["trygg.readings"], From::Beginning);
    let mut follower = Follower::start(settings).expect("started");
    let error = loop {
        match next(&mut follower).await {
            Ok(Heard::Following { .. }) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, FollowError::Forbidden), "{error}");
}

#[tokio::test]
async fn a_slow_reader_stops_the_thread_and_not_the_end() {
    let cluster = cluster();
    produce(&cluster, "trygg.readings", 0..2_000, "lz4");
    let settings = settings(&cluster, &["trygg.readings"], From::Beginning);
    let mut follower = Follower::start(settings).expect("started");
    let mut count = 0;
    while count < 10 {
        if let Heard::Record(_) = next(&mut follower).await.expect("no error") {
            count += 1;
        }
    }
    let waiting = follower.heard.as_ref().expect("alive").len();
    assert!(waiting <= QUEUE, "{waiting} wait");
    // Ends although the thread waits for room in the queue.
    drop(follower);
}
