//! A child process with a line protocol: `word key=value …` each way, the end of stdin stops it.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    str::FromStr,
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Duration,
};

use crate::Outcome;

/// How long a child may be silent while the bench waits for a line.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running child. Dropping it ends the process.
pub(crate) struct Role {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Role {
    pub(crate) fn start(name: &str, command: &mut Command) -> Outcome<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("a child without stdout")?;
        let (sender, lines) = sync_channel(64);
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if line.is_ok_and(|line| sender.send(line).is_err()) {
                    break;
                }
            }
        });
        Ok(Self { name: name.to_owned(), child, input, lines })
    }

    /// Starts this executable again in another role.
    pub(crate) fn again(name: &str, arguments: &[String]) -> Outcome<Self> {
        Self::start(name, Command::new(std::env::current_exe()?).args(arguments))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn say(&mut self, line: &str) -> Outcome {
        let input = self.input.as_mut().ok_or("a child without stdin")?;
        writeln!(input, "{line}")?;
        Ok(input.flush()?)
    }

    /// Waits for the line that begins with `word`; lines before it are passed over.
    pub(crate) fn wait_for(&mut self, word: &str) -> Outcome<Facts> {
        self.wait_longer_for(word, Duration::ZERO)
    }

    /// The same for what takes its time: so much longer.
    pub(crate) fn wait_longer_for(&mut self, word: &str, time: Duration) -> Outcome<Facts> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE + time).map_err(|_| {
                let end = self.child.try_wait().ok().flatten();
                format!("{} never said {word:?} (ended: {end:?})", self.name)
            })?;
            if let Some(facts) = Facts::parse(&line, word) {
                return Ok(facts);
            }
        }
    }

    /// Asks and waits for the answer.
    pub(crate) fn ask(&mut self, line: &str, word: &str) -> Outcome<Facts> {
        self.say(line)?;
        self.wait_for(word)
    }
}

impl Role {
    /// Ends the process at once.
    pub(crate) fn kill(&mut self) {
        self.input = None;
        // Both fail only when the process is gone, which is what is wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The `key=value` pairs of one line.
pub(crate) struct Facts(HashMap<String, String>);

impl Facts {
    pub(crate) fn parse(line: &str, word: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some(word)).then(|| {
            let pairs = words.filter_map(|pair| pair.split_once('='));
            Self(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
        })
    }

    pub(crate) fn get<T: FromStr>(&self, key: &str) -> Outcome<T> {
        let value = self.0.get(key).ok_or_else(|| format!("no {key} in the line"))?;
        value.parse().map_err(|_| format!("{key}={value} is not what it should be").into())
    }
}
