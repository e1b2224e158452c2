//! What the spool promises, on a disk in memory and on a real one.

mod faults;
mod model;
mod smoke;
mod world;
