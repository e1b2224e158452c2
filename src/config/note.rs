//! What is allowed and still worth a word.

use std::fmt;

use crate::{kafka::Mechanism, model::LinkName};

/// Something allowed and still worth a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// No pseudonyms.
    ClearNames,
    /// The window is so small that it is full before a batch lingers.
    SmallWindow {
        /// Which link.
        link: LinkName,
    },
    /// A password crosses the network unencrypted.
    PasswordInClear {
        /// Which link.
        link: LinkName,
    },
    /// A login to Kafka crosses the network unencrypted.
    KafkaInClear {
        /// How it goes.
        mechanism: Mechanism,
    },
    /// Metrics and health can be read from other machines.
    AdminReachable,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClearNames => f.write_str(
                "identity.clear_names: names of homes and devices go to Kafka as they are; for \
                 test beds only",
            ),
            Self::SmallWindow { link } => write!(
                f,
                "link {link}: receive_maximum is below 100, so batches leave when the window is \
                 full and seldom after batch.linger; lower the linger or raise the window",
            ),
            Self::PasswordInClear { link } => {
                write!(f, "link {link}: the password crosses the network unencrypted")
            }
            Self::KafkaInClear { mechanism } => {
                let what = match mechanism {
                    Mechanism::Plain => "the password crosses the network in clear",
                    Mechanism::ScramSha256 | Mechanism::ScramSha512 => {
                        "SCRAM does not send the password, but who listens can try passwords \
                         against what it sends, and reads every record"
                    }
                    Mechanism::OauthBearer => "the token crosses the network in clear",
                };
                write!(f, "kafka.sasl without [kafka.tls]: {what}")
            }
            Self::AdminReachable => f.write_str(
                "admin.listen: metrics and health have no login and listen beyond this machine",
            ),
        }
    }
}

