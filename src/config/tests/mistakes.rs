//! Many mistakes at once, each with its line and its remedy.

use super::*;

/// Line, key and the beginning of the remedy.
type Planted = (usize, &'static str, &'static str);

#[test]
fn twenty_mistakes_are_named_with_line_and_remedy() {
    let file = include_str!("../../../tests/golden/twenty_mistakes.toml");
    let golden = include_str!("../../../tests/golden/twenty_mistakes.txt");
    let planted: [Planted; 20] = [
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
    assert_named("twenty_mistakes.toml", file, &planted, golden);
}

#[test]
fn keys_that_do_not_go_together_are_named_with_line_and_remedy() {
    let file = include_str!("../../../tests/golden/mistakes_across_keys.toml");
    let golden = include_str!("../../../tests/golden/mistakes_across_keys.txt");
    let planted: [Planted; 13] = [
        (6, "link.websocket_path", "remove it, or set transport"),
        (10, "link.tls", "set transport = \"tls\""),
        (10, "link.tls.certificate_file", "add certificate_file"),
        (18, "link.receive_maximum", "write inflight instead"),
        (19, "link.session_expiry", "remove it, and set at the broker"),
        (29, "link.max_packet_bytes", "lower it, or use transport tcp"),
        (30, "link.inflight", "write receive_maximum instead"),
        (39, "link.transport", "did you mean \"tls\"?"),
        (40, "link.protocol", "did you mean \"3.1.1\"?"),
        (50, "kafka.sasl.password_file", "add password_file = "),
        (53, "kafka.sasl.token_file", "remove it: tokens are for"),
        (56, "kafka.librdkafka.security.protocol", "remove it: it follows"),
        (59, "kafka.secret_files.sasl.password", "use kafka.sasl.password_file"),
    ];
    assert_named("mistakes_across_keys.toml", file, &planted, golden);
}

/// These mistakes and no others are found, and read like this.
fn assert_named(name: &str, file: &str, planted: &[Planted], golden: &str) {
    let errors = Config::parse(Path::new(name), file, |_| None).unwrap_err();
    let found: Vec<_> =
        errors.iter().map(|error| (error.place.line().unwrap(), &*error.key)).collect();
    let expected: Vec<_> = planted.iter().map(|(line, key, _)| (*line, *key)).collect();
    assert_eq!(found, expected, "{errors}");
    for (error, (.., fix)) in errors.iter().zip(planted) {
        assert!(error.fix.starts_with(fix), "{error}");
    }
    assert_eq!(errors.to_string() + "\n", golden, "\n{errors}\n");
}
