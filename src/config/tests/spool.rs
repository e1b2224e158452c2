//! `[spool]`: what it says, and what it must fit.

use super::*;

fn spool(keys: &str) -> String {
    minimal_with("", &format!("[spool]\n{keys}\n"))
}

#[test]
fn a_spool_lies_beside_its_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let settings = parse_in(folder.path(), MINIMAL).unwrap().spool;
    assert_eq!(settings.directory, folder.path().join("spool"));
    assert_eq!(settings.ack, Ack::Auto);
    assert_eq!((settings.max_bytes, settings.keep_free), (Size::mib(1024), Size::mib(256)));
    assert_eq!(settings.after, Duration::from_secs(2));
    let elsewhere = spool("ack = \"spool\"\ndirectory = \"/var/lib/trygg/spool\"");
    let settings = parse_in(folder.path(), &elsewhere).unwrap().spool;
    assert_eq!(settings.directory, Path::new("/var/lib/trygg/spool"));
    assert_eq!(settings.ack, Ack::Spool);
}

#[test]
fn what_a_spool_cannot_be_is_refused() {
    for (key, fix) in [
        ("ack = \"kafak\"", "did you mean \"kafka\"?"),
        ("max_bytes = \"1023KiB\"", "write max_bytes = \"1GiB\""),
        ("keep_free = 5", "write keep_free = \"256MiB\""),
        ("after = \"99ms\"", "write after = \"2s\""),
        ("after = \"6m\"", "write after = \"2s\""),
    ] {
        let found = mistakes(&spool(key));
        let line = spool(key).lines().count();
        assert_eq!((found.len(), found[0].0), (1, line), "{key}");
        assert!(found[0].2.fix.starts_with(fix), "{}", found[0].2);
    }
}

#[test]
fn a_link_gives_up_later_than_the_spool_takes_over() {
    let with = |link: &str, spool: &str| minimal_with(link, &format!("[spool]\n{spool}\n"));
    let age = "    max_age = \"10s\"";
    let text = with(age, "after = \"10s\"");
    let found = mistakes(&text);
    assert_eq!((found.len(), found[0].0), (1, text.lines().count()));
    let shown = found[0].2.to_string();
    assert!(
        shown.contains(
            "spool.after: expected less than max_age of link north (\"10s\"), found \"10s\"\n  \
             fix: lower after, or raise the link's max_age"
        ),
        "{shown}"
    );
    parse(&with(age, "after = \"9s\"")).unwrap();
    parse(&with(age, "ack = \"kafka\"\nafter = \"10s\"")).unwrap();
    // The default is nobody's line, so the age is.
    let found = mistakes(&with("    max_age = \"2s\"", ""));
    assert_eq!((found.len(), found[0].0, found[0].1.as_str()), (1, 6, "link.max_age"));
    assert!(found[0].2.expected.contains("more than spool.after (\"2s\")"), "{}", found[0].2);
}

#[test]
fn the_largest_dead_letter_fits_into_its_tenth() {
    let with = |spool: &str| minimal_with("", &format!("[spool]\n{spool}\n"));
    let text = with("max_bytes = \"2639KiB\"");
    let found = mistakes(&text);
    assert_eq!((found.len(), found[0].0), (1, text.lines().count()));
    assert_eq!(found[0].1, "spool.max_bytes");
    let expected = &found[0].2.expected;
    assert!(expected.starts_with("at least \"2640KiB\": 10 times"), "{expected}");
    parse(&with("max_bytes = \"2640KiB\"")).unwrap();
    parse(&with("ack = \"kafka\"\nmax_bytes = \"2639KiB\"")).unwrap();
}

#[test]
fn the_spool_does_not_take_over_while_a_batch_is_gathered() {
    let with = |linger: &str, spool: &str| {
        minimal_with("", &format!("[batch]\nlinger = {linger:?}\n[spool]\n{spool}\n"))
    };
    let text = with("100ms", "after = \"399ms\"");
    let found = mistakes(&text);
    assert_eq!((found.len(), found[0].0), (1, text.lines().count()));
    assert_eq!(found[0].1, "spool.after");
    assert!(found[0].2.expected.starts_with("at least 400 ms"), "{}", found[0].2);
    parse(&with("100ms", "after = \"400ms\"")).unwrap();
    // The default is nobody's line, so the linger is.
    let text = with("501ms", "");
    let found = mistakes(&text);
    assert_eq!((found.len(), found[0].0), (1, text.lines().count() - 2));
    assert_eq!(found[0].1, "batch.linger");
    assert!(found[0].2.expected.starts_with("at most 500 ms"), "{}", found[0].2);
    parse(&with("501ms", "ack = \"kafka\"")).unwrap();
}

#[test]
fn keys_of_a_spool_that_there_is_not_are_noted() {
    let notes = |keys: &str| parse(&spool(keys)).unwrap().notes().to_vec();
    assert_eq!(notes("ack = \"kafka\"\nmax_bytes = \"2GiB\""), [Note::IdleSpool]);
    assert_eq!(notes("ack = \"kafka\""), []);
    assert_eq!(notes("ack = \"auto\"\nmax_bytes = \"2GiB\""), []);
}

#[test]
fn a_directory_that_cannot_be_made_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    let notes = |directory: &str, ack: &str| {
        let text = spool(&format!("ack = \"{ack}\"\ndirectory = \"{directory}\""));
        parse_in(folder.path(), &text).unwrap().notes().to_vec()
    };
    let noted = |obstacle| [Note::SpoolDirectory { obstacle }];
    assert_eq!(notes("spool", "auto"), []);
    assert_eq!(notes(".", "auto"), []);
    assert_eq!(notes("no/such/spool", "auto"), noted(Obstacle::NoParent));
    assert_eq!(notes("no/such/spool", "kafka"), [Note::IdleSpool]);
    assert_eq!(notes("identity.key", "spool"), noted(Obstacle::NotAFolder));
    // Root can write everywhere: then there is nothing to note.
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o500)).unwrap();
    let is_blocked = fs::write(closed.join("probe"), "").is_err();
    let expected = if is_blocked { noted(Obstacle::NotWritable).to_vec() } else { vec![] };
    assert_eq!(notes("closed/spool", "auto"), expected);
}
