use std::fmt::Write;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    decode::{
        Decoder, Memory, Outcome,
        tests::{assert_whole, catalogue, message, told},
        vocabulary,
    },
    model::UnixMicros,
};

const TOPIC: &str = "ruuvi/AA:00:00:00:00:01/C4:0D:15:EA:5E:07";

fn decoder() -> Decoder {
    Decoder::usual(Format::Ruuvi, &catalogue())
}

fn of(payload: &str) -> String {
    told(&decoder(), TOPIC, "", payload.as_bytes())
}

fn heard(digits: &str) -> String {
    of(&format!(r#"{{"gw_mac":"AA:00:00:00:00:01","aoa":[],"data":"{digits}","coords":""}}"#))
}

/// Flags, then Ruuvi's data: 21.37 Cel, 45.5 %, 1013.25 hPa, 0.02 -0.98 0.1 g, 2.95 V, 4 dBm,
/// 17 movements, number 4660.
const RAW_5: &str = "0201061BFF99040510B2471801025500000014FC2C0064A8D6111234C40D15EA5E07";

#[test]
fn the_table_can_be_used() {
    assert_eq!(vocabulary::mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn an_advertisement_is_read_bit_by_bit() {
    let part = |body: &str| heard(&format!("02010600{body}"));
    let five = |body: &str| heard(&format!("0201061BFF990405{body}"));
    for (told, expected) in [
        (
            five("10B24718C5CD0014FC2C0064A8D6111234C40D15EA5E07"),
            "air_temperature=21.37 relative_humidity=45.5 air_pressure=1006.37 \
             acceleration#1=0.02 acceleration#2=-0.98 acceleration#3=0.1 battery_voltage=2.95",
        ),
        // The largest and the smallest numbers.
        (
            five("7FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFEC40D15EA5E07"),
            "air_temperature=163.835 relative_humidity=163.835 air_pressure=1155.34 \
             acceleration#1=32.767 acceleration#2=32.767 acceleration#3=32.767 battery_voltage=3.646",
        ),
        (
            five("80010000000080018001800100000000 00C40D15EA5E07".replace(' ', "").as_str()),
            "air_temperature=-163.835 relative_humidity=0 air_pressure=500 acceleration#1=-32.767 \
             acceleration#2=-32.767 acceleration#3=-32.767 battery_voltage=1.6",
        ),
        // None of it is there.
        (five("8000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF"), "none no_value"),
        // Only the battery is.
        (five("8000FFFFFFFF800080008000A8DFFFFFFFC40D15EA5E07"), "battery_voltage=2.95"),
        // Whose address is cut off.
        (
            five("10B24718FFFF800080008000FFFFFFFFFFC40D15EA"),
            "air_temperature=21.37 relative_humidity=45.5",
        ),
        (part(""), "none no_known_key"),
    ] {
        assert_eq!(told, expected);
    }
}

#[test]
fn the_old_format_has_sign_and_hundredths() {
    let three = |body: &str| heard(&format!("02010415FF990403{body}00000000"));
    assert_eq!(
        three("5B1518C5CD0014FC2C00640B86"),
        "air_temperature=21.24 relative_humidity=45.5 air_pressure=1006.37 acceleration#1=0.02 \
         acceleration#2=-0.98 acceleration#3=0.1 battery_voltage=2.95"
    );
    assert!(three("5B8118C5CD0014FC2C00640B86").starts_with("air_temperature=-1.24 "));
}

#[test]
fn what_cannot_be_read_has_its_reason() {
    for (digits, expected) in [
        ("0201060CFF9904081122334455667788", "none encrypted"),
        ("0201060CFF9904FA1122334455667788", "none encrypted"),
        ("0201060AFF990406112233445566", "none no_known_key"),
        ("0201060AFF4C0005112233445566", "none no_known_key"),
        ("020106", "none no_known_key"),
        ("", "none no_known_key"),
        // Cut off: within the numbers, and within a part.
        ("02010605FF99040510", "error rule_broken"),
        ("0201061BFF9904", "error rule_broken"),
        ("02010", "error text_malformed"),
        ("02010g", "error text_malformed"),
    ] {
        assert_eq!(heard(digits), expected, "{digits}");
    }
    let long = "00".repeat(2_000);
    assert_eq!(heard(&long), "error text_malformed");
    assert_eq!(of(r#"{"data":7}"#), "none no_known_key");
    assert_eq!(of("[]"), "error json_shape");
    assert_eq!(of(""), "none empty");
}

#[test]
fn a_gateway_may_decode_for_itself() {
    assert_eq!(
        of(
            r#"{"gw_mac":"AA:00:00:00:00:01","rssi":-70,"ts":"1700000000","dataFormat":5,"temperature":21.37,
            "humidity":45.5,"pressure":100637,"accelX":0.02,"accelY":-0.98,"accelZ":null,"voltage":2.95,
            "txPower":4,"movementCounter":17,"measurementSequenceNumber":4660,"id":"C4:0D:15:EA:5E:07"}"#
        ),
        "rssi=-70 air_temperature=21.37 relative_humidity=45.5 air_pressure=1006.37 \
         acceleration#1=0.02 acceleration#2=-0.98 battery_voltage=2.95"
    );
}

#[test]
fn what_is_heard_and_decoded_is_told_once() {
    let data = "0201061BFF99040510B24718FFFF800080008000A8DFFFFFFFC40D15EA5E07";
    let both = format!(r#"{{"data":"{data}","temperature":21.37,"humidity":45.5,"voltage":2.95}}"#);
    let once = "air_temperature=21.37 relative_humidity=45.5 battery_voltage=2.95";
    assert_eq!(of(&both), once);
    assert_eq!(of(&format!(r#"{{"data":"{data}"}}"#)), once);
}

#[test]
fn a_gateway_says_whether_it_is_there() {
    let told = |payload: &str| {
        told(&decoder(), "ruuvi/AA:00:00:00:00:01/gw_status", "", payload.as_bytes())
    };
    assert_eq!(told(r#"{"status":"online","gw_mac":"AA:00:00:00:00:01"}"#), "online=true");
    assert_eq!(told(r#"{"state":"disconnected","timestamp":"1"}"#), "online=false");
    assert_eq!(told("{}"), "none no_known_key");
}

fn decoded(topic: &str, captured: &str, payload: &str) -> Decoded {
    let mut out = Decoded::default();
    let outcome = decoder().decode(
        captured,
        &message(topic, payload.as_bytes()),
        &mut Memory::default(),
        &mut out,
    );
    assert_eq!(outcome, Ok(Outcome::Readings), "{payload}");
    assert_whole(&out);
    out
}

#[test]
fn time_counter_way_and_name() {
    let raw = RAW_5.replace("01025500000014", "C5CD0014");
    let payload = |more: &str| format!(r#"{{{more},"data":"{raw}"}}"#);
    let with_time = payload(r#""gwts":"1700000009","ts":"1700000003","rssi":-51"#);
    let out = decoded(TOPIC, "", &with_time);
    let part = &out.devices[0];
    assert_eq!(part.measured_at, time::DeviceTime::At(UnixMicros(1_700_000_003_000_000)));
    assert_eq!(part.sequence, Some(4660));
    assert_eq!(out.names, "C40D15EA5E07");
    let other = decoded("ruuvi/AA:00:00:00:00:02/c40d15ea5e07", "x", &with_time);
    assert_eq!(other.names, out.names, "whoever hears it, and however it is written");
    assert_ne!(other.devices[0].way, part.way);
    let counted = decoded(TOPIC, "", &payload(r#""cnt":"338""#));
    assert_eq!(counted.devices[0].measured_at, time::DeviceTime::Absent);
    let own = decoded(
        "ruuvi/gateway/cellar",
        "",
        r#"{"temperature":3,"id":"C4:0D:15:EA:5E:07","measurementSequenceNumber":9}"#,
    );
    assert_eq!((own.names.as_str(), own.devices[0].sequence), ("C40D15EA5E07", Some(9)));
    assert_eq!(decoded("ruuvi/gateway/cellar", "", r#"{"temperature":3}"#).names, "cellar");
}

proptest! {
    #[test]
    fn any_advertisement_is_survived(bytes in vec(any::<u8>(), 0..40), is_ruuvi in any::<bool>()) {
        let mut digits = String::from(if is_ruuvi { "1BFF9904" } else { "" });
        for byte in bytes {
            write!(digits, "{byte:02X}").unwrap();
        }
        prop_assert!(!heard(&digits).is_empty());
    }

    /// Every number of format 5 is the one that was sent, to its last digit.
    #[test]
    fn numbers_are_exact(temperature in -32_767_i16..=i16::MAX, humidity in 0_u16..u16::MAX) {
        let digits = format!("0201061BFF990405{temperature:04X}{humidity:04X}FFFF800080008000FFFFFFFFFFC40D15EA5E07");
        let expected = format!(
            "air_temperature={} relative_humidity={}",
            f64::from(temperature) / 200.0,
            f64::from(humidity) / 400.0
        );
        prop_assert_eq!(heard(&digits), expected);
    }
}
