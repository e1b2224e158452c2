//! The kinds of `config/kinds.csv`, compiled in.

use serde::Deserialize;

use super::{
    class::Class,
    kind::{Kind, Range, Urgency, ValueType},
};

const FILE: &str = include_str!("../../config/kinds.csv");

#[derive(Deserialize)]
struct Row<'a> {
    kind: &'a str,
    class: &'a str,
    value_type: Type,
    unit: &'a str,
    hard_min: Option<f64>,
    hard_max: Option<f64>,
    soft_min: Option<f64>,
    soft_max: Option<f64>,
    absent: Option<f64>,
    urgent: Answer,
    words: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Number,
    State,
    Category,
    Event,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Yes,
    No,
}

/// In the order of the file, which is the order of their ids.
pub(super) fn kinds() -> Vec<Kind> {
    let mut reader = csv::Reader::from_reader(FILE.as_bytes());
    let (Ok(header), mut line) = (reader.headers().cloned(), csv::StringRecord::new()) else {
        return Vec::new();
    };
    let mut kinds = Vec::new();
    #[expect(clippy::expect_used, reason = "the file is compiled in and a test reads it")]
    while reader.read_record(&mut line).expect("config/kinds.csv is well-formed") {
        let row: Row<'_> =
            line.deserialize(Some(&header)).expect("config/kinds.csv fits its header");
        kinds.push(row.into_kind());
    }
    kinds
}

impl Row<'_> {
    #[expect(clippy::expect_used, reason = "the file is compiled in and a test reads it")]
    fn into_kind(self) -> Kind {
        Kind {
            name: self.kind.into(),
            class: Class::find(self.class).expect("config/kinds.csv names known classes"),
            value_type: match self.value_type {
                Type::Number => ValueType::Number,
                Type::State => ValueType::State,
                Type::Category => ValueType::Category,
                Type::Event => ValueType::Event,
            },
            unit: self.unit.into(),
            hard: range(self.hard_min, self.hard_max),
            soft: range(self.soft_min, self.soft_max),
            absent: self.absent,
            urgency: match self.urgent {
                Answer::Yes => Urgency::Urgent,
                Answer::No => Urgency::Ordinary,
            },
            categories: self.words.split_whitespace().map(Box::from).collect(),
        }
    }
}

fn range(min: Option<f64>, max: Option<f64>) -> Option<Range> {
    let range = Range { min: min.unwrap_or(f64::NEG_INFINITY), max: max.unwrap_or(f64::INFINITY) };
    (min.is_some() || max.is_some()).then_some(range)
}
