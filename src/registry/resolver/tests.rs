use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::{
    catalogue::Catalogue,
    model::{Flags, KindId, Reading, Value},
    registry::{
        MAX_NAME_BYTES,
        tests::{LIST, keyed, load},
    },
    wire::v1::{DeviceReport, ReadingBatch},
};

fn resolver_on(link: &str, unknown: UnknownDevices, identity: Identity) -> Resolver {
    let registry = Arc::new(load("list.csv", LIST).unwrap());
    let origin =
        Origin { link: link.into(), tenant: "default".into(), engine: "0.1.0", identity, unknown };
    Resolver::new(registry, origin, Limits::default())
}

fn resolver(unknown: UnknownDevices) -> Resolver {
    resolver_on("north", unknown, keyed())
}

fn known(resolution: Resolution) -> DeviceIx {
    let Resolution::Known(device) = resolution else { panic!("{resolution:?}") };
    device
}

#[test]
fn a_line_for_the_captured_home_goes_before_one_for_any() {
    let mut resolver = resolver(UnknownDevices::DeadLetter);
    let bed = known(resolver.resolve(Some("h-1"), "contact_1"));
    let device = resolver.device(bed);
    assert_eq!((device.id, device.room, device.name), ("bed-1", "bedroom", "h-1/contact_1"));
    let home = resolver.home(device.home);
    assert_eq!((home.tenant, home.id), ("north", "home-a"));

    let other = known(resolver.resolve(Some("h-2"), "contact_1"));
    let device = resolver.device(other);
    assert_eq!((device.id.len(), device.room), (32, ""));
    let home = resolver.home(device.home);
    assert_eq!((home.tenant, home.id), ("default", "home-b"));

    for captured in [None, Some("h-2"), Some("h-9"), Some("")] {
        let pendant = known(resolver.resolve(captured, "pendant"));
        assert_eq!(resolver.device(pendant).id, "sos-1");
        assert_eq!(resolver.home(resolver.device(pendant).home).id, "home-a");
    }
    let pendant = known(resolver.resolve(Some("h-3"), "pendant"));
    assert_eq!(resolver.device(pendant).id, "sos-3");
    assert_eq!(resolver.resolve(Some("h-9"), "contact_1"), Resolution::UnknownRefused);
    assert_eq!(resolver.home_count(), 3);
    // Only what stands for any home is remembered.
    assert_eq!(resolver.memory.device_count(), 2);
}

#[test]
fn a_device_is_found_again_under_its_index() {
    let mut resolver = resolver(UnknownDevices::Accept);
    let first: Vec<DeviceIx> = (0..5000)
        .map(|number| {
            known(resolver.resolve(Some(&format!("h{}", number % 70)), &format!("d{number}")))
        })
        .collect();
    let again: Vec<DeviceIx> = (0..5000)
        .map(|number| {
            known(resolver.resolve(Some(&format!("h{}", number % 70)), &format!("d{number}")))
        })
        .collect();
    assert_eq!(first, again);
    assert_eq!((resolver.memory.device_count(), resolver.memory.home_count()), (5000, 70));
}

#[test]
fn a_name_split_elsewhere_is_another_device() {
    let mut resolver = resolver(UnknownDevices::Accept);
    let one = known(resolver.resolve(Some("a"), "bc"));
    let two = known(resolver.resolve(Some("ab"), "c"));
    assert_ne!(one, two);
    assert_ne!(resolver.device(one).id, resolver.device(two).id);
}

#[test]
fn an_unregistered_home_is_the_same_over_every_link_and_a_device_is_not() {
    let mut north = resolver_on("north", UnknownDevices::Accept, keyed());
    let mut south = resolver_on("south", UnknownDevices::Accept, keyed());
    let (one, two) =
        (known(north.resolve(Some("h-5"), "lamp")), known(south.resolve(Some("h-5"), "lamp")));
    let (one, two) = (north.device(one), south.device(two));
    assert_eq!(north.home(one.home).id, south.home(two.home).id);
    assert_ne!(one.id, two.id);
    assert_eq!(one.name, two.name);
    let (one, two) = (
        known(north.resolve(Some("h-2"), "contact_1")),
        known(south.resolve(Some("h-2"), "contact_1")),
    );
    assert_eq!(north.device(one).id, south.device(two).id, "a registered one is");
}

#[test]
fn hashes_are_those_of_the_document() {
    // Python: hmac.new(bytes([7]) * 32, b"device\0north\0h-5\0lamp", "sha256").hexdigest()[:32]
    // and b"home\0default\0h-5\0".
    let mut resolver = resolver(UnknownDevices::Accept);
    let device = known(resolver.resolve(Some("h-5"), "lamp"));
    let device = resolver.device(device);
    assert_eq!(device.id, "a33b263c7e25534c3263d5df30450ae0");
    assert_eq!(resolver.home(device.home).id, "7dc2eb43a85eba63b0f3c9f256196fef");
}

#[test]
fn clear_names_are_clear() {
    let mut resolver = resolver_on("north", UnknownDevices::Accept, Identity::ClearNames);
    let device = known(resolver.resolve(Some("h-5"), "lamp"));
    let device = resolver.device(device);
    assert_eq!((device.id, resolver.home(device.home).id), ("lamp", "h-5"));
}

#[test]
fn the_policy_for_unknown_devices_holds() {
    let mut accept = resolver(UnknownDevices::Accept);
    assert_eq!(accept.resolve(None, "lamp"), Resolution::NoHome);
    assert_eq!(accept.resolve(Some(""), "lamp"), Resolution::NoHome);
    let long = "x".repeat(MAX_NAME_BYTES + 1);
    assert_eq!(accept.resolve(Some("h"), &long), Resolution::NameTooLong);
    assert_eq!(accept.resolve(Some(&long), "lamp"), Resolution::NameTooLong);
    known(accept.resolve(Some("h"), &"x".repeat(MAX_NAME_BYTES)));
    let mut refuse = resolver(UnknownDevices::DeadLetter);
    assert_eq!(refuse.resolve(Some("h"), "lamp"), Resolution::UnknownRefused);
    assert_eq!(refuse.resolve_urgent(Some("h"), "lamp"), Resolution::UnknownRefused);
}

#[test]
fn discarding_never_applies_to_urgent_readings() {
    let mut resolver = resolver(UnknownDevices::Discard);
    assert_eq!(resolver.resolve(Some("h"), "button"), Resolution::UnknownDiscarded);
    let urgent = known(resolver.resolve_urgent(Some("h"), "button"));
    assert_eq!(resolver.resolve(Some("h"), "button"), Resolution::UnknownDiscarded);
    assert_eq!(resolver.resolve_urgent(Some("h"), "button"), Resolution::Known(urgent));

    let homeless = known(resolver.resolve_urgent(None, "button"));
    let other = known(resolver.resolve_urgent(None, "pull-cord"));
    let home = resolver.device(homeless).home;
    assert_eq!(home, resolver.device(other).home);
    assert_ne!(home, resolver.device(urgent).home);
    assert_eq!(resolver.home(home).id.len(), 32);
}

#[test]
fn a_full_memory_says_so_and_starts_afresh() {
    let mut resolver = resolver(UnknownDevices::Accept);
    resolver.limits = Limits { devices: 3, homes: 50, text_bytes: 1 << 20 };
    for device in ["a", "b", "c"] {
        known(resolver.resolve(Some("h"), device));
    }
    assert_eq!(resolver.resolve(Some("h"), "d"), Resolution::Full);
    // What the list names has its own room.
    known(resolver.resolve(Some("h-1"), "contact_1"));
    known(resolver.resolve(Some("h-9"), "pendant"));
    let old = known(resolver.resolve(Some("h"), "c"));
    resolver.forget_all();
    assert_eq!((resolver.device(old).id, resolver.memory.home_count()), ("", 0));
    known(resolver.resolve(Some("h"), "d"));

    resolver.limits = Limits { devices: 10, homes: 50, text_bytes: 30 };
    assert_eq!(resolver.resolve(Some("h"), "e"), Resolution::Full);
}

#[test]
fn overrides_change_kind_and_polarity() {
    let mut resolver = resolver(UnknownDevices::Accept);
    let catalogue = Catalogue::builtin();
    let kind = |name| catalogue.find(name).unwrap();
    let reading = |kind: KindId, value| Reading {
        kind,
        channel: 0,
        value,
        measured_at: None,
        flags: Flags::default(),
    };
    let bed = known(resolver.resolve(Some("h-1"), "contact_1"));
    let mut door = reading(kind("door_open"), Value::State(true));
    resolver.device(bed).overrides.apply(&mut door);
    assert_eq!(door, reading(kind("window_open"), Value::State(false)));
    let mut motion = reading(kind("motion"), Value::State(true));
    resolver.device(bed).overrides.apply(&mut motion);
    assert_eq!(motion, reading(kind("motion"), Value::State(true)));
}

proptest! {
    #[test]
    fn fragments_are_what_prost_writes(
        home in "[a-zåäö/ ]{1,30}", device in "\\PC{0,40}", link in "[a-z]{1,64}",
    ) {
        prop_assume!(device.len() <= MAX_NAME_BYTES && home.len() <= MAX_NAME_BYTES);
        for identity in [keyed(), Identity::ClearNames] {
            let mut resolver = resolver_on(&link, UnknownDevices::Accept, identity);
            let index = known(resolver.resolve(Some(&home), &device));
            let seen = resolver.device(index);
            prop_assert_eq!(seen.name, format!("{home}/{device}"));
            let report = DeviceReport { device: seen.id.to_owned(), ..DeviceReport::default() };
            prop_assert_eq!(seen.fragment, report.encode_to_vec());
            let home = resolver.home(seen.home);
            let batch = ReadingBatch {
                tenant: home.tenant.to_owned(),
                home: home.id.to_owned(),
                engine: "0.1.0".to_owned(),
                link: link.clone(),
                ..ReadingBatch::default()
            };
            prop_assert_eq!([home.prefix, home.origin].concat(), batch.encode_to_vec());
            let named = crate::encode::report::home_of(home.prefix);
            prop_assert_eq!(named, Some((home.tenant, home.id)));
        }
    }
}

#[test]
fn a_rule_makes_what_its_stars_stand_for() {
    let list = "\
device,source_home,tenant,home,room,id,kinds,interval
HOME-*/kitchen/*,,north,home-$1,kitchen,$1-$2,,
HOME-*/**,,,home-$1,,,motion=presence,15m
*,site-*,,$1-$2,,,,
HOME-7/kitchen/door,,,home-z,,z,,
";
    let registry = Arc::new(load("list.csv", list).unwrap());
    let origin = resolver(UnknownDevices::DeadLetter).origin;
    let mut resolver = Resolver::new(registry, origin, Limits::default());
    for (home, device, expected) in [
        ("", "HOME-12/kitchen/door", Some(("north", "home-12", "kitchen", "12-door"))),
        ("", "HOME-7/kitchen/door", Some(("default", "home-z", "", "z"))),
        ("site-3", "lamp", Some(("default", "3-lamp", "", ""))),
        ("site-3", "HOME-7/kitchen/door", Some(("default", "home-z", "", "z"))),
        ("", "lamp", None),
        ("other", "lamp", None),
    ] {
        for _ in 0..2 {
            let Some((tenant, own, room, id)) = expected else {
                assert_eq!(resolver.resolve(Some(home), device), Resolution::UnknownRefused);
                continue;
            };
            let index = known(resolver.resolve(Some(home), device));
            let found = resolver.device(index);
            let stands = resolver.home(found.home);
            assert_eq!((stands.tenant, stands.id, found.room), (tenant, own, room), "{device}");
            assert!(id.is_empty() || found.id == id, "{device} {}", found.id);
            assert_eq!(found.name, format!("{home}/{device}"));
            assert_eq!(found.interval, None);
        }
    }
    let attic = known(resolver.resolve(None, "HOME-7/attic/motion"));
    let attic = resolver.device(attic);
    assert_eq!((attic.interval, attic.id.len()), (Some(Duration::from_mins(15)), 32));
    assert!(!attic.overrides.is_empty());
    let long = format!("site-{}", "y".repeat(100));
    assert_eq!(resolver.resolve(Some(&long), &"z".repeat(30)), Resolution::NameTooLong);
}

#[test]
fn consent_is_of_the_home_and_unknown_devices_have_none() {
    let list = "\
device,source_home,home,consent
lamp,h-1,home-a,all
lamp,h-2,home-b,none
bed,,home-c,sleep
HOME-*,,home-$1,safety
";
    let registry = Arc::new(load("list.csv", list).unwrap());
    for (unknown, expected) in [
        (UnknownDevices::Accept, Resolution::NoConsent),
        (UnknownDevices::Discard, Resolution::NoConsent),
        (UnknownDevices::DeadLetter, Resolution::UnknownRefused),
    ] {
        let origin = resolver(unknown).origin;
        let mut resolver = Resolver::new(Arc::clone(&registry), origin, Limits::default());
        for (home, device, all, none) in [
            ("h-1", "lamp", true, false),
            ("h-2", "lamp", false, true),
            ("h-2", "bed", false, false),
            ("", "HOME-b", false, true),
            ("", "HOME-x", false, false),
        ] {
            let index = known(resolver.resolve(Some(home), device));
            let consent = resolver.device(index).consent;
            assert_eq!((consent.is_all(), consent.is_none()), (all, none), "{home} {device}");
            assert_eq!(resolver.may_keep(Some(home), Some(device)), all, "{home} {device}");
        }
        assert_eq!(resolver.resolve(Some("h-9"), "lamp"), expected);
        assert_eq!(resolver.resolve_urgent(Some("h-9"), "lamp"), expected);
        assert!(!resolver.may_keep(Some("h-9"), Some("lamp")));
        assert!(!resolver.may_keep(Some("h-1"), None));
    }
}

#[test]
fn another_list_makes_every_index_void() {
    let mut resolver = resolver(UnknownDevices::Accept);
    known(resolver.resolve(Some("h"), "lamp"));
    let changed = LIST.replace("bedroom", "kitchen").replace("pendant,", "bell,");
    resolver.replace(Arc::new(load("list.csv", &changed).unwrap()));
    assert_eq!(resolver.memory.device_count(), 0);
    let bed = known(resolver.resolve(Some("h-1"), "contact_1"));
    assert_eq!(resolver.device(bed).room, "kitchen");
    let pendant = known(resolver.resolve(Some("h-3"), "pendant"));
    assert_ne!(resolver.device(pendant).id, "sos-3");
}

#[test]
fn a_fragment_holds_the_room() {
    let mut resolver = resolver(UnknownDevices::Accept);
    let bed = known(resolver.resolve(Some("h-1"), "contact_1"));
    let report = DeviceReport {
        device: "bed-1".to_owned(),
        room: "bedroom".to_owned(),
        ..DeviceReport::default()
    };
    assert_eq!(resolver.device(bed).fragment, report.encode_to_vec());
}
