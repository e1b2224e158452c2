//! Many mistakes at once, each with its line and its remedy.

use super::*;

const PLANTED: &str = include_str!("../../../tests/golden/twenty_mistakes.toml");
const GOLDEN: &str = include_str!("../../../tests/golden/twenty_mistakes.txt");

/// Line, key and the beginning of the remedy.
const TWENTY: [(usize, &str, &str); 20] = [
    (3, "engine.shutdown_deadlin", "did you mean shutdown_deadline?"),
    (5, "link.host", "add host = "),
    (8, "link.port", "write port = 1883"),
    (9, "link.keep_alive", "write keep_alive = \"30s\""),
    (10, "link.session_expiry", "write session_expiry = \"1d\""),
    (11, "link.max_packet_bytes", "write max_packet_bytes = \"1MiB\""),
    (12, "link.max_outstanding_messages", "write 20000"),
    (13, "link.password", "write it to a file of mode 0600"),
    (16, "link.filter.format", "did you mean \"zigbee2mqtt\"?"),
    (18, "link.filter.topic", "narrow one of them"),
    (26, "link.max_age", "raise max_age"),
    (35, "link.client_id", "give each link at a broker its own client_id"),
    (42, "", "remove one of the two"),
    (44, "clok", "did you mean clock?"),
    (49, "kafka.compression", "did you mean \"zstd\"?"),
    (53, "kafka.topics.alerts", "give each of the three topics"),
    (56, "kafka.librdkafka.acks", "remove it; set min.insync.replicas"),
    (57, "kafka.librdkafka.socket.timeout", "did you mean socket.timeout.ms?"),
    (63, "admin.listen", "choose another port"),
    (66, "", "correct the TOML syntax here"),
];

#[test]
fn twenty_mistakes_are_named_with_line_and_remedy() {
    let errors = Config::parse(Path::new("twenty_mistakes.toml"), PLANTED, |_| None).unwrap_err();
    let found: Vec<_> =
        errors.iter().map(|error| (error.place.line().unwrap(), &*error.key)).collect();
    let planted: Vec<_> = TWENTY.iter().map(|(line, key, _)| (*line, *key)).collect();
    assert_eq!(found, planted, "{errors}");
    for (error, (.., fix)) in errors.iter().zip(TWENTY) {
        assert!(error.fix.starts_with(fix), "{error}");
    }
    assert_eq!(errors.to_string() + "\n", GOLDEN, "\n{errors}\n");
}
