//! Which broker a command publishes to: the options that `pub` and `simulate` share.

use std::{convert::Infallible, fmt, path::PathBuf, str::FromStr};

use clap::Args;

use crate::{
    config::password,
    testbed::{Broker, BrokerSettings, BrokerUrl, protocol},
};

/// The options.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Broker")]
pub(in crate::cli) struct BrokerArgs {
    /// Where it listens: mqtt, mqtts, ws or wss, and perhaps a user in front of the host.
    #[arg(long, short, value_name = "URL", default_value = "mqtt://127.0.0.1:1883")]
    broker: Unchecked,
    /// File of mode 0600 with the user's password.
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    password_file: Option<PathBuf>,
    /// Variable of the environment with the user's password.
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
    /// Certificates of the authorities to trust, PEM; without it those of the system.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Our certificate, PEM, where the broker asks for one.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    certificate_file: Option<PathBuf>,
    /// Key of our certificate, PEM, of mode 0600.
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    key_file: Option<PathBuf>,
    /// Name in the broker's certificate, where it is not the host's.
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Version of MQTT: 5 or 3.1.1.
    #[arg(long, value_name = "VERSION", default_value = "5")]
    protocol: String,
    /// Name of the connection; without it a random one.
    #[arg(long, value_name = "NAME")]
    client_id: Option<String>,
}

impl BrokerArgs {
    /// The keys of a `[[link]]` that reaches the same broker. What is wrong with them is left to
    /// [`Self::broker`].
    pub(in crate::cli) fn toml(&self, name: &str) -> String {
        let Ok(url) = self.broker.0.parse::<BrokerUrl>() else { return String::new() };
        let mut text = format!("[[link]]\nname = {name:?}\n");
        let mut key = |name: &str, value: Option<String>| {
            text.extend(value.map(|value| format!("{name} = {value:?}\n")));
        };
        let absolute = |file: &PathBuf| {
            std::path::absolute(file).unwrap_or_else(|_| file.clone()).display().to_string()
        };
        key("host", Some(url.host().to_owned()));
        key("transport", Some(url.transport().to_owned()).filter(|transport| transport != "tcp"));
        key("protocol", Some(self.protocol.clone()).filter(|version| version != "5"));
        key("client_id", Some(format!("trygg-{name}-{:08x}", rand::random::<u32>())));
        key("user", url.user().map(str::to_owned));
        key("password_file", self.password_file.as_ref().map(absolute));
        key("password_env", self.password_env.clone());
        key("websocket_path", url.websocket_path().map(str::to_owned));
        text.extend(["port = ", &url.port().to_string(), "\n"]);
        let files = [
            ("ca_file", &self.ca_file),
            ("certificate_file", &self.certificate_file),
            ("key_file", &self.key_file),
        ];
        let files = files.iter().filter_map(|(name, file)| {
            file.as_ref().map(|file| format!("{name} = {:?}\n", absolute(file)))
        });
        let name = self.server_name.iter().map(|name| format!("server_name = {name:?}\n"));
        let tls: String = files.chain(name).collect();
        if tls.is_empty() { text } else { format!("{text}\n[link.tls]\n{tls}") }
    }

    /// The broker.
    ///
    /// # Errors
    /// What is wrong, with the option it stands at.
    pub(in crate::cli) fn broker(self, command: &str) -> Result<Broker, String> {
        let named =
            |option: &'static str| move |error: &dyn fmt::Display| format!("{option}: {error}");
        let url = self.broker.0.parse().map_err(|error| named("--broker")(&error))?;
        let protocol = protocol(&self.protocol).map_err(|error| named("--protocol")(&error))?;
        let option =
            if self.password_file.is_some() { "--password-file" } else { "--password-env" };
        let password = password(self.password_file.as_deref(), self.password_env.as_deref())
            .map_err(|error| named(option)(&error))?;
        let client_id = self
            .client_id
            .unwrap_or_else(|| format!("trygg-{command}-{:08x}", rand::random::<u32>()));
        let settings = BrokerSettings {
            url,
            password: password.map(|password| password.reveal().to_owned()),
            client_id,
            protocol,
            ca_file: self.ca_file,
            identity: self.certificate_file.zip(self.key_file),
            server_name: self.server_name,
        };
        Broker::new(settings).map_err(|error| named("--broker")(&error))
    }
}

/// An address that nobody has looked at. It may hold a password, which clap would quote with
/// the mistake.
#[derive(Clone)]
struct Unchecked(String);

impl FromStr for Unchecked {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unchecked")
    }
}
