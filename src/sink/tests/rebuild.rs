//! A real producer that librdkafka declares dead, and the one after it.

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use tokio::time::{Instant, timeout};

use super::{arrival, receipt};
use crate::{
    ack::{Epoch, Outstanding},
    kafka::{
        Kafka, LinkProducer,
        tests::{cluster, record, settings_for, stored},
    },
    model::{Lane, Mono},
    record::RecordPool,
    sink::Sink,
};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// A sink over a real producer, driven as a link drives it.
struct Driver {
    sink: Sink<LinkProducer>,
    link: LinkProducer,
    window: Outstanding,
    pool: RecordPool,
    started: Instant,
}

impl Driver {
    fn new(kafka: &std::sync::Arc<Kafka>) -> Self {
        Self {
            sink: Sink::new(kafka.link(0), kafka.partitions()),
            link: kafka.link(0),
            window: Outstanding::new(Epoch(1), 64),
            pool: RecordPool::new(64),
            started: Instant::now(),
        }
    }

    fn now(&self) -> Mono {
        Mono(0) + self.started.elapsed()
    }

    fn hand_over(&mut self, key: &str) {
        let mut record = record(Lane::Readings, 0, key);
        let (_, mut token) = self.window.admit(arrival()).expect("room");
        token.split(&mut record.shares);
        token.hand_on();
        self.sink.hand_over(record, self.now());
    }

    fn take_reports(&mut self) {
        let mut reports = Vec::new();
        self.link.mailbox().take(&mut reports);
        let now = self.now();
        for report in reports {
            self.sink.report(report, now, &mut self.pool);
        }
    }

    /// Goes on until nothing is live.
    async fn drive(&mut self) {
        while self.sink.live() > 0 {
            self.take_reports();
            let now = self.now();
            self.sink.tick(now, &mut self.pool);
            if self.sink.live() > 0 {
                let due = self.sink.deadline().map_or(PATIENCE, |due| due.since(now));
                let begun = self.started.elapsed();
                assert!(begun < PATIENCE, "{} are still live", self.sink.live());
                // Either may come first.
                let waited = timeout(due, self.link.mailbox().arrived()).await;
                assert!(waited.is_ok() || due < PATIENCE, "no report");
            }
        }
    }

    fn acknowledged(&mut self) -> usize {
        let mut count = 0;
        while self.window.pop_done().is_some() {
            count += 1;
        }
        assert_eq!(self.window.window().abandoned(), 0);
        count
    }
}

#[tokio::test]
async fn after_a_fatal_error_records_go_again_in_order_and_none_is_acknowledged_between() {
    let cluster = cluster();
    let kafka = Kafka::connect(settings_for(&cluster), 1).await.expect("connected");
    let mut driver = Driver::new(&kafka);
    let out_of_order = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    cluster.request_errors(RDKafkaApiKey::Produce, &[out_of_order]);
    for key in ["a", "b", "c", "d", "e"] {
        driver.hand_over(key);
    }
    timeout(PATIENCE, kafka.state().fatal()).await.expect("raised");
    driver.hand_over("f");
    driver.take_reports();
    assert_eq!((driver.sink.live(), driver.acknowledged()), (6, 0));
    kafka.rebuild().expect("rebuilt");
    driver.hand_over("g");
    assert_eq!(driver.acknowledged(), 0);
    driver.drive().await;
    assert_eq!(driver.acknowledged(), 7);
    assert_eq!(stored(&cluster, "readings", 0), ["a", "b", "c", "d", "e", "f", "g"]);
    assert_eq!(driver.sink.counts().poison, 0);
}

#[tokio::test]
async fn an_error_that_leaves_open_what_was_written_is_answered_by_sending_again() {
    let cluster = cluster();
    let kafka = Kafka::connect(settings_for(&cluster), 1).await.expect("connected");
    let mut driver = Driver::new(&kafka);
    let stale_epoch = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
    cluster.request_errors(RDKafkaApiKey::Produce, &[stale_epoch]);
    for key in ["a", "b", "c"] {
        driver.hand_over(key);
    }
    driver.drive().await;
    assert_eq!(driver.acknowledged(), 3);
    assert_eq!(stored(&cluster, "readings", 0), ["a", "b", "c"]);
    // The first was alone: the broker did not know its producer yet.
    assert_eq!((driver.sink.counts().failed_unknown, driver.sink.counts().poison), (1, 0));
}

#[tokio::test]
async fn poison_in_a_real_batch_is_found_and_its_neighbours_are_stored() {
    let cluster = cluster();
    let kafka = Kafka::connect(settings_for(&cluster), 1).await.expect("connected");
    let mut driver = Driver::new(&kafka);
    let too_large = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    // The batch, then `a` alone.
    cluster.request_errors(RDKafkaApiKey::Produce, &[too_large, too_large]);
    for key in ["a", "b", "c"] {
        driver.hand_over(key);
    }
    driver.drive().await;
    let mut poison = Vec::new();
    driver.sink.take_poison(&mut poison);
    assert_eq!(poison.len(), 1);
    assert_eq!(poison[0].code, "message_size_too_large");
    assert_eq!(stored(&cluster, "readings", 0), ["b", "c"]);
    assert_eq!(driver.acknowledged(), 0, "the first message waits for its dead letter");
    poison[0].record.shares.settle(receipt());
    assert_eq!(driver.acknowledged(), 3);
}
