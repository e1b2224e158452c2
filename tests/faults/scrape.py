"""One scrape of /metrics, and the ledger that must hold in every one."""

import re
import urllib.error
import urllib.request
from dataclasses import dataclass

SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
IMBALANCE = ("_imbalance", "_bookkeeping_error_records")
MESSAGES = ("settled_total", "spooled_total", "shed_total", "abandoned_total", "orphaned_total", "in_flight")
READINGS = (
    "delivered_total", "spooled_total", "dead_lettered_total", "discarded_total", "undelivered_total", "in_flight",
)


@dataclass(frozen=True)
class Sample:
    name: str
    labels: dict[str, str]
    value: float


class Scrape:
    """All samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = (SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#"))
        self.samples = [Sample(m[1], dict(LABEL.findall(m[2] or "")), float(m[3])) for m in found if m]

    def sum(self, name: str, **labels: str) -> float:
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())

    def ledger(self) -> list[str]:
        """What does not balance; the parts are added up here, beside the engine's own verdict."""
        wrong = [f"{s.name}{s.labels} is {s.value}" for s in self.samples if s.name.endswith(IMBALANCE) and s.value]
        for whole in (s for s in self.samples if s.name == "trygg_messages_received_total"):
            wrong += self._balance(whole, "trygg_messages_", MESSAGES)
        for whole in (s for s in self.samples if s.name == "trygg_readings_decoded_total"):
            wrong += self._balance(whole, "trygg_readings_", READINGS)
        return wrong

    def _balance(self, whole: Sample, prefix: str, parts: tuple[str, ...]) -> list[str]:
        total = sum(self.sum(prefix + part, **whole.labels) for part in parts)
        if abs(total - whole.value) < 0.5:
            return []
        return [f"{whole.name}{whole.labels} is {whole.value:.0f}, and {total:.0f} are accounted for"]


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


def get(port: int, path: str, limit_s: float = 5) -> Answer | None:
    """One GET; None while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=limit_s) as reply:
            return Answer(reply.status, reply.read().decode())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.read().decode())
    except (OSError, ValueError):
        return None
