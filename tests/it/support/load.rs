//! A steady stream of numbered messages from many devices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    mqtt::{Publisher, Send},
    payload,
};

/// Homes, and devices in each.
const HOMES: u64 = 20;
const DEVICES: u64 = 5;

/// Does the payload carry a time?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceTime {
    /// A time of its own for every message.
    Sent,
    /// None.
    Absent,
}

/// A thread that publishes until it is stopped.
pub struct Load {
    stopping: Arc<AtomicBool>,
    publishing: JoinHandle<u64>,
}

impl Load {
    /// Publishes numbers from 0 up at `rate` messages a second, QoS 1.
    pub fn start(publisher: Publisher, rate: u64, time: DeviceTime) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let publishing = thread::spawn(move || publish(publisher, rate, time, &stop));
        Self { stopping, publishing }
    }

    /// Stops and returns how many the broker has taken responsibility for.
    pub fn stop(self) -> u64 {
        self.stopping.store(true, Ordering::Release);
        self.publishing.join().expect("the publisher")
    }
}

fn publish(mut publisher: Publisher, rate: u64, time: DeviceTime, stopping: &AtomicBool) -> u64 {
    // An hour ago, so that no device time lies ahead of the clock at any rate.
    let first = payload::now() - 3_600_000_000;
    let started = Instant::now();
    let mut number = 0;
    while !stopping.load(Ordering::Acquire) {
        let elapsed = u64::try_from(started.elapsed().as_micros()).expect("a short test");
        while number < elapsed * rate / 1_000_000 {
            let (home, device) = (number % HOMES, number / HOMES % DEVICES);
            let device_time = match time {
                DeviceTime::Sent => {
                    Some(first + i64::try_from(number * 200).expect("a short test"))
                }
                DeviceTime::Absent => None,
            };
            let topic = format!("homes/h{home}/zigbee2mqtt/plug-{home}-{device}");
            publisher.publish(
                &topic,
                payload::plug(number, device_time).as_bytes(),
                Send::Acknowledged,
            );
            number += 1;
        }
        publisher.flush();
        thread::park_timeout(Duration::from_millis(5));
    }
    publisher.settle();
    number
}
