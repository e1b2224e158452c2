//! Lines to the parent or the terminal.

use std::io::Write;

use crate::Outcome;

/// Results, and answers to a parent: stdout.
pub(crate) fn report(line: &str) -> Outcome {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// What a person should know meanwhile: stderr.
pub(crate) fn complain(line: &str) {
    // Nobody is left to tell when stderr is gone.
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}
