//! `deploy/trygg.service`, as systemd itself judges it.

use std::{fs, path::PathBuf, process::Command};

use super::{
    TRYGG, read, run,
    support::{process, tools},
};

/// The unit with a program that exists, and systemd's own judge.
fn analyze() -> Option<(Command, PathBuf)> {
    let program = tools::program("SYSTEMD_ANALYZE")?;
    let unit = process::scratch("unit").join("trygg.service");
    let text = read("deploy/trygg.service");
    assert!(text.contains("\nExecStart=/usr/local/bin/trygg run "), "another program is started");
    fs::write(&unit, text.replace("/usr/local/bin/trygg", TRYGG)).expect("a unit");
    let mut command = Command::new(program);
    for (setting, variable) in
        [("SYSTEMD_LIBRARIES", "LD_LIBRARY_PATH"), ("SYSTEMD_UNITS", "SYSTEMD_UNIT_PATH")]
    {
        if let Some(value) = tools::setting_found(setting) {
            command.env(variable, value);
        }
    }
    Some((command, unit))
}

#[test]
fn the_unit_is_clean() {
    let Some((mut command, unit)) = analyze() else { return };
    // Its manual page is not installed here.
    let output = command.args(["verify", "--man=no"]).arg(unit).output().expect("systemd-analyze");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn the_unit_is_as_hardened_as_the_documents_say() {
    let operating = read("docs/operating.md");
    let (_, after) = operating.split_once("exposure level of **").expect("a figure");
    let (documented, _) = after.split_once("**").expect("its end");
    let Some((mut command, unit)) = analyze() else { return };
    let said = run(command.args(["security", "--offline=true", "--no-pager"]).arg(unit));
    let (_, after) =
        said.split_once("Overall exposure level for trygg.service: ").expect("a level");
    let level = |text: &str| -> f64 { text.parse().expect("a number") };
    let found = level(after.split(' ').next().expect("a level"));
    assert!(found <= level(documented), "{found} is more than {documented}:\n{said}");
}

#[test]
fn a_stop_is_granted_more_time_than_trygg_takes() {
    let unit = read("deploy/trygg.service");
    let seconds = |text: &str, before: &str| -> u32 {
        let (_, after) = text.split_once(before).expect("a time");
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().expect("seconds")
    };
    let deadline = seconds(&read("config/trygg.example.toml"), "shutdown_deadline = \"");
    assert!(seconds(&unit, "TimeoutStopSec=") > deadline, "the unit kills too early");
    let compose = read("deploy/docker/compose.yaml");
    let (_, trygg) = compose.split_once("\n  trygg:\n").expect("the service");
    assert!(seconds(trygg, "stop_grace_period: ") > deadline, "compose.yaml kills too early");
}
