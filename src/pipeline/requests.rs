//! What formats would like to have said to senders, until the link says it.

use std::collections::VecDeque;

use crate::decode::{Purpose, Request};

/// Requests that wait for a connection. A sender that is not asked now is asked at its next
/// message.
const WAITING_MAX: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub struct Requests {
    waiting: VecDeque<Request>,
    sent: u64,
    discarded: u64,
}

impl Requests {
    /// Lets a request wait; if too many do, it is discarded and counted.
    pub fn push(&mut self, request: Request) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(request);
        } else {
            self.discarded += 1;
        }
    }

    /// The one that waits longest, to be sent.
    pub fn pop(&mut self) -> Option<Request> {
        let request = self.waiting.pop_front()?;
        self.sent += 1;
        Some(request)
    }

    /// Purpose, outcome, count.
    pub fn by_outcome(&self) -> [(&'static str, &'static str, u64); 2] {
        let rebirth = Purpose::Rebirth.label();
        [(rebirth, "sent", self.sent), (rebirth, "discarded", self.discarded)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_discarded_when_too_many_wait() {
        let mut requests = Requests::default();
        for number in 0..6 {
            let topic = number.to_string();
            requests.push(Request { topic, payload: Vec::new(), purpose: Purpose::Rebirth });
        }
        let topics: Vec<_> = std::iter::from_fn(|| requests.pop()).map(|it| it.topic).collect();
        assert_eq!(topics, ["0", "1", "2", "3"]);
        assert_eq!(requests.by_outcome(), [("rebirth", "sent", 4), ("rebirth", "discarded", 2)]);
    }
}
