use proptest::prelude::*;

use super::*;

const MIB: u64 = 1024 * 1024;

fn second(count: u64) -> Mono {
    Mono(count * 1_000_000)
}

/// Notes a fill that grows by `step` a second, from `from` on.
fn grow(forecast: &mut Forecast, from: u64, seconds: u64, start: u64, step: u64) -> u64 {
    for count in 0..seconds {
        forecast.note(second(from + count), start + step * count);
    }
    start + step * (seconds - 1)
}

#[test]
fn a_steady_fill_is_forecast_exactly() {
    let mut forecast = Forecast::default();
    let used = grow(&mut forecast, 100, 30, 5 * MIB, MIB);
    assert_eq!(forecast.time_to_full(used + 90 * MIB), Some(Duration::from_secs(90)));
    assert_eq!(forecast.time_to_full(used), Some(Duration::ZERO), "it is full");
    assert_eq!(forecast.time_to_full(used - 1), Some(Duration::ZERO), "more than full");
}

#[test]
fn what_does_not_grow_is_never_full() {
    let mut forecast = Forecast::default();
    assert_eq!(forecast.time_to_full(MIB), None, "nothing is known");
    grow(&mut forecast, 0, 30, MIB, 0);
    assert_eq!(forecast.time_to_full(2 * MIB), None, "flat");
    for count in 30..60 {
        forecast.note(second(count), MIB - count);
    }
    assert_eq!(forecast.time_to_full(2 * MIB), None, "draining");
}

#[test]
fn two_looks_make_no_forecast() {
    let mut forecast = Forecast::default();
    grow(&mut forecast, 0, 5, 0, MIB);
    assert_eq!(forecast.time_to_full(1024 * MIB), None);
    forecast.note(second(5), 5 * MIB);
    assert_eq!(forecast.time_to_full(15 * MIB), Some(Duration::from_secs(10)));
}

#[test]
fn a_rest_before_the_fill_does_not_slow_it() {
    let mut forecast = Forecast::default();
    grow(&mut forecast, 0, 50, MIB, 0);
    let used = grow(&mut forecast, 50, 10, 2 * MIB, MIB);
    assert_eq!(forecast.time_to_full(used + 60 * MIB), Some(Duration::from_mins(1)));
}

#[test]
fn what_is_copied_when_spooling_begins_is_no_slope() {
    let mut forecast = Forecast::default();
    grow(&mut forecast, 0, 20, 0, 0);
    let used = grow(&mut forecast, 20, 15, 40 * MIB, MIB);
    let seconds = forecast.time_to_full(used + 60 * MIB).unwrap().as_secs_f64();
    assert!((54.0..66.0).contains(&seconds), "{seconds}");
}

#[test]
fn a_caller_in_haste_does_not_fill_memory() {
    let mut forecast = Forecast::default();
    for count in 0..10_000 {
        forecast.note(Mono(count * 1_000), count);
    }
    assert!(forecast.samples.len() <= SAMPLES);
}

/// A spool that fills at `rate` in steps of uneven size and gives back whole segments at a part of
/// that. The limit is what the last second reached.
fn fill(rate: u64, noise: &[u64], freed: u64, segment: u64) -> Vec<u64> {
    let (mut written, mut used) = (0, Vec::new());
    for (count, noise) in noise.iter().enumerate() {
        written += rate * noise / 100;
        let drained = rate * freed / 100 * count as u64;
        used.push(written - drained.min(written) / segment * segment);
    }
    used
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Trust: within a fifth of the real time, once the window is full.
    #[test]
    fn a_small_spool_at_steady_load_is_forecast_within_a_fifth(
        rate in 20_000_u64..2_000_000,
        noise in proptest::collection::vec(80_u64..=120, 240..400),
        freed in 0_u64..=40,
        segment_seconds in 1_u64..=4,
        origin in 0_u64..1_000_000_000,
    ) {
        let used = fill(rate, &noise, freed, (rate * freed / 100 * segment_seconds).max(1));
        let limit = *used.last().unwrap();
        let full = used.iter().position(|used| *used >= limit).unwrap();
        let mut forecast = Forecast::default();
        for (count, used) in used.iter().enumerate() {
            forecast.note(Mono(origin + count as u64 * 1_000_000), *used);
            let left = real(full.saturating_sub(count) as u64);
            // Near the end a single step is more than a fifth.
            if count >= 60 && count % 5 == 0 && left >= 40.0 {
                let said = forecast.time_to_full(limit).map(|time| time.as_secs_f64());
                let is_near = said.is_some_and(|said| (said - left).abs() <= left / 5.0);
                prop_assert!(is_near, "{said:?} instead of {left} at {count}");
            }
        }
    }
}
