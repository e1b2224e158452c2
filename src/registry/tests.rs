use std::{fmt::Write as _, fs};

use proptest::prelude::*;

use super::{text::DeviceText, *};
use crate::catalogue::Class;

/// Devices of single homes, one that fits any home, and an exception to it.
pub(super) const LIST: &str = "\
device,source_home,tenant,home,room,id,kinds
contact_1,h-1,north,home-a,bedroom,bed-1,door_open=!window_open
contact_1,h-2,,home-b,,,
pendant,,north,home-a,,sos-1,
pendant,h-3,north,home-c,,sos-3,
";

/// Identity under a fixed key.
pub(super) fn keyed() -> Identity {
    Identity::Keyed(IdentityKey::from_file(&[7; 32]).unwrap())
}

/// Loads a list as if from a file of that name.
pub(super) fn load(name: &str, text: &str) -> Result<Registry, RegistryErrors> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    Registry::load(&file, "default", &keyed(), &Catalogue::builtin())
}

#[test]
fn toml_and_csv_say_the_same() {
    let toml = load(
        "list.toml",
        r#"
        [[device]]
        device = "contact_1"
        source_home = "h-1"
        tenant = "north"
        home = "home-a"
        room = "bedroom"
        id = "bed-1"
        kinds = "door_open=!window_open"
        [[device]]
        device = "contact_1"
        source_home = "h-2"
        home = "home-b"
        [[device]]
        device = "pendant"
        tenant = "north"
        home = "home-a"
        id = "sos-1"
        [[device]]
        device = "pendant"
        source_home = "h-3"
        tenant = "north"
        home = "home-c"
        id = "sos-3"
        "#,
    );
    let said = said(&load("list.csv", LIST).unwrap());
    assert_eq!(said.len(), 4);
    assert_eq!(self::said(&toml.unwrap()), said);
}

/// Every exact line, as it is kept.
fn said(registry: &Registry) -> Vec<String> {
    let lines = (0..).map_while(|index| registry.table.line(index));
    let told = lines.map(|line| {
        let (home, consent) = registry.table.home(line.home).unwrap();
        let (tenant, home) = (home.tenant, home.id);
        let DeviceText { name, id, room, .. } = line.text;
        format!(
            "{name} {tenant} {home} {room} {id} {:?} {consent:?}",
            registry.table.extras(line.number)
        )
    });
    told.collect()
}

#[test]
fn every_mistake_of_a_list_has_its_line_and_no_device_name() {
    let list = "\
device,source_home,tenant,home,room,id,kinds
hemlig-1,h-1,,home-a,,one,
hemlig-1,h-1,,home-b,,,
,h-1,,home-a,,,
hemlig-2,h-1,,,,,
hemlig-3,h-1,,home-b,,one,
hemlig-4,h-1,,home-a,,,door_open
hemlig-5,h-1,,home-a,,,door_opn=motion
hemlig-6,h-1,,home-a,,,door_open=heart_rate
hemlig-7,h-1,,home-a,,,air_temperature=!outdoor_temperature
hemlig-8,h-1,,home-a,,,door_open=motion;door_open=presence
hemlig-9,h-1,,home-a,,,air_temperature=relative_humidity
hemlig-10,h-1,,home-a,,,motion_state=lock_state
hemlig-11,h-1,,home-a
";
    let errors = load("list.csv", list).unwrap_err();
    let lines: Vec<u64> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    assert!(!errors.to_string().contains("hemlig"), "{errors}");

    let columns = load("list.csv", "device,home,name,address\n").unwrap_err();
    assert_eq!(columns.count(), 2);
    let keys = load("list.toml", "[[device]]\ndevice = \"hemlig\"\nstreet = \"x\"\n").unwrap_err();
    assert_eq!(keys.iter().map(|error| error.line).collect::<Vec<_>>(), [3]);
    assert!(!keys.to_string().contains("hemlig"), "{keys}");
}

#[test]
fn every_mistake_of_a_rule_has_its_line() {
    let list = "\
device,source_home,tenant,home,room,id,kinds,interval,consent
HOME-*/lamp,,,$1,,,,,all
HOME-*/lamp,,,$1,,,,,all
HOME-***/x,,,home,,,,,all
HOME-*/sos,,,$2,,,,,all
HOME-*/door,,,$1,,one,,,all
HOME-*/door,,,$1,$9,,,,all
HOME-*/bell,,,$1,,,,,none
*/*/*/*/*/*/*/*/*/*,,,$1,,,,,all
a,,,home-a,,,,1ms,all
b,,,home-a,,,,often,all
c,,,home-a,,,,30s,everything
d,,,home-a,,,,30s,safety activity
e,,,home-a,,,,2h,activity safety
f,,,home-a,,,,,all
g-*,,,home-a,,,,,
h-*,,,home-a,,$1,,,safety activity
";
    let errors = load("list.csv", list).unwrap_err();
    let lines: Vec<u64> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16], "{errors}");
    let said = errors.to_string();
    for (line, earlier) in [(8, 2), (15, 13), (16, 13)] {
        let expected = format!("list.csv:{line}: consent: line {earlier} of the same home");
        assert!(said.contains(&expected), "{said}");
    }

    let mut rules = "device,home\n".to_owned();
    for number in 0..=RULES_MAX {
        writeln!(rules, "x{number}-*,$1").unwrap();
    }
    let errors = load("list.csv", &rules).unwrap_err();
    assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [1_002]);
}

#[test]
fn a_column_is_named_once_and_every_line_has_all() {
    let twice = load("list.csv", "device,home,device\na,b,c\n").unwrap_err();
    assert_eq!(twice.iter().map(|error| error.line).collect::<Vec<_>>(), [1]);
    let short = load("list.csv", "device,home\na,b\nc\n\n# x,y\nd,e,f\n").unwrap_err();
    assert_eq!(short.iter().map(|error| error.line).collect::<Vec<_>>(), [3, 6]);
    assert_eq!(load("list.csv", " device , home \n a , b \n").unwrap().len(), 1);
    assert!(load("list.csv", "").unwrap().is_empty());
}

#[test]
fn what_nothing_says_of_consent_is_refused_where_something_does() {
    let all = load("list.csv", LIST).unwrap();
    assert!(!all.asks_consent() && all.consent("north", "nobody").is_all());
    for (file, list) in [
        ("list.csv", "device,home,consent\na,home-a,all\nb,home-b,\nc,home-c,safety\n"),
        (
            "list.toml",
            "[[device]]\ndevice='a'\nhome='home-a'\nconsent='all'\n\
             [[device]]\ndevice='b'\nhome='home-b'\n\
             [[device]]\ndevice='c'\nhome='home-c'\nconsent='safety'\n",
        ),
    ] {
        let registry = load(file, list).unwrap();
        assert!(registry.asks_consent());
        assert!(registry.consent("default", "home-a").is_all());
        assert!(registry.consent("default", "home-b").is_none());
        let some = registry.consent("default", "home-c");
        assert!(some.allows(Class::Safety) && !some.allows(Class::Vitals));
        assert!(registry.consent("default", "home-d").is_none());
        assert!(registry.consent("north", "home-a").is_none());
    }
}

#[test]
fn a_home_that_a_rule_makes_consents_to_what_the_first_such_rule_says() {
    let list = "\
device,home,consent
HOME-7/lamp,7,none
HOME-*/**,$1,all
FLAT-*/**,flat-$1,safety
";
    let registry = load("list.csv", list).unwrap();
    // One home, one consent: an exact line goes before a rule that would make the same home.
    assert!(registry.consent_of("", "HOME-7/door").is_none());
    assert!(registry.consent_of("", "HOME-8/door").is_all());
    assert!(registry.consent("default", "8").is_all());
    assert!(registry.consent_of("", "CABIN-1/door").is_none());
    // `$1` of the first rule may be anything, so it speaks for `flat-1` too.
    assert!(registry.consent("default", "flat-1").is_all());
    assert!(registry.consent_of("", "FLAT-1/door").is_all());
}

/// A line of a list: captured home, device, home of its own.
type Line = (String, String, String);

/// What a list says of a device, looked for line by line.
fn naive(lines: &[Line], home: &str, device: &str) -> Option<String> {
    let is_rule = |line: &Line| line.0.contains('*') || line.1.contains('*');
    let exact = |wanted: &str| {
        lines.iter().find(|line| !is_rule(line) && line.0 == wanted && line.1 == device)
    };
    if let Some(line) = exact(home).or_else(|| exact("")) {
        return Some(line.2.clone());
    }
    lines.iter().filter(|line| is_rule(line)).find_map(|(source_home, pattern, own)| {
        let all = [(source_home.as_str(), home), (pattern.as_str(), device)];
        let mut captured = Vec::new();
        for (pattern, name) in all {
            if !(pattern.is_empty() || stars(pattern, name, &mut captured)) {
                return None;
            }
        }
        Some(own.replace("$1", captured.first().map_or("", String::as_str)))
    })
}

/// Tries every length of every star, shortest first.
fn stars(pattern: &str, name: &str, captured: &mut Vec<String>) -> bool {
    let Some(letter) = pattern.chars().next() else { return name.is_empty() };
    let (_, rest) = pattern.split_at(letter.len_utf8());
    if letter != '*' {
        return name.strip_prefix(letter).is_some_and(|name| stars(rest, name, captured));
    }
    let before = captured.len();
    for end in 1..=name.len() {
        let (taken, left) = name.split_at(end);
        if taken.contains('/') {
            break;
        }
        captured.push(taken.to_owned());
        if stars(rest, left, captured) {
            return true;
        }
        captured.truncate(before);
    }
    false
}

proptest! {
    #[test]
    fn every_device_is_found_as_a_naive_search_finds_it(
        lines in proptest::collection::vec(
            ("|[ab]|[ab*]{1,2}", "[ab/]{1,3}|[ab/*]{1,4}", "[xy]"), 0..12,
        ),
        asked in proptest::collection::vec(("[ab]{0,2}", "[ab/]{1,4}"), 1..20),
    ) {
        let mut kept: Vec<Line> = Vec::new();
        for (source_home, device, home) in lines {
            let is_new = kept.iter().all(|line| (&line.0, &line.1) != (&source_home, &device));
            if is_new && ![&source_home, &device].iter().any(|text| text.contains("**")) {
                let is_rule = source_home.contains('*') || device.contains('*');
                kept.push((source_home, device, if is_rule { format!("{home}-$1") } else { home }));
            }
        }
        let mut list = "source_home,device,home\n".to_owned();
        for (source_home, device, home) in &kept {
            writeln!(list, "{source_home},{device},{home}").unwrap();
        }
        let registry = load("list.csv", &list).unwrap();
        let origin = Origin {
            link: "l".into(),
            tenant: "default".into(),
            engine: "0",
            identity: Identity::ClearNames,
            unknown: UnknownDevices::DeadLetter,
        };
        let mut resolver = Resolver::new(registry.into(), origin, Limits::default());
        for (home, device) in asked.iter().chain(&asked) {
            let resolution = resolver.resolve(Some(home), device);
            let known = if let Resolution::Known(index) = resolution { Some(index) } else { None };
            let found = known.map(|index| {
                resolver.home(resolver.device(index).home).id.to_owned()
            });
            prop_assert_eq!(found, naive(&kept, home, device), "{} {}\n{}", home, device, list);
        }
    }
}
