//! Recognition of formats: a topic, a line break, a payload.

use trygg::decode::{recognise, route};

use crate::{measure, session};

/// Recognises each message, twice to the same.
pub(crate) fn check(input: &[u8]) {
    let (_, sent) = session::read(input);
    for sent in sent {
        let bytes = sent.topic.len() + sent.payload.len();
        let found = measure::limited(bytes, || recognise(&sent.topic, &sent.payload));
        let again = recognise(&sent.topic, &sent.payload);
        assert_eq!(found.map(|found| found.format), again.map(|found| found.format));
        let route = measure::limited(sent.topic.len(), || route(&sent.topic));
        if let Some(device) = route.and_then(|route| route.captures.device) {
            assert!(sent.topic.contains(device));
        }
    }
}
