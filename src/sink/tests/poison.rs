//! Scripts of records that Kafka refuses for themselves, and of topics that refuse all.

use super::*;

#[test]
fn poison_is_singled_out_and_its_neighbours_are_late_only_if_overtaken() {
    script(
        "the whole batch fails for b",
        &[
            ("+a +b +c", "a b c"),
            ("size:a size:b", ""),
            ("+d", ""),
            ("size:c", "a!"),
            ("ok:a", "b! =a"),
            ("size:b", "c!"),
            ("ok:c", "d =c -b"),
            ("ok:d", "=d"),
            ("+e", "e"),
        ],
    );
    script(
        "a later batch went through before the answer came",
        &[
            ("+a +b +c", "a b c"),
            ("size:a size:b ok:c", "a!~ =c"),
            ("ok:a", "b!~ =a"),
            ("size:b", ""),
            ("+d", "d!"),
            ("ok:d", "=d -b"),
        ],
    );
    script(
        "the other partition does not notice",
        &[
            ("+a +n", "a n"),
            ("size:a +o", "a! o"),
            ("size:a", ""),
            ("ok:n", "=n -a"),
            ("ok:o +b", "b =o"),
        ],
    );
}

#[test]
fn six_single_refusals_in_a_row_are_the_world() {
    let mut stage = script(
        "nothing is given up",
        &[
            ("+a +b +c +d +e +f +g", "a b c d e f g"),
            ("size:a size:b size:c size:d size:e size:f size:g", "a!"),
            ("size:a", "b!"),
            ("size:b", "c!"),
            ("size:c", "d!"),
            ("size:d", "e!"),
            ("size:e", "f!"),
            ("size:f", ""),
            ("+h", ""),
            ("wait:900", ""),
            ("wait:100", "a!"),
        ],
    );
    let to = RecordKey { lane: Lane::Readings, partition: 0 };
    assert_eq!(stage.sink.blocked(), Some(Blocked { to, code: "message_size_too_large" }));
    assert_eq!(stage.play("size:a"), "");
    assert_eq!(stage.sink.blocked(), Some(Blocked { to, code: "message_size_too_large" }));
    assert_eq!((stage.sink.counts().poison, stage.sink.live()), (0, 8));
    assert_eq!(stage.play("wait:60000"), "a!");
    assert_eq!(stage.play("ok:a"), "b! =a");
    assert_eq!(stage.sink.blocked(), None);
    assert_eq!(stage.play("ok:b"), "c! =b");
}

#[test]
fn five_refusals_and_a_confirmation_are_poison() {
    script(
        "five, then one that goes through",
        &[
            ("+a +b +c +d +e +f", "a b c d e f"),
            ("size:a size:b size:c size:d size:e size:f", "a!"),
            ("size:a", "b!"),
            ("size:b", "c!"),
            ("size:c", "d!"),
            ("size:d", "e!"),
            ("size:e", "f!"),
            ("ok:f", "=f -a -b -c -d -e"),
        ],
    );
    script(
        "another code begins another row",
        &[
            ("+a +b +c +d +e +f", "a b c d e f"),
            ("size:a size:b size:c size:d size:e size:f", "a!"),
            ("size:a", "b!"),
            ("size:b", "c!"),
            ("form:c", "d!"),
            ("size:d", "e!"),
            ("size:e", "f!"),
            ("size:f", ""),
            ("wait:5000", "-a -b -c -d -e -f"),
        ],
    );
}

#[test]
fn more_poison_than_that_is_found_out_by_a_record_behind_it() {
    let mut lines = vec![
        ("+a +b +c +d +e +f +g", "a b c d e f g"),
        ("size:a size:b size:c size:d size:e size:f size:g", "a!"),
        ("size:a", "b!"),
        ("size:b", "c!"),
        ("size:c", "d!"),
        ("size:d", "e!"),
        ("size:e", "f!"),
        ("size:f +h", ""),
        ("wait:1000", "a!"),
        ("size:a wait:2000", "a!"),
        ("size:a wait:4000", "a!"),
        ("size:a wait:8000", "a!"),
        ("size:a wait:16000", "a!"),
        ("size:a wait:30000", "h!"),
    ];
    let mut stage = script("nobody comes, so the newest is asked", &lines);
    assert_eq!(stage.play("ok:h"), "a!~ =h");
    assert_eq!(stage.play("size:a"), "b!~ -a", "a second hearing, and the topic takes others");
    assert_eq!(stage.play("size:b"), "c!~ -b");
    assert_eq!(stage.play("size:c"), "d!~ -c");
    assert_eq!(stage.play("size:d"), "e!~ -d");
    assert_eq!(stage.play("size:e"), "f!~ -e");
    assert_eq!(stage.play("size:f"), "", "six in a row are the world again");
    for pause in [1_000, 2_000, 4_000, 8_000, 16_000] {
        assert_eq!(stage.play(&format!("wait:{pause}")), "f!~", "after {pause} ms");
        stage.play("size:f");
    }
    assert_eq!(stage.play("wait:30000"), "g!~");
    assert_eq!(stage.play("ok:g"), "f!~ =g");
    assert_eq!(stage.play("size:f"), "-f");
    assert_eq!((stage.sink.counts().poison, stage.sink.live()), (6, 0));
    lines.extend([("size:h", ""), ("wait:30000", "a!"), ("ok:a", "b! =a"), ("ok:b", "c! =b")]);
    let stage = script("and the first again, in order", &lines);
    assert_eq!(stage.sink.counts().poison, 0);
}

/// A topic whose limit is lowered, raised and lowered again loses no more than one that is lowered.
#[test]
fn a_topic_that_takes_records_for_a_moment_only_does_not_make_poison_of_all() {
    let mut stage = script(
        "both partitions, and nine records heard singly",
        &[
            ("+a +b +c +d +e +f +g +n +o", "a b c d e f g n o"),
            ("size:a size:b size:c size:d size:e size:f size:g", "a!"),
            ("size:a", "b!"),
            ("size:b", "c!"),
            ("size:c", "d!"),
            ("size:d", "e!"),
            ("size:e", "f!"),
            ("size:f", ""),
            ("size:n size:o", "n!"),
            ("size:n", ""),
            ("wait:1000", "a! n!"),
            ("ok:a", "b! =a"),
        ],
    );
    for (refused, next) in [("b", "c! -b"), ("c", "d! -c"), ("d", "e! -d"), ("e", "f! -e")] {
        assert_eq!(stage.play(&format!("size:{refused}")), next);
    }
    assert_eq!(stage.play("size:f"), "g! -f");
    assert_eq!(stage.play("size:n"), "", "the sixth is not given up");
    assert_eq!(stage.play("size:g"), "");
    assert_eq!(stage.play("wait:2000"), "g! n!");
    assert_eq!(stage.play("size:n"), "", "nor one that nobody passed since");
    assert_eq!(stage.play("ok:g"), "=g");
    assert_eq!(stage.sink.counts().poison, 5);
}

#[test]
fn lone_poison_now_and_then_never_adds_up_to_the_world() {
    let mut days = Vec::new();
    for _ in 0..12 {
        days.extend([
            ("+a", "a"),
            ("size:a", "a!"),
            ("size:a wait:4999", ""),
            ("wait:1", "-a"),
            ("+b", "b"),
            ("ok:b", "=b"),
        ]);
    }
    let stage = script("a confirmed record ends the row", &days);
    assert_eq!((stage.sink.counts().poison, stage.sink.blocked()), (12, None));
}

#[test]
fn a_refused_record_waits_five_seconds_for_evidence() {
    script(
        "no other record comes",
        &[
            ("+a", "a"),
            ("size:a", "a!"),
            ("size:a", ""),
            ("wait:4999", ""),
            ("wait:1", "-a"),
            ("+b", "b"),
        ],
    );
    script(
        "the next record is the evidence",
        &[
            ("+a", "a"),
            ("size:a", "a!"),
            ("size:a wait:2000", ""),
            ("+b", "b!"),
            ("+c", ""),
            ("ok:b", "c =b -a"),
        ],
    );
}

#[test]
fn refusals_of_one_topic_say_nothing_of_another() {
    script(
        "a confirmed alert does not make poison of a reading",
        &[("+a +A", "a A"), ("size:a", "a!"), ("size:a", ""), ("ok:A", "=A"), ("wait:5000", "-a")],
    );
}
