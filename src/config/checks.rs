//! What no section can see alone: names that must be unique, values that must fit together.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::{
    Config, Note,
    document::{Document, Mistake, Spot},
    link::{Format, LinkSpots},
    mapping::MappingName,
};
use crate::{catalogue::Kind, registry::Identity};

/// Where the values stand that take part in checks across sections.
pub(super) struct Spots {
    pub(super) links: Vec<LinkSpots>,
    pub(super) mappings: Vec<MappingName>,
}

/// A lone reading waits for both lingers and a round trip; an age limit nearer than this would
/// close healthy connections.
const AGE_OVER_LINGER: u32 = 10;

/// Refuses what does not fit together.
pub(super) fn check(config: &Config, spots: &Spots, document: &Document<'_>) {
    check_links(config, spots, document);
    check_names(spots, document);
    check_formats(config, spots, document);
}

fn check_links(config: &Config, spots: &Spots, document: &Document<'_>) {
    let kafka_linger = config.kafka.linger.unwrap_or(Duration::from_millis(5));
    let least_age = (config.batch.linger + kafka_linger) * AGE_OVER_LINGER;
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
            document.refuse(&spots.client_id, "link.client_id", Mistake::new(expected, fix));
        }
        if link.max_age < least_age {
            let expected = format!(
                "at least {} ms: {AGE_OVER_LINGER} times batch.linger and kafka.linger",
                least_age.as_millis()
            );
            let fix = "raise max_age, or lower the lingers";
            document.refuse(&spots.max_age, "link.max_age", Mistake::new(expected, fix));
        }
    }
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
            let mistake = Mistake::new(expected, fix).found(format!("{name:?}"));
            document.refuse(spot, "link.filter.format", mistake);
        }
    }
}

/// Below this window a linger decides the throughput.
const SMALL_WINDOW: u16 = 100;

/// What is allowed and still worth a word.
pub(super) fn notes(config: &Config) -> Vec<Note> {
    let mut notes = Vec::new();
    if matches!(config.identity, Identity::ClearNames) {
        notes.push(Note::ClearNames);
    }
    for link in &config.links {
        if link.receive_maximum < SMALL_WINDOW && !config.batch.linger.is_zero() {
            notes.push(Note::SmallWindow { link: Arc::clone(&link.name) });
        }
        let in_clear = link.transport.tls.is_none() && !is_loopback(&link.host);
        if link.password.is_some() && in_clear {
            notes.push(Note::PasswordInClear { link: Arc::clone(&link.name) });
        }
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
