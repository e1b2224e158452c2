//! What a message says about all of its values, wherever it says it: time, units, and who the
//! Zigbee devices in it are.

use std::borrow::Cow;

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

/// Zigbee devices of one message.
const GROUPS_MAX: usize = 128;

/// Found by a first walk, before any value is read: units stand behind the values.
#[derive(Default)]
pub(super) struct Head<'a> {
    local: Option<Cow<'a, str>>,
    epoch: Option<Scalar<'a>>,
    pub(super) temperature: Stated<'a>,
    pub(super) pressure: Stated<'a>,
    groups: Vec<Group<'a>>,
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
pub(super) struct Group<'a> {
    key: String,
    pub(super) device: Option<Cow<'a, str>>,
    name: Option<Cow<'a, str>>,
    /// What a remote said, so `Power` is what it wants and not what it is.
    pub(super) is_command: bool,
}

impl<'a> Head<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, DecodeError> {
        let mut head = Self::default();
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
        let is_top = level == first(path);
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

    /// The group of a path's last object, which is the one at hand or a new one.
    fn group(&mut self, path: &Path, level: usize) -> Result<&mut Group<'a>, DecodeError> {
        let key = path.above(level);
        if self.groups.last().is_none_or(|group| group.key != key) {
            if self.groups.len() >= GROUPS_MAX {
                return Err(DecodeError::TooManyReadings { limit: READINGS_MAX });
            }
            let key = key.to_owned();
            self.groups.push(Group { key, device: None, name: None, is_command: false });
        }
        let last = self.groups.last_mut();
        last.ok_or(DecodeError::TooManyReadings { limit: READINGS_MAX })
    }

    /// Who the object at a path is. Objects come in the same order again, so the search goes on
    /// from `at`, the last one found.
    pub(super) fn find(&self, key: &str, at: &mut usize) -> Option<&Group<'a>> {
        let ahead = self.groups.iter().enumerate().skip(*at);
        let behind = self.groups.iter().enumerate().take(*at);
        let (found, group) = ahead.chain(behind).find(|(_, group)| group.key == key)?;
        *at = found;
        Some(group)
    }

    /// Is a level of the topic the name or address of a device in it?
    pub(super) fn is_of(&self, level: &str) -> bool {
        self.groups.iter().any(|group| {
            let key = group.key.rsplit('/').next().unwrap_or_default();
            let names = [Some(key), group.device.as_deref(), group.name.as_deref()];
            group.device.is_some()
                && names.into_iter().flatten().any(|name| {
                    name == level || name.strip_prefix("0x").is_some_and(|hex| hex == level)
                })
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

/// Where values begin: `StatusSNS` and the like only wrap them.
pub(super) fn first(path: &Path) -> usize {
    usize::from(path.len() > 1 && matches!(path.step(0), "StatusSNS" | "StatusSTS"))
}
