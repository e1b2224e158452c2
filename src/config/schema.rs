//! The configuration as a JSON Schema (draft 2020-12), for editors.

use serde_json::{Map, Value, json};

use super::{
    form::{Form, FormKind},
    record::{Key, Record, Shape, Table, join},
    reference,
    show::plain,
    tables::range_of,
};

/// The schema of the whole file.
pub fn schema(record: &Record) -> Value {
    let mut schema = Value::Object(table(record, 0));
    if let Some(schema) = schema.as_object_mut() {
        let dialect = "https://json-schema.org/draft/2020-12/schema";
        schema.insert("$schema".into(), dialect.into());
        schema.insert("title".into(), "Configuration of trygg".into());
    }
    schema
}

fn table(record: &Record, number: usize) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("type".into(), "object".into());
    let Some(own) = record.tables().get(number) else { return schema };
    if let Some(entry) = reference::entry(&own.path) {
        schema.insert("description".into(), entry.why.into());
    }
    if let Some(form) = own.free {
        schema.insert("additionalProperties".into(), Value::Object(value(&form)));
        return schema;
    }
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in record.keys_of(number) {
        properties.insert(key.name.clone(), property(&join(&own.path, &key.name), key));
        if key.required {
            required.push(key.name.clone());
        }
    }
    for (inner_number, inner) in record.tables_in(number) {
        let name = inner.path.rsplit('.').next().unwrap_or_default();
        let inner_schema = table(record, inner_number);
        if is_needed(record, inner_number, inner) {
            required.push(name.to_owned());
        }
        properties.insert(
            name.to_owned(),
            match inner.shape {
                Shape::Single => Value::Object(inner_schema),
                Shape::Entry => json!({"type": "array", "items": inner_schema, "minItems": 1}),
            },
        );
    }
    schema.insert("properties".into(), properties.into());
    schema.insert("additionalProperties".into(), false.into());
    schema.insert("required".into(), required.into());
    schema
}

/// Must the table be written, itself or for a key in it?
fn is_needed(record: &Record, number: usize, table: &Table) -> bool {
    let has_needed = record.keys_of(number).any(|key| key.required);
    table.required || (has_needed && !reference::is_optional(table))
}

fn property(path: &str, key: &Key) -> Value {
    let mut schema = value(&key.form);
    let range = range_of(path, key);
    let why = reference::entry(path).map_or("", |entry| entry.why);
    let range = if range.is_empty() { range } else { format!(" Range: {range}.") };
    schema.insert("description".into(), format!("{why}{range}").into());
    let words = reference::entry(path).and_then(|entry| entry.default);
    if let (Some(default), None) = (&key.default, words) {
        schema.insert("default".into(), plain(Some(default)));
    }
    if let (Some((low, high)), FormKind::Whole | FormKind::Number) = (&key.bounds, key.form.kind) {
        schema.insert("minimum".into(), plain(Some(low)));
        schema.insert("maximum".into(), plain(Some(high)));
    }
    Value::Object(schema)
}

fn value(form: &Form) -> Map<String, Value> {
    let mut schema = Map::new();
    let kind = match form.kind {
        FormKind::Text => json!("string"),
        FormKind::Whole => json!("integer"),
        FormKind::Number => json!("number"),
        FormKind::State => json!("boolean"),
        FormKind::Texts => json!("array"),
        FormKind::Scalar => json!(["string", "number", "boolean"]),
    };
    schema.insert("type".into(), kind);
    if form.kind == FormKind::Texts {
        schema.insert("items".into(), json!({"type": "string"}));
    }
    if !form.words.is_empty() && !form.open {
        let is_text = form.kind == FormKind::Text;
        let word = |word: &&str| if is_text { (*word).into() } else { plain(Some(word)) };
        schema.insert("enum".into(), form.words.iter().map(word).collect());
    } else if !form.words.is_empty() {
        schema.insert("examples".into(), json!(form.words));
    }
    if let Some(pattern) = form.pattern {
        schema.insert("pattern".into(), pattern.into());
    }
    schema
}
