//! Simulated homes, recorded events, and a publisher that brings them to a broker.
//!
//! ```text
//! Homes ── Home ──┬─ habits, day   what somebody does
//!                 ├─ device        Zigbee2MQTT's sensors in the rooms
//!                 └─ wearable      band and bed mat, in trygg's JSON
//! ```
//!
//! Nothing here describes a person: habits are drawn from a seed.

mod chance;
mod day;
mod device;
mod filters;
mod habits;
mod home;
mod homes;
mod wearable;

pub use self::{
    filters::{Filter, filters, filters_toml},
    homes::{Clock, Event, Homes, Settings},
};

/// Simulated time: milliseconds since the first day's midnight.
type Millis = u64;

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
