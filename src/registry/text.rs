//! Names and encoded fragments of homes and devices, one after the other in one text.
//!
//! Every name has at most 127 bytes, so every length fits one byte, and encoded fragments are text
//! too.

use crate::{model::text::same, registry::MAX_NAME_BYTES};

/// Names and fragments.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// Where a device stands in a text: captured home, `/`, device; then `device` and `room` of a
/// `DeviceReport` as protobuf fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct DevicePlace {
    start: u32,
    source_home_len: u8,
    device_len: u8,
    id_len: u8,
    room_len: u8,
}

/// Where a home stands in a text: `tenant` and `home` of a `ReadingBatch` as protobuf fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct HomePlace {
    start: u32,
    tenant_len: u8,
    id_len: u8,
}

/// The texts of a device, each of at most 127 bytes.
#[derive(Clone, Copy)]
pub(super) struct DeviceTexts<'a> {
    pub(super) source_home: &'a str,
    pub(super) device: &'a str,
    pub(super) id: &'a str,
    pub(super) room: &'a str,
}

/// A device as it stands in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceText<'t> {
    /// Captured home, `/`, device.
    pub(super) name: &'t str,
    pub(super) id: &'t str,
    pub(super) room: &'t str,
    /// Encoded device and room.
    pub(super) fragment: &'t [u8],
}

/// A home as it stands in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct HomeText<'t> {
    pub(super) tenant: &'t str,
    pub(super) id: &'t str,
    /// Encoded tenant and home.
    pub(super) prefix: &'t [u8],
}

/// Tag and length before the bytes of a field.
const FIELD_HEAD: usize = 2;

/// The most a device or a home takes: nobody appends where that does not fit.
const LONGEST: usize = 4 * (MAX_NAME_BYTES + FIELD_HEAD);

impl Text {
    /// With room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Is there an offset for another device or home?
    pub(super) fn has_room(&self) -> bool {
        u32::try_from(self.0.len() + LONGEST).is_ok()
    }

    /// Appends a device.
    pub(super) fn push_device(&mut self, texts: DeviceTexts<'_>) -> DevicePlace {
        let start = offset(self.0.len());
        self.0.push_str(texts.source_home);
        self.0.push('/');
        self.0.push_str(texts.device);
        push_field(&mut self.0, 3, texts.id);
        push_field(&mut self.0, 4, texts.room);
        DevicePlace {
            start,
            source_home_len: length(texts.source_home),
            device_len: length(texts.device),
            id_len: length(texts.id),
            room_len: length(texts.room),
        }
    }

    /// Appends a home.
    pub(super) fn push_home(&mut self, tenant: &str, id: &str) -> HomePlace {
        let start = offset(self.0.len());
        push_field(&mut self.0, 1, tenant);
        push_field(&mut self.0, 2, id);
        HomePlace { start, tenant_len: length(tenant), id_len: length(id) }
    }

    /// The device at a place of this text.
    pub(super) fn device(&self, place: DevicePlace) -> Option<DeviceText<'_>> {
        let name_len = usize::from(place.source_home_len) + 1 + usize::from(place.device_len);
        let (id_len, room_len) = (usize::from(place.id_len), usize::from(place.room_len));
        let (id_head, room_head) = (field_head(id_len), field_head(room_len));
        let (name, text) = self.from(place.start).split_at_checked(name_len)?;
        let fragment = text.get(..id_head + id_len + room_head + room_len)?;
        let (id, room) = fragment.get(id_head..)?.split_at_checked(id_len)?;
        let room = room.get(room_head..)?;
        Some(DeviceText { name, id, room, fragment: fragment.as_bytes() })
    }

    /// The encoded fragment of the device at a place of this text, and nothing else of it.
    #[inline]
    pub(super) fn fragment(&self, place: DevicePlace) -> Option<&[u8]> {
        let name_len = usize::from(place.source_home_len) + 1 + usize::from(place.device_len);
        let (id_len, room_len) = (usize::from(place.id_len), usize::from(place.room_len));
        let start = usize::try_from(place.start).ok()? + name_len;
        let length = field_head(id_len) + id_len + field_head(room_len) + room_len;
        self.0.as_bytes().get(start..start + length)
    }

    /// Does the device of these very names stand at a place of this text?
    #[inline]
    pub(super) fn is_named(&self, place: DevicePlace, source_home: &str, device: &str) -> bool {
        let (home_len, device_len) =
            (usize::from(place.source_home_len), usize::from(place.device_len));
        if (home_len, device_len) != (source_home.len(), device.len()) {
            return false;
        }
        let names = usize::try_from(place.start).ok().and_then(|start| {
            let (home, rest) = self.0.as_bytes().get(start..)?.split_at_checked(home_len)?;
            Some((home, rest.get(1..=device_len)?))
        });
        // Where a filter captures no home, it is empty.
        names.is_some_and(|(home, name)| {
            same(home, source_home.as_bytes()) && name == device.as_bytes()
        })
    }

    /// Captured home and name of the device at a place of this text.
    pub(super) fn names(&self, place: DevicePlace) -> (&str, &str) {
        let text = self.from(place.start);
        let names = text.split_at_checked(usize::from(place.source_home_len));
        let names = names
            .and_then(|(home, rest)| Some((home, rest.get(1..=usize::from(place.device_len))?)));
        names.unwrap_or_default()
    }

    /// The home at a place of this text.
    pub(super) fn home(&self, place: HomePlace) -> Option<HomeText<'_>> {
        let (tenant_len, id_len) = (usize::from(place.tenant_len), usize::from(place.id_len));
        let (tenant_head, id_head) = (field_head(tenant_len), field_head(id_len));
        let prefix = self.from(place.start).get(..tenant_head + tenant_len + id_head + id_len)?;
        let (tenant, id) = prefix.get(tenant_head..)?.split_at_checked(tenant_len)?;
        Some(HomeText { tenant, id: id.get(id_head..)?, prefix: prefix.as_bytes() })
    }

    /// Bytes inside.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Bytes it holds of the machine's memory.
    pub(super) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Forgets everything and keeps the room for it.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Gives back the room that is not used.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    fn from(&self, start: u32) -> &str {
        usize::try_from(start).ok().and_then(|start| self.0.get(start..)).unwrap_or_default()
    }
}

/// Appends a text field of protobuf; empty ones are left out, as proto3 does.
pub(super) fn push_field(text: &mut String, field: u8, value: &str) {
    const LENGTH_DELIMITED: u8 = 2;
    if !value.is_empty() {
        text.push(char::from(field << 3 | LENGTH_DELIMITED));
        text.push(char::from(length(value)));
        text.push_str(value);
    }
}

/// What stands before a text of that length; empty fields are left out.
fn field_head(length: usize) -> usize {
    if length == 0 { 0 } else { FIELD_HEAD }
}

/// Length of a text of at most 127 bytes.
fn length(text: &str) -> u8 {
    u8::try_from(text.len()).unwrap_or(u8::MAX)
}

/// Nobody appends without [`Text::has_room`], or a limit far below.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
