//! From the rows of the list to a registry, checking each.

use std::{collections::HashMap, path::Path, time::Duration};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{
    Identity, MAX_NAME_BYTES, RULES_MAX, Registry,
    consent::Consent,
    error::{RegistryError, RegistryErrors, RegistryMistake},
    file::{ConsentColumn, Form, Reader, Row},
    name_hash,
    overrides::Overrides,
    pattern::{Pattern, STARS_MAX, Template},
    rule::Rule,
    table::{Extras, NO_EXTRAS, Table},
    text::DeviceTexts,
};
use crate::{catalogue::Catalogue, model::span};

/// What a list leaves out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Defaults<'a> {
    pub(super) tenant: &'a str,
    pub(super) identity: &'a Identity,
    pub(super) catalogue: &'a Catalogue,
}

/// Reads a list and checks every row of it. `file` is what mistakes name.
pub(super) fn build(
    file: &Path,
    text: &str,
    form: Form,
    defaults: Defaults<'_>,
) -> Result<Registry, RegistryErrors> {
    let mut builder = Builder::new(defaults);
    form.read(text, &mut builder);
    if builder.mistakes.is_empty() {
        builder.registry.table.shrink();
        return Ok(builder.registry);
    }
    let error = |(line, mistake)| RegistryError { file: file.to_path_buf(), line, mistake };
    Err(RegistryErrors(builder.mistakes.into_iter().map(error).collect()))
}

/// Mistakes that are listed; more are not looked for.
const MISTAKES_MAX: usize = 1_000;
/// Devices a list names at most.
const DEVICES_MAX: usize = 4_000_000;
/// What an interval may be.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_hours(365 * 24);

struct Builder<'a> {
    defaults: Defaults<'a>,
    registry: Registry,
    consent: ConsentColumn,
    /// Line of each exact line of the registry, and of the first of each home.
    lines: Vec<u32>,
    home_lines: Vec<u32>,
    /// Exact lines that name their id, by it.
    ids: HashTable<u32>,
    /// Where the same corrections and interval are kept.
    extras: HashMap<String, u32, RandomState>,
    /// Lines of rules by what they fit, and by what homes they make.
    rule_lines: HashMap<[String; 2], u64>,
    rule_homes: HashMap<[String; 2], (Consent, u64)>,
    mistakes: Vec<(u64, RegistryMistake)>,
    /// Being written.
    text: String,
}

impl Reader for Builder<'_> {
    fn begin(&mut self, consent: ConsentColumn, lines: usize, bytes: usize) {
        let lines = lines.min(DEVICES_MAX);
        self.consent = consent;
        self.registry.asks_consent = consent == ConsentColumn::Present;
        self.registry.table = Table::with_capacity(lines, bytes);
        self.lines.reserve(lines);
    }

    fn row(&mut self, line: u64, row: Result<Row<'_>, RegistryMistake>) {
        if self.mistakes.len() >= MISTAKES_MAX {
            return;
        }
        if let Err(mistake) = row.and_then(|row| self.add(line, &row)) {
            self.mistakes.push((line, mistake));
        }
    }
}

impl<'a> Builder<'a> {
    fn new(defaults: Defaults<'a>) -> Self {
        Self {
            defaults,
            registry: Registry::default(),
            consent: ConsentColumn::Absent,
            lines: Vec::new(),
            home_lines: Vec::new(),
            ids: HashTable::new(),
            extras: HashMap::default(),
            rule_lines: HashMap::new(),
            rule_homes: HashMap::new(),
            mistakes: Vec::new(),
            text: String::new(),
        }
    }

    fn add(&mut self, line: u64, row: &Row<'_>) -> Result<(), RegistryMistake> {
        check_text("device", row.device, Presence::Demanded)?;
        check_text("source_home", row.source_home, Presence::Optional)?;
        check_text("tenant", row.tenant, Presence::Optional)?;
        check_text("home", row.home, Presence::Demanded)?;
        check_text("room", row.room, Presence::Optional)?;
        check_text("id", row.id, Presence::Optional)?;
        let consent = match self.consent {
            ConsentColumn::Absent => Consent::ALL,
            ConsentColumn::Present => {
                Consent::parse(row.consent).ok_or(RegistryMistake::Consent)?
            }
        };
        let extras = self.extras(row)?;
        let tenant = if row.tenant.is_empty() { self.defaults.tenant } else { row.tenant };
        if row.device.contains('*') || row.source_home.contains('*') {
            let star = || RegistryMistake::Stars;
            let device = Pattern::parse(row.device).ok_or_else(star)?;
            let source_home = Pattern::parse(row.source_home).ok_or_else(star)?;
            match (device.literal(), source_home.literal()) {
                (Some(device), Some(source_home)) => {
                    let row = Row { device: &device, source_home: &source_home, ..*row };
                    self.add_exact(line, &row, tenant, extras, consent)
                }
                (_, literal) => {
                    let source_home = match literal {
                        Some(text) if text.is_empty() => None,
                        Some(_) | None => Some(source_home),
                    };
                    self.add_rule(line, row, (source_home, device), tenant, extras, consent)
                }
            }
        } else {
            self.add_exact(line, row, tenant, extras, consent)
        }
    }

    fn add_exact(
        &mut self,
        line: u64,
        row: &Row<'_>,
        tenant: &str,
        extras: u32,
        consent: Consent,
    ) -> Result<(), RegistryMistake> {
        let hash = self.registry.hash(row.source_home, row.device);
        if let Some(index) = self.registry.table.find(hash, row.source_home, row.device) {
            return Err(RegistryMistake::Repeated { earlier: at(&self.lines, index) });
        }
        if self.registry.table.len() >= DEVICES_MAX || !self.registry.table.has_room() {
            return Err(RegistryMistake::TooMany);
        }
        let home = self.home(line, tenant, row.home, consent)?;
        self.text.clear();
        let is_named = !row.id.is_empty();
        if is_named {
            self.text.push_str(row.id);
        } else {
            self.defaults.identity.device("", row.source_home, row.device, &mut self.text);
        }
        let Registry { table, hasher, .. } = &mut self.registry;
        let id_hash = name_hash(hasher, "", row.id);
        if is_named {
            let has_id =
                |index: &u32| table.line(*index).is_some_and(|line| line.text.id == row.id);
            if let Some(index) = self.ids.find(id_hash, has_id)
                && table.line(*index).is_some_and(|other| other.home != home)
            {
                return Err(RegistryMistake::IdInTwoHomes { earlier: at(&self.lines, *index) });
            }
        }
        let texts = DeviceTexts {
            source_home: row.source_home,
            device: row.device,
            id: &self.text,
            room: row.room,
        };
        let index = table.add(hasher, texts, home, extras);
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        if is_named {
            self.ids.insert_unique(id_hash, index, |index| {
                table.line(*index).map_or(0, |line| name_hash(hasher, "", line.text.id))
            });
        }
        Ok(())
    }

    fn add_rule(
        &mut self,
        line: u64,
        row: &Row<'_>,
        (source_home, device): (Option<Pattern>, Pattern),
        tenant: &str,
        extras: u32,
        consent: Consent,
    ) -> Result<(), RegistryMistake> {
        let names = [row.source_home.to_owned(), row.device.to_owned()];
        if let Some(earlier) = self.rule_lines.insert(names, line) {
            return Err(RegistryMistake::Repeated { earlier });
        }
        if self.registry.rules.len() >= RULES_MAX {
            return Err(RegistryMistake::TooManyRules);
        }
        let stars = source_home.as_ref().map_or(0, Pattern::stars) + device.stars();
        if stars > STARS_MAX {
            return Err(RegistryMistake::Stars);
        }
        let template =
            |column, text| Template::parse(text, stars).ok_or(RegistryMistake::Template { column });
        let home = template("home", row.home)?;
        let room = template("room", row.room)?;
        let id = template("id", row.id)?;
        if !id.is_empty() && !id.has_capture() {
            return Err(RegistryMistake::IdOfMany);
        }
        if home.has_capture() {
            let made = [tenant.to_owned(), row.home.to_owned()];
            let (agreed, earlier) = *self.rule_homes.entry(made).or_insert((consent, line));
            if agreed != consent {
                return Err(RegistryMistake::ConsentDiffers { earlier });
            }
        } else {
            let mut name = String::new();
            home.write(&super::pattern::Captures::default(), &mut name);
            self.home(line, tenant, &name, consent)?;
        }
        let homes = home.range();
        let tenant = tenant.into();
        let rule = Rule { source_home, device, tenant, home, homes, room, id, extras, consent };
        self.registry.rules.push(rule);
        Ok(())
    }

    /// The home of that name, which all lines must say the same of.
    fn home(
        &mut self,
        line: u64,
        tenant: &str,
        id: &str,
        consent: Consent,
    ) -> Result<u32, RegistryMistake> {
        let hash = self.registry.hash(tenant, id);
        let Registry { table, hasher, .. } = &mut self.registry;
        let Some(index) = table.find_home(hash, tenant, id) else {
            self.home_lines.push(u32::try_from(line).unwrap_or(u32::MAX));
            return Ok(table.add_home(hasher, tenant, id, consent));
        };
        match table.home(index) {
            Some((_, agreed)) if agreed != consent => {
                Err(RegistryMistake::ConsentDiffers { earlier: at(&self.home_lines, index) })
            }
            Some(_) | None => Ok(index),
        }
    }

    /// Corrections and interval of a line, kept once for all lines that have the same.
    fn extras(&mut self, row: &Row<'_>) -> Result<u32, RegistryMistake> {
        if row.kinds.is_empty() && row.interval.is_empty() {
            return Ok(NO_EXTRAS);
        }
        self.text.clear();
        self.text.push_str(row.kinds);
        self.text.push('\n');
        self.text.push_str(row.interval);
        if let Some(known) = self.extras.get(&self.text) {
            return Ok(*known);
        }
        let overrides = Overrides::parse(row.kinds, self.defaults.catalogue)
            .map_err(RegistryMistake::Override)?;
        let interval_s = match row.interval {
            "" => 0,
            text => {
                let span = span::parse(text);
                let span = span.filter(|span| (INTERVAL_MIN..=INTERVAL_MAX).contains(span));
                let seconds = span.and_then(|span| u32::try_from(span.as_secs()).ok());
                seconds.ok_or(RegistryMistake::Interval)?
            }
        };
        let index = self.registry.table.add_extras(Extras { overrides, interval_s });
        self.extras.insert(self.text.clone(), index);
        Ok(index)
    }
}

/// The line of an entry.
fn at(lines: &[u32], index: u32) -> u64 {
    let line = usize::try_from(index).ok().and_then(|index| lines.get(index));
    line.copied().map_or(0, u64::from)
}

/// May a column be empty?
#[derive(Clone, Copy)]
enum Presence {
    Demanded,
    Optional,
}

fn check_text(column: &'static str, text: &str, presence: Presence) -> Result<(), RegistryMistake> {
    match presence {
        Presence::Demanded if text.is_empty() => Err(RegistryMistake::Missing { column }),
        Presence::Demanded | Presence::Optional => {
            let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            if text.len() > MAX_NAME_BYTES || (!is_plain && text.contains(char::is_control)) {
                return Err(RegistryMistake::BadText { column });
            }
            Ok(())
        }
    }
}
