//! Real Zigbee2MQTT messages, each published in a home of its own, so that what became of each
//! can be told by its home.

use std::{collections::HashSet, fs, path::Path};

use serde::Deserialize;

use super::Message;
use crate::support::reader::Seen;

#[derive(Deserialize)]
struct Line {
    topic: String,
    payload: String,
}

/// All lines.
pub struct Corpus(Vec<Line>);

/// What became of the lines.
pub struct Fates {
    pub with_readings: usize,
    pub dead_letter_only: usize,
    pub without_reading: usize,
    /// Of those with readings, how many had some refused.
    pub both: usize,
}

impl Corpus {
    pub fn load(shared: &Path) -> Self {
        let file = shared.join("data/mqtt-payloads/zigbee2mqtt.jsonl");
        let text = fs::read_to_string(&file).expect("zigbee2mqtt.jsonl");
        Self(
            text.lines()
                .map(|line| serde_json::from_str(line).expect("a line of the corpus"))
                .collect(),
        )
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn messages(&self) -> impl Iterator<Item = Message> {
        self.0.iter().enumerate().map(|(number, line)| Message {
            topic: format!("homes/{}/{}", home(number), line.topic),
            payload: line.payload.clone(),
        })
    }

    pub fn fates(&self, seen: &Seen) -> Fates {
        let read: HashSet<_> = seen.readings.iter().map(|reading| reading.home.as_str()).collect();
        let homes =
            seen.dead_letters.iter().filter_map(|letter| letter.mqtt_topic.split('/').nth(1));
        let dead: HashSet<_> = homes.collect();
        let mut fates =
            Fates { with_readings: 0, dead_letter_only: 0, without_reading: 0, both: 0 };
        for number in 0..self.len() {
            let home = home(number);
            match (read.contains(home.as_str()), dead.contains(home.as_str())) {
                (true, refused) => {
                    fates.with_readings += 1;
                    fates.both += usize::from(refused);
                }
                (false, true) => fates.dead_letter_only += 1,
                (false, false) => fates.without_reading += 1,
            }
        }
        fates
    }
}

fn home(number: usize) -> String {
    format!("corpus{number:04}")
}
