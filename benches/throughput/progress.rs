//! What the bench is doing, on stderr: a bar on a terminal, a line a step elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::{Outcome, terminal};

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    step: u64,
    steps: u64,
}

impl Progress {
    pub(crate) fn new(steps: u64) -> Outcome<Self> {
        let bar = std::io::stderr().is_terminal().then(|| ProgressBar::new(steps));
        if let Some(bar) = &bar {
            let template = "{elapsed_precise} [{bar:30}] {pos}/{len} {msg}";
            bar.set_style(ProgressStyle::with_template(template)?.progress_chars("=> "));
        }
        Ok(Self { bar, step: 0, steps })
    }

    /// Begins the next step.
    pub(crate) fn step(&mut self, name: &str) {
        self.step += 1;
        match &self.bar {
            Some(bar) => {
                bar.set_position(self.step - 1);
                bar.set_message(name.to_owned());
                bar.tick();
            }
            None => terminal::complain(&format!("bench {}/{} {name}", self.step, self.steps)),
        }
    }

    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
