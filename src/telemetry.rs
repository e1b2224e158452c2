//! What operators see: logs, metrics, health, and the address that shows them.

pub mod admin;
pub mod forecast;
pub mod health;
pub mod logging;
pub mod metrics;
