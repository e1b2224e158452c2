//! Why a message, or a reading of it, cannot be used; and messages that hold none.

/// Why a whole message cannot be decoded. No variant holds content of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The payload should be text.
    #[error("invalid UTF-8 at byte {at}")]
    Utf8 {
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// Not JSON, or cut off.
    #[error("invalid JSON at line {line}, column {column}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
    },
    /// Nested deeper than any sender has reason to.
    #[error("JSON nested deeper than {limit}")]
    JsonTooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// JSON of another shape than the format's.
    #[error("JSON of another shape: expected {expected}")]
    JsonShape {
        /// What the format wants.
        expected: &'static str,
    },
    /// Not CBOR, or cut off.
    #[error("invalid CBOR at byte {at}")]
    Cbor {
        /// Offset at which reading stopped.
        at: usize,
    },
    /// Not XML, or cut off.
    #[error("invalid XML at byte {at}")]
    Xml {
        /// Offset at which reading stopped.
        at: usize,
    },
    /// Bytes written as text that are none.
    #[error("invalid {encoding}")]
    Text {
        /// Base64 or hexadecimal.
        encoding: &'static str,
    },
    /// Well-formed, and against what the format's own rules demand.
    #[error("against the rules of the format: {rule}")]
    Rule {
        /// What is demanded.
        rule: &'static str,
    },
    /// A topic that the format does not have.
    #[error("no topic of the format: expected {expected}")]
    Topic {
        /// What the format has.
        expected: &'static str,
    },
    /// The message only means something after another that has not come.
    #[error("means nothing without {what}, which has not come since the start")]
    Unannounced {
        /// What is missing.
        what: &'static str,
    },
    /// Not the format's protobuf, or cut off.
    #[error("invalid protobuf before byte {at}")]
    Protobuf {
        /// Offset at which reading stopped.
        at: usize,
    },
    /// More readings than one message may have.
    #[error("more than {limit} readings")]
    TooManyReadings {
        /// Readings allowed.
        limit: usize,
    },
    /// The device's name in the payload is longer than any name.
    #[error("device name longer than {limit} bytes")]
    DeviceNameTooLong {
        /// Bytes allowed.
        limit: usize,
    },
}

impl DecodeError {
    /// Reason code of the dead letter.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Utf8 { .. } => "utf8_invalid",
            Self::Json { .. } => "json_malformed",
            Self::JsonTooDeep { .. } => "json_too_deep",
            Self::JsonShape { .. } => "json_shape",
            Self::Cbor { .. } => "cbor_malformed",
            Self::Xml { .. } => "xml_malformed",
            Self::Text { .. } => "text_malformed",
            Self::Rule { .. } => "rule_broken",
            Self::Topic { .. } => "topic_unknown",
            Self::Unannounced { .. } => "unannounced",
            Self::Protobuf { .. } => "protobuf_malformed",
            Self::TooManyReadings { .. } => "too_many_readings",
            Self::DeviceNameTooLong { .. } => "device_name_too_long",
        }
    }
}

/// What a message is that holds no reading and has nothing wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NonReading {
    /// No payload: how MQTT deletes a retained message.
    Empty,
    /// The gateway's own traffic.
    Bridge,
    /// A request to a device.
    Command,
    /// Says what devices, topics, names or units there are.
    Description,
    /// An answer to a request, or the confirmation of one.
    Acknowledgement,
    /// A state of things that holds no measurement.
    Status,
    /// Made up by a test function of the sender.
    Simulated,
    /// The sender says that it is not to be used: preliminary, cancelled, entered in error.
    Withdrawn,
    /// Readable only with a key trygg does not have.
    Encrypted,
    /// Older than what is known already: a will of an earlier life.
    Stale,
    /// A position, which the policy does not keep.
    Position,
    /// Known keys only, and every value said "nothing": null, empty action, not worn.
    NoValue,
    /// No key that names a kind.
    NoKnownKey,
}

impl NonReading {
    /// Every variant, for tables of counters.
    pub const ALL: [Self; 13] = [
        Self::Empty,
        Self::Bridge,
        Self::Command,
        Self::Description,
        Self::Acknowledgement,
        Self::Status,
        Self::Simulated,
        Self::Withdrawn,
        Self::Encrypted,
        Self::Stale,
        Self::Position,
        Self::NoValue,
        Self::NoKnownKey,
    ];

    /// Label value.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Bridge => "bridge",
            Self::Command => "command",
            Self::Description => "description",
            Self::Acknowledgement => "acknowledgement",
            Self::Status => "status",
            Self::Simulated => "simulated",
            Self::Withdrawn => "withdrawn",
            Self::Encrypted => "encrypted",
            Self::Stale => "stale",
            Self::Position => "position",
            Self::NoValue => "no_value",
            Self::NoKnownKey => "no_known_key",
        }
    }
}

/// Why one reading is refused. The others of its message go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// No kind of this name, or none named.
    KindUnknown,
    /// A value of another type than the kind's.
    ValueType,
    /// No value, and the kind needs one.
    ValueMissing,
    /// Text that is no number.
    NumberUnreadable,
    /// Text or number that is no state.
    StateUnreadable,
    /// A word that is not in the kind's list.
    CategoryUnknown,
    /// Unit not known.
    UnitUnknown,
    /// Unit of another quantity than the kind.
    UnitMismatch,
    /// Two sources name units that are not the same.
    UnitConflict,
    /// A number in place of a name that nobody has given.
    AliasUnknown,
    /// A type of value that no kind has: tables, files, templates.
    TypeUnsupported,
    /// A series without start, period or samples, or with too many.
    SeriesShape,
    /// An entry of the list of readings that is no reading.
    ReadingShape,
    /// NaN or infinite.
    NotFinite,
    /// Outside the range in which it could be true.
    OutOfRange,
}

impl RefusalReason {
    /// Every variant, for tables of counters.
    pub const ALL: [Self; 15] = [
        Self::KindUnknown,
        Self::ValueType,
        Self::ValueMissing,
        Self::NumberUnreadable,
        Self::StateUnreadable,
        Self::CategoryUnknown,
        Self::UnitUnknown,
        Self::UnitMismatch,
        Self::UnitConflict,
        Self::AliasUnknown,
        Self::TypeUnsupported,
        Self::SeriesShape,
        Self::ReadingShape,
        Self::NotFinite,
        Self::OutOfRange,
    ];

    /// Reason code.
    pub fn reason(self) -> &'static str {
        match self {
            Self::KindUnknown => "kind_unknown",
            Self::ValueType => "value_type",
            Self::ValueMissing => "value_missing",
            Self::NumberUnreadable => "number_unreadable",
            Self::StateUnreadable => "state_unreadable",
            Self::CategoryUnknown => "category_unknown",
            Self::UnitUnknown => "unit_unknown",
            Self::UnitMismatch => "unit_mismatch",
            Self::UnitConflict => "unit_conflict",
            Self::AliasUnknown => "alias_unknown",
            Self::TypeUnsupported => "type_unsupported",
            Self::SeriesShape => "series_shape",
            Self::ReadingShape => "reading_shape",
            Self::NotFinite => "not_finite",
            Self::OutOfRange => "out_of_range",
        }
    }
}
