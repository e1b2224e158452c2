//! Labels on the left, words on the right, in whatever width there is.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

/// How text is laid out. Colours are always written; who prints it strips them where there is no
/// terminal.
#[derive(Clone, Debug)]
pub struct Page {
    width: usize,
}

/// How a step is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Faint,
    Good,
    Warn,
    Bad,
}

/// Width where there is no terminal.
const USUAL: usize = 100;
/// Nobody reads longer lines.
const WIDEST: usize = 120;
/// Width of the labels.
const LABEL: usize = 14;
/// Below it, words stand under their labels.
const NARROW: usize = 60;
/// Widest column of a table but the last.
const COLUMN: usize = 36;
/// The last column of a table has at least this, or a line of its own.
const LAST_COLUMN: usize = 24;

impl Page {
    /// For a terminal of so many characters, or for a file.
    pub fn new(width: Option<usize>) -> Self {
        Self { width: width.unwrap_or(USUAL).clamp(20, WIDEST) }
    }

    fn indent(&self) -> usize {
        if self.width < NARROW { 2 } else { LABEL }
    }

    /// A label and its lines.
    pub(super) fn step(
        &self,
        label: &str,
        tone: Tone,
        lines: &[String],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let style = tone.style();
        let indent = self.indent();
        let room = self.width - indent;
        let wrapped = lines.iter().flat_map(|line| wrap(line, room));
        self.label(label, tone, out)?;
        for (number, line) in wrapped.enumerate() {
            let is_beside = number == 0 && self.width >= NARROW;
            let blanks = if is_beside { 0 } else { indent };
            match tone {
                Tone::Faint => writeln!(out, "{:blanks$}{style}{line}{style:#}", "")?,
                Tone::Plain | Tone::Good | Tone::Warn | Tone::Bad => {
                    writeln!(out, "{:blanks$}{line}", "")?;
                }
            }
        }
        Ok(())
    }

    /// Rows of three columns below a label.
    pub(super) fn table(
        &self,
        label: &str,
        rows: &[[String; 3]],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let indent = self.indent();
        let room = self.width - indent;
        let most = COLUMN.min(room / 3);
        let widest = |column: fn(&[String; 3]) -> &String| {
            let lengths = rows.iter().map(|row| column(row).chars().count());
            lengths.max().unwrap_or(0).min(most)
        };
        let (first, second) = (widest(|[first, ..]| first), widest(|[_, second, _]| second));
        let last = room.saturating_sub(first + second + 4).max(LAST_COLUMN);
        self.label(label, Tone::Plain, out)?;
        for (number, [one, two, three]) in rows.iter().enumerate() {
            let blanks = if number == 0 && self.width >= NARROW { 0 } else { indent };
            let mut said = wrap(three, last).into_iter();
            let fits = one.chars().count() <= first && two.chars().count() <= second;
            let begin = format!("{one:<first$}  {two:<second$}");
            if fits {
                let beside = said.next().unwrap_or_default();
                writeln!(out, "{:blanks$}{}", "", format!("{begin}  {beside}").trim_end())?;
            } else {
                writeln!(out, "{:blanks$}{}", "", begin.trim_end())?;
            }
            for line in said {
                let blanks = indent + if self.width < NARROW { 2 } else { first + second + 4 };
                writeln!(out, "{:blanks$}{line}", "")?;
            }
        }
        Ok(())
    }

    /// Text to be copied, as it is.
    pub(super) fn verbatim(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let style = AnsiColor::Cyan.on_default();
        let indent = self.indent();
        for line in text.lines() {
            if line.is_empty() {
                writeln!(out)?;
            } else {
                writeln!(out, "{:indent$}{style}{line}{style:#}", "")?;
            }
        }
        Ok(())
    }

    fn label(&self, label: &str, tone: Tone, out: &mut dyn Write) -> io::Result<()> {
        let style = tone.style().bold();
        let is_narrow = self.width < NARROW;
        match label {
            "" if is_narrow => Ok(()),
            "" => write!(out, "{:LABEL$}", ""),
            label if is_narrow => writeln!(out, "{style}{label}{style:#}"),
            label => {
                write!(out, "{style}{label}{style:#}{:1$}", "", LABEL - label.len().min(LABEL))
            }
        }
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// Lines of at most so many characters, broken at blanks; a longer word stays whole.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let own = word.chars().count();
        let is_first = lines.last().is_none_or(String::is_empty);
        if !is_first && length + 1 + own > width {
            lines.push(String::new());
            length = 0;
        } else if !is_first {
            length += 1;
            if let Some(line) = lines.last_mut() {
                line.push(' ');
            }
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
        length += own;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(width: usize, tone: Tone, lines: &[&str]) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        Page::new(Some(width)).step("Label", tone, &lines, &mut out).unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn words_stand_beside_their_label_or_below_it() {
        let text = "one two three four five six seven eight nine ten eleven twelve";
        assert_eq!(
            said(70, Tone::Bad, &[text, "next"]),
            "Label         one two three four five six seven eight nine ten eleven\n              twelve\n              next\n"
        );
        let narrow = said(30, Tone::Plain, &[text]);
        assert!(narrow.starts_with("Label\n  one two three four five six\n  seven"), "{narrow}");
        assert!(narrow.lines().all(|line| line.chars().count() <= 30), "{narrow}");
    }
}
