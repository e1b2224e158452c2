//! The programs `tools/setup.sh` laid ready, and what to do without them.

use std::{
    collections::HashMap,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
    thread,
};

/// Root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where the programs are.
#[derive(Debug)]
pub struct Tools {
    pub mosquitto: PathBuf,
    /// Library path of an unpacked Mosquitto; none when the system's own is used.
    pub mosquitto_libraries: Option<String>,
    pub java: PathBuf,
    pub kafka_jars: PathBuf,
    pub kafka_log4j: PathBuf,
    pub python: PathBuf,
    pub python_stubs: PathBuf,
}

static TOOLS: LazyLock<Result<Tools, String>> = LazyLock::new(|| {
    let setup = Command::new(root().join("tools/setup.sh")).output().expect("tools/setup.sh");
    let said = String::from_utf8_lossy(&setup.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&setup.stderr).into_owned();
    assert!(setup.status.success(), "tools/setup.sh failed:\n{said}{complaint}");
    let text = fs::read_to_string(root().join("target/tools/env")).expect("target/tools/env");
    let found: HashMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let skips: Vec<_> = said.lines().filter(|line| line.starts_with("SKIP")).collect();
    let path = |key: &str| found.get(key).map(PathBuf::from).ok_or_else(|| skips.join("; "));
    Ok(Tools {
        mosquitto: path("MOSQUITTO")?,
        mosquitto_libraries: found
            .get("MOSQUITTO_LIBRARIES")
            .map(|&libraries| libraries.to_owned()),
        java: path("JAVA")?,
        kafka_jars: path("KAFKA_JARS")?,
        kafka_log4j: path("KAFKA_LOG4J")?,
        python: path("PYTHON")?,
        python_stubs: path("PYTHON_STUBS")?,
    })
});

/// The tools; or `None`, the reason written down as a SKIP of the calling test. CI takes no SKIP.
pub fn find() -> Option<&'static Tools> {
    match &*TOOLS {
        Ok(tools) => Some(tools),
        Err(reason) => {
            let test = thread::current().name().unwrap_or("unnamed").to_owned();
            assert!(!setting_is("CI", "true"), "CI takes no SKIP: {test}: {reason}");
            println!("SKIP {test}: {reason}");
            let mut list = fs::File::options()
                .create(true)
                .append(true)
                .open(root().join("target/it-skips"))
                .expect("target/it-skips");
            writeln!(list, "{test}: {reason}").expect("target/it-skips");
            None
        }
    }
}

/// Is this environment variable set to this value?
pub fn setting_is(name: &str, value: &str) -> bool {
    env::var(name).is_ok_and(|set| set == value)
}

/// A number from the environment, for the long and the short form of a test.
pub fn setting(name: &str, default: u64) -> u64 {
    env::var(name).ok().map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name}={text}: not a number"))
    })
}
