#![expect(clippy::disallowed_methods, reason = "these tests stand for Kafka")]

use proptest::prelude::*;

use super::*;
use crate::ack::{DiscardReason, Receipt, Shares};

fn arrival(packet_id: u16) -> Arrival {
    Arrival { packet_id, qos: QoS::AtLeastOnce, bytes: 10, ..VACANT }
}

fn admit_into(outstanding: &mut Outstanding, packet_id: u16, records: &mut [&mut Shares]) {
    let (_, mut token) = outstanding.admit(arrival(packet_id)).expect("room");
    for record in records.iter_mut() {
        token.split(record);
    }
    token.hand_on();
}

#[test]
fn a_dropped_token_abandons_the_message() {
    let mut outstanding = Outstanding::new(Epoch(1), 4);
    drop(outstanding.admit(arrival(1)));
    assert_eq!(outstanding.window().abandoned(), 1);
    assert!(outstanding.pop_done().is_none());
}

#[test]
fn a_token_handed_on_without_parts_abandons_the_message() {
    let mut outstanding = Outstanding::new(Epoch(1), 4);
    let (_, token) = outstanding.admit(arrival(1)).expect("room");
    token.hand_on();
    assert!(outstanding.pop_done().is_none());
    assert_eq!(outstanding.window().abandoned(), 1);
}

#[test]
fn a_discarded_message_is_done() {
    let mut outstanding = Outstanding::new(Epoch(1), 4);
    let (_, token) = outstanding.admit(arrival(7)).expect("room");
    token.discard(DiscardReason::NonReading);
    assert_eq!(outstanding.pop_done().map(|done| done.packet_id), Some(7));
}

#[test]
fn a_part_delivered_before_its_sibling_is_handed_on_does_not_finish_the_slot() {
    let mut outstanding = Outstanding::new(Epoch(1), 4);
    let (mut first, mut second) = (Shares::default(), Shares::default());
    let (_, mut token) = outstanding.admit(arrival(1)).expect("room");
    token.split(&mut first);
    first.settle(Receipt::new());
    token.split(&mut second);
    token.hand_on();
    assert!(outstanding.pop_done().is_none(), "the second part is still out");
    second.settle(Receipt::new());
    assert!(outstanding.pop_done().is_some());
}

#[test]
fn one_abandoned_share_abandons_the_whole_message() {
    let mut outstanding = Outstanding::new(Epoch(1), 4);
    let (mut first, mut second) = (Shares::default(), Shares::default());
    admit_into(&mut outstanding, 1, &mut [&mut first, &mut second]);
    drop(first);
    second.settle(Receipt::new());
    assert!(outstanding.pop_done().is_none());
    assert!(matches!(outstanding.pop_resolved(), Some((_, SlotState::Abandoned))));
}

#[test]
fn a_late_answer_reaches_its_own_window_only() {
    let mut old = Outstanding::new(Epoch(1), 4);
    let mut late = Shares::default();
    admit_into(&mut old, 1, &mut [&mut late]);

    let mut new = Outstanding::new(Epoch(2), 4);
    let mut fresh = Shares::default();
    admit_into(&mut new, 1, &mut [&mut fresh]);

    late.settle(Receipt::new());
    assert!(new.pop_done().is_none(), "the new connection's message 1 is another message");
    assert!(old.pop_done().is_some());
    fresh.abandon();
}

#[test]
fn a_full_window_takes_nothing_in() {
    let mut outstanding = Outstanding::new(Epoch(1), 2);
    let mut shares = Shares::default();
    admit_into(&mut outstanding, 1, &mut [&mut shares]);
    admit_into(&mut outstanding, 2, &mut [&mut shares]);
    assert!(outstanding.admit(arrival(3)).is_none());
    shares.settle(Receipt::new());
}

proptest! {
    /// Whatever the order of answers: PUBACKs leave in receive order and never past a gap.
    #[test]
    fn acknowledgements_leave_in_receive_order(
        steps in proptest::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..400)
    ) {
        let mut outstanding = Outstanding::new(Epoch(1), 64);
        let mut open: Vec<(u16, Shares)> = Vec::new();
        let mut unanswered: std::collections::BTreeSet<u16> = std::collections::BTreeSet::new();
        let (mut next, mut expected) = (0_u16, 0_u16);
        for (arrive, pick) in steps {
            if arrive && outstanding.len() < 64 {
                let mut shares = Shares::default();
                admit_into(&mut outstanding, next, &mut [&mut shares]);
                open.push((next, shares));
                unanswered.insert(next);
                next += 1;
            } else if !open.is_empty() {
                let (id, mut shares) = open.swap_remove(pick.index(open.len()));
                shares.settle(Receipt::new());
                unanswered.remove(&id);
            }
            while let Some(done) = outstanding.pop_done() {
                prop_assert_eq!(done.packet_id, expected);
                prop_assert!(unanswered.first().is_none_or(|first| *first > done.packet_id));
                expected += 1;
            }
            prop_assert_eq!(expected, unanswered.first().copied().unwrap_or(next));
            prop_assert_eq!(outstanding.at_least_once(), usize::from(next - expected));
        }
        for (_, mut shares) in open {
            shares.settle(Receipt::new());
        }
    }
}
