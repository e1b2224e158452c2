//! Links that cannot connect: each says why and what to do, waits long, and costs nothing.

use std::time::Duration;

use super::{Bed, NAMES, Row, identity, publish_for};
use crate::support::{
    certificates::Valid,
    door::Door,
    engine::Engine,
    kafka::Kafka,
    mosquitto::Store,
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

/// How long the attempts are counted.
const WATCHED: Duration = Duration::from_secs(8);
/// Attempts of a link whose back-off doubles, in the first seconds: after 0.25 to 0.5 s, then
/// twice as long each time.
const PASSING_MOST: usize = 8;
/// Attempts of a link that waits 15 to 30 s each time.
const LASTING_MOST: usize = 2;
/// Of one processor, for all the links that fail at once.
const CPU_SHARE_MOST: f64 = 0.25;

/// A row that cannot connect.
struct Mistake {
    row: Row,
    /// Between trygg and the broker.
    door: Door,
    reason: &'static str,
    /// Of the line in the log.
    says: &'static str,
    most: usize,
}

impl Mistake {
    fn lasting(row: Row, reason: &'static str, says: &'static str) -> Self {
        Self::behind(Door::before(row.port), row, reason, says, LASTING_MOST)
    }

    fn passing(row: Row, reason: &'static str, says: &'static str) -> Self {
        Self::behind(Door::before(row.port), row, reason, says, PASSING_MOST)
    }

    fn behind(door: Door, row: Row, reason: &'static str, says: &'static str, most: usize) -> Self {
        let row = Row { port: door.port, ..row };
        Self { row, door, reason, says, most }
    }

    /// Its line in the log.
    fn line<'a>(&self, log: &'a str) -> Option<&'a str> {
        let link = format!("link={}", self.row.name);
        let reason = format!("reason=\"{}\"", self.reason);
        log.lines().find(|line| {
            line.contains("connection ended") && line.contains(&link) && line.contains(&reason)
        })
    }
}

fn certificates(bed: &mut Bed, trust: &str) -> Vec<Mistake> {
    let mut listen = |label, names: &[&str], valid| {
        let certificate = bed.ours.issue(label, names, valid);
        bed.listen(&certificate)
    };
    let expired = listen("expired", &NAMES, Valid::Formerly);
    let future = listen("future", &NAMES, Valid::Later);
    let stranger = bed.theirs.issue("server", &NAMES, Valid::Now);
    let stranger = bed.listen(&stranger);
    let foreign = trust.to_owned() + &identity(&bed.theirs.issue("client", &["x"], Valid::Now));
    let ports = &bed.ports;
    let row = |name, port| Row::new(name, "tls", port, trust);
    let lasting = Mistake::lasting;
    vec![
        lasting(row("expired", expired), "tls_certificate_expired", "renew it"),
        lasting(row("not-yet-valid", future), "tls_certificate_expired", "compare the clocks"),
        lasting(row("wrong-name", ports.named), "tls_wrong_name", "link.tls.server_name"),
        lasting(row("unknown-ca", stranger), "tls_unknown_ca", "link.tls.ca_file"),
        lasting(
            Row::new("system-roots", "tls", ports.tls, ""),
            "tls_unknown_ca",
            "link.tls.ca_file",
        ),
        lasting(
            row("no-client-certificate", ports.demanding),
            "tls_client_certificate",
            "link.tls.certificate_file",
        ),
        lasting(
            Row::new("foreign-client-certificate", "tls", ports.demanding, &foreign),
            "tls_client_certificate",
            "unknown authority",
        ),
        lasting(
            Row::new("wss-wrong-name", "wss", ports.named, trust),
            "tls_wrong_name",
            "link.tls.server_name",
        ),
    ]
}

fn ports_and_users(bed: &Bed, trust: &str) -> Vec<Mistake> {
    let Bed { ports, .. } = bed;
    let passing = Mistake::passing;
    let missing = Door::saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let nowhere = Row::new("ws-wrong-path", "ws", missing.port, "websocket_path = \"/wrong\"\n");
    vec![
        passing(
            Row::new("tls-to-plain", "tls", ports.login, trust),
            "tls_not_spoken",
            "plain port",
        ),
        passing(Row::new("plain-to-tls", "tcp", ports.tls, ""), "closed_unanswered", "for TLS"),
        passing(
            Row::new("ws-to-mqtt", "ws", ports.login, ""),
            "websocket_not_spoken",
            "WebSocket port",
        ),
        passing(
            Row::new("wss-to-plain-ws", "wss", ports.websocket, trust),
            "tls_not_spoken",
            "plain port",
        ),
        Mistake::behind(missing, nowhere, "websocket_refused", "status 404", LASTING_MOST),
        Mistake::lasting(
            Row::new("refused-user", "tcp", ports.login, &bed.login("wrong.pass")),
            "connect_refused",
            "not_authorized",
        ),
    ]
}

fn cpu_share(engine: &Engine) -> f64 {
    let before = engine.cpu();
    wait::within(WATCHED, || None::<()>);
    engine.cpu().saturating_sub(before).as_secs_f64() / WATCHED.as_secs_f64()
}

#[test]
fn every_mistake_is_told_with_its_reason_and_costs_little() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut bed = Bed::new(tools);
    let trust = bed.trust();
    let mut mistakes = certificates(&mut bed, &trust);
    mistakes.extend(ports_and_users(&bed, &trust));
    let kafka = Kafka::shared(tools);
    let mut site = Site::with(tools, kafka, bed.start(tools));
    site.config.links = mistakes.iter().map(|mistake| mistake.row.link()).collect();
    site.create_topics();
    // Whom the system trusts.
    let system = bed.theirs.file();
    let mut engine = Engine::start_with(&site.config, &[("SSL_CERT_FILE", &system)]);
    for mistake in &mistakes {
        let Mistake { row, reason, says, .. } = mistake;
        let what = format!("{}: a line with {reason}", row.name);
        let line = wait::until(&what, SOON, || mistake.line(&engine.log()).map(str::to_owned));
        assert!(line.contains(says), "{line}\ndoes not say {says:?}");
        println!("row {} MQTT {} refused as {reason} ok", row.name, row.protocol);
    }
    let share = cpu_share(&engine);
    println!("{} failing links used {:.1} % of a processor", mistakes.len(), share * 100.0);
    assert!(share < CPU_SHARE_MOST, "the links keep the processor busy: {share}");
    assert!(!engine.has_ended());
    for Mistake { row, door, most, .. } in &mistakes {
        let knocks = door.knocks();
        println!("row {}: {knocks} attempts, {most} allowed", row.name);
        assert!((1..=*most).contains(&knocks), "{}: {knocks} attempts", row.name);
    }

    // What is mended needs no restart of trygg.
    bed.ours.issue("expired", &NAMES, Valid::Now);
    site.mosquitto.kill(Store::Lost);
    site.mosquitto.restart();
    engine.wait_for_metric("trygg_link_connected", &[("link", "expired")], 1.0);
    publish_for(&site, &["expired"], 1);
    let own = [("link", "expired"), ("qos", "1")];
    engine.wait_for_metric("trygg_messages_settled_total", &own, 1.0);
    println!("row expired, renewed ok");
    for secret in ["fjord", "lynx"] {
        assert!(!engine.log().contains(secret), "a password in the log");
    }
    assert_eq!(engine.terminate(), Some(0), "{}", engine.log());
}
