//! An alarm is mirrored at once when it is live, and not when the broker replays it.

use crate::support::{
    mqtt::Send,
    payload,
    reader::{Reading, Seen},
    site::Site,
    tools, turn,
    wait::SOON,
};

fn in_topic<'a>(seen: &'a Seen, topic: &str, device: &str) -> Vec<&'a Reading> {
    let wanted = |reading: &&Reading| {
        reading.topic == topic && reading.device == device && reading.kind == "sos"
    };
    seen.readings.iter().filter(wanted).collect()
}

#[test]
fn a_live_sos_is_in_both_topics_under_one_id() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let reader = site.reader();
    let mut publisher = site.publisher();
    publisher.publish(
        "homes/h1/zigbee2mqtt/pendant",
        payload::emergency(None).as_bytes(),
        Send::Acknowledged,
    );
    publisher.settle();
    let (readings, alerts) = (&site.config.readings, &site.config.alerts);
    reader.wait("the press in both topics", SOON, |seen| {
        in_topic(seen, alerts, "pendant").len() == 1
            && in_topic(seen, readings, "pendant").len() == 1
    });
    let seen = reader.seen();
    let (alert, reading) =
        (in_topic(&seen, alerts, "pendant")[0], in_topic(&seen, readings, "pendant")[0]);
    assert_eq!(alert.identity(), reading.identity());
    assert_eq!(alert.key, "h1");
    site.wait_until_acknowledged(1);
}

#[test]
fn a_retained_sos_is_urgent_live_and_not_when_replayed() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let mut publisher = site.publisher();
    // Published before the engine ever subscribed: what it gets is a replay.
    publisher.publish(
        "homes/h1/zigbee2mqtt/old",
        payload::emergency(None).as_bytes(),
        Send::Retained,
    );
    publisher.settle();
    let _engine = site.up();
    let reader = site.reader();
    let (readings, alerts) = (&site.config.readings, &site.config.alerts);
    reader.wait("the replay", SOON, |seen| in_topic(seen, readings, "old").len() == 1);

    publisher.publish(
        "homes/h1/zigbee2mqtt/live",
        payload::emergency(None).as_bytes(),
        Send::Retained,
    );
    publisher.settle();
    reader.wait("the live press in both topics", SOON, |seen| {
        in_topic(seen, alerts, "live").len() == 1 && in_topic(seen, readings, "live").len() == 1
    });
    site.wait_until_acknowledged(2);

    let seen = site.read_all();
    assert!(in_topic(&seen, alerts, "old").is_empty(), "a replay rang");
    assert!(in_topic(&seen, readings, "old")[0].report_has("RETAINED"));
    assert!(!in_topic(&seen, readings, "live")[0].report_has("RETAINED"));
}

#[test]
fn two_presses_are_two_and_an_empty_action_is_none() {
    let Some(tools) = tools::find() else { return };
    let _turn = turn::shared();
    let site = Site::open(tools);
    let _engine = site.up();
    let mut publisher = site.publisher();
    let press = payload::emergency(None);
    for payload in
        [press.as_str(), "{\"action\":\"\",\"battery\":90}", press.as_str(), "{\"action\":null}"]
    {
        publisher.publish("homes/h1/zigbee2mqtt/pendant", payload.as_bytes(), Send::Acknowledged);
    }
    publisher.settle();
    site.wait_until_acknowledged(4);
    let seen = site.read_all();
    assert_eq!(in_topic(&seen, &site.config.alerts, "pendant").len(), 2);
    assert_eq!(in_topic(&seen, &site.config.readings, "pendant").len(), 2);
}
