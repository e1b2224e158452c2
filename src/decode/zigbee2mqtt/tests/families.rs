//! What families of devices say, beyond the plain keys.

use super::*;

#[test]
fn remotes_and_locks_speak_words_of_their_own() {
    for (payload, expected) in [
        (r#"{"action":"1_initial_press"}"#, "button_press=1_initial_press"),
        (r#"{"action":"dots_2_short_release"}"#, "button_press=dots_2_short_release"),
        (r#"{"action":"button_4_press_release"}"#, "button_press=button_4_press_release"),
        (r#"{"action":"button_6_triple"}"#, "button_press=button_6_triple"),
        (r#"{"action":"hold_right"}"#, "button_press=hold_right"),
        (r#"{"action":"dial_rotate_right_fast"}"#, "button_press=dial_rotate_right_fast"),
        (r#"{"action":"skip_backward"}"#, "button_press=skip_backward"),
        (r#"{"action":"manual_unlock","lock_state":"unlocked"}"#, "lock_state=unlocked"),
        (r#"{"action":"1_min_inactivity","side":2}"#, "none no_value"),
        (r#"{"action":"no_such_thing"}"#, "-button_press:category_unknown"),
        (r#"{"door_state":"open","lock_state":"unlocked"}"#, "door_open=true lock_state=unlocked"),
        (r#"{"door_state":"closed"}"#, "door_open=false"),
        (r#"{"door_state":"error_jammed"}"#, "none no_value"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn what_two_keys_say_is_told_once() {
    for (payload, expected) in [
        (r#"{"action":"vibration","vibration":true}"#, "vibration=true"),
        (r#"{"vibration":true,"action":"tilt","battery":9}"#, "vibration=true battery_level=9"),
        (r#"{"action":"emergency","sos":true}"#, "sos"),
        (r#"{"action":"emergency","sos":false}"#, "sos"),
        (r#"{"action":"single","vibration":true}"#, "button_press=single vibration=true"),
        (r#"{"action":"drop","vibration":null}"#, "vibration=true"),
        (r#"{"action":"","sos":true}"#, "sos"),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn sensors_of_all_kinds() {
    for (payload, expected) in [
        (r#"{"motion_state":"small_movement"}"#, "motion_state=small_move"),
        (r#"{"human_motion_state":"breathe"}"#, "motion_state=breathing"),
        (r#"{"pm25":65535,"humidity":40}"#, "relative_humidity=40"),
        (r#"{"outdoor_temperature":-4.5}"#, "outdoor_temperature=-4.5"),
        (
            r#"{"temperature":20,"temperature_probe":-18}"#,
            "air_temperature=20 air_temperature#7=-18",
        ),
        (r#"{"formaldehyde":0.02}"#, "formaldehyde=0.02~"),
        (r#"{"flow":0.6}"#, "water_flow=10~"),
        (r#"{"heart_rate":61,"breathing_rate":14}"#, "heart_rate=61 respiratory_rate=14"),
        (r#"{"heart_rate":0}"#, "none no_value"),
        // A meter that is read by its light has a battery, and says so in millivolts.
        (
            r#"{"power":-120,"battery":77,"voltage":5400}"#,
            "power=-120 battery_level=77 battery_voltage=5.4~",
        ),
    ] {
        assert_eq!(of(payload), expected, "{payload}");
    }
}

#[test]
fn objects_come_apart_under_attribute_output() {
    for (topic, payload) in [("lamp/color-x", "0.31"), ("lamp/update-state", "idle")] {
        assert_eq!(at(&format!("homes/7/z/{topic}"), payload), "none no_known_key", "{topic}");
    }
}
