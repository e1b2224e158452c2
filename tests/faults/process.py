"""Child processes that end with this process, whatever ends it, and free ports."""

import os
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from . import wait

# Below the ephemeral range: a client that keeps knocking at a dead server's ephemeral port can
# end up connected to itself and block the server's return.
FIRST_PORT, PORTS = 12_000, 7_900
_next_port = os.getpid() * 131 % PORTS


def free_port() -> int:
    """A loopback port nobody listens on."""
    global _next_port
    for _ in range(PORTS):
        port = FIRST_PORT + _next_port
        _next_port = (_next_port + 1) % PORTS
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port on 127.0.0.1")


def memory_peak(pid: int) -> int:
    """VmHWM in bytes: the most this process ever held in memory; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


@dataclass
class Daemon:
    """A server with its output in a file. Start it from the main thread only: the kernel kills it
    when the *thread* that forked it ends."""

    name: str
    argv: list[str]
    log: Path
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    prefix: tuple[str, ...] = ()
    """Programs before the program, such as `prlimit` or `strace`."""
    peak_rss: int = 0
    """The most that any life so far has held."""
    _child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.prefix, *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | self.env,
                cwd=self.cwd,
            )

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.pid

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def ended(self) -> int | None:
        """Exit code, negative after a signal; None while it lives."""
        return self._child.poll() if self._child else None

    def note_memory(self) -> None:
        if self.alive():
            self.peak_rss = max(self.peak_rss, memory_peak(self.pid))

    def signal(self, number: signal.Signals) -> None:
        if self.alive():
            os.kill(self.pid, number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """kill -9, and gone when this returns."""
        if self._child is None:
            return
        self.note_memory()
        if self.alive():
            self._child.kill()
        self._child.wait()

    def exit_code(self, limit_s: float = wait.SOON_S) -> int:
        """Waits for its end."""
        wait.until(f"{self.name} ends", lambda: not self.alive(), limit_s)
        code = self.ended()
        assert code is not None
        return code

    def cpu_s(self) -> float:
        """CPU time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def require_alive(self) -> None:
        if not self.alive():
            last = " | ".join(line[:160] for line in self.output().splitlines()[-3:])
            raise AssertionError(f"{self.name} ended with {self.ended()}: {last}")
