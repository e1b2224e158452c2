//! The client side of MQTT 5, without I/O: bytes and times come in, bytes and events go out.
//!
//! `framing` cuts the stream into frames, `publish` and `v5` read and write packets, `session`
//! decides what a connection does, `backoff` when the next one starts. The shell in `link` owns
//! the socket and the clock. rumqttc's codec writes what is rare (CONNECT, SUBSCRIBE) and reads
//! the properties of CONNACK; everything that arrives often, and every form that codec swallows,
//! is read here.

pub mod backoff;
pub mod error;
mod fields;
pub mod framing;
mod properties;
pub mod publish;
pub mod reason;
pub mod session;
mod v5;

pub use backoff::{Backoff, Pace, Setback, Wait};
pub use error::{Downgrade, Feature, ProtocolError, Retry, SessionError, SettingsError};
pub use framing::ReadBuffer;
pub use publish::{Oversize, Publish};
pub use reason::ReasonCode;
pub use session::{
    Connected, Incoming, Intake, Login, Necessity, Origin, Session, SessionSettings, Subscription,
};

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod testkit;
