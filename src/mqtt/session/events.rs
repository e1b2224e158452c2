//! What a session reports, and what it has to be told.

use std::time::Duration;

use crate::mqtt::publish::{Oversize, Publish};

/// What the broker sent.
#[derive(Debug)]
pub enum Incoming<'a> {
    /// The connection is accepted. Messages may follow before [`Incoming::Subscribed`].
    Connected(Connected),
    /// Every filter is granted: the link is established.
    Subscribed,
    /// A message.
    Publish(Publish<'a>),
    /// A message above the limit, after its last byte has passed.
    Oversize(Box<Oversize>),
}

/// What CONNACK meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Where the broker's session came from.
    pub origin: Origin,
    /// The keep-alive in force; `None` when switched off.
    pub keep_alive: Option<Duration>,
}

/// Where the broker's session came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The broker kept it.
    Resumed,
    /// New, at the first connection of this process.
    Fresh,
    /// New, although this process had one before: what waited in it is gone.
    Lost,
}

/// Is the socket being read?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// It is, and was since the last tick.
    Flowing,
    /// It is not, or was not for some time since the last tick.
    Paused,
}
