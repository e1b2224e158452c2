//! The files of `deploy/docker`, as far as they can be judged without a Docker daemon.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::Command,
    thread,
};

use super::{
    TRYGG, read, run,
    secrets::Secrets,
    support::{
        process::{self, Daemon},
        tools::{self, root},
        wait,
    },
    try_run,
};

#[test]
fn the_dockerfile_is_clean() {
    let Some(python) = tools::program("PYTHON") else { return };
    let hadolint = python.with_file_name("hadolint");
    run(Command::new(hadolint)
        .args(["--no-color", "--failure-threshold", "style"])
        .arg(root().join("deploy/docker/Dockerfile")));
}

#[test]
fn the_dockerfile_builds_with_the_toolchain_of_the_project() {
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = "));
    let channel = channel.expect("a channel").trim_matches('"');
    let dockerfile = read("deploy/docker/Dockerfile");
    for line in [format!("FROM rust:{channel}-slim"), format!("ENV RUSTUP_TOOLCHAIN={channel}\n")] {
        assert!(dockerfile.contains(&line), "no {line:?}");
    }
}

#[test]
fn compose_yaml_fits_the_specification() {
    let Some(python) = tools::program("PYTHON") else { return };
    let compose = root().join("deploy/docker/compose.yaml");
    run(Command::new(python)
        .args(["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"])
        .arg(compose));
}

#[test]
fn compose_yaml_names_what_there_is_and_shows_nothing_to_the_network() {
    let compose = read("deploy/docker/compose.yaml");
    let folder = root().join("deploy/docker");
    let mut files = 0;
    for line in compose.lines().map(|line| line.trim().trim_start_matches("- ")) {
        if line.starts_with("./") || line.starts_with("../") {
            files += 1;
            let file = line.split(':').next().expect("a path");
            assert!(folder.join(file).exists(), "{file} does not exist");
        }
        if let Some(ports) = line.strip_prefix("ports: ") {
            assert!(ports.starts_with("[\"127.0.0.1:"), "open to the network: {ports}");
        }
    }
    assert!(files >= 6, "only {files} files were found");
    let services = section(&compose, "services:");
    assert!(services.len() >= 6, "only {} services were found", services.len());
    for after in compose.split("depends_on:").skip(1) {
        let names = after.lines().skip(1).take_while(|line| line.starts_with("      "));
        for name in names.filter_map(|line| line.trim().split(':').next()) {
            assert!(services.contains(name), "there is no service {name:?}");
        }
    }
    let volumes = section(&compose, "\nvolumes:");
    let mounts = compose.lines().filter_map(|line| line.strip_prefix("      - "));
    let mounts = mounts.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let mounted: BTreeSet<&str> = mounts.filter_map(|line| line.split(":/").next()).collect();
    assert_eq!(mounted, volumes);
}

/// The names two columns to the right of a heading.
fn section<'a>(text: &'a str, heading: &str) -> BTreeSet<&'a str> {
    let after = text.split_once(heading).expect("a section").1;
    let lines = after.lines().skip(1);
    lines
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|line| line.split(':').next())
        .collect()
}

#[test]
fn secrets_are_made_once_for_their_owner_alone_and_fit_the_configuration() {
    let Some(secrets) = Secrets::make() else { return };
    let mut files = 0;
    for folder in ["trygg", "mosquitto", "gateways"] {
        for file in fs::read_dir(secrets.folder.join(folder)).expect("a folder").flatten() {
            files += 1;
            let mode = file.metadata().expect("a file").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", file.path().display());
        }
    }
    assert_eq!(files, 4);
    let passwords = secrets.read("mosquitto/passwords");
    assert!(!passwords.contains(&secrets.read("trygg/mqtt.password")), "a password in clear");

    let config = process::scratch("docker").join("trygg.toml");
    let here = format!("{}/", secrets.folder.display());
    fs::write(&config, read("deploy/docker/trygg.toml").replace("/secrets/", &here))
        .expect("a file");
    let checked = run(Command::new(TRYGG).arg("check").arg(&config));
    assert!(checked.contains("1 link"), "{checked}");

    let key = secrets.read("trygg/identity.key");
    secrets.prepare();
    assert_eq!(secrets.read("trygg/identity.key"), key, "another key changes every pseudonym");
}

#[test]
fn the_health_check_agrees_with_livez() {
    let folder = process::scratch("health");
    let port = process::free_port();
    let config = format!(
        "[[link]]\nname = 'n'\nhost = '127.0.0.1'\nport = {}\nclient_id = 'c'\n\
         [[link.filter]]\ntopic = 'homes/{{home}}/{{device}}'\nformat = 'json'\n\
         [kafka]\nbrokers = ['127.0.0.1:{}']\n[identity]\nclear_names = true\n\
         [admin]\nlisten = '127.0.0.1:{port}'\n",
        process::free_port(),
        process::free_port(),
    );
    fs::write(folder.join("trygg.toml"), config).expect("trygg.toml");
    let mut command = process::command(TRYGG);
    command.args(["run", "--config"]).arg(folder.join("trygg.toml"));
    let mut trygg = Daemon::start("trygg", command, &folder.join("trygg.log"));
    wait::until("trygg lives, though it has neither broker nor Kafka", wait::SOON, || {
        assert!(trygg.ended().is_none(), "trygg ended: {}", trygg.output());
        health(port).ok()
    });
    trygg.kill();
    assert!(health(port).is_err(), "well, though nobody is there");

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a request");
            request.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.0 503 Service Unavailable\r\n\r\n").expect("an answer");
        String::from_utf8_lossy(&request).into_owned()
    });
    assert!(health(port).is_err(), "well, though /livez says 503");
    assert!(answering.join().expect("a request").starts_with("GET /livez HTTP/1.0\r\n"));
}

fn health(port: u16) -> Result<String, String> {
    let script = root().join("deploy/docker/healthcheck.sh");
    try_run(Command::new(script).arg(format!("127.0.0.1:{port}")))
}
