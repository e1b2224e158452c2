//! The scripts.

use super::*;

#[test]
fn records_flow_and_settle_in_any_order() {
    let stage = script(
        "flow",
        &[
            ("+a +b +n +A +1", "a b n A 1"),
            ("ok:b ok:A", "=A =b"),
            ("ok:a ok:1 ok:n", "=1 =a =n"),
            ("wait:60000", ""),
        ],
    );
    assert_eq!(stage.sink.counts().delivered, [3, 1, 1]);
    assert_eq!(stage.sink.counts().delivered_bytes, [12, 4, 4]);
    assert_eq!((stage.sink.live(), stage.sink.live_bytes()), (0, 0));
}

#[test]
fn what_waits_goes_out_together_once_the_way_is_free() {
    script(
        "not one a round trip",
        &[
            ("+a", "a"),
            ("size:a", "a!"),
            ("+b +c +d +e", ""),
            ("ok:a", "b c d e =a"),
            ("+f", "f"),
            ("ok:b ok:c ok:d ok:e ok:f", "=b =c =d =e =f"),
        ],
    );
}

#[test]
fn a_refusing_world_is_asked_ever_more_seldom() {
    let mut stage = script("refused", &[("+a +b", "a b"), ("auth:a auth:b", ""), ("+c +n", "n")]);
    let to = RecordKey { lane: Lane::Readings, partition: 0 };
    for pause in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000_u64] {
        assert_eq!(stage.sink.blocked(), Some(Blocked { to, code: "topic_authorization_failed" }));
        assert_eq!(stage.sink.deadline(), Some(stage.now + Duration::from_millis(pause)));
        assert_eq!(stage.play(&format!("wait:{}", pause - 1)), "");
        assert_eq!(stage.play("wait:1"), "a!", "after {pause} ms");
        assert_eq!(stage.sink.deadline(), None, "there is an answer to wait for");
        assert_eq!(stage.play("auth:a"), "");
    }
    stage.play("wait:30000");
    assert_eq!(stage.play("ok:a"), "b c =a");
    assert_eq!(stage.sink.blocked(), None);
    assert_eq!(stage.play("ok:b ok:c ok:n +d"), "d =b =c =n");
    assert_eq!(stage.sink.counts().poison, 0);
}

#[test]
fn a_record_of_unknown_fate_goes_again_before_those_behind_it() {
    script(
        "all lost",
        &[
            ("+a +b", "a b"),
            ("lost:b +c", ""),
            ("lost:a", ""),
            ("wait:99", ""),
            ("wait:1", "a b c"),
            ("ok:a ok:b ok:c", "=a =b =c"),
        ],
    );
    script(
        "the second went through: the first may stand behind it",
        &[("+a +b", "a b"), ("lost:a ok:b", "=b"), ("wait:100", "a~"), ("ok:a", "=a")],
    );
    script(
        "refused behind one of unknown fate: that one may have been written",
        &[("+a +b", "a b"), ("lost:b size:a", "a!~"), ("ok:a", "b! =a"), ("ok:b", "=b")],
    );
}

#[test]
fn a_full_queue_holds_the_partition_back() {
    script(
        "not taken",
        &[
            ("+a full +b +c +n", "a n"),
            ("ok:a", "=a"),
            ("wait:100", "b c"),
            ("ok:b ok:c", "=b =c"),
            ("full full +d", ""),
            ("wait:100", ""),
            ("wait:100", "d"),
        ],
    );
}

#[test]
fn a_record_the_producer_does_not_even_take_is_tried_like_any_other() {
    script(
        "above every limit",
        &[
            ("+a large large +b", "a"),
            ("+c", ""),
            ("ok:a", "c! =a"),
            ("+d", ""),
            ("ok:c", "d =c -b"),
        ],
    );
}

#[test]
fn after_a_rebuild_everything_goes_again_in_order() {
    script(
        "reports of the old producer come, and some do not",
        &[
            ("+a +b +c +n", "a b c n"),
            // `d` would overtake what died with the old producer.
            ("replace +d +o", ""),
            ("lost:b", ""),
            ("wait:100", ""),
            ("settle", ""),
            ("wait:100", "a n"),
            ("old:a old:c", ""),
            // The brokers know the new producer from here on.
            ("ok:a ok:n", "b c d o =a =n"),
            ("ok:b ok:c ok:d ok:o", "=b =c =d =o"),
            ("old:a ok:a", ""),
        ],
    );
}

#[test]
fn the_first_record_of_a_producer_goes_alone_until_its_broker_knows_it() {
    let lines = [
        ("+a +b +c +n", "a n"),
        ("lost:n +d", ""),
        ("ok:a", "b c d =a"),
        ("+e", "e"),
        ("ok:b ok:c ok:d ok:e", "=b =c =d =e"),
        ("wait:100 +o", "n"),
        ("ok:n", "o =n"),
        ("ok:o", "=o"),
        // After a long silence it may have been forgotten.
        ("wait:3600000 +f +g", "f"),
        ("ok:f", "g =f"),
        ("ok:g", "=g"),
    ];
    play(Stage::unknown(), "a broker that has never heard of it", &lines);
}

#[test]
fn an_answer_counts_once() {
    let stage = script("twice", &[("+a", "a"), ("ok:a", "=a"), ("ok:a size:a lost:a", "")]);
    assert_eq!(stage.sink.counts().delivered, [1, 0, 0]);
    assert_eq!(stage.sink.counts().failed_record, 0);
}

#[test]
fn dead_letters_are_never_given_up_and_block_nothing_else() {
    let mut stage = script(
        "their topic refuses",
        &[("+1 +2 +a", "1 2 a"), ("size:1 size:2", ""), ("ok:a +b", "b =a")],
    );
    for pause in [1_000, 2_000, 4_000] {
        assert_eq!(stage.play(&format!("wait:{pause}")), "1!");
        assert_eq!(stage.play("size:1"), "");
        let lane = stage.sink.blocked().map(|blocked| blocked.to.lane);
        assert_eq!(lane, Some(Lane::DeadLetters));
    }
    assert_eq!(stage.play("ok:b +A"), "A =b");
    assert_eq!(stage.play("auth:A"), "");
    let lane = stage.sink.blocked().map(|blocked| blocked.to.lane);
    assert_eq!(lane, Some(Lane::Alerts), "the worse news first");
    stage.play("wait:8000");
    assert_eq!(stage.play("ok:1"), "2 =1");
    assert_eq!(stage.sink.counts().poison, 0);
}

#[test]
fn giving_up_everything_abandons_what_is_live() {
    let mut stage = script("on its way", &[("+a +b", "a b"), ("ok:a", "=a")]);
    stage.sink.abandon_all();
    assert_eq!(stage.windows[&'b'].window().abandoned(), 1);
    assert_eq!(stage.sink.live(), 1, "its report may still come");
}

#[test]
fn the_oldest_record_is_known_by_when_its_first_message_came() {
    let mut stage = script("ages", &[("+n wait:5 +a", "n a")]);
    let (to, opened) = stage.sink.oldest().expect("two are live");
    assert_eq!((to.partition, opened), (1, Mono(1_000_000)));
    stage.play("ok:n");
    assert_eq!(stage.sink.oldest().map(|(to, _)| to.partition), Some(0));
}
