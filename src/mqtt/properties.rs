//! Property lists, walked for their form without reading what they say.

use super::{
    error::ProtocolError,
    fields::{VariableInteger, binary, two_bytes, variable_integer},
};

/// Property identifier of a topic alias.
const TOPIC_ALIAS: u8 = 35;

/// Splits a length-prefixed property list from what follows it, both checked to lie inside.
pub(super) fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), ProtocolError> {
    let VariableInteger::Complete { value, width } = variable_integer(bytes) else {
        return Err(ProtocolError::Properties);
    };
    bytes
        .get(width..)
        .and_then(|list| list.split_at_checked(value))
        .ok_or(ProtocolError::Properties)
}

/// Walks a list to its end: every property is known and lies inside, and none is a topic alias. We
/// never announce a topic alias maximum, so a broker has no right to use one in any packet.
pub(super) fn check(mut list: &[u8]) -> Result<(), ProtocolError> {
    while let Some((&identifier, value)) = list.split_first() {
        if identifier == TOPIC_ALIAS {
            return Err(ProtocolError::TopicAlias);
        }
        list = after_value(identifier, value).ok_or(ProtocolError::Properties)?;
    }
    Ok(())
}

fn after_value(identifier: u8, value: &[u8]) -> Option<&[u8]> {
    match identifier {
        1 | 23 | 25 | 36 | 37 | 40 | 41 | 42 => value.get(1..),
        19 | 33 | 34 => two_bytes(value).map(|(_, rest)| rest),
        2 | 17 | 24 | 39 => value.get(4..),
        11 => match variable_integer(value) {
            VariableInteger::Complete { width, .. } => value.get(width..),
            VariableInteger::Partial | VariableInteger::Malformed => None,
        },
        3 | 8 | 9 | 18 | 21 | 22 | 26 | 28 | 31 => binary(value).map(|(_, rest)| rest),
        38 => {
            let (_, rest) = binary(value)?;
            binary(rest).map(|(_, rest)| rest)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_that_reaches_past_the_list_is_malformed() {
        let response_topic = [8, 0, 2, b'a', b'b'];
        assert_eq!(check(&response_topic), Ok(()));
        for cut in 1..response_topic.len() {
            assert_eq!(check(&response_topic[..cut]), Err(ProtocolError::Properties));
        }
    }

    #[test]
    fn a_list_longer_than_its_packet_is_malformed() {
        assert_eq!(split(&[2, 1, 0, 9]), Ok((&[1, 0][..], &[9][..])));
        assert_eq!(split(&[3, 1, 0]), Err(ProtocolError::Properties));
        assert_eq!(split(&[0x80]), Err(ProtocolError::Properties));
        assert_eq!(split(&[]), Err(ProtocolError::Properties));
    }

    #[test]
    fn unknown_identifiers_and_aliases_are_refused() {
        assert_eq!(check(&[0x7F, 0]), Err(ProtocolError::Properties));
        assert_eq!(
            check(&[38, 0, 1, b'k', 0, 0, TOPIC_ALIAS, 0, 1]),
            Err(ProtocolError::TopicAlias)
        );
    }
}
