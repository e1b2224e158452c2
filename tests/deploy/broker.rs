//! Mosquitto with the files of `deploy/mosquitto`, which must keep what trygg has not fetched.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    client::{Client, Login, NOT_AUTHORISED},
    read,
    secrets::{HOME, Secrets},
    support::{
        process::{self, Daemon, Signal},
        tools, wait,
    },
};

/// More than Mosquitto keeps for a session that nobody has configured (1 000 and a window).
const BACKLOG: usize = 1500;

/// A broker on a port of its own, with paths of its own, and otherwise as shipped.
pub struct Mosquitto {
    pub port: u16,
    program: PathBuf,
    folder: PathBuf,
    daemon: Daemon,
}

impl Mosquitto {
    pub fn start(secrets: &Secrets) -> Option<Self> {
        let program = tools::program("MOSQUITTO")?;
        let (port, folder) = (process::free_port(), process::scratch("mosquitto"));
        let acl = tools::root().join("deploy/mosquitto/acl");
        let here = folder.display();
        let replaced = [
            ("listener 1883", format!("listener {port} 127.0.0.1")),
            ("/mosquitto/secrets/passwords", format!("{here}/passwords")),
            ("/mosquitto/config/acl", acl.display().to_string()),
            ("/mosquitto/data/", format!("{here}/")),
            ("sys_interval 10", "sys_interval 1".to_owned()),
        ];
        let mut text = read("deploy/mosquitto/mosquitto.conf");
        for (from, to) in replaced {
            assert!(text.contains(from), "mosquitto.conf has no {from:?}");
            text = text.replace(from, &to);
        }
        // Started as root it would become another user, who cannot write here.
        text.push_str("user root\n");
        fs::write(folder.join("mosquitto.conf"), text).expect("mosquitto.conf");
        let passwords = secrets.read("mosquitto/passwords");
        fs::write(folder.join("passwords"), passwords).expect("passwords");
        let daemon = launch(&program, &folder, port);
        Some(Self { port, program, folder, daemon })
    }

    /// Stops it as a system does, and starts it again.
    fn restart(&mut self) {
        self.daemon.signal(Signal::Terminate);
        self.daemon.exit_code(wait::SOON);
        self.daemon = launch(&self.program, &self.folder, self.port);
    }
}

fn launch(program: &Path, folder: &Path, port: u16) -> Daemon {
    let mut command = process::command(program);
    command.arg("-c").arg(folder.join("mosquitto.conf"));
    if let Some(libraries) = tools::setting_found("MOSQUITTO_LIBRARIES") {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let mut daemon = Daemon::start("mosquitto", command, &folder.join("mosquitto.log"));
    wait::until("mosquitto listens", wait::SOON, || {
        assert!(daemon.ended().is_none(), "mosquitto ended: {}", daemon.output());
        TcpStream::connect(("127.0.0.1", port)).ok()
    });
    daemon
}

#[test]
fn more_than_a_thousand_messages_wait_for_trygg_over_a_restart_of_the_broker() {
    let Some(secrets) = Secrets::make() else { return };
    let Some(mut broker) = Mosquitto::start(&secrets) else { return };
    let password = secrets.read("trygg/mqtt.password");
    let trygg = Some(Login { user: "trygg", password: &password });

    let mut link = Client::connect(broker.port, "trygg-compose", trygg).expect("allowed");
    assert_eq!(link.subscribe("homes/+/zigbee2mqtt/#"), 1);
    drop(link);
    let gateway = secrets.read(&format!("gateways/{HOME}.password"));
    let login = Some(Login { user: HOME, password: &gateway });
    let mut gateway = Client::connect(broker.port, "gateway", login).expect("allowed");
    for number in 0..BACKLOG {
        let payload = format!("{{\"contact\":true,\"n\":{number}}}");
        let answer = gateway.publish("homes/h-0412/zigbee2mqtt/door", payload.as_bytes());
        assert_eq!(answer, 0, "message {number}");
    }
    drop(gateway);
    broker.restart();

    let mut link = Client::connect(broker.port, "trygg-compose", trygg).expect("allowed");
    assert!(link.session_present, "the broker has forgotten the session");
    for number in 0..BACKLOG {
        let (_, payload) = link.next();
        let expected = format!("\"n\":{number}}}");
        assert!(String::from_utf8_lossy(&payload).ends_with(&expected), "message {number}");
    }
}

#[test]
fn each_gateway_writes_below_its_home_and_trygg_only_reads() {
    let Some(secrets) = Secrets::make() else { return };
    let Some(broker) = Mosquitto::start(&secrets) else { return };
    let password = secrets.read("trygg/mqtt.password");
    let gateway = secrets.read(&format!("gateways/{HOME}.password"));
    let connect = |client_id, login| Client::connect(broker.port, client_id, login);

    assert_eq!(connect("nobody", None).err(), Some(NOT_AUTHORISED));
    let wrong = Login { user: "trygg", password: &gateway };
    assert_eq!(connect("wrong", Some(wrong)).err(), Some(NOT_AUTHORISED));

    let trygg = Login { user: "trygg", password: &password };
    let home = Login { user: HOME, password: &gateway };
    // Mosquitto may end a connection that published what it may not, so each is used once.
    for (login, topic) in [
        (trygg, "homes/h-0412/zigbee2mqtt/door"),
        (home, "homes/h-0413/zigbee2mqtt/door"),
        (home, "elsewhere"),
    ] {
        let mut client = connect("intruder", Some(login)).expect("allowed");
        assert_eq!(client.publish(topic, b"{}"), NOT_AUTHORISED, "{topic}");
    }

    let mut trygg = connect("trygg", Some(trygg)).expect("allowed");
    trygg.subscribe("$SYS/broker/publish/messages/dropped");
    assert_eq!(trygg.next().0, "$SYS/broker/publish/messages/dropped");
    trygg.subscribe("homes/#");
    let mut gateway = connect("gateway", Some(home)).expect("allowed");
    assert_eq!(gateway.publish("homes/h-0412/zigbee2mqtt/door", b"{}"), 0);
    let heard = wait::until("trygg hears the gateway", Duration::from_secs(30), || {
        let (topic, _) = trygg.next();
        topic.starts_with("homes/").then_some(topic)
    });
    assert_eq!(heard, "homes/h-0412/zigbee2mqtt/door");
}

#[test]
fn the_lines_in_the_documents_are_those_of_the_file() {
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
    };
    let shipped = lines(&read("deploy/mosquitto/mosquitto.conf"));
    let paths = ["listener", "password_file", "acl_file", "persistence_location"];
    let operating = read("docs/operating.md");
    let block = operating.split("```conf\n").nth(1).expect("a block of Mosquitto's lines");
    let block = block.split("```").next().expect("its end");
    let documented = lines(block);
    assert!(documented.len() > 8, "only {} lines were found", documented.len());
    for line in documented.iter().filter(|line| !paths.iter().any(|path| line.starts_with(path))) {
        assert!(shipped.contains(line), "mosquitto.conf does not say {line:?}");
    }
}
