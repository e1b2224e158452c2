//! Records of homes that are refused while they wait. Those of these tests do not name their home, so
//! any list that asks for consent refuses them.

use super::*;
use crate::{
    ack::DiscardReason,
    catalogue::Catalogue,
    registry::{Identity, Registry},
};

fn asking() -> std::sync::Arc<Registry> {
    let list = "device,home,consent\nlamp,h,all\n";
    let registry = Registry::from_csv(list, "t", &Identity::ClearNames, &Catalogue::builtin());
    registry.expect("a list").into()
}

impl Stage {
    /// What was not handed over since the last time; its messages are answered by policy.
    #[expect(clippy::disallowed_methods, reason = "this test stands for the link")]
    fn withheld(&mut self) -> String {
        let names = self.sink.take_withheld().into_iter().map(|mut record| {
            record.shares.discard(DiscardReason::NoConsent);
            char::from(record.key[0])
        });
        let names = names.collect();
        for window in self.windows.values_mut() {
            assert_eq!(window.window().abandoned(), 0);
            window.pop_done();
        }
        self.windows.retain(|_, window| !window.is_empty());
        names
    }
}

#[test]
fn a_refused_home_is_asked_about_at_every_hand_over() {
    // What is out stays out; what comes later, or comes back, is not handed over.
    let mut stage = script("before", &[("+a +b +A", "a b A")]);
    stage.sink.replace_registry(asking());
    let mut stage = play(stage, "after", &[("+c +B", "")]);
    assert_eq!(stage.withheld(), "cB");
    let mut stage = play(stage, "comes back", &[("lost:a ok:b", "=b"), ("wait:200", "")]);
    assert_eq!(stage.withheld(), "a");
    let mut stage = play(stage, "dead letters go", &[("+1", "1"), ("ok:1 ok:A", "=1 =A")]);
    assert_eq!((stage.withheld(), stage.sink.live(), stage.windows.len()), (String::new(), 0, 0));
    assert_eq!(stage.sink.counts().withheld, [2, 1, 0]);
}

#[test]
fn what_is_held_back_while_the_world_refuses_does_not_wait_to_be_refused() {
    let mut stage = script("held back", &[("+a", "a"), ("auth:a", ""), ("+b +c +d", "")]);
    stage.sink.replace_registry(asking());
    let mut stage = play(stage, "tried again", &[("wait:1100", "")]);
    assert_eq!(stage.withheld(), "abcd");
    assert_eq!((stage.sink.live(), stage.sink.blocked()), (0, None));
}

#[test]
fn a_log_is_done_with_what_is_not_handed_over() {
    let mut stage = Stage::with_log(Habit::Always);
    for name in ['a', 'b', 'c'] {
        stage.hand_over_again(name);
    }
    stage.act_on_spool("disk");
    stage.act_on_spool("restart");
    stage.sink.replace_registry(asking());
    stage.sink.producer.sent.clear();
    for _ in 0..3 {
        stage.act("disk");
        stage.act("wait:300");
    }
    assert_eq!(stage.withheld(), "abc");
    assert!(stage.sink.producer.sent.is_empty());
    // Another life finds nothing.
    stage.act("disk");
    stage.act("restart");
    for _ in 0..3 {
        stage.act("disk");
        stage.act("wait:300");
    }
    assert!(stage.sink.producer.sent.is_empty(), "{:?}", stage.sink.producer.sent);
    assert_eq!((stage.withheld(), stage.sink.live()), (String::new(), 0));
}
