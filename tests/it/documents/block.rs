//! Fenced blocks of a document, and the commands in them.

/// A fenced block.
pub struct Block {
    /// What stands behind the opening fence.
    pub info: String,
    /// Line of its first line, from 1.
    line: usize,
    lines: Vec<String>,
}

/// A command, and what it should say.
pub struct Step {
    /// Its line in the document, from 1.
    pub line: usize,
    pub command: String,
    pub expected: Vec<String>,
}

/// All of them in a text.
pub fn of(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(Block, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        open = match (open.take(), fence) {
            (None, None) => None,
            (None, Some(info)) => {
                let info = info.trim().to_owned();
                let indent = line.len() - line.trim_start().len();
                Some((Block { info, line: number + 2, lines: Vec::new() }, indent))
            }
            (Some((block, _)), Some(_)) => {
                blocks.push(block);
                None
            }
            (Some((mut block, indent)), None) => {
                block.lines.push(line.get(indent..).unwrap_or_default().to_owned());
                Some((block, indent))
            }
        };
    }
    blocks
}

impl Block {
    /// What it holds.
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// Its lines with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        (self.line..).zip(self.lines.iter().map(String::as_str))
    }

    /// Its commands.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (line, text) in self.numbered() {
            if let Some(command) = text.strip_prefix("$ ") {
                steps.push(Step { line, command: command.to_owned(), expected: Vec::new() });
                continue;
            }
            let step = steps.last_mut().unwrap_or_else(|| panic!("{line}: no `$ ` above"));
            match text.strip_prefix('>') {
                Some(more) => {
                    step.command.push('\n');
                    step.command += more.strip_prefix(' ').unwrap_or(more);
                }
                None if text.trim().is_empty() => {}
                None => step.expected.push(text.to_owned()),
            }
        }
        steps
    }
}

impl Step {
    /// The first line that the output lacks, or has only before those above it.
    pub fn missing(&self, output: &str) -> Option<&str> {
        let mut lines = output.lines();
        let mut expected = self.expected.iter().map(String::as_str);
        expected.find(|pattern| !lines.any(|line| is_like(line, pattern)))
    }
}

/// Is it the pattern, in which `...` stands for anything?
fn is_like(line: &str, pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split("...").collect();
    let (Some((first, rest)), Some(last)) = (parts.split_first(), parts.last()) else {
        return false;
    };
    if rest.is_empty() {
        return line == *first;
    }
    let Some(mut left) = line.strip_prefix(first) else { return false };
    for part in &rest[..rest.len() - 1] {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(last)
}

#[test]
fn dots_stand_for_anything() {
    for (line, pattern, expected) in [
        ("one", "one", true),
        ("one ", "one", false),
        ("one two", "one...", true),
        ("one two", "...two", true),
        ("one two three", "one...three", true),
        ("one two three", "...two...", true),
        ("one", "one...one", false),
        ("two one", "...two...one...", true),
        ("one two", "...two...one...", false),
    ] {
        assert_eq!(is_like(line, pattern), expected, "{line} {pattern}");
    }
}

#[test]
fn blocks_have_their_lines_and_steps() {
    let text =
        "a\n\n```console\n$ b <<'END'\n> c\n>\n> END\nd\n$ e\n```\n- f\n\n  ```sh\n  g\n  ```\n";
    let blocks = of(text);
    assert_eq!(blocks.len(), 2);
    let steps = blocks[0].steps();
    let [first, second] = &steps[..] else { panic!("two") };
    assert_eq!((first.line, first.command.as_str()), (4, "b <<'END'\nc\n\nEND"));
    assert_eq!((first.missing("c\nd\n"), first.missing("c\n")), (None, Some("d")));
    assert_eq!((second.line, second.command.as_str()), (9, "e"));
    assert_eq!((blocks[1].info.as_str(), blocks[1].text().as_str()), ("sh", "g\n"));
}
