//! Spools that are damaged in every way there is: each is explained, and what is readable is kept.

use std::{ffi::OsString, ops::Range, path::Path};

use serde_json::Value;

use super::*;
use crate::{
    cli::{Cli, Command},
    model::UnixMicros,
    record::Record,
    spool::{Hand, Limits, Orders, Spool, SpoolSettings, Tiding},
};

const SEGMENT_HEADER: usize = 64;
/// Frame header, fixed part of a body, key, value.
const FRAME: usize = 32 + 21 + 4 + 150;
/// Records of a segment.
const RECORDS: usize = 10;

/// A spool with one log of three segments, 30 records in two partitions; the first three of
/// partition 0 are delivered.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        for life in 0..3 {
            let limits = Limits { max_bytes: 64 << 20, keep_free: 0 };
            let settings = SpoolSettings { directory: site.directory(), limits };
            let (spool, hands, _) = Spool::open(&settings, &["north".into()], [2, 1, 1]).unwrap();
            let mut orders = Orders::default();
            for number in life * 10..life * 10 + 10 {
                orders.lane_mut(Lane::Readings).append(number, &record(number));
            }
            orders.lane_mut(Lane::Readings).marks = Some(vec![6, 0]);
            hands[0].submit(&mut orders);
            wait_for_sync(&hands[0]);
            spool.close();
        }
        site
    }

    fn directory(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn log(&self) -> PathBuf {
        self.directory().join("north/readings")
    }

    fn segment(&self, life: usize) -> PathBuf {
        self.log().join(format!("{:020}.seg", life * RECORDS))
    }

    /// Changes the bytes of a segment.
    fn change(&self, life: usize, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.segment(life)).unwrap();
        change(&mut bytes);
        fs::write(self.segment(life), bytes).unwrap();
    }

    /// What a command says, and how it ends.
    fn say(&self, args: &[&str]) -> (Exit, String) {
        let mut out = anstream::StripStream::new(Vec::new());
        let exit = command(args, &self.directory()).write(&mut out).unwrap();
        (exit, String::from_utf8(out.into_inner()).unwrap())
    }

    fn check(&self) -> (Exit, Value) {
        let (exit, text) = self.say(&["check", "--output", "json"]);
        (exit, serde_json::from_str(&text).unwrap())
    }

    /// Sequence numbers of what is exported; each record must be what was written.
    fn exported(&self) -> Vec<u64> {
        let (exit, lines) = self.say(&["export", "--all"]);
        assert_eq!(exit, Exit::Done);
        let numbers = lines.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let number = line["sequence"].as_u64().unwrap();
            let written = record(number);
            assert_eq!(decoded(&line["value"]), written.value, "{number}");
            assert_eq!(decoded(&line["key"]), written.key, "{number}");
            assert_eq!(line["partition"], written.to.partition);
            assert_eq!(line["timestamp_ms"], written.timestamp.0 / 1_000);
            number
        });
        numbers.collect()
    }
}

fn decoded(value: &Value) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn command(args: &[&str], directory: &Path) -> SpoolArgs {
    let args = ["trygg", "spool"].iter().chain(args).map(OsString::from);
    let args = args.chain([directory.as_os_str().to_owned()]);
    let command = Cli::from_args(args, "0.0.0").unwrap().command;
    let Command::Spool(args) = command else { panic!("{command:?}") };
    args
}

fn record(number: u64) -> Record {
    let mut record = Record { value: vec![b'a' + (number % 26) as u8; 150], ..Record::default() };
    record.value[..8].copy_from_slice(&number.to_le_bytes());
    record.key = b"home".to_vec();
    record.to.partition = (number % 2) as i32;
    record.timestamp = UnixMicros(1_790_000_000_000_000 + i64::try_from(number).unwrap() * 1_000);
    record.readings = 2;
    record
}

fn wait_for_sync(hand: &Hand) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut tidings = Vec::new();
        while !tidings.iter().any(|tiding| matches!(tiding, Tiding::Synced(_))) {
            tokio::time::timeout(Duration::from_secs(10), hand.arrived()).await.unwrap();
            tidings.clear();
            hand.take(&mut tidings);
        }
    });
}

/// Where a record of a segment begins.
fn frame(index: usize) -> usize {
    SEGMENT_HEADER + index * FRAME
}

/// A way to damage a spool, what is said of it, and which records are gone.
struct Damaged {
    name: &'static str,
    damage: fn(&Site),
    kinds: &'static [&'static str],
    lost: Range<u64>,
    says: &'static str,
}

fn flip(site: &Site, offset: usize) {
    site.change(1, |bytes| bytes[offset] ^= 4);
}

const DAMAGED: [Damaged; 11] = [
    Damaged {
        name: "a flipped bit in a body",
        damage: |site| flip(site, frame(3) + 60),
        kinds: &["body"],
        lost: 13..14,
        says: "a record whose bytes are not those that were written\n    1 record is lost: 13\n",
    },
    Damaged {
        name: "a flipped bit in the header of a record",
        damage: |site| flip(site, frame(3) + 9),
        kinds: &["frame"],
        lost: 13..14,
        says: "bytes that are no record, where records were\n    1 record is lost: 13\n",
    },
    Damaged {
        name: "a flipped bit in a length",
        damage: |site| flip(site, frame(3) + 5),
        kinds: &["frame"],
        lost: 13..14,
        says: "bytes 685 to 892: bytes that are no record",
    },
    Damaged {
        name: "a zeroed sector",
        damage: |site| site.change(1, |bytes| bytes[512..1024].fill(0)),
        kinds: &["body", "frame"],
        lost: 12..15,
        says: "2 records are lost: 13 to 14\n",
    },
    Damaged {
        name: "a truncated tail",
        damage: |site| site.change(2, |bytes| bytes.truncate(frame(8) + 5)),
        kinds: &["tail"],
        lost: 28..30,
        says: "the end is missing, or what stood behind it\n    2 records are lost: 28 to 29\n",
    },
    Damaged {
        name: "a truncated segment in the middle",
        damage: |site| site.change(1, |bytes| bytes.truncate(frame(4))),
        kinds: &["tail"],
        lost: 14..20,
        says: "6 records are lost: 14 to 19\n",
    },
    Damaged {
        name: "a missing segment",
        damage: |site| fs::remove_file(site.segment(1)).unwrap(),
        kinds: &["tail"],
        lost: 10..20,
        says: "10 records are lost: 10 to 19\n",
    },
    Damaged {
        name: "both cursors overwritten",
        damage: |site| {
            for name in ["cursor-a", "cursor-b"] {
                fs::write(site.log().join(name), [7; 90]).unwrap();
            }
        },
        kinds: &["cursor"],
        lost: 0..0,
        says: "both cursors are damaged\n    no record is lost; all of this log are delivered again",
    },
    Damaged {
        name: "a flipped bit in the header of a segment",
        damage: |site| flip(site, 20),
        kinds: &["segment_header"],
        lost: 0..0,
        says: "the header of the segment is damaged\n    no record is lost\n",
    },
    Damaged {
        name: "garbage in the place of a segment",
        damage: |site| site.change(1, |bytes| bytes.fill(0xa5)),
        kinds: &["segment_header", "tail"],
        lost: 10..20,
        says: "10 records are lost: 10 to 19\n",
    },
    Damaged {
        name: "nothing but garbage",
        damage: |site| {
            for life in 0..3 {
                site.change(life, |bytes| bytes.fill(0xa5));
            }
            for name in ["cursor-a", "cursor-b"] {
                fs::remove_file(site.log().join(name)).unwrap();
            }
        },
        kinds: &["unreadable", "unreadable", "unreadable"],
        lost: 0..30,
        says: "no segment, although it is named like one, and nothing says of which log\n    what was \
               in it is lost\n",
    },
];

#[test]
fn every_damage_is_explained_and_everything_readable_is_kept() {
    for Damaged { name, damage, kinds, lost, says } in DAMAGED {
        let site = Site::new();
        damage(&site);
        let (exit, found) = site.check();
        assert_eq!(exit, Exit::Configuration, "{name}: {found}");
        let log = &found["logs"][0];
        let findings = log["findings"].as_array().unwrap();
        let found_kinds: Vec<_> =
            findings.iter().map(|found| found["kind"].as_str().unwrap()).collect();
        assert_eq!(found_kinds, kinds, "{name}: {found}");
        let (_, text) = site.say(&["check"]);
        assert!(text.contains(says), "{name}:\n{text}");
        assert!(
            text.contains("    fix: ") && text.ends_with("1 log with damage\n"),
            "{name}:\n{text}"
        );

        let kept: Vec<u64> = (0..30).filter(|number| !lost.contains(number)).collect();
        assert_eq!(site.exported(), kept, "{name}");
        assert_eq!(log["records"], kept.len(), "{name}: {found}");

        let (exit, repaired) = site.say(&["repair"]);
        assert_eq!(exit, Exit::Done, "{name}: {repaired}");
        assert!(repaired.starts_with("link north, readings: "), "{name}: {repaired}");
        assert!(!repaired.contains("nothing to repair"), "{name}: {repaired}");
        let (exit, found) = site.check();
        assert_eq!(exit, Exit::Done, "{name}, repaired: {found}");
        assert_eq!(site.exported(), kept, "{name}, repaired");
        assert_eq!(site.say(&["repair"]).1, "link north, readings: nothing to repair\n", "{name}");
    }
}

#[test]
fn a_whole_spool_is_praised_counted_and_listed() {
    let site = Site::new();
    // What others put there is not ours.
    fs::write(site.log().join("notes.txt"), "mine").unwrap();
    let (exit, text) = site.say(&["check"]);
    assert_eq!(exit, Exit::Done);
    assert!(text.starts_with("link north, readings: 30 whole records, "), "{text}");
    assert!(text.ends_with(" in 3 segments: ok\nok: 1 log\n"), "{text}");

    let stats: Value = serde_json::from_str(&site.say(&["stats", "--output", "json"]).1).unwrap();
    let expected = serde_json::json!({
        "link": "north", "lane": "readings", "segments": 3, "records": 30, "waiting": 27,
        "waiting_readings": 54, "oldest": "2026-09-21T14:13:20.001Z", "first": 0, "next": 30,
        "delivered_below": [6, 0], "damaged": false, "bytes": stats[0]["bytes"],
    });
    assert_eq!(stats, serde_json::json!([expected]));
    let (_, text) = site.say(&["stats"]);
    let begins = "link north, readings: 27 records waiting (54 readings), the oldest of 2026-";
    assert!(text.starts_with(begins), "{text}");

    let (_, text) = site.say(&["dump", "--limit", "2", "--from", "4"]);
    assert_eq!(
        text,
        "link north, readings: 4, partition 0, 2026-09-21T14:13:20.004Z, key 4 B, value 150 B, \
         2 readings, Kafka has it\n\
         link north, readings: 5, partition 1, 2026-09-21T14:13:20.005Z, key 4 B, value 150 B, \
         2 readings\n"
    );
    assert!(!site.say(&["dump"]).1.contains("home"), "keys are shown");
    assert!(site.say(&["dump", "--show-keys"]).1.contains("key 4 B home,"));
    assert_eq!(site.say(&["dump", "--waiting"]).1.lines().count(), 27);
    assert_eq!(site.say(&["export"]).1.lines().count(), 27);
    assert_eq!(site.say(&["dump", "--lane", "alerts"]).1, "");
    assert_eq!(site.say(&["dump", "--link", "south"]).1, "");
}

#[test]
fn a_later_release_is_named_and_not_misread() {
    let site = Site::new();
    site.change(1, |bytes| {
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[..60]).to_le_bytes();
        bytes[60..64].copy_from_slice(&crc);
    });
    let (exit, text) = site.say(&["check"]);
    assert_eq!(exit, Exit::Configuration);
    assert!(text.contains("was written by a later release (format 2)"), "{text}");
    for args in [&["stats"][..], &["repair"], &["export"]] {
        let mut out = Vec::new();
        let halt = command(args, &site.directory()).write(&mut out).unwrap_err();
        assert!(matches!(halt, Halt::Spool(SpoolError::Newer { version: 2, .. })), "{halt}");
    }
}

#[test]
fn looking_changes_nothing_and_repair_wants_the_spool_for_itself() {
    let site = Site::new();
    let limits = Limits { max_bytes: 64 << 20, keep_free: 0 };
    let settings = SpoolSettings { directory: site.directory(), limits };
    let (_spool, _hands, _) = Spool::open(&settings, &["north".into()], [2, 1, 1]).unwrap();
    let bytes = || [0, 1, 2].map(|life| fs::read(site.segment(life)).unwrap());
    let before = bytes();
    for args in [&["check"][..], &["stats"], &["dump"], &["export", "--all"]] {
        assert_eq!(site.say(args).0, Exit::Done, "{args:?}");
    }
    assert_eq!(bytes(), before);
    let halt = command(&["repair"], &site.directory()).write(&mut Vec::new()).unwrap_err();
    assert!(matches!(halt, Halt::Spool(SpoolError::Locked { .. })), "{halt}");
}

#[test]
fn an_export_to_a_file_is_for_its_owner_and_writes_over_none() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    let file = site.folder.path().join("records.jsonl");
    let to = file.to_str().unwrap();
    let (exit, said) = site.say(&["export", "--to", to, "--output", "json"]);
    assert_eq!(exit, Exit::Done);
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["records"], 27);
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 27);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(site.say(&["export", "--to", to]).0, Exit::Usage);
}

#[test]
fn the_topics_are_those_that_were_noted() {
    let site = Site::new();
    let first = |site: &Site| {
        let (_, lines) = site.say(&["export"]);
        serde_json::from_str::<Value>(lines.lines().next().unwrap()).unwrap()["topic"].clone()
    };
    assert_eq!(first(&site), Value::Null);
    let topic = |name| format!("[[topic]]\nname = \"{name}\"\npartitions = 2\n");
    let text = ["r", "a", "d"].map(topic).concat();
    fs::write(site.directory().join("topics.toml"), format!("version = 1\n{text}")).unwrap();
    assert_eq!(first(&site), "r");
}

#[test]
fn a_directory_that_is_none_is_said() {
    let nowhere = Path::new("/nowhere/spool");
    let halt = command(&["check"], nowhere).write(&mut Vec::new()).unwrap_err();
    assert!(halt.to_string().starts_with("cannot list /nowhere/spool: "), "{halt}");
    let empty = tempfile::tempdir().unwrap();
    let mut out = Vec::new();
    assert_eq!(command(&["check"], empty.path()).write(&mut out).unwrap(), Exit::Done);
    assert_eq!(String::from_utf8(out).unwrap(), "no logs here\n");
}
