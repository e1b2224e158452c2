//! A message costs no heap allocation once every device has been seen and every buffer has
//! grown: from the PUBLISH to the packet id of its PUBACK, as a link drives it.

use std::{cell::RefCell, rc::Rc, time::Duration};

use allocation_counter::AllocationInfo;
use prost::Message;

use super::{
    duty::{Socket, Taken},
    testkit::{after, duty, limits, receipt},
};
use crate::{
    decode::Format,
    kafka::{Failure, Report, mailbox::Ticket, settings::Grouping},
    model::QoS,
    mqtt::Publish,
    record::Record,
    sink::Producer,
    wire::device::v1 as device,
};

const HOMES: usize = 20;
const DEVICES: usize = 5;
/// Messages of one wake-up.
const WAKE_UP: u16 = 250;
const WARM_UP: u32 = 100;
const MEASURED: u32 = 40;

/// Confirms whatever it is given at the next wake-up.
#[derive(Debug, Default)]
struct Willing(Rc<RefCell<Vec<Ticket>>>);

impl Producer for Willing {
    fn send(
        &mut self,
        index: u32,
        _: Grouping,
        _: Option<u16>,
        _: &Record,
    ) -> Result<Ticket, Failure> {
        let ticket = Ticket { record: index, generation: 0 };
        self.0.borrow_mut().push(ticket);
        Ok(ticket)
    }

    fn settled_generation(&self) -> u16 {
        0
    }
}

/// Allocations of many wake-ups, after as many that do not count.
fn allocations(format: Format, payloads: &[Vec<u8>]) -> AllocationInfo {
    let tickets = Rc::default();
    let mut duty = duty(format, limits(), Willing(Rc::clone(&tickets)));
    let topics: Vec<String> =
        (0..HOMES * DEVICES).map(|at| format!("homes/h{}/d{}", at % HOMES, at / HOMES)).collect();
    let mut messages = topics.iter().cycle().zip(payloads.iter().cycle());
    let mut reports = Vec::new();
    let (mut arrived, mut acknowledged) = (0, 0);
    let mut wake_up = |number: u32| {
        let now = after(Duration::from_millis(5) * number);
        for packet_id in 1..=WAKE_UP {
            let (topic, payload) = messages.next().expect("for ever");
            let publish = Publish {
                topic: topic.as_bytes(),
                payload,
                qos: QoS::AtLeastOnce,
                retain: false,
                dup: false,
                packet_id,
            };
            assert_eq!(duty.take(&publish, false, now), Taken::Admitted);
            arrived += 1;
        }
        duty.flush_due(Socket::Filled, now.mono);
        let confirmed = |ticket| Report { ticket, outcome: Ok(receipt()) };
        reports.extend(tickets.borrow_mut().drain(..).map(confirmed));
        duty.reports(&mut reports, now);
        duty.tick(now);
        acknowledged += duty.settle(now.mono, |_| {});
    };
    (0..WARM_UP).for_each(&mut wake_up);
    let counted =
        allocation_counter::measure(|| (WARM_UP..WARM_UP + MEASURED).for_each(&mut wake_up));
    assert!(acknowledged > arrived * 9 / 10, "{acknowledged} of {arrived}");
    assert_eq!(duty.books_mut().take().ledger.dead_lettered, 0);
    counted
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn a_zigbee2mqtt_message_allocates_nothing() {
    let payloads = texts(&[
        r#"{"contact":false,"battery":87,"voltage":2900,"linkquality":120,"temperature":21.5,
            "humidity":41,"tamper":false,"update":{"state":"idle","installed_version":3}}"#,
        r#"{"occupancy":true,"illuminance":40,"last_seen":"2026-09-21T14:13:20Z"}"#,
        r#"{"action":"single"}"#,
        r#"{"battery":null}"#,
    ]);
    assert_eq!(allocations(Format::Zigbee2Mqtt, &payloads).count_total, 0);
}

#[test]
fn a_json_message_allocates_nothing() {
    let payloads = texts(&[
        r#"{"kind":"heart_rate","value":71,"unit":"/min","time":"2026-09-21T14:13:20Z"}"#,
        r#"{"sequence":4,"readings":[{"kind":"motion","value":true},
            {"kind":"air_temperature","value":70.1,"unit":"[degF]"}]}"#,
        r#"[{"device":"a","kind":"motion","value":true},
            {"device":"b","kind":"door_open","value":"open"}]"#,
    ]);
    assert_eq!(allocations(Format::Json, &payloads).count_total, 0);
}

#[test]
fn a_protobuf_message_allocates_nothing() {
    let reading = |kind: &str, value| device::Reading {
        kind: kind.to_owned(),
        value: Some(value),
        ..device::Reading::default()
    };
    let dated = device::DeviceMessage {
        measured_at_us: Some(1_790_000_000_000_000),
        readings: vec![
            reading("heart_rate", device::reading::Value::Number(70.0)),
            reading("motion", device::reading::Value::State(true)),
        ],
        ..device::DeviceMessage::default()
    };
    let clockless = device::DeviceMessage { measured_at_us: None, ..dated.clone() };
    let payloads = [dated.encode_to_vec(), clockless.encode_to_vec()];
    assert_eq!(allocations(Format::Protobuf, &payloads).count_total, 0);
}

#[test]
fn an_alarm_allocates_nothing() {
    let payloads = texts(&[r#"{"kind":"sos"}"#, r#"{"kind":"motion","value":true}"#]);
    assert_eq!(allocations(Format::Json, &payloads).count_total, 0);
}

#[test]
fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![1_u8; 100])));
    assert_eq!(counted.count_total, 1);
}
