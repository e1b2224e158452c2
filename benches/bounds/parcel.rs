//! Messages in a file, for the process that callgrind looks at: to build them all there would take
//! longer than to decode the few that are asked for.

use std::{fs, path::Path};

use crate::{Outcome, bombs::Bomb};

/// Writes them down.
pub(crate) fn write(path: &Path, bombs: &[&Bomb]) -> Outcome {
    let mut bytes = Vec::new();
    for bomb in bombs {
        put(bomb.topic.as_bytes(), &mut bytes);
        put(bomb.device.as_bytes(), &mut bytes);
        put(&bomb.payload, &mut bytes);
        put(&bomb.before.len().to_le_bytes(), &mut bytes);
        for (topic, payload) in &bomb.before {
            put(topic.as_bytes(), &mut bytes);
            put(payload, &mut bytes);
        }
    }
    Ok(fs::write(path, bytes)?)
}

/// Reads what was written.
pub(crate) fn read(path: &Path) -> Outcome<Vec<Bomb>> {
    let bytes = fs::read(path)?;
    let mut rest = bytes.as_slice();
    let mut bombs = Vec::new();
    while !rest.is_empty() {
        let topic = text(&mut rest)?;
        let device = text(&mut rest)?;
        let payload = take(&mut rest)?.to_vec();
        let count = usize::from_le_bytes(take(&mut rest)?.try_into()?);
        let mut before = Vec::new();
        for _ in 0..count {
            before.push((text(&mut rest)?, take(&mut rest)?.to_vec()));
        }
        bombs.push(Bomb { name: String::new(), topic, device, payload, before });
    }
    Ok(bombs)
}

fn put(part: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&part.len().to_le_bytes());
    bytes.extend_from_slice(part);
}

fn text(rest: &mut &[u8]) -> Outcome<String> {
    Ok(String::from_utf8(take(rest)?.to_vec())?)
}

fn take<'b>(rest: &mut &'b [u8]) -> Outcome<&'b [u8]> {
    let cut_short = || "a parcel is cut short";
    let (length, after) = rest.split_first_chunk().ok_or_else(cut_short)?;
    let length = usize::from_le_bytes(*length);
    let (part, after) = after.split_at_checked(length).ok_or_else(cut_short)?;
    *rest = after;
    Ok(part)
}
