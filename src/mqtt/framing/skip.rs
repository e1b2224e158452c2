//! Passing over a PUBLISH that is too long to hold, keeping what its dead letter needs.

use crate::mqtt::{
    error::ProtocolError,
    fields::VariableInteger,
    properties,
    protocol::Protocol,
    publish::{Head, Oversize, dup, retain},
};

/// An oversize PUBLISH on its way past.
#[derive(Debug)]
pub(super) struct Skip {
    /// Property bytes still to come; not 0 only where the list is too long to be looked at.
    properties_left: usize,
    payload_left: usize,
    oversize: Oversize,
}

/// The attempt to start with the bytes at hand.
#[derive(Debug)]
pub(super) enum Beginning {
    /// The head is read: `head_bytes` of the body are used up.
    Begun { skip: Skip, head_bytes: usize },
    /// So many bytes of the body are needed first.
    Needs { body_bytes: usize },
}

/// Property lists up to this length are buffered and checked like any other. A longer one is
/// passed over unseen: it comes from a publisher, not from the broker, so it must not be an error
/// that would come back with every redelivery.
const CHECKED_PROPERTIES_BYTES: usize = 64 * 1024;

impl Skip {
    /// `body` is what has arrived of the `length` bytes behind the fixed header.
    pub(super) fn begin(
        protocol: Protocol,
        first: u8,
        body: &[u8],
        length: usize,
    ) -> Result<Beginning, ProtocolError> {
        let needs_more = |body_bytes| {
            if body_bytes > length {
                Err(ProtocolError::Truncated)
            } else {
                Ok(Beginning::Needs { body_bytes })
            }
        };
        let head = match Head::parse(first, body) {
            Err(ProtocolError::Truncated) => return needs_more(body.len() + 1),
            head => head?,
        };
        let (properties, width) = match protocol.property_length(head.rest) {
            VariableInteger::Complete { value, width } => (value, width),
            VariableInteger::Partial => return needs_more(body.len() + 1),
            VariableInteger::Malformed => return Err(ProtocolError::Properties),
        };
        let mut head_bytes = body.len() - head.rest.len() + width;
        let Some(payload_len) = length.checked_sub(head_bytes + properties) else {
            return Err(ProtocolError::Properties);
        };
        let mut properties_left = properties;
        if properties <= CHECKED_PROPERTIES_BYTES {
            let Some(list) = body.get(head_bytes..head_bytes + properties) else {
                return needs_more(head_bytes + properties);
            };
            properties::check(list)?;
            head_bytes += properties;
            properties_left = 0;
        }
        let oversize = Oversize {
            topic: head.topic.to_vec(),
            payload_start: Vec::with_capacity(payload_len.min(Oversize::KEPT_BYTES)),
            payload_len,
            qos: head.qos,
            retain: retain(first),
            dup: dup(first),
            packet_id: head.packet_id,
        };
        let skip = Self { properties_left, payload_left: payload_len, oversize };
        Ok(Beginning::Begun { skip, head_bytes })
    }

    /// Takes what belongs to the packet and says how many bytes that was.
    pub(super) fn take(&mut self, pending: &[u8]) -> usize {
        let passed = self.properties_left.min(pending.len());
        self.properties_left -= passed;
        let rest = pending.get(passed..).unwrap_or_default();
        let payload = rest.get(..self.payload_left).unwrap_or(rest);
        self.payload_left -= payload.len();
        let room = Oversize::KEPT_BYTES - self.oversize.payload_start.len();
        self.oversize.payload_start.extend(payload.iter().take(room));
        passed + payload.len()
    }

    pub(super) fn is_over(&self) -> bool {
        self.properties_left == 0 && self.payload_left == 0
    }

    pub(super) fn into_oversize(self) -> Oversize {
        self.oversize
    }
}
