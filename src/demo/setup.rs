//! The demo's configuration: what an operator would write, with the demo's ports in it.

use std::path::Path;

use super::broker::{EmbeddedBroker, IN_FLIGHT};
use crate::{
    config::{Config, ConfigErrors},
    testbed::filters_toml,
};

/// Partitions of each topic.
pub(super) const PARTITIONS: i32 = 4;

/// The configuration as text. Durations are short because everything is near.
pub(super) fn text(broker: &EmbeddedBroker, kafka: &str, admin: u16) -> String {
    let port = broker.v5;
    let filters = filters_toml();
    format!(
        "[engine]\n\
         shutdown_deadline = \"1s\"\n\
         [[link]]\n\
         name = \"demo\"\n\
         host = \"127.0.0.1\"\n\
         port = {port}\n\
         client_id = \"trygg-demo\"\n\
         receive_maximum = {IN_FLIGHT}\n\
         broker_statistics = false\n\
         allow_downgrade = true\n\
         {filters}\
         [kafka]\n\
         brokers = [\"{kafka}\"]\n\
         [identity]\n\
         clear_names = true\n\
         [admin]\n\
         listen = \"127.0.0.1:{admin}\"\n"
    )
}

/// The same, checked.
pub(super) fn config(text: &str) -> Result<Config, ConfigErrors> {
    Config::parse(Path::new("demo.toml"), text, |_variable| None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_of_the_demo_is_valid() {
        let broker = EmbeddedBroker { v5: 1883, v311: 1884 };
        let config = config(&text(&broker, "127.0.0.1:9092", 9464)).unwrap();
        assert_eq!(config.links.len(), 1);
        assert_eq!(config.kafka.brokers, ["127.0.0.1:9092"]);
    }
}
