//! Proof that somebody else now holds the data.

/// Proof that a record is stored. Made in `kafka/delivery.rs` and `spool/tidings.rs` and nowhere
/// else (clippy's `disallowed-methods` names `Receipt::new`; the simulation's sink is the test
/// exception).
#[derive(Debug)]
pub struct Receipt {
    private: (),
}

impl Receipt {
    /// Call only where all in-sync replicas have confirmed the record, or fsync has returned.
    pub(crate) fn new() -> Self {
        Self { private: () }
    }

    /// The proof covers one record; consuming it here keeps it from covering two.
    pub(crate) fn spend(self) {
        let Self { private: () } = self;
    }
}
