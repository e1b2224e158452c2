//! What the tests stand on: real Mosquitto, real Kafka, the engine as a process, a relay that
//! counts, and the independent reader.

pub mod certificates;
pub mod door;
pub mod engine;
pub mod kafka;
pub mod load;
pub mod metrics;
pub mod mosquitto;
pub mod mqtt;
pub mod payload;
pub mod process;
pub mod reader;
pub mod relay;
pub mod site;
pub mod subscriber;
pub mod tools;
pub mod turn;
pub mod wait;
