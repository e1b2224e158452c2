//! One record as it stands in the pack, nothing resolved.

use std::borrow::Cow;

use crate::decode::{error::DecodeError, scalar::Scalar};

/// The labels of RFC 8428, and what an unknown one asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    BaseVersion,
    BaseName,
    BaseTime,
    BaseUnit,
    BaseValue,
    BaseSum,
    Name,
    Unit,
    Value,
    StringValue,
    BooleanValue,
    DataValue,
    Sum,
    Time,
    UpdateTime,
    /// Not known, and may be passed over.
    Unknown,
    /// Not known, and its sender says that nothing means anything without it.
    Mandatory,
}

impl Label {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "bver" => Self::BaseVersion,
            "bn" => Self::BaseName,
            "bt" => Self::BaseTime,
            "bu" => Self::BaseUnit,
            "bv" => Self::BaseValue,
            "bs" => Self::BaseSum,
            "n" => Self::Name,
            "u" => Self::Unit,
            "v" => Self::Value,
            "vs" => Self::StringValue,
            "vb" => Self::BooleanValue,
            "vd" => Self::DataValue,
            "s" => Self::Sum,
            "t" => Self::Time,
            "ut" => Self::UpdateTime,
            name if name.ends_with('_') => Self::Mandatory,
            _ => Self::Unknown,
        }
    }

    /// As CBOR numbers them.
    pub(super) fn numbered(number: i64) -> Self {
        match number {
            -1 => Self::BaseVersion,
            -2 => Self::BaseName,
            -3 => Self::BaseTime,
            -4 => Self::BaseUnit,
            -5 => Self::BaseValue,
            -6 => Self::BaseSum,
            0 => Self::Name,
            1 => Self::Unit,
            2 => Self::Value,
            3 => Self::StringValue,
            4 => Self::BooleanValue,
            5 => Self::Sum,
            6 => Self::Time,
            7 => Self::UpdateTime,
            8 => Self::DataValue,
            _ => Self::Unknown,
        }
    }
}

/// What is said by a record's own fields.
#[derive(Default)]
pub(super) struct Record<'a> {
    pub(super) base_name: Option<Cow<'a, str>>,
    pub(super) base_time: Option<f64>,
    pub(super) base_unit: Option<Cow<'a, str>>,
    pub(super) base_value: Option<f64>,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) unit: Option<Cow<'a, str>>,
    pub(super) time: Option<f64>,
    pub(super) value: Option<Given<'a>>,
    /// How many values there are; one is right.
    pub(super) values: u32,
    pub(super) has_sum: bool,
    /// A field of it is of another type than its label's.
    pub(super) is_misshapen: bool,
    pub(super) unknown: u32,
}

/// A record as most are: name, unit and number, and perhaps a time.
pub(super) struct Usual<'a> {
    pub(super) name: &'a [u8],
    /// Else that of the pack holds.
    pub(super) unit: Option<&'a [u8]>,
    pub(super) value: Scalar<'a>,
    pub(super) time: f64,
}

/// A value as it stands.
pub(super) enum Given<'a> {
    /// `v`, `vs`, `vb`.
    Scalar(Label, Scalar<'a>),
    /// `vd`: bytes, of which no kind is.
    Data,
}

/// The newest version of `SenML` there is.
const VERSION: f64 = 10.0;

const BASE: DecodeError = DecodeError::Rule { rule: "a base field has the type of its label" };
const NEWER: DecodeError = DecodeError::Rule { rule: "version 10 or lower" };
const UNDERSTOOD: DecodeError =
    DecodeError::Rule { rule: "a label that ends in _ must be understood" };

impl<'a> Record<'a> {
    /// Takes a field. An error is one of the whole pack.
    pub(super) fn set(&mut self, label: Label, value: Scalar<'a>) -> Result<(), DecodeError> {
        match label {
            Label::BaseVersion => {
                if value.plain_number().ok_or(BASE)? > VERSION {
                    return Err(NEWER);
                }
            }
            Label::BaseName => self.base_name = Some(text(value).ok_or(BASE)?),
            Label::BaseUnit => self.base_unit = Some(text(value).ok_or(BASE)?),
            Label::BaseTime => self.base_time = Some(value.plain_number().ok_or(BASE)?),
            Label::BaseValue => self.base_value = Some(value.plain_number().ok_or(BASE)?),
            Label::BaseSum => {
                value.plain_number().ok_or(BASE)?;
            }
            Label::Name => {
                self.name = text(value);
                self.is_misshapen |= self.name.is_none();
            }
            Label::Unit => {
                self.unit = text(value);
                self.is_misshapen |= self.unit.is_none();
            }
            Label::Time => {
                self.time = value.plain_number();
                self.is_misshapen |= self.time.is_none();
            }
            Label::Value | Label::StringValue | Label::BooleanValue => {
                self.give(Given::Scalar(label, value));
            }
            Label::DataValue => {
                self.is_misshapen |= !matches!(&value, Scalar::Text(text) if is_base64url(text));
                self.give(Given::Data);
            }
            Label::Sum => self.has_sum = true,
            Label::UpdateTime => {}
            Label::Unknown => self.unknown += 1,
            Label::Mandatory => return Err(UNDERSTOOD),
        }
        Ok(())
    }

    /// Takes a value.
    pub(super) fn give(&mut self, value: Given<'a>) {
        self.value = Some(value);
        self.values += 1;
    }

    /// Does it only say what holds for those that follow?
    pub(super) fn is_base_only(&self) -> bool {
        self.values == 0 && !self.has_sum && self.name.is_none() && self.unit.is_none()
    }
}

fn text(value: Scalar<'_>) -> Option<Cow<'_, str>> {
    match value {
        Scalar::Text(text) => Some(text),
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Unsigned(_)
        | Scalar::Negative(_)
        | Scalar::Float(_)
        | Scalar::Nested => None,
    }
}

/// Is it base64 for URLs, without padding?
fn is_base64url(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() % 4 != 1 && text.bytes().all(is_letter)
}
