//! Events of a notification: a list of things that happened, such as the push of a button.

use super::{component::Place, report::Key};
use crate::{
    decode::{
        leaves::{Leaf, Wanted},
        scalar::Scalar,
        sheet::Sheet,
        time::{self, DeviceTime, TimeFormat},
        vocabulary::{Scope, Word},
    },
    model::UnixMicros,
};

/// A part of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Component,
    Name,
    Time,
}

/// One event as far as it was read.
#[derive(Default)]
struct Happening<'l> {
    index: u16,
    component: &'l str,
    name: Option<&'l Scalar<'l>>,
    at: Option<UnixMicros>,
}

/// What a path below `events` is.
pub(super) fn wanted<'v>(path: &str) -> Wanted<Key<'v>> {
    let Some((index, part)) = path.split_once('/') else { return Wanted::Unknown };
    let part = match part {
        "component" => Part::Component,
        "event" => Part::Name,
        "ts" => Part::Time,
        "id" => return Wanted::No,
        _ => return Wanted::Unknown,
    };
    match index.parse() {
        Ok(index) => Wanted::Yes(Key::Event { index, part }),
        Err(_) => Wanted::Unknown,
    }
}

/// Takes every event of a notification.
pub(super) fn take(leaves: &[Leaf<'_, Key<'_>>], keys: &mut Scope<'_, 2>, sheet: &mut Sheet<'_>) {
    let mut happening = Happening::default();
    for leaf in leaves {
        let Key::Event { index, part } = leaf.key else { continue };
        if index != happening.index {
            happening.take(keys, sheet);
            happening = Happening { index, ..Happening::default() };
        }
        match (part, &leaf.value) {
            (Part::Component, Scalar::Text(component)) => happening.component = component,
            (Part::Component, _) => {}
            (Part::Name, name) => happening.name = Some(name),
            (Part::Time, at) => {
                if let DeviceTime::At(at) = time::read(at, TimeFormat::UnixSeconds) {
                    happening.at = Some(at);
                }
            }
        }
    }
    happening.take(keys, sheet);
}

impl Happening<'_> {
    fn take(&self, keys: &mut Scope<'_, 2>, sheet: &mut Sheet<'_>) {
        let Some(name) = self.name else { return };
        let place = Place::new(self.component, "");
        match keys.find(&format!("event/{}", place.component)) {
            Some(Word::Term(term)) => sheet.take_event(term, place.channel(), name, self.at),
            Some(Word::NoReading) => {}
            None => sheet.out.unknown_keys = sheet.out.unknown_keys.saturating_add(1),
        }
    }
}
