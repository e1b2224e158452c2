//! Sessions in small: payloads are written field by field, as nodes would.

use std::fmt::Write;

use super::*;
use crate::decode::{
    Decoder, Outcome,
    tests::{assert_whole, catalogue, message},
    vocabulary::mistakes,
};
use crate::model::{ReadingFlag, UnixMicros};

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
}

fn number(field: u64, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    varint(field << 3, &mut out);
    varint(value, &mut out);
    out
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(field << 3 | 2, &mut out);
    varint(value.len() as u64, &mut out);
    out.extend(value);
    out
}

fn float(value: f32) -> Vec<u8> {
    let mut out = vec![12 << 3 | 5];
    out.extend(value.to_le_bytes());
    out
}

fn unit(unit: &str) -> Vec<u8> {
    let value = [number(1, 12), bytes(8, unit.as_bytes())].concat();
    bytes(9, &[bytes(1, b"engUnit"), bytes(2, &value)].concat())
}

fn payload(timestamp: u64, sequence: Option<u64>, metrics: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let mut out = number(1, timestamp);
    for metric in metrics {
        out.extend(bytes(2, &metric.concat()));
    }
    out.extend(sequence.map(|sequence| number(3, sequence)).unwrap_or_default());
    out
}

fn named(name: &str) -> Vec<u8> {
    bytes(1, name.as_bytes())
}

const NODE: &str = "spBv1.0/Town/NBIRTH/home 7";
const BIRTH: &str = "spBv1.0/Town/DBIRTH/home 7/bed-2";
const DATA: &str = "spBv1.0/Town/DDATA/home 7/bed-2";

/// A node with a bed: occupancy, heart rate, and two temperatures.
struct Session {
    decoder: Decoder,
    memory: Memory,
    out: Decoded,
    now: u64,
}

impl Session {
    fn new() -> Self {
        let mut settings = DecoderSettings::new(&catalogue());
        settings.requests = Requests::Allowed;
        let decoder = Decoder::new(Format::Sparkplug, &settings).unwrap();
        Self { decoder, memory: Memory::default(), out: Decoded::default(), now: 0 }
    }

    fn born() -> Self {
        let mut session = Self::new();
        assert_eq!(session.node_birth(4), "Town/home 7[online=true]");
        assert_eq!(
            session.bed_birth(1),
            "Town/home 7/bed-2[online=true bed_occupied=true heart_rate=58 air_temperature#1=21.4 air_temperature#2=-3]"
        );
        session
    }

    fn node_birth(&mut self, session: u64) -> String {
        let metric = vec![named("bdSeq"), number(4, 8), number(11, session)];
        self.told(NODE, &payload(1_000, Some(0), &[metric]))
    }

    fn bed_birth(&mut self, sequence: u64) -> String {
        let metrics = [
            vec![named("Occupied"), number(2, 10), number(4, 11), number(14, 1)],
            vec![named("Heart Rate"), number(2, 11), number(4, 5), unit("/min"), number(10, 58)],
            vec![named("Room/Temperature"), number(2, 12), number(4, 9), unit("Cel"), float(21.4)],
            vec![
                named("Yard/Temperature"),
                number(2, 13),
                number(4, 1),
                unit("Cel"),
                number(10, 253),
            ],
            vec![named("SOS"), number(2, 14), number(4, 11), number(14, 1)],
            vec![named("Table"), number(2, 15), number(4, 16)],
        ];
        self.told(BIRTH, &payload(1_000, Some(sequence), &metrics))
    }

    fn data(&mut self, sequence: u64, metrics: &[Vec<Vec<u8>>]) -> String {
        self.told(DATA, &payload(2_000, Some(sequence), metrics))
    }

    fn told(&mut self, topic: &str, payload: &[u8]) -> String {
        let mut message = message(topic, payload);
        message.received.mono = crate::model::Mono(self.now);
        let outcome = self.decoder.decode("", &message, &mut self.memory, &mut self.out);
        match outcome {
            Err(error) => return format!("error {}", error.reason()),
            Ok(Outcome::NonReading(what)) => return format!("none {}", what.reason()),
            Ok(Outcome::Readings) => {}
        }
        assert_whole(&self.out);
        let catalogue = catalogue();
        let mut text = String::new();
        for part in &self.out.devices {
            let readings = self.out.readings_of(part).iter().map(|reading| {
                let name = &catalogue.get(reading.kind).name;
                let channel = if reading.channel > 0 {
                    format!("#{}", reading.channel)
                } else {
                    String::new()
                };
                let value = match reading.value {
                    Value::Number(number) => format!("={number}"),
                    Value::State(state) => format!("={state}"),
                    Value::Category(word) => {
                        format!("={}", catalogue.category_name(reading.kind, word))
                    }
                    Value::Event | Value::Series(_) => String::new(),
                };
                let assumed = if reading.flags.has(ReadingFlag::UnitAssumed) { "~" } else { "" };
                format!("{name}{channel}{value}{assumed}")
            });
            let readings = readings.collect::<Vec<_>>().join(" ");
            let mark = if part.flags.has(ReportFlag::Historical) { " old" } else { "" };
            write!(text, "{}{mark}[{readings}] ", self.out.device_name(part, "")).unwrap();
        }
        for refused in &self.out.refused {
            write!(text, "-{} ", refused.reason.reason()).unwrap();
        }
        text.trim_end().to_owned()
    }
}

#[test]
fn every_row_of_the_table_can_be_used() {
    assert_eq!(mistakes(TABLE), Vec::<String>::new());
}

#[test]
fn aliases_mean_what_the_birth_said() {
    let mut session = Session::born();
    for (metrics, expected) in [
        (vec![vec![number(2, 11), number(10, 61)]], "[heart_rate=61]"),
        // The whole two's complement, and its lowest byte alone.
        (vec![vec![number(2, 13), number(10, 4_294_967_291)]], "[air_temperature#2=-5]"),
        (vec![vec![number(2, 13), number(10, 251)]], "[air_temperature#2=-5]"),
        (vec![vec![number(2, 11), number(7, 1)]], "none no_value"),
        (vec![vec![number(2, 12), float(f32::NAN)]], "none no_value"),
        (vec![vec![number(2, 14), number(14, 1)]], "[sos]"),
        (vec![vec![number(2, 14), number(14, 0)]], "none no_value"),
        (vec![vec![number(2, 15), bytes(17, b"")]], "none no_known_key"),
        (
            vec![vec![number(2, 10), number(14, 0)], vec![number(2, 99), number(10, 1)]],
            "[bed_occupied=false] -alias_unknown",
        ),
        (vec![vec![number(2, 11), number(4, 16), bytes(17, b"")]], "[] -type_unsupported"),
        (vec![vec![named("Humidity"), number(10, 40)]], "[relative_humidity=40~]"),
    ] {
        let expected = match expected.strip_prefix('[') {
            Some(rest) => format!("Town/home 7/bed-2[{rest}"),
            None => expected.to_owned(),
        };
        let message = payload(2_000, None, &metrics);
        assert_eq!(session.told(DATA, &message), expected);
    }
}

/// Aliases are a node's own choice: without them every message names its metrics, and says no
/// more of them than a message with aliases does.
#[test]
fn names_mean_what_the_birth_said() {
    let mut session = Session::born();
    let birth = [
        vec![named("Temperature"), number(4, 9), unit("degF"), float(70.7)],
        vec![named("Outdoor Temperature"), number(4, 1), number(10, 251)],
        vec![named("Room A/Humidity"), number(4, 9), unit("%"), float(40.0)],
        vec![named("Room B/Humidity"), number(4, 9), unit("%"), float(50.0)],
        vec![named("Table"), number(4, 16)],
    ];
    let climate = "spBv1.0/Town/DBIRTH/home 7/climate";
    assert_eq!(
        session.told(climate, &payload(1_000, Some(2), &birth)),
        "Town/home 7/climate[online=true air_temperature=21.5 outdoor_temperature=-5~ \
         relative_humidity#1=40 relative_humidity#2=50]"
    );
    let data = [
        vec![named("Room B/Humidity"), float(51.0)],
        vec![named("Temperature"), float(72.5)],
        vec![named("Outdoor Temperature"), number(10, 4_294_967_290)],
    ];
    assert_eq!(
        session.told(&climate.replace("DBIRTH", "DDATA"), &payload(2_000, Some(3), &data)),
        "Town/home 7/climate[relative_humidity#2=51 air_temperature=22.5 outdoor_temperature=-6~]"
    );
    // Another device's metric of that name, and its own unit in the message.
    let other = [vec![named("Temperature"), unit("Cel"), float(22.0)]];
    assert_eq!(session.data(4, &other), "Town/home 7/bed-2[air_temperature=22]");
    let other = [vec![named("Temperature"), float(22.0)]];
    assert_eq!(session.data(5, &other), "Town/home 7/bed-2[air_temperature=22~]");
    let death = session.told(&climate.replace("DBIRTH", "DDEATH"), &payload(3_000, Some(6), &[]));
    assert_eq!(death, "Town/home 7/climate[online=false]");
    assert_eq!(
        session.told(&climate.replace("DBIRTH", "DDATA"), &payload(4_000, Some(7), &data[1..2])),
        "Town/home 7/climate[air_temperature=72.5~]",
        "what a death ended is not known any more"
    );
}

#[test]
fn a_name_that_is_true_or_false_is_another_thing() {
    let mut session = Session::born();
    let metrics = [
        vec![named("CO"), number(4, 11), number(14, 1)],
        vec![named("Room/Light"), number(14, 1)],
        vec![named("Sleep Stage"), bytes(15, b"deep")],
        vec![named("RestingHeartRate"), number(10, 54)],
        vec![named("Setpoints/Temperature"), float(23.0)],
    ];
    assert_eq!(
        session.data(2, &metrics),
        "Town/home 7/bed-2[co_alarm=true light_on=true sleep_stage=deep resting_heart_rate=54~]"
    );
    let co = [vec![named("CO"), number(4, 9), float(12.0)]];
    assert_eq!(session.data(3, &co), "Town/home 7/bed-2[co=12~]");
    assert_eq!(session.told("STATE/scada", b"ONLINE"), "none status");
}

#[test]
fn history_is_marked_and_stands_apart() {
    let mut session = Session::born();
    let old = |at, beats| vec![number(2, 11), number(3, at), number(5, 1), number(10, beats)];
    let told = session.data(2, &[old(500, 60), vec![number(2, 10), number(14, 1)], old(700, 62)]);
    assert_eq!(
        told,
        "Town/home 7/bed-2[bed_occupied=true] Town/home 7/bed-2 old[heart_rate=60 heart_rate=62]"
    );
    assert_eq!(session.out.devices[1].measured_at, DeviceTime::At(UnixMicros(700_000)));
    assert_eq!(session.out.readings[1].measured_at, Some(UnixMicros(500_000)));
}

#[test]
fn gaps_are_counted_and_ask_for_a_birth() {
    let mut session = Session::born();
    let beat = || vec![vec![number(2, 11), number(10, 61)]];
    session.data(2, &beat());
    assert_eq!((session.out.missed, session.out.request.is_some()), (0, false));
    session.data(250, &beat());
    assert_eq!((session.out.missed, session.out.request.is_some()), (247, true));
    let request = session.out.request.take().unwrap();
    assert_eq!(request.topic, "spBv1.0/Town/NCMD/home 7");
    let metric = Metric::of(Fields::of(&request.payload[4..], 0)).unwrap();
    assert_eq!(metric.name, Some("Node Control/Rebirth"));
    assert!(matches!(metric.read(0), Read::Scalar(crate::decode::scalar::Scalar::Bool(true))));
    for (sequence, missed) in [(251, 0), (255, 3), (0, 0), (2, 1)] {
        session.data(sequence, &beat());
        assert_eq!(session.out.missed, missed, "{sequence}");
        assert!(session.out.request.is_none(), "it was asked a moment ago");
    }
    session.now += 60_000_000;
    session.data(9, &beat());
    assert!(session.out.request.is_some());
}

#[test]
fn nothing_means_anything_before_a_birth() {
    let mut session = Session::new();
    assert_eq!(session.data(7, &[vec![number(2, 11), number(10, 61)]]), "error unannounced");
    assert!(session.out.request.is_some());
    let named = session.data(8, &[vec![named("Heart Rate"), number(10, 61)]]);
    assert_eq!(named, "Town/home 7/bed-2[heart_rate=61~]", "a name needs no birth");
}

#[test]
fn a_new_birth_voids_everything_of_the_node() {
    let mut session = Session::born();
    assert_eq!(session.node_birth(5), "Town/home 7[online=true]");
    let told = session.data(1, &[vec![number(2, 11), number(10, 61)]]);
    assert_eq!(told, "Town/home 7/bed-2[] -alias_unknown");
    assert!(session.bed_birth(2).contains("heart_rate=58"));
    assert!(session.data(3, &[vec![number(2, 11), number(10, 62)]]).contains("heart_rate=62"));
}

#[test]
fn a_death_of_an_earlier_life_is_stale() {
    let mut session = Session::born();
    let death = |bd_seq| payload(1_000, None, &[vec![named("bdSeq"), number(11, bd_seq)]]);
    let topic = "spBv1.0/Town/NDEATH/home 7";
    assert_eq!(session.told(topic, &death(3)), "none stale");
    assert_eq!(
        session.told(topic, &death(4)),
        "Town/home 7[online=false] Town/home 7/bed-2[online=false]"
    );
    assert_eq!(session.out.devices[0].measured_at, DeviceTime::Absent);
    let device = payload(3_000, Some(2), &[]);
    let told = Session::born().told("spBv1.0/Town/DDEATH/home 7/bed-2", &device);
    assert_eq!(told, "Town/home 7/bed-2[online=false]");
}

#[test]
fn hosts_and_commands_hold_no_reading() {
    let mut session = Session::new();
    assert_eq!(session.told("spBv1.0/STATE/host", b"{\"online\":true}"), "none status");
    assert_eq!(session.told("spBv1.0/Town/NCMD/home 7", b"\xff"), "none command");
    assert_eq!(session.told(DATA, b""), "none empty");
    assert_eq!(session.told(DATA, b"\xff"), "error protobuf_malformed");
    assert_eq!(session.told("spBv1.0/Town/home 7", b"\x08\x01"), "error topic_unknown");
}

#[test]
fn data_allocates_nothing() {
    let mut session = Session::born();
    let metrics: Vec<_> =
        (0..20).map(|beat| vec![number(2, 11), number(3, 5), number(10, 60 + beat)]).collect();
    let message_bytes = payload(2_000, None, &metrics);
    let mut decode = || {
        let message = message(DATA, &message_bytes);
        session.decoder.decode("", &message, &mut session.memory, &mut session.out)
    };
    assert_eq!(decode(), Ok(Outcome::Readings));
    let info = allocation_counter::measure(|| assert_eq!(decode(), Ok(Outcome::Readings)));
    assert_eq!(info.count_total, 0);
}

/// After a new birth of its node a device must be born anew, or its units are not known.
#[test]
fn a_device_without_its_birth_is_asked_for() {
    let mut session = Session::born();
    session.node_birth(5);
    assert!(session.out.request.is_none());
    let weight = [vec![named("Weight"), float(70.0)]];
    assert_eq!(session.data(1, &weight), "Town/home 7/bed-2[body_weight=70~]");
    assert!(session.out.request.is_some());
    let mut session = Session::born();
    session.data(2, &weight);
    assert!(session.out.request.is_none(), "it was born");
}
