//! Formats that learn: what a broker retains is asked for, and a node that was not heard from the
//! start is asked for its births, if that is allowed.

use serde_json::json;

use crate::support::{
    mqtt::Send,
    site::Site,
    subscriber::Subscriber,
    tools, turn,
    wait::{self, SOON},
};

/// A list of one device that measures in Fahrenheit.
const DEVICES: &str = r#"[{"friendly_name":"hall","definition":{"exposes":[
    {"type":"numeric","property":"temperature","unit":"°F","access":1}]}}]"#;

#[test]
fn a_retained_list_of_devices_is_learned_anew_by_each_process() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let mut publisher = site.publisher();
    let list = "homes/h1/zigbee2mqtt/bridge/devices";
    publisher.publish(list, DEVICES.as_bytes(), Send::Retained);
    publisher.settle();
    site.create_topics();
    let reader = site.reader();
    // The second process finds the session of the first, with its subscriptions.
    for (turn, fahrenheit) in (1..).zip([50, 68]) {
        let mut engine = site.engine();
        wait::until("the list was read", SOON, || {
            let described = [("link", "main"), ("reason", "description")];
            (engine.scrape().count("trygg_messages_without_reading_total", &described) > 0)
                .then_some(())
        });
        let state = format!("{{\"temperature\":{fahrenheit}}}");
        publisher.publish("homes/h1/zigbee2mqtt/hall", state.as_bytes(), Send::Acknowledged);
        publisher.settle();
        reader.wait("a temperature", SOON, |seen| seen.readings.len() == turn);
        assert_eq!(engine.terminate(), Some(0));
    }
    let values: Vec<_> = reader.seen().readings.iter().map(|it| it.value.clone()).collect();
    assert_eq!(values, [json!(10.0), json!(20.0)]);
}

/// A DDATA that names its metric by alias 5 alone: number 9, a double.
const CHANGE: [u8; 18] =
    [0x08, 0xe8, 0x07, 0x12, 0x0b, 0x10, 5, 0x69, 0, 0, 0, 0, 0, 0x80, 0x35, 0x40, 0x18, 9];

/// Publishes an alias nobody has named, and says what the node is told.
fn what_a_node_is_told(decode: &str) -> Vec<(String, Vec<u8>)> {
    let tools = tools::find().expect("asked before");
    let mut site = Site::open(tools);
    site.link().filters = vec![("spBv1.0/{home}/{device...}".to_owned(), "sparkplug")];
    site.config.sections.push_str(decode);
    let _engine = site.up();
    let node = Subscriber::on(site.mosquitto.port, "spBv1.0/+/NCMD/#");
    let mut publisher = site.publisher();
    publisher.publish("spBv1.0/T/DDATA/n/hall", &CHANGE, Send::Acknowledged);
    publisher.settle();
    site.wait_until_acknowledged(1);
    // What would be said is said before the message is acknowledged; the marker comes behind it.
    publisher.publish("spBv1.0/T/NCMD/marker", b"", Send::Acknowledged);
    publisher.settle();
    let told = wait::until("the marker comes", SOON, || {
        let heard = node.heard();
        heard.iter().any(|it| it.topic.ends_with("/marker")).then_some(heard)
    });
    let told = told.into_iter().filter(|it| !it.topic.ends_with("/marker"));
    told.map(|it| (it.topic, it.payload)).collect()
}

#[test]
fn a_node_is_asked_for_its_births_where_that_is_allowed() {
    if tools::find().is_none() {
        return;
    }
    let _turn = turn::shared();
    assert_eq!(what_a_node_is_told(""), [], "trygg only listens");
    let told = what_a_node_is_told("[decode]\nrequests = \"allowed\"\n");
    let [(topic, payload)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(topic, "spBv1.0/T/NCMD/n");
    let name = b"Node Control/Rebirth";
    assert!(payload.windows(name.len()).any(|part| part == name), "{payload:?}");
}
