//! What the spool promises, on a disk in memory and on a real one.

mod smoke;
