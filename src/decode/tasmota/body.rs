//! The values of a message, by chip and key.

use super::head::{Group, Head, first, is_address, is_wrapper};
use crate::{
    catalogue::Catalogue,
    decode::{
        decoded::{Decoded, DevicePart},
        error::DecodeError,
        meaning::Meaning,
        paths::Path,
        scalar::Scalar,
        sender,
        time::DeviceTime,
        vocabulary::{Vocabulary, Word},
    },
    model::{Flags, KindId, ReportFlag, text::same},
};

/// Bits of a Zigbee zone's status, and the keys they stand for.
const ZONE_BITS: [(u64, &str); 3] =
    [(0b0011, "0500/alarm"), (0b0100, "0500/tamper"), (0b1000, "0500/battery_low")];

/// Takes the values of one message in their order.
pub(super) struct Body<'b, 'a> {
    pub(super) catalogue: &'b Catalogue,
    pub(super) keys: &'b Vocabulary,
    pub(super) head: &'b Head<'a>,
    /// Name of the Tasmota device.
    pub(super) gateway: &'b str,
    pub(super) time: DeviceTime,
    pub(super) flags: Flags<ReportFlag>,
    pub(super) way: u32,
    pub(super) out: &'b mut Decoded,
    /// Whose readings are being taken: the gateway's own if empty.
    pub(super) owner: String,
    pub(super) part: DevicePart,
    /// Kinds and channels that its values so far have, also those that came to nothing: which
    /// chip is which must not depend on whether another one works.
    pub(super) claimed: Vec<(KindId, u16)>,
    /// The key that is looked for.
    pub(super) name: String,
}

/// Where a value stands.
struct Spot<'p> {
    /// `ZbReceived`, `LwReceived` or the chip.
    context: &'p str,
    key: &'p str,
    /// Key with what stands between it and the context.
    below: String,
    channel: u16,
    is_direct: bool,
}

impl Body<'_, '_> {
    pub(super) fn take(&mut self, path: &Path, scalar: &Scalar<'_>) -> Result<(), DecodeError> {
        let from = first(path);
        if let Some(Word::NoReading) = self.keys.find(path.step(from).trim_end_matches(is_digit)) {
            return Ok(());
        }
        self.out.check_room()?;
        let end = path.len().saturating_sub(1);
        let (last, index) = match path.index(end) {
            Some(index) => (end.saturating_sub(1), index + 1),
            None => (end, 0),
        };
        let head = self.head;
        // Without a key of its own, a device may say in the message who it is.
        let itself = || head.find(path.above(last)).filter(|group| group.device.is_some());
        let (context, device) = match path.step(from) {
            wrapper if is_wrapper(wrapper) => (wrapper, Some(from + 1)),
            key if last > from && self.is_zigbee(path, from, key) => ("ZbReceived", Some(from)),
            _ if last == from && itself().is_some() => ("ZbReceived", Some(from)),
            _ => ("", None),
        };
        let mut channel = u16::try_from(index).unwrap_or(u16::MAX);
        let mut chip = context;
        let mut owner = String::new();
        if let Some(level) = device {
            let (group, key) = if level < last {
                (head.find(path.above(level + 1)), path.step(level))
            } else {
                (itself(), "")
            };
            if group.is_some_and(|group| group.is_command) && path.step(last) == "Power" {
                return Ok(());
            }
            owner = group.map_or_else(|| key.to_owned(), |group| group.called(key));
        } else if last > from {
            let (name, suffix) = split_suffix(path.step(from));
            chip = name;
            match suffix {
                Suffix::Number(number) if channel == 0 => channel = number,
                Suffix::None | Suffix::Number(_) => {}
                Suffix::Address => path.step(from).clone_into(&mut owner),
            }
        }
        let base = device.unwrap_or(from);
        let below = between(path, base + 1, last);
        let is_direct = last <= base + 1;
        self.enter(owner, device.is_some())?;
        let spot = Spot { context: chip, key: path.step(last), below, channel, is_direct };
        if spot.context == "ZbReceived"
            && let Some(status) = zone_status(spot.key, scalar)
        {
            for (bits, key) in ZONE_BITS {
                let spot = Spot { context: chip, key, below: key.to_owned(), ..spot };
                self.value(&spot, &Scalar::Bool(status & bits != 0))?;
            }
            return Ok(());
        }
        self.value(&spot, scalar)
    }

    fn is_zigbee(&self, path: &Path, level: usize, key: &str) -> bool {
        let is_device = |group: &Group<'_>| group.device.is_some();
        is_address(key) || self.head.find(path.above(level + 1)).is_some_and(is_device)
    }

    fn value(&mut self, spot: &Spot<'_>, scalar: &Scalar<'_>) -> Result<(), DecodeError> {
        let keys = self.keys;
        let stem = spot.key.trim_end_matches(is_digit);
        let number = spot.key.strip_prefix(stem).and_then(|digits| digits.parse().ok());
        let below_stem = spot.below.trim_end_matches(is_digit);
        let tries = [
            (spot.context, spot.below.as_str(), None),
            ("", spot.key, None),
            (spot.context, below_stem, number),
            ("", stem, number),
        ];
        let found = tries.into_iter().find_map(|(context, key, number)| {
            if key.is_empty() || context.is_empty() && !spot.is_direct {
                return None;
            }
            self.name.clear();
            if !context.is_empty() {
                self.name.push_str(context);
                self.name.push('/');
            }
            self.name.push_str(key);
            keys.find(&self.name).map(|word| (word, number))
        });
        let (term, number) = match found {
            Some((Word::Term(term), number)) => (term, number),
            Some((Word::NoReading, _)) => return Ok(()),
            None => {
                self.out.unknown_keys += 1;
                return Ok(());
            }
        };
        let stated = match &*self.catalogue.get(term.kind).unit {
            "Cel" => self.head.temperature.unit(),
            "hPa" => self.head.pressure.unit(),
            _ => Ok(None),
        };
        let (meaning, flags) = match stated {
            Ok(unit) => term.read(self.catalogue, scalar, unit),
            Err(conflict) => (Meaning::Refused(conflict), Flags::default()),
        };
        self.out.check_room()?;
        let channel = if spot.channel == 0 { number.unwrap_or(0) } else { spot.channel };
        let channel = self.free_channel(term.kind, channel);
        self.out.take_in_channel(term.kind, channel, meaning, flags, None);
        Ok(())
    }

    /// Two chips may measure the same: the second gets a number of its own.
    fn free_channel(&mut self, kind: KindId, channel: u16) -> u16 {
        let same =
            || self.claimed.iter().filter(|(of, _)| *of == kind).map(|(_, channel)| *channel);
        let free = if same().any(|taken| taken == channel) {
            same().max().unwrap_or(0).max(1).saturating_add(1)
        } else {
            channel
        };
        self.claimed.push((kind, free));
        free
    }

    /// Goes on with the values of another device.
    fn enter(&mut self, owner: String, is_behind: bool) -> Result<(), DecodeError> {
        let is_same = same(owner.as_bytes(), self.owner.as_bytes());
        if is_same && !self.part_is_new() {
            return Ok(());
        }
        if !is_same {
            self.end_part();
            self.owner = owner;
        }
        // A device behind a gateway bears its name too; a beacon is heard by several.
        self.part.name = match (self.owner.is_empty(), is_behind && !self.gateway.is_empty()) {
            (true, _) => self.out.own_name(self.gateway)?,
            (false, true) => {
                let name = format!("{}/{}", self.gateway, self.owner);
                self.out.own_name(&name)?
            }
            (false, false) => self.out.own_name(&self.owner)?,
        };
        if !self.owner.is_empty() && !is_behind {
            self.part.way = sender::way(self.gateway);
        }
        Ok(())
    }

    fn part_is_new(&self) -> bool {
        self.part.name == crate::decode::decoded::DeviceName::Captured
    }

    fn end_part(&mut self) {
        let mut next = DevicePart::begin(self.out);
        next.measured_at = self.time;
        next.flags = self.flags;
        next.way = self.way;
        let part = std::mem::replace(&mut self.part, next);
        self.claimed.clear();
        if part.readings.start < self.out.readings.len() {
            part.finish(self.out);
        }
    }

    /// Ends the last part. Refusals belong to one even where no reading does.
    pub(super) fn finish(mut self) {
        self.end_part();
        if self.out.devices.is_empty() && self.out.refused_count > 0 {
            self.part.finish(self.out);
        }
    }
}

/// What stands behind the last `-` of a chip's name.
enum Suffix {
    None,
    /// One of several: a number from 1, or an address on the bus.
    Number(u16),
    /// The end of a Bluetooth address: a device of its own.
    Address,
}

fn split_suffix(chip: &str) -> (&str, Suffix) {
    let Some((name, suffix)) = chip.rsplit_once('-') else { return (chip, Suffix::None) };
    let hex = suffix.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok());
    if suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return (name, Suffix::Address);
    }
    match hex.or_else(|| suffix.parse().ok()) {
        Some(number) => (name, Suffix::Number(number)),
        None => (chip, Suffix::None),
    }
}

/// The first byte of `0500<00` or `0500!00`, and the number under `ZoneStatus`.
fn zone_status(key: &str, scalar: &Scalar<'_>) -> Option<u64> {
    match (key, scalar) {
        ("0500<00" | "0500!00", Scalar::Text(text)) => u64::from_str_radix(text.get(..2)?, 16).ok(),
        ("ZoneStatus" | "ZoneStatusChange", Scalar::Unsigned(bits)) => Some(*bits),
        _ => None,
    }
}

fn between(path: &Path, from: usize, last: usize) -> String {
    let steps: Vec<&str> = (from..=last).map(|level| path.step(level)).collect();
    if steps.is_empty() { path.step(last).to_owned() } else { steps.join("/") }
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}
