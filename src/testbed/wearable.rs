//! Band and bed mat, which speak trygg's own JSON.

use serde_json::{Value, json};

use super::{
    DAY, MINUTE, Millis,
    chance::Chance,
    day::Place,
    device::{Room, hours, tenths},
    habits::Habits,
};

/// Names of the two devices.
pub(super) const BAND: &str = "band-1";
pub(super) const MAT: &str = "mat-1";

/// How often the band reports, and the mat while somebody lies on it.
pub(super) const BAND_EVERY: Millis = 5 * MINUTE;
pub(super) const MAT_EVERY: Millis = 10 * MINUTE;

/// A band for the wrist.
#[derive(Debug)]
pub(super) struct Band {
    worn: bool,
    /// Percent, at the last change between wrist and charger.
    charge: f64,
    since: Millis,
    reported: Millis,
    steps_day: u64,
}

impl Band {
    pub(super) fn new(now: Millis, draw: &mut Chance) -> Self {
        Self {
            worn: true,
            charge: draw.between(60.0, 90.0),
            since: now,
            reported: now,
            steps_day: 0,
        }
    }

    /// Lays it on the charger, or puts it on.
    pub(super) fn put(&mut self, now: Millis, on_charger: bool) {
        self.charge = self.battery(now);
        self.since = now;
        self.worn = !on_charger;
    }

    fn battery(&self, now: Millis) -> f64 {
        let passed = hours(now.saturating_sub(self.since));
        let per_hour = if self.worn { -1.1 } else { 60.0 };
        (self.charge + per_hour * passed).clamp(3.0, 100.0)
    }

    /// What it has to say about the time since its last report.
    pub(super) fn message(
        &mut self,
        now: Millis,
        place: Place,
        habits: &Habits,
        draw: &mut Chance,
    ) -> Vec<u8> {
        if now / DAY != self.reported / DAY {
            self.steps_day = 0;
        }
        let steps = if self.worn { steps(now - self.reported, place, habits, draw) } else { 0 };
        self.steps_day += steps;
        self.reported = now;
        let mut readings = vec![reading("worn", &json!(self.worn), None)];
        // Off the wrist a band reports a pulse of 0, which says that there is none to report.
        let (pulse, oxygen) =
            if self.worn { (pulse(place, habits, draw), draw.pick(94..99)) } else { (0, 0) };
        readings.push(reading("heart_rate", &json!(pulse), Some("/min")));
        readings.push(reading("spo2", &json!(oxygen), Some("%")));
        if self.worn {
            let skin = draw.between(31.8, 34.6);
            readings.push(reading("skin_temperature", &tenths(skin), Some("Cel")));
        }
        readings.push(reading("step_count", &json!(steps), Some("{steps}")));
        readings.push(reading("steps_day", &json!(self.steps_day), Some("{steps}")));
        readings.push(reading("battery_level", &tenths(self.battery(now).floor()), Some("%")));
        body(&readings)
    }
}

fn steps(passed: Millis, place: Place, habits: &Habits, draw: &mut Chance) -> u64 {
    let minutes = hours(passed) * 60.0;
    let per_minute = match place {
        Place::Bed => 0.0,
        Place::In(Room::Living) => draw.between(0.0, 3.0),
        Place::In(Room::Hall | Room::Bathroom | Room::Bedroom | Room::Kitchen) => {
            draw.between(3.0, 16.0)
        }
        Place::Away => habits.pace * draw.between(0.6, 1.0),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive by construction"
    )]
    let steps = (minutes * per_minute).round() as u64;
    steps
}

fn pulse(place: Place, habits: &Habits, draw: &mut Chance) -> u64 {
    let above = match place {
        Place::Bed => -8.0,
        Place::In(Room::Living) => 0.0,
        Place::In(Room::Hall | Room::Bathroom | Room::Bedroom | Room::Kitchen) => 11.0,
        Place::Away => 29.0,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 40 and 120 by construction"
    )]
    let pulse = (habits.pulse + above + draw.between(-4.0, 4.0)).round() as u64;
    pulse
}

/// What a mat under the mattress has to say.
pub(super) fn mat_message(occupied: bool, draw: &mut Chance) -> Vec<u8> {
    let mut readings = vec![reading("bed_occupied", &json!(occupied), None)];
    if occupied {
        let breaths = draw.between(11.5, 17.5);
        readings.push(reading("respiratory_rate", &tenths(breaths), Some("/min")));
        readings.push(reading("bed_movement", &json!(draw.pick(0..30)), None));
    }
    body(&readings)
}

fn reading(kind: &str, value: &Value, unit: Option<&str>) -> Value {
    match unit {
        Some(unit) => json!({"kind": kind, "unit": unit, "value": value}),
        None => json!({"kind": kind, "value": value}),
    }
}

fn body(readings: &[Value]) -> Vec<u8> {
    json!({ "readings": readings }).to_string().into_bytes()
}
