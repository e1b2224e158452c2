//! What is wrong with a log, in words: what it is, what it means, what to do.

use serde_json::{Value, json};

use super::words::size;
use crate::{
    cli::words::counted,
    spool::{
        damage::{Damage, DamageKind, TornTail},
        inspect::LogView,
    },
};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// A word for scripts.
    pub(super) kind: &'static str,
    /// The file, where it is one.
    pub(super) file: Option<String>,
    /// First and last byte of what is wrong, the latter not included.
    pub(super) bytes: Option<(u64, u64)>,
    /// First record that is gone, and the first behind it that is not.
    pub(super) records: Option<(u64, u64)>,
    pub(super) what: String,
    pub(super) means: String,
    pub(super) fix: &'static str,
}

const LOST: &str = "look at the disk; `trygg spool repair` sets the bytes aside in quarantine/ and \
                    keeps everything else. The records were acknowledged: if Kafka does not have \
                    them, only their senders may";
const MEND: &str = "`trygg spool repair` writes it anew; look at the disk";

/// Everything that is wrong with a log. An unfinished end is not.
pub(super) fn findings(view: &LogView) -> Vec<Finding> {
    let damage = view.damage.iter().map(damaged);
    let unreadable = view.unreadable.iter().map(|first| Finding {
        kind: "unreadable",
        file: Some(file(*first)),
        bytes: None,
        records: None,
        what: "no segment, although it is named like one, and nothing says of which log".to_owned(),
        means: "what was in it is lost".to_owned(),
        fix: "look at the disk; `trygg spool repair` puts the file into quarantine/",
    });
    let cursor = (view.damaged_cursors > 0).then(|| Finding {
        kind: "cursor",
        file: None,
        bytes: None,
        records: None,
        what: match view.damaged_cursors {
            1 => "one of the two cursors is damaged".to_owned(),
            _ => "both cursors are damaged".to_owned(),
        },
        means: if view.marks.is_empty() {
            "no record is lost; all of this log are delivered again, under the same event ids"
        } else {
            "no record is lost; some may be delivered again, under the same event ids"
        }
        .to_owned(),
        fix: MEND,
    });
    damage.chain(unreadable).chain(cursor).collect()
}

fn damaged(damage: &Damage) -> Finding {
    let what = match damage.kind {
        DamageKind::SegmentHeader => "the header of the segment is damaged",
        DamageKind::Frame => "bytes that are no record, where records were",
        DamageKind::Body => "a record whose bytes are not those that were written",
        DamageKind::Tail => "the end is missing, or what stood behind it",
    };
    let lost = counted(damage.records(), "record is lost", "records are lost");
    let means = match (damage.records(), damage.to.checked_sub(1)) {
        (0, _) | (_, None) => "no record is lost".to_owned(),
        (1, Some(_)) => format!("{lost}: {}", damage.from),
        (_, Some(last)) => format!("{lost}: {} to {last}", damage.from),
    };
    Finding {
        kind: damage.kind.label(),
        file: Some(file(damage.segment)),
        bytes: Some((damage.offset, damage.end)),
        records: (damage.records() > 0).then_some((damage.from, damage.to)),
        what: what.to_owned(),
        means,
        fix: if damage.records() == 0 { MEND } else { LOST },
    }
}

/// The end that was not finished.
pub(super) fn unfinished(torn: &TornTail) -> String {
    format!(
        "the end is unfinished ({} of {}, from record {} on): an engine writes there now, or was \
         stopped while it did; nobody was told that it is safe",
        size(torn.bytes),
        file(torn.segment),
        torn.from
    )
}

/// Name of a segment's file.
fn file(first: u64) -> String {
    format!("{first:020}.seg")
}

impl Finding {
    pub(super) fn json(&self) -> Value {
        let span =
            |span: Option<(u64, u64)>| span.map(|(from, to)| json!({"from": from, "to": to}));
        json!({
            "kind": self.kind,
            "file": self.file,
            "bytes": span(self.bytes),
            "records": span(self.records),
            "what": self.what,
            "means": self.means,
            "fix": self.fix,
        })
    }
}
