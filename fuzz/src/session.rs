//! An input is some messages of one sender, as a person can write them:
//!
//! ```text
//! 0zigbee2mqtt/hall
//! {"contact":false}
//! %%
//! zigbee2mqtt/hall
//! {"contact":true}
//! ```
//!
//! The first byte is a digit of flags; then come messages, divided by lines `%%`: topic, line
//! break, payload. Formats that remember do so over the messages of one input and no longer, so
//! that every input can be played again alone.

use std::borrow::Cow;

/// Bytes a payload may have: `max_payload_bytes` of the default configuration.
pub(crate) const PAYLOAD_MAX: usize = 256 * 1024;

/// Messages of one input.
const MESSAGES_MAX: usize = 16;

/// Stands twice in a payload that is to be stretched.
const STRETCH: u8 = 0x1A;

/// How the messages of an input are decoded.
#[derive(Clone, Copy)]
pub(crate) struct Flags(u8);

impl Flags {
    /// Has the memory next to no room?
    pub(crate) fn forgets(self) -> bool {
        self.0 & 1 != 0
    }

    /// Is what stands between two bytes 0x1A repeated until the payload is as large as it may be?
    fn stretches(self) -> bool {
        self.0 & 2 != 0
    }

    /// Are zone, positions and requests set?
    pub(crate) fn is_configured(self) -> bool {
        self.0 & 4 != 0
    }
}

/// One message.
pub(crate) struct Sent<'i> {
    pub(crate) topic: Cow<'i, str>,
    pub(crate) payload: Cow<'i, [u8]>,
}

/// Takes an input apart.
pub(crate) fn read(input: &[u8]) -> (Flags, Vec<Sent<'_>>) {
    let (flags, rest) = input.split_first().map_or((Flags(0), input), |(f, r)| (Flags(*f), r));
    let mut messages = Vec::new();
    let mut left = Some(rest);
    while let (Some(text), true) = (left, messages.len() < MESSAGES_MAX) {
        let (message, behind) = split(text, b"\n%%\n");
        let (topic, payload) = split(message, b"\n");
        messages.push(sent(topic, payload.unwrap_or_default(), flags));
        left = behind;
    }
    (flags, messages)
}

fn split<'t>(text: &'t [u8], at: &[u8]) -> (&'t [u8], Option<&'t [u8]>) {
    match text.windows(at.len()).position(|window| window == at) {
        Some(place) => (&text[..place], Some(&text[place + at.len()..])),
        None => (text, None),
    }
}

/// Topics are what the session lets through: UTF-8 without NUL, 65 535 bytes.
fn sent<'i>(topic: &'i [u8], payload: &'i [u8], flags: Flags) -> Sent<'i> {
    let topic = &topic[..topic.len().min(20_000)];
    let mut topic = String::from_utf8_lossy(topic);
    if topic.contains('\0') {
        topic = Cow::Owned(topic.replace('\0', ""));
    }
    let payload = if flags.stretches() { stretched(payload) } else { Cow::Borrowed(payload) };
    Sent { topic, payload }
}

fn stretched(payload: &[u8]) -> Cow<'_, [u8]> {
    let mut places = payload.iter().enumerate().filter(|(_, byte)| **byte == STRETCH);
    let (Some((from, _)), Some((to, _))) = (places.next(), places.next()) else {
        return Cow::Borrowed(payload);
    };
    let (front, middle, end) = (&payload[..from], &payload[from + 1..to], &payload[to + 1..]);
    let room = PAYLOAD_MAX.saturating_sub(front.len() + end.len());
    let times = room.checked_div(middle.len()).unwrap_or(0);
    Cow::Owned([front, &middle.repeat(times), end].concat())
}
