//! What a session is asked to be.

use std::{fmt, num::NonZeroU16, time::Duration};

use crate::{
    model::QoS,
    mqtt::{
        error::SettingsError,
        packets::{Opening, Wanted},
        protocol::Protocol,
    },
};

/// Everything a session needs to know before its first connection.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// The version spoken.
    pub protocol: Protocol,
    /// Names the session at the broker; must stay the same over restarts. 1 to 65535 bytes.
    pub client_id: String,
    /// User name and password, where the broker wants them.
    pub login: Option<Login>,
    /// Longest silence of ours, in seconds; 0 switches it off. A broker may impose another.
    pub keep_alive_s: u16,
    /// How long the broker keeps the session of an absent client, in seconds; `u32::MAX` for ever,
    /// 0 not at all. In MQTT 3.1.1 only whether it keeps it.
    pub session_expiry_s: u32,
    /// QoS 1 messages the broker may have outstanding with us. MQTT 5 only.
    pub receive_maximum: NonZeroU16,
    /// What to subscribe to, required and optional.
    pub subscriptions: Vec<Subscription>,
    /// Go on when the broker grants less than at-least-once needs.
    pub allow_downgrade: bool,
    /// From CONNECT to CONNACK.
    pub connect_timeout: Duration,
    /// From SUBSCRIBE to SUBACK; arriving bytes and paused reading prolong it.
    pub subscribe_timeout: Duration,
}

/// User name and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Not sent when empty.
    pub username: String,
    /// Not sent when empty.
    pub password: String,
}

/// One filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// MQTT topic filter, 1 to 65535 bytes.
    pub filter: String,
    /// The QoS asked for.
    pub qos: QoS,
    /// May the broker refuse it?
    pub necessity: Necessity,
    /// When retained messages are sent again.
    pub replay: Replay,
}

/// When a broker sends retained messages. MQTT 3.1.1 knows only `Always`, whatever is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// When the session did not have the subscription.
    New,
    /// Also when it had: at the first connection of a process, which has forgotten what they say.
    Always,
}

/// Whether a subscription may be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Necessity {
    /// Refused or downgraded, it is a fault of the link.
    Required,
    /// Nice to have, like the broker's own counters.
    Optional,
}

const LONGEST_STRING: usize = 65_535;

impl SessionSettings {
    /// CONNECT; `None` when a field is too long, which checked settings are not.
    pub(in crate::mqtt) fn connect(&self) -> Option<Vec<u8>> {
        self.protocol.connect(&Opening {
            client_id: &self.client_id,
            login: self.login.as_ref(),
            keep_alive_s: self.keep_alive_s,
            session: if self.session_expiry_s == 0 {
                Wanted::Clean
            } else {
                Wanted::Kept {
                    expiry_s: self.session_expiry_s,
                    receive_maximum: self.receive_maximum.get(),
                }
            },
        })
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if !is_string(&self.client_id) || self.client_id.is_empty() {
            return Err(SettingsError::ClientId);
        }
        self.login.as_ref().map_or(Ok(()), |login| login.check(self.protocol))?;
        check_subscriptions(&self.subscriptions)
    }
}

impl Login {
    pub(in crate::mqtt) fn check(&self, protocol: Protocol) -> Result<(), SettingsError> {
        let lone_password = self.username.is_empty() && !self.password.is_empty();
        let forbidden = lone_password && protocol == Protocol::V311;
        if is_string(&self.username) && self.password.len() <= LONGEST_STRING && !forbidden {
            Ok(())
        } else {
            Err(SettingsError::Login)
        }
    }
}

pub(super) fn check_subscriptions(subscriptions: &[Subscription]) -> Result<(), SettingsError> {
    for (index, Subscription { filter, .. }) in subscriptions.iter().enumerate() {
        if !is_string(filter) || filter.is_empty() {
            return Err(SettingsError::Filter { index });
        }
        if subscriptions.iter().take(index).any(|earlier| earlier.filter == *filter) {
            return Err(SettingsError::DuplicateFilter { index });
        }
    }
    Ok(())
}

/// Can it stand in a string of MQTT?
pub(in crate::mqtt) fn is_string(text: &str) -> bool {
    text.len() <= LONGEST_STRING && !text.contains('\0')
}

/// Tells nobody the password.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}
