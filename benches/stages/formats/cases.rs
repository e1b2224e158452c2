//! The messages: one of each format as devices send it in the ordinary run of things.

use std::sync::Arc;

use rand::{Rng, rngs::StdRng};
use trygg::{
    catalogue::Catalogue,
    decode::{Decoder, Format, Mapping},
};

use super::wire::{self, Born};
use crate::Outcome;

/// A message, and what has to be known before it can be read.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// `None`: a mapping.
    format: Option<Format>,
    pub(super) topic: &'static str,
    /// What the filter captures.
    pub(super) device: &'static str,
    pub(super) before: &'static [(&'static str, Weight)],
    pub(super) weight: Weight,
    pub(super) readings: usize,
    pub(super) about: &'static str,
}

/// What a payload is made of.
#[derive(Clone, Copy)]
pub(super) enum Weight {
    /// A text with `~` for any digit.
    Text(&'static str),
    Protobuf,
    SenMlCbor,
    SparkplugBirth(Born),
    SparkplugData,
}

impl Weight {
    pub(super) fn payload(self, random: &mut StdRng) -> Vec<u8> {
        match self {
            Self::Text(text) => {
                let digit =
                    |byte| if byte == b'~' { random.random_range(b'0'..=b'9') } else { byte };
                text.bytes().map(digit).collect()
            }
            Self::Protobuf => wire::protobuf(random),
            Self::SenMlCbor => wire::senml_cbor(random),
            Self::SparkplugBirth(born) => wire::sparkplug_birth(born, random),
            Self::SparkplugData => wire::sparkplug_data(random),
        }
    }
}

const MAPPING: &str = r#"{
    "name": "ward", "device": "/id", "time": {"pointer": "/ts"}, "sequence": "/n",
    "reading": [
        {"pointer": "/data/temp", "kind": "air_temperature", "unit": "Cel"},
        {"pointer": "/data/hum", "kind": "relative_humidity", "unit": "%"},
        {"pointer": "/data/pir", "kind": "motion", "invert": true}
    ]
}"#;

pub(super) fn decoder(case: &Case, catalogue: &Arc<Catalogue>) -> Outcome<Decoder> {
    Ok(match case.format {
        Some(format) => Decoder::usual(format, catalogue),
        None => Decoder::Mapping(Mapping::new(&serde_json::from_str(MAPPING)?, catalogue)?),
    })
}

/// A case whose one message says everything.
const fn text(format: Format, topic: &'static str, payload: &'static str, readings: usize) -> Case {
    Case {
        name: format.name(),
        format: Some(format),
        topic,
        device: "",
        before: &[],
        weight: Weight::Text(payload),
        readings,
        about: "",
    }
}

/// In the order of the documents; SenML's CBOR right behind protobuf, which it is held against.
pub(crate) const CASES: &[Case] = &[
    Case {
        about: "a device with a time, units stated",
        ..text(
            Format::Json,
            "home/json/bed",
            r#"{"device":"bed-0a1b2c3d","time":"2026-02-28T23:59:5~.~~~Z","readings":[{"kind":"heart_rate","value":6~,"unit":"/min"},{"kind":"respiratory_rate","value":1~.5,"unit":"/min"},{"kind":"bed_occupied","value":true},{"kind":"air_temperature","value":2~.~~,"unit":"Cel"}]}"#,
            4,
        )
    },
    Case {
        weight: Weight::Protobuf,
        about: "a device with a time, units stated",
        ..text(Format::Protobuf, "home/protobuf/bed", "", wire::READINGS)
    },
    Case {
        name: "senml_cbor",
        weight: Weight::SenMlCbor,
        about: "CBOR, units stated",
        ..text(Format::SenMl, "senml/7", "", wire::READINGS)
    },
    Case {
        about: "JSON, units stated",
        ..text(
            Format::SenMl,
            "senml/7",
            r#"[{"bn":"urn:dev:ow:10e2073a01080063:","bt":17723231~~.5,"n":"temp","u":"Cel","v":2~.~},{"n":"humidity","u":"%RH","v":4~.~},{"n":"illuminance","u":"lx","v":3~~},{"n":"motion","vb":true}]"#,
            4,
        )
    },
    Case {
        device: "hall",
        about: "a sensor of everything",
        ..text(
            Format::Zigbee2Mqtt,
            "zigbee2mqtt/hall",
            r#"{"battery":8~,"humidity":4~.~~,"illuminance":3~~,"last_seen":"2026-02-28T23:59:5~.~~~Z","linkquality":1~~,"occupancy":true,"temperature":2~.~~,"voltage":29~~}"#,
            7,
        )
    },
    Case {
        device: "bath",
        about: "tele/SENSOR of a chip",
        ..text(
            Format::Tasmota,
            "tele/bath/SENSOR",
            r#"{"Time":"2026-02-28T23:59:5~","BME280":{"Temperature":2~.~,"Humidity":4~.~,"DewPoint":1~.~,"Pressure":101~.~},"PressureUnit":"hPa","TempUnit":"C"}"#,
            3,
        )
    },
    Case {
        device: "plug-1",
        about: "a notification of the second generation",
        ..text(
            Format::Shelly,
            "plug-1/events/rpc",
            r#"{"src":"shellyht-0a1b2c","dst":"plug-1/events","method":"NotifyStatus","params":{"ts":17723231~~.5,"temperature:0":{"id":0,"tC":2~.~,"tF":7~.~},"humidity:0":{"id":0,"rh":4~.~},"devicepower:0":{"id":0,"battery":{"V":5.9~,"percent":8~},"external":{"present":false}}}}"#,
            4,
        )
    },
    Case {
        before: &[(
            "homeassistant/device/hub7/config",
            Weight::Text(
                r#"{"dev":{"ids":["hub7"]},"o":{"name":"x"},"stat_t":"hub7/s","cmps":{"t":{"p":"sensor","dev_cla":"temperature","unit_of_meas":"°C","val_tpl":"{{ value_json.t }}"},"h":{"p":"sensor","dev_cla":"humidity","unit_of_meas":"%","val_tpl":"{{ value_json['h'] }}"}}}"#,
            ),
        )],
        about: "a state two entities read",
        ..text(Format::HomeAssistant, "hub7/s", r#"{"t":2~.~,"h":4~.~,"rssi":-5~}"#, 2)
    },
    Case {
        about: "one value",
        ..text(
            Format::ZwaveJs,
            "zwave/hall/49/0/Air_temperature",
            r#"{"id":"9-49-0-Air temperature","nodeId":9,"commandClass":49,"commandClassName":"Multilevel Sensor","endpoint":0,"property":"Air temperature","unit":"°C","value":2~.~,"lastUpdate":17723231~~000}"#,
            1,
        )
    },
    Case {
        about: "an advertisement",
        ..text(
            Format::Theengs,
            "home/hall/BTtoMQTT/A4C138AABB01",
            r#"{"id":"A4:C1:38:AA:BB:01","name":"ATC_AABB01","rssi":-6~,"brand":"Xiaomi","model":"TH Sensor","model_id":"LYWSD03MMC_ATC","type":"THB","tempc":2~.~,"tempf":7~.~,"hum":4~.~,"batt":8~,"volt":2.9~}"#,
            5,
        )
    },
    Case {
        about: "an advertisement, bit by bit",
        ..text(
            Format::Ruuvi,
            "ruuvi/AA:00:00:00:00:01/C4:0D:15:EA:5E:07",
            r#"{"gw_mac":"AA:00:00:00:00:01","rssi":-6~,"aoa":[],"gwts":"17723231~~","ts":"17723231~~","data":"0201061BFF99040510B247~8C5C~001~FC2C0064A8D6111234C40D15EA5E07","coords":""}"#,
            8,
        )
    },
    Case {
        before: &[
            ("spBv1.0/Town/NBIRTH/home 7", Weight::SparkplugBirth(Born::Node)),
            ("spBv1.0/Town/DBIRTH/home 7/bed-2", Weight::SparkplugBirth(Born::Device)),
        ],
        weight: Weight::SparkplugData,
        about: "DDATA, by alias",
        ..text(Format::Sparkplug, "spBv1.0/Town/DDATA/home 7/bed-2", "", wire::METRICS)
    },
    Case {
        about: "an uplink, decoded by its network",
        ..text(
            Format::ThingsStack,
            "v3/care@town/devices/bed-1/up",
            r#"{"end_device_ids":{"device_id":"bed-1","application_ids":{"application_id":"care"},"dev_eui":"70B3D57ED0000001"},"received_at":"2026-02-28T23:59:5~.~~~Z","uplink_message":{"f_port":2,"f_cnt":3~~,"decoded_payload":{"temperature":2~.~,"humidity":4~.~,"battery_voltage":3.0~},"rx_metadata":[{"gateway_ids":{"gateway_id":"roof"},"rssi":-9~,"snr":7.~,"time":"2026-02-28T23:59:5~.~~~Z"}],"settings":{"frequency":"868100000"}}}"#,
            4,
        )
    },
    Case {
        about: "JSON, an uplink",
        ..text(
            Format::ChirpStack,
            "application/4/device/0badc0de0badc0de/event/up",
            r#"{"deduplicationId":"x","time":"2026-02-28T23:59:5~.~~~Z","deviceInfo":{"applicationId":"4","deviceName":"bed","devEui":"0badc0de0badc0de"},"fCnt":3~~,"fPort":2,"object":{"temperature":2~.~,"humidity":4~.~},"rxInfo":[{"gatewayId":"0a","rssi":-9~,"snr":7.~}]}"#,
            3,
        )
    },
    Case {
        before: &[(
            "homie/5/hub/$description",
            Weight::Text(
                r#"{"homie":"5.0","version":1,"nodes":{"hall":{"properties":{"temperature":{"datatype":"float","unit":"°C"}}}}}"#,
            ),
        )],
        about: "one value, described before",
        ..text(Format::Homie, "homie/5/hub/hall/temperature", "2~.~~", 1)
    },
    Case {
        device: "astrid/phone",
        about: "a position, which is not kept, and a battery",
        ..text(
            Format::OwnTracks,
            "owntracks/astrid/phone",
            r#"{"_type":"location","acc":1~,"alt":3~,"batt":8~,"bs":1,"conn":"w","lat":59.1~~~,"lon":17.9~~~,"tst":17723231~~,"tid":"ap","vel":0}"#,
            1,
        )
    },
    Case {
        about: "a data point with its header",
        ..text(
            Format::OpenMHealth,
            "omh/band",
            r#"{"header":{"id":"243c773b-8936-407e-9c23-270d0ea4~~~~","creation_date_time":"2026-02-28T23:59:5~Z","schema_id":{"namespace":"omh","name":"heart-rate","version":"1.1"}},"body":{"heart_rate":{"value":6~,"unit":"beats/min"},"effective_time_frame":{"date_time":"2026-02-28T23:58:5~Z"}}}"#,
            1,
        )
    },
    Case {
        device: "band",
        about: "an Observation",
        ..text(
            Format::Fhir,
            "fhir/band",
            r#"{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}]},"subject":{"reference":"Patient/7"},"effectiveDateTime":"2026-02-28T23:59:5~Z","valueQuantity":{"value":6~,"unit":"beats/minute","system":"http://unitsofmeasure.org","code":"/min"}}"#,
            1,
        )
    },
    Case {
        device: "041",
        about: "an alarm",
        ..text(
            Format::Scaip,
            "scaip/041",
            "<?xml version=\"1.0\"?><mrq><ver>01.00</ver><ref>17~~</ref><cid>041~~</cid><mty>ME</mty><dty>2</dty><stc>010</stc><lco>021</lco></mrq>",
            1,
        )
    },
    Case {
        name: "mapping",
        format: None,
        about: "a [[mapping]] of three pointers",
        ..text(
            Format::Json,
            "ward/n1",
            r#"{"id":"n1","ts":17723231~~,"n":4~,"data":{"temp":2~.~,"hum":4~.~,"pir":true,"more":[1,2,3]}}"#,
            3,
        )
    },
];
