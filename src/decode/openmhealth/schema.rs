//! What the schemas demand: which fields a body must have, and what may stand in each.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Deserialize;

use super::frame;
use crate::decode::{error::DecodeError, json_tree::At, scalar::Scalar};

const TABLE: &str = include_str!("../../../config/schemas/openmhealth.csv");

/// The schemas by `namespace:name:version`.
#[derive(Clone, Debug)]
pub(super) struct Schemas {
    /// A fixed seed is enough: a file fills this table, the network only asks it.
    fields: HashMap<Box<str>, Vec<Field>, FixedState>,
}

#[derive(Clone, Debug)]
struct Field {
    /// A dot is the whole value.
    name: Box<str>,
    is_required: bool,
    shape: Shape,
}

/// What may stand in a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// A moment or an interval.
    Frame,
    /// The same, without parts of days.
    MomentFrame,
    /// A time frame that must be an interval.
    Span,
    /// A time frame that must be a moment.
    Point,
    /// An interval.
    Interval,
    /// A number beside one of these units.
    Quantity(Vec<Box<str>>),
    /// One of these.
    Words(Vec<Box<str>>),
    Time,
    Number,
    Whole,
    Truth,
    Text,
    List,
    Object,
    /// What another schema says.
    Schema(Box<str>),
}

#[derive(Deserialize)]
struct Row<'a> {
    schema: &'a str,
    version: &'a str,
    field: &'a str,
    required: &'a str,
    r#type: &'a str,
}

impl Schemas {
    /// Those trygg ships with.
    #[expect(clippy::expect_used, reason = "the table is compiled in and a test reads it")]
    pub(super) fn builtin() -> Self {
        let mut reader = csv::Reader::from_reader(TABLE.as_bytes());
        let header = reader.headers().cloned().expect("the table has a header");
        let mut named: HashMap<String, Shape> = HashMap::new();
        let mut fields: HashMap<Box<str>, Vec<Field>, FixedState> = HashMap::default();
        for line in reader.into_records() {
            let line = line.expect("the table is well-formed CSV");
            let row: Row<'_> = line.deserialize(Some(&header)).expect("the table has its columns");
            let shape = match named.get(row.r#type) {
                Some(shape) => shape.clone(),
                None => shape(row.r#type).expect("a type that exists"),
            };
            if row.version.is_empty() {
                named.insert(row.schema.to_owned(), shape);
                continue;
            }
            for version in row.version.split(' ') {
                let field = Field {
                    name: row.field.into(),
                    is_required: row.required == "yes",
                    shape: shape.clone(),
                };
                let schema = format!("{}:{version}", row.schema);
                fields.entry(schema.into()).or_default().push(field);
            }
        }
        Self { fields }
    }

    /// Holds a value to a schema. One that is not known demands nothing.
    pub(super) fn check(&self, schema: &str, at: At<'_, '_>) -> Result<(), DecodeError> {
        let Some(fields) = self.fields.get(schema) else { return Ok(()) };
        for Field { name, is_required, shape } in fields {
            if **name == *"." {
                self.check_shape(shape, at)?;
            } else if !at.is_object() {
                return Err(DecodeError::JsonShape { expected: "an object" });
            } else if let Some(value) = at.get(name) {
                self.check_shape(shape, value)?;
            } else if *is_required {
                return Err(DecodeError::Rule { rule: "every field that the schema requires" });
            }
        }
        Ok(())
    }

    /// Holds a header to the schema of whichever standard it is of.
    pub(super) fn check_header(&self, header: At<'_, '_>) -> Result<(), DecodeError> {
        let is_ieee = header.get("uuid").is_some();
        self.check(if is_ieee { "ieee:header:1.0" } else { "omh:header:1.2" }, header)
    }

    fn check_shape(&self, shape: &Shape, at: At<'_, '_>) -> Result<(), DecodeError> {
        let is_right = match shape {
            Shape::Frame | Shape::MomentFrame | Shape::Span | Shape::Point => {
                return frame::read(at, shape).map(|_| ());
            }
            Shape::Interval => return frame::interval(at, false).map(|_| ()),
            Shape::Time => return frame::moment_of(at).map(|_| ()),
            Shape::Schema(schema) => return self.check(schema, at),
            Shape::Quantity(units) => {
                if at.get("value").and_then(At::number).is_none() {
                    return Err(DecodeError::Rule { rule: "a quantity has a number" });
                }
                let unit = at.get("unit").and_then(At::text);
                if !unit.is_some_and(|unit| is_one_of(unit, units)) {
                    return Err(DecodeError::Rule { rule: "a quantity has a unit of the schema" });
                }
                return Ok(());
            }
            Shape::Words(words) => {
                if !at.text().is_some_and(|word| is_one_of(word, words)) {
                    return Err(DecodeError::Rule { rule: "words are those of the schema" });
                }
                return Ok(());
            }
            Shape::Number => at.number().is_some(),
            Shape::Whole => at.number().is_some_and(|number| number.fract() == 0.0),
            Shape::Truth => matches!(at.scalar(), Scalar::Bool(_)),
            Shape::Text => at.text().is_some(),
            Shape::List => at.is_list(),
            Shape::Object => at.is_object(),
        };
        if is_right {
            Ok(())
        } else {
            Err(DecodeError::Rule { rule: "every field has the type of the schema" })
        }
    }
}

fn is_one_of(word: &str, words: &[Box<str>]) -> bool {
    words.iter().any(|known| **known == *word)
}

fn shape(text: &str) -> Option<Shape> {
    let list = |words: &str| words.split('|').map(Box::from).collect();
    Some(match text.split_once(':') {
        Some(("quantity", units)) => Shape::Quantity(list(units)),
        Some(("words", words)) => Shape::Words(list(words)),
        Some(("schema", schema)) => Shape::Schema(schema.into()),
        Some(_) => return None,
        None => match text {
            "frame" => Shape::Frame,
            "moment_frame" => Shape::MomentFrame,
            "span" => Shape::Span,
            "point" => Shape::Point,
            "interval" => Shape::Interval,
            "time" => Shape::Time,
            "number" => Shape::Number,
            "whole" => Shape::Whole,
            "truth" => Shape::Truth,
            "text" => Shape::Text,
            "list" => Shape::List,
            "object" => Shape::Object,
            _ => return None,
        },
    })
}
