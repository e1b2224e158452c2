use proptest::{prelude::*, sample::select};
use serde::de::{Deserializer as _, MapAccess, Visitor};

use super::*;

/// All pairs, or nothing if the text is odd.
fn flat(text: &str) -> Option<Vec<(String, Scalar<'_>)>> {
    let mut reader = FlatReader::new(text).ok()?;
    let mut pairs = Vec::new();
    while let Some(key) = reader.key().ok()? {
        pairs.push((key.to_owned(), reader.value().ok()?));
    }
    Some(pairs)
}

/// The same as the library for any JSON reads them.
fn whole(text: &str) -> Option<Vec<(String, Scalar<'_>)>> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, Scalar<'de>)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }

    let mut json = Deserializer::from_str(text);
    let pairs = json.deserialize_map(Pairs).ok()?;
    json.end().ok().map(|()| pairs)
}

#[test]
fn what_devices_send_is_not_odd() {
    for text in [
        "{}",
        " {\t}\r\n",
        r#"{"contact":true,"battery":97,"linkquality":120,"voltage":3005}"#,
        r#"{ "temperature" : -21.40 , "humidity":0.5,"state":null, "on":false }"#,
        r#"{"last_seen":"2026-11-22T10:00:00.000Z","action":"","update":{"state":"idle","n":[1]}}"#,
        r#"{"x":-0,"y":-0.0,"z":1e3,"long":123456789012345678901234567890,"deep":0.1234567890123456789}"#,
        r#"{"name":"K\u00f6k","ort":"Kök","sextonbokstäver1":"sixteen letters!"}"#,
        r#"{"same":1,"same":2}"#,
    ] {
        let pairs = flat(text);
        assert!(pairs.is_some(), "{text}");
        assert_eq!(pairs, whole(text), "{text}");
    }
}

#[test]
fn what_nobody_asks_for_need_not_fit_into_a_number() {
    let mut reader =
        FlatReader::new(r#"{"a":1e999,"b":[2e999],"c":12345678901234567890123,"d":4}"#)
            .expect("an object");
    for key in ["a", "b", "c"] {
        assert_eq!(reader.key(), Ok(Some(key)));
        assert_eq!(reader.pass(), Ok(()), "{key}");
    }
    assert_eq!(
        (reader.key(), reader.value(), reader.key()),
        (Ok(Some("d")), Ok(Scalar::Unsigned(4)), Ok(None))
    );
    let mut reader = FlatReader::new(r#"{"a":1e999}"#).expect("an object");
    assert_eq!((reader.key(), reader.value()), (Ok(Some("a")), Err(Odd)));
}

#[test]
fn what_is_no_such_object_is_odd() {
    for text in [
        "",
        "[]",
        "{",
        "{}{}",
        "{} x",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1"#,
        r#"{"a":1,}"#,
        r#"{,"a":1}"#,
        r#"{"a":1 "b":2}"#,
        r#"{"a":01}"#,
        r#"{"a":-}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":1e}"#,
        r#"{"a":truE}"#,
        r#"{"a":truely}"#,
        r#"{"a":12x}"#,
        r#"{"a":"b}"#,
        r#"{"a":[1}"#,
        "{\"a\":\"b\nc\"}",
        "{\"a\nb\":1}",
        r#"{"a\u0062":1}"#,
    ] {
        assert_eq!(flat(text), None, "{text}");
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\\"",
        "\\u00e5",
        " ",
        "\n",
        "-",
        "0",
        "1",
        "97",
        ".",
        "e",
        "E+2",
        "true",
        "false",
        "null",
        "\"a\":",
        "\"battery\":",
        "\"sixteen letters!\"",
        "21.45",
        "ö",
        "\u{1}",
        "999999999999999",
        "9007199254740993",
        "0.000001",
        ",\"b\":{\"c\":[1,null]}",
    ]);
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn objects() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        any::<f64>()
            .prop_filter("JSON has no other", |it| it.is_finite())
            .prop_map(|it| it.to_string()),
        (any::<i32>(), 0..16_usize)
            .prop_map(|(it, places)| format!("{:.places$}", f64::from(it) / 100.0)),
        any::<i64>().prop_map(|it| it.to_string()),
        any::<u64>().prop_map(|it| it.to_string()),
        "[ -~åäö]{0,40}".prop_map(|it| serde_json::to_string(&it).expect("a text")),
        select(vec!["true", "false", "null", "{}", "[1,{\"a\":2}]"]).prop_map(str::to_owned),
    ];
    let pair = ("[a-zåäö_]{0,20}", "[ \n\t]{0,2}", value);
    let pair =
        pair.prop_map(|(key, blank, value)| format!("\"{key}\"{blank}:{blank}{value}{blank}"));
    proptest::collection::vec(pair, 0..12).prop_map(|pairs| format!("{{{}}}", pairs.join(",")))
}

proptest! {
    #[test]
    fn objects_are_read_as_by_the_library(text in objects()) {
        let pairs = flat(&text);
        prop_assert!(pairs.is_some(), "{}", text);
        prop_assert_eq!(pairs, whole(&text));
    }

    #[test]
    fn nothing_is_read_that_the_library_refuses_or_reads_otherwise(
        begin in "[{ ]{0,2}",
        middle in pieces(),
        end in "[} ]{0,2}",
    ) {
        let text = format!("{begin}{middle}{end}");
        if let Some(pairs) = flat(&text) {
            prop_assert_eq!(Some(pairs), whole(&text), "{}", text);
        }
    }

    #[test]
    fn objects_with_a_mistake_are_not_read(text in objects(), at in any::<prop::sample::Index>(), wrong in pieces()) {
        let mut places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        places.push(text.len());
        let (head, tail) = text.split_at(*at.get(&places));
        for text in [format!("{head}{wrong}{tail}"), head.to_owned()] {
            if let Some(pairs) = flat(&text) {
                prop_assert_eq!(Some(pairs), whole(&text), "{}", text);
            }
        }
    }

    #[test]
    fn the_end_of_a_text_is_found(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), select(b"\"\\a \x1f\x20\x7f\x80".to_vec())], 0..40)) {
        let first = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
        let expected = first.filter(|place| bytes[*place] == b'"');
        prop_assert_eq!(end_of_text(&bytes), expected);
    }
}
