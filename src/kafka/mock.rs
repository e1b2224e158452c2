//! librdkafka's mock cluster: a Kafka in this process, in memory, for looks and tests.

use rdkafka::{mocking::MockCluster, producer::DefaultProducerContext};
use thiserror::Error;

/// librdkafka could not make the cluster.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct MockError(#[from] rdkafka::error::KafkaError);

/// A mock cluster of one broker. Each partition keeps its newest 5 MiB or so; all is gone at the
/// end.
pub struct MockKafka {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl MockKafka {
    /// Starts it, with these topics.
    ///
    /// # Errors
    /// When librdkafka cannot make it.
    pub fn start(topics: &[&str], partitions: i32) -> Result<Self, MockError> {
        let cluster = MockCluster::new(1)?;
        for topic in topics {
            cluster.create_topic(topic, partitions, 1)?;
        }
        Ok(Self { cluster })
    }

    /// `host:port` to connect to.
    pub fn brokers(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}

impl std::fmt::Debug for MockKafka {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MockKafka").field("brokers", &self.brokers()).finish()
    }
}
