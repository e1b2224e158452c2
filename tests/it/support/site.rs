//! A whole test bed: Mosquitto, relay, Kafka topics, and what it takes to start the engine.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    engine::{Config, Engine, Link},
    kafka::Kafka,
    mosquitto::Mosquitto,
    mqtt::Publisher,
    process,
    reader::{Reader, Seen},
    relay::Relay,
    tools::Tools,
    wait,
};

/// Partitions of a test's topics.
const PARTITIONS: u32 = 4;

/// Where the homes of the tests publish, with the format that belongs there.
const FILTERS: [(&str, &str); 3] = [
    ("homes/{home}/zigbee2mqtt/{device...}", "zigbee2mqtt"),
    ("homes/{home}/json/{device}", "json"),
    ("homes/{home}/protobuf/{device}", "protobuf"),
];

/// One test's brokers, topics and configuration.
pub struct Site {
    pub tools: &'static Tools,
    pub mosquitto: Mosquitto,
    pub relay: Relay,
    pub kafka: Arc<Kafka>,
    pub config: Config,
}

impl Site {
    /// With the Kafka all light tests share.
    pub fn open(tools: &'static Tools) -> Self {
        Self::on(tools, Kafka::shared(tools))
    }

    /// With a Kafka of the test's own choice.
    pub fn on(tools: &'static Tools, kafka: Arc<Kafka>) -> Self {
        Self::with(tools, kafka, Mosquitto::start(tools))
    }

    /// With a Mosquitto of the test's own choice too.
    pub fn with(tools: &'static Tools, kafka: Arc<Kafka>, mosquitto: Mosquitto) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let prefix = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let relay = Relay::start(mosquitto.port);
        let link = Link {
            name: "main",
            port: relay.port,
            client_id: "trygg-it".to_owned(),
            filters: FILTERS.iter().map(|&(topic, format)| (topic.to_owned(), format)).collect(),
            more: String::new(),
        };
        let config = Config {
            brokers: kafka.brokers(),
            readings: format!("{prefix}.readings"),
            alerts: format!("{prefix}.alerts"),
            dead_letters: format!("{prefix}.dead-letters"),
            links: vec![link],
            kafka: String::new(),
            spool: format!("directory = \"{}\"\n", process::scratch("spool").display()),
            sections: String::new(),
            admin_port: process::free_port(),
        };
        Self { tools, mosquitto, relay, kafka, config }
    }

    /// The only link of most tests.
    pub fn link(&mut self) -> &mut Link {
        &mut self.config.links[0]
    }

    /// Creates the three topics.
    pub fn create_topics(&self) {
        for topic in [&self.config.readings, &self.config.alerts, &self.config.dead_letters] {
            self.kafka.create_topic(topic, PARTITIONS, &[]);
        }
    }

    /// Starts an engine with this configuration and waits until it is ready.
    pub fn engine(&self) -> Engine {
        let mut engine = Engine::start(&self.config);
        engine.wait_until_ready();
        engine
    }

    /// Creates the topics and starts the engine.
    pub fn up(&self) -> Engine {
        self.create_topics();
        self.engine()
    }

    /// A publisher at Mosquitto, past the relay.
    pub fn publisher(&self) -> Publisher {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Publisher::connect(self.mosquitto.port, &format!("homes-{number}"))
    }

    /// The independent reader on all three topics.
    pub fn reader(&self) -> Reader {
        Reader::follow(self.tools, &self.kafka, &self.topics())
    }

    /// Everything that stands in the three topics now.
    pub fn read_all(&self) -> Seen {
        Reader::read_all(self.tools, &self.kafka, &self.topics())
    }

    /// Waits until every message tagged 0 to `count` has been acknowledged in some connection.
    pub fn wait_until_tags_acknowledged(&self, count: u64) {
        let what = format!("{count} tags acknowledged");
        let mut last = 0;
        // As long as it takes, while it moves.
        while self.relay.acknowledged_tags() < count {
            last = wait::until(&what, wait::SOON, || {
                let now = self.relay.acknowledged_tags();
                (now > last || now >= count).then_some(now)
            });
        }
        wait::until("none outstanding", wait::SOON, || {
            (self.relay.outstanding() == 0).then_some(())
        });
    }

    fn topics(&self) -> [&str; 3] {
        [&self.config.readings, &self.config.alerts, &self.config.dead_letters]
    }

    /// Waits until the engine has acknowledged everything it was sent, `count` messages at least.
    pub fn wait_until_acknowledged(&self, count: u64) {
        let what = format!("{count} messages acknowledged and none outstanding");
        wait::until(&what, wait::SOON, || {
            (self.relay.acknowledged() >= count && self.relay.outstanding() == 0).then_some(())
        });
    }
}
