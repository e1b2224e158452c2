//! What compose.yaml starts, started here without Docker: Mosquitto and trygg with the files that
//! are shipped, Kafka with the topics that the script makes.

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    process::Command,
};

use super::{
    TRYGG,
    broker::Mosquitto,
    client::{Client, Login},
    read, run,
    secrets::{HOME, Secrets},
    support::{
        kafka::Kafka,
        process::{self, Daemon, Signal},
        tools::{self, Tools, root},
        wait,
    },
};

#[test]
fn a_message_of_a_gateway_arrives_in_the_topic_that_the_script_made() {
    let Some(tools) = tools::find() else { return };
    let Some(secrets) = Secrets::make() else { return };
    let Some(mosquitto) = Mosquitto::start(&secrets) else { return };
    let kafka = Kafka::start(tools);
    make_topics(tools, &kafka);

    let folder = process::scratch("whole");
    let port = process::free_port();
    let mut config = read("deploy/docker/trygg.toml");
    for (from, to) in [
        ("/secrets/", format!("{}/", secrets.folder.display())),
        ("host = \"mosquitto\"", format!("host = \"127.0.0.1\"\nport = {}", mosquitto.port)),
        ("kafka:19092", kafka.brokers()),
        ("0.0.0.0:9464", format!("127.0.0.1:{port}")),
        ("/var/lib/trygg/spool", folder.join("spool").display().to_string()),
    ] {
        assert!(config.contains(from), "trygg.toml has no {from:?}");
        config = config.replace(from, &to);
    }
    fs::write(folder.join("trygg.toml"), config).expect("trygg.toml");
    let mut command = process::command(TRYGG);
    command.args(["run", "--config"]).arg(folder.join("trygg.toml"));
    let mut trygg = Daemon::start("trygg", command, &folder.join("trygg.log"));
    wait::until("trygg is ready", wait::SOON, || {
        assert!(trygg.ended().is_none(), "trygg ended: {}", trygg.output());
        ready(port).then_some(())
    });

    let password = secrets.read(&format!("gateways/{HOME}.password"));
    let login = Some(Login { user: HOME, password: &password });
    let mut gateway = Client::connect(mosquitto.port, "gateway", login).expect("allowed");
    let answer = gateway.publish("homes/h-0412/zigbee2mqtt/door", br#"{"contact":false}"#);
    assert_eq!(answer, 0);
    wait::until("the reading is in Kafka", wait::SOON, || {
        (kafka.records("trygg.readings") == 1).then_some(())
    });
    assert_eq!(kafka.records("trygg.dead-letters"), 0);
    trygg.signal(Signal::Terminate);
    assert_eq!(trygg.exit_code(wait::SOON), Some(0), "{}", trygg.output());
}

/// Runs `deploy/kafka/topics.sh` twice, as at a second start of compose.yaml.
fn make_topics(tools: &Tools, kafka: &Kafka) {
    let folder = process::scratch("kafka-tools");
    // Kafka's own script, without the folders of an installation round it.
    let script = format!(
        "#!/bin/sh\nexec '{}' -XX:TieredStopAtLevel=1 -cp '{}/*' \
         -Dlog4j2.configurationFile='{}' org.apache.kafka.tools.TopicCommand \"$@\"\n",
        tools.java.display(),
        tools.kafka_jars.display(),
        tools.kafka_log4j.display()
    );
    let program = folder.join("kafka-topics.sh");
    fs::write(&program, script).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    let path = format!("{}:{}", folder.display(), env::var("PATH").expect("PATH"));
    for _ in 0..2 {
        run(Command::new(root().join("deploy/kafka/topics.sh"))
            .env("PATH", &path)
            .env("KAFKA", kafka.brokers())
            .env("REPLICATION", "1")
            .env("MIN_INSYNC_REPLICAS", "1"));
    }
    let described =
        run(Command::new(&program).args(["--bootstrap-server", &kafka.brokers(), "--describe"]));
    for (topic, partitions, retention) in [
        ("trygg.readings", 6, 604_800_000),
        ("trygg.alerts", 6, 604_800_000),
        ("trygg.dead-letters", 1, 259_200_000),
    ] {
        let begin = format!("Topic: {topic}\t");
        let line = described.lines().find(|line| line.starts_with(&begin)).expect("the topic");
        for part in [
            format!("PartitionCount: {partitions}\t"),
            String::from("min.insync.replicas=1"),
            format!("retention.ms={retention}"),
        ] {
            assert!(line.contains(&part), "no {part:?} in {line:?}");
        }
    }
}

/// Does `/readyz` say yes?
fn ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut answer = String::new();
    let asked = stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n");
    asked.and_then(|()| stream.read_to_string(&mut answer)).is_ok()
        && answer.split(' ').nth(1) == Some("200")
}
