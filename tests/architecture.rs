//! Holds the code to the tables of ARCHITECTURE.md, which are the rule: nothing is repeated here.
#![allow(clippy::expect_used, clippy::panic, reason = "a test: it fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Longest file, in lines. Tests may be longer.
const LINES_MAX: usize = 400;

/// Files that are longer, each with what it may have at most until it is split. The list only
/// shrinks: a file that fits again must leave it.
const TOO_LONG: &[(&str, usize)] = &[("telemetry/metrics/catalogue.rs", 530)];

/// What waits or reads a clock.
const WAITING: [&str; 5] = ["async", "tokio::", "Instant::now", "SystemTime::now", "park_timeout"];

/// One row of the table of rooms.
struct Room {
    name: String,
    knows: BTreeSet<String>,
    waits: Waits,
}

/// Which files of a room may wait and read clocks.
enum Waits {
    Nowhere,
    Anywhere,
    In(BTreeSet<String>),
}

/// A file of the program without its comments, texts and tests.
struct Source {
    /// Below `src`, with `/`.
    path: String,
    room: String,
    code: String,
    lines: usize,
}

#[test]
fn each_room_imports_exactly_what_the_table_says() {
    let mut imports: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for source in sources() {
        for other in imports_of(&source) {
            let entry = imports.entry(source.room.clone()).or_default();
            entry.entry(other).or_insert_with(|| source.path.clone());
        }
    }
    let rooms = rooms();
    let mut wrong = Vec::new();
    for room in &rooms {
        let imported = imports.remove(&room.name).unwrap_or_default();
        for (other, path) in &imported {
            if !room.knows.contains(other) {
                wrong
                    .push(format!("{path} imports `{other}`, which `{}` does not know", room.name));
            }
        }
        for other in room.knows.iter().filter(|other| !imported.contains_key(*other)) {
            wrong.push(format!("`{}` may know `{other}` and does not use it", room.name));
        }
    }
    wrong.extend(imports.into_keys().map(|room| format!("`{room}` is not in the table")));
    assert!(wrong.is_empty(), "code and ARCHITECTURE.md differ:\n{}", wrong.join("\n"));
}

#[test]
fn a_room_knows_only_rooms_that_stand_below_it() {
    let rooms = rooms();
    for (position, room) in rooms.iter().enumerate() {
        let below: BTreeSet<_> = rooms.iter().skip(position + 1).map(|room| &room.name).collect();
        for other in &room.knows {
            assert!(below.contains(other), "`{}` knows `{other}`, which is not below", room.name);
        }
    }
}

#[test]
fn every_room_stands_in_the_table() {
    let listed: BTreeSet<_> = rooms().into_iter().map(|room| room.name).collect();
    let built: BTreeSet<_> = sources().into_iter().map(|source| source.room).collect();
    assert_eq!(listed, built);
}

#[test]
fn waiting_and_clocks_are_where_the_table_says() {
    let sources = sources();
    for room in rooms() {
        for source in sources.iter().filter(|source| source.room == room.name) {
            let found = WAITING.iter().find(|word| has_word(&source.code, word));
            let allowed = match &room.waits {
                Waits::Anywhere => true,
                Waits::Nowhere => false,
                Waits::In(files) => files.contains(&source.path),
            };
            if let (Some(word), false) = (found, allowed) {
                panic!("{} contains `{word}`", source.path);
            }
        }
        if let Waits::In(files) = room.waits {
            for file in files {
                let source = sources.iter().find(|source| source.path == file);
                let waits = source
                    .is_some_and(|source| WAITING.iter().any(|word| has_word(&source.code, word)));
                assert!(waits, "{file} is said to wait and does not");
            }
        }
    }
}

#[test]
fn libraries_stay_in_their_rooms() {
    let sources = sources();
    for cells in table("library") {
        let [library, places, ..] = cells.as_slice() else { panic!("two cells: {cells:?}") };
        let allowed = names(places);
        for library in names(library) {
            let path = format!("{library}::");
            let using = sources.iter().filter(|source| has_word(&source.code, &path));
            let found: BTreeSet<_> = using.map(|source| source.room.clone()).collect();
            assert_eq!(found, allowed, "rooms that use {library}");
        }
    }
}

#[test]
fn files_are_short() {
    let sources = sources();
    for source in &sources {
        let known = TOO_LONG.iter().find(|(path, _)| *path == source.path);
        let most = known.map_or(LINES_MAX, |(_, most)| *most);
        assert!(source.lines <= most, "{}: {} lines, {most} allowed", source.path, source.lines);
        let is_short = source.lines <= LINES_MAX;
        assert!(known.is_none() || !is_short, "{} fits: take it off the list", source.path);
    }
    for (path, _) in TOO_LONG {
        assert!(sources.iter().any(|source| source.path == *path), "{path} is gone");
    }
}

#[test]
fn the_scan_sees_code_and_nothing_else() {
    let text = r##"
        use crate::{ack::{Receipt, Shares}, model::Mono, COMMIT};
        // crate::comment::X
        /* crate::block::X */
        const TEXT: &str = "crate::text::X \" crate::text::Y";
        const RAW: &str = r#"crate::raw::X " "#;
        const QUOTES: [char; 3] = ['"', '\'', 'x'];
        fn lifetime<'a>(x: &'a crate::record::Record) -> crate::kafka::Report {}
        #[cfg(test)]
        #[expect(clippy::x, reason = "}")]
        fn only_in_tests() { if let Some(x) = crate::planted::bug() { x } }
        fn after() -> crate::sink::Sink { asynchronous() }
        #[cfg(test)]
        mod tests { use crate::hidden::X; }
    "##;
    let code = without_tests(&without_texts(text));
    let source = Source { path: "room/file.rs".into(), room: "room".into(), code, lines: 0 };
    let found = imports_of(&source);
    assert_eq!(found, ["ack", "kafka", "model", "record", "sink"].map(String::from).into());
    assert!(!has_word(&source.code, "async"));
    assert!(has_word("pub async fn x()", "async") && has_word("tokio::select!", "tokio::"));
}

/// Rooms that a file names by `crate::room`, alone or in a group.
fn imports_of(source: &Source) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let root = if source.room == "main" { "trygg::" } else { "crate::" };
    for after in words(&source.code, root) {
        match after.strip_prefix('{') {
            None => found.extend(identifier(after)),
            Some(group) => found.extend(group_heads(group)),
        }
    }
    // The way round: climbing out of the room by `super`.
    let depth = source.path.split('/').count();
    let climb = "super::".repeat(depth);
    assert!(!source.code.contains(&climb), "{}: {climb} leaves the room", source.path);
    found.remove(&source.room);
    // Only tests have it, and the compiler sees to that.
    found.remove("plant");
    found
}

/// `a::{b, c}, d::E}` of a group's inside begins with `a` and `d`.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let (mut depth, mut at_head) = (0_u32, true);
    for (position, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_head = true,
            _ if at_head && !character.is_whitespace() => {
                heads.extend(group.get(position..).and_then(identifier));
                at_head = false;
            }
            _ => {}
        }
    }
    heads
}

/// The identifier at the beginning, if it can name a module.
fn identifier(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    name.starts_with(|first: char| first.is_ascii_lowercase()).then_some(name)
}

/// What follows each occurrence of a word that is not the end of a longer one.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(word).filter_map(move |(position, _)| {
        let before = code.get(..position)?.chars().next_back();
        let joined = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        if joined { None } else { code.get(position + word.len()..) }
    })
}

fn has_word(code: &str, word: &str) -> bool {
    words(code, word).any(|after| {
        word.ends_with(':') || !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

/// Every source file that is not a test.
fn sources() -> Vec<Source> {
    let root = root().join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let named = |file: &Path| {
        let path = file.strip_prefix(&root).expect("below src");
        path.to_str().expect("UTF-8").replace('\\', "/")
    };
    let texts: BTreeMap<String, String> = files
        .iter()
        .map(|file| (named(file), fs::read_to_string(file).expect("a source file")))
        .collect();
    let mut tests = BTreeSet::new();
    for (path, text) in &texts {
        let folder = path.trim_end_matches(".rs");
        let code = without_texts(text);
        for after in words(&code, "#[cfg(test)]\nmod ") {
            tests.extend(identifier(after).map(|name| format!("{folder}/{name}")));
        }
    }
    let is_test = |path: &str| {
        let module = path.trim_end_matches(".rs");
        tests.iter().any(|test| module == test || module.starts_with(&format!("{test}/")))
    };
    let own = texts.iter().filter(|(path, _)| *path != "lib.rs" && *path != "plant.rs");
    own.filter(|(path, _)| !path.ends_with("tests.rs") && !path.contains("/tests/"))
        .map(|(path, text)| {
            let room = path.split('/').next().unwrap_or_default().trim_end_matches(".rs");
            let code = if is_test(path) { String::new() } else { without_texts(text) };
            Source {
                path: path.clone(),
                room: room.to_owned(),
                code: without_tests(&code),
                lines: text.lines().count(),
            }
        })
        .collect()
}

/// Without comments and without what stands between quotes.
fn without_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_identifier = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            end_of(rest, "*/")
        } else if let (Some(hashes), false) = (raw_hashes(rest), after_identifier) {
            let opening = 2 + hashes;
            let body = rest.get(opening..).unwrap_or_default();
            opening + end_of(body, &format!("\"{}", "#".repeat(hashes)))
        } else if first == '"' {
            1 + end_of_quoted(rest.get(1..).unwrap_or_default(), '"')
        } else if is_character(rest) {
            1 + end_of_quoted(rest.get(1..).unwrap_or_default(), '\'')
        } else {
            code.push(first);
            first.len_utf8()
        };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    code
}

fn end_of(text: &str, closing: &str) -> usize {
    text.find(closing).map_or(text.len(), |position| position + closing.len())
}

fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (position, character) in text.char_indices() {
        if character == quote && !escaped {
            return position + 1;
        }
        escaped = character == '\\' && !escaped;
    }
    text.len()
}

/// Number of `#` of a raw text that begins here.
fn raw_hashes(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after.get(hashes..)?.starts_with('"').then_some(hashes)
}

/// A character literal rather than a lifetime.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next() == Some('\'')
        && characters.next().is_some_and(|second| second == '\\' || characters.next() == Some('\''))
}

/// Without the items and statements behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut pieces = code.split("#[cfg(test)]");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        kept.push_str(piece.get(end_of_item(piece)..).unwrap_or_default());
    }
    kept
}

/// Where the item ends: at its `;`, or behind the brace that closes its first block.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0_usize;
    for (position, character) in text.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return position + 1;
                }
            }
            ';' if depth == 0 => return position + 1,
            _ => {}
        }
    }
    text.len()
}

fn rooms() -> Vec<Room> {
    let rows = table("room");
    assert!(rows.len() > 15, "the table of rooms was not found");
    let room = |cells: Vec<String>| {
        let [name, _, knows, waits] = cells.as_slice() else { panic!("four cells: {cells:?}") };
        let waits = match waits.as_str() {
            "no" => Waits::Nowhere,
            "yes" => Waits::Anywhere,
            files => Waits::In(names(files)),
        };
        let name = names(name).pop_first().expect("a room's name in backticks");
        Room { name, knows: names(knows), waits }
    };
    rows.into_iter().map(room).collect()
}

/// Rows of the table whose head begins with `head`.
fn table(head: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let begins = format!("| {head} |");
    let rows = text.lines().skip_while(|line| !line.starts_with(&begins)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// What stands in backticks.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
