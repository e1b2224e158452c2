//! What `deploy/package.sh` lays out.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use super::{
    TRYGG, read, run,
    support::{process, tools::root},
};

/// What an installation cannot do without; documents may come and go.
const NEEDED: [&str; 13] = [
    "bin/trygg",
    "lib/systemd/system/trygg.service",
    "share/bash-completion/completions/trygg",
    "share/doc/trygg/LICENSE",
    "share/doc/trygg/README.md",
    "share/doc/trygg/config/kinds.csv",
    "share/doc/trygg/config/trygg.example.toml",
    "share/doc/trygg/deploy/kafka/topics.sh",
    "share/doc/trygg/deploy/prometheus/trygg.rules.yml",
    "share/doc/trygg/docs/operating.md",
    "share/doc/trygg/proto/trygg/v1/trygg.proto",
    "share/fish/vendor_completions.d/trygg.fish",
    "share/zsh/site-functions/_trygg",
];

#[test]
fn the_package_has_all_that_an_installation_needs() {
    let tree = process::scratch("package").join("tree");
    run(Command::new(root().join("deploy/package.sh"))
        .args(["--binary", TRYGG, "--tree"])
        .arg(&tree));
    let mut files = BTreeSet::new();
    collect(&tree, &tree, &mut files);
    for needed in NEEDED {
        assert!(files.contains(needed), "{needed} is missing in {files:#?}");
    }
    for (file, mode) in [("bin/trygg", 0o755), ("lib/systemd/system/trygg.service", 0o644)] {
        let found = fs::metadata(tree.join(file)).expect("a file").permissions().mode() & 0o777;
        assert_eq!(found, mode, "{file}");
    }
    let completions = fs::read_to_string(tree.join("share/bash-completion/completions/trygg"));
    let completions = completions.expect("completions");
    let help = run(Command::new(tree.join("bin/trygg")).arg("--help"));
    let (_, commands) = help.split_once("Commands:\n").expect("commands");
    let commands = commands.lines().take_while(|line| line.starts_with("  "));
    let commands: Vec<&str> = commands
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert!(commands.len() >= 7, "only {commands:?}");
    for command in commands {
        let page = format!("share/man/man1/trygg-{command}.1");
        assert!(files.contains(&page), "{page} is missing");
        assert!(
            completions.contains(&format!("trygg__subcmd__{command}")),
            "no completion: {command}"
        );
    }
}

#[test]
fn every_document_of_the_project_travels_with_the_package() {
    let script = read("deploy/package.sh");
    let braces = script.split_once("\"$root\"/{").expect("documents").1;
    let packed: BTreeSet<&str> = braces.split('}').next().expect("an end").split(',').collect();
    for entry in fs::read_dir(root()).expect("the root").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            assert!(packed.contains(name), "{name}.md is not in the package");
        }
    }
}

fn collect(folder: &Path, tree: &Path, files: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, tree, files);
        } else {
            let below = path.strip_prefix(tree).expect("below");
            files.insert(below.display().to_string());
        }
    }
}
