//! The harness by itself, without the engine.

use crate::support::{
    kafka::Kafka,
    mosquitto::{Mosquitto, Store},
    mqtt::{Publisher, Send},
    reader::Reader,
    relay::Relay,
    tools, turn,
};

#[test]
fn mosquitto_takes_a_message_and_survives_a_kill() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let mut mosquitto = Mosquitto::start(tools);
    let relay = Relay::start(mosquitto.port);
    for store in [Store::Kept, Store::Lost] {
        let mut publisher = Publisher::connect(relay.port, "homes");
        publisher.publish("homes/h1/zigbee2mqtt/plug", b"{\"n\":1}", Send::Acknowledged);
        publisher.settle();
        mosquitto.kill(store);
        mosquitto.restart();
    }
    assert_eq!(relay.lives().len(), 2);
}

#[test]
fn kafka_keeps_a_record_over_a_kill_and_the_reader_finds_it() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let kafka = Kafka::start(tools);
    kafka.create_topic("hand.readings", 2, &[]);
    produce_by_hand(tools, &kafka, "hand.readings");
    kafka.kill();
    kafka.restart();
    assert_eq!(kafka.records("hand.readings"), 1);
    let seen = Reader::read_all(tools, &kafka, &["hand.readings"]);
    let [reading] = seen.readings.as_slice() else { panic!("one reading: {seen:?}") };
    assert_eq!((reading.device.as_str(), reading.kind.as_str()), ("bed", "bed_occupied"));
    assert_eq!(
        (reading.event_id.as_str(), reading.basis.as_str()),
        ("00112233445566778899aabbccddeeff", "CONTENT")
    );
    assert_eq!(reading.value, serde_json::Value::Bool(true));
    assert_eq!(reading.measured_at_us, Some(1_700_000_000_000_000));
}

#[test]
fn event_ids_equal_the_python_reference() {
    let Some(tools) = tools::find() else { return };
    let golden = tools::root().join("tests/golden");
    let run = std::process::Command::new(&tools.python)
        .arg(golden.join("check_event_ids.py"))
        .arg(golden.join("event_ids.json"))
        .output()
        .expect("python");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("event ids equal the reference"), "{said}");
}

/// A record made by other hands than the engine's.
fn produce_by_hand(tools: &tools::Tools, kafka: &Kafka, topic: &str) {
    const SCRIPT: &str = "import sys\n\
        from confluent_kafka import Producer\n\
        from trygg.v1 import trygg_pb2 as pb\n\
        report = pb.DeviceReport(event_id=bytes.fromhex('00112233445566778899aabbccddeeff'),\n\
            event_id_basis=pb.EVENT_ID_BASIS_CONTENT, device='bed', measured_at_us=1700000000000000,\n\
            received_at_us=1700000000100000, readings=[pb.Reading(kind='bed_occupied', state=True)])\n\
        batch = pb.ReadingBatch(tenant='t', home='h1', reports=[report])\n\
        producer = Producer({'bootstrap.servers': sys.argv[1], 'acks': 'all'})\n\
        producer.produce(sys.argv[2], key=b'h1', value=batch.SerializeToString())\n\
        sys.exit(producer.flush(20))\n";
    let run = std::process::Command::new(&tools.python)
        .args(["-c", SCRIPT, &kafka.brokers(), topic])
        .env("PYTHONPATH", &tools.python_stubs)
        .output()
        .expect("python");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
