"""Every wait has a deadline, and says what it waited for."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SOON_S = 45.0
"""Long enough for a loaded machine; whoever waits this long has found something."""


class TimedOut(AssertionError):
    """What was waited for did not come."""


def until(what: str, probe: Callable[[], T], limit_s: float = SOON_S, every_s: float = 0.02) -> T:
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + limit_s
    while True:
        if answer := probe():
            return answer
        if time.monotonic() > deadline:
            raise TimedOut(f"not within {limit_s:.0f} s: {what}")
        time.sleep(every_s)


def throughout(what: str, seconds: float, holds: Callable[[], bool], every_s: float = 0.1) -> None:
    """Asks again and again, and the answer must always be true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not holds():
            raise AssertionError(f"no longer true: {what}")
        time.sleep(every_s)
