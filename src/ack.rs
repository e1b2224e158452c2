//! The acknowledgement contract.
//!
//! Every received message occupies a slot of its connection's [`Window`]. The duty to answer
//! for it is a value: an [`AckToken`] while the pipeline works on it, one share in the
//! [`Shares`] of every record a part of it went into.
//!
//! - A share is answered by [`Shares::settle`], which needs a [`Receipt`]; only Kafka's
//!   delivery callback and the spool's word on an fsync make one.
//! - The pipeline's own share keeps the slot open until every part has been handed on, so a
//!   part that is delivered early cannot finish the slot for its siblings.
//! - A token or share that is dropped marks the slot abandoned. Silence is never success: the
//!   link closes its connection and the broker delivers the message again.
//! - A window belongs to one connection and is never reset, so an answer that arrives after a
//!   reconnect finds its own old window and can acknowledge nothing else.

pub mod outstanding;
pub mod receipt;
pub mod token;
pub mod window;

pub use outstanding::{Arrival, Outstanding, Settlement, SlotIndex, SlotState, Standing};
pub use receipt::Receipt;
pub use token::{AckToken, DiscardReason, Place, Shares};
pub use window::{Epoch, Window};
