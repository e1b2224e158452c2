//! Types what README and docs tell a reader to type, and parses what cannot run here.

mod block;
mod demo;
mod shell;
mod usage;

use std::{cell::LazyCell, fs, path::Path};

use self::{block::Step, demo::Demo, shell::Shell};
use crate::support::{process, tools::root, turn, wait};

/// How long a command beside the demo may be repeated until it says what it should.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

#[test]
fn every_command_that_can_run_here_says_what_its_document_shows() {
    let _turn = turn::shared();
    let demo: LazyCell<Demo> = LazyCell::new(Demo::start);
    let (mut commands, mut documents, mut complaints) = (0, 0, Vec::new());
    for (name, text) in documents_of_users() {
        let ran = run(&name, &text, &demo, &mut complaints);
        commands += ran;
        documents += usize::from(ran > 0);
    }
    println!("ran {commands} commands of {documents} documents");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(commands >= 15 && documents >= 2, "only {commands} of {documents}");
}

#[test]
fn every_command_of_the_documents_and_of_the_help_parses() {
    let mut complaints = Vec::new();
    let mut commands = 0;
    for (name, text) in documents_of_users() {
        commands += usage::check(&name, &text, &mut complaints);
    }
    let examples = usage::check_help(&mut complaints);
    println!("{commands} commands of documents and {examples} examples of the help parse");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(commands >= 35 && examples >= 35, "only {commands} and {examples} were found");
}

#[test]
fn what_a_document_says_wrongly_is_found() {
    let demo: LazyCell<Demo> = LazyCell::new(Demo::start);
    for (block, complaint) in [
        ("```console\n$ echo one\ntwo\n```\n", "made-up:2: no line \"two\" in:\none\n"),
        ("```console\n$ echo two; echo one\none\ntwo\n```\n", "no line \"two\""),
        ("```console\n$ echo one two\none...three\n```\n", "no line \"one...three\""),
        ("```console\n$ false\n```\n", "made-up:2: ended with 1"),
        ("```console\n$ true\n$ cat <<'END'\n> text\n> END\nother\n```\n", "made-up:3: no line"),
        ("```console\n$ trygg chekc\n```\n", "made-up:2: ended with 64"),
        ("```console deom\n$ true\n```\n", "no such fence: console deom"),
    ] {
        let mut complaints = Vec::new();
        run("made-up", block, &demo, &mut complaints);
        assert_eq!(complaints.len(), 1, "{block}");
        assert!(complaints[0].contains(complaint), "{}", complaints[0]);
    }
    for (line, complaint) in [
        ("trygg chekc trygg.toml", "InvalidSubcommand"),
        ("sudo true && A=1 trygg tail --hom 'h-*'", "UnknownArgument"),
        ("cat x | trygg pub --jsonl - --qos 3", "ValueValidation"),
    ] {
        let mut complaints = Vec::new();
        usage::check("made-up", &format!("```sh\n{line}\n```\n"), &mut complaints);
        assert_eq!(complaints.len(), 1, "{line}");
        assert!(complaints[0].contains(complaint), "{}", complaints[0]);
    }
}

/// Runs the commands of one document in one shell, and returns how many there were.
fn run(name: &str, text: &str, demo: &LazyCell<Demo>, complaints: &mut Vec<String>) -> usize {
    let blocks = block::of(text);
    let mut shell = LazyCell::new(|| Shell::open(&process::scratch("document")));
    let mut commands = 0;
    for block in &blocks {
        let words: Vec<&str> = block.info.split_whitespace().collect();
        match words[..] {
            ["console"] => {
                for step in block.steps() {
                    commands += 1;
                    complaints.extend(attempt(&mut shell, &step, name));
                }
            }
            ["console", "demo"] => {
                let variables = demo.variables();
                for step in block.steps() {
                    commands += 1;
                    let step = demo.addressed(step);
                    shell.run(&variables);
                    let mut last = None;
                    let done = wait::within(PATIENCE, || {
                        last = attempt(&mut shell, &step, name);
                        last.is_none().then_some(())
                    });
                    complaints.extend(last.filter(|_| done.is_none()));
                }
            }
            // A file that the commands below need.
            ["toml", file] => shell.keep(file, &block.text()),
            ["console", ..] => complaints.push(format!("{name}: no such fence: {}", block.info)),
            _ => {}
        }
    }
    commands
}

/// Types a command; the complaint if it does not do what the document shows.
fn attempt(shell: &mut Shell, step: &Step, name: &str) -> Option<String> {
    let said = shell.run(&step.command);
    let place = format!("{name}:{}", step.line);
    if said.status != 0 {
        return Some(format!(
            "{place}: ended with {}: {}\n{}",
            said.status, step.command, said.output
        ));
    }
    let missing = step.missing(&said.output)?;
    Some(format!("{place}: no line {missing:?} in:\n{}", said.output))
}

/// README and docs, by their names.
fn documents_of_users() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).expect("docs").flatten() {
        let name = entry.file_name().into_string().expect("UTF-8");
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            names.push(format!("docs/{name}"));
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|name| (name.clone(), fs::read_to_string(root().join(name)).expect("a document")))
        .collect()
}
