//! The client side of MQTT 5 and MQTT 3.1.1, without I/O: bytes and times come in, bytes and events
//! go out.
//!
//! `framing` cuts the stream into frames, `publish` reads messages in place, `v5` and `v311` read
//! and write the rare packets, and `protocol` chooses between them. `session` decides what a
//! connection does, `backoff` when the next one starts. The shell in `link` owns the socket and the
//! clock. `publisher` is the other direction, for the tools that send. rumqttc's codec writes what
//! is rare (CONNECT, SUBSCRIBE) and reads the properties of CONNACK; everything that arrives often,
//! and every form that codec swallows, is read here.

pub mod backoff;
pub mod error;
mod fields;
pub mod framing;
mod packets;
mod properties;
pub mod protocol;
pub mod publish;
pub mod publisher;
pub mod reason;
pub mod session;
mod v311;
mod v5;

pub use backoff::{Backoff, Pace, Setback, Wait};
pub use error::{
    Downgrade, Feature, ProtocolError, PublishError, Retry, SessionError, SettingsError,
};
pub use framing::ReadBuffer;
pub use protocol::Protocol;
pub use publish::{Oversize, Publish};
pub use publisher::{Answer, Publisher, PublisherSettings};
pub use reason::ReasonCode;
pub use session::{
    Connected, Incoming, Intake, Login, Necessity, Origin, Replay, Session, SessionSettings,
    Subscription,
};

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod testkit;
