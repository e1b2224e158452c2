//! The demo's configuration: what an operator would write, with the demo's ports in it.

use std::{
    io::{self, Write},
    path::Path,
};

use super::broker::{EmbeddedBroker, IN_FLIGHT};
use crate::{
    config::{Config, ConfigErrors},
    testbed::filters_toml,
};

/// The topics, by trygg's default names.
pub(super) const TOPICS: [&str; 3] = ["trygg.readings", "trygg.alerts", "trygg.dead-letters"];
/// Partitions of each topic.
pub(super) const PARTITIONS: i32 = 4;

/// The configuration as text. Durations are short because everything is near.
pub(super) fn text(broker: EmbeddedBroker, kafka: &str, admin: u16) -> String {
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
         [spool]\n\
         ack = \"kafka\"\n\
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

/// Where everything is, and what to type into another terminal.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) addresses: Vec<(&'static str, String)>,
    pub(super) commands: Vec<String>,
}

impl Places {
    pub(super) fn new(broker: EmbeddedBroker, kafka: &str, admin: u16) -> Self {
        const TOPIC: &str = "homes/me/zigbee2mqtt/door";
        const MESSAGE: &str = "'{\"contact\":false}'";
        let EmbeddedBroker { v5, v311 } = broker;
        // trygg's defaults need no option.
        let to =
            if v5 == 1883 { String::new() } else { format!("--broker mqtt://127.0.0.1:{v5} ") };
        Self {
            addresses: vec![
                ("MQTT", format!("127.0.0.1:{v5} (MQTT 5), 127.0.0.1:{v311} (MQTT 3.1.1)")),
                ("Kafka", kafka.to_owned()),
                ("Metrics", format!("http://127.0.0.1:{admin}/metrics")),
            ],
            commands: vec![
                format!("trygg pub {to}--topic {TOPIC} --message {MESSAGE}"),
                format!("mosquitto_pub -p {v311} -q 1 -t {TOPIC} -m {MESSAGE}"),
                format!("trygg tail --brokers {kafka}"),
            ],
        }
    }

    /// The commands in lines of at most `width` characters, a long one in two that the shell takes
    /// as one.
    pub(super) fn commands_within(&self, width: usize) -> Vec<String> {
        let commands = self.commands.iter();
        commands
            .flat_map(|command| match command.split_once(" --topic ") {
                Some((first, rest)) if command.len() > width => {
                    vec![format!("{first} \\"), format!("    --topic {rest}")]
                }
                Some(_) | None => vec![command.clone()],
            })
            .collect()
    }

    /// As text.
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "trygg demo")?;
        for (what, place) in &self.addresses {
            writeln!(out, "  {what:<9}{place}")?;
        }
        writeln!(out, "Try it, in another terminal:")?;
        for command in &self.commands {
            writeln!(out, "  {command}")?;
        }
        writeln!(out)?;
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_of_the_demo_is_valid() {
        let broker = EmbeddedBroker { v5: 1883, v311: 1884 };
        let config = config(&text(broker, "127.0.0.1:9092", 9464)).unwrap();
        assert_eq!(config.links.len(), 1);
        assert_eq!(config.kafka.brokers, ["127.0.0.1:9092"]);
    }

    #[test]
    fn a_command_too_long_for_the_terminal_goes_on_in_the_next_line() {
        let places = Places::new(EmbeddedBroker { v5: 39_359, v311: 1884 }, "127.0.0.1:9092", 1);
        assert_eq!(places.commands_within(200), places.commands);
        let lines = places.commands_within(80);
        assert_eq!(lines[0], "trygg pub --broker mqtt://127.0.0.1:39359 \\");
        assert!(lines[1].starts_with("    --topic homes/"), "{lines:?}");
        assert!(lines.iter().all(|line| line.len() <= 80), "{lines:?}");
    }
}
