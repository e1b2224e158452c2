//! `trygg discover`: a configuration for what is heard on a broker.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::{
    Exit, complain,
    explain::{ended, looked_at, until_signal},
    parse::{brokers, span},
    publish::BrokerArgs,
    say, unsaid,
    words::counted,
};
use crate::{
    catalogue::Catalogue,
    engine::Apart,
    explain::{Census, CensusLimits, Heard, ListenError, Listener, Onwards, Proposal, listen},
    mqtt::{Login, SessionSettings},
    transport::Address,
};

const EXAMPLES: &str = "\
Examples:
  What is there, and how trygg would read it:
    trygg discover --broker mqtt://127.0.0.1:1883
  A configuration and a list of devices to start from, after ten minutes:
    trygg discover --for 10min --write trygg.toml --registry devices.csv
  Only one gateway, as a user:
    trygg discover --filter 'zigbee2mqtt/#' --broker mqtts://anna@broker.example \\
      --password-file anna.pass
  Filters for what a link of a configuration does not take yet:
    trygg discover --config trygg.toml --filter '#' --for 30s

It listens at QoS 0 under a name of its own and leaves nothing at the broker. What the broker
retains is heard at once; a sensor that speaks once an hour needs an hour.

Exit codes:
   0  there is a proposal
  64  wrong arguments, or a file that is there already
  75  nothing was heard or recognised, or the broker cannot be reached: try again
  78  refused for good: user, password, certificate; mistakes in the configuration";

/// What `trygg discover` is told.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DiscoverArgs {
    /// How long to listen.
    #[arg(long = "for", value_name = "TIME", value_parser = span, default_value = "60s")]
    time: Duration,
    /// What to subscribe to. May be given several times.
    #[arg(long, value_name = "FILTER", default_value = "#")]
    filter: Vec<String>,
    /// Write the configuration to this file, which must not be there yet.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Write the list of devices to this file, and name it in the configuration.
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    /// Brokers of Kafka, for the configuration.
    #[arg(long, value_name = "HOST:PORT,...", value_parser = brokers, default_value = "127.0.0.1:9092")]
    kafka: String,
    /// Listen where a link of this file does, and propose filters for it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The link of the configuration, where it has several.
    #[arg(long, value_name = "NAME", requires = "config")]
    link: Option<String>,
    #[command(flatten)]
    broker: BrokerArgs,
}

impl DiscoverArgs {
    /// Listens and proposes.
    pub fn run(self) -> Exit {
        for file in self.write.iter().chain(&self.registry) {
            if file.exists() {
                let place = file.display();
                complain(&io::Error::other(format!("{place}: is there already; name another")));
                return Exit::Usage;
            }
        }
        let link_toml = self.broker.toml("discovered");
        let (address, settings) = match self.place() {
            Ok(place) => place,
            Err(exit) => return exit,
        };
        let listener = Listener::new(address, settings, &self.filter);
        let mut census = Census::new(CensusLimits::default());
        let exit = ended(hear(&listener, self.time, &mut census));
        if exit != Exit::Done && census.messages() == 0 {
            return exit;
        }
        let proposal = Proposal::new(&census, &Arc::new(Catalogue::builtin()));
        let config = match &self.config {
            Some(_) => proposal.filters_toml(),
            None => self.configuration(&proposal, &census, &link_toml),
        };
        match self.tell(&proposal, &census, &config) {
            Ok(exit) => exit,
            Err(error) => unsaid(&error, Exit::Done),
        }
    }

    /// Where to listen, and as whom.
    fn place(&self) -> Result<(Address, SessionSettings), Exit> {
        let usage = |complaint: String| {
            complain(&io::Error::other(complaint));
            Exit::Usage
        };
        if let Some(file) = &self.config {
            let apart = Apart::new(&looked_at(file)?).map_err(|error| {
                complain(&error);
                Exit::Configuration
            })?;
            let mut links = apart.config().links.iter().map(|link| link.name.to_string());
            let link = self.link.clone().or_else(|| links.next()).unwrap_or_default();
            let place = apart.place(&link);
            let (address, settings) =
                place.ok_or_else(|| usage(format!("--link: there is no link {link}")))?;
            let client_id =
                format!("{}-discover-{:08x}", settings.client_id, rand::random::<u32>());
            return Ok((address, SessionSettings { client_id, ..settings }));
        }
        let broker = self.broker.clone().broker("discover").map_err(usage)?;
        let publisher = broker.publisher();
        let login = publisher.login.as_ref().map(|login| Login {
            username: login.username.clone(),
            password: login.password.clone(),
        });
        Ok((
            broker.address().clone(),
            SessionSettings {
                protocol: publisher.protocol,
                client_id: publisher.client_id.clone(),
                login,
                keep_alive_s: publisher.keep_alive_s,
                session_expiry_s: 0,
                receive_maximum: std::num::NonZeroU16::MAX,
                subscriptions: Vec::new(),
                allow_downgrade: true,
                connect_timeout: Duration::from_secs(10),
                subscribe_timeout: Duration::from_secs(10),
            },
        ))
    }

    fn configuration(&self, proposal: &Proposal, census: &Census, link: &str) -> String {
        let heard = counted(census.messages(), "message", "messages");
        let topics = counted(count(census.topics()), "topic", "topics");
        let kafka: Vec<String> =
            self.kafka.split(',').map(|broker| format!("\"{broker}\"")).collect();
        let registry = self.registry.as_deref().map_or(String::new(), |file| {
            let file =
                self.write.as_deref().map_or_else(|| file.to_owned(), |write| beside(write, file));
            format!("\n[registry]\nfile = {:?}\n", file.display().to_string())
        });
        format!(
            "# Proposed by trygg discover, which heard {heard} on {topics}.\n# Check it with: trygg \
             check FILE\n\n{link}\n{}[kafka]\nbrokers = [{}]\n\n# Make the key once: head -c 32 \
             /dev/urandom > identity.key && chmod 600 identity.key\n[identity]\nkey_file = \
             \"identity.key\"\n{registry}",
            proposal.filters_toml(),
            kafka.join(", "),
        )
    }

    fn tell(&self, proposal: &Proposal, census: &Census, config: &str) -> io::Result<Exit> {
        let mut err = anstream::stderr();
        report(proposal, census, self.registry.is_some(), &mut err)?;
        if proposal.is_empty() {
            return Ok(Exit::LeftWithBroker);
        }
        if let Some(file) = &self.registry {
            save(file, &proposal.registry_csv())?;
            let devices = counted(count(proposal.devices()), "device", "devices");
            writeln!(err, "wrote {} with {devices}", file.display())?;
        }
        match &self.write {
            None => Ok(say(config.as_bytes(), Exit::Done)),
            Some(file) => {
                save(file, config)?;
                let place = file.display();
                writeln!(err, "wrote {place}; next: trygg check {place}")?;
                Ok(Exit::Done)
            }
        }
    }
}

/// What was heard and what of it is understood, for people.
fn report(
    proposal: &Proposal,
    census: &Census,
    has_registry: bool,
    err: &mut dyn Write,
) -> io::Result<()> {
    let topics = counted(count(census.topics()), "topic", "topics");
    writeln!(err, "heard {} on {topics}", counted(census.messages(), "message", "messages"))?;
    for (format, (messages, topics)) in proposal.formats() {
        let messages = counted(messages, "message", "messages");
        let topics = counted(count(topics), "topic", "topics");
        writeln!(err, "  {:<14}{messages} on {topics}", format.name())?;
    }
    if census.uncounted() > 0 {
        let messages = counted(census.uncounted(), "message", "messages");
        writeln!(err, "  no room was left for {messages} of further topics: narrow --filter")?;
    }
    if census.unreadable() > 0 {
        let messages = counted(census.unreadable(), "message", "messages");
        writeln!(err, "  passed over {messages} above 1 MiB or with invalid topics")?;
    }
    let unknown = proposal.unrecognised();
    if unknown.topics > 0 {
        let topics = counted(count(unknown.topics), "topic", "topics");
        writeln!(err, "no format was recognised for {topics}, such as:")?;
        for topic in &unknown.named {
            writeln!(err, "  {topic:?}")?;
        }
        writeln!(err, "  to see why: trygg explain --topic TOPIC --payload FILE")?;
    }
    if proposal.homeless() > 0 {
        let devices = counted(count(proposal.homeless()), "device", "devices");
        let how = if has_registry {
            "the list has them under the home \"unassigned\": correct it there"
        } else {
            "list them with --registry FILE, or their readings are refused as no_home"
        };
        writeln!(err, "{devices} on topics that name no home: {how}")?;
    }
    Ok(())
}

/// Listens for a time, with a bar on a terminal.
fn hear(
    listener: &Listener,
    time: Duration,
    census: &mut Census,
) -> io::Result<Result<(), ListenError>> {
    let bar = ProgressBar::new(time.as_secs().max(1));
    let style = ProgressStyle::with_template("{bar:30} {msg}");
    let bar = style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style));
    let heard = until_signal(async |stop| {
        let over = CancellationToken::new();
        let counts = std::cell::Cell::new((0, 0));
        let mut take = |heard: Heard<'_>| {
            match heard {
                Heard::Subscribed => {}
                Heard::Message { topic, payload, .. } => census.hear(topic, payload),
                Heard::Unreadable => census.pass_over(),
            }
            counts.set((census.messages(), census.topics()));
            Onwards::Listen
        };
        let clock = async {
            let began = Instant::now();
            let mut ticks = interval(Duration::from_millis(250));
            while began.elapsed() < time && !stop.is_cancelled() {
                let (messages, topics) = counts.get();
                bar.set_position(began.elapsed().as_secs());
                bar.set_message(format!("{messages} messages, {topics} topics"));
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep_until(began + time) => {}
                }
            }
            over.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            heard = listen(listener, &over, &mut take) => heard,
            () = clock => Ok(()),
        }
    });
    bar.finish_and_clear();
    heard
}

/// A file that is not there yet.
fn save(file: &Path, text: &str) -> io::Result<()> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    let mut made = fs::File::create_new(file).map_err(named)?;
    made.write_all(text.as_bytes()).map_err(named)
}

/// How a file is named by another one.
fn beside(from: &Path, file: &Path) -> PathBuf {
    let folder = |path: &Path| path.parent().map(Path::to_owned).unwrap_or_default();
    if folder(from) == folder(file) {
        return file.file_name().map_or_else(|| file.to_owned(), PathBuf::from);
    }
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

fn count(of: usize) -> u64 {
    of.try_into().unwrap_or(u64::MAX)
}
