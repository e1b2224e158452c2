//! What a message says about all of its values, wherever it says it: time, units, and who the
//! Zigbee devices in it are.

use std::{borrow::Cow, collections::HashMap};

use foldhash::fast::RandomState;
use jiff::tz::TimeZone;

use crate::{
    decode::{
        decoded::READINGS_MAX,
        error::{DecodeError, RefusalReason},
        paths::{self, Path},
        scalar::Scalar,
        time::{self, DeviceTime, TimeFormat, local},
    },
    model::{Flags, ReportFlag, UnixMicros},
};

/// Values of one message: chips with few kilobytes of memory wrote it.
const VALUES_MAX: usize = 4_096;

/// Found by a first walk, before any value is read: units stand behind the values.
#[derive(Default)]
pub(super) struct Head<'a> {
    local: Option<Cow<'a, str>>,
    epoch: Option<Scalar<'a>>,
    pub(super) temperature: Stated<'a>,
    pub(super) pressure: Stated<'a>,
    /// By their paths. The network fills this table, so its seed is random.
    groups: HashMap<String, Group<'a>, RandomState>,
    /// The last level of the topic.
    level: &'a str,
    /// Some device stands under it in the message, or under it as an address.
    is_under_level: bool,
    values: usize,
}

/// A unit that the message names.
#[derive(Default)]
pub(super) enum Stated<'a> {
    #[default]
    Nowhere,
    As(Cow<'a, str>),
    /// In two places, not the same.
    Conflicting,
}

/// An object that is a Zigbee device.
#[derive(Default)]
pub(super) struct Group<'a> {
    pub(super) device: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    /// What a remote said, so `Power` is what it wants and not what it is.
    pub(super) is_command: bool,
}

impl<'a> Head<'a> {
    /// `level` is the topic's last that is about a device.
    pub(super) fn read(text: &'a str, level: &'a str) -> Result<Self, DecodeError> {
        let mut head = Self { level, ..Self::default() };
        paths::walk(text, |path, scalar| head.take(path, &scalar))?;
        Ok(head)
    }

    fn take(&mut self, path: &Path, scalar: &Scalar<'a>) -> Result<(), DecodeError> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(DecodeError::JsonShape { expected: "at most 4096 values" });
        }
        let level = path.len().saturating_sub(1);
        let text = match scalar {
            Scalar::Text(text) => Some(text),
            Scalar::Null
            | Scalar::Bool(_)
            | Scalar::Unsigned(_)
            | Scalar::Negative(_)
            | Scalar::Float(_)
            | Scalar::Nested => None,
        };
        let from = first(path);
        let is_top = level == from;
        if !self.is_under_level {
            let owner = from + usize::from(is_wrapper(path.step(from)));
            // Outside of a wrapper, any other key may be that of a chip.
            let is_device = owner < level && (owner > from || is_address(path.step(owner)));
            self.is_under_level = is_device && is_called(path.step(owner), self.level);
        }
        match (path.step(level), text) {
            ("Time", Some(text)) if is_top => self.local = Some(text.clone()),
            ("Epoch", _) if is_top => self.epoch = Some(scalar.clone()),
            ("TempUnit", Some(text)) => self.temperature.state(text.clone()),
            ("PressureUnit", Some(text)) => self.pressure.state(text.clone()),
            ("Device", Some(text)) => self.group(path, level)?.device = Some(text.clone()),
            ("Name", Some(text)) => self.group(path, level)?.name = Some(text.clone()),
            (key, _) if key.starts_with("0006!") => self.group(path, level)?.is_command = true,
            _ => {}
        }
        Ok(())
    }

    /// The group of a path's last object.
    fn group(&mut self, path: &Path, level: usize) -> Result<&mut Group<'a>, DecodeError> {
        let key = path.above(level);
        if !self.groups.contains_key(key) && self.groups.len() >= READINGS_MAX {
            return Err(DecodeError::TooManyReadings { limit: READINGS_MAX });
        }
        Ok(self.groups.entry(key.to_owned()).or_default())
    }

    /// Who the object at a path is.
    pub(super) fn find(&self, key: &str) -> Option<&Group<'a>> {
        if self.groups.is_empty() { None } else { self.groups.get(key) }
    }

    /// Is the last level of the topic the name or address of a device in the message?
    pub(super) fn is_of_level(&self) -> bool {
        let mut devices = self.groups.values().filter(|group| group.device.is_some());
        self.is_under_level
            || devices.any(|group| {
                let names = [group.device.as_deref(), group.name.as_deref()];
                names.into_iter().flatten().any(|name| is_called(name, self.level))
            })
    }

    /// When it was measured. Seconds since 1970 go before the local time beside them.
    pub(super) fn time(
        &self,
        zone: Option<&TimeZone>,
        received: UnixMicros,
    ) -> (DeviceTime, Flags<ReportFlag>) {
        let flags = Flags::default();
        if let Some(epoch) = &self.epoch
            && let time @ DeviceTime::At(_) = time::read(epoch, TimeFormat::UnixSeconds)
        {
            return (time, flags);
        }
        let Some(text) = &self.local else { return (DeviceTime::Absent, flags) };
        let time = time::read(&Scalar::Text(Cow::Borrowed(text)), TimeFormat::Rfc3339);
        match (time, zone) {
            (DeviceTime::Unreadable, Some(zone)) => {
                let read = local::read(text.trim_ascii(), zone, received);
                let ambiguous = flags.with(ReportFlag::ClockAmbiguous);
                (read.time, if read.is_ambiguous { ambiguous } else { flags })
            }
            (time, _) => (time, flags),
        }
    }
}

impl<'a> Stated<'a> {
    fn state(&mut self, unit: Cow<'a, str>) {
        *self = match self {
            Self::Nowhere => Self::As(unit),
            Self::As(before) if *before == unit => return,
            Self::As(_) | Self::Conflicting => Self::Conflicting,
        };
    }

    pub(super) fn unit(&self) -> Result<Option<&str>, RefusalReason> {
        match self {
            Self::Nowhere => Ok(None),
            Self::As(unit) => Ok(Some(unit)),
            Self::Conflicting => Err(RefusalReason::UnitConflict),
        }
    }
}

impl Group<'_> {
    /// By its name if it has one: the short address changes when a device joins anew.
    pub(super) fn called(&self, key: &str) -> String {
        let own = self.name.as_deref().filter(|name| !name.is_empty());
        let address = self.device.as_deref().filter(|_| key.is_empty());
        own.or(address).unwrap_or(key).to_owned()
    }
}

/// Holds what a bridge heard of others.
pub(super) fn is_wrapper(key: &str) -> bool {
    matches!(key, "ZbReceived" | "LwReceived")
}

/// The short address of a Zigbee device.
pub(super) fn is_address(key: &str) -> bool {
    key.strip_prefix("0x").is_some_and(|hex| hex.len() == 4)
}

/// A topic has an address without what it begins with.
fn is_called(name: &str, level: &str) -> bool {
    name == level || name.strip_prefix("0x").is_some_and(|hex| hex == level)
}

/// Where values begin: `StatusSNS` and the like only wrap them.
pub(super) fn first(path: &Path) -> usize {
    usize::from(path.len() > 1 && matches!(path.step(0), "StatusSNS" | "StatusSTS"))
}
