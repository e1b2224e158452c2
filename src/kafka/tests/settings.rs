//! What librdkafka is told.

use crate::kafka::{
    KafkaSettings,
    settings::{Grouping, builtin_features},
    tests::{cluster, settings_for},
};

fn told(settings: &KafkaSettings, grouping: Grouping, key: &str) -> String {
    let native = settings.client_config(grouping).create_native_config().expect("accepted");
    native.get(key).expect("a key of librdkafka")
}

#[test]
fn both_producers_have_the_settings_every_promise_rests_on() {
    let settings = settings_for(&cluster());
    for grouping in [Grouping::Batched, Grouping::Single] {
        for (key, value) in [
            ("enable.idempotence", "true"),
            ("acks", "-1"),
            ("message.timeout.ms", "0"),
            ("max.in.flight.requests.per.connection", "5"),
            ("delivery.report.only.error", "false"),
            ("socket.keepalive.enable", "true"),
            ("compression.type", "lz4"),
        ] {
            assert_eq!(told(&settings, grouping, key), value, "{key} {grouping:?}");
        }
    }
    assert_eq!(told(&settings, Grouping::Single, "batch.num.messages"), "1");
    assert_eq!(told(&settings, Grouping::Single, "linger.ms"), "0");
    assert_eq!(told(&settings, Grouping::Batched, "linger.ms"), "20");
}

#[test]
fn the_queue_has_room_for_more_than_the_links_may_send() {
    let mut settings = settings_for(&cluster());
    settings.queue_records = 50_000;
    settings.queue_bytes = 100 << 20;
    let number = |key| told(&settings, Grouping::Batched, key).parse::<usize>().expect("a number");
    assert!(number("queue.buffering.max.messages") > settings.queue_records);
    assert!(number("queue.buffering.max.kbytes") * 1024 > settings.queue_bytes);
    assert!(number("message.max.bytes") > settings.record_bytes);
}

#[test]
fn a_passed_key_reaches_librdkafka_and_overrides_nothing_of_ours() {
    let mut settings = settings_for(&cluster());
    let own = settings.client_config(Grouping::Batched);
    let passed = &mut settings.connection.librdkafka;
    passed.insert("socket.timeout.ms".to_owned(), "12345".to_owned());
    for key in own.config_map().keys() {
        // Not valid, so that whatever was not overridden would be noticed.
        passed.insert((*key).to_owned(), "smuggled".to_owned());
    }
    let config = settings.client_config(Grouping::Batched);
    assert_eq!(config.get("socket.timeout.ms"), Some("12345"));
    for (key, value) in own.config_map() {
        assert_eq!(config.get(key), Some(value), "{key}");
    }
}

/// A build of librdkafka that lacks one of these fails at the first secured or compressed topic.
#[test]
fn librdkafka_was_built_with_what_the_configuration_offers() {
    let features = builtin_features();
    for feature in ["ssl", "lz4", "zstd", "sasl_plain", "sasl_scram"] {
        assert!(features.split(',').any(|built| built.trim() == feature), "{feature}: {features}");
    }
}
