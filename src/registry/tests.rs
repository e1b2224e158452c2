use std::fs;

use super::*;

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
    let csv = load("list.csv", LIST);
    assert_eq!(format!("{:?}", toml.unwrap().devices), format!("{:?}", csv.unwrap().devices));
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
