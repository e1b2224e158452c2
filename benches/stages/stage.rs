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
    Repeats,
    EventId,
    Encode,
    Window,
    WorkZigbee2mqtt,
    WorkJson,
    WorkProtobuf,
    PipelineZigbee2mqtt,
    PipelineJson,
    PipelineProtobuf,
    LinkPaced,
    SpooledLinkPaced,
    LinkSaturated,
    SpooledLinkSaturated,
}

impl Stage {
    pub(crate) const ALL: [Self; 20] = [
        Self::Parse,
        Self::DecodeZigbee2mqtt,
        Self::DecodeJson,
        Self::DecodeProtobuf,
        Self::Resolve,
        Self::Validate,
        Self::Repeats,
        Self::EventId,
        Self::Encode,
        Self::Window,
        Self::WorkZigbee2mqtt,
        Self::WorkJson,
        Self::WorkProtobuf,
        Self::PipelineZigbee2mqtt,
        Self::PipelineJson,
        Self::PipelineProtobuf,
        Self::LinkPaced,
        Self::SpooledLinkPaced,
        Self::LinkSaturated,
        Self::SpooledLinkSaturated,
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
            Self::Repeats => "repeats",
            Self::EventId => "event_id",
            Self::Encode => "encode",
            Self::Window => "window",
            Self::WorkZigbee2mqtt => "decode_to_encode.zigbee2mqtt",
            Self::WorkJson => "decode_to_encode.json",
            Self::WorkProtobuf => "decode_to_encode.protobuf",
            Self::PipelineZigbee2mqtt => "pipeline.zigbee2mqtt",
            Self::PipelineJson => "pipeline.json",
            Self::PipelineProtobuf => "pipeline.protobuf",
            Self::LinkPaced => "link.kafka.10000",
            Self::SpooledLinkPaced => "link.auto.10000",
            Self::LinkSaturated => "link.kafka.saturated",
            Self::SpooledLinkSaturated => "link.auto.saturated",
        };
        format!("stage.{name}")
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Parse => "PUBLISH cut and read in place",
            Self::DecodeZigbee2mqtt => "a message of seven readings",
            Self::DecodeJson | Self::DecodeProtobuf => "a message of one reading",
            Self::Resolve => "one of 10 000 devices",
            Self::Repeats => "seven readings beside those before; one of 10 000 devices",
            Self::Validate => "ranges of seven readings and a clock",
            Self::EventId => "CONTENT, a Zigbee2MQTT message",
            Self::Encode => "seven readings into an open batch",
            Self::Window => "admitted, shared, answered and popped",
            Self::WorkZigbee2mqtt => "decode, resolve, validate, id, encode; seven readings",
            Self::WorkJson | Self::WorkProtobuf => {
                "decode, resolve, validate, id, encode; one reading"
            }
            Self::PipelineZigbee2mqtt => {
                "the same with routes, 500 open batches, records and window; seven readings"
            }
            Self::PipelineJson | Self::PipelineProtobuf => {
                "the same with routes, 500 open batches, records and window; one reading"
            }
            Self::LinkPaced => {
                "a link's step without a spool, PUBLISH to PUBACK; one reading, 10 a wake-up"
            }
            Self::LinkSaturated => {
                "a link's step without a spool, PUBLISH to PUBACK; one reading, 250 a wake-up"
            }
            Self::SpooledLinkPaced | Self::SpooledLinkSaturated => {
                "the same with a spool that Kafka makes idle"
            }
        }
    }

    pub(crate) fn format(self) -> Format {
        match self {
            Self::DecodeJson | Self::WorkJson | Self::PipelineJson => Format::Json,
            Self::DecodeProtobuf
            | Self::WorkProtobuf
            | Self::PipelineProtobuf
            | Self::LinkPaced
            | Self::SpooledLinkPaced
            | Self::LinkSaturated
            | Self::SpooledLinkSaturated => Format::Protobuf,
            Self::Parse
            | Self::DecodeZigbee2mqtt
            | Self::Resolve
            | Self::Validate
            | Self::Repeats
            | Self::EventId
            | Self::Encode
            | Self::Window
            | Self::WorkZigbee2mqtt
            | Self::PipelineZigbee2mqtt => Format::Zigbee2mqtt,
        }
    }

    /// The whole way of a message inside a link? It must not allocate.
    pub(crate) fn is_whole(self) -> bool {
        matches!(self, Self::PipelineZigbee2mqtt | Self::PipelineJson | Self::PipelineProtobuf)
    }

    /// The same stage without a spool.
    pub(crate) fn without_spool(self) -> Option<Self> {
        match self {
            Self::SpooledLinkPaced => Some(Self::LinkPaced),
            Self::SpooledLinkSaturated => Some(Self::LinkSaturated),
            Self::Parse
            | Self::DecodeZigbee2mqtt
            | Self::DecodeJson
            | Self::DecodeProtobuf
            | Self::Resolve
            | Self::Validate
            | Self::Repeats
            | Self::EventId
            | Self::Encode
            | Self::Window
            | Self::WorkZigbee2mqtt
            | Self::WorkJson
            | Self::WorkProtobuf
            | Self::PipelineZigbee2mqtt
            | Self::PipelineJson
            | Self::PipelineProtobuf
            | Self::LinkPaced
            | Self::LinkSaturated => None,
        }
    }

    /// Nanoseconds a message may cost from decode to encode.
    pub(crate) fn limit_ns(self) -> Option<f64> {
        match self {
            Self::WorkZigbee2mqtt => Some(800.0),
            Self::WorkJson => Some(500.0),
            Self::WorkProtobuf => Some(250.0),
            Self::Parse
            | Self::DecodeZigbee2mqtt
            | Self::DecodeJson
            | Self::DecodeProtobuf
            | Self::Resolve
            | Self::Validate
            | Self::Repeats
            | Self::EventId
            | Self::Encode
            | Self::Window
            | Self::PipelineZigbee2mqtt
            | Self::PipelineJson
            | Self::PipelineProtobuf
            | Self::LinkPaced
            | Self::SpooledLinkPaced
            | Self::LinkSaturated
            | Self::SpooledLinkSaturated => None,
        }
    }
}
