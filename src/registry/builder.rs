//! From the rows of the list to a registry, checking each.

use std::{collections::HashMap, path::Path};

use super::{
    Identity, MAX_NAME_BYTES, RegisteredDevice, Registry,
    error::{RegistryError, RegistryErrors, RegistryMistake},
    file::{self, Row},
    overrides::Overrides,
};
use crate::catalogue::Catalogue;

/// Reads the list and checks every row of it.
pub(super) fn load(
    file: &Path,
    tenant: &str,
    identity: &Identity,
    catalogue: &Catalogue,
) -> Result<Registry, RegistryErrors> {
    let mut builder = Builder {
        tenant,
        identity,
        catalogue,
        registry: Registry::default(),
        lines: Vec::new(),
        homes_of_ids: HashMap::new(),
    };
    let mut errors = Vec::new();
    for (line, row) in file::read(file)? {
        if let Err(mistake) = row.and_then(|row| builder.add(line, row)) {
            errors.push(RegistryError { file: file.to_path_buf(), line, mistake });
        }
    }
    if errors.is_empty() { Ok(builder.registry) } else { Err(RegistryErrors(errors)) }
}

struct Builder<'a> {
    tenant: &'a str,
    identity: &'a Identity,
    catalogue: &'a Catalogue,
    registry: Registry,
    /// Line of each device of the registry.
    lines: Vec<u64>,
    /// Which home an id belongs to, and the line that says so.
    homes_of_ids: HashMap<Box<str>, (Box<str>, u64)>,
}

impl Builder<'_> {
    fn add(&mut self, line: u64, row: Row) -> Result<(), RegistryMistake> {
        check_text("device", &row.device, Presence::Demanded)?;
        check_text("source_home", &row.source_home, Presence::Optional)?;
        check_text("tenant", &row.tenant, Presence::Optional)?;
        check_text("home", &row.home, Presence::Demanded)?;
        check_text("room", &row.room, Presence::Optional)?;
        check_text("id", &row.id, Presence::Optional)?;
        let overrides =
            Overrides::parse(&row.kinds, self.catalogue).map_err(RegistryMistake::Override)?;
        if let Some((index, _)) = self.registry.find_exact(&row.source_home, &row.device) {
            let earlier = usize::try_from(index).ok().and_then(|index| self.lines.get(index));
            return Err(RegistryMistake::Repeated { earlier: earlier.copied().unwrap_or(0) });
        }
        let mut id = row.id;
        if id.is_empty() {
            self.identity.device("", &row.source_home, &row.device, &mut id);
        } else if let Some((home, earlier)) = self.homes_of_ids.get(id.as_str()) {
            if **home != row.home {
                return Err(RegistryMistake::IdInTwoHomes { earlier: *earlier });
            }
        } else {
            self.homes_of_ids.insert(id.as_str().into(), (row.home.as_str().into(), line));
        }
        let tenant = if row.tenant.is_empty() { self.tenant } else { &row.tenant };
        self.lines.push(line);
        self.registry.insert(RegisteredDevice {
            device: row.device.into(),
            source_home: row.source_home.into(),
            tenant: tenant.into(),
            home: row.home.into(),
            room: row.room.into(),
            id: id.into(),
            overrides,
        });
        Ok(())
    }
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
            if text.len() > MAX_NAME_BYTES || text.contains(char::is_control) {
                return Err(RegistryMistake::BadText { column });
            }
            Ok(())
        }
    }
}
