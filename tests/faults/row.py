"""A row: one fault, how it is brought about, and what must hold besides the checker's invariants."""

from collections.abc import Callable
from dataclasses import dataclass

from .site import Site


@dataclass(frozen=True)
class Durations:
    """How long faults last: shortened, or in full."""

    outage: float
    freeze: float
    kills: int
    restarts: int
    retained: int
    cuts: int


QUICK = Durations(outage=20, freeze=10, kills=5, restarts=5, retained=20_000, cuts=8)
FULL = Durations(outage=600, freeze=45, kills=50, restarts=50, retained=50_000, cuts=60)

Play = Callable[[Site, Durations], None]


@dataclass(frozen=True)
class Row:
    id: str
    fault: str
    play: Play
    needs: tuple[str, ...]
    nodes: int
    ack: str
    """What a message is acknowledged for, where trygg has a spool. With `kafka` every PUBACK can be
    judged on the wire."""

    @property
    def must(self) -> str:
        """What must hold, as the row's function says."""
        return " ".join((self.play.__doc__ or "").split())


ROWS: list[Row] = []


def row(identifier: str, fault: str, needs: tuple[str, ...] = (), nodes: int = 1, ack: str = "auto") -> Callable[[Play], Play]:
    """Registers a function as a row."""

    def register(play: Play) -> Play:
        ROWS.append(Row(identifier, fault, play, needs, nodes, ack))
        return play

    return register
