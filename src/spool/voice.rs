//! What the spool tells the operator's log: places and numbers, never what a record holds.

use super::{figures::LogState, keeper::News};

/// Writes a line.
pub(super) fn tell(news: &News) {
    match news {
        News::Damaged(place, damage) if damage.records() > 0 => tracing::error!(
            link = %place.link,
            lane = place.lane.label(),
            kind = damage.kind.label(),
            from = damage.from,
            before = damage.to,
            bytes = damage.bytes(),
            "spooled records are damaged and lost; what is left of them was set aside"
        ),
        News::Damaged(place, damage) => tracing::warn!(
            link = %place.link,
            lane = place.lane.label(),
            kind = damage.kind.label(),
            bytes = damage.bytes(),
            "the spool is damaged, but no record is lost"
        ),
        News::Torn(place, torn) => tracing::info!(
            link = %place.link,
            lane = place.lane.label(),
            from = torn.from,
            bytes = torn.bytes,
            "the end of the spool was not finished: its messages were not acknowledged, and come \
             again"
        ),
        News::CursorDamaged(place) => tracing::warn!(
            link = %place.link,
            lane = place.lane.label(),
            "a cursor of the spool is damaged: some records may be delivered again"
        ),
        News::Unreadable(place) => tracing::error!(
            link = %place.link,
            lane = place.lane.label(),
            "a file of the spool cannot be read at all, and was set aside"
        ),
        News::State(place, state) => state_changed(&place.link, place.lane.label(), *state),
    }
}

fn state_changed(link: &str, lane: &str, state: LogState) {
    match state {
        LogState::Open => tracing::info!(link, lane, "the spool takes records again"),
        LogState::Full => tracing::warn!(
            link,
            lane,
            "the spool is full: messages are not acknowledged until there is room"
        ),
        LogState::NoSpace => tracing::warn!(
            link,
            lane,
            "no space left for the spool: messages are not acknowledged until there is room"
        ),
        LogState::Failed { code } => tracing::error!(
            link,
            lane,
            code,
            "the disk of the spool fails: what it does not take is not acknowledged, and it is tried \
             again"
        ),
    }
}
