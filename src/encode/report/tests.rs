use proptest::{collection::vec, option, prelude::*};
use prost::Message;

use super::*;
use crate::{
    catalogue::ValueType,
    model::{CategoryId, KindId, ReadingFlag},
    wire::v1,
};

const RECEIVED: UnixMicros = UnixMicros(1_790_000_000_123_456);

fn head(device: &[u8]) -> ReportHead<'_> {
    ReportHead {
        event_id: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10,
        basis: EventIdBasis::Reception,
        device,
        measured_at: None,
        received_at: RECEIVED,
        clock_source: 1,
        sequence: None,
        flags: Flags::default(),
    }
}

fn reading(catalogue: &Catalogue, kind: &str, value: Value) -> Reading {
    let kind = catalogue.find(kind).expect("built in");
    Reading { kind, channel: 0, value, measured_at: None, flags: Flags::default() }
}

fn category(catalogue: &Catalogue, kind: &str, word: &str) -> Reading {
    let id = catalogue.find(kind).expect("built in");
    let word = catalogue.category(id, word).expect("a word of the kind");
    reading(catalogue, kind, Value::Category(word))
}

/// The fields `device` and `room`, as the registry keeps them.
fn fragment(device: &str, room: &str) -> Vec<u8> {
    let report = v1::DeviceReport {
        device: device.to_owned(),
        room: room.to_owned(),
        ..v1::DeviceReport::default()
    };
    report.encode_to_vec()
}

fn told(catalogue: &Catalogue, ordinal: u32, reading: &Reading) -> v1::Reading {
    let kind = catalogue.get(reading.kind);
    let value = match reading.value {
        Value::Number(number) => v1::reading::Value::Number(number),
        Value::State(state) => v1::reading::Value::State(state),
        Value::Category(word) => {
            v1::reading::Value::Category(catalogue.category_name(reading.kind, word).to_owned())
        }
        Value::Event => v1::reading::Value::Event(v1::EventMarker {}),
        Value::Series(_) => unreachable!("has a test of its own"),
    };
    v1::Reading {
        channel: u32::from(reading.channel),
        ordinal,
        kind: kind.name.clone().into_string(),
        unit: kind.unit.clone().into_string(),
        value: Some(value),
        measured_at_us: reading.measured_at.map(|time| time.0),
        flags: reading.flags.numbers().map(i32::from).collect(),
    }
}

/// What prost makes of the same.
fn expected(
    catalogue: &Catalogue,
    head: &ReportHead<'_>,
    readings: &[Reading],
    first_ordinal: u32,
) -> v1::ReadingBatch {
    let fragment = v1::DeviceReport::decode(head.device).expect("fields of a report");
    let report = v1::DeviceReport {
        event_id: head.event_id.to_be_bytes().to_vec(),
        event_id_basis: i32::from(head.basis as u8),
        device: fragment.device,
        room: fragment.room,
        measured_at_us: head.measured_at.map(|time| time.0),
        received_at_us: head.received_at.0,
        clock_source: i32::from(head.clock_source),
        sequence: head.sequence,
        flags: head.flags.numbers().map(i32::from).collect(),
        readings: (first_ordinal..)
            .zip(readings)
            .map(|(ordinal, reading)| told(catalogue, ordinal, reading))
            .collect(),
    };
    v1::ReadingBatch { reports: vec![report], ..v1::ReadingBatch::default() }
}

fn assert_equal(head: &ReportHead<'_>, readings: &[Reading], first_ordinal: u32) -> Vec<u8> {
    let catalogue = Catalogue::builtin();
    let mut ours = Vec::new();
    ReportEncoder::new(&catalogue).append(
        head,
        (first_ordinal..).zip(readings),
        &SeriesTable::default(),
        &mut ours,
    );
    let batch = expected(&catalogue, head, readings, first_ordinal);
    assert_eq!(v1::ReadingBatch::decode(ours.as_slice()).as_ref(), Ok(&batch));
    assert_eq!(ours, batch.encode_to_vec());
    ours
}

#[test]
fn every_value_type_is_what_prost_writes() {
    let catalogue = Catalogue::builtin();
    let device = fragment("bed-1", "bedroom");
    for one in [
        reading(&catalogue, "air_temperature", Value::Number(-3.25)),
        reading(&catalogue, "air_temperature", Value::Number(0.0)),
        reading(&catalogue, "people_count", Value::Number(f64::MAX)),
        reading(&catalogue, "door_open", Value::State(true)),
        reading(&catalogue, "door_open", Value::State(false)),
        category(&catalogue, "button_press", "single"),
        category(&catalogue, "button_press", "brightness_move_to_level"),
        reading(&catalogue, "sos", Value::Event),
    ] {
        assert_equal(&head(&device), &[one], 0);
    }
    assert_equal(&head(&device), &[], 0);
}

#[test]
fn every_flag_and_optional_field_is_what_prost_writes() {
    let catalogue = Catalogue::builtin();
    let device = fragment("d", "");
    let reports = [
        ReportFlag::Retained,
        ReportFlag::Late,
        ReportFlag::PossiblyDelayed,
        ReportFlag::ClockInFuture,
        ReportFlag::ClockUnset,
        ReportFlag::ClockAbsent,
        ReportFlag::Historical,
        ReportFlag::ClockUnreadable,
    ];
    let mut all = head(&device);
    for flag in reports {
        all.flags.set(flag);
        assert_equal(&ReportHead { flags: Flags::default().with(flag), ..head(&device) }, &[], 0);
    }
    all.basis = EventIdBasis::Content;
    all.measured_at = Some(UnixMicros(-1));
    all.clock_source = 2;
    all.sequence = Some(0);
    let mut one = reading(&catalogue, "heart_rate", Value::Number(72.0));
    for flag in [ReadingFlag::OutsideUsualRange, ReadingFlag::Repeated, ReadingFlag::UnitAssumed] {
        one.flags.set(flag);
        assert_equal(&all, &[one], 0);
    }
    one.measured_at = Some(UnixMicros(0));
    assert_equal(&ReportHead { sequence: Some(u64::MAX), ..all }, &[one, one], 0);
}

#[test]
fn an_alert_carries_the_ordinal_of_its_reading() {
    let catalogue = Catalogue::builtin();
    let device = fragment("d", "");
    let sos = reading(&catalogue, "sos", Value::Event);
    for ordinal in [0, 1, 127, 128, 999] {
        let bytes = assert_equal(&head(&device), &[sos], ordinal);
        let batch = v1::ReadingBatch::decode(bytes.as_slice()).expect("ours");
        assert_eq!(batch.reports[0].readings[0].ordinal, ordinal);
    }
}

#[test]
fn lengths_of_one_two_and_three_bytes_are_patched_in() {
    let mut catalogue = Catalogue::builtin();
    let device = fragment("d", "");
    let state = reading(&catalogue, "door_open", Value::State(true));
    for (count, lengths) in [(0, 0..128), (20, 128..16_384), (999, 16_384..2_000_000)] {
        let bytes = assert_equal(&head(&device), &vec![state; count], 0);
        assert!(lengths.contains(&bytes.len()), "{count} readings are {} bytes", bytes.len());
    }
    // A reading of more than 127 bytes: the longest words a catalogue takes.
    let kind = crate::catalogue::Kind {
        name: "k".repeat(64).into(),
        class: crate::catalogue::Class::Other,
        value_type: ValueType::Category,
        unit: "".into(),
        hard: None,
        soft: None,
        absent: None,
        urgency: crate::catalogue::Urgency::Ordinary,
        categories: vec!["w".repeat(64).into()],
    };
    catalogue = Catalogue::extended(std::iter::once(kind)).expect("a kind");
    let long = category(&catalogue, &"k".repeat(64), &"w".repeat(64));
    let mut ours = Vec::new();
    ReportEncoder::new(&catalogue).append(
        &head(&device),
        (0..).zip(&[long, long]),
        &SeriesTable::default(),
        &mut ours,
    );
    assert_eq!(ours, expected(&catalogue, &head(&device), &[long, long], 0).encode_to_vec());
}

#[test]
fn reports_and_the_mark_of_lateness_are_appended_to_what_is_there() {
    let catalogue = Catalogue::builtin();
    let encoder = ReportEncoder::new(&catalogue);
    let device = fragment("d", "r");
    let readings = [reading(&catalogue, "motion", Value::State(true))];
    let mut whole = v1::ReadingBatch {
        tenant: "t".to_owned(),
        home: "h".to_owned(),
        engine: "e".to_owned(),
        link: "l".to_owned(),
        ..v1::ReadingBatch::default()
    };
    let mut ours = whole.encode_to_vec();
    for number in 0..3 {
        let head = ReportHead { event_id: number, ..head(&device) };
        encoder.append(&head, (0..).zip(&readings), &SeriesTable::default(), &mut ours);
        whole.reports.extend(expected(&catalogue, &head, &readings, 0).reports);
    }
    assert_eq!(ours, whole.encode_to_vec());
    append_delivered_late(&mut ours);
    whole.delivered_late = true;
    assert_eq!(ours, whole.encode_to_vec());
}

#[test]
fn a_series_is_one_reading_with_packed_samples() {
    let catalogue = Catalogue::builtin();
    let mut table = SeriesTable::default();
    for start in [0, 1_700_000_000_000_000] {
        table.clear();
        let samples: Vec<f32> = (0..200_u8).map(|number| f32::from(number) / 64.0).collect();
        samples.iter().try_for_each(|sample| table.push(*sample)).unwrap();
        let index = table.finish(UnixMicros(start), 31_250).unwrap();
        let mut axis = reading(&catalogue, "acceleration", Value::Series(index));
        axis.channel = 3;
        let mut ours = Vec::new();
        let device = fragment("d", "");
        ReportEncoder::new(&catalogue).append(
            &head(&device),
            (0..).zip(&[axis]),
            &table,
            &mut ours,
        );
        let mut batch = expected(&catalogue, &head(&device), &[], 0);
        let series = v1::SampledSeries { start_us: start, period_us: 31_250, values: samples };
        batch.reports[0].readings.push(v1::Reading {
            kind: "acceleration".to_owned(),
            unit: "[g]".to_owned(),
            value: Some(v1::reading::Value::Series(series)),
            channel: 3,
            ..v1::Reading::default()
        });
        assert_eq!(ours, batch.encode_to_vec());
    }
}

fn any_reading() -> impl Strategy<Value = Reading> {
    let kinds = u16::try_from(Catalogue::builtin().iter().count()).expect("few");
    let time = option::of(any::<i64>().prop_map(UnixMicros));
    (0..kinds, any::<f64>(), any::<bool>(), any::<u16>(), time, 0..8_u8).prop_map(
        |(kind, number, state, word, measured_at, bits)| {
            let catalogue = Catalogue::builtin();
            let found = catalogue.get(KindId(kind));
            let value = match found.value_type {
                ValueType::Number => Value::Number(number),
                ValueType::State => Value::State(state),
                ValueType::Category => {
                    let words = u16::try_from(found.categories.len()).expect("few");
                    Value::Category(CategoryId(word % words))
                }
                ValueType::Event => Value::Event,
            };
            let all =
                [ReadingFlag::OutsideUsualRange, ReadingFlag::Repeated, ReadingFlag::UnitAssumed];
            let set = (0..3).zip(all).filter(|(bit, _)| bits & (1 << bit) != 0);
            let flags = set.map(|(_, flag)| flag).fold(Flags::default(), Flags::with);
            Reading { kind: KindId(kind), channel: u16::from(bits), value, measured_at, flags }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_report_is_what_prost_writes(
        event_id in any::<u128>(),
        names in ("\\PC{0,30}", "\\PC{0,30}"),
        measured_at in option::of(any::<i64>()),
        received_at in 1..i64::MAX,
        sequence in option::of(any::<u64>()),
        readings in vec(any_reading(), 0..40),
        first_ordinal in 0..1_000_u32,
    ) {
        let device = fragment(&names.0, &names.1);
        let head = ReportHead {
            event_id,
            measured_at: measured_at.map(UnixMicros),
            received_at: UnixMicros(received_at),
            sequence,
            ..head(&device)
        };
        assert_equal(&head, &readings, first_ordinal);
    }
}
