//! What trygg publishes, read back and said in words.
//!
//! [`Event::from_record`] takes a record apart, [`Event::words`] says what happened, and
//! [`follow()`] is `trygg tail`. No health wording: the words say what a device reported.

mod event;
mod fields;
mod filter;
mod follow;
mod json;
mod phrases;
mod since;
mod text;
mod unit;
mod words;

pub use self::{
    event::{DeadLetter, Event, Flag, Reading, Undecodable, Value, What},
    filter::{Filter, Glob},
    follow::{FollowSettings, Form, Output, TailError, follow},
    json::{Origin, write_json},
    since::{Since, SinceError},
    text::{Layout, zone_of_this_machine},
};

pub(crate) use self::fields::{ValueField, hex, rfc3339};

#[cfg(test)]
mod tests;
