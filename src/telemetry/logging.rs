//! Log lines on stderr, for people or for machines.

use std::{fmt, io, str::FromStr};

use thiserror::Error;
use tracing_subscriber::{
    Layer,
    filter::{ParseError, Targets},
    fmt::layer,
    layer::SubscriberExt,
    registry,
    util::{SubscriberInitExt, TryInitError},
};

pub mod kept;
pub mod limit;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text, for people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl LogFormat {
    /// The word in the configuration.
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// Which lines are written: a level, or levels by module (`info,trygg::mqtt=debug`).
#[derive(Clone, Debug)]
pub struct LogLevel(Targets);

impl Default for LogLevel {
    fn default() -> Self {
        Self(Targets::new().with_default(tracing::Level::INFO))
    }
}

impl FromStr for LogLevel {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A second start in one process.
#[derive(Debug, Error)]
#[error("logging is already set up")]
pub struct LoggingError(#[source] TryInitError);

/// Sets up logging for the whole process.
pub fn start(format: LogFormat, level: LogLevel) -> Result<(), LoggingError> {
    let layer = match format {
        LogFormat::Text => layer().with_ansi(false).with_writer(io::stderr).boxed(),
        LogFormat::Json => layer().json().with_writer(io::stderr).boxed(),
    };
    registry().with(layer.with_filter(level.0)).try_init().map_err(LoggingError)
}
