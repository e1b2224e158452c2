//! prost's generated types: the contract, and the oracle of tests. The hot path writes the same
//! bytes by hand (`encode`).

#![expect(missing_docs, clippy::pedantic, reason = "generated; documented in proto/")]

/// What trygg publishes.
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/trygg.v1.rs"));
}

/// What devices may publish to trygg.
pub mod device {
    /// Version 1.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/trygg.device.v1.rs"));
    }
}
