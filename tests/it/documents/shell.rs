//! A shell that is typed into.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::support::process;

/// The longest a command may take.
const LONGEST: Duration = Duration::from_mins(1);

pub struct Shell {
    child: Child,
    input: ChildStdin,
    statuses: mpsc::Receiver<String>,
    folder: PathBuf,
    output: PathBuf,
}

/// What a command did.
pub struct Said {
    pub status: i32,
    /// Both streams.
    pub output: String,
}

impl Shell {
    /// In an empty folder below this one, with trygg on its path.
    pub fn open(place: &Path) -> Self {
        let folder = place.join("here");
        fs::create_dir(&folder).expect("an empty folder");
        let program = Path::new(env!("CARGO_BIN_EXE_trygg")).parent().expect("its folder");
        let path = env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(program.to_owned()).chain(env::split_paths(&path));
        let mut command = process::command("bash");
        command.args(["--noprofile", "--norc"]).current_dir(&folder);
        command.env("PATH", env::join_paths(paths).expect("paths")).env("HOME", &folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process::spawn(command);
        let (input, said) =
            (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (sender, statuses) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(said)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self { child, input, statuses, output: place.join("output"), folder }
    }

    /// Types a command and waits for its end.
    pub fn run(&mut self, command: &str) -> Said {
        let output = self.output.display();
        // In this shell, so that the next command finds its variables.
        let line = format!("{{ {command}\n}} >'{output}' 2>&1 </dev/null; echo \"$?\"\n");
        self.input.write_all(line.as_bytes()).expect("the shell lives");
        let status = self.statuses.recv_timeout(LONGEST);
        let output =
            String::from_utf8_lossy(&fs::read(&self.output).expect("its output")).into_owned();
        let status = status.unwrap_or_else(|_| panic!("{command}: no end, and so far:\n{output}"));
        Said { status: status.parse().expect("a number"), output }
    }

    /// Puts a file into its folder.
    pub fn keep(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).expect("a file");
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
