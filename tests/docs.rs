//! Holds the documents to the code and to each other.
#![allow(clippy::expect_used, clippy::panic, reason = "a test: it fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Reasons of dead letters that are given elsewhere than in `decode/error.rs`.
const OTHER_REASONS: [&str; 12] = [
    "abandoned_repeatedly",
    "device_name_too_long",
    "internal_error",
    "kafka_refused",
    "no_device",
    "no_home",
    "no_route",
    "oversize",
    "readings_refused",
    "too_many_devices",
    "topic_invalid",
    "unknown_device",
];

/// What a reader must have met before anything else.
const STATEMENT: [&str; 6] = [
    "not a medical device",
    "not an alarm system",
    "mirrors alarms",
    "must never be the only path",
    "may repeat an alert",
    "holds urgent readings back",
];

/// Lines of a first screen.
const SCREEN: usize = 30;

#[test]
fn the_first_screens_say_what_trygg_is_not() {
    for file in ["README.md", "docs/guarantees.md"] {
        let text = read(file);
        let screen: Vec<&str> = text.lines().take(SCREEN).collect();
        let screen = screen.join(" ").replace("**", "");
        for words in STATEMENT {
            assert!(screen.contains(words), "{file}: its first screen does not say {words:?}");
        }
    }
}

#[test]
fn every_test_named_in_the_guarantees_exists() {
    let guarantees = read("docs/guarantees.md");
    let named: BTreeSet<&str> =
        in_backticks(&guarantees).filter(|name| name.contains("::")).collect();
    assert!(named.len() >= 40, "only {} tests were found in the text", named.len());
    let missing: Vec<_> = named.into_iter().filter(|name| !is_test(name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn every_row_of_the_guarantees_names_a_test() {
    let text = read("docs/guarantees.md");
    let mut rows = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        if cells.last() == Some(&"test") {
            continue;
        }
        rows += 1;
        let last = cells.last().expect("a cell");
        assert!(in_backticks(last).any(is_test), "no test in: {row}");
    }
    assert!(rows >= 20, "only {rows} rows were found");
}

#[test]
fn every_row_of_the_fault_suite_named_in_the_guarantees_exists() {
    let faults = read("docs/faults.md");
    let begins = faults.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows: BTreeSet<&str> = begins.filter(|id| is_fault(id)).collect();
    assert!(rows.len() >= 30, "only {} rows were found", rows.len());
    let guarantees = read("docs/guarantees.md");
    let named: BTreeSet<&str> = in_backticks(&guarantees).filter(|id| is_fault(id)).collect();
    let strange: Vec<_> = named.difference(&rows).collect();
    assert!(strange.is_empty(), "docs/faults.md has no rows {strange:?}");
    let forgotten: Vec<_> = rows.difference(&named).collect();
    assert!(forgotten.is_empty(), "docs/guarantees.md makes no promise of {forgotten:?}");
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut links = 0;
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).expect("a document");
        for target in link_targets(&text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            links += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let folder = document.parent().expect("a folder");
            let goal = if file.is_empty() { document.clone() } else { folder.join(file) };
            let place = document.display();
            assert!(root().join(&goal).exists(), "{place}: {target} does not exist");
            if !anchor.is_empty() {
                let text = fs::read_to_string(root().join(&goal)).expect("a document");
                assert!(has_heading(&text, anchor), "{place}: {target} has no such heading");
            }
        }
    }
    assert!(links >= 20, "only {links} links were found");
}

#[test]
fn the_formats_list_exactly_the_reason_codes() {
    let source = read("src/decode/error.rs");
    let arms = source.lines().filter_map(|line| line.split_once("=> \""));
    let mut reasons: BTreeSet<&str> =
        arms.filter_map(|(_, rest)| rest.strip_suffix("\",")).collect();
    assert!(reasons.len() > 20, "only {} reasons were found in the code", reasons.len());
    let code = program();
    for reason in OTHER_REASONS {
        assert!(code.contains(&format!("\"{reason}\"")), "{reason} is given nowhere");
        reasons.insert(reason);
    }
    let formats = read("docs/formats.md");
    let tables = formats.split("\n| reason |").skip(1);
    let rows = tables.flat_map(|table| {
        table.lines().skip(2).take_while(|line| line.starts_with('|')).collect::<Vec<_>>()
    });
    let documented: BTreeSet<&str> = rows.filter_map(|row| in_backticks(row).next()).collect();
    let missing: Vec<_> = reasons.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/formats.md has no row for {missing:?}");
    let stale: Vec<_> = documented.difference(&reasons).collect();
    assert!(stale.is_empty(), "docs/formats.md has rows that nothing gives: {stale:?}");
}

#[test]
fn every_spelling_of_a_unit_is_documented() {
    let file = read("config/units.csv");
    let rows = file.lines().skip(1).filter_map(|row| row.split_once(','));
    // The two signs of micro look the same in print.
    let spellings: BTreeSet<String> =
        rows.map(|(name, _)| name.replace('\u{3bc}', "\u{b5}")).collect();
    assert!(spellings.len() > 130, "only {} spellings were found", spellings.len());
    let formats = read("docs/formats.md");
    let documented: BTreeSet<&str> = in_backticks(&formats).collect();
    let is_missing = |name: &&String| !name.is_empty() && !documented.contains(name.as_str());
    let missing: Vec<_> = spellings.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "docs/formats.md does not name the units {missing:?}");
}

#[test]
fn operating_names_what_there_is() {
    let text = read("docs/operating.md");
    let metrics = program();
    for name in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let name = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        if name.starts_with("trygg_") {
            assert!(metrics.contains(&format!("\"{name}\"")), "no metric {name}");
        }
    }
    let exits = read("src/cli.rs");
    for number in exits.lines().filter_map(exit_code) {
        assert!(text.contains(&format!("\n| {number} |")), "exit code {number} is not explained");
    }
}

#[test]
fn every_warning_is_explained_and_every_explained_one_is_given() {
    let operating = read("docs/operating.md");
    let table = operating.lines().skip_while(|line| !line.starts_with("| line |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let explained: Vec<&str> =
        rows.filter_map(|row| row.split('|').nth(1)).flat_map(in_backticks).collect();
    let code = program();
    let spans = ["tracing::warn!(", "tracing::error!("];
    let given: Vec<String> = spans.iter().flat_map(|span| last_texts(&code, span)).collect();
    assert!(given.len() > 10, "only {} lines were found in the code", given.len());
    for line in &given {
        let is_explained = explained.iter().any(|begin| line.starts_with(begin));
        assert!(is_explained, "docs/operating.md does not explain {line:?}");
    }
    let told = last_texts(&code, "tracing::info!(");
    for begin in explained.iter().filter(|begin| begin.contains(' ')) {
        assert!(
            given.iter().chain(&told).any(|line| line.starts_with(begin)),
            "nobody says {begin:?}"
        );
    }
}

#[test]
fn every_cause_of_kafkas_absence_is_explained() {
    let operating = read("docs/operating.md");
    let (_, after) = operating.split_once("### Why Kafka cannot be reached").expect("the heading");
    let rows = after.lines().take_while(|line| !line.starts_with('#'));
    let cells = rows.filter_map(|row| row.strip_prefix("| `")?.split(" | ").next());
    let cells = cells.filter(|cell| *cell != "code`");
    let explained: BTreeSet<&str> = cells
        .flat_map(|cell| cell.split('`'))
        .filter(|word| word.contains(char::is_alphabetic))
        .collect();
    let code = read("src/kafka/trouble.rs");
    let (_, words) = code.split_once("fn words(").expect("the words");
    let (words, _) = words.split_once("/// The word of a closed list").expect("their end");
    let texts = words.split('"').skip(1).step_by(2);
    let given: BTreeSet<&str> = texts.filter(|text| !text.contains(' ')).collect();
    assert!(given.len() > 15, "only {} were found in the code", given.len());
    assert_eq!(given, explained);
}

#[test]
fn every_reason_of_a_lost_connection_is_explained() {
    let operating = read("docs/operating.md");
    let table = operating.lines().skip_while(|line| !line.starts_with("| `reason` |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let explained: BTreeSet<&str> =
        rows.filter_map(|row| row.split('|').nth(1)).flat_map(in_backticks).collect();
    let mut reasons = 0;
    for file in ["src/transport/error.rs", "src/link/close.rs"] {
        let source = read(file);
        let arms = source.lines().filter_map(|line| line.split_once("=> \""));
        for reason in arms.filter_map(|(_, rest)| rest.strip_suffix("\",")) {
            // Words are no label, and nobody asks why after having stopped it.
            if reason.contains(' ') || reason == "stopped" {
                continue;
            }
            reasons += 1;
            assert!(explained.contains(reason), "docs/operating.md does not explain {reason}");
        }
    }
    assert!(reasons > 20, "only {reasons} reasons were found");
}

#[test]
fn every_make_target_named_exists() {
    let makefile = read("Makefile");
    let mut targets = 0;
    for document in documents() {
        let text = fs::read_to_string(root().join(&document)).expect("a document");
        let named = text
            .split("make ")
            .skip(1)
            .zip(text.split("make "))
            .filter(|(_, before)| before.ends_with(['`', '\n']) || before.ends_with("    "));
        for (after, _) in named {
            let target: String =
                after.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            targets += 1;
            let rule = format!("\n{target}:");
            assert!(makefile.contains(&rule), "{}: make {target}", document.display());
        }
    }
    assert!(targets >= 8, "only {targets} were found");
}

/// The last text between quotes in each call of a macro, which is the line's message.
fn last_texts(code: &str, call: &str) -> Vec<String> {
    let calls = code.split(call).skip(1);
    calls
        .filter_map(last_text)
        .map(|text| text.split("\\\n").map(str::trim_start).collect())
        .collect()
}

fn last_text(call: &str) -> Option<&str> {
    let (mut depth, mut begin, mut last) = (1, None, None);
    for (position, character) in call.char_indices() {
        match (character, begin) {
            ('"', None) => begin = Some(position + 1),
            ('"', Some(first)) => {
                last = call.get(first..position);
                begin = None;
            }
            ('(', None) => depth += 1,
            (')', None) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    last
}

/// A variant `Name = 75,` of the enum of exit codes.
fn exit_code(line: &str) -> Option<u8> {
    let (name, number) = line.trim().strip_suffix(',')?.split_once(" = ")?;
    name.chars().all(char::is_alphanumeric).then(|| number.parse().ok()).flatten()
}

/// The id of a row of the fault suite: `K1`, `P6K`.
fn is_fault(id: &str) -> bool {
    let mut letters = id.chars();
    let is_group = letters.next().is_some_and(|letter| "PMKDSNTU".contains(letter));
    is_group
        && letters.next().is_some_and(|letter| letter.is_ascii_digit())
        && letters.all(|letter| letter.is_ascii_digit() || letter.is_ascii_uppercase())
}

/// Is there a test of this path, as `cargo test` prints it?
fn is_test(path: &str) -> bool {
    let Some((module, name)) = path.rsplit_once("::") else { return false };
    let module = module.replace("::", "/");
    // Its last modules may stand inside of a file.
    let ends = module.match_indices('/').map(|(end, _)| end).chain([module.len()]);
    ends.filter_map(|end| module.get(..end)).any(|file| {
        [format!("src/{file}.rs"), format!("tests/it/{file}.rs")].iter().any(|place| {
            let text = fs::read_to_string(root().join(place)).unwrap_or_default();
            has_test(&text, name)
        })
    })
}

/// Does a function of this name stand in a text, with the mark of a test above it?
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let begins = [format!("fn {name}("), format!("async fn {name}(")];
    let found = lines.iter().position(|line| begins.iter().any(|begin| line.starts_with(begin)));
    found.is_some_and(|position| {
        let above = lines.iter().take(position).rev();
        let mut above = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        above.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

/// All of `src` in one text.
fn program() -> String {
    let mut files = Vec::new();
    collect(&root().join("src"), "rs", &mut files);
    files.iter().map(|file| fs::read_to_string(file).expect("a source file")).collect()
}

/// The Markdown files of the project, relative to its root.
fn documents() -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(&root().join("docs"), "md", &mut files);
    for entry in fs::read_dir(root()).expect("the root").flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "md") {
            files.push(entry.path());
        }
    }
    let relative = |file: PathBuf| file.strip_prefix(root()).expect("below the root").to_owned();
    files.into_iter().map(relative).collect()
}

fn collect(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, extension, files);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
}

/// Targets of `[text](target)`.
fn link_targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|after| after.split_once(')')).map(|(target, _)| target)
}

/// Words in single backticks, outside of fenced blocks.
fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2))
}

/// Has a Markdown text a heading of this anchor?
fn has_heading(text: &str, anchor: &str) -> bool {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| line.trim_start_matches('#').trim()).any(|heading| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let slug: String =
            kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect();
        slug == anchor
    })
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
