//! What is allowed and still worth a word.

use super::*;

/// The notes of the minimal file with some keys added to its link, and with further sections.
fn notes(link: &str, sections: &str) -> Vec<Note> {
    let text = minimal_with(link, sections);
    parse(&text).unwrap_or_else(|errors| panic!("{errors}")).notes().to_vec()
}

#[test]
fn what_fits_together_badly_is_noted() {
    let link = || "north".into();
    let few = "    receive_maximum = 5000\n    max_outstanding_bytes = \"1MiB\"";
    assert_eq!(notes(few, ""), [Note::FewBytes { link: link(), protocol: Protocol::V5 }]);
    let enough = "    receive_maximum = 4096\n    max_outstanding_bytes = \"1MiB\"";
    assert_eq!(notes(enough, ""), []);
    let small = notes("    receive_maximum = 99", "");
    assert_eq!(small, [Note::SmallWindow { link: link(), protocol: Protocol::V5 }]);
    let slow = "    keep_alive = \"5s\"";
    let lingers =
        |linger: &str| format!("[batch]\nlinger = \"{linger}\"\n[spool]\nafter = \"20s\"\n");
    assert_eq!(notes(slow, &lingers("5s")), [Note::LongLinger { link: link() }]);
    assert_eq!(notes(slow, &lingers("4990ms")), []);
    let batch = |size: &str| notes("", &format!("[batch]\nmax_bytes = \"{size}\"\n"));
    assert_eq!(batch("513KiB"), [Note::LargeRecords]);
    assert_eq!(batch("512KiB"), []);
    let deadline = |time: &str| notes("", &format!("[engine]\nshutdown_deadline = \"{time}\"\n"));
    assert_eq!(deadline("30s"), [Note::LongShutdown]);
    assert_eq!(deadline("29s"), []);
    assert_eq!(notes("", "[admin]\nlisten = \"0.0.0.0:9464\"\n"), [Note::AdminReachable]);
    assert_eq!(notes("", MAPPING), [Note::UnusedMapping { name: "box".into() }]);
}

#[test]
fn topics_made_with_few_replicas_are_noted() {
    let with = |keys: &str| {
        let text = MINIMAL.replace("    [kafka]\n", &format!("    [kafka]\n    {keys}\n"));
        parse(&text).unwrap().notes().to_vec()
    };
    assert_eq!(with("create_topics = true"), [Note::FewReplicas]);
    assert_eq!(with("create_topics = true\n    replication = 3"), []);
    assert_eq!(with("replication = 1"), []);
}

#[test]
fn the_admin_server_cannot_listen_where_a_broker_does() {
    let mistakes_of = |listen: &str| {
        let errors = parse(&minimal_with("", &format!("[admin]\nlisten = \"{listen}\"\n")));
        errors.map_or_else(
            |errors| errors.iter().map(|error| error.key.clone()).collect(),
            |_| vec![],
        )
    };
    assert_eq!(mistakes_of("127.0.0.1:1883"), ["admin.listen"]);
    assert_eq!(mistakes_of("127.0.0.1:9092"), ["admin.listen"]);
    assert_eq!(mistakes_of("[::1]:1883"), ["admin.listen"]);
    assert!(mistakes_of("127.0.0.1:1884").is_empty());
    assert!(mistakes_of("10.0.0.1:1883").is_empty());
}

#[test]
fn a_long_linger_needs_a_long_age() {
    let sections = "[batch]\nlinger = \"4900ms\"\n[spool]\nafter = \"20s\"\n";
    let found = mistakes(&minimal_with("    max_age = \"49s\"", sections));
    assert_eq!((found[0].1.as_str(), found.len()), ("link.max_age", 1));
}
