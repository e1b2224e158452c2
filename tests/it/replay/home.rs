//! A week of one home, published as its sensors would through Zigbee2MQTT.

use std::{
    collections::{HashMap, VecDeque},
    fs,
    path::Path,
};

use super::Message;
use crate::support::{payload, reader::Seen};

/// Whole weeks from the recording to a time after 2020, before which a device time counts as an
/// unset clock. The recording's local time is taken as UTC, so no hour is missing or double.
const SHIFT_DAYS: i64 = 522 * 7;

/// The home's name in topics.
const HOME: &str = "tm000";

/// One event of one sensor.
struct Event {
    /// Microseconds since 1970, shifted.
    time: i64,
    sensor: String,
    on: bool,
}

/// All events, in the order of the recording.
pub struct Recording(Vec<Event>);

impl Recording {
    pub fn load(shared: &Path) -> Self {
        let file = shared.join("data/casas-tm000-week/events.tsv");
        let text = fs::read_to_string(&file).expect("events.tsv");
        Self(text.lines().map(event).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn messages(&self) -> impl Iterator<Item = Message> {
        self.0.iter().map(|event| Message {
            topic: format!("homes/{HOME}/zigbee2mqtt/{}", event.sensor),
            payload: format!(
                "{{\"{}\":{},\"last_seen\":\"{}\",\"linkquality\":120}}",
                if is_contact(&event.sensor) { "contact" } else { "occupancy" },
                // A contact says whether it is closed.
                event.on != is_contact(&event.sensor),
                payload::rfc3339(event.time)
            ),
        })
    }

    /// Every event is there, each sensor's in the order of the recording; returns how many.
    pub fn assert_found(&self, seen: &Seen) -> usize {
        let mut expected: HashMap<&str, VecDeque<&Event>> = HashMap::new();
        for event in &self.0 {
            expected.entry(&event.sensor).or_default().push_back(event);
        }
        let mut found = 0;
        let states = seen
            .readings
            .iter()
            .filter(|reading| reading.home == HOME && reading.case.as_deref() == Some("state"));
        for reading in states {
            let waiting = expected
                .get_mut(reading.device.as_str())
                .unwrap_or_else(|| panic!("{}", reading.device));
            let event = waiting
                .pop_front()
                .unwrap_or_else(|| panic!("{}: more than was sent", reading.device));
            let kind = if is_contact(&event.sensor) { "door_open" } else { "motion" };
            let expected = (kind, Some(event.time), &serde_json::Value::Bool(event.on));
            assert_eq!(
                (reading.kind.as_str(), reading.measured_at_us, &reading.value),
                expected,
                "{}",
                reading.device
            );
            assert_eq!((reading.key.as_str(), reading.basis.as_str()), (HOME, "CONTENT"));
            found += 1;
        }
        let missing: usize = expected.values().map(VecDeque::len).sum();
        assert_eq!(missing, 0, "events not found");
        found
    }
}

fn event(line: &str) -> Event {
    let mut columns = line.split('\t');
    let mut column = || columns.next().expect("time, sensor, state");
    let time: jiff::civil::DateTime = column().parse().expect("a time");
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).expect("UTC has every time");
    Event {
        time: time.timestamp().as_microsecond() + SHIFT_DAYS * 86_400_000_000,
        sensor: column().to_owned(),
        on: column() == "ON",
    }
}

fn is_contact(sensor: &str) -> bool {
    ["Door", "Entryway", "Refrigerator"].iter().any(|part| sensor.contains(part))
}
