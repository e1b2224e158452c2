//! `transport`, `websocket_path` and `[link.tls]`: how a link reaches its broker.

use std::{io::ErrorKind, path::PathBuf};

use toml::de::DeValue;

use super::{
    document::{Mistake, Section},
    form::Form,
    secret::SecretFiles,
    setting::{Setting, Size},
};
use crate::transport::{ClientIdentity, LARGEST_MESSAGE, TlsFile, TlsFileProblem, TlsSettings};

/// How a link reaches its broker, beside host and port. Default: plain TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportSettings {
    /// `[link.tls]`, with transports `tls` and `wss`.
    pub tls: Option<TlsSettings>,
    /// Path of the WebSocket, with transports `ws` and `wss`. Default `/mqtt`.
    pub websocket_path: Option<String>,
}

/// `transport`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp,
    Tls,
    WebSocket,
    SecureWebSocket,
}

const DEFAULT_PATH: &str = "/mqtt";

impl Transport {
    const ALL: [Self; 4] = [Self::Tcp, Self::Tls, Self::WebSocket, Self::SecureWebSocket];

    fn label(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::WebSocket => "ws",
            Self::SecureWebSocket => "wss",
        }
    }

    /// The port such brokers listen on unless told otherwise.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::Tcp => 1883,
            Self::Tls => 8883,
            Self::WebSocket => 80,
            Self::SecureWebSocket => 443,
        }
    }

    fn is_encrypted(self) -> bool {
        matches!(self, Self::Tls | Self::SecureWebSocket)
    }

    fn is_websocket(self) -> bool {
        matches!(self, Self::WebSocket | Self::SecureWebSocket)
    }
}

impl TransportSettings {
    /// Reads the keys of a link that say how it connects.
    pub(super) fn read(
        transport: Transport,
        link: &mut Section<'_>,
        files: &SecretFiles<'_>,
    ) -> Self {
        let websocket_path = link.get::<RequestPath>("websocket_path");
        if link.has("websocket_path") && !transport.is_websocket() {
            let fix = "remove it, or set transport = \"ws\" or \"wss\"";
            link.refuse_found("websocket_path", Mistake::new("no path without WebSocket", fix));
        }
        if link.has("tls") && !transport.is_encrypted() {
            let fix = "set transport = \"tls\" or \"wss\", or remove [link.tls]: nothing would be \
                       encrypted";
            let found = format!("transport {}", transport.show());
            link.refuse("tls", Mistake::new("transport \"tls\" or \"wss\"", fix).found(found));
        }
        let tls = read_tls(link.section("tls"), files, transport);
        if tls.as_ref().is_some_and(|tls| tls.server_name.is_none()) {
            refuse_unfit_host(link);
        }
        let websocket_path = transport
            .is_websocket()
            .then(|| websocket_path.map_or_else(|| DEFAULT_PATH.to_owned(), |path| path.0));
        Self { tls, websocket_path }
    }

    /// A message of WebSocket cannot be skipped unread.
    pub(super) fn refuse_large_packets(&self, link: &mut Section<'_>, packet: Size) {
        if self.websocket_path.is_some() && packet.bytes() > LARGEST_MESSAGE {
            let fix = "lower it, or use transport tcp or tls";
            let mistake = Mistake::new("at most 16 MiB over WebSocket", fix);
            link.refuse_found("max_packet_bytes", mistake);
        }
    }
}

fn read_tls(
    mut section: Section<'_>,
    files: &SecretFiles<'_>,
    transport: Transport,
) -> Option<TlsSettings> {
    let mut file = |key| section.get::<PathBuf>(key).map(|path| files.resolve(&path));
    let ca_file = file("ca_file");
    let identity = match (file("certificate_file"), file("key_file")) {
        (Some(certificate_file), Some(key_file)) => {
            Some(ClientIdentity { certificate_file, key_file })
        }
        (Some(_), None) => {
            refuse_lonely(&mut section, "key_file", "certificate_file");
            None
        }
        (None, Some(_)) => {
            refuse_lonely(&mut section, "certificate_file", "key_file");
            None
        }
        (None, None) => None,
    };
    let server_name = section.get::<String>("server_name");
    if server_name.as_deref().is_some_and(|name| !TlsSettings::is_name(name)) {
        let fix = "write the name without scheme and port, as it stands in the certificate";
        section.refuse_found("server_name", Mistake::new("a host name or an IP address", fix));
    }
    let settings = TlsSettings { ca_file, identity, server_name };
    let tls = transport.is_encrypted().then_some(settings);
    for wrong in tls.iter().filter_map(|tls| tls.check().err()).flatten() {
        let mistake = Mistake::new(wrong.file.expected(), wrong.fix());
        let mut mistake = mistake.found(wrong.problem.to_string());
        mistake.is_absent = wrong.file == TlsFile::Key
            && wrong.problem == TlsFileProblem::Unreadable(ErrorKind::NotFound);
        section.refuse(wrong.file.key(), mistake);
    }
    section.finish();
    tls
}

fn refuse_lonely(section: &mut Section<'_>, missing: &'static str, given: &str) {
    // A key that stands there and cannot be read has been refused as such.
    if !section.has(missing) {
        let fix = format!("add {missing}, or remove {given}");
        let expected = format!("a {missing} to the {given}");
        section.refuse(missing, Mistake::new(expected, fix).found("nothing"));
    }
}

fn refuse_unfit_host(link: &mut Section<'_>) {
    if link.get::<String>("host").is_some_and(|host| !TlsSettings::is_name(&host)) {
        let fix = "correct it, or set link.tls.server_name to a name the certificate holds";
        link.refuse_found("host", Mistake::new("a name that a certificate can hold", fix));
    }
}

impl Setting for Transport {
    const EXPECTED: &'static str = "\"tcp\", \"tls\", \"ws\" or \"wss\"";
    const EXAMPLE: &'static str = "\"tls\"";
    const FORM: Form = Form::words(&["tcp", "tls", "ws", "wss"]);

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        Self::ALL.into_iter().find(|transport| transport.label() == text)
    }

    fn show(&self) -> String {
        format!("{:?}", self.label())
    }
}

/// Path of an HTTP request, with its query if it has one.
struct RequestPath(String);

impl Setting for RequestPath {
    const EXPECTED: &'static str = "a path that begins with /, without spaces";
    const EXAMPLE: &'static str = "\"/mqtt\"";
    const FORM: Form = Form::like("^/[^ \"#<>\\\\^`{|}]*$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = String::read(value)?;
        let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
        (text.starts_with('/') && text.bytes().all(allowed)).then_some(Self(text))
    }

    fn show(&self) -> String {
        format!("{:?}", self.0)
    }
}

#[cfg(test)]
mod tests;
