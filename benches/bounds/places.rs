//! Where each format looks for the values of its JSON.

use super::Format;

/// An object that is open, in a message of a format.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) topic: String,
    pub(super) device: &'static str,
    pub(super) head: &'static str,
    pub(super) tail: &'static str,
    /// A key that stands for something there, and a value it may have.
    pub(super) key: &'static str,
    pub(super) value: &'static str,
    pub(super) before: Vec<(String, Vec<u8>)>,
}

/// Name, topic, beginning and end of the message; a key and its value.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str);

/// Bytes of a level of a topic that MQTT still carries.
const LONG: usize = 60_000;

/// The places of a format. `LONG` in a topic is a level of so many letters, `DEEP` as many levels.
#[expect(clippy::too_many_lines, reason = "a table: one row a place")]
pub(super) fn of(format: Format) -> Vec<Place> {
    let rows: &[Row] = match format {
        Format::Json => &[("top", "t", "{", "}", "value", "1"), LIST],
        Format::Zigbee2Mqtt => &[
            ("state", "zigbee2mqtt/hall", "{", "}", "temperature", "1"),
            ("devices", "zigbee2mqtt/bridge/devices", "[{", "}]", "friendly_name", "\"x\""),
            ("availability", "zigbee2mqtt/hall/availability", "{", "}", "state", "\"online\""),
        ],
        Format::Tasmota => &[
            ("chip", "tele/plug/SENSOR", "{\"BME280\":{", "}}", "Temperature", "1"),
            ("top", "tele/plug/SENSOR", "{", "}", "Temperature", "1"),
            ("zigbee", "tele/b/SENSOR", ZIGBEE, "}}}", "Temperature", "1"),
            ("zigbee devices", "tele/b/SENSOR", "{\"ZbReceived\":{", "}}", "0x0001", "1"),
            ("topic", "tele/LONG/SENSOR", "{", "}", "Temperature", "1"),
            ("levels", "tele/DEEP/SENSOR", "{", "}", "Temperature", "1"),
        ],
        Format::Shelly => &[
            ("switch", "plug-1/events/rpc", "{\"params\":{\"switch:0\":{", "}}}", "apower", "1"),
            ("params", "plug-1/events/rpc", "{\"params\":{", "}}", "ts", "1"),
            ("status", "plug-1/status/switch:0", "{", "}", "apower", "1"),
            ("first", "shellies/ht-1/sensor", "{", "}", "temperature", "1"),
            ("topic", "shellies/ht-1/LONG", "{", "}", "temperature", "1"),
            ("levels", "shellies/ht-1/DEEP", "{", "}", "temperature", "1"),
            ("device", "LONG/status/switch:0", "{", "}", "apower", "1"),
            ("component", "plug-1/status/LONG", "{", "}", "apower", "1"),
            ("blu", "blu/events/0a:1b:2c:3d:4e:5f", "{", "}", "temperature", "1"),
        ],
        Format::HomeAssistant => &[
            ("config", "homeassistant/sensor/p/config", "{", "}", "stat_t", "\"a\""),
            ("components", "homeassistant/device/p/config", "{\"cmps\":{", "}}", "p", "\"sensor\""),
            (
                "component",
                "homeassistant/device/p/config",
                "{\"cmps\":{\"a\":{",
                "}}}",
                "p",
                "\"a\"",
            ),
            (
                "topic",
                "LONG/sensor/LONG/config",
                "{\"stat_t\":\"s\",\"cmps\":{",
                "}}",
                "p",
                "\"a\"",
            ),
            ("esphome", "esp/sensor/room_temperature/state", "{", "}", "t", "1"),
            ("esphome light", "esp/light/lamp/state", "{", "}", "state", "\"ON\""),
        ],
        Format::ZwaveJs => &[
            ("value", "zwave/hall/49/0/Air_temperature", "{", "}", "value", "1"),
            ("structure", "zwave/hall/49/0/Air_temperature", "{\"value\":{", "}}", "value", "1"),
            ("topic", "zwave/hall/49/0/LONG", "{", "}", "value", "1"),
            ("levels", "zwave/hall/49/0/DEEP", "{", "}", "value", "1"),
        ],
        Format::Theengs => &[
            ("advertisement", "home/gw/BTtoMQTT/A4C138AABB01", "{", "}", "tempc", "1"),
            ("scale", "home/gw/BTtoMQTT/A4C138AABB01", "{\"unit\":\"kg\",", "}", "weight", "1"),
            ("model", "home/gw/BTtoMQTT/A4C138AABB01", "{\"type\":\"BBQ\",", "}", "tempc", "1"),
            ("long model", "home/gw/BTtoMQTT/A4C138AABB01", "{", "}", "model_id", "\"x\""),
            ("topic", "home/LONG/BTtoMQTT/LONG", "{", "}", "tempc", "1"),
        ],
        Format::Ruuvi => &[
            ("sensor", "ruuvi/AA:00:00:00:00:01/C4:0D:15:EA:5E:07", "{", "}", "temperature", "1"),
            ("data", "ruuvi/AA:00:00:00:00:01/C4:0D:15:EA:5E:07", "{", "}", "data", "\"0F\""),
            ("gateway", "ruuvi/AA:00:00:00:00:01/gw_status", "{", "}", "state", "\"online\""),
        ],
        Format::SenMl => &[
            ("record", "senml/7", "[{\"n\":\"temp\",", "}]", "v", "1"),
            ("base", "senml/7", "[{\"n\":\"temp\",", "}]", "bn", "\"a\""),
        ],
        Format::ThingsStack => &[
            ("decoded", "v3/a@t/devices/b/up", TTN, "}}}", "temperature", "1"),
            ("normalized", "v3/a@t/devices/b/up", TTN_LIST, "}]}}", "air/temperature", "1"),
            ("heard", "v3/a@t/devices/b/up", TTN_HEARD, "}]}}", "rssi", "1"),
            ("top", "v3/a@t/devices/b/up", "{", "}", "received_at", "\"2025-03-04T05:06:08Z\""),
            ("topic", "v3/LONG/devices/LONG/up", TTN, "}}}", "temperature", "1"),
        ],
        Format::ChirpStack => &[
            (
                "object",
                "application/4/device/0badc0de/event/up",
                "{\"object\":{",
                "}}",
                "temp",
                "1",
            ),
            (
                "heard",
                "application/4/device/0badc0de/event/up",
                "{\"rxInfo\":[{",
                "}]}",
                "rssi",
                "1",
            ),
            ("top", "application/4/device/0badc0de/event/up", "{", "}", "fCnt", "1"),
        ],
        Format::Homie => &[
            ("top", "homie/5/hub/$description", "{", "}", "homie", "1"),
            ("nodes", "homie/5/hub/$description", "{\"nodes\":{", "}}", "a", "{}"),
            ("properties", "homie/5/hub/$description", HOMIE, "}}}}", "unit", "\"C\""),
        ],
        Format::OwnTracks => &[
            ("location", "owntracks/a/phone", "{\"_type\":\"location\",", "}", "batt", "1"),
            (
                "transition",
                "owntracks/a/phone/event",
                "{\"_type\":\"transition\",",
                "}",
                "desc",
                "\"a\"",
            ),
            ("topic", "LONG/DEEP/phone", "{\"_type\":\"location\",", "}", "batt", "1"),
        ],
        Format::OpenMHealth => &[
            ("body", "t", "{\"heart_rate\":{\"value\":61,\"unit\":\"beats/min\"},", "}", "a", "1"),
            ("topic", "omh/omh/heart-rate/1.0", "{", "}", "heart_rate", "1"),
            ("header", "t", "{\"body\":{},\"header\":{", "}}", "id", "\"a\""),
        ],
        Format::Fhir => &[
            ("observation", "t", OBSERVATION, "}", "status", "\"final\""),
            (
                "bundle",
                "t",
                "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{",
                "}}]}",
                "a",
                "1",
            ),
            ("coding", "t", CODING, "}]}}", "code", "\"8867-4\""),
        ],
        Format::Protobuf | Format::Sparkplug | Format::Scaip => &[],
    };
    rows.iter().map(place).collect()
}

/// Those of a mapping.
pub(super) fn of_mapping() -> Vec<Place> {
    let rows: [Row; 3] = [
        ("top", "t", "{", "}", "id", "\"a\""),
        ("data", "t", "{\"data\":{", "}}", "temp", "1"),
        ("word", "t", "{", "}", "key", "\"short\""),
    ];
    rows.iter().map(place).collect()
}

const LIST: Row =
    ("readings", "t", "{\"readings\":[{\"kind\":\"heart_rate\",", "}]}", "value", "61");
const ZIGBEE: &str = "{\"ZbReceived\":{\"0x1A2B\":{\"Device\":\"0x1A2B\",\"Name\":\"hall\",";
const TTN: &str = "{\"uplink_message\":{\"decoded_payload\":{";
const TTN_LIST: &str = "{\"uplink_message\":{\"normalized_payload\":[{";
const TTN_HEARD: &str = "{\"uplink_message\":{\"rx_metadata\":[{";
const HOMIE: &str = "{\"nodes\":{\"n\":{\"properties\":{";
const OBSERVATION: &str = "{\"resourceType\":\"Observation\",\"code\":{},";
const CODING: &str =
    "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"a\":1},{";

fn place(&(name, topic, head, tail, key, value): &Row) -> Place {
    let topic = topic.replace("LONG", &"t".repeat(LONG / topic.matches("LONG").count().max(1)));
    let topic = topic.replace("DEEP", &"t/".repeat(LONG / 2));
    let topic = topic.get(..topic.len().min(65_535)).unwrap_or_default().to_owned();
    let device = if topic.starts_with("zigbee2mqtt/hall") {
        topic
            .strip_prefix("zigbee2mqtt/")
            .map_or("", |rest| if rest == "hall" { "hall" } else { "hall/availability" })
    } else {
        ""
    };
    Place { name, topic, device, head, tail, key, value, before: Vec::new() }
}
