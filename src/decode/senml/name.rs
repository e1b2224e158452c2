//! A record's name taken apart: the device, and what of it is measured.

use crate::model::text::same;

/// What may stand between a device and what it measures.
fn is_between(byte: u8) -> bool {
    matches!(byte, b'/' | b':' | b'.' | b'_' | b'-')
}

/// Does the last part of a name begin behind it?
fn is_last(byte: u8) -> bool {
    matches!(byte, b'/' | b':')
}

/// A whole name: base name and name, which are put together without anything between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name<'n> {
    pub(super) base: &'n str,
    pub(super) own: &'n str,
}

/// A name and where its last part begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'n> {
    name: Name<'n>,
    /// The half of it that ends it.
    end: &'n str,
    last: usize,
}

impl<'n> Parts<'n> {
    /// Its last part.
    pub(super) fn last(self) -> &'n str {
        self.end.get(self.last..).unwrap_or_default()
    }

    /// Its last two parts, where a `/` stands between them: `bed/occupied`.
    pub(super) fn last_two(self) -> Option<&'n str> {
        let before = self.end.get(..self.last)?.strip_suffix('/')?;
        self.end.get(behind(before, is_last)..)
    }

    /// The name without its last part and what stands before that.
    pub(super) fn without_last(self) -> Name<'n> {
        let head = trimmed(self.end.get(..self.last).unwrap_or_default());
        match (self.name, head) {
            (Name { own: "", .. }, head) => Name { base: head, own: "" },
            (Name { base, .. }, "") => Name { base: trimmed(base), own: "" },
            (Name { base, .. }, own) => Name { base, own },
        }
    }
}

/// Where what follows the last such byte begins.
fn behind(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().rposition(is).map_or(0, |at| at + 1)
}

/// Without what may stand between, at its end.
fn trimmed(text: &str) -> &str {
    text.get(..behind(text, |byte| !is_between(byte))).unwrap_or(text)
}

impl<'n> Name<'n> {
    pub(super) fn parts(self) -> Parts<'n> {
        let end = if self.own.is_empty() { self.base } else { self.own };
        let last =
            component(end).map_or_else(|| behind(end, is_last), |last| end.len() - last.len());
        Parts { name: self, end, last }
    }

    /// The name without separators at its end, which a base name mostly has.
    pub(super) fn trimmed(self) -> Self {
        match trimmed(self.own) {
            "" => Self { base: trimmed(self.base), own: "" },
            own => Self { base: self.base, own },
        }
    }

    /// Is it the name that both parts make?
    pub(super) fn is(self, name: &str) -> bool {
        name.as_bytes().split_at_checked(self.base.len()).is_some_and(|(base, own)| {
            same(base, self.base.as_bytes()) && same(own, self.own.as_bytes())
        })
    }

    /// Is its own part fit to stand behind a base?
    pub(super) fn goes_on(self) -> bool {
        self.own.bytes().all(is_letter)
    }

    /// Letters, digits and `-:./_`, the first of them a letter or digit. An empty one is left to
    /// the topic.
    pub(super) fn is_legal(self) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric();
        let first = self.base.bytes().next().or_else(|| self.own.bytes().next());
        first.is_none_or(is_plain) && self.base.bytes().all(is_letter) && self.goes_on()
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b':' | b'.' | b'/' | b'_')
}

/// What stands behind a device's own URN: `temp` of `urn:dev:ow:10e2073a_temp` (RFC 9039).
fn component(name: &str) -> Option<&str> {
    let (_, id) = name.strip_prefix("urn:dev:")?.split_once(':')?;
    let (_, component) = id.split_once('_')?;
    (!id.bytes().any(is_last)).then_some(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_device_and_what_it_measures() {
        for (base, own, last, device) in [
            ("urn:dev:ow:10e2:", "temp", "temp", "urn:dev:ow:10e2"),
            ("2001:db8::2/", "temp", "temp", "2001:db8::2"),
            ("bed7", "temp", "temp", "bed7"),
            ("home/", "bed/temp", "temp", "home/bed"),
            ("", "bed/temp", "temp", "bed"),
            ("", "urn:dev:ow:10e2_temp", "temp", "urn:dev:ow:10e2"),
            ("urn:dev:ow:10e2_", "temp", "temp", "urn:dev:ow:10e2"),
            ("", "urn:dev:ow:10e2/body_temp", "body_temp", "urn:dev:ow:10e2"),
            ("home/temp", "", "temp", "home"),
            ("", "temp", "temp", ""),
            ("", "", "", ""),
        ] {
            let name = Name { base, own };
            let parts = name.parts();
            assert_eq!((parts.last(), parts.without_last().is(device)), (last, true), "{name:?}");
        }
    }

    #[test]
    fn two_parts_belong_together_behind_a_slash() {
        for (base, own, two, trimmed) in [
            ("home:", "bed/occupied", Some("bed/occupied"), "home:bed/occupied"),
            ("", "urn:dev:ow:1/bed/occupied", Some("bed/occupied"), "urn:dev:ow:1/bed/occupied"),
            ("", "ow:1/temp", Some("1/temp"), "ow:1/temp"),
            ("ow:1:", "", None, "ow:1"),
            ("ow:1:", "temp_", None, "ow:1:temp"),
            ("", "/", Some("/"), ""),
        ] {
            let name = Name { base, own };
            assert_eq!(
                (name.parts().last_two(), name.trimmed().is(trimmed)),
                (two, true),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_name_is_both_parts_and_no_more() {
        let is = |base, own, name| Name { base, own }.is(name);
        for (base, own) in [("", ""), ("a", ""), ("", "a"), ("a", "b")] {
            let whole = [base, own].concat();
            for name in ["", "a", "b", "ab", "abc", "ac"] {
                assert_eq!(is(base, own, name), name == whole, "{base} {own} {name}");
            }
        }
    }

    #[test]
    fn names_have_an_alphabet() {
        let legal = |base, own| Name { base, own }.is_legal();
        assert!(legal("urn:dev:mac:0b-92", "/a.b_c") && legal("", "7") && legal("", ""));
        assert!(!legal(":a", "") && !legal("", "_a") && !legal("a b", "") && !legal("a", "\u{e5}"));
    }
}
