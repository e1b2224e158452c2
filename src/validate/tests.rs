use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    decode::{DeviceName, DevicePart, DeviceTime, REFUSED_LISTED_MAX},
    model::{Flags, UnixMicros},
};

fn reading(catalogue: &Catalogue, kind: &str, value: Value) -> Reading {
    let kind = catalogue.find(kind).unwrap();
    Reading { kind, channel: 0, value, measured_at: None, flags: Flags::default() }
}

fn decoded(readings: Vec<Reading>, ends: &[usize]) -> Decoded {
    let mut start = 0;
    let devices = ends.iter().map(|end| {
        let part = DevicePart {
            way: 0,
            name: DeviceName::Captured,
            readings: start..*end,
            measured_at: DeviceTime::Absent,
            sequence: None,
            flags: Flags::default(),
        };
        start = *end;
        part
    });
    let mut out = Decoded::default();
    out.devices = devices.collect();
    out.readings = readings;
    out
}

/// `Ok(flagged)` or the reason of the refusal.
fn judged(kind: &str, number: f64) -> Result<bool, RefusalReason> {
    let catalogue = Catalogue::builtin();
    let mut out = decoded(vec![reading(&catalogue, kind, Value::Number(number))], &[1]);
    readings(&catalogue, &mut out);
    match (out.readings.as_slice(), out.refused.as_slice()) {
        ([reading], []) => Ok(reading.flags.has(ReadingFlag::OutsideUsualRange)),
        ([], [refused]) => {
            assert_eq!(refused.number.unwrap().to_bits(), number.to_bits());
            Err(refused.reason)
        }
        _ => panic!("one reading became several"),
    }
}

#[test]
fn ranges_are_closed_at_both_ends() {
    for (kind, number, expected) in [
        ("heart_rate", 61.0, Ok(false)),
        ("heart_rate", 30.0, Ok(false)),
        ("heart_rate", 220.0, Ok(false)),
        ("heart_rate", 29.9, Ok(true)),
        ("heart_rate", 220.1, Ok(true)),
        ("heart_rate", 20.0, Ok(true)),
        ("heart_rate", 300.0, Ok(true)),
        ("heart_rate", 19.9, Err(RefusalReason::OutOfRange)),
        ("heart_rate", 300.1, Err(RefusalReason::OutOfRange)),
        ("relative_humidity", 104.7, Err(RefusalReason::OutOfRange)),
        ("body_weight", -92.8, Err(RefusalReason::OutOfRange)),
        ("air_temperature", -0.0, Ok(true)),
        ("heart_rate", f64::NAN, Err(RefusalReason::NotFinite)),
        ("heart_rate", f64::INFINITY, Err(RefusalReason::NotFinite)),
        ("heart_rate", f64::NEG_INFINITY, Err(RefusalReason::NotFinite)),
    ] {
        assert_eq!(judged(kind, number), expected, "{kind} {number}");
    }
}

#[test]
fn an_open_range_has_no_end() {
    use crate::catalogue::{Kind, Range, Urgency, ValueType};
    let kind = Kind {
        name: "own".into(),
        class: crate::catalogue::Class::Other,
        value_type: ValueType::Number,
        unit: "m".into(),
        hard: Some(Range { min: 0.0, max: f64::INFINITY }),
        soft: None,
        absent: None,
        urgency: Urgency::Ordinary,
        categories: Vec::new(),
    };
    let catalogue = Catalogue::extended(std::iter::once(kind)).unwrap();
    for (number, kept) in [(-0.1, 0), (1e300, 1), (f64::INFINITY, 0)] {
        let mut out = decoded(vec![reading(&catalogue, "own", Value::Number(number))], &[1]);
        readings(&catalogue, &mut out);
        assert_eq!(out.readings.len(), kept, "{number}");
    }
}

proptest! {
    #[test]
    fn refusals_leave_the_others_in_order_and_with_their_devices(
        rates in vec(prop_oneof![Just(500.0), Just(f64::NAN), 20.0..300.0], 0..80),
        cuts in vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let catalogue = Catalogue::builtin();
        let is_good = |rate: &f64| (20.0..=300.0).contains(rate);
        let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(rates.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(rates.len());
        let before = rates.iter().map(|rate| reading(&catalogue, "heart_rate", Value::Number(*rate)));
        let mut out = decoded(before.collect(), &ends);
        readings(&catalogue, &mut out);

        let mut start = 0;
        for (part, end) in out.devices.iter().zip(&ends) {
            let expected: Vec<_> = rates[start..*end].iter().copied().filter(is_good).map(Value::Number).collect();
            let kept: Vec<_> = out.readings_of(part).iter().map(|reading| reading.value).collect();
            prop_assert_eq!(kept, expected);
            start = *end;
        }
        let bad = rates.iter().filter(|rate| !is_good(rate)).count();
        prop_assert_eq!(out.refused_count as usize, bad);
        prop_assert_eq!(out.refused.len(), bad.min(REFUSED_LISTED_MAX));
        prop_assert_eq!(out.readings.len(), rates.len() - bad);
    }
}

#[test]
fn what_is_no_number_is_left_alone() {
    let catalogue = Catalogue::builtin();
    let before = vec![
        reading(&catalogue, "motion", Value::State(true)),
        reading(&catalogue, "sos", Value::Event),
    ];
    let mut out = decoded(before.clone(), &[2]);
    readings(&catalogue, &mut out);
    assert_eq!(out.readings, before);
}

mod clocks {
    use std::time::Duration;

    use super::*;
    use crate::model::ReportFlag;

    const NOW: UnixMicros = UnixMicros(1_732_371_252_000_000);
    const LIMITS: ClockLimits = ClockLimits {
        future_tolerance: Duration::from_mins(1),
        late_after: Duration::from_hours(1),
    };

    fn flags(time: DeviceTime) -> Vec<u8> {
        clock(time, NOW, &LIMITS).flags.numbers().collect()
    }

    fn seconds(offset: i64) -> DeviceTime {
        DeviceTime::At(UnixMicros(NOW.0 + offset * 1_000_000))
    }

    #[test]
    fn oddities_are_flagged_and_nothing_is_corrected() {
        let none: [u8; 0] = [];
        assert_eq!(flags(seconds(0)), none);
        assert_eq!(flags(seconds(60)), none);
        assert_eq!(flags(seconds(61)), [ReportFlag::ClockInFuture as u8]);
        assert_eq!(flags(seconds(-3_600)), none);
        assert_eq!(flags(seconds(-3_601)), [ReportFlag::Late as u8]);
        assert_eq!(flags(DeviceTime::At(UnixMicros(0))), [ReportFlag::ClockUnset as u8]);
        assert_eq!(flags(DeviceTime::At(UnixMicros(i64::MIN))), [ReportFlag::ClockUnset as u8]);
        assert_eq!(flags(DeviceTime::At(UnixMicros(i64::MAX))), [ReportFlag::ClockInFuture as u8]);
        assert_eq!(flags(DeviceTime::Absent), [ReportFlag::ClockAbsent as u8]);
        assert_eq!(flags(DeviceTime::Unreadable), [ReportFlag::ClockUnreadable as u8]);
        for time in [seconds(0), seconds(-9_999_999), DeviceTime::At(UnixMicros(5))] {
            let DeviceTime::At(said) = time else { continue };
            let clock = clock(time, NOW, &LIMITS);
            assert_eq!((clock.measured_at, clock.source), (Some(said), ClockSource::Payload));
        }
        let absent = clock(DeviceTime::Absent, NOW, &LIMITS);
        assert_eq!((absent.measured_at, absent.source), (None, ClockSource::None));
    }

    #[test]
    fn only_a_time_of_now_is_fresh() {
        let fresh = |time| clock(time, NOW, &LIMITS).is_fresh();
        assert!(fresh(seconds(0)) && fresh(seconds(-3_600)) && fresh(seconds(60)));
        assert!(!fresh(seconds(61)) && !fresh(seconds(-3_601)));
        assert!(!fresh(DeviceTime::At(UnixMicros(0))));
        assert!(!fresh(DeviceTime::Absent) && !fresh(DeviceTime::Unreadable));
    }

    #[test]
    fn the_payload_alone_decides_the_basis() {
        let basis = |time, now| clock(time, UnixMicros(now), &LIMITS).content_basis;
        let last_unset = DeviceTime::At(UnixMicros(UnixMicros::YEAR_2020.0 - 1));
        let first_set = DeviceTime::At(UnixMicros::YEAR_2020);
        for now in [0, NOW.0, i64::MAX] {
            assert!(!basis(last_unset, now) && basis(first_set, now));
            assert!(basis(seconds(0), now));
            assert!(!basis(DeviceTime::Absent, now) && !basis(DeviceTime::Unreadable, now));
        }
    }

    #[test]
    fn own_times_add_their_oddities() {
        let catalogue = Catalogue::builtin();
        let at = |micros| Reading {
            measured_at: Some(UnixMicros(micros)),
            ..reading(&catalogue, "sos", Value::Event)
        };
        let plain = reading(&catalogue, "sos", Value::Event);
        let flags: Vec<_> =
            own_times(&[plain, at(5), at(NOW.0), at(NOW.0 - 4_000_000_000)], NOW, &LIMITS)
                .numbers()
                .collect();
        assert_eq!(flags, [ReportFlag::Late as u8, ReportFlag::ClockUnset as u8]);
        assert!(own_times(&[plain, at(NOW.0)], NOW, &LIMITS).is_empty());
    }
}
