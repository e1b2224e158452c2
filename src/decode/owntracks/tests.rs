use super::*;
use crate::{
    decode::{
        Decoder, Memory,
        tests::{catalogue, message, told},
        vocabulary::mistakes,
    },
    model::UnixMicros,
};

fn decoder(positions: Positions) -> Decoder {
    let mut settings = DecoderSettings::new(&catalogue());
    settings.positions = positions;
    Decoder::new(Format::OwnTracks, &settings).unwrap()
}

fn of(payload: &str) -> String {
    told(&decoder(Positions::Discard), "owntracks/astrid/phone", "", payload.as_bytes())
}

#[test]
fn every_row_of_the_table_is_right() {
    assert_eq!(mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn the_type_decides() {
    for (payload, expected) in [
        (
            r#"{"_type":"location","batt":81,"lat":59.1,"lon":17.9,"tst":1709276400}"#,
            "battery_level=81",
        ),
        (r#"{"_type":"location","batt":-1,"lat":59.1,"lon":17.9}"#, "none no_value"),
        (r#"{"_type":"location","lat":59.1,"lon":17.9,"acc":5}"#, "none position"),
        (r#"{"_type":"location","p":100.9,"batt":7}"#, "battery_level=7 air_pressure=1009"),
        (r#"{"_type":"location","batt":"x"}"#, "-battery_level:number_unreadable"),
        (r#"{"_type":"transition","event":"enter","desc":"Shop"}"#, "geofence_transition=enter"),
        (
            r#"{"_type":"transition","event":"enter","desc":" Home"}"#,
            "geofence_transition=enter home_entry",
        ),
        (
            r#"{"_type":"transition","event":"leave","desc":"Hemma"}"#,
            "geofence_transition=leave home_exit",
        ),
        (r#"{"_type":"transition","desc":"Home"}"#, "-geofence_transition:category_unknown"),
        (r#"{"_type":"steps","steps":412,"from":1709269200,"to":1709276400}"#, "step_count=412"),
        (r#"{"_type":"steps","steps":9412,"from":1709190000,"to":1709276400}"#, "steps_day=9412"),
        (r#"{"_type":"steps","steps":-1}"#, "none no_value"),
        (r#"{"_type":"lwt","tst":1709276400}"#, "online=false"),
        (r#"{"_type":"encrypted","data":"x"}"#, "none encrypted"),
        (r#"{"_type":"cmd","action":"dump"}"#, "none command"),
        (r#"{"_type":"waypoint","desc":"x"}"#, "none description"),
        (r#"{"_type":"configuration","password":"x"}"#, "none description"),
        (r#"{"_type":"status"}"#, "none status"),
        (r#"{"_type":"novelty"}"#, "none no_known_key"),
        ("{}", "error json_shape"),
        ("", "none empty"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn a_position_is_kept_as_the_policy_says() {
    let payload = br#"{"_type":"location","lat":59.12345,"lon":-17.98765,"acc":12,"batt":50}"#;
    for (positions, expected) in [
        (Positions::Discard, "battery_level=50"),
        (Positions::Round, "battery_level=50 latitude=59.12 longitude=-17.99"),
        (
            Positions::Keep,
            "battery_level=50 latitude=59.12345 longitude=-17.98765 position_accuracy=12",
        ),
    ] {
        assert_eq!(told(&decoder(positions), "owntracks/a/phone", "", payload), expected);
    }
}

#[test]
fn all_topics_of_a_device_have_its_name_and_the_will_no_time() {
    let decoded = |topic: &str, device: &str, payload: &str| {
        let mut out = Decoded::default();
        decoder(Positions::Discard)
            .decode(device, &message(topic, payload.as_bytes()), &mut Memory::default(), &mut out)
            .unwrap();
        let name = out.device_name(&out.devices[0], device).to_owned();
        (name, out.devices[0].measured_at)
    };
    let steps = r#"{"_type":"steps","steps":4,"from":1709269200,"to":1709276400,"tst":1}"#;
    let at = DeviceTime::At(UnixMicros(1_709_276_400_000_000));
    for (topic, device, name) in [
        ("owntracks/astrid/phone", "", "astrid/phone"),
        ("owntracks/astrid/phone/step", "", "astrid/phone"),
        ("homes/h1/owntracks/astrid/phone/event", "", "astrid/phone"),
        ("owntracks/astrid/phone/step", "phone", "phone"),
        ("owntracks/astrid/phone/step", "astrid/phone/step", "astrid/phone"),
        ("owntracks/astrid/phone", "astrid/phone", "astrid/phone"),
    ] {
        assert_eq!(decoded(topic, device, steps), (name.to_owned(), at), "{topic} {device}");
    }
    let will = decoded("owntracks/a/phone", "", r#"{"_type":"lwt","tst":1709276400}"#);
    assert_eq!(will.1, DeviceTime::Absent, "it says when the telephone had connected");
}
