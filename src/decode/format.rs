//! The wire formats trygg knows.

/// A format with a decoder of its own. What is read by a `[[mapping]]` has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// trygg's own JSON.
    Json,
    /// trygg's own protobuf.
    Protobuf,
    /// Zigbee2MQTT.
    Zigbee2Mqtt,
    /// Tasmota.
    Tasmota,
    /// Shelly of every generation, and BLU behind one.
    Shelly,
    /// Home Assistant's discovery and the topics it names; ESPHome.
    HomeAssistant,
    /// Z-Wave JS UI.
    ZwaveJs,
    /// BLE advertisements as OpenMQTTGateway and Theengs Gateway decode them.
    Theengs,
    /// Ruuvi Gateway.
    Ruuvi,
    /// Sparkplug B.
    Sparkplug,
    /// SenML, JSON and CBOR.
    SenMl,
    /// The Things Stack v3.
    ThingsStack,
    /// `ChirpStack` v4, JSON and protobuf.
    ChirpStack,
    /// Homie 4 and 5.
    Homie,
    /// `OwnTracks`.
    OwnTracks,
    /// Open mHealth and IEEE 1752.1.
    OpenMHealth,
    /// FHIR Observation.
    Fhir,
    /// SCAIP as a bridge delivers it.
    Scaip,
}

impl Format {
    /// Every format, in the order of the documents.
    pub const ALL: [Self; 18] = [
        Self::Json,
        Self::Protobuf,
        Self::Zigbee2Mqtt,
        Self::Tasmota,
        Self::Shelly,
        Self::HomeAssistant,
        Self::ZwaveJs,
        Self::Theengs,
        Self::Ruuvi,
        Self::Sparkplug,
        Self::SenMl,
        Self::ThingsStack,
        Self::ChirpStack,
        Self::Homie,
        Self::OwnTracks,
        Self::OpenMHealth,
        Self::Fhir,
        Self::Scaip,
    ];

    /// Name in the configuration, in dead letters and in what `explain` says.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Protobuf => "protobuf",
            Self::Zigbee2Mqtt => "zigbee2mqtt",
            Self::Tasmota => "tasmota",
            Self::Shelly => "shelly",
            Self::HomeAssistant => "homeassistant",
            Self::ZwaveJs => "zwavejs",
            Self::Theengs => "theengs",
            Self::Ruuvi => "ruuvi",
            Self::Sparkplug => "sparkplug",
            Self::SenMl => "senml",
            Self::ThingsStack => "things_stack",
            Self::ChirpStack => "chirpstack",
            Self::Homie => "homie",
            Self::OwnTracks => "owntracks",
            Self::OpenMHealth => "openmhealth",
            Self::Fhir => "fhir",
            Self::Scaip => "scaip",
        }
    }

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Does it learn from retained messages (discovery, descriptions)? Their filters ask for them
    /// again at the first connection of a process.
    pub fn learns(self) -> bool {
        match self {
            Self::Zigbee2Mqtt | Self::HomeAssistant | Self::Homie => true,
            Self::Json
            | Self::Protobuf
            | Self::Tasmota
            | Self::Shelly
            | Self::ZwaveJs
            | Self::Theengs
            | Self::Ruuvi
            | Self::Sparkplug
            | Self::SenMl
            | Self::ThingsStack
            | Self::ChirpStack
            | Self::OwnTracks
            | Self::OpenMHealth
            | Self::Fhir
            | Self::Scaip => false,
        }
    }
}
