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

/// What `tools/setup.sh` found, and its complaints about the rest.
struct Setup {
    found: HashMap<String, String>,
    skips: String,
}

impl Setup {
    fn path(&self, key: &str) -> Result<PathBuf, String> {
        self.found.get(key).map(PathBuf::from).ok_or_else(|| self.skips.clone())
    }
}

static SETUP: LazyLock<Setup> = LazyLock::new(|| {
    let setup = Command::new(root().join("tools/setup.sh")).output().expect("tools/setup.sh");
    let said = String::from_utf8_lossy(&setup.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&setup.stderr).into_owned();
    assert!(setup.status.success(), "tools/setup.sh failed:\n{said}{complaint}");
    let text = fs::read_to_string(root().join("target/tools/env")).expect("target/tools/env");
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let found = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let skips: Vec<_> = said.lines().filter(|line| line.starts_with("SKIP")).collect();
    Setup { found, skips: skips.join("; ") }
});

static TOOLS: LazyLock<Result<Tools, String>> = LazyLock::new(|| {
    Ok(Tools {
        mosquitto: SETUP.path("MOSQUITTO")?,
        mosquitto_libraries: setting_found("MOSQUITTO_LIBRARIES"),
        java: SETUP.path("JAVA")?,
        kafka_jars: SETUP.path("KAFKA_JARS")?,
        kafka_log4j: SETUP.path("KAFKA_LOG4J")?,
        python: SETUP.path("PYTHON")?,
        python_stubs: SETUP.path("PYTHON_STUBS")?,
    })
});

/// The tools; or `None`, the reason written down as a SKIP of the calling test. CI takes no SKIP.
pub fn find() -> Option<&'static Tools> {
    TOOLS.as_ref().map_err(|reason| skip(reason)).ok()
}

/// One program by its name in `target/tools/env`, in the same manner.
#[allow(dead_code, reason = "tests/deploy asks for single programs, tests/it for all")]
pub fn program(key: &str) -> Option<PathBuf> {
    SETUP.path(key).map_err(|reason| skip(&reason)).ok()
}

/// A setting of `target/tools/env` that only some machines need.
pub fn setting_found(key: &str) -> Option<String> {
    SETUP.found.get(key).cloned()
}

fn skip(reason: &str) {
    let test = thread::current().name().unwrap_or("unnamed").to_owned();
    assert!(!setting_is("CI", "true"), "CI takes no SKIP: {test}: {reason}");
    println!("SKIP {test}: {reason}");
    let mut list = fs::File::options()
        .create(true)
        .append(true)
        .open(root().join("target/it-skips"))
        .expect("target/it-skips");
    writeln!(list, "{test}: {reason}").expect("target/it-skips");
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
