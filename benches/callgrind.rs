//! Instructions of this program under callgrind, which repeat exactly where time does not.

use std::process::Command;

use crate::Outcome;

/// What callgrind collected over a run of this program; nothing where there is no valgrind.
pub(crate) fn collected(options: &[&str], arguments: &[&str]) -> Outcome<Option<u64>> {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(options)
        .arg(std::env::current_exe()?)
        .args(arguments)
        .output();
    let Ok(run) = run else { return Ok(None) };
    let text = String::from_utf8_lossy(&run.stderr);
    if !run.status.success() {
        return Err(format!("callgrind: {}", text.lines().last().unwrap_or_default()).into());
    }
    // ==123== Collected : 456
    let collected = text.lines().find_map(|line| line.split_once("Collected :"));
    let (_, number) = collected.ok_or("callgrind says nothing of what it collected")?;
    Ok(Some(number.trim().parse()?))
}
