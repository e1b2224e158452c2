//! What the list of devices changes beyond units and words: kinds, conflicts, what is not said of
//! a device's states at all, and lists that are long or broken.

use super::{
    list::{DEVICES, after, binary, in_turn, list, numeric, tell_with},
    *,
};

#[test]
fn the_owner_of_a_state_says_what_it_is_the_state_of() {
    let owned =
        |owner: &str, features: &str| format!(r#"{{"type":"{owner}","features":[{features}]}}"#);
    let state = |key: &str| binary(key, "\"ON\"", "\"OFF\"");
    for (owner, features, payload, expected) in [
        ("light", state("state"), r#"{"state":"ON","brightness":254}"#, "light_on=true"),
        ("light", state("state"), r#"{"state":"OFF"}"#, "light_on=false"),
        ("light", state("state"), r#"{"state":null}"#, "none no_value"),
        ("light", state("state"), r#"{"state":"OPEN"}"#, "light_on=true"),
        ("light", state("state"), r#"{"state":"AJAR"}"#, "-light_on:state_unreadable"),
        ("switch", state("state"), r#"{"state":"ON","power":5}"#, "appliance_on=true power=5"),
        (
            "switch",
            format!("{},{}", state("state_l1"), state("state_l2")),
            r#"{"state_l1":"ON","state_l2":"OFF","state":"ON"}"#,
            "appliance_on#1=true appliance_on#2=false",
        ),
        ("light", binary("state", "\"OFF\"", "\"ON\""), r#"{"state":"ON"}"#, "light_on=false"),
        (
            "lock",
            binary("state", "\"LOCK\"", "\"UNLOCK\""),
            r#"{"state":"LOCK"}"#,
            "none no_known_key",
        ),
        ("cover", state("state"), r#"{"state":"OPEN"}"#, "none no_known_key"),
        ("composite", state("state"), r#"{"state":"ON"}"#, "none no_known_key"),
        ("light", numeric("temperature", "°F"), r#"{"temperature":212}"#, "air_temperature=100"),
    ] {
        assert_eq!(after(&owned(owner, &features), payload), expected, "{owner} {payload}");
    }
    assert_eq!(after(&state("state"), r#"{"state":"ON"}"#), "none no_known_key", "nobody's");
    let lamp = list("hall", &owned("light", &state("state")));
    assert_eq!(in_turn([(DEVICES, &*lamp), ("hall/state", "ON")])[1], "light_on=true");
    assert_eq!(of(r#"{"state":"ON"}"#), "none no_known_key", "nothing was said");
}

#[test]
fn two_stated_units_of_one_key_are_a_conflict() {
    let both = |one: &str, other: &str| {
        let inside =
            format!(r#"{{"type":"climate","features":[{}]}}"#, numeric("temperature", other));
        format!("{},{inside}", numeric("temperature", one))
    };
    let (hot, conflict) = (
        r#"{"temperature":50,"humidity":4}"#,
        "relative_humidity=4 -air_temperature:unit_conflict",
    );
    for (one, other, expected) in [
        ("°C", "°F", conflict),
        ("°F", "°C", conflict),
        ("°F", "hPa", conflict),
        ("°F", "°F", "air_temperature=10 relative_humidity=4"),
        ("°F", "", "air_temperature=10 relative_humidity=4"),
        ("°C", "°C", "air_temperature=50 relative_humidity=4"),
    ] {
        assert_eq!(after(&both(one, other), hot), expected, "{one} {other}");
    }
}

#[test]
fn what_is_never_published_says_nothing_of_states() {
    let with = |access: &str| {
        format!(r#"{{"type":"numeric","property":"temperature","unit":"°F","access":{access}}}"#)
    };
    let (usual, told) = ("air_temperature=50", "air_temperature=10");
    for (access, expected) in [
        ("1", told),
        ("5", told),
        ("7", told),
        ("2", usual),
        ("4", usual),
        ("6", usual),
        ("\"x\"", told),
    ] {
        assert_eq!(after(&with(access), r#"{"temperature":50}"#), expected, "{access}");
    }
    let set_and_shown = format!("{},{}", with("2"), numeric("temperature", "°C"));
    assert_eq!(after(&set_and_shown, r#"{"temperature":50}"#), usual, "and is no conflict");
}

#[test]
fn bounds_of_a_key_are_not_read_and_inverted_words_are() {
    let bounded =
        r#"{"type":"numeric","property":"temperature","unit":"°F","value_min":0,"value_max":40}"#;
    assert_eq!(after(bounded, r#"{"temperature":212}"#), "air_temperature=100");
    for (expose, payload, expected) in [
        (binary("occupancy", "false", "true"), r#"{"occupancy":false}"#, "motion=true"),
        (binary("occupancy", "false", "true"), r#"{"occupancy":true}"#, "motion=false"),
        (binary("smoke", "\"clear\"", "\"detected\""), r#"{"smoke":"clear"}"#, "smoke_alarm=true"),
        (binary("contact", "\"closed\"", "\"open\""), r#"{"contact":"closed"}"#, "door_open=true"),
        (binary("sos", "0", "1"), r#"{"sos":0}"#, "sos"),
    ] {
        assert_eq!(after(&expose, payload), expected, "{expose} {payload}");
    }
}

/// A list of so many devices that all speak of Fahrenheit.
fn long_list(devices: usize) -> String {
    let keys: Vec<_> = (0..40).map(|key| numeric(&format!("setting_{key}"), "s")).collect();
    let exposes = format!("{},{}", numeric("temperature", "°F"), keys.join(","));
    let one = |number| {
        format!(r#"{{"friendly_name":"d{number}","definition":{{"exposes":[{exposes}]}}}}"#)
    };
    format!("[{}]", (0..devices).map(one).collect::<Vec<_>>().join(","))
}

#[test]
fn a_long_list_is_read_whole_and_what_has_no_room_is_counted() {
    let decoder = Decoder::usual(Format::Zigbee2Mqtt, &catalogue());
    let mut memory = Memory::default();
    let mut learn = |list: &str| {
        let told = tell_with(&decoder, &mut memory, DEVICES, list);
        (told, memory.len(), memory.forgotten())
    };
    let described = || "none description".to_owned();
    assert_eq!(learn(&long_list(400)), (described(), 401, 0), "66 000 values");
    assert_eq!(learn(&long_list(1_002)), (described(), 1_001, 2));
    let name = "x".repeat(600);
    let odd = numeric("temperature", "°F");
    assert_eq!(learn(&list(&name, &odd)), (described(), 0, 3), "a name that is too long");
    let many: Vec<_> = (1..=200).map(|key| numeric(&format!("temperature_{key}"), "°F")).collect();
    assert_eq!(learn(&list("hall", &many.join(","))), (described(), 2, 4), "too many keys");
    assert_eq!(
        tell_with(&decoder, &mut memory, "hall", r#"{"temperature_200":50,"temperature_73":50}"#),
        "air_temperature#200=10 air_temperature#73=10",
    );
}

#[test]
fn a_broken_list_is_a_dead_letter_and_teaches_nothing() {
    let warm = r#"{"temperature":50}"#;
    let good = list("hall", &numeric("temperature", "°F"));
    let half = good.get(..good.len() - 2).unwrap();
    let kelvin = list("hall", &numeric("temperature", "K"));
    let broken_behind = format!("{}, 7", kelvin.strip_suffix(']').unwrap());
    for (bad, reason) in [
        (half, "json_malformed"),
        (&broken_behind, "json_malformed"),
        ("{}", "json_shape"),
        ("7", "json_shape"),
        ("online", "json_malformed"),
    ] {
        let told = in_turn([(DEVICES, &good), (DEVICES, bad), ("hall", warm)]);
        assert_eq!(told[1..], [format!("error {reason}"), "air_temperature=10".into()], "{bad}");
    }
}
