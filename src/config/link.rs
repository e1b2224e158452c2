//! `[[link]]`: one MQTT connection, with its filters.

use std::{path::PathBuf, time::Duration};

use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::{
    Environment,
    document::{Mistake, Section, Spot, nearest},
    form::{Form, FormKind},
    protocol::Protocol,
    secret::{Secret, SecretFiles},
    setting::{Label, Setting, Size, quoted},
    transport::{Transport, TransportSettings},
};
use crate::{
    decode,
    model::{LinkName, QoS, topic::TopicPattern},
    repeats::Policy,
};

/// One `[[link]]`.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// Unique; the only identity of the connection in metrics, logs and provenance.
    pub name: LinkName,
    /// Host name or address of the broker.
    pub host: String,
    /// TCP port. Default by transport: 1883, 8883 (`tls`), 80 (`ws`), 443 (`wss`).
    pub port: u16,
    /// TLS, WebSocket, both or neither. Default neither.
    pub transport: TransportSettings,
    /// The version of MQTT spoken. Default 5.
    pub protocol: Protocol,
    /// Stable client id: the broker keeps what is unacknowledged under it.
    pub client_id: String,
    /// User name, where the broker wants one.
    pub user: Option<String>,
    /// Password, from a file or the environment.
    pub password: Option<Secret>,
    /// Longest silence before a ping. Default 30 s, 5 s to 18 h (the protocol's limit).
    pub keep_alive: Duration,
    /// How long the broker keeps the session while trygg is away. Default 1 d, 1 min to 365 d.
    /// Without meaning in MQTT 3.1.1.
    pub session_expiry: Duration,
    /// Unacknowledged messages the broker may have on the way. Default 10 000, 1 to 65 535. On a
    /// link of MQTT 3.1.1 the key is `inflight`: the broker's own limit, default 20.
    pub receive_maximum: u16,
    /// Messages held before reading stops; above `receive_maximum`, which some brokers overshoot.
    /// Default twice `receive_maximum`.
    pub max_outstanding_messages: usize,
    /// Bytes held before reading stops. Default 32 MiB, 1 MiB to 4 GiB.
    pub max_outstanding_bytes: Size,
    /// Larger publishes become dead letters without being buffered. Default 1 MiB, 1 KiB to
    /// 256 MiB (the protocol's limit).
    pub max_packet_bytes: Size,
    /// Age of the oldest unacknowledged message at which the connection is closed, so that the
    /// broker delivers again. Default 60 s, 1 s to 1 h.
    pub max_age: Duration,
    /// Accept less than was asked for: QoS, session expiry. Default false: it is a fault.
    pub allow_downgrade: bool,
    /// Read the broker's own counters (`$SYS`). Default true.
    pub broker_statistics: bool,
    /// What is subscribed to, at least one; no two overlap.
    pub filters: Vec<FilterSettings>,
}

/// One `[[link.filter]]`.
#[derive(Clone, Debug)]
pub struct FilterSettings {
    /// Topic with named captures.
    pub topic: TopicPattern,
    /// How payloads are read.
    pub format: Format,
    /// Level asked for. Default 1.
    pub qos: QoS,
    /// Zone of local times without offset. Default none: such times cannot be read.
    pub time_zone: Option<TimeZone>,
    /// What happens to repeats. Default: as `[repeats]` says.
    pub repeats: Option<Policy>,
}

/// How the payloads of a filter are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// By a decoder of trygg's.
    BuiltIn(decode::Format),
    /// By the `[[mapping]]` of that name.
    Mapping(String),
}

impl Format {
    /// Names a mapping cannot have.
    #[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which would say so")]
    pub(super) const BUILT_IN: [&'static str; decode::Format::ALL.len()] = {
        let mut names = [""; decode::Format::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = decode::Format::ALL[at].name();
            at += 1;
        }
        names
    };

    /// As the configuration writes it.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(format) => format.name(),
            Self::Mapping(name) => name,
        }
    }
}

/// Where a link's values stand, for checks across links.
pub(super) struct LinkSpots {
    pub(super) name: Spot,
    pub(super) client_id: Spot,
    pub(super) max_age: Spot,
    pub(super) formats: Vec<Spot>,
}

impl LinkSettings {
    pub(super) fn read(
        mut section: Section<'_>,
        files: &SecretFiles<'_>,
        environment: Environment,
    ) -> (Self, LinkSpots) {
        // The order of reading is the order of the reference.
        let name = section.demand::<Label>("name").unwrap_or_default().0.into();
        let host = section.demand("host").unwrap_or_default();
        let transport = section.get_or("transport", Transport::Tcp);
        let port = section.within("port", transport.port(), &(1..=u16::MAX));
        let transport = TransportSettings::read(transport, &mut section, files);
        let protocol = section.get_or("protocol", Protocol::V5);
        let client_id = section.demand("client_id").unwrap_or_default();
        let user = section.get("user");
        let password = read_password(&mut section, files, environment);
        let keep_alive = seconds(5)..=seconds(65_535);
        let keep_alive = section.within("keep_alive", seconds(30), &keep_alive);
        let session_expiry = protocol.read_session_expiry(&mut section);
        let receive_maximum = protocol.read_window(&mut section);
        let mut settings = Self {
            name,
            host,
            port,
            transport,
            protocol,
            client_id,
            user,
            password,
            keep_alive,
            session_expiry,
            receive_maximum,
            max_outstanding_messages: read_max_outstanding(&mut section, protocol, receive_maximum),
            max_outstanding_bytes: section.within(
                "max_outstanding_bytes",
                Size::mib(32),
                &(Size::mib(1)..=Size::mib(4096)),
            ),
            max_packet_bytes: section.within(
                "max_packet_bytes",
                Size::mib(1),
                &(Size::kib(1)..=Size::mib(256)),
            ),
            max_age: section.within("max_age", seconds(60), &(seconds(1)..=seconds(3600))),
            allow_downgrade: section.get_or("allow_downgrade", false),
            broker_statistics: section.get_or("broker_statistics", true),
            filters: Vec::new(),
        };
        let formats;
        (settings.filters, formats) = read_filters(&mut section);
        if settings.max_packet_bytes > settings.max_outstanding_bytes {
            let fix = "raise max_outstanding_bytes, or lower max_packet_bytes";
            let expected = "at most max_outstanding_bytes";
            section.refuse_found("max_packet_bytes", Mistake::new(expected, fix));
        }
        settings.transport.refuse_large_packets(&mut section, settings.max_packet_bytes);
        let spots = LinkSpots {
            name: section.spot("name"),
            client_id: section.spot("client_id"),
            max_age: section.spot("max_age"),
            formats,
        };
        section.finish();
        (settings, spots)
    }
}

fn read_max_outstanding(
    section: &mut Section<'_>,
    protocol: Protocol,
    receive_maximum: u16,
) -> usize {
    let window = protocol.window_key();
    let floor = usize::from(receive_maximum);
    let usual = protocol.usual_outstanding(receive_maximum);
    let messages = section.get_or("max_outstanding_messages", usual);
    if !(floor..=10_000_000).contains(&messages) {
        let expected = format!("a number from {floor} ({window}) to 10000000");
        let fix = format!("write {usual}, the default, or lower {window}");
        section.refuse_found("max_outstanding_messages", Mistake::new(expected, fix));
    }
    messages
}

fn read_password(
    section: &mut Section<'_>,
    files: &SecretFiles<'_>,
    environment: Environment,
) -> Option<Secret> {
    let file: Option<PathBuf> = section.get("password_file");
    let variable: Option<String> = section.get("password_env");
    if (file.is_some() || variable.is_some()) && !section.has("user") {
        let fix = "add user, or remove the password";
        section.refuse("user", Mistake::new("a user to the password", fix).found("nothing"));
    }
    if file.is_some() && variable.is_some() {
        let fix = "remove one of the two";
        let mistake = Mistake::new("either password_file or password_env", fix).found("both");
        section.refuse("password_env", mistake);
        return None;
    }
    if let Some(file) = file {
        return match files.read_text(&file) {
            Ok(password) => Some(password),
            Err(error) => {
                section.refuse("password_file", error.into_mistake());
                None
            }
        };
    }
    let password = environment(&variable?);
    if password.as_deref().is_none_or(str::is_empty) {
        let fix = "set it where trygg is started, or use password_file";
        section.refuse("password_env", Mistake::new("the name of a variable that is set", fix));
    }
    password.map(|password| Secret::from(password.as_str()))
}

fn read_filters(section: &mut Section<'_>) -> (Vec<FilterSettings>, Vec<Spot>) {
    let mut filters: Vec<FilterSettings> = Vec::new();
    let mut formats = Vec::new();
    let fix = "add [[link.filter]] with topic and format";
    let mistake = Mistake::new("at least one filter", fix);
    for mut section in section.demand_sections("filter", mistake) {
        let topic: String = section.demand("topic").unwrap_or_default();
        let format = section.demand("format").unwrap_or(Format::BuiltIn(decode::Format::Json));
        let qos = section.get_or("qos", QoS::AtLeastOnce);
        let repeats = section.get("repeats");
        let time_zone = read_zone(&mut section);
        match TopicPattern::parse(&topic) {
            Ok(topic) => {
                if let Some(other) = filters.iter().find(|other| other.topic.overlaps(&topic)) {
                    let fix = "narrow one of them: the broker would deliver a copy for each";
                    let other = other.topic.filter();
                    let expected = format!("a topic that does not overlap {other:?}");
                    section.refuse_found("topic", Mistake::new(expected, fix));
                }
                formats.push(section.spot("format"));
                filters.push(FilterSettings { topic, format, qos, time_zone, repeats });
            }
            // A missing topic has been refused as such.
            Err(_) if topic.is_empty() => {}
            Err(error) => {
                let fix = "write it like \"homes/{home}/zigbee2mqtt/{device...}\"";
                let expected = format!("a topic with named captures ({error})");
                section.refuse("topic", Mistake::new(expected, fix));
            }
        }
        section.finish();
    }
    (filters, formats)
}

/// A zone by its name in the time zone database.
fn read_zone(section: &mut Section<'_>) -> Option<TimeZone> {
    let name: String = section.get("time_zone")?;
    let zone = TimeZone::get(&name);
    if zone.is_err() {
        let known: Vec<_> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
        let nearest = nearest(&name, known).map(|name| quoted(&name));
        let fix = "write it like \"Europe/Stockholm\"";
        let mistake = Mistake::new("a zone of the time zone database", fix);
        section.refuse_found("time_zone", mistake.or_nearest(nearest));
    }
    zone.ok()
}

impl Setting for Format {
    const EXPECTED: &'static str = "a format, such as \"zigbee2mqtt\", or the name of a mapping";
    const EXAMPLE: &'static str = "\"zigbee2mqtt\"";
    const FORM: Form = Form::words_or(&Self::BUILT_IN, "^[a-z0-9_-]{1,64}$");

    fn read(value: &DeValue<'_>) -> Option<Self> {
        let name = Label::read(value)?.0;
        let format = decode::Format::named(&name);
        Some(format.map_or(Self::Mapping(name), Self::BuiltIn))
    }

    fn show(&self) -> String {
        format!("{:?}", self.name())
    }
}

impl Setting for QoS {
    const EXPECTED: &'static str = "0 or 1 (a QoS 2 publish arrives as QoS 1)";
    const EXAMPLE: &'static str = "1";
    const FORM: Form = Form { words: &["0", "1"], open: false, ..Form::of(FormKind::Whole) };

    fn read(value: &DeValue<'_>) -> Option<Self> {
        match u8::read(value)? {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            _ => None,
        }
    }

    fn show(&self) -> String {
        self.level().to_string()
    }
}

pub(super) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
