"""The engine as a process: its configuration, its lives, what it says of itself."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import scrape, spool_files, wait
from .process import Daemon, free_port
from .scrape import Answer, Scrape
from .tools import Tools

DRAINED, TEMPORARY_FAILURE = 0, 75
PARTITIONS = 4
"""Of each topic here."""
CREDITS, REPORTS = 256, 1000
"""With a spool, a crash repeats what was handed above the saved cursor: credits last for so many
records a partition, and the cursor is saved after so many reports."""


@dataclass
class Settings:
    """The configuration file; further keys of a section as lines of TOML."""

    brokers: str = ""
    prefix: str = ""
    port: int = 0
    client_id: str = "trygg-faults"
    link: str = 'keep_alive = "10s"\n'
    kafka: str = ""
    librdkafka: str = ""
    spool: Path | None = None
    """Where the spool lies; None for none."""
    ack: str = "auto"
    spool_lines: str = ""
    sections: str = ""
    admin: int = field(default_factory=free_port)

    @property
    def topics(self) -> tuple[str, str, str]:
        return f"{self.prefix}.readings", f"{self.prefix}.alerts", f"{self.prefix}.dead-letters"

    def spool_files(self) -> list[Path]:
        """All files below the spool's directory."""
        return [file for file in self.spool.rglob("*") if file.is_file()] if self.spool else []

    def toml(self) -> str:
        readings, alerts, dead_letters = self.topics
        spool = f'[spool]\ndirectory = "{self.spool}"\nack = "{self.ack}"\n{self.spool_lines}\n' if self.spool else ""
        return f"""[engine]
tenant = "faults"
shutdown_deadline = "15s"

[identity]
clear_names = true

[admin]
listen = "127.0.0.1:{self.admin}"

{spool}[kafka]
brokers = [{self.brokers}]
{self.kafka}
[kafka.topics]
readings = "{readings}"
alerts = "{alerts}"
dead_letters = "{dead_letters}"

[kafka.librdkafka]
{self.librdkafka}
[[link]]
name = "main"
host = "127.0.0.1"
port = {self.port}
client_id = "{self.client_id}"
{self.link}
[[link.filter]]
topic = "homes/{{home}}/zigbee2mqtt/{{device...}}"
format = "zigbee2mqtt"
{self.sections}"""


class Engine:
    """One trygg, over several lives."""

    def __init__(self, tools: Tools, directory: Path, settings: Settings, name: str = "trygg") -> None:
        self.settings = settings
        self._file = directory / f"{name}.toml"
        argv = [str(tools.trygg), "run", "--config", str(self._file)]
        self.daemon = Daemon(name, argv, directory / f"{name}.log", cwd=directory)
        self.starts = 0
        self.started_at = 0.0
        self.spool_records = 0
        """Readings that may come again: at each end without order what the spool had handed above its
        saved cursor."""
        self.most_open: Callable[[], int] = lambda: 0
        """The most messages that were unanswered at once in this life: all of them may have been with
        Kafka when a partition went over to the spool, and were copied there as handed."""
        self._in_spool = 0.0

    def start(self, ready: bool = True) -> None:
        self._file.write_text(self.settings.toml())
        self.starts += 1
        self.started_at = time.monotonic()
        self.daemon.start()
        if ready:
            self.wait_until_ready()

    def wait_until_ready(self, limit_s: float = wait.SOON_S) -> None:
        wait.until("the engine is ready", self._is_ready, limit_s)

    def _is_ready(self) -> bool:
        self.daemon.require_alive()
        return self.ready()

    def ready(self) -> bool:
        answer = self.get("/readyz")
        return answer is not None and answer.status == 200

    def get(self, path: str) -> Answer | None:
        return scrape.get(self.settings.admin, path)

    def scrape(self) -> Scrape | None:
        answer = self.get("/metrics")
        return Scrape(answer.body) if answer and answer.status == 200 else None

    def metric(self, name: str, **labels: str) -> float:
        """A sum over samples, asked until somebody answers."""
        return wait.until("a scrape is answered", self.scrape).sum(name, **labels)

    def about_to_die(self) -> None:
        """Notes what the end of this life may repeat: nothing while the spool has not been used."""
        if not (self.settings.spool and self.daemon.alive()):
            return
        # A process that cannot answer has at least what it had when it last could.
        answer = scrape.get(self.settings.admin, "/metrics", 0.5)
        if answer and answer.status == 200:
            metrics = Scrape(answer.body)
            names = ("trygg_spool_appended_records_total", "trygg_spool_recovered_records_total")
            self._in_spool = sum(metrics.sum(name) for name in names)
        if self.settings.ack == "spool":
            self.spool_records += CREDITS * PARTITIONS + REPORTS
        elif self._in_spool:
            self.spool_records += CREDITS * PARTITIONS + REPORTS + self.most_open()

    def kill(self) -> None:
        self.about_to_die()
        self.daemon.kill()

    def restart(self, ready: bool = True) -> None:
        self.kill()
        self.start(ready)

    def terminate(self, limit_s: float = wait.SOON_S) -> int:
        """SIGTERM, and the exit code. What is left in the spool may stand in Kafka already."""
        self.daemon.note_memory()
        before = self.spool_records
        self.about_to_die()
        self.daemon.signal(signal.SIGTERM)
        code = self.daemon.exit_code(limit_s)
        if code == DRAINED and not self._is_left():
            self.spool_records = before
        return code

    def _is_left(self) -> bool:
        """Does something lie in the spool that is not known to be delivered?"""
        logs = self.settings.spool.rglob("readings") if self.settings.spool else []
        return any(spool_files.waiting(log) for log in logs)
