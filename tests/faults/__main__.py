"""The fault suite: `quick` (the default) plays every row once; `long`, `kills`, `powercuts` and `outage`
are the long proofs."""

import argparse
import fcntl
import secrets
import signal
import sys
from collections.abc import Callable
from typing import IO

from . import acceptance, long, rows, suite  # noqa: F401  the rows register themselves
from . import tools as means
from .result import Result
from .row import FULL, QUICK, ROWS, Row
from .suite import Outcome
from .tools import OUTPUT, Missing
from .worker import Bench


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="tools/faults.sh", description=__doc__)
    whole.add_argument("command", nargs="?", default="quick", choices=("quick", "long", "kills", "powercuts", "outage"))
    whole.add_argument("--seed", type=int, help="repeats the chances of a run")
    whole.add_argument("--only", default="", metavar="P1,K1", help="quick: these rows and no others")
    whole.add_argument("--list", action="store_true", help="the rows, with what each must hold")
    whole.add_argument("--workers", type=int, default=2, help="quick: rows at a time")
    whole.add_argument("--full", action="store_true", help="quick: full durations (hours)")
    whole.add_argument("--seconds", type=float, default=3600, help="long: how long")
    whole.add_argument("--kills", type=int, default=200)
    whole.add_argument("--cuts", type=int, default=20, help="powercuts: how many")
    whole.add_argument("--outage", type=float, default=600, help="outage: seconds without Kafka")
    whole.add_argument("--rate", type=float, default=2000, help="outage: messages a second")
    whole.add_argument("--time-to-full", default="trygg_spool_time_to_full_seconds", metavar="METRIC")
    return whole


def chosen(only: str) -> list[Row]:
    wanted = [identifier for identifier in only.split(",") if identifier]
    unknown = set(wanted) - {row.id for row in ROWS}
    if unknown:
        raise Missing(f"no such row: {', '.join(sorted(unknown))}; see --list")
    return [row for row in ROWS if not wanted or row.id in wanted]


def list_rows() -> int:
    for row in ROWS:
        needs = f" [needs {', '.join(row.needs)}]" if row.needs else ""
        print(f"{row.id:4} {row.fault}{needs}: {row.must}")
    return 0


def alone(options: argparse.Namespace, seed: int) -> int:
    """The long proofs, one at a time."""
    name = options.command
    bench = Bench(name)
    proofs: dict[str, Callable[[], list[Result]]] = {
        "long": lambda: long.both(bench, FULL, options.seconds, seed),
        "kills": lambda: [acceptance.kills(bench, options.kills, seed)],
        "powercuts": lambda: [acceptance.power_cuts(bench, options.cuts, seed)],
        "outage": lambda: [acceptance.outage(bench, options.outage, options.rate, seed, options.time_to_full)],
    }
    print(f"{name}, seed {seed}", flush=True)
    try:
        results = proofs[name]()
    finally:
        bench.close()
    return suite.sum_up(Outcome(results, []), seed, f"{name}.json")


def one_at_a_time() -> IO[str]:
    """Two runs would remove each other's files."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    lock = (OUTPUT / ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as held:
        raise Missing("another run of the suite is under way in this tree") from held
    return lock


def main() -> int:
    options = parser().parse_args()
    if options.list:
        return list_rows()
    means.read()
    lock = one_at_a_time()  # held as long as this process lives
    seed = options.seed if options.seed is not None else secrets.randbits(31)
    print(f"logs of failing rows: {OUTPUT}; lock {lock.name}", flush=True)
    if options.command != "quick":
        return alone(options, seed)
    some = chosen(options.only)
    workers = max(min(options.workers, len(some)), 1)
    outcome = suite.run(some, FULL if options.full else QUICK, seed, workers)
    return suite.sum_up(outcome, seed, "summary.json", whole=not options.only)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except Missing as missing:
        sys.exit(f"faults: {missing}")
    except KeyboardInterrupt:
        sys.exit(130)
