//! What is heard on a broker, as a proposal for a configuration.

mod census;
mod group;
mod levels;
mod proposal;

pub use self::{
    census::{Census, CensusLimits},
    proposal::{Proposal, Unrecognised},
};
