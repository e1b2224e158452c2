//! Sections about the process itself: `[engine]`, `[admin]`, `[log]`.

use std::{
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use toml::de::DeValue;

use super::{
    document::Section,
    form::Form,
    setting::{Label, Setting},
};
use crate::telemetry::logging::{LogFormat, LogLevel};

/// `[engine]`.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// Tenant of homes the registry does not know. Default `default`.
    pub tenant: Arc<str>,
    /// How long a shutdown may take before what is left stays with the broker. Default 25 s,
    /// below the 30 s most supervisors grant; 1 s to 10 min.
    pub shutdown_deadline: Duration,
}

impl EngineSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let tenant = section.get_or("tenant", Label("default".to_owned())).0.into();
        let shutdown_deadline = section.within(
            "shutdown_deadline",
            Duration::from_secs(25),
            &(Duration::from_secs(1)..=Duration::from_mins(10)),
        );
        section.finish();
        Self { tenant, shutdown_deadline }
    }
}

/// `[admin]`.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// Where metrics and health are served. Default `127.0.0.1:9464`: there is no login.
    pub listen: SocketAddr,
}

impl AdminSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 9464));
        let listen = section.get_or("listen", default);
        section.finish();
        Self { listen }
    }
}

impl Setting for SocketAddr {
    const EXPECTED: &'static str = "an IP address with a port";
    const EXAMPLE: &'static str = "\"127.0.0.1:9464\"";

    fn read(value: &DeValue<'_>) -> Option<Self> {
        Self::from_str(value.as_str()?).ok()
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

/// `[log]`.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// Lines for people or for machines. Default `text`.
    pub format: LogFormat,
    /// How much is logged. Default `info`.
    pub level: LogLevel,
}

impl LogSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let format = section.get_or("format", LogFormat::Text);
        let level = section.get_or("level", LogLevel::default());
        section.finish();
        Self { format, level }
    }
}

impl Setting for LogFormat {
    const EXPECTED: &'static str = "\"text\" or \"json\"";
    const EXAMPLE: &'static str = "\"text\"";
    const FORM: Form = Form::words(&["text", "json"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.label())
    }
}

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

impl Setting for LogLevel {
    const EXPECTED: &'static str =
        "\"error\", \"warn\", \"info\", \"debug\" or \"trace\", or module=level pairs";
    const EXAMPLE: &'static str = "\"info\"";
    const FORM: Form = Form::words_or(&LEVELS, "^.+$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        // The parser would take a misspelt level for a module that logs everything.
        let is_meant = |part: &str| part.contains('=') || LEVELS.contains(&part.trim());
        text.split(',').all(is_meant).then(|| text.parse().ok()).flatten()
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}
