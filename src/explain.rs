//! What trygg makes of a message, step by step and in words; and what it makes of a broker's
//! traffic as a whole.
//!
//! Nothing is decided here. A message goes through the same decoder and the same judgement as in
//! a running engine, and with a configuration through the link's own pipeline up to the records
//! that Kafka would get. This room only watches, and says what it saw.
//!
//! It shows names, topics and values, as logs never do: to the operator, on his own terminal.

mod discover;
mod explainer;
mod fields;
mod json;
mod lines;
mod listen;
mod outcome;
mod page;
mod published;
mod reasons;
mod remedy;
mod text;
mod trace;
mod words;

pub use self::{
    discover::{Census, CensusLimits, Proposal, Unrecognised},
    explainer::{Explainer, ExplainerSettings, Question},
    fields::{Field, Purpose},
    json::{write_json, write_unread},
    lines::{LINE_MAX, Line, LineError, Lines, Numbered},
    listen::{Heard, ListenError, Listener, Onwards, listen},
    outcome::Outcome,
    page::Page,
    published::Published,
    text::write_text,
    trace::{DeviceSeen, Found, ReadingSeen, RefusedSeen, Seen, Trace, Way},
};
