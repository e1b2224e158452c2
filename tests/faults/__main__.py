"""The command: `python -m faults [quick|long|kills|powercuts|outage]`."""

import argparse
import secrets
import signal
import sys

from . import rows, suite  # noqa: F401  the rows register themselves
from .row import QUICK, ROWS, Row
from .tools import Missing


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="tools/faults.sh", description=__doc__.split(":")[0])
    whole.add_argument("--seed", type=int, help="repeats the chances of a run")
    whole.add_argument("--only", default="", metavar="P1,K1", help="these rows and no others")
    whole.add_argument("--list", action="store_true", help="the rows, with what each must hold")
    whole.add_argument("--workers", type=int, default=2, help="rows at a time")
    return whole


def chosen(only: str) -> list[Row]:
    wanted = [identifier for identifier in only.split(",") if identifier]
    unknown = set(wanted) - {row.id for row in ROWS}
    if unknown:
        raise Missing(f"no such row: {', '.join(sorted(unknown))}; see --list")
    return [row for row in ROWS if not wanted or row.id in wanted]


def main() -> int:
    options = parser().parse_args()
    if options.list:
        for row in ROWS:
            needs = f" [needs {', '.join(row.needs)}]" if row.needs else ""
            print(f"{row.id:4} {row.fault}{needs}: {row.must}")
        return 0
    seed = options.seed if options.seed is not None else secrets.randbits(31)
    some = chosen(options.only)
    workers = min(options.workers, len(some))
    return suite.sum_up(suite.run(some, QUICK, seed, workers), seed, not options.only)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except Missing as missing:
        sys.exit(f"faults: {missing}")
    except KeyboardInterrupt:
        sys.exit(130)
