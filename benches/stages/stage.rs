//! The stages, and what they may cost.

use clap::ValueEnum;

use crate::payload::Format;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    Parse,
    DecodeZigbee2mqtt,
    DecodeJson,
    DecodeProtobuf,
    Resolve,
    Validate,
    EventId,
    Encode,
    Window,
    PipelineZigbee2mqtt,
    PipelineJson,
    PipelineProtobuf,
}

impl Stage {
    pub(crate) const ALL: [Self; 12] = [
        Self::Parse,
        Self::DecodeZigbee2mqtt,
        Self::DecodeJson,
        Self::DecodeProtobuf,
        Self::Resolve,
        Self::Validate,
        Self::EventId,
        Self::Encode,
        Self::Window,
        Self::PipelineZigbee2mqtt,
        Self::PipelineJson,
        Self::PipelineProtobuf,
    ];

    /// The value of `--only`.
    pub(crate) fn argument(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    pub(crate) fn row(self) -> String {
        let name = match self {
            Self::Parse => "parse",
            Self::DecodeZigbee2mqtt => "decode.zigbee2mqtt",
            Self::DecodeJson => "decode.json",
            Self::DecodeProtobuf => "decode.protobuf",
            Self::Resolve => "resolve",
            Self::Validate => "validate",
            Self::EventId => "event_id",
            Self::Encode => "encode",
            Self::Window => "window",
            Self::PipelineZigbee2mqtt => "pipeline.zigbee2mqtt",
            Self::PipelineJson => "pipeline.json",
            Self::PipelineProtobuf => "pipeline.protobuf",
        };
        format!("stage.{name}")
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Parse => "PUBLISH cut and read in place",
            Self::DecodeZigbee2mqtt => "a message of seven readings",
            Self::DecodeJson | Self::DecodeProtobuf => "a message of one reading",
            Self::Resolve => "one of 10 000 devices",
            Self::Validate => "ranges of seven readings and a clock",
            Self::EventId => "CONTENT, a Zigbee2MQTT message",
            Self::Encode => "seven readings into an open batch",
            Self::Window => "admitted, shared, answered and popped",
            Self::PipelineZigbee2mqtt => "decode..encode with batch and window, seven readings",
            Self::PipelineJson | Self::PipelineProtobuf => {
                "decode..encode with batch and window, one reading"
            }
        }
    }

    pub(crate) fn format(self) -> Format {
        match self {
            Self::DecodeJson | Self::PipelineJson => Format::Json,
            Self::DecodeProtobuf | Self::PipelineProtobuf => Format::Protobuf,
            Self::Parse
            | Self::DecodeZigbee2mqtt
            | Self::Resolve
            | Self::Validate
            | Self::EventId
            | Self::Encode
            | Self::Window
            | Self::PipelineZigbee2mqtt => Format::Zigbee2mqtt,
        }
    }

    /// Decode to encode in one?
    pub(crate) fn is_whole(self) -> bool {
        self.limit_ns().is_some()
    }

    /// Nanoseconds a message may cost from decode to encode.
    pub(crate) fn limit_ns(self) -> Option<f64> {
        match self {
            Self::PipelineZigbee2mqtt => Some(800.0),
            Self::PipelineJson => Some(500.0),
            Self::PipelineProtobuf => Some(250.0),
            Self::Parse
            | Self::DecodeZigbee2mqtt
            | Self::DecodeJson
            | Self::DecodeProtobuf
            | Self::Resolve
            | Self::Validate
            | Self::EventId
            | Self::Encode
            | Self::Window => None,
        }
    }
}
