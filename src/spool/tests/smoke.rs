use std::time::Duration;

use crate::{
    model::{Lane, UnixMicros},
    record::Record,
    spool::{Limits, Orders, Spool, SpoolSettings, Tiding},
};

fn record(number: u64, partition: i32) -> Record {
    let mut record = Record { value: vec![7; 150], ..Record::default() };
    record.value[..8].copy_from_slice(&number.to_le_bytes());
    record.key = b"home".to_vec();
    record.to.partition = partition;
    record.timestamp = UnixMicros(1_790_000_000_000_000);
    record
}

fn settings(directory: &std::path::Path) -> SpoolSettings {
    let limits = Limits { max_bytes: 64 << 20, keep_free: 0 };
    SpoolSettings { directory: directory.to_path_buf(), limits }
}

async fn tidings(hand: &crate::spool::Hand) -> Vec<Tiding> {
    let mut tidings = Vec::new();
    while tidings.is_empty() {
        tokio::time::timeout(Duration::from_secs(10), hand.arrived()).await.expect("a tiding");
        hand.take(&mut tidings);
    }
    tidings
}

#[tokio::test]
async fn what_was_appended_is_synced_read_and_found_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = settings(&directory.path().join("spool"));
    let links = ["home".into()];
    let open = || Spool::open(&settings, &links, [2, 1, 1]).expect("opens");
    let (spool, hands, recovered) = open();
    assert_eq!(recovered[0][0].next, 0);
    assert!(recovered[0].iter().all(|found| found.is_empty));
    assert!(Spool::open(&settings, &links, [2, 1, 1]).is_err(), "it has an owner");

    let mut orders = Orders::default();
    for number in 0..10 {
        orders.lane_mut(Lane::Readings).append(number, &record(number, (number % 2) as i32));
    }
    hands[0].submit(&mut orders);
    assert!(orders.is_empty());
    let heard = tidings(&hands[0]).await;
    let [Tiding::Synced(synced)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((synced.lane(), synced.below()), (Lane::Readings, 10));
    assert!(synced.receipt(9).is_some() && synced.receipt(10).is_none());

    orders.lane_mut(Lane::Readings).read = Some(3);
    orders.lane_mut(Lane::Readings).marks = Some(vec![4, 3]);
    hands[0].submit(&mut orders);
    let heard = tidings(&hands[0]).await;
    let [Tiding::Read(chunk)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((chunk.first, chunk.next), (3, 10));
    for (wanted, (sequence, body)) in (3..10).zip(chunk.records()) {
        assert_eq!(sequence, wanted);
        let written = record(wanted, (wanted % 2) as i32);
        assert_eq!(body, crate::spool::Body::of(&written));
    }
    assert_eq!(chunk.records().count(), 7);
    let figures = spool.board().read();
    assert_eq!((figures.logs[0].appended, figures.logs[0].waiting), (10, 7));
    spool.close();

    let (spool, hands, recovered) = open();
    let found = &recovered[0][0];
    assert_eq!((found.marks.as_slice(), found.next, found.is_empty), (&[4, 3][..], 10, false));
    orders.lane_mut(Lane::Readings).append(10, &record(10, 0));
    hands[0].submit(&mut orders);
    tidings(&hands[0]).await;
    orders.lane_mut(Lane::Readings).read = Some(9);
    hands[0].submit(&mut orders);
    let heard = tidings(&hands[0]).await;
    let [Tiding::Read(chunk)] = &heard[..] else { panic!("{heard:?}") };
    let sequences: Vec<_> = chunk.records().map(|(sequence, _)| sequence).collect();
    assert_eq!(sequences, [9, 10]);
    orders.lane_mut(Lane::Readings).marks = Some(vec![11, 11]);
    hands[0].submit(&mut orders);
    spool.close();
    let (_spool, _hands, recovered) = open();
    assert_eq!((recovered[0][0].next, recovered[0][0].is_empty), (11, true));
    let folder = settings.directory.join("home/readings");
    let names = std::fs::read_dir(folder).expect("a directory").count();
    assert_eq!(names, 3, "two cursors and the newest segment");
}
