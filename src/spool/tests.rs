//! What the spool promises, on a disk in memory and on a real one.

mod faults;
mod limits;
mod model;
mod refusals;
mod smoke;
mod system;
mod world;
