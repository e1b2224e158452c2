//! What no section can see alone: names that must be unique, values that must fit together.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{
    Config, Note,
    document::{Document, Mistake, Spot, nearest},
    link::{Format, LinkSpots},
    mapping::MappingName,
    setting::{Setting, Size, quoted},
    spool::{Ack, SpoolSpots},
};
use crate::{catalogue::Kind, decode, registry::Identity};

/// Where the values stand that take part in checks across sections.
pub(super) struct Spots {
    pub(super) links: Vec<LinkSpots>,
    pub(super) mappings: Vec<MappingName>,
    pub(super) spool: SpoolSpots,
    pub(super) linger: Spot,
    pub(super) admin: Spot,
}

/// A lone reading waits for both lingers and a round trip; an age limit nearer than this would
/// close healthy connections.
const AGE_OVER_LINGER: u32 = 10;

/// Dead letters get a tenth of the spool, and one of them has to fit beside what its log needs.
const DEAD_LETTER_SHARE: usize = 10;
const DEAD_LETTER_EXTRA: Size = Size::kib(8);

/// A record waits for company before it waits for Kafka.
const AFTER_OVER_LINGER: u32 = 4;

/// Refuses what does not fit together.
pub(super) fn check(config: &Config, spots: &Spots, document: &Document<'_>) {
    check_links(config, spots, document);
    check_names(spots, document);
    check_formats(config, spots, document);
    check_ports(config, spots, document);
    check_spool(config, spots, document);
    check_sizes(config, spots, document);
}

/// The admin server cannot listen where a broker does.
fn check_ports(config: &Config, spots: &Spots, document: &Document<'_>) {
    let listen = config.admin.listen;
    let is_here = |host: &str, port: u16| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_same = address.is_ok_and(|address| address == listen.ip());
        port == listen.port() && (is_same || (is_loopback(host) && listen.ip().is_loopback()))
    };
    let link = config.links.iter().any(|link| is_here(&link.host, link.port));
    let kafka = config.kafka.brokers.iter().filter_map(|broker| broker.rsplit_once(':'));
    let mut kafka = kafka.filter_map(|(host, port)| Some((host, port.parse().ok()?)));
    if link || kafka.any(|(host, port)| is_here(host, port)) {
        let fix = "choose another port, such as 9464";
        let mistake = Mistake::new("a port that no broker of this file has", fix);
        let key = "admin.listen";
        document.refuse(&spots.admin, key, mistake.found(listen.to_string()));
    }
}

fn check_links(config: &Config, spots: &Spots, document: &Document<'_>) {
    let least_age = lingers(config) * AGE_OVER_LINGER;
    for (index, (link, spots)) in config.links.iter().zip(&spots.links).enumerate() {
        let earlier = || config.links.iter().take(index);
        if !link.name.is_empty() && earlier().any(|other| other.name == link.name) {
            let mistake = Mistake::new("a name no other link has", "rename one of them");
            document.refuse(&spots.name, "link.name", mistake.found(format!("{:?}", link.name)));
        }
        let same_session = earlier().find(|other| {
            other.client_id == link.client_id
                && other.host.eq_ignore_ascii_case(&link.host)
                && other.port == link.port
        });
        if let (Some(other), false) = (same_session, link.client_id.is_empty()) {
            let expected = format!("a client id of its own (link {} uses this one)", other.name);
            let fix = "give each link at a broker its own client_id: they would take over each \
                       other's session in turns";
            let mistake = Mistake::new(expected, fix).found(quoted(&link.client_id));
            document.refuse(&spots.client_id, "link.client_id", mistake);
        }
        if link.max_age < least_age {
            let expected = format!(
                "at least {} ms: {AGE_OVER_LINGER} times batch.linger and kafka.linger",
                least_age.as_millis()
            );
            let fix = "raise max_age, or lower the lingers";
            let mistake = Mistake::new(expected, fix).found(link.max_age.show());
            document.refuse(&spots.max_age, "link.max_age", mistake);
        }
    }
}

/// A link that is closed for its age before the spool takes over is closed for nothing.
fn check_spool(config: &Config, spots: &Spots, document: &Document<'_>) {
    let after = config.spool.after;
    let least_age = lingers(config) * AGE_OVER_LINGER;
    if config.spool.ack == Ack::Kafka {
        return;
    }
    for (link, places) in config.links.iter().zip(&spots.links) {
        // An age that is too short anyway has been refused.
        if link.max_age > after || link.max_age < least_age {
            continue;
        }
        if let Some(spot) = &spots.spool.after {
            let expected =
                format!("less than max_age of link {} ({})", link.name, link.max_age.show());
            let fix = "lower after, or raise the link's max_age";
            let mistake = Mistake::new(expected, fix).found(after.show());
            document.refuse(spot, "spool.after", mistake);
        } else {
            let expected = format!("more than spool.after ({})", after.show());
            let fix = "raise max_age, or write [spool] after = \"500ms\"";
            let mistake = Mistake::new(expected, fix).found(link.max_age.show());
            document.refuse(&places.max_age, "link.max_age", mistake);
        }
    }
}

/// A dead letter that never fits would stop its link for good, and a spool that takes over while
/// batches are still gathered would take everything.
fn check_sizes(config: &Config, spots: &Spots, document: &Document<'_>) {
    if config.spool.ack == Ack::Kafka {
        return;
    }
    let dead_letter = config.kafka.dead_letter_max_bytes.bytes() + DEAD_LETTER_EXTRA.bytes();
    let least = Size::kib((dead_letter * DEAD_LETTER_SHARE).div_ceil(1024));
    if config.spool.max_bytes < least {
        let expected = format!(
            "at least {}: {DEAD_LETTER_SHARE} times kafka.dead_letter_max_bytes and {} more",
            least.show(),
            DEAD_LETTER_EXTRA.show()
        );
        let fix = "raise max_bytes, or lower kafka.dead_letter_max_bytes";
        let mistake = Mistake::new(expected, fix).found(config.spool.max_bytes.show());
        document.refuse(&spots.spool.max_bytes, "spool.max_bytes", mistake);
    }
    let (after, linger) = (config.spool.after, config.batch.linger);
    if after >= linger * AFTER_OVER_LINGER {
        return;
    }
    if let Some(spot) = &spots.spool.after {
        let least = (linger * AFTER_OVER_LINGER).as_millis();
        let expected = format!("at least {least} ms: {AFTER_OVER_LINGER} times batch.linger");
        let mistake = Mistake::new(expected, "raise after, or lower batch.linger");
        document.refuse(spot, "spool.after", mistake.found(after.show()));
    } else {
        let most = (after / AFTER_OVER_LINGER).as_millis();
        let expected = format!("at most {most} ms: a quarter of spool.after");
        let fix = "lower linger, or write [spool] after = \"20s\"";
        let mistake = Mistake::new(expected, fix).found(linger.show());
        document.refuse(&spots.linger, "batch.linger", mistake);
    }
}

/// How long a reading waits for company at most.
fn lingers(config: &Config) -> Duration {
    config.batch.linger + config.kafka.linger.unwrap_or(Duration::from_millis(5))
}

fn check_names(spots: &Spots, document: &Document<'_>) {
    let mappings = spots.mappings.iter().map(|mapping| (mapping.name.as_str(), &mapping.spot));
    refuse_repeated(mappings, "mapping.name", document);
}

/// A second kind of one name would silently change the first.
pub(super) fn refuse_repeated_kinds(kinds: &[(Kind, Spot)], document: &Document<'_>) {
    let names = kinds.iter().map(|(kind, spot)| (&*kind.name, spot));
    refuse_repeated(names, "kind.name", document);
}

fn refuse_repeated<'a>(
    names: impl Iterator<Item = (&'a str, &'a Spot)>,
    key: &str,
    document: &Document<'_>,
) {
    let mut seen: Vec<&str> = Vec::new();
    for (name, spot) in names {
        if !name.is_empty() && seen.contains(&name) {
            let mistake = Mistake::new("a name used once", "rename one of them");
            document.refuse(spot, key, mistake.found(format!("{name:?}")));
        }
        seen.push(name);
    }
}

fn check_formats(config: &Config, spots: &Spots, document: &Document<'_>) {
    for (link, places) in config.links.iter().zip(&spots.links) {
        for (filter, spot) in link.filters.iter().zip(&places.formats) {
            let Format::Mapping(name) = &filter.format else { continue };
            if spots.mappings.iter().any(|mapping| mapping.name == *name) {
                continue;
            }
            let known = spots.mappings.iter().map(|mapping| mapping.name.as_str());
            let known: Vec<&str> = Format::BUILT_IN.into_iter().chain(known).collect();
            let expected = format!("one of {}", known.join(", "));
            let fix = format!("correct the name, or add [[mapping]] name = {name:?}");
            let nearest = nearest(name, known).map(|name| quoted(&name));
            let mistake = Mistake::new(expected, fix).found(quoted(name)).or_nearest(nearest);
            document.refuse(spot, "link.filter.format", mistake);
        }
    }
}

/// Below this window a linger decides the throughput.
const SMALL_WINDOW: u16 = 100;

/// Below this share of the bytes a window is never full.
const FEW_BYTES: usize = 256;

/// A record may become twice as large as its batch; topics take 1 MiB unless told otherwise.
const LARGE_BATCH: Size = Size::kib(512);

/// Most supervisors kill after this time.
const GRACE: Duration = Duration::from_secs(30);

/// What is allowed and still worth a word.
pub(super) fn notes(config: &Config, spots: &Spots) -> Vec<Note> {
    let mut notes = Vec::new();
    if matches!(config.identity, Identity::ClearNames) {
        notes.push(Note::ClearNames);
    }
    for link in &config.links {
        if link.receive_maximum < SMALL_WINDOW && !config.batch.linger.is_zero() {
            let (link, protocol) = (Arc::clone(&link.name), link.protocol);
            notes.push(Note::SmallWindow { link, protocol });
        }
        let window = usize::from(link.receive_maximum);
        if link.max_outstanding_bytes.bytes() / window.max(1) < FEW_BYTES {
            let (link, protocol) = (Arc::clone(&link.name), link.protocol);
            notes.push(Note::FewBytes { link, protocol });
        }
        let tasmota = Format::BuiltIn(decode::Format::Tasmota);
        if link.filters.iter().any(|it| it.format == tasmota && it.time_zone.is_none()) {
            notes.push(Note::NoTimeZone { link: Arc::clone(&link.name) });
        }
        if lingers(config) >= link.keep_alive {
            notes.push(Note::LongLinger { link: Arc::clone(&link.name) });
        }
        let in_clear = link.transport.tls.is_none() && !is_loopback(&link.host);
        if link.password.is_some() && in_clear {
            notes.push(Note::PasswordInClear { link: Arc::clone(&link.name) });
        }
    }
    let host =
        |broker: &String| broker.rsplit_once(':').is_some_and(|(host, _)| !is_loopback(host));
    if let (Some(sasl), None) = (&config.kafka.security.sasl, &config.kafka.security.tls)
        && config.kafka.brokers.iter().any(host)
    {
        notes.push(Note::KafkaInClear { mechanism: sasl.mechanism });
    }
    let formats = config.links.iter().flat_map(|link| &link.filters).map(|filter| &filter.format);
    for mapping in &config.mappings {
        let is_used = |format: &Format| *format == Format::Mapping(mapping.name.clone());
        if !formats.clone().any(is_used) {
            notes.push(Note::UnusedMapping { name: mapping.name.clone() });
        }
    }
    if config.batch.max_bytes > LARGE_BATCH {
        notes.push(Note::LargeRecords);
    }
    if config.kafka.create_topics && config.kafka.replication < 3 {
        notes.push(Note::FewReplicas);
    }
    if config.spool.ack == Ack::Kafka {
        notes.extend(spots.spool.has_more.then_some(Note::IdleSpool));
    } else if let Some(obstacle) = config.spool.obstacle() {
        notes.push(Note::SpoolDirectory { obstacle });
    }
    if config.engine.shutdown_deadline >= GRACE {
        notes.push(Note::LongShutdown);
    }
    if !config.admin.listen.ip().is_loopback() {
        notes.push(Note::AdminReachable);
    }
    notes
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
