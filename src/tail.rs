//! What trygg publishes, read back and said in words.
//!
//! [`Event::from_record`] takes a record apart, [`Event::words`] says what happened, and
//! [`Layout`] and [`write_json`] are the two forms of `trygg tail`. No health wording: the words say what a device reported.

mod event;
mod filter;
mod json;
mod phrases;
mod since;
mod text;
mod unit;
mod words;

pub use self::{
    event::{DeadLetter, Event, Flag, Reading, Undecodable, Value, What},
    filter::{Filter, Glob},
    json::{Origin, write_json},
    since::{Since, SinceError},
    text::{Layout, zone_of_this_machine},
};

#[cfg(test)]
mod tests;
