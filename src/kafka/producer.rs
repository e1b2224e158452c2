//! The producer, and its replacement when librdkafka declares it dead.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use thiserror::Error;

use super::{
    delivery::{ClientState, Delivery, LOGIN_RENEWED, Opaque},
    failure::Failure,
    mailbox::{Mailbox, Ticket},
    probe,
    settings::{Grouping, KafkaSettings},
    topics::{self, TopicError},
    trouble::Trouble,
};
use crate::record::Record;

/// Why Kafka could not be connected to.
#[derive(Debug, Error)]
pub enum KafkaError {
    /// librdkafka refuses the configuration.
    #[error("librdkafka refuses the configuration: {0}")]
    Configuration(rdkafka::error::KafkaError),
    /// Topics are missing or Kafka does not answer.
    #[error(transparent)]
    Topics(#[from] TopicError),
}

/// The engine's connection to Kafka: one for all links.
#[derive(Debug)]
pub struct Kafka {
    settings: KafkaSettings,
    partitions: [i32; 3],
    mailboxes: Arc<[Arc<Mailbox>]>,
    state: Arc<ClientState>,
    current: ArcSwap<Generation>,
    /// Generation whose predecessors are all gone.
    settled: AtomicU16,
}

/// One life of the producer.
struct Generation {
    number: u16,
    batched: ThreadedProducer<Delivery>,
    single: OnceLock<ThreadedProducer<Delivery>>,
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Kafka {
    /// Makes the producer, checks (or creates) the topics. `links` mailboxes are made.
    ///
    /// # Errors
    /// When librdkafka refuses its configuration, Kafka does not answer in time, or a topic is
    /// missing.
    pub async fn connect(settings: KafkaSettings, links: usize) -> Result<Arc<Self>, KafkaError> {
        const { assert!(usize::BITS == 64, "the opaque packs 64 bits") };
        let mut kafka = Self::unasked(settings, links)?;
        let generation = kafka.current.load_full();
        kafka.partitions =
            topics::ensure(&generation.batched, &kafka.settings, &kafka.state).await?;
        kafka.state.forget_trouble();
        Ok(Arc::new(kafka))
    }

    /// Makes the producer for a Kafka that is away, with the partitions its topics had.
    ///
    /// # Errors
    /// When librdkafka refuses its configuration.
    pub fn remembered(
        settings: KafkaSettings,
        links: usize,
        partitions: [i32; 3],
    ) -> Result<Arc<Self>, KafkaError> {
        let kafka = Self { partitions, ..Self::unasked(settings, links)? };
        // Until a broker answers.
        kafka.state.all_brokers_down.store(true, Ordering::Release);
        Ok(Arc::new(kafka))
    }

    /// Makes the producer. How many partitions there are is not known yet.
    fn unasked(settings: KafkaSettings, links: usize) -> Result<Self, KafkaError> {
        let mailboxes: Arc<[Arc<Mailbox>]> = (0..links).map(|_| Arc::default()).collect();
        let state = Arc::new(ClientState::default());
        let batched = producer(&settings, Grouping::Batched, &mailboxes, &state)
            .map_err(KafkaError::Configuration)?;
        let generation = Generation { number: 0, batched, single: OnceLock::new() };
        Ok(Self {
            settings,
            partitions: [0; 3],
            mailboxes,
            state,
            current: ArcSwap::from_pointee(generation),
            settled: AtomicU16::new(0),
        })
    }

    /// Asks Kafka for the partitions of the topics, briefly; creates none. Blocks: not for tasks.
    ///
    /// # Errors
    /// When Kafka does not answer, a topic is missing, or the user may not see it.
    pub fn look(&self) -> Result<[i32; 3], TopicError> {
        let settings =
            KafkaSettings { metadata_timeout: LOOK, create: None, ..self.settings.clone() };
        topics::look(&settings)
    }

    /// Partitions of each lane's topic, fixed at start.
    pub fn partitions(&self) -> [i32; 3] {
        self.partitions
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &KafkaSettings {
        &self.settings
    }

    /// Health and statistics.
    pub fn state(&self) -> &Arc<ClientState> {
        &self.state
    }

    /// What keeps a broker from being used, where something does.
    pub async fn trouble(&self) -> Option<Trouble> {
        probe::trouble(&self.settings.connection, &self.state).await
    }

    /// Logs in anew when a password was replaced: the producer is, too.
    pub async fn renew_login(&self) -> bool {
        let connection = self.settings.connection.clone();
        let looked = tokio::task::spawn_blocking(move || connection.has_new_credentials()).await;
        let is_new = looked.unwrap_or(false);
        if is_new {
            self.state.raise_fatal(LOGIN_RENEWED);
        }
        is_new
    }

    /// The hand of one link.
    pub fn link(self: &Arc<Self>, link: u16) -> LinkProducer {
        let mailbox = self.mailboxes.get(usize::from(link)).map(Arc::clone).unwrap_or_default();
        LinkProducer { kafka: Arc::clone(self), mailbox, link }
    }

    /// Replaces a dead producer. Every record it held is reported as unknown, so that its link
    /// sends it again, in order, through the new one. Blocks for up to a second: not for tasks.
    ///
    /// # Errors
    /// When librdkafka refuses to make another producer.
    pub fn rebuild(&self) -> Result<(), KafkaError> {
        let batched = producer(&self.settings, Grouping::Batched, &self.mailboxes, &self.state)
            .map_err(KafkaError::Configuration)?;
        let number = self.current.load().number.wrapping_add(1);
        let next = Generation { number, batched, single: OnceLock::new() };
        let mut old = self.current.swap(Arc::new(next));
        // Links hold the old one for the length of a send. Its end purges and reports what it
        // held, which must not happen on a link's task.
        for _ in 0..RELEASE_TRIES {
            match Arc::try_unwrap(old) {
                Ok(generation) => {
                    drop(generation);
                    break;
                }
                Err(shared) => old = shared,
            }
            std::thread::park_timeout(RELEASE_PAUSE);
        }
        // Whatever was raised meanwhile was meant for the old one. If the new one has died by
        // now, the next send says so.
        self.state.clear_fatal();
        self.settled.store(number, Ordering::Release);
        Ok(())
    }

    /// Gives up on everything librdkafka holds, at the shutdown deadline: each record is
    /// reported as unknown.
    pub fn purge(&self) {
        let flags = || rdkafka::producer::PurgeConfig::default().queue().inflight();
        let current = self.current.load();
        current.batched.purge(flags());
        if let Some(single) = current.single.get() {
            single.purge(flags());
        }
    }

    /// Generation of which every predecessor is gone: their reports will not come any more.
    pub fn settled_generation(&self) -> u16 {
        self.settled.load(Ordering::Acquire)
    }

    fn send(
        &self,
        link: u16,
        record: u32,
        grouping: Grouping,
        behind: Option<u16>,
        content: &Record,
    ) -> Result<Ticket, Failure> {
        let current = self.current.load();
        if behind.is_some_and(|generation| generation != current.number) {
            return Err(Failure::PRODUCER_LOST);
        }
        let producer = match grouping {
            Grouping::Batched => &current.batched,
            Grouping::Single => current.single(self)?,
        };
        let ticket = Ticket { record, generation: current.number };
        let opaque = Opaque { link, ticket };
        let topic = self.settings.topic(content.to.lane);
        let record = BaseRecord::with_opaque_to(topic, opaque.pack())
            .partition(content.to.partition)
            .key(content.key.as_slice())
            .payload(content.value.as_slice())
            .timestamp(content.timestamp.0.div_euclid(1_000));
        producer.send(record).map(|()| ticket).map_err(|(error, _)| {
            let failure = Failure::from(&error);
            if failure.code == "fatal" {
                self.state.raise_fatal(failure.code);
            }
            failure
        })
    }
}

/// How long a look at the topics may take.
const LOOK: Duration = Duration::from_secs(2);
const RELEASE_TRIES: u32 = 1_000;
const RELEASE_PAUSE: Duration = Duration::from_millis(1);

impl Generation {
    fn single(&self, kafka: &Kafka) -> Result<&ThreadedProducer<Delivery>, Failure> {
        if let Some(single) = self.single.get() {
            return Ok(single);
        }
        let made = producer(&kafka.settings, Grouping::Single, &kafka.mailboxes, &kafka.state)
            .map_err(|error| Failure::from(&error))?;
        Ok(self.single.get_or_init(|| made))
    }
}

fn producer(
    settings: &KafkaSettings,
    grouping: Grouping,
    mailboxes: &Arc<[Arc<Mailbox>]>,
    state: &Arc<ClientState>,
) -> Result<ThreadedProducer<Delivery>, rdkafka::error::KafkaError> {
    let context = Delivery {
        mailboxes: Arc::clone(mailboxes),
        state: Arc::clone(state),
        token: settings.connection.security.token().cloned(),
        grouping,
        implied: Mutex::default(),
    };
    let config = settings.client_config(grouping);
    let made = config.create_with_context(context)?;
    match grouping {
        Grouping::Batched => settings.connection.set_in_use(&config),
        Grouping::Single => {}
    }
    Ok(made)
}

/// One link's way to Kafka.
#[derive(Clone, Debug)]
pub struct LinkProducer {
    kafka: Arc<Kafka>,
    mailbox: Arc<Mailbox>,
    link: u16,
}

impl LinkProducer {
    /// Where this link's reports arrive.
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Hands a record to librdkafka, which copies it. Never waits. `behind`: generation its
    /// predecessors are with, which must still be the present one.
    ///
    /// # Errors
    /// When librdkafka does not take it: the record stays with the caller.
    pub fn send(
        &self,
        index: u32,
        grouping: Grouping,
        behind: Option<u16>,
        record: &Record,
    ) -> Result<Ticket, Failure> {
        self.kafka.send(self.link, index, grouping, behind, record)
    }

    /// See [`Kafka::settled_generation`].
    pub fn settled_generation(&self) -> u16 {
        self.kafka.settled_generation()
    }
}
