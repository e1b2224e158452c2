//! Everything that knows Kafka: the producer, its delivery callback, topics, partitions.
//!
//! The engine has one producer for all links (and a second one, made when first needed, that
//! sends records singly). librdkafka's own threads deliver; the callback makes the
//! [`Receipt`](crate::ack::Receipt) and puts it into the mailbox of the link that waits for it.

pub mod delivery;
pub mod failure;
pub mod follower;
mod implied;
pub mod mailbox;
#[cfg(any(feature = "demo", test))]
pub mod mock;
mod probe;
pub mod producer;
pub mod property;
pub mod security;
pub mod settings;
pub mod statistics;
pub mod token;
pub mod topics;
pub mod trouble;

pub use delivery::LOGIN_RENEWED;
pub use failure::{Failure, FailureClass};
pub use follower::{Absence, FollowError, Followed, Follower, FollowerSettings, Heard};
pub use mailbox::{Mailbox, Report};
pub use producer::{Kafka, KafkaError, LinkProducer};
pub use security::{Credential, Mechanism, Sasl, Security, Tls};
pub use settings::{Compression, Connection, KafkaSettings};
pub use token::LoginContext;
pub use topics::TopicError;
pub use trouble::{Cause, Trouble};

#[cfg(test)]
pub(crate) mod tests;
