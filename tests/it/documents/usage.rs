//! Commands that are only shown must parse all the same.

use std::process::Command;

use trygg::cli::Cli;

use super::block;
use crate::manners::{COMMANDS, SPOOL_COMMANDS};

/// Parses what a document shows in blocks, in indented lines and between backticks; returns how
/// many commands that were.
pub fn check(name: &str, text: &str, complaints: &mut Vec<String>) -> usize {
    let mut commands = 0;
    for block in block::of(text) {
        let first = block.info.split_whitespace().next().unwrap_or_default();
        if ["sh", "console", ""].contains(&first) {
            for (line, command) in joined(block.numbered()) {
                commands += parse_all(&format!("{name}:{line}"), &command, complaints);
            }
        }
    }
    let outside: String = text.split("```").step_by(2).collect();
    let indented = outside.lines().filter(|line| line.starts_with("    "));
    for (_, command) in joined((1..).zip(indented)) {
        commands += parse_all(name, &command, complaints);
    }
    for span in outside.split('`').skip(1).step_by(2) {
        let mut found = Vec::new();
        let span = span.split_whitespace().collect::<Vec<_>>().join(" ");
        if span == "trygg could not start" {
            continue; // a line of the log
        }
        commands += parse_all(name, &span, &mut found);
        // Prose names a command or an option without what it must be given.
        let unfinished = ["MissingRequired", "String(\"\")"];
        found.retain(|one| !unfinished.iter().any(|kind| one.contains(kind)));
        complaints.extend(found);
    }
    commands
}

/// The same for the examples of every `--help`.
pub fn check_help(complaints: &mut Vec<String>) -> usize {
    let help = |args: &[&str]| {
        let said = Command::new(env!("CARGO_BIN_EXE_trygg")).args(args).output().expect("trygg");
        String::from_utf8(said.stdout).expect("UTF-8")
    };
    let mut examples = 0;
    let alone = [""].into_iter().chain(COMMANDS).map(|command| vec![command]);
    let of_spool = SPOOL_COMMANDS.map(|command| vec!["spool", command]);
    for command in alone.chain(of_spool) {
        let args = command.iter().copied().filter(|arg| !arg.is_empty()).chain(["--help"]);
        let text = help(&args.collect::<Vec<_>>());
        let command = command.join(" ");
        let (_, after) = text.split_once("Examples:\n").unwrap_or_default();
        for (_, line) in joined((1..).zip(after.lines())) {
            // What stands two spaces behind an example says what it does.
            let line =
                line.trim().split_once("   ").map_or(line.as_str(), |(line, _)| line).to_owned();
            examples += parse_all(&format!("trygg {command} --help"), &line, complaints);
        }
    }
    examples
}

/// Lines, with those that end with a backslash and the next as one, and without prompts.
fn joined<'a, I: Iterator<Item = (usize, &'a str)>>(lines: I) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in lines {
        let line = line.trim_start().trim_start_matches("$ ").trim_start_matches("> ");
        match all.last_mut().filter(|_| goes_on) {
            Some((_, last)) => *last += line,
            None => all.push((number, line.to_owned())),
        }
        goes_on = line.ends_with('\\');
        if let Some((_, last)) = all.last_mut().filter(|_| goes_on) {
            last.pop();
        }
    }
    all
}

/// Parses every call of trygg in a line of a shell; returns how many there were.
fn parse_all(place: &str, line: &str, complaints: &mut Vec<String>) -> usize {
    let calls: Vec<_> = calls(line).filter_map(arguments).collect();
    for arguments in &calls {
        // The shell would put the demo's address there.
        let words = arguments.iter().map(|word| word.replace("$KAFKA", "127.0.0.1:9092").into());
        if let Err(answer) = Cli::from_args(words, "0.0.0") {
            let answer = format!("{answer:?}");
            if !["DisplayHelp", "DisplayVersion"].iter().any(|kind| answer.contains(kind)) {
                complaints.push(format!("{place}: {}: {answer}", arguments.join(" ")));
            }
        }
    }
    calls.len()
}

/// The arguments of a call, if it is one of trygg with a sub-command.
fn arguments(words: Vec<String>) -> Option<Vec<String>> {
    let is_setting = |word: &String| {
        word.split_once('=')
            .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    let words: Vec<_> = words.into_iter().skip_while(is_setting).collect();
    let is_ours = words.first().is_some_and(|first| first == "trygg");
    (is_ours && words.len() > 1).then_some(words)
}

/// The words of each command in a line of a shell, without redirections and comments.
fn calls(line: &str) -> impl Iterator<Item = Vec<String>> {
    let (mut calls, mut word, mut quote) = (vec![Vec::new()], None::<String>, None);
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => {
                word.get_or_insert_default().extend(characters.next());
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() || "|&;()<>".contains(c) => {
                let last = calls.last_mut().expect("one");
                last.extend(word.take());
                if "|&;()".contains(c) {
                    calls.push(Vec::new());
                } else if "<>".contains(c) {
                    // Only the file follows.
                    while characters.next_if(|c| c.is_whitespace() || "<>&".contains(*c)).is_some()
                    {
                    }
                    while characters
                        .next_if(|c| !c.is_whitespace() && !"|&;()".contains(*c))
                        .is_some()
                    {}
                }
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    calls.last_mut().expect("one").extend(word);
    calls.into_iter()
}

#[test]
fn lines_of_a_shell_fall_apart_into_calls() {
    let words = |line: &str| calls(line).map(|call| call.join("|")).collect::<Vec<_>>();
    assert_eq!(words("a 'b c' \"d \\\" e\" # f"), ["a|b c|d \" e"]);
    assert_eq!(words("a > x | b <y && c 2>&1"), ["a", "b", "", "c|2"]);
    assert_eq!(words("a '|' ; b''"), ["a||", "b"]);
}
