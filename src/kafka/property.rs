//! What librdkafka itself says of one of its settings, before anything is started.

use rdkafka::{ClientConfig, error::KafkaError, types::RDKafkaConfRes};

/// What librdkafka says of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes it.
    Taken,
    /// It knows no such key.
    Unknown,
    /// It knows the key and does not take this value.
    Refused,
}

/// Tries out one setting.
pub fn judge(key: &str, value: &str) -> Verdict {
    let mut config = ClientConfig::new();
    config.set(key, value);
    match config.create_native_config() {
        Ok(_) => Verdict::Taken,
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
            Verdict::Unknown
        }
        Err(_) => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn librdkafka_judges_keys_and_values() {
        assert_eq!(judge("socket.timeout.ms", "60000"), Verdict::Taken);
        assert_eq!(judge("topic.compression.level", "3"), Verdict::Taken);
        assert_eq!(judge("compression.level", "3"), Verdict::Taken);
        assert_eq!(judge("socket.timeout", "60000"), Verdict::Unknown);
        assert_eq!(judge("socket.timeout.ms", "soon"), Verdict::Refused);
        assert_eq!(judge("security.protocol", "tls"), Verdict::Refused);
        assert_eq!(judge("with\0nul", "x"), Verdict::Refused);
    }
}
