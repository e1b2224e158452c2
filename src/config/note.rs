//! What is allowed and still worth a word.

use std::fmt;

use super::{Obstacle, Protocol};
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
        /// What it speaks: the window's key goes by that.
        protocol: Protocol,
    },
    /// The bytes are so few that reading stops long before the window is full.
    FewBytes {
        /// Which link.
        link: LinkName,
        /// What it speaks: the window's key goes by that.
        protocol: Protocol,
    },
    /// Readings wait longer for company than the connection may be silent.
    LongLinger {
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
    /// Local times will come that cannot be read.
    NoTimeZone {
        /// Which link.
        link: LinkName,
    },
    /// No filter uses a mapping.
    UnusedMapping {
        /// Its name.
        name: String,
    },
    /// Records may be larger than what topics take unless told otherwise.
    LargeRecords,
    /// Topics that trygg makes would lose what they hold with few machines.
    FewReplicas,
    /// Keys of a spool that there is not.
    IdleSpool,
    /// The spool cannot be made or written where it is to lie.
    SpoolDirectory {
        /// Why.
        obstacle: Obstacle,
    },
    /// Whatever stops the process may not wait that long.
    LongShutdown,
    /// Metrics and health can be read from other machines.
    AdminReachable,
}

impl Note {
    /// The key it is about.
    pub fn key(&self) -> &'static str {
        match self {
            Self::ClearNames => "identity.clear_names",
            Self::SmallWindow { protocol: Protocol::V5, .. } => "link.receive_maximum",
            Self::SmallWindow { protocol: Protocol::V311, .. } => "link.inflight",
            Self::FewBytes { .. } => "link.max_outstanding_bytes",
            Self::LongLinger { .. } => "link.keep_alive",
            Self::PasswordInClear { .. } => "link.user",
            Self::KafkaInClear { .. } => "kafka.sasl.mechanism",
            Self::NoTimeZone { .. } => "link.filter.time_zone",
            Self::UnusedMapping { .. } => "mapping.name",
            Self::LargeRecords => "batch.max_bytes",
            Self::FewReplicas => "kafka.replication",
            Self::IdleSpool => "spool.ack",
            Self::SpoolDirectory { .. } => "spool.directory",
            Self::LongShutdown => "engine.shutdown_deadline",
            Self::AdminReachable => "admin.listen",
        }
    }

    /// The name of the link or mapping it is about, if it is about one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::SmallWindow { link, .. }
            | Self::FewBytes { link, .. }
            | Self::LongLinger { link }
            | Self::PasswordInClear { link }
            | Self::NoTimeZone { link } => Some(link),
            Self::UnusedMapping { name } => Some(name),
            Self::ClearNames
            | Self::KafkaInClear { .. }
            | Self::LargeRecords
            | Self::FewReplicas
            | Self::IdleSpool
            | Self::SpoolDirectory { .. }
            | Self::LongShutdown
            | Self::AdminReachable => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClearNames => f.write_str(
                "identity.clear_names: names of homes and devices go to Kafka as they are; for \
                 test beds only",
            ),
            Self::SmallWindow { link, protocol } => write!(
                f,
                "link {link}: {} is below 100, so batches leave when the window is full and \
                 seldom after batch.linger; lower the linger or raise the window",
                protocol.window_key(),
            ),
            Self::FewBytes { link, protocol } => write!(
                f,
                "link {link}: max_outstanding_bytes leaves less than 256 bytes for each message of \
                 {}, so reading stops before the window is full; raise the bytes or lower the \
                 window",
                protocol.window_key(),
            ),
            Self::LongLinger { link } => write!(
                f,
                "link {link}: batch.linger and kafka.linger together reach keep_alive; a quiet \
                 connection is probed while its readings still wait; lower the lingers",
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
            Self::NoTimeZone { link } => write!(
                f,
                "link {link}: Tasmota sends local times, and a filter names no time_zone: they \
                 will be taken for unreadable; add time_zone = \"Europe/Stockholm\" or yours",
            ),
            Self::UnusedMapping { name } => {
                write!(f, "mapping {name}: no filter has it as format; remove it or use it")
            }
            Self::LargeRecords => f.write_str(
                "batch.max_bytes: one message may double a record, and topics take 1 MiB unless \
                 max.message.bytes says otherwise; raise that of the readings topic",
            ),
            Self::FewReplicas => f.write_str(
                "kafka.replication: topics made with fewer than 3 replicas cannot have \
                 min.insync.replicas 2, so what is stored can be lost with one machine",
            ),
            Self::IdleSpool => f.write_str(
                "spool.ack: with \"kafka\" there is no spool, and the other keys of [spool] do \
                 nothing; remove them, or write ack = \"auto\"",
            ),
            Self::SpoolDirectory { obstacle } => write!(f, "spool.directory: {obstacle}"),
            Self::LongShutdown => f.write_str(
                "engine.shutdown_deadline: most supervisors kill after 30 s; give the unit or pod \
                 a longer grace period, or lower it",
            ),
            Self::AdminReachable => f.write_str(
                "admin.listen: metrics and health have no login and listen beyond this machine",
            ),
        }
    }
}
