//! Kafka over TLS and with logins: what goes through, and what is said when it does not.

mod certificates;
mod cluster;
mod counter;

use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use trygg::kafka::Cause;

use self::{
    cluster::{Cluster, PASSWORD, WRONG, write_secret},
    counter::Counter,
};
use crate::support::{
    engine::{Config, Engine},
    mqtt::{Publisher, Send},
    payload, process,
    reader::{Reader, Reading},
    site::Site,
    tools, turn,
    wait::{self, SOON},
};

/// How long what fails is watched.
const WATCHED: Duration = Duration::from_secs(8);
/// Lines that may be written in that time: after 0, 2 and 6 s, and one more.
const LINES: usize = 4;
/// Connections in that time: at most four a try, one or two of them looks of our own.
const CONNECTIONS: usize = 4 * LINES;
/// CPU time in that time.
const CPU: Duration = Duration::from_millis(400);

struct Bench {
    cluster: Arc<Cluster>,
    site: Site,
    reader: Option<Reader>,
    publisher: Publisher,
    sent: u64,
}

impl Bench {
    fn open(tools: &'static tools::Tools, cluster: Arc<Cluster>) -> Self {
        let site = Site::on(tools, Arc::clone(&cluster.kafka));
        site.create_topics();
        let publisher = site.publisher();
        Self { cluster, site, reader: None, publisher, sent: 0 }
    }

    /// The site's configuration, for a port of Kafka and with further sections.
    fn config(&self, port: u16, sections: &str) -> Config {
        Config {
            brokers: format!("127.0.0.1:{port}"),
            // It waits for Kafka, and says why.
            spool: "ack = \"kafka\"\n".to_owned(),
            sections: sections.to_owned(),
            admin_port: process::free_port(),
            ..self.site.config.clone()
        }
    }

    /// One reading goes over MQTT and comes out of Kafka.
    fn pass_one(&mut self) {
        self.sent += 1;
        let number = self.sent;
        let reading = payload::plug(number, None);
        self.publisher.publish("homes/h1/zigbee2mqtt/plug", reading.as_bytes(), Send::Acknowledged);
        self.publisher.settle();
        let reader = self.reader.get_or_insert_with(|| self.site.reader());
        reader.wait("the reading is in Kafka", SOON, |seen| {
            seen.readings.iter().map(Reading::number).any(|found| found == number)
        });
        self.site.wait_until_acknowledged(number);
    }
}

#[test]
fn every_protection_lets_readings_through() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut bench = Bench::open(tools, Cluster::shared(tools));
    let cluster = &bench.cluster;
    let tls = Cluster::tls(&cluster.authority);
    let login = |mechanism: &str| cluster.login(mechanism, "trygg", PASSWORD);
    let token = cluster.secret("token", &token());
    let bearer = format!(
        "[kafka.sasl]\nmechanism = \"OAUTHBEARER\"\ntoken_file = \"{}\"\n",
        token.display()
    );
    let raw = format!(
        "[kafka.librdkafka]\n\"security.protocol\" = \"sasl_ssl\"\n\"sasl.mechanism\" = \"PLAIN\"\n\
         \"sasl.username\" = \"trygg\"\n\"ssl.ca.location\" = \"{}\"\n\
         [kafka.secret_files]\n\"sasl.password\" = \"{}\"\n",
        cluster.authority.file().display(),
        cluster.secret("raw.pass", PASSWORD).display()
    );
    let rows = [
        ("in clear", "PLAINTEXT", String::new()),
        ("TLS", "TLS", tls.clone()),
        ("mutual TLS", "MUTUAL", cluster.mutual()),
        ("PLAIN over TLS", "LOGINTLS", tls.clone() + &login("PLAIN")),
        ("SCRAM-SHA-512 over TLS", "LOGINTLS", tls + &login("SCRAM-SHA-512")),
        ("SCRAM-SHA-256 in clear", "LOGIN", login("SCRAM-SHA-256")),
        ("OAUTHBEARER in clear", "LOGIN", bearer),
        ("PLAIN over TLS by librdkafka's own keys", "LOGINTLS", raw),
    ];
    for (name, listener, sections) in rows {
        let config = bench.config(bench.cluster.port(listener), &sections);
        let mut engine = Engine::start(&config);
        engine.wait_until_ready();
        bench.pass_one();
        engine.scrape();
        assert_eq!(engine.terminate(), Some(0), "{name}");
        assert_silent(name, &engine.log());
        println!("row {name}: ok");
    }
    bench.site.relay.assert_well_behaved();
}

/// A way that must fail: its name, Kafka's port, the sections of the configuration, the cause.
type Failure = (&'static str, u16, String, Cause);

fn failures(cluster: &Cluster) -> Vec<Failure> {
    let tls = Cluster::tls(&cluster.authority);
    let strange = Cluster::tls(&cluster.stranger);
    let port = |listener| cluster.port(listener);
    let plain = tls.clone() + &cluster.login("PLAIN", "trygg", WRONG);
    let scram = cluster.login("SCRAM-SHA-256", "trygg", WRONG);
    let nobody = tls.clone() + &cluster.login("SCRAM-SHA-512", "nobody", PASSWORD);
    let other = cluster.login("SCRAM-SHA-512", "trygg", PASSWORD);
    let clear = String::new;
    vec![
        ("unknown CA", port("TLS"), strange, Cause::TlsUnknownCa),
        ("expired certificate", port("EXPIRED"), tls.clone(), Cause::TlsExpired),
        ("wrong name", port("MISNAMED"), tls.clone(), Cause::TlsWrongName),
        ("no client certificate", port("MUTUAL"), tls.clone(), Cause::TlsClientCertificate),
        ("wrong password, PLAIN", port("LOGINTLS"), plain, Cause::AuthenticationFailed),
        ("wrong password, SCRAM", port("LOGIN"), scram, Cause::AuthenticationFailed),
        ("unknown user", port("LOGINTLS"), nobody, Cause::AuthenticationFailed),
        ("mechanism not enabled", port("LOGIN"), other, Cause::MechanismUnsupported),
        ("TLS to a listener in clear", port("PLAINTEXT"), tls, Cause::TlsNotSpoken),
        ("in clear to a TLS listener", port("TLS"), clear(), Cause::TlsExpected),
        ("no login to one that wants it", port("LOGIN"), clear(), Cause::AuthenticationExpected),
        ("nobody listens", process::free_port(), clear(), Cause::Refused),
    ]
}

/// An engine that waits, and the way it takes.
struct Waiting {
    name: &'static str,
    cause: Cause,
    way: Counter,
    engine: Engine,
}

impl Waiting {
    fn start(bench: &Bench, (name, port, sections, cause): Failure) -> Self {
        let way = Counter::before(port);
        // The way itself would take the connection.
        let port = if cause == Cause::Refused { port } else { way.port };
        let config = bench.config(port, &format!("{sections}\n[log]\nformat = \"json\"\n"));
        Self { name, cause, way, engine: Engine::start(&config) }
    }

    /// The log has the code and the fix, at one of the first tries; and so has readiness.
    fn wait_until_named(&self) {
        let Self { name, cause, engine, .. } = self;
        let named = format!("\"code\":\"{}\",\"fix\":\"{}\"", cause.code(), cause.fix());
        wait::until(&format!("{name} is called {}", cause.code()), SOON, || {
            let told = engine.log().contains(&named);
            assert!(told || waits(engine) < 3, "{name}: {}", engine.log());
            told.then_some(())
        });
        wait::until("readiness says so", SOON, || {
            let answer = engine.get("/readyz")?;
            (answer.status == 503 && answer.body.contains(cause.code())).then_some(())
        });
    }

    /// CPU time, connections and lines so far.
    fn spent(&self) -> (Duration, usize, usize) {
        (self.engine.cpu(), self.way.count(), waits(&self.engine))
    }
}

#[test]
fn what_fails_is_named_and_waited_for() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut bench = Bench::open(tools, Cluster::shared(tools));
    let failures = failures(&bench.cluster).into_iter();
    let mut waiting: Vec<Waiting> = failures.map(|row| Waiting::start(&bench, row)).collect();
    waiting.iter().for_each(Waiting::wait_until_named);
    let before: Vec<_> = waiting.iter().map(Waiting::spent).collect();
    wait::throughout("nothing is taken over MQTT", WATCHED, || bench.site.relay.lives().is_empty());
    for (row, before) in waiting.iter_mut().zip(before) {
        let (name, code, spent) = (row.name, row.cause.code(), row.spent());
        assert!(!row.engine.has_ended(), "{name} ended");
        assert_eq!(row.engine.terminate(), Some(0), "{name}: a signal ends the wait");
        let (cpu, connections) = (spent.0.saturating_sub(before.0), spent.1 - before.1);
        let lines = spent.2 - before.2;
        println!("row {name}: {code}, {lines} lines, {connections} connections, {cpu:?} CPU: ok");
        assert!(lines <= LINES, "{name}: {lines} lines\n{}", row.engine.log());
        assert!(connections <= CONNECTIONS, "{name}: {connections} connections");
        assert!(cpu <= CPU, "{name}: {cpu:?}");
        assert_silent(name, &row.engine.log());
    }
    // Put right, it goes on.
    let config = bench.config(bench.cluster.port("TLS"), &Cluster::tls(&bench.cluster.authority));
    let mut engine = Engine::start(&config);
    engine.wait_until_ready();
    bench.pass_one();
    assert_eq!(engine.terminate(), Some(0));
}

#[test]
fn a_password_that_changes_is_taken_up_without_a_restart() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut bench = Bench::open(tools, Arc::new(Cluster::start(tools)));
    let file = bench.cluster.secret("changing.pass", WRONG);
    let login = format!(
        "[kafka.sasl]\nmechanism = \"SCRAM-SHA-256\"\nuser = \"trygg\"\npassword_file = \"{}\"\n",
        file.display()
    );
    let config = bench.config(bench.cluster.port("LOGIN"), &login);
    let mut engine = Engine::start(&config);
    wait_for_line(&engine, "waiting for Kafka code=\"authentication_failed\"");
    write_secret(&file, PASSWORD);
    engine.wait_until_ready();
    bench.pass_one();
    println!("row password corrected during the start: ok");

    // Kafka gets another password, and a restart ends the connections that know the old one.
    let next = "neu-1234-marke";
    bench.cluster.kafka.create_user("trygg", next);
    bench.reader = None;
    bench.cluster.kafka.kill();
    bench.cluster.kafka.restart();
    wait_for_line(&engine, "Kafka cannot be reached code=\"authentication_failed\"");
    let health = wait::until("health says so", SOON, || {
        engine.get("/readyz").filter(|answer| answer.body.contains("authentication_failed"))
    });
    assert_eq!(health.status, 503);
    wait::throughout("it is said once", WATCHED, || {
        engine.log().matches("code=\"authentication_failed\" fix").count() <= LINES
    });
    let said =
        engine.log().matches("Kafka cannot be reached code=\"authentication_failed\"").count();
    assert_eq!(said, 1, "{}", engine.log());
    write_secret(&file, next);
    wait_for_line(&engine, "logging in to Kafka anew");
    wait_for_line(&engine, "the Kafka login was renewed");
    assert!(!engine.log().contains("failed for good"), "{}", engine.log());
    bench.pass_one();
    engine.wait_until_ready();
    engine.scrape();
    assert_eq!(engine.terminate(), Some(0));
    assert_silent("password changed at run time", &engine.log());
    assert!(!engine.log().contains(next));
    bench.site.relay.assert_well_behaved();
    println!("row password changed at run time: ok");
}

#[test]
fn a_missing_right_ends_the_start_with_the_command_that_gives_it() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let bench = Bench::open(tools, Cluster::shared(tools));
    let topic = bench.site.config.alerts.clone();
    // Now that somebody has a right to this topic, those who have none are shut out.
    bench.cluster.kafka.allow("another", "READ", &topic);
    let login = bench.cluster.login("SCRAM-SHA-256", "trygg", PASSWORD);
    let config = bench.config(bench.cluster.port("LOGIN"), &login);
    let mut engine = Engine::start(&config);
    assert_eq!(engine.exit_code(), Some(78), "{}", engine.log());
    let log = engine.log();
    let command = format!(
        "--allow-principal User:trygg --operation Write --operation Describe --topic {topic}"
    );
    assert!(
        log.contains(&format!("no right to topic {topic}.")) && log.contains(&command),
        "{log}"
    );
    assert!(!log.contains(&bench.site.config.readings), "{log}");
    println!("row no right to a topic: ok");
}

#[test]
fn the_program_lists_what_its_kafka_client_can_do_and_check_refuses_the_rest() {
    let trygg = || process::command(env!("CARGO_BIN_EXE_trygg"));
    let version = trygg().arg("--version").output().expect("trygg");
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    for feature in ["librdkafka", "ssl", "sasl_plain", "sasl_scram", "sasl_oauthbearer"] {
        assert!(version.contains(feature), "{feature}: {version}");
    }
    let file = process::scratch("check").join("trygg.toml");
    fs::write(&file, "[kafka.sasl]\nmechanism = \"GSSAPI\"\n").expect("a file");
    let check = trygg().arg("check").arg(&file).output().expect("trygg");
    assert_eq!(check.status.code(), Some(78));
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(said.contains("built without sasl_gssapi") && said.contains(":2:13: "), "{said}");
}

/// How often it has said that it waits.
fn waits(engine: &Engine) -> usize {
    engine.log().matches("waiting for Kafka").count()
}

fn wait_for_line(engine: &Engine, line: &str) {
    wait::until(line, SOON, || engine.log().contains(line).then_some(()));
}

fn assert_silent(name: &str, log: &str) {
    for secret in [PASSWORD, WRONG] {
        assert!(!log.contains(secret), "{name}: a password is in the log");
    }
}

/// A token as Kafka's test validator takes it: unsigned, and good for an hour.
fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let claims = format!("{{\"sub\":\"trygg\",\"iat\":{now},\"exp\":{}}}", now + 3600);
    format!("{}.{}.", base64url(b"{\"alg\":\"none\"}"), base64url(claims.as_bytes()))
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
        let word = word << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            let index = (word >> (18 - 6 * digit)) & 63;
            text.push(char::from(DIGITS[index as usize]));
        }
    }
    text
}
