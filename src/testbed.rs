//! Simulated homes, recorded events, and a publisher that brings them to a broker.
//!
//! ```text
//! homes ── home ──┬─ habits, day     what somebody does
//!                 ├─ device          Zigbee2MQTT's sensors in the rooms
//!                 └─ wearable        band and bed mat, in trygg's JSON
//!
//! dataset                            published recordings, as their devices might have said it
//!
//! source ──> courier ──> broker      homes or recordings; each message until acknowledged
//! ```
//!
//! Nothing here describes a person: habits are drawn from a seed.

mod broker;
mod chance;
mod courier;
mod dataset;
mod day;
mod device;
mod failure;
mod filters;
mod habits;
mod home;
mod homes;
mod outgoing;
mod pace;
mod record;
mod source;
mod wearable;

pub use self::{
    broker::{Broker, BrokerError, BrokerSettings, BrokerUrl, protocol},
    courier::{Courier, Manner, Notice, Stop, Tally, publish},
    dataset::{DatasetError, read_dataset},
    failure::Failure,
    filters::{Filter, filters, filters_toml},
    homes::{Clock, Event, Homes, Settings, Timepiece},
    outgoing::{Outgoing, Scheduled},
    pace::{PaceError, Rate, Speed},
    record::{RecordError, Recorded, Usual, parse as parse_record, write as write_record},
    source::{Fed, Recording, SourceError, WAITING_MAX, send_events},
};

/// Simulated time: milliseconds since the first day's midnight.
type Millis = u64;

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
