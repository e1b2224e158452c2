use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::symlink,
    time::SystemTime,
};

use super::*;

const ONE: &str = "device,home\nlamp,home-a\n";
const TWO: &str = "device,home\nlamp,home-a\nbell,home-b\n";

fn source(file: &Path) -> Source {
    Source {
        file: Some(file.into()),
        tenant: "t".into(),
        identity: Identity::ClearNames,
        catalogue: Arc::new(Catalogue::builtin()),
    }
}

/// What a look brings: how many devices, or how many mistakes.
fn look(source: &Source, stamp: &mut Option<Stamp>) -> Option<Result<usize, usize>> {
    match source.look(Occasion::Time, *stamp) {
        Look::Same | Look::Changing => None,
        Look::Read { stamp: seen, outcome } => {
            *stamp = seen;
            Some(outcome.map(|registry| registry.len()).map_err(|errors| errors.count()))
        }
    }
}

#[test]
fn every_kind_of_change_is_seen_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("list.csv"), ONE).unwrap();
    let source = source(&at("list.csv"));
    let mut stamp = source.stamp();
    assert_eq!(look(&source, &mut stamp), None);

    // Written in place, with the time of the old one.
    let then = fs::metadata(at("list.csv")).unwrap().modified().unwrap();
    fs::write(at("list.csv"), ONE.replace("lamp", "bell")).unwrap();
    File::open(at("list.csv")).unwrap().set_times(FileTimes::new().set_modified(then)).unwrap();
    assert_eq!(look(&source, &mut stamp), Some(Ok(1)));
    assert_eq!(look(&source, &mut stamp), None);

    // Replaced by another file.
    fs::write(at("new.csv"), TWO).unwrap();
    fs::rename(at("new.csv"), at("list.csv")).unwrap();
    assert_eq!(look(&source, &mut stamp), Some(Ok(2)));

    // Mistakes, and then nothing at all: each is said once.
    fs::write(at("list.csv"), "device,home\n,home-a\n,home-b\n").unwrap();
    assert_eq!(look(&source, &mut stamp), Some(Err(2)));
    assert_eq!(look(&source, &mut stamp), None);
    fs::remove_file(at("list.csv")).unwrap();
    assert_eq!(look(&source, &mut stamp), Some(Err(1)));
    assert_eq!(look(&source, &mut stamp), None);
    fs::write(at("list.csv"), ONE).unwrap();
    assert_eq!(look(&source, &mut stamp), Some(Ok(1)));
    assert!(
        matches!(source.look(Occasion::Asked, stamp), Look::Read { .. }),
        "asked for, it is read"
    );
}

#[test]
fn an_exchanged_link_is_seen() {
    // As Kubernetes does it: the file is a link into a link that is exchanged.
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let then = SystemTime::UNIX_EPOCH + Duration::from_hours(1_000);
    for (version, text) in [("v1", ONE), ("v2", &ONE.replace("lamp", "bell"))] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("list.csv"), text).unwrap();
        let file = File::open(at(version).join("list.csv")).unwrap();
        file.set_times(FileTimes::new().set_modified(then)).unwrap();
    }
    symlink("v1", at("data")).unwrap();
    symlink("data/list.csv", at("list.csv")).unwrap();
    let source = source(&at("list.csv"));
    let mut stamp = source.stamp();
    assert_eq!(look(&source, &mut stamp), None);
    symlink("v2", at("new")).unwrap();
    fs::rename(at("new"), at("data")).unwrap();
    assert_eq!(look(&source, &mut stamp), Some(Ok(1)));
    assert_eq!(look(&source, &mut stamp), None);
}
