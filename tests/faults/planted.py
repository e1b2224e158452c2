"""The checker proves itself: bugs are planted into the traces of a sound run, and each must be found."""

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from .checker import Evidence, Rules, Verdict, judge


@dataclass(frozen=True)
class Planted:
    """One planted bug, and whether it was found, and nothing else besides."""

    bug: str
    found: bool
    said: str


def _loss(evidence: Evidence) -> None:
    seen = evidence.seen
    number = _ordinary(evidence)
    seen.readings = [sighting for sighting in seen.readings if sighting.number != number]
    seen.numbers.discard(number)


def _duplicate(evidence: Evidence) -> None:
    number = _ordinary(evidence)
    again = next(s for s in evidence.seen.readings if s.number == number)
    last = max(s.offset for s in evidence.seen.readings if s.partition == again.partition)
    evidence.seen.readings.append(dataclasses.replace(again, offset=last + 1))


def _swap(evidence: Evidence) -> None:
    readings = evidence.seen.readings
    first = next(i for i, s in enumerate(readings) if s.number == _ordinary(evidence))
    second = next(i for i in range(first + 1, len(readings)) if readings[i].device == readings[first].device)
    readings[first], readings[second] = readings[second], readings[first]


def _early_ack(evidence: Evidence) -> None:
    number = _ordinary(evidence)
    evidence.mqtt.confirmed[number] = min(report.at for report in evidence.kafka.reports) - 0.001


def _ack_swap(evidence: Evidence) -> None:
    acks = max(evidence.mqtt.connections, key=lambda connection: len(connection.acks)).acks
    middle = len(acks) // 2
    acks[middle], acks[middle + 1] = acks[middle + 1], acks[middle]


def _silent_alarm(evidence: Evidence) -> None:
    evidence.seen.alerts.pop()


def _ordinary(evidence: Evidence) -> int:
    """A confirmed message without an alarm, in the middle of the run."""
    numbers = sorted(n for n in evidence.mqtt.confirmed if not evidence.log.sent[n].urgent)
    return numbers[len(numbers) // 2]


BUGS: dict[str, tuple[Callable[[Evidence], None], Callable[[Verdict], bool]]] = {
    "a loss": (_loss, lambda v: v.lost == 1),
    "a duplicate": (_duplicate, lambda v: v.excess == 1),
    "a swap": (_swap, lambda v: v.reordered >= 1 and not v.lost and not v.excess),
    "an early ack": (_early_ack, lambda v: v.early_acks == 1),
    "two PUBACKs swapped": (_ack_swap, lambda v: v.disordered_acks >= 1 and not v.early_acks),
    "an alarm that rang nobody": (_silent_alarm, lambda v: v.lost == 1),
}


def prove(evidence: Evidence) -> list[Planted]:
    """Plants each bug into a copy of a run that is sound."""
    sound = judge(evidence, Rules())
    if sound.problems or not sound.judged_acks:
        return [Planted("nothing", False, f"the run to plant in is not sound: {sound.problems}")]
    found = []
    for bug, (plant, expected) in BUGS.items():
        changed = copy.deepcopy(evidence)
        plant(changed)
        verdict = judge(changed, Rules())
        found.append(Planted(bug, expected(verdict), "; ".join(verdict.problems) or "nothing"))
    return found
