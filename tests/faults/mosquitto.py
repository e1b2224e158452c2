"""A real Mosquitto on a loopback port, with a store and no limit on what it queues."""

import os
import signal
import socket
import subprocess
from pathlib import Path

from . import wait
from .process import Daemon, free_port
from .tools import Tools


class Mosquitto:
    """Broker of one row. Without a name everybody may do everything; `demand`
    gives a name a password."""

    def __init__(self, tools: Tools, directory: Path, lines: str = "") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._store = directory / "mosquitto.db"
        self._file = directory / "mosquitto.conf"
        self._file.write_text(
            f"per_listener_settings true\nlistener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"persistence true\npersistence_location {directory}/\nautosave_interval 1800\n"
            "max_queued_messages 0\nmax_inflight_messages 0\nsys_interval 1\n"
            # Started as root it would become another user, who cannot write the store.
            f"log_dest stderr\nuser root\npassword_file {directory}/passwords\n{lines}"
        )
        self.passwords = directory / "passwords"
        self.passwords.touch(mode=0o600)
        self._passwd = tools.mosquitto_passwd
        env = {"LD_LIBRARY_PATH": tools.mosquitto_libraries} if tools.mosquitto_libraries else {}
        argv = [str(tools.mosquitto), "-c", str(self._file)]
        self.daemon = Daemon("mosquitto", argv, directory / "mosquitto.log", env)

    def start(self) -> None:
        self.daemon.start()
        wait.until("mosquitto listens", self._listens)

    def _listens(self) -> bool:
        self.daemon.require_alive()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def configure(self, lines: str) -> None:
        """Adds lines, read at the next start; of a key that stands twice the later counts."""
        self._file.write_text(self._file.read_text() + lines + "\n")

    def save(self) -> None:
        """Has it write its store, which a kill leaves behind."""
        before = self._store.stat().st_mtime_ns if self._store.exists() else 0
        self.daemon.signal(signal.SIGUSR1)
        wait.until("mosquitto writes its store", lambda: self._written_since(before))

    def _written_since(self, before: int) -> bool:
        return self._store.exists() and self._store.stat().st_mtime_ns > before

    def kill(self, forget: bool = False) -> None:
        """kill -9; with its disk when it shall forget."""
        self.daemon.kill()
        if forget:
            self._store.unlink(missing_ok=True)

    def demand(self, name: str, password: str) -> None:
        """Whoever gives this name must give this password; a change counts at the next connection."""
        argv = [str(self._passwd), "-b", str(self.passwords), name, password]
        subprocess.run(argv, env=os.environ | self.daemon.env, check=True, capture_output=True, timeout=20)
        self.daemon.signal(signal.SIGHUP)
