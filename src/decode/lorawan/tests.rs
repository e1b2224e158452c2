use super::*;
use crate::decode::{tests::catalogue, vocabulary::mistakes};

#[test]
fn every_row_of_the_table_can_be_used() {
    assert_eq!(mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn the_names_of_codecs_are_found_by_their_ends() {
    let settings = DecoderSettings::new(&catalogue());
    let lorawan = LoraWan::new(Format::ThingsStack, &settings).unwrap();
    for (path, expected) in [
        ("temperature", "air_temperature"),
        ("temperature_2", "air_temperature#2"),
        ("temperatureSensor/3", "air_temperature#3"),
        ("data/temperature", "air_temperature"),
        ("water/temperature/current", "water_temperature"),
        ("gps_1/latitude", "latitude"),
        ("co2/value", "co2"),
        ("co2/unit", "unit of co2"),
        ("pm2_5", "pm25"),
        ("sn", "-"),
        ("uptime", "?"),
        ("temperature/inside", "?"),
        ("", "?"),
        ("_", "?"),
    ] {
        let name = |kind| catalogue().get(kind).name.to_string();
        let found = match lorawan.field(path) {
            Wanted::Yes(Field::Value(term, 0)) => name(term.kind),
            Wanted::Yes(Field::Value(term, channel)) => format!("{}#{channel}", name(term.kind)),
            Wanted::Yes(Field::Unit(kind, _)) => format!("unit of {}", name(kind)),
            Wanted::No => "-".to_owned(),
            Wanted::Unknown => "?".to_owned(),
        };
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn a_gateways_clock_is_believed_unless_it_cannot_be_right() {
    let at = |second: i64| DeviceTime::At(UnixMicros(second * 1_000_000));
    let received = 1_700_000_000;
    for (gateway, expected) in [
        (at(received - 1), at(received - 1)),
        (at(received - 7_200), at(received - 7_200)),
        (at(received + 59), at(received + 59)),
        (at(received + 3_600), at(received)),
        (at(12), at(received)),
        (DeviceTime::Absent, at(received)),
        (DeviceTime::Unreadable, at(received)),
    ] {
        assert_eq!(heard_at(gateway, at(received)), expected);
    }
    assert_eq!(heard_at(DeviceTime::Unreadable, DeviceTime::Absent), DeviceTime::Unreadable);
    assert_eq!(heard_at(at(5), DeviceTime::Absent), at(5));
}
