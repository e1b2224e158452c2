//! Links over TCP, TLS and WebSocket against the real Mosquitto: those that carry, and every
//! mistake of certificates, names, ports, paths and users, each with its reason.

mod mistakes;

use std::{
    collections::BTreeSet,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::support::{
    certificates::{Authority, Certificate, Valid},
    engine::{Engine, Link},
    kafka::Kafka,
    mosquitto::Mosquitto,
    mqtt::{Publisher, Send},
    payload, process,
    reader::Reading,
    site::Site,
    tools::{self, Tools},
    turn,
};

/// Under these the broker is reached.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
const USER: &str = "gateway";
const PASSWORD: &str = "fjord-and-forest";

/// A broker with a listener of every kind, and what its clients need.
struct Bed {
    ours: Authority,
    theirs: Authority,
    folder: PathBuf,
    /// Lines of Mosquitto's file.
    listeners: Vec<String>,
    ports: Ports,
}

/// Where the kinds listen.
struct Ports {
    login: u16,
    tls: u16,
    demanding: u16,
    named: u16,
    websocket: u16,
    secure_websocket: u16,
}

/// A link of the matrix.
struct Row {
    name: &'static str,
    /// Version of MQTT.
    protocol: &'static str,
    port: u16,
    /// Its keys, and its `[link.tls]`.
    keys: String,
}

impl Bed {
    fn new(tools: &Tools) -> Self {
        let folder = process::scratch("bed");
        let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
        Mosquitto::write_password(tools, &folder.join("passwords"), USER, PASSWORD);
        write_secret(&folder.join("right.pass"), PASSWORD);
        write_secret(&folder.join("wrong.pass"), "lake-and-lynx");
        let passwords = folder.join("passwords");
        let server = tls(&ours.issue("server", &NAMES, Valid::Now));
        let named = tls(&ours.issue("named", &["broker.example"], Valid::Now));
        let demand = format!("cafile {}\nrequire_certificate true\n", ours.file().display());
        let mut listeners = Vec::new();
        let mut listen = |lines: &str| add_listener(&mut listeners, lines);
        let ports = Ports {
            login: listen(&format!("password_file {}\n", passwords.display())),
            tls: listen(&server),
            demanding: listen(&(server.clone() + &demand)),
            named: listen(&named),
            websocket: listen("protocol websockets\n"),
            secure_websocket: listen(&format!("protocol websockets\n{server}")),
        };
        Self { ours, theirs, folder, listeners, ports }
    }

    /// One more listener of TLS.
    fn listen(&mut self, certificate: &Certificate) -> u16 {
        add_listener(&mut self.listeners, &tls(certificate))
    }

    /// The broker itself.
    fn start(&self, tools: &'static Tools) -> Mosquitto {
        Mosquitto::start_with(tools, &self.listeners.concat())
    }

    /// The key that trusts our authority.
    fn trust(&self) -> String {
        format!("[link.tls]\nca_file = \"{}\"\n", self.ours.file().display())
    }

    fn login(&self, password: &str) -> String {
        let file = self.folder.join(password);
        format!("user = \"{USER}\"\npassword_file = \"{}\"\n", file.display())
    }
}

impl Row {
    fn new(name: &'static str, transport: &str, port: u16, keys: &str) -> Self {
        let keys = format!("transport = \"{transport}\"\n{keys}");
        Self { name, protocol: "5", port, keys }
    }

    /// The same in MQTT 3.1.1.
    fn of_3_1_1(name: &'static str, transport: &str, port: u16, keys: &str) -> Self {
        let row = Self::new(name, transport, port, keys);
        Self { protocol: "3.1.1", keys: format!("protocol = \"3.1.1\"\n{}", row.keys), ..row }
    }

    fn link(&self) -> Link {
        Link {
            name: self.name,
            port: self.port,
            client_id: format!("trygg-{}", self.name),
            filters: vec![(format!("{}/{{home}}/{{device...}}", self.name), "zigbee2mqtt")],
            more: self.keys.clone(),
        }
    }
}

/// Without a file of passwords anybody may come.
fn add_listener(listeners: &mut Vec<String>, lines: &str) -> u16 {
    let port = process::free_port();
    let anonymous = !lines.contains("password_file");
    listeners.push(format!("listener {port} 127.0.0.1\nallow_anonymous {anonymous}\n{lines}"));
    port
}

/// The lines of a listener that speaks TLS.
fn tls(certificate: &Certificate) -> String {
    let Certificate { certificate, key } = certificate;
    format!("certfile {}\nkeyfile {}\n", certificate.display(), key.display())
}

/// The keys of a link that shows a certificate.
fn identity(certificate: &Certificate) -> String {
    let Certificate { certificate, key } = certificate;
    format!("certificate_file = \"{}\"\nkey_file = \"{}\"\n", certificate.display(), key.display())
}

fn write_secret(file: &Path, secret: &str) {
    fs::write(file, secret).expect("a secret's file");
    fs::set_permissions(file, Permissions::from_mode(0o600)).expect("mode");
}

/// Publishes `count` messages for each row, by a connection of its own over plain TCP.
fn publish_for(site: &Site, names: &[&str], count: u32) {
    let mut publisher: Publisher = site.publisher();
    for number in 0..count {
        for name in names {
            let topic = format!("{name}/h{}/plug", number % 7);
            publisher.publish(
                &topic,
                payload::plug(number.into(), None).as_bytes(),
                Send::Acknowledged,
            );
        }
    }
    publisher.settle();
}

#[test]
fn every_kind_of_link_carries_messages() {
    const MESSAGES: u32 = 500;
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut bed = Bed::new(tools);
    let stranger = bed.theirs.issue("server", &NAMES, Valid::Now);
    let stranger = bed.listen(&stranger);
    let kafka = Kafka::shared(tools);
    let mut site = Site::with(tools, kafka, bed.start(tools));
    let plain = site.mosquitto.port;
    let trust = bed.trust();
    let client = bed.ours.issue("client", &["trygg"], Valid::Now);
    let shown = trust.clone() + &identity(&client);
    let other_name = trust.clone() + "server_name = \"broker.example\"\n";
    let rows = [
        Row::new("tcp", "tcp", plain, ""),
        Row::new("tcp-login", "tcp", bed.ports.login, &bed.login("right.pass")),
        Row::new("tls", "tls", bed.ports.tls, &trust),
        Row::new("tls-system-roots", "tls", stranger, ""),
        Row::new("tls-client-certificate", "tls", bed.ports.demanding, &shown),
        Row::new("tls-server-name", "tls", bed.ports.named, &other_name),
        Row::new("ws", "ws", bed.ports.websocket, ""),
        Row::new("ws-path", "ws", bed.ports.websocket, "websocket_path = \"/any?where\"\n"),
        Row::new("wss", "wss", bed.ports.secure_websocket, &trust),
        Row::of_3_1_1("tcp-3-1-1", "tcp", plain, ""),
        Row::of_3_1_1("tcp-login-3-1-1", "tcp", bed.ports.login, &bed.login("right.pass")),
        Row::of_3_1_1("tls-3-1-1", "tls", bed.ports.tls, &trust),
        Row::of_3_1_1("ws-3-1-1", "ws", bed.ports.websocket, ""),
        Row::of_3_1_1("wss-3-1-1", "wss", bed.ports.secure_websocket, &trust),
    ];
    site.config.links = rows.iter().map(Row::link).collect();
    site.create_topics();
    // Who is trusted when no authority is named is set by the system, here by this variable.
    let system = bed.theirs.file();
    let mut engine = Engine::start_with(&site.config, &[("SSL_CERT_FILE", &system)]);
    engine.wait_until_ready();
    publish_for(&site, &rows.each_ref().map(|row| row.name), MESSAGES);
    for row in &rows {
        let own = [("link", row.name), ("qos", "1")];
        engine.wait_for_metric("trygg_messages_settled_total", &own, f64::from(MESSAGES));
    }
    let seen = site.read_all();
    for row in &rows {
        let own = seen.readings.iter().filter(|reading| reading.link == row.name);
        let numbers: BTreeSet<_> = own.map(Reading::number).collect();
        assert_eq!(numbers.len(), MESSAGES as usize, "{}: different readings in Kafka", row.name);
        println!("row {} MQTT {} ok", row.name, row.protocol);
    }
    // Each says goodbye in its own way, and nothing is left.
    assert_eq!(engine.terminate(), Some(0), "{}", engine.log());
    assert!(!engine.log().contains("connection ended"), "{}", engine.log());
}
