//! Damaged bytes are set aside before their segment goes: somebody may want to look at them.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    damage::{Damage, Place},
    disk::Disk,
    segment,
};

/// Directory below the spool's.
pub(super) const FOLDER: &str = "quarantine";
const PIECE: u64 = 64 * 1024;

/// Copies a damaged stretch. Sectors the disk does not give are zeros.
pub(super) fn copy<D: Disk>(
    disk: &D,
    root: &Path,
    place: &Place,
    folder: &Path,
    damage: &Damage,
) -> io::Result<()> {
    let target = target(root, place, damage);
    let source = disk.open(&folder.join(segment::name(damage.segment)))?;
    disk.make_directory(&root.join(FOLDER))?;
    let file = disk.create(&target)?;
    let copied = (|| {
        let mut from = damage.offset;
        while from < damage.end {
            let length = PIECE.min(damage.end - from);
            let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
            if disk.read_at(&source, &mut piece, from).is_err() {
                piece.fill(0);
            }
            disk.write_at(&file, &piece, from - damage.offset)?;
            from = from.saturating_add(length);
        }
        disk.sync(&file)
    })();
    if copied.is_err() {
        // Half of it would look like all of it.
        drop(disk.remove(&target));
    }
    copied
}

/// Sets a whole segment aside. Needs no room.
pub(super) fn put_away<D: Disk>(
    disk: &D,
    root: &Path,
    place: &Place,
    folder: &Path,
    segment: u64,
) -> io::Result<()> {
    disk.make_directory(&root.join(FOLDER))?;
    let target = root.join(FOLDER).join(format!("{}-{segment:020}.seg", prefix(place)));
    disk.rename(&folder.join(segment::name(segment)), &target)
}

/// Bytes that lie there, as far as the disk says.
pub(super) fn weigh<D: Disk>(disk: &D, root: &Path) -> u64 {
    let folder = root.join(FOLDER);
    let names = disk.list(&folder).unwrap_or_default();
    let length = |name: &String| disk.open(&folder.join(name)).and_then(|file| disk.length(&file));
    names.iter().filter_map(|name| length(name).ok()).sum()
}

fn target(root: &Path, place: &Place, damage: &Damage) -> PathBuf {
    let name = format!("{}-{:020}-{}.bin", prefix(place), damage.segment, damage.offset);
    root.join(FOLDER).join(name)
}

fn prefix(place: &Place) -> String {
    format!("{}-{}", place.link, place.lane.label())
}
