//! Which broker a command speaks to, from one URL and a few files.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::{
    mqtt::{Login, Protocol, PublisherSettings, SettingsError},
    transport::{Address, ClientIdentity, TlsSettings},
};

/// Longest silence of ours, in seconds.
const KEEP_ALIVE_S: u16 = 30;

/// `mqtt://user@host:1883`, `mqtts://`, `ws://` and `wss://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerUrl {
    user: Option<String>,
    host: String,
    port: u16,
    is_encrypted: bool,
    websocket: Option<String>,
}

impl BrokerUrl {
    /// User name.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The word for it in a configuration.
    pub fn transport(&self) -> &'static str {
        match (self.is_encrypted, &self.websocket) {
            (false, None) => "tcp",
            (true, None) => "tls",
            (false, Some(_)) => "ws",
            (true, Some(_)) => "wss",
        }
    }

    /// Path of the WebSocket.
    pub fn websocket_path(&self) -> Option<&str> {
        self.websocket.as_deref()
    }
}

/// Everything that says how to reach a broker.
#[derive(Clone)]
pub struct BrokerSettings {
    /// Where it is.
    pub url: BrokerUrl,
    /// Its password, if it wants one.
    pub password: Option<String>,
    /// Name of the connection.
    pub client_id: String,
    /// Version spoken.
    pub protocol: Protocol,
    /// Authorities that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Name in the broker's certificate, where it is not the host's.
    pub server_name: Option<String>,
}

/// A broker as the publisher dials it.
#[derive(Clone, Debug)]
pub struct Broker {
    pub(super) address: Address,
    pub(super) publisher: PublisherSettings,
}

impl Broker {
    /// A broker without user and encryption on this machine.
    pub fn local(port: u16, client_id: impl Into<String>) -> Self {
        Self {
            address: Address::tcp("127.0.0.1", port),
            publisher: PublisherSettings {
                client_id: client_id.into(),
                protocol: Protocol::default(),
                login: None,
                keep_alive_s: KEEP_ALIVE_S,
            },
        }
    }

    /// The broker of these settings.
    ///
    /// # Errors
    /// When they contradict each other.
    pub fn new(settings: BrokerSettings) -> Result<Self, BrokerError> {
        let BrokerSettings { url, password, client_id, protocol, .. } = settings;
        let wants_tls = settings.ca_file.is_some()
            || settings.identity.is_some()
            || settings.server_name.is_some();
        if wants_tls && !url.is_encrypted {
            return Err(BrokerError::NotEncrypted);
        }
        if password.is_some() && url.user.is_none() {
            return Err(BrokerError::NoUser);
        }
        let identity = settings
            .identity
            .map(|(certificate_file, key_file)| ClientIdentity { certificate_file, key_file });
        let tls =
            TlsSettings { ca_file: settings.ca_file, identity, server_name: settings.server_name };
        let login =
            url.user.map(|username| Login { username, password: password.unwrap_or_default() });
        let publisher =
            PublisherSettings { client_id, protocol, login, keep_alive_s: KEEP_ALIVE_S };
        crate::mqtt::Publisher::new(publisher.clone())?;
        Ok(Self {
            address: Address {
                host: url.host,
                port: url.port,
                tls: url.is_encrypted.then_some(tls),
                websocket: url.websocket,
            },
            publisher,
        })
    }
}

impl Broker {
    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Who comes, and in which version of the protocol.
    pub fn publisher(&self) -> &PublisherSettings {
        &self.publisher
    }
}

/// The password is not shown.
impl fmt::Debug for BrokerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerSettings")
            .field("url", &self.url)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

/// Why an address is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// No scheme that is known.
    #[error("expected mqtt://HOST:PORT, or mqtts, ws or wss in place of mqtt")]
    Scheme,
    /// A password between user and host.
    #[error(
        "a password in the address is seen by everybody in the list of processes: write \
         USER@HOST, and give the password by --password-file or --password-env"
    )]
    Password,
    /// No host, or a malformed one.
    #[error("expected a host name or an IP address behind ://; an IPv6 address in [brackets]")]
    Host,
    /// No number from 1 to 65535.
    #[error("expected a port from 1 to 65535 behind the host")]
    Port,
    /// A path where none belongs.
    #[error("only ws:// and wss:// have a path")]
    Path,
    /// A malformed user.
    #[error("the user name is not readable: write %XX only for bytes of UTF-8")]
    User,
    /// TLS files for a plain connection.
    #[error("certificates are for mqtts:// and wss:// only: correct the scheme of the address")]
    NotEncrypted,
    /// A password without a user.
    #[error("a password needs a user: write mqtt://USER@HOST:PORT")]
    NoUser,
    /// MQTT cannot carry client id, user or password.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No version of the protocol.
    #[error("expected 5 or 3.1.1")]
    Protocol,
}

impl FromStr for BrokerUrl {
    type Err = BrokerError;

    fn from_str(text: &str) -> Result<Self, BrokerError> {
        let (scheme, rest) = text.split_once("://").ok_or(BrokerError::Scheme)?;
        let (is_encrypted, is_websocket, usual_port) = match scheme {
            "mqtt" | "tcp" => (false, false, 1883),
            "mqtts" | "ssl" => (true, false, 8883),
            "ws" => (false, true, 80),
            "wss" => (true, true, 443),
            _ => return Err(BrokerError::Scheme),
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => return Err(BrokerError::Password),
            Some((user, place)) => (Some(decoded(user).ok_or(BrokerError::User)?), place),
            None => (None, authority),
        };
        let websocket = match path {
            "" | "/" => is_websocket.then(|| "/mqtt".to_owned()),
            path if is_websocket => Some(path.to_owned()),
            _ => return Err(BrokerError::Path),
        };
        let (host, port) = host_and_port(place)?;
        let port = port.unwrap_or(usual_port);
        Ok(Self { user, host, port, is_encrypted, websocket })
    }
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), BrokerError> {
    let (host, port) = if let Some(inside) = place.strip_prefix('[') {
        let (host, behind) = inside.split_once(']').ok_or(BrokerError::Host)?;
        let port = if behind.is_empty() { None } else { behind.strip_prefix(':') };
        if port.is_none() && !behind.is_empty() {
            return Err(BrokerError::Port);
        }
        (host, port)
    } else {
        place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)))
    };
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control();
    if host.is_empty() || host.contains(is_odd) {
        return Err(BrokerError::Host);
    }
    let port = match port.map(str::parse) {
        None => None,
        Some(Ok(port)) if port != 0 => Some(port),
        Some(_) => return Err(BrokerError::Port),
    };
    Ok((host.to_owned(), port))
}

/// With `%40` and the like resolved.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A version of the protocol, as it is written on the command line.
///
/// # Errors
/// When it is neither of the two.
pub fn protocol(text: &str) -> Result<Protocol, BrokerError> {
    match text {
        "5" | "5.0" => Ok(Protocol::V5),
        "3.1.1" | "4" => Ok(Protocol::V311),
        _ => Err(BrokerError::Protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> BrokerSettings {
        BrokerSettings {
            url: url.parse().unwrap(),
            password: None,
            client_id: "c".into(),
            protocol: Protocol::V5,
            ca_file: None,
            identity: None,
            server_name: None,
        }
    }

    #[test]
    fn an_address_says_how_to_connect() {
        for (url, host, port, user, tls, path) in [
            ("mqtt://127.0.0.1", "127.0.0.1", 1883, None, false, None),
            ("mqtt://anna@broker.example:1884/", "broker.example", 1884, Some("anna"), false, None),
            ("mqtts://an%40na@[::1]:8884", "::1", 8884, Some("an@na"), true, None),
            ("mqtts://[::1]", "::1", 8883, None, true, None),
            ("ws://broker.example", "broker.example", 80, None, false, Some("/mqtt")),
            ("wss://broker.example/a/b", "broker.example", 443, None, true, Some("/a/b")),
        ] {
            let broker = Broker::new(settings(url)).unwrap();
            assert_eq!(broker.address.host, host, "{url}");
            assert_eq!(broker.address.port, port, "{url}");
            assert_eq!(broker.address.tls.is_some(), tls, "{url}");
            assert_eq!(broker.address.websocket.as_deref(), path, "{url}");
            let login = broker.publisher.login.map(|login| login.username);
            assert_eq!(login.as_deref(), user, "{url}");
        }
    }

    #[test]
    fn what_is_no_address_says_what_was_expected() {
        for (url, expected) in [
            ("127.0.0.1:1883", BrokerError::Scheme),
            ("http://x", BrokerError::Scheme),
            ("mqtt://", BrokerError::Host),
            ("mqtt://a b", BrokerError::Host),
            ("mqtt://[::1", BrokerError::Host),
            ("mqtt://x:", BrokerError::Port),
            ("mqtt://x:0", BrokerError::Port),
            ("mqtt://x:65536", BrokerError::Port),
            ("mqtt://[::1]1883", BrokerError::Port),
            ("mqtt://x/path", BrokerError::Path),
            ("mqtt://%zz@x", BrokerError::User),
            ("mqtt://anna:geheim@x", BrokerError::Password),
        ] {
            assert_eq!(url.parse::<BrokerUrl>(), Err(expected), "{url}");
            assert!(!expected.to_string().contains("geheim"));
        }
    }

    #[test]
    fn what_contradicts_the_address_is_refused() {
        let with_ca = BrokerSettings { ca_file: Some("ca".into()), ..settings("mqtt://x") };
        assert_eq!(Broker::new(with_ca).err(), Some(BrokerError::NotEncrypted));
        let password = Some("geheim".to_owned());
        let lonely = BrokerSettings { password: password.clone(), ..settings("mqtt://x") };
        assert!(!format!("{lonely:?}").contains("geheim"));
        assert_eq!(Broker::new(lonely).err(), Some(BrokerError::NoUser));
        let both = Broker::new(BrokerSettings { password, ..settings("mqtt://anna@x") });
        assert!(!format!("{both:?}").contains("geheim"));
        let id = BrokerSettings { client_id: String::new(), ..settings("mqtt://x") };
        assert!(matches!(Broker::new(id), Err(BrokerError::Settings(_))));
    }

    #[test]
    fn two_versions_are_spoken() {
        assert_eq!(protocol("5"), Ok(Protocol::V5));
        assert_eq!(protocol("3.1.1"), Ok(Protocol::V311));
        assert_eq!(protocol("3"), Err(BrokerError::Protocol));
    }
}
