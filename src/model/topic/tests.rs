use proptest::{collection::vec, prelude::*, sample::select};

use super::{TopicPatternError::*, *};

fn pattern(text: &str) -> TopicPattern {
    TopicPattern::parse(text).expect(text)
}

type Found = Option<(Option<String>, Option<String>)>;

fn captured(text: &str, topic: &str) -> Found {
    let own = |text: Option<&str>| text.map(str::to_owned);
    pattern(text).matches(topic).map(|it| (own(it.home), own(it.device)))
}

fn both(home: &str, device: &str) -> (Option<String>, Option<String>) {
    (Some(home.to_owned()), Some(device.to_owned()))
}

#[test]
fn names_become_wildcards_and_captures() {
    let text = "homes/{home}/zigbee2mqtt/{device...}";
    assert_eq!(pattern(text).filter(), "homes/+/zigbee2mqtt/#");
    assert_eq!(captured(text, "homes/h1/zigbee2mqtt/door"), Some(both("h1", "door")));
    assert_eq!(captured(text, "homes/h1/zigbee2mqtt/hall/door"), Some(both("h1", "hall/door")));
    assert_eq!(captured(text, "homes/h1/zigbee2mqtt//x"), Some(both("h1", "/x")));
    for stranger in ["homes/h1/zigbee2mqtt", "homes/h1/zigbee2mqtt/", "homes//zigbee2mqtt/d", ""] {
        assert_eq!(captured(text, stranger), None, "{stranger}");
    }
    for stranger in ["homes/h1/zigbee2mqttx/d", "home/h1/zigbee2mqtt/d", "homesx/h1/zigbee2mqtt/d"]
    {
        assert_eq!(captured(text, stranger), None, "{stranger}");
    }
    assert_eq!(captured("{device}/{_site}/{home}", "d/s/h"), Some(both("h", "d")));
    assert_eq!(captured("{device}/{_site}/{home}", "d//h"), None);
    assert_eq!(captured("a/+/{_rest...}", "a//b/c"), Some((None, None)));
}

#[test]
fn hash_matches_its_parent_and_a_named_rest_does_not() {
    assert!(pattern("a/#").matches("a").is_some());
    assert!(pattern("a/#").matches("a/").is_some());
    assert!(pattern("a/{device...}").matches("a").is_none());
    assert!(pattern("#").matches("").is_some());
}

#[test]
fn leading_wildcards_leave_the_brokers_own_topics_alone() {
    for wild in ["#", "+/x", "{home}/x", "{device...}"] {
        assert!(pattern(wild).matches("$SYS/x").is_none(), "{wild}");
        assert!(!pattern(wild).overlaps(&pattern("$SYS/x")), "{wild}");
        assert!(!pattern("$SYS/x").overlaps(&pattern(wild)), "{wild}");
    }
    assert!(pattern("$SYS/#").matches("$SYS/x").is_some());
    assert!(pattern("a/+").matches("a/$SYS").is_some());
}

#[test]
fn a_shared_subscription_matches_without_its_prefix() {
    let shared = pattern("$share/engines/homes/{home}/{device}");
    assert_eq!(shared.filter(), "$share/engines/homes/+/+");
    assert!(shared.matches("homes/h/d").is_some());
    assert!(shared.overlaps(&pattern("homes/#")));
    for wrong in ["$share/g", "$share//t", "$share/+/t", "$share/{home}/t"] {
        assert_eq!(TopicPattern::parse(wrong), Err(ShareGroup), "{wrong}");
    }
    assert_eq!(TopicPattern::parse("$share/g/"), Err(Empty));
}

#[test]
fn what_is_no_pattern_says_why() {
    let reject = |text: &str| TopicPattern::parse(text).expect_err(text);
    assert_eq!(reject(""), Empty);
    assert_eq!(reject("a\0"), Nul);
    assert_eq!(reject(&"x".repeat(65_536)), TooLong);
    for level in ["a+", "#b", "x{home}", "{home}x", "{home", "home}", "++"] {
        assert_eq!(reject(&format!("a/{level}")), PartOfLevel { level: level.to_owned() });
    }
    for level in ["#", "{device...}", "{_x...}"] {
        assert_eq!(reject(&format!("a/{level}/b")), NotLast { level: level.to_owned() });
    }
    for name in ["", "Home", "devcie", "_{", "_+"] {
        assert_eq!(reject(&format!("a/{{{name}}}")), UnknownName { name: name.to_owned() });
    }
    assert_eq!(reject("{home}/{home}"), RepeatedName { name: "home".to_owned() });
    assert_eq!(reject("{device}/{device...}"), RepeatedName { name: "device".to_owned() });
}

#[test]
fn debug_shows_no_names() {
    let topic = "homes/anna/lamp";
    let shown = format!("{:?}", pattern("homes/{home}/{device}").matches(topic));
    assert!(!shown.contains("anna") && !shown.contains("lamp"), "{shown}");
}

/// MQTT's rule, written down as a recursion over levels.
fn naive_filter_matches(filter: &[&str], topic: &[&str]) -> bool {
    match (filter, topic) {
        (["#"], _) | ([], []) => true,
        (["+", filter @ ..], [_, topic @ ..]) => naive_filter_matches(filter, topic),
        ([literal, filter @ ..], [level, topic @ ..]) => {
            literal == level && naive_filter_matches(filter, topic)
        }
        _ => false,
    }
}

fn naive_matches(filter: &str, topic: &str) -> bool {
    let filter: Vec<_> = filter.split('/').collect();
    let topic_levels: Vec<_> = topic.split('/').collect();
    let hidden = topic.starts_with('$') && matches!(filter[0], "+" | "#");
    !hidden && naive_filter_matches(&filter, &topic_levels)
}

/// Every topic of up to four levels over an alphabet with one level no pattern mentions.
fn all_topics() -> Vec<String> {
    let alphabet = ["", "a", "b", "$s", "z"];
    let mut topics: Vec<String> = Vec::new();
    let mut longest: Vec<String> = alphabet.iter().map(|&level| level.to_owned()).collect();
    for _ in 0..4 {
        topics.extend(longest.iter().cloned());
        longest = longest
            .iter()
            .flat_map(|topic| alphabet.iter().map(move |level| format!("{topic}/{level}")))
            .collect();
    }
    topics
}

fn filters() -> impl Strategy<Value = String> {
    let level = || select(vec!["", "a", "b", "$s", "+", "+"]);
    (vec(level(), 1..=3), any::<bool>())
        .prop_map(|(levels, rest)| levels.join("/") + if rest { "/#" } else { "" })
        .prop_filter("an empty pattern is refused", |filter| !filter.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn matches_as_mqtt_says(filter in filters()) {
        let pattern = pattern(&filter);
        prop_assert_eq!(pattern.filter(), &filter);
        for topic in all_topics() {
            prop_assert_eq!(pattern.matches(&topic).is_some(), naive_matches(&filter, &topic), "{} {}", filter, topic);
        }
    }

    #[test]
    fn overlaps_when_some_topic_matches_both(one in filters(), other in filters()) {
        let common = all_topics().into_iter().any(|topic| naive_matches(&one, &topic) && naive_matches(&other, &topic));
        prop_assert_eq!(pattern(&one).overlaps(&pattern(&other)), common);
        prop_assert_eq!(pattern(&other).overlaps(&pattern(&one)), common);
    }

    #[test]
    fn names_match_what_their_wildcards_match_unless_empty(filter in filters(), topic in select(all_topics())) {
        let named = filter.replacen('+', "{home}", 1).replacen('#', "{device...}", 1);
        let found = pattern(&named).matches(&topic);
        if let Some(Captures { home, device }) = found {
            prop_assert!(naive_matches(&filter, &topic));
            prop_assert_ne!(home, Some(""));
            prop_assert_ne!(device, Some(""));
            prop_assert_eq!(home.is_some(), named.contains("{home}"));
            prop_assert_eq!(device.is_some(), named.contains("{device...}"));
        } else if naive_matches(&filter, &topic) {
            let filled = naive_matches(&filter, &topic) && captured_levels(&filter, &topic).iter().all(|level| !level.is_empty());
            prop_assert!(!filled, "{} should match {}", named, topic);
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "[a{}+#$/_.\0é]{0,24}", topic in "[a/é$]{0,12}") {
        if let Ok(pattern) = TopicPattern::parse(&text) {
            prop_assert!(rumqttc::valid_filter(pattern.filter()));
            let found = pattern.matches(&topic);
            prop_assert!(found.is_none() || naive_matches(pattern.filter(), &topic));
        }
    }
}

/// What stands at the first `+` and at `#`.
fn captured_levels(filter: &str, topic: &str) -> Vec<String> {
    let levels: Vec<&str> = topic.split('/').collect();
    let mut captured = Vec::new();
    for (at, level) in filter.split('/').enumerate() {
        match level {
            "+" if captured.is_empty() => captured.push(levels[at].to_owned()),
            "#" => captured.push(levels[at.min(levels.len())..].join("/")),
            _ => {}
        }
    }
    captured
}
