//! The demo that commands of documents are typed beside.

use super::block::Step;
use crate::support::{
    process::{self, Daemon},
    wait,
};

/// A running demo, its addresses as it prints them.
pub struct Demo {
    _daemon: Daemon,
    mqtt: String,
    kafka: String,
    admin: String,
}

impl Demo {
    pub fn start() -> Self {
        let mut command = process::command(env!("CARGO_BIN_EXE_trygg"));
        command.args(["demo", "--plain"]);
        let daemon = Daemon::start("demo", command, &process::scratch("document").join("demo.log"));
        let place = |what: &str| {
            wait::until(what, wait::SOON, || {
                let output = daemon.output();
                let line = output.lines().find_map(|line| line.trim_start().strip_prefix(what))?;
                line.split_whitespace().next().map(str::to_owned)
            })
        };
        let (mqtt, kafka, admin) = (place("MQTT"), place("Kafka"), place("Metrics"));
        let admin = admin.trim_end_matches("metrics").to_owned();
        Self { _daemon: daemon, mqtt, kafka, admin }
    }

    /// What a reader copies from its first lines.
    pub fn variables(&self) -> String {
        format!("KAFKA={}", self.kafka)
    }

    /// A command as the demo's own lines would have it: documents show the usual ports.
    pub fn addressed(&self, step: Step) -> Step {
        let mut command = step.command.replace("http://127.0.0.1:9464/", &self.admin);
        for name in ["pub", "simulate", "discover"].iter().filter(|_| self.mqtt != "127.0.0.1:1883")
        {
            let to = format!("trygg {name} --broker mqtt://{} ", self.mqtt);
            command = command.replace(&format!("trygg {name} "), &to);
        }
        Step { command, ..step }
    }
}
