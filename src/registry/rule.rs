//! Lines with stars: each stands for many devices.

use super::{
    MAX_NAME_BYTES,
    consent::Consent,
    pattern::{Captures, Pattern, Template},
};

/// A line with a star in `device` or `source_home`.
#[derive(Debug)]
pub(super) struct Rule {
    /// `None` fits any home, and none.
    pub(super) source_home: Option<Pattern>,
    pub(super) device: Pattern,
    pub(super) tenant: Box<str>,
    pub(super) home: Template,
    /// What `home` may make.
    pub(super) homes: Pattern,
    pub(super) room: Template,
    pub(super) id: Template,
    pub(super) extras: u32,
    pub(super) consent: Consent,
}

/// What a rule makes of a device. Buffers to be used again.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) home: String,
    pub(super) room: String,
    /// Empty: a keyed hash stands for it.
    pub(super) id: String,
}

/// Whether what a rule makes can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    No,
    Yes,
    /// A name above 127 bytes.
    TooLong,
}

impl Rule {
    /// Asks the rule about a device.
    pub(super) fn ask(&self, source_home: &str, device: &str, made: &mut Made) -> Fit {
        let mut captures = Captures::default();
        let fits_home =
            self.source_home.as_ref().is_none_or(|home| home.fits(source_home, &mut captures));
        if !fits_home || !self.device.fits(device, &mut captures) {
            return Fit::No;
        }
        let mut longest = 0;
        for (template, out) in
            [(&self.home, &mut made.home), (&self.room, &mut made.room), (&self.id, &mut made.id)]
        {
            out.clear();
            template.write(&captures, out);
            longest = longest.max(out.len());
        }
        if longest > MAX_NAME_BYTES { Fit::TooLong } else { Fit::Yes }
    }

    /// May it make this home?
    pub(super) fn may_make(&self, tenant: &str, home: &str) -> bool {
        *self.tenant == *tenant && self.homes.fits(home, &mut Captures::default())
    }
}
