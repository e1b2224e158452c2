//! Child processes that end with the test process, whatever ends it.

use std::{
    fs::{self, File},
    io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::wait;

type Order = (Command, mpsc::Sender<io::Result<Child>>);

/// The parent of every child. `PR_SET_PDEATHSIG` fires when the *thread* that forked ends, and
/// test threads end early, so one thread that lives as long as the process does all forking.
static KEEPER: LazyLock<Mutex<mpsc::Sender<Order>>> = LazyLock::new(|| {
    let (orders, inbox) = mpsc::channel::<Order>();
    thread::Builder::new()
        .name("keeper".into())
        .spawn(move || {
            for (mut command, reply) in inbox {
                reply.send(command.spawn()).ok();
            }
        })
        .expect("keeper thread");
    Mutex::new(orders)
});

/// A command for `program` that is killed when this process ends.
pub fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program.as_ref()).stdin(Stdio::null());
    command
}

/// Spawns a command made by [`command`].
pub fn spawn(command: Command) -> Child {
    let (reply, child) = mpsc::channel();
    KEEPER.lock().expect("keeper").send((command, reply)).expect("keeper");
    child.recv().expect("keeper").expect("spawn")
}

/// The signals the tests send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Terminate,
    Stop,
    Continue,
    /// Mosquitto writes its store.
    User1,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
            Self::User1 => "USR1",
        }
    }
}

/// A running server with its output in a file; killed when dropped.
pub struct Daemon {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts a command made by [`command`], its output appended to `log`.
    pub fn start(name: &'static str, mut command: Command, log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).expect("log file");
        command.stdout(out.try_clone().expect("log file")).stderr(out);
        Self { name, child: spawn(command), log: log.to_owned() }
    }

    /// Everything it has printed so far.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Status when it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("wait")
    }

    /// CPU time it has used.
    pub fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("stat");
        let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map(|field| field.parse::<u64>().expect("ticks")).sum();
        // A hundred a second on every Linux this runs on.
        Duration::from_millis(ticks * 10)
    }

    /// Sends a signal other than KILL.
    pub fn signal(&self, signal: Signal) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{} {}", signal.name(), self.child.id())])
            .status()
            .expect("sh");
        assert!(sent.success(), "{}: signal {signal:?}", self.name);
    }

    /// kill -9, and gone when this returns.
    pub fn kill(&mut self) {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
    }

    /// Waits for its end and returns the exit code (`None` after a signal).
    pub fn exit_code(&mut self, limit: Duration) -> Option<i32> {
        let what = format!("{} ends", self.name);
        wait::until(&what, limit, || self.ended()).code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
        if thread::panicking() {
            let output = self.output();
            let lines: Vec<_> = output.lines().collect();
            let tail = lines.len().saturating_sub(40);
            eprintln!(
                "--- {} ({}), last lines:\n{}",
                self.name,
                self.log.display(),
                lines[tail..].join("\n")
            );
        }
    }
}

/// A directory of this run under the target directory. Those of runs that are over are swept
/// at the first call.
pub fn scratch(name: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static RUN: LazyLock<PathBuf> = LazyLock::new(|| {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it");
        for old in fs::read_dir(&all).into_iter().flatten().flatten() {
            let alive =
                old.file_name().to_str().is_some_and(|id| Path::new("/proc").join(id).exists());
            if !alive {
                fs::remove_dir_all(old.path()).ok();
            }
        }
        all.join(std::process::id().to_string())
    });
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = RUN.join(format!("{number:03}-{name}"));
    fs::create_dir_all(&path).expect("scratch directory");
    path
}

/// A loopback port nobody listens on, below the ephemeral range: a client that keeps knocking at
/// a dead server's ephemeral port can end up connected to itself and block the server's return.
pub fn free_port() -> u16 {
    listener().local_addr().expect("bound").port()
}

/// Listens on such a port. To bind a port from [`free_port`] can fail: a child that another thread
/// is just forking holds the probing socket until it executes its program.
pub fn listener() -> TcpListener {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
        let spread = std::process::id().wrapping_mul(97) % u32::from(COUNT);
        AtomicU16::new(u16::try_from(spread).expect("below COUNT"))
    });
    loop {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
    }
}
