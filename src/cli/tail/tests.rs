//! From arguments to settings.

use std::{fs, os::unix::fs::PermissionsExt};

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    tail: TailArgs,
}

fn settings(args: &[&str]) -> Result<FollowSettings, (Exit, String)> {
    let args = std::iter::once("tail").chain(args.iter().copied());
    let parsed = Alone::try_parse_from(args);
    parsed.map_err(|error| (Exit::Usage, error.to_string()))?.tail.settings()
}

fn topics(args: &[&str]) -> Vec<(String, Lane)> {
    settings(args).expect("good arguments").topics
}

fn topic(name: &str, lane: Lane) -> (String, Lane) {
    (name.to_owned(), lane)
}

#[test]
fn all_three_topics_are_followed_unless_some_are_named() {
    let all = [
        topic("trygg.readings", Lane::Readings),
        topic("trygg.alerts", Lane::Alerts),
        topic("trygg.dead-letters", Lane::DeadLetters),
    ];
    assert_eq!(topics(&[]), all);
    assert_eq!(topics(&["--all", "--alerts"]), all);
    assert_eq!(topics(&["--alerts", "--readings"]), all[..2]);
    assert_eq!(topics(&["--dead-letters"]), all[2..]);
}

#[test]
fn topics_of_other_names_say_what_they_hold() {
    let named = ["--topic", "a.dead_letters", "b.alerts", "--topic", "c-readings"];
    assert_eq!(
        topics(&named),
        [
            topic("a.dead_letters", Lane::DeadLetters),
            topic("b.alerts", Lane::Alerts),
            topic("c-readings", Lane::Readings),
        ]
    );
    let (exit, complaint) = settings(&["--topic", "homes"]).expect_err("who knows");
    assert_eq!(exit, Exit::Usage);
    assert!(complaint.contains("--as readings"), "{complaint}");
    let told = ["--topic", "homes", "--as", "dead-letters"];
    assert_eq!(topics(&told), [topic("homes", Lane::DeadLetters)]);
    assert!(
        settings(&["--as", "alerts"]).is_err() && settings(&["--topic", "a", "--all"]).is_err()
    );
}

#[test]
fn a_configuration_brings_brokers_topics_and_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, password) = (folder.path().join("trygg.toml"), folder.path().join("password"));
    fs::write(&password, "geheim\n").expect("written");
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).expect("mode");
    let text = "[[link]]\nname = 'north'\nhost = '127.0.0.1'\nclient_id = 'c'\n\
        [[link.filter]]\ntopic = 'homes/{home}/{device}'\nformat = 'json'\n\
        [kafka]\nbrokers = ['a:1', 'b:2']\n[kafka.topics]\nalerts = 'x'\n\
        [kafka.librdkafka]\n'socket.timeout.ms' = '700'\n\
        [kafka.secret_files]\n'sasl.password' = 'password'\n\
        [identity]\nclear_names = true\n";
    fs::write(&file, text).expect("written");
    let args = ["--config", file.to_str().expect("text"), "-X", "client.id=me"];
    let taken = settings(&args).expect("good");
    assert_eq!(taken.brokers, "a:1,b:2");
    assert_eq!(taken.topics[1], topic("x", Lane::Alerts));
    let expected = [("client.id", "me"), ("sasl.password", "geheim"), ("socket.timeout.ms", "700")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(taken.properties, BTreeMap::from(expected));
    assert!(!format!("{taken:?}").contains("geheim"));
    let unnamed = settings(&args[..2]).expect("good");
    assert!(!unnamed.properties.contains_key("client.id"), "the producer's quota is not ours");

    fs::write(&file, "kafka = 1\n").expect("written");
    let (exit, _) = settings(&args).expect_err("not a configuration");
    assert_eq!(exit, Exit::Configuration);
}

#[test]
fn secrets_come_from_private_files_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    fs::write(&file, "geheim\n").expect("written");
    let argument = format!("sasl.password=@{}", file.display());
    for (mode, is_taken) in [(0o600, true), (0o644, false)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("mode");
        let taken = settings(&["-X", &argument]);
        assert_eq!(taken.is_ok(), is_taken, "{mode:o}");
        if let Ok(taken) = taken {
            assert_eq!(taken.properties["sasl.password"], "geheim");
        }
    }
    for (argument, says) in
        [("sasl.password=geheim", "sasl.password=@FILE"), ("=x", "KEY=VALUE"), ("x", "KEY=VALUE")]
    {
        let (exit, complaint) = settings(&["-X", argument]).expect_err(argument);
        assert_eq!(exit, Exit::Usage);
        assert!(complaint.contains(says), "{complaint}");
    }
}

#[test]
fn wrong_times_are_refused_with_examples() {
    let (exit, complaint) = settings(&["--from", "yesterday"]).expect_err("no time");
    assert_eq!(exit, Exit::Usage);
    assert!(complaint.contains("15m") && complaint.contains("beginning"), "{complaint}");
    assert!(settings(&["--brokers", "a:1", "--config", "x"]).is_err());
}
