//! Single situations, scripted in the simulated world.

use super::{World, broker::Published};
use crate::{
    link::{close::Close, core::Phase},
    model::Mono,
    plant::{Bug, plant},
    transport::DialError,
};

#[test]
fn a_message_whose_token_is_always_dropped_becomes_a_dead_letter_at_the_third_time() {
    let _planted = plant(Bug::DroppedToken);
    let mut world = World::new(1);
    world.broker.publish(Published {
        number: 7,
        topic: "homes/h1/json/d1".to_owned(),
        payload: br#"{"kind":"energy","value":7,"note":"drop me"}"#.to_vec(),
        qos: 1,
        retain: false,
    });
    for _ in 0..2_000 {
        world.now += 5_000;
        if !world.connected {
            world.open();
        }
        world.kafka.0.borrow_mut().progress(&mut world.chance);
        world.turn();
    }
    assert_eq!(world.closes, ["abandoned", "abandoned", "abandoned"]);
    assert!(world.broker.acknowledged.contains(&7));
    assert!(world.kafka.0.borrow().buried.contains(&7));
    let snapshot = world.core.snapshot(Mono(world.now));
    assert_eq!(snapshot.rejected.of("abandoned_repeatedly"), 1);
    assert_eq!(snapshot.ledger.abandoned, [0, 3]);
}

/// A world whose link is established, with nothing under way.
fn established() -> World {
    let mut world = World::new(1);
    world.open();
    while world.core.phase() != Phase::Established {
        world.now += 1_000;
        world.turn();
    }
    world
}

#[test]
fn a_link_without_connection_sleeps() {
    let mut world = established();
    world.close(&Close::EndOfStream);
    for _ in 0..10 {
        world.now += 60_000_000;
        world.turn();
        assert!(world.core.deadline() > Mono(world.now), "nothing is due");
    }
}

#[test]
fn writing_nothing_does_not_put_off_the_ping() {
    let mut world = established();
    let ping = world.core.deadline();
    for second in 1..29 {
        world.core.wrote(0, Mono(world.now + second * 1_000_000));
    }
    assert_eq!(world.core.deadline(), ping);
}

#[test]
fn what_a_lost_connection_left_is_known_at_the_end() {
    let mut world = established();
    for number in 1..=3 {
        world.broker.publish(Published {
            number,
            topic: "homes/h1/json/d1".to_owned(),
            payload: format!(r#"{{"kind":"energy","value":{number}}}"#).into_bytes(),
            qos: 1,
            retain: false,
        });
    }
    while world.core.in_flight() < 3 {
        world.turn();
    }
    world.close(&Close::EndOfStream);
    world.close(&Close::Transport(DialError::Timeout));
    world.core.begin_drain(world.moment());
    assert_eq!(world.core.left_behind().with_broker, 3);
}

#[test]
fn a_link_does_not_connect_while_kafka_refuses() {
    let mut world = established();
    world.kafka.0.borrow_mut().world_refuses = true;
    world.broker.publish(Published {
        number: 1,
        topic: "homes/h1/json/d1".to_owned(),
        payload: br#"{"kind":"energy","value":1}"#.to_vec(),
        qos: 1,
        retain: false,
    });
    while world.core.blocked().is_none() {
        world.now += 5_000;
        world.kafka.0.borrow_mut().progress(&mut world.chance);
        world.turn();
    }
    world.close(&Close::EndOfStream);
    assert!(world.core.must_wait_for_old_epochs());
    world.kafka.0.borrow_mut().world_refuses = false;
    while world.core.must_wait_for_old_epochs() {
        world.now += 5_000;
        world.kafka.0.borrow_mut().progress(&mut world.chance);
        world.turn();
    }
    assert!(world.kafka.0.borrow().has(1));
}
