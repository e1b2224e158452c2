//! The keys as one device has them.

use super::{OWNER, Vocabulary, Word};

/// Longest owner and key together that are looked up.
const OWNED_MAX: usize = 256;

/// A table of keys as it holds for the owners at hand, the first of them first.
pub(in crate::decode) struct Scope<'v, const OWNERS: usize> {
    vocabulary: &'v Vocabulary,
    owners: [Option<&'v str>; OWNERS],
    /// Owner and key at hand.
    owned: String,
}

impl Vocabulary {
    /// The keys for a device of these names. Most have none of their own, which is found out
    /// here once.
    pub(in crate::decode) fn scope<const OWNERS: usize>(
        &self,
        owners: [&str; OWNERS],
    ) -> Scope<'_, OWNERS> {
        let owners = owners.map(|owner| self.owners.get(owner).map(|owner| &**owner));
        Scope { vocabulary: self, owners, owned: String::new() }
    }
}

impl<'v, const OWNERS: usize> Scope<'v, OWNERS> {
    /// What a key stands for.
    pub(in crate::decode) fn find(&mut self, key: &str) -> Option<&'v Word> {
        for owner in self.owners.iter().flatten() {
            if owner.len() + key.len() >= OWNED_MAX {
                continue;
            }
            self.owned.clear();
            self.owned.push_str(owner);
            self.owned.push(OWNER);
            self.owned.push_str(key);
            if let Some(word) = self.vocabulary.find(&self.owned) {
                return Some(word);
            }
        }
        self.vocabulary.find(key)
    }
}
