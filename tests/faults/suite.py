"""Runs rows on two workers, prints as they end, and sums up."""

import multiprocessing as mp
import os
import queue
import shutil
import sys
import time
from dataclasses import dataclass

from . import result as results_of
from . import tools as means
from .planted import Planted
from .result import Result
from .row import ROWS, Durations, Row
from .tools import OUTPUT, ROOT
from .worker import Orders, work

LEAST_ROWS = 30
"""Fewer rows than these are no proof in CI, whatever was skipped."""


@dataclass
class Outcome:
    results: list[Result]
    planted: list[Planted]

    def ran(self) -> list[Result]:
        return [result for result in self.results if not result.skipped]

    def failures(self) -> list[str]:
        failed = [f"row {result.id}: {problem}" for result in self.results for problem in result.problems]
        failed += [f"planted bug not found: {bug.bug} ({bug.said})" for bug in self.planted if not bug.found]
        return failed


def run(rows: list[Row], durations: Durations, seed: int, workers: int) -> Outcome:
    """Runs these rows; those that are skipped cost nothing."""
    started = time.monotonic()
    skipped = [Result(row.id, row.fault, skipped=why) for row in rows if (why := _why_not(row))]
    absent = {result.id for result in skipped}
    todo = [row for row in rows if row.id not in absent]
    print(f"{len(todo)} rows on {workers} workers, seed {seed}; {len(skipped)} skipped", flush=True)
    context = mp.get_context("spawn")
    shared, answers = context.Queue(), context.Queue()
    for row in todo:
        if row.nodes == 1:
            shared.put(row.id)
    clustered = [row.id for row in todo if row.nodes > 1]
    processes = []
    for number in range(workers):
        first = number == 0
        # The first plants bugs, the last has the rows of a cluster of three.
        own = clustered if number == workers - 1 else []
        orders = Orders(f"worker-{number}", own, first, durations, seed)
        process = context.Process(target=work, args=(orders, shared, answers), name=orders.name)
        process.start()
        processes.append(process)
    outcome = Outcome(skipped, [])
    try:
        _collect(outcome, answers, processes, len(todo), started)
    finally:
        for process in processes:
            if process.is_alive():
                process.kill()
            process.join(10)
        shutil.rmtree(OUTPUT / "scratch", ignore_errors=True)
    order = {row.id: place for place, row in enumerate(ROWS)}
    outcome.results.sort(key=lambda result: order[result.id])
    missing = [row for row in todo if row.id not in {result.id for result in outcome.results}]
    outcome.results += [Result(row.id, row.fault, problems=["its worker ended before it"]) for row in missing]
    return outcome


def _why_not(row: Row) -> str | None:
    """A fault that has no means here."""
    return next((why for need in row.needs if (why := means.lacks(need))), None)


def _collect(outcome: Outcome, answers: "mp.Queue[object]", processes: "list[mp.process.BaseProcess]", todo: int, started: float) -> None:
    running = len(processes)
    done = 0
    while running:
        try:
            answer = answers.get(timeout=5)
        except queue.Empty:
            if not any(process.is_alive() for process in processes):
                return
            continue
        match answer:
            case None:
                running -= 1
            case Result():
                done += 1
                outcome.results.append(answer)
                _progress(answer, done, todo, started)
            case list():
                outcome.planted += answer
                found = sum(bug.found for bug in answer)
                _say(started, f"planted bugs: {found} of {len(answer)} found")


def _say(started: float, text: str) -> None:
    minutes, seconds = divmod(int(time.monotonic() - started), 60)
    print(f"[{minutes:02}:{seconds:02}] {text}", flush=True)


def _progress(result: Result, done: int, todo: int, started: float) -> None:
    recovery = "" if result.recovery_s is None else f", recovered in {result.recovery_s:.1f} s"
    _say(
        started,
        f"{done:2}/{todo} {result.word:4} {result.id:4} {result.fault} ({result.elapsed_s:.0f} s): "
        f"{result.confirmed} confirmed, {result.lost} lost, {result.duplicated} of {result.bound} repeated, "
        f"{result.reordered} reordered{recovery}",
    )
    for problem in result.problems:
        print(f"        {problem}", flush=True)
    if result.logs:
        print(f"        logs: {result.logs}", flush=True)


def sum_up(outcome: Outcome, seed: int, name: str, whole: bool = False) -> int:
    """Prints the table, writes the summary, and returns the exit code."""
    file = OUTPUT / name
    results_of.write(file, outcome.results, outcome.planted, seed)
    print("\n" + results_of.table(outcome.results))
    for result in outcome.results:
        for note in result.notes:
            print(f"  {result.id}: {note}")
    for bug in outcome.planted:
        print(f"planted: {bug.bug}: {'found' if bug.found else 'NOT FOUND'}: {bug.said}")
    failures = outcome.failures()
    for row in ROWS if whole else []:
        if f"| `{row.id}` |" not in (ROOT / "docs" / "faults.md").read_text():
            failures.append(f"docs/faults.md does not know row {row.id}")
    skipped = len(outcome.results) - len(outcome.ran())
    if whole and os.environ.get("CI") == "true" and len(outcome.ran()) < LEAST_ROWS:
        failures.append(f"only {len(outcome.ran())} rows ran; {LEAST_ROWS} must")
    print(f"\n{len(outcome.ran())} rows, {skipped} skipped, {len(failures)} failures, seed {seed}; {file}")
    for failure in failures:
        print(f"FAIL {failure[:500]}", file=sys.stderr)
    return 1 if failures else 0
