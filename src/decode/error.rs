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
    /// Known keys only, and every value said "nothing": null, empty action, not worn.
    NoValue,
    /// No key that names a kind.
    NoKnownKey,
}

impl NonReading {
    /// Every variant, for tables of counters.
    pub const ALL: [Self; 5] =
        [Self::Empty, Self::Bridge, Self::Command, Self::NoValue, Self::NoKnownKey];

    /// Label value.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Bridge => "bridge",
            Self::Command => "command",
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
    /// An entry of the list of readings that is no reading.
    ReadingShape,
    /// NaN or infinite.
    NotFinite,
    /// Outside the range in which it could be true.
    OutOfRange,
}

impl RefusalReason {
    /// Every variant, for tables of counters.
    pub const ALL: [Self; 11] = [
        Self::KindUnknown,
        Self::ValueType,
        Self::ValueMissing,
        Self::NumberUnreadable,
        Self::StateUnreadable,
        Self::CategoryUnknown,
        Self::UnitUnknown,
        Self::UnitMismatch,
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
            Self::ReadingShape => "reading_shape",
            Self::NotFinite => "not_finite",
            Self::OutOfRange => "out_of_range",
        }
    }
}
