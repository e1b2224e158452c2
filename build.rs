//! Generates the protobuf types of `proto/` without a protoc: protox parses, prost writes.

use std::{env, error::Error, path::Path, process::Command};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors =
        protox::compile(["trygg/v1/trygg.proto", "trygg/device/v1/device.proto"], ["proto"])?;
    let mut config = prost_build::Config::new();
    config.disable_comments(["."]);
    config.compile_fds(descriptors)?;

    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script by the environment")]
    let out = env::var("OUT_DIR")?;
    let commit = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let commit = match commit {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)?,
        _ => String::from("unknown"),
    };
    if Path::new(".git/HEAD").exists() {
        println!("cargo:rerun-if-changed=.git/HEAD");
    }
    std::fs::write(Path::new(&out).join("commit.txt"), commit.trim())?;
    Ok(())
}
