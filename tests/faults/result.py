"""What a row came to, as it stands in the table and in summary.json."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .planted import Planted


@dataclass
class Result:
    """One row of the table."""

    id: str
    fault: str
    confirmed: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    peak_rss_bytes: int = 0
    recovery_s: float | None = None
    skipped: str | None = None
    # Not part of the promise of the file's form, but worth knowing.
    bound: int = 0
    late: int = 0
    judged_acks: int = 0
    connections: int = 0
    """Of trygg to the broker."""
    elapsed_s: float = 0.0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    logs: str | None = None

    @property
    def failed(self) -> bool:
        return bool(self.problems)

    @property
    def word(self) -> str:
        return "SKIP" if self.skipped else "FAIL" if self.failed else "ok"


HEAD = ("row", "", "fault", "confirmed", "lost", "dupl.", "bound", "reord.", "peak RSS", "recovery", "took")


def cells(result: Result) -> tuple[str, ...]:
    if result.skipped:
        return (result.id, "SKIP", f"{result.fault}: {result.skipped}", *[""] * 8)
    recovery = "-" if result.recovery_s is None else f"{result.recovery_s:.1f} s"
    figures = (result.confirmed, result.lost, result.duplicated, result.bound, result.reordered)
    rss = f"{result.peak_rss_bytes / 2**20:.0f} MiB"
    return (result.id, result.word, result.fault, *map(str, figures), rss, recovery, f"{result.elapsed_s:.0f} s")


def table(results: list[Result]) -> str:
    """All rows, in columns."""
    rows = [HEAD, *(cells(result) for result in results)]
    ran = [line for line in rows if line[1] != "SKIP"]
    widths = [max(len(line[i]) for line in ran) for i in range(len(HEAD))]
    lines = []
    for line in rows:
        if line[1] == "SKIP":
            lines.append(f"{line[0]:<{widths[0]}}  SKIP  {line[2]}")
            continue
        left = "  ".join(f"{line[i]:<{max(widths[i], 4) if i == 1 else widths[i]}}" for i in range(3))
        lines.append(left + "  " + "  ".join(f"{line[i]:>{widths[i]}}" for i in range(3, len(HEAD))))
    return "\n".join(lines)


def write(file: Path, results: list[Result], planted: list[Planted], seed: int) -> None:
    """The summary, in the form the issue gives; `more` holds what does not belong to it."""
    promised = ("id", "fault", "confirmed", "lost", "duplicated", "reordered", "peak_rss_bytes", "recovery_s", "skipped")
    rows, more = [], {}
    for result in results:
        every = asdict(result)
        rows.append({key: every.pop(key) for key in promised})
        more[result.id] = every
    whole = {"rows": rows, "planted": [asdict(bug) for bug in planted], "seed": seed, "more": more}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(whole, indent=1) + "\n")
