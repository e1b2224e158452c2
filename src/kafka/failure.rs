//! What Kafka's errors mean for a record: one exhaustive judgement in one place.

use rdkafka::{error::KafkaError, types::RDKafkaErrorCode};

/// What to do with the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// The record may be at fault; its whole batch failed with it. Send it again singly.
    Record,
    /// Nothing of this topic goes through until somebody changes something. Retry slowly.
    World,
    /// Nobody knows whether it was written: producer lost, purged, or a passing state.
    /// Send it again in order.
    Unknown,
}

/// A failed delivery: its class and a closed code for labels, logs and dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do.
    pub class: FailureClass,
    /// librdkafka's error in words, from a closed list.
    pub code: &'static str,
}

impl Failure {
    /// A report that never came, because its producer is gone.
    pub const PRODUCER_LOST: Self = Self { class: FailureClass::Unknown, code: "producer_lost" };

    /// librdkafka infers that it was written, and its place in the log may be in another log.
    pub const IMPLIED: Self = Self { class: FailureClass::Unknown, code: "implied" };

    /// librdkafka's queue has no room at the moment.
    pub const QUEUE_FULL: Self = Self { class: FailureClass::Unknown, code: "queue_full" };
}

impl From<&KafkaError> for Failure {
    fn from(error: &KafkaError) -> Self {
        error
            .rdkafka_error_code()
            .map_or(Self { class: FailureClass::Unknown, code: "client_error" }, Self::from)
    }
}

impl From<RDKafkaErrorCode> for Failure {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "librdkafka has some 180 codes; what is not named here leaves open what happened"
    )]
    fn from(code: RDKafkaErrorCode) -> Self {
        use FailureClass::{Record, Unknown, World};
        let (class, code) = match code {
            RDKafkaErrorCode::MessageSizeTooLarge => (Record, "message_size_too_large"),
            RDKafkaErrorCode::InvalidMessage => (Record, "invalid_message"),
            RDKafkaErrorCode::InvalidMessageSize => (Record, "invalid_message_size"),
            RDKafkaErrorCode::InvalidTimestamp => (Record, "invalid_timestamp"),
            RDKafkaErrorCode::InvalidRecord => (Record, "invalid_record"),
            RDKafkaErrorCode::PolicyViolation => (Record, "policy_violation"),
            RDKafkaErrorCode::TopicAuthorizationFailed => (World, "topic_authorization_failed"),
            RDKafkaErrorCode::ClusterAuthorizationFailed => (World, "cluster_authorization_failed"),
            RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition => {
                (World, "unknown_topic")
            }
            RDKafkaErrorCode::UnknownPartition => (World, "unknown_partition"),
            RDKafkaErrorCode::InvalidTopic => (World, "invalid_topic"),
            RDKafkaErrorCode::InvalidRequiredAcks => (World, "invalid_required_acks"),
            RDKafkaErrorCode::UnsupportedVersion
            | RDKafkaErrorCode::UnsupportedForMessageFormat => (World, "unsupported_version"),
            RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::UnsupportedSASLMechanism => (World, "authentication"),
            RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight => (Unknown, "purged"),
            RDKafkaErrorCode::QueueFull => (Unknown, "queue_full"),
            RDKafkaErrorCode::Fatal => (Unknown, "fatal"),
            RDKafkaErrorCode::OutOfOrderSequenceNumber => (Unknown, "out_of_order_sequence"),
            RDKafkaErrorCode::InvalidProducerEpoch | RDKafkaErrorCode::ProducerFenced => {
                (Unknown, "producer_fenced")
            }
            RDKafkaErrorCode::MessageTimedOut => (Unknown, "message_timed_out"),
            _ => (Unknown, "other"),
        };
        Self { class, code }
    }
}
