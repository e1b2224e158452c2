//! Bugs that tests plant to see that they are found. Compiled into tests only.

use std::cell::Cell;

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The pipeline keeps no share of its own while it works on a message.
    NoPipelineShare,
    /// A new connection goes on with the window of the one before.
    StaleWindow,
    /// A share is neither settled nor dropped.
    LostToken,
    /// An acknowledgement is not booked.
    MissingIncrement,
    /// A record whose fate is unknown counts as delivered.
    EarlyAcknowledgement,
    /// The token of a message that says so is dropped.
    DroppedToken,
    /// Records returned by Kafka go behind those that came later.
    Overtaking,
    /// What was delivered is told to the spool when it is handed over.
    MarkAtHandOver,
    /// What is out when a partition goes by the log is handed over again from there.
    HandedTwice,
    /// A partition goes direct before what a crash left in the log is handed over.
    DirectBeforeReplay,
    /// A partition goes direct while records of it wait in the log.
    DirectTooEarly,
    /// A value that is not confirmed counts as if it were, over the end of its connection too.
    RepeatOfUnconfirmed,
    /// What hangs on a record that Kafka refused goes on to count.
    RepeatOfRefused,
    /// A redelivery, a retained message and stored history say what is now.
    RepeatOfReplay,
    /// A decoder panics.
    PanickingDecoder,
    /// The encoder panics in the middle of a report.
    PanickingEncoder,
    /// The spool says that records are safe before they are synced.
    ReceiptBeforeSync,
    /// A sync that failed counts as one that did not.
    IgnoredSyncFailure,
    /// The spool's cursor is saved beyond what is delivered.
    EagerCursor,
    /// A record that has waited is handed over without a look at its home's consent.
    UnaskedGate,
    /// Messages of a record that is not handed over are not answered.
    UnansweredRefusal,
    /// An opened log counts on from the records it finds, and forgets its cursor.
    SequenceRestart,
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Plants a bug in this thread for as long as the guard lives.
pub(crate) fn plant(bug: Bug) -> Planted {
    PLANTED.set(Some(bug));
    Planted(())
}

/// Is this one planted?
pub(crate) fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Panics where the bug is planted.
pub(crate) fn panic_if_planted(bug: Bug) {
    assert!(!is_planted(bug), "planted");
}

/// By what way a message of the simulation comes: what stands in it as `"way":1`.
pub(crate) fn way(payload: &[u8]) -> u32 {
    const KEY: &[u8] = b"\"way\":";
    let at = payload.windows(KEY.len()).position(|bytes| bytes == KEY);
    let digit = at.and_then(|at| payload.get(at + KEY.len()));
    digit.map_or(0, |digit| u32::from(digit.saturating_sub(b'0')))
}

/// Digs the bug up again.
#[must_use]
pub(crate) struct Planted(());

impl Drop for Planted {
    fn drop(&mut self) {
        PLANTED.set(None);
    }
}
