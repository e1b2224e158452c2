use super::*;
use crate::{
    decode::{
        Decoder, DeviceTime, Outcome,
        tests::{assert_whole, catalogue, message, told},
    },
    model::UnixMicros,
};

fn settings(text: &str) -> MappingSettings {
    toml::from_str(text).unwrap()
}

fn mapping(text: &str) -> Decoder {
    Decoder::Mapping(Mapping::new(&settings(text), &catalogue()).unwrap())
}

fn of(decoder: &Decoder, payload: &str) -> String {
    told(decoder, "t", "captured", payload.as_bytes())
}

const NURSE_CALL: &str = r#"
    name = "nurse call"
    device = "/device/id"
    sequence = "/n"
    time = { pointer = "/at", format = "unix_seconds" }

    [[reading]]
    pointer = "/values/0/t"
    kind = "air_temperature"
    unit = "F"

    [[reading]]
    pointer = "/values/1"
    kind = "power"
    scale = 0.1
    offset = -5

    [[reading]]
    pointer = "/bed"
    kind = "bed_occupied"
    invert = true

    [[reading]]
    pointer = "/bed"
    kind = "chair_occupied"

    [[reading]]
    pointer = "/state"
    kind = "door_open"
    words = { "22" = true, "23" = false }

    [[reading]]
    pointer = "/a~1b~0c"
    kind = "button_press"
    words = { "short" = "single", "true" = "double" }

    [[reading]]
    pointer = "/call"
    kind = "sos"
    words = { "alarm" = true, "idle" = false }

    [[reading]]
    pointer = "/level"
    kind = "battery_level"
    words = { "low" = 10, "full" = 100 }
"#;

#[test]
fn pointers_find_their_values() {
    let decoder = mapping(NURSE_CALL);
    for (payload, expected) in [
        (r#"{"values":[{"t":70.7},150]}"#, "air_temperature=21.5 power=10~"),
        (r#"{"values":{"0":{"t":70.7},"1":150}}"#, "air_temperature=21.5 power=10~"),
        (r#"{"values":[{"t":"70.7"},"x"]}"#, "air_temperature=21.5 -power:number_unreadable"),
        (r#"{"values":[70.7,{"t":1}]}"#, "-power:value_type"),
        (r#"{"values":5,"bed":1}"#, "bed_occupied=false chair_occupied=true"),
        (r#"{"bed":"off"}"#, "bed_occupied=true chair_occupied=false"),
        (r#"{"bed":null}"#, "none no_value"),
        (r#"{"state":22}"#, "door_open=true"),
        (r#"{"state":"23"}"#, "door_open=false"),
        (r#"{"state":24}"#, "-door_open:state_unreadable"),
        (r#"{"a/b~c":"SHORT"}"#, "button_press=single"),
        (r#"{"a/b~c":"triple"}"#, "button_press=triple"),
        (r#"{"a/b~c":true}"#, "button_press=double"),
        (r#"{"a/b~c":"x"}"#, "-button_press:category_unknown"),
        (r#"{"call":"alarm"}"#, "sos"),
        (r#"{"call":"idle"}"#, "none no_value"),
        (r#"{"call":"busy"}"#, "-sos:state_unreadable"),
        (r#"{"level":"low"}"#, "battery_level=10~"),
        (r#"{"level":-1}"#, "none no_value"),
        (r#"{"level":5,"level":6}"#, "battery_level=6~"),
        (r#"{"level":5,"bed":1,"level":null}"#, "bed_occupied=false chair_occupied=true"),
        (r#"{"device":{"id":"n1"}}"#, "none no_known_key"),
        (r#"{"other":1}"#, "none no_known_key"),
        ("[1]", "none no_known_key"),
        ("5", "error json_shape"),
        ("on", "error json_malformed"),
        ("", "none empty"),
    ] {
        assert_eq!(of(&decoder, payload), expected, "{payload}");
    }
}

#[test]
fn a_report_says_who_and_when() {
    let decoder = mapping(NURSE_CALL);
    let mut out = Decoded::default();
    let payload = br#"{"bed":1,"at":1732371252.5,"n":7,"device":{"id":"n1","x":{"y":1}},"z":0}"#;
    let outcome = decoder.decode(
        "captured",
        &message("t", payload),
        &mut crate::decode::Memory::default(),
        &mut out,
    );
    assert_eq!(outcome, Ok(Outcome::Readings));
    assert_whole(&out);
    let part = &out.devices[0];
    assert_eq!(out.device_name(part, "captured"), "n1");
    assert_eq!(part.sequence, Some(7));
    assert_eq!(part.measured_at, DeviceTime::At(UnixMicros(1_732_371_252_500_000)));
    assert_eq!(out.unknown_keys, 2);

    let payload = format!(r#"{{"bed":1,"device":{{"id":"{}"}}}}"#, "n".repeat(257));
    let outcome = decoder.decode(
        "",
        &message("t", payload.as_bytes()),
        &mut crate::decode::Memory::default(),
        &mut out,
    );
    assert_eq!(outcome, Err(DecodeError::DeviceNameTooLong { limit: 256 }));
}

#[test]
fn the_empty_pointer_is_the_whole_body() {
    let decoder = mapping(
        r#"
        name = "bare"
        [[reading]]
        pointer = ""
        kind = "air_temperature"
        unit = "Cel"
        "#,
    );
    for (payload, expected) in [
        ("21.5", "air_temperature=21.5"),
        (" 21.5\n", "air_temperature=21.5"),
        ("\"21.5\"", "air_temperature=21.5"),
        ("nan", "none no_value"),
        ("warm", "-air_temperature:number_unreadable"),
        ("{}", "-air_temperature:value_type"),
        ("[21.5]", "-air_temperature:value_type"),
        ("\"21", "error json_malformed"),
    ] {
        assert_eq!(of(&decoder, payload), expected, "{payload}");
    }
    assert_eq!(told(&decoder, "t", "", b"\xff"), "error utf8_invalid");
}

#[test]
fn settings_are_refused_with_their_reason() {
    let refused = |reading: &str| {
        let text = format!("name = \"x\"\n[[reading]]\n{reading}");
        Mapping::new(&settings(&text), &catalogue()).map(|_| ()).unwrap_err().to_string()
    };
    for (reading, expected) in [
        ("pointer = \"a\"\nkind = \"sos\"", "no JSON pointer"),
        ("pointer = \"/a~2\"\nkind = \"sos\"", "no JSON pointer"),
        ("pointer = \"/a~\"\nkind = \"sos\"", "no JSON pointer"),
        ("pointer = \"/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7\"\nkind = \"sos\"", "at most 16 levels"),
        ("pointer = \"/a\"\nkind = \"horoscope\"", "no kind is called"),
        ("pointer = \"/a\"\nkind = \"power\"\nunit = \"V\"", "cannot be given in"),
        ("pointer = \"/a\"\nkind = \"power\"\nscale = 0", "scale"),
        ("pointer = \"/a\"\nkind = \"power\"\nscale = inf", "scale"),
        ("pointer = \"/a\"\nkind = \"power\"\ninvert = true", "invert does not apply"),
        ("pointer = \"/a\"\nkind = \"motion\"\nunit = \"W\"", "unit does not apply"),
        ("pointer = \"/a\"\nkind = \"motion\"\noffset = 1", "scale or offset does not apply"),
        ("pointer = \"/a\"\nkind = \"motion\"\nwords = { on = \"on\" }", "no state of this kind"),
        ("pointer = \"/a\"\nkind = \"power\"\nwords = { on = true }", "no number of this kind"),
        ("pointer = \"/a\"\nkind = \"sleep_stage\"\nwords = { x = \"dreaming\" }", "no category"),
    ] {
        let error = refused(reading);
        assert!(error.contains(expected), "{reading}: {error}");
    }
    let empty = MappingSettings { readings: vec![], ..settings(NURSE_CALL) };
    assert_eq!(Mapping::new(&empty, &catalogue()).map(|_| ()), Err(MappingError::Amount));
    assert!(toml::from_str::<MappingSettings>("name = \"x\"\nreading = []\ncolour = 1").is_err());
}
