//! `trygg check`: everything that is wrong with a configuration, before anything is started.

use std::{
    io::{self, Write},
    path::Path,
};

use super::Exit;
use crate::{config::Config, registry::Registry};

/// Writes every mistake of a configuration and of the list of devices it names.
pub fn run_check(file: &Path, out: &mut impl Write) -> io::Result<Exit> {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(errors) => {
            writeln!(out, "{errors}")?;
            return refused(errors.count(), out);
        }
    };
    let mut devices = 0;
    if let Some(list) = &config.registry.file {
        match Registry::load(list, &config.engine.tenant, &config.identity, &config.catalogue) {
            Ok(registry) => devices = registry.len(),
            Err(errors) => {
                writeln!(out, "{errors}")?;
                return refused(errors.count(), out);
            }
        }
    }
    for note in config.notes() {
        writeln!(out, "note: {note}")?;
    }
    let links = config.links.len();
    writeln!(out, "ok: {links} links, {devices} registered devices")?;
    Ok(Exit::Done)
}

fn refused(count: usize, out: &mut impl Write) -> io::Result<Exit> {
    let noun = if count == 1 { "mistake" } else { "mistakes" };
    writeln!(out, "{count} {noun}")?;
    Ok(Exit::Configuration)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CONFIG: &str = "\
        [[link]]\nname = 'north'\nhost = '127.0.0.1'\nclient_id = 'c'\n\
        [[link.filter]]\ntopic = 'homes/{home}/{device}'\nformat = 'json'\n\
        [kafka]\nbrokers = ['127.0.0.1:9092']\n[identity]\nclear_names = true\n\
        [registry]\nfile = 'devices.csv'\n";

    fn check(config: &str, devices: &str) -> (Exit, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trygg.toml");
        fs::write(&file, config).unwrap();
        fs::write(folder.path().join("devices.csv"), devices).unwrap();
        let mut out = Vec::new();
        let exit = run_check(&file, &mut out).unwrap();
        (exit, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_good_configuration_is_praised_with_its_notes() {
        let (exit, out) = check(CONFIG, "device,home\nd-1,h-1\nd-2,h-1\n");
        assert_eq!(exit, Exit::Done);
        assert!(out.starts_with("note: identity.clear_names"), "{out}");
        assert!(out.ends_with("ok: 1 links, 2 registered devices\n"), "{out}");
    }

    #[test]
    fn mistakes_end_with_78() {
        let (exit, out) = check(&CONFIG.replace("kafka", "kafak"), "");
        assert_eq!(exit, Exit::Configuration);
        assert!(out.contains(":8:2: kafak: expected a known key"), "{out}");
        assert!(out.ends_with("2 mistakes\n"), "{out}");
    }

    #[test]
    fn the_list_of_devices_is_checked_too() {
        let (exit, out) = check(CONFIG, "device,home\nd-1,\n,h-1\n");
        assert_eq!(exit, Exit::Configuration);
        assert!(out.contains("devices.csv:2: home: must not be empty"), "{out}");
        assert!(out.contains("devices.csv:3: device: must not be empty"), "{out}");
        assert!(out.ends_with("2 mistakes\n"), "{out}");
    }
}
