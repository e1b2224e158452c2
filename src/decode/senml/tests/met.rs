//! Names that came before: a record must be read as if it were the first.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;
use crate::decode::{Memory, decoded::Refused};
use crate::model::Reading;

/// A record whose fields stand in the order of their numbers, behind what holds for those after it.
#[derive(Clone, Debug)]
struct Written {
    base_name: Option<&'static str>,
    base_unit: Option<&'static str>,
    base_value: Option<f64>,
    name: Option<&'static str>,
    unit: Option<&'static str>,
    value: Stated,
    time: Option<u8>,
}

/// What stands under `v`.
#[derive(Clone, Copy, Debug)]
enum Stated {
    Number(f64),
    Text(&'static str),
    Bool(bool),
    Null,
}

const NAMES: &[&str] = &[
    "temp",
    "rh",
    "hr",
    "battery",
    "bed/occupied",
    "bed_temp",
    "x/temp",
    "/temp",
    "_temp",
    "none",
    "lat",
];

prop_compose! {
    fn written()(
        base_name in option::weighted(0.3, select(&["", "a/", "b:", "urn:dev:ow:10e2_", "_a/"][..])),
        base_unit in option::weighted(0.2, select(&["Cel", "K", "%RH", "furlong"][..])),
        base_value in option::weighted(0.1, -2.0..40.0),
        name in option::weighted(0.9, select(NAMES)),
        unit in option::weighted(0.7, select(&["Cel", "K", "degF", "%RH", "%EL", "%", "beat/min", "lat", "?"][..])),
        value in prop_oneof![
            6 => select(&[0.0, -1.0, -1.5, 21.5, 400.0][..]).prop_map(Stated::Number),
            1 => select(&["21", "-1", "none", "x"][..]).prop_map(Stated::Text),
            1 => any::<bool>().prop_map(Stated::Bool),
            1 => Just(Stated::Null),
        ],
        time in option::of(1_u8..20),
    ) -> Written {
        Written { base_name, base_unit, base_value, name, unit, value, time }
    }
}

impl Written {
    fn json(&self) -> String {
        let mut fields = Vec::new();
        let texts =
            [("bn", self.base_name), ("bu", self.base_unit), ("n", self.name), ("u", self.unit)];
        fields.extend(
            texts.iter().filter_map(|(label, text)| Some(format!("{label:?}:{:?}", (*text)?))),
        );
        fields.extend(self.base_value.map(|value| format!("\"bv\":{value:?}")));
        fields.push(match self.value {
            Stated::Number(number) => format!("\"v\":{number:?}"),
            Stated::Text(text) => format!("\"v\":{text:?}"),
            Stated::Bool(state) => format!("\"v\":{state}"),
            Stated::Null => "\"v\":null".to_owned(),
        });
        fields.extend(self.time.map(|time| format!("\"t\":{time}")));
        format!("{{{}}}", fields.join(","))
    }

    fn cbor(&self) -> Vec<u8> {
        fn text(label: u8, text: Option<&str>) -> Option<Vec<u8>> {
            let text = text?;
            Some([&[label, 0x60 | u8::try_from(text.len()).unwrap()], text.as_bytes()].concat())
        }
        let number = |label: u8, number: f64| [&[label, 0xfb][..], &number.to_be_bytes()].concat();
        let fields = [
            text(0x21, self.base_name),
            text(0x23, self.base_unit),
            self.base_value.map(|value| number(0x24, value)),
            text(0x00, self.name),
            text(0x01, self.unit),
            match self.value {
                Stated::Number(value) => Some(number(0x02, value)),
                Stated::Text(value) => text(0x02, Some(value)),
                Stated::Bool(state) => Some(vec![0x02, if state { 0xf5 } else { 0xf4 }]),
                Stated::Null => Some(vec![0x02, 0xf6]),
            },
            self.time.map(|time| vec![0x06, time]),
        ];
        let fields: Vec<_> = fields.into_iter().flatten().collect();
        [vec![0xa0 | u8::try_from(fields.len()).unwrap()], fields.concat()].concat()
    }
}

type Found = (String, Vec<Reading>, Vec<(String, DeviceTime)>, Vec<Refused>, [u32; 3]);

fn found(decoder: &Decoder, memory: &mut Memory, payload: &[u8]) -> Found {
    let mut out = Decoded::default();
    let outcome = decoder.decode("", &message("packs/7", payload), memory, &mut out);
    let named = |part| (out.device_name(part, "").to_owned(), part.measured_at);
    let devices = out.devices.iter().map(named).collect();
    let counts = [out.refused_count, out.unknown_keys, out.absent];
    (format!("{outcome:?}"), out.readings, devices, out.refused, counts)
}

proptest! {
    #[test]
    fn a_name_that_was_met_says_what_it_said_first(
        packs in vec(vec(written(), 1..8), 1..6),
        positions in select(&[Positions::Keep, Positions::Round, Positions::Discard][..]),
    ) {
        let mut settings = DecoderSettings::new(&catalogue());
        settings.positions = positions;
        let decoder = Decoder::new(Format::SenMl, &settings).unwrap();
        let mut memory = Memory::default();
        for pack in packs {
            let json: Vec<_> = pack.iter().map(Written::json).collect();
            let json = format!("[{}]", json.join(","));
            let first = found(&decoder, &mut Memory::new(0), json.as_bytes());
            let records: Vec<_> = pack.iter().flat_map(Written::cbor).collect();
            let cbor = [vec![0x80 | u8::try_from(pack.len()).unwrap()], records].concat();
            prop_assert_eq!(&found(&decoder, &mut memory, &cbor), &first, "{}", json);
            prop_assert_eq!(&found(&decoder, &mut memory, &cbor), &first, "{}", json);
            prop_assert_eq!(&found(&decoder, &mut memory, json.as_bytes()), &first);
        }
        prop_assert!(memory.len() <= 1);
    }
}

#[test]
fn the_names_of_a_pack_are_met_again() {
    let decoder = senml();
    let mut memory = Memory::default();
    let pack = b"\x81\xa3\x00\x64temp\x01\x63Cel\x02\x15";
    found(&decoder, &mut memory, pack);
    let met = memory.get::<Met>(Shelf::SenMl, "").expect("it is remembered");
    assert!(met.find(b"temp", b"Cel").is_some());
    assert!(met.find(b"temp", b"K").is_none());
}
