//! Plain values every room may know: messages, readings, times, flags.

pub mod message;
pub mod murmur2;
pub mod reading;
pub mod reasons;
pub mod record;
pub mod series;
pub mod span;
pub mod text;
pub mod time;
pub mod topic;

pub use message::{LinkName, Message, QoS};
pub use reading::{CategoryId, Flags, KindId, Reading, ReadingFlag, ReportFlag, Value};
pub use reasons::ReasonCounts;
pub use record::{Lane, RecordKey};
pub use series::{Series, SeriesIx, SeriesTable};
pub use time::{Moment, Mono, UnixMicros};
