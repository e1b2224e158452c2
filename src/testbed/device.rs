//! The Zigbee2MQTT devices of a home: what each remembers, and its messages, which always say
//! everything the device knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{DAY, HOUR, Millis, chance::Chance};

/// Rooms with a motion sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    Hall,
    Bathroom,
    Bedroom,
    Kitchen,
    Living,
}

/// Every device that speaks Zigbee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Device {
    FrontDoor,
    Fridge,
    MedicineCabinet,
    BedroomWindow,
    Motion(Room),
    Climate(Room),
    Kettle,
    Television,
    WashingMachine,
    HelpButton,
}

impl Device {
    pub(super) const ALL: [Self; 16] = [
        Self::FrontDoor,
        Self::Fridge,
        Self::MedicineCabinet,
        Self::BedroomWindow,
        Self::Motion(Room::Hall),
        Self::Motion(Room::Bathroom),
        Self::Motion(Room::Bedroom),
        Self::Motion(Room::Kitchen),
        Self::Motion(Room::Living),
        Self::Climate(Room::Bathroom),
        Self::Climate(Room::Bedroom),
        Self::Climate(Room::Living),
        Self::Kettle,
        Self::Television,
        Self::WashingMachine,
        Self::HelpButton,
    ];

    /// Its friendly name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FrontDoor => "front_door",
            Self::Fridge => "fridge_door",
            Self::MedicineCabinet => "medicine_cabinet",
            Self::BedroomWindow => "bedroom_window",
            Self::Motion(Room::Hall) => "hall_motion",
            Self::Motion(Room::Bathroom) => "bathroom_motion",
            Self::Motion(Room::Bedroom) => "bedroom_motion",
            Self::Motion(Room::Kitchen) => "kitchen_motion",
            Self::Motion(Room::Living) => "living_room_motion",
            Self::Climate(Room::Hall) => "hall_climate",
            Self::Climate(Room::Bathroom) => "bathroom_climate",
            Self::Climate(Room::Bedroom) => "bedroom_climate",
            Self::Climate(Room::Kitchen) => "kitchen_climate",
            Self::Climate(Room::Living) => "living_room_climate",
            Self::Kettle => "kettle_plug",
            Self::Television => "television_plug",
            Self::WashingMachine => "washing_machine_leak",
            Self::HelpButton => "help_button",
        }
    }

    fn is_first(self) -> State {
        match self {
            Self::FrontDoor | Self::Fridge | Self::MedicineCabinet | Self::BedroomWindow => {
                State::Contact { open: false }
            }
            Self::Motion(_) => State::Motion { seen: false, until: 0 },
            Self::Climate(_) => State::Climate { degrees: 0.0, percent: 0.0, measured: None },
            Self::Kettle | Self::Television => {
                State::Plug { watts: 0.0, kilowatt_hours: 0.0, counted: 0 }
            }
            Self::WashingMachine => State::Leak { wet: false },
            Self::HelpButton => State::Button { pressed: false },
        }
    }
}

/// What a device has to say.
#[derive(Debug)]
pub(super) enum State {
    Contact {
        open: bool,
    },
    /// `until`: when the sensor falls back, if it sees nothing more.
    Motion {
        seen: bool,
        until: Millis,
    },
    Climate {
        degrees: f64,
        percent: f64,
        measured: Option<Millis>,
    },
    Plug {
        watts: f64,
        kilowatt_hours: f64,
        counted: Millis,
    },
    Leak {
        wet: bool,
    },
    Button {
        pressed: bool,
    },
}

/// A device as it is fitted in a home.
#[derive(Debug)]
pub(super) struct Fitted {
    pub(super) device: Device,
    pub(super) state: State,
    /// Percent at the beginning, and lost a day.
    charge: f64,
    drain: f64,
    /// Signal at its place.
    signal: u64,
}

impl Fitted {
    pub(super) fn new(device: Device, draw: &mut Chance) -> Self {
        Self {
            device,
            state: device.is_first(),
            charge: draw.between(45.0, 100.0),
            drain: draw.between(0.03, 0.25),
            signal: draw.pick(70..190),
        }
    }

    /// Charge of the battery at a time, in percent. A coin cell never recovers.
    fn battery(&self, now: Millis) -> f64 {
        (self.charge - self.drain * days(now)).max(1.0).floor()
    }

    /// The message in full, keys in order of the alphabet as the gateway writes them.
    pub(super) fn message(&self, now: Millis, draw: &mut Chance) -> Vec<u8> {
        let mut keys: BTreeMap<&str, Value> = BTreeMap::new();
        let battery = self.battery(now);
        if !matches!(self.state, State::Plug { .. }) {
            keys.insert("battery", whole(battery));
            keys.insert("voltage", whole(2_450.0 + 6.0 * battery));
        }
        keys.insert("linkquality", json!(draw.near(self.signal, 12)));
        match &self.state {
            State::Contact { open } => {
                keys.insert("contact", json!(!open));
                keys.insert("device_temperature", whole(draw.between(19.0, 25.0)));
            }
            State::Motion { seen, .. } => {
                keys.insert("illuminance", whole(light(now, *seen)));
                keys.insert("occupancy", json!(seen));
            }
            State::Climate { degrees, percent, .. } => {
                keys.insert("humidity", hundredths(*percent));
                keys.insert("pressure", tenths(air_pressure(now)));
                keys.insert("temperature", hundredths(*degrees));
            }
            State::Plug { watts, kilowatt_hours, .. } => {
                let volts = draw.near(230, 3);
                let amperes = watts / 230.0;
                keys.insert("current", hundredths(amperes));
                keys.insert("energy", hundredths(*kilowatt_hours));
                keys.insert("power", tenths(*watts));
                keys.insert("state", json!("ON"));
                keys.insert("voltage", json!(volts));
            }
            State::Leak { wet } => {
                keys.insert("battery_low", json!(battery < 10.0));
                keys.insert("tamper", json!(false));
                keys.insert("water_leak", json!(wet));
            }
            State::Button { pressed } => {
                keys.insert("action", json!(if *pressed { "emergency" } else { "" }));
            }
        }
        serde_json::to_vec(&keys).unwrap_or_default()
    }

    /// Lets a plug count what was used up to now, and draw `watts` from now on.
    pub(super) fn draw_power(&mut self, now: Millis, watts: f64) {
        if let State::Plug { watts: drawn, kilowatt_hours, counted } = &mut self.state {
            *kilowatt_hours += *drawn * hours(now.saturating_sub(*counted)) / 1_000.0;
            (*drawn, *counted) = (watts, now);
        }
    }

    /// Lets the air of a room drift towards what it tends to, a good half in an hour.
    pub(super) fn drift(&mut self, now: Millis, towards: (f64, f64), draw: &mut Chance) {
        if let State::Climate { degrees, percent, measured } = &mut self.state {
            let share = measured.map_or(1.0, |then| hours(now.saturating_sub(then)).min(1.0));
            *degrees += (towards.0 - *degrees) * share + draw.between(-0.06, 0.06);
            *percent = (*percent + (towards.1 - *percent) * share + draw.between(-0.4, 0.4))
                .clamp(18.0, 93.0);
            *measured = Some(now);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "simulated times are far below 2^53 ms")]
pub(super) fn hours(time: Millis) -> f64 {
    time as f64 / HOUR as f64
}

fn days(time: Millis) -> f64 {
    hours(time) / 24.0
}

/// 0 at night, 1 at one in the afternoon. A parabola: sine differs between platforms.
pub(super) fn daylight(now: Millis) -> f64 {
    let from_noon = (hours(now % DAY) - 13.0) / 6.5;
    (1.0 - from_noon * from_noon).max(0.0)
}

fn light(now: Millis, somebody: bool) -> f64 {
    let dark = daylight(now) < 0.2;
    daylight(now) * 240.0 + if somebody && dark { 85.0 } else { 0.0 }
}

/// Weather of a kind: a slow zigzag over some days.
fn air_pressure(now: Millis) -> f64 {
    let phase = (days(now) / 5.0).fract();
    998.0 + 28.0 * (2.0 * phase - 1.0).abs()
}

fn whole(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "small by construction")]
    let number = number.round() as i64;
    json!(number)
}

pub(super) fn tenths(number: f64) -> Value {
    json!((number * 10.0).round() / 10.0)
}

fn hundredths(number: f64) -> Value {
    json!((number * 100.0).round() / 100.0)
}
