"""T: clocks."""

import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .. import wait
from ..checker import Rules
from ..row import Durations, row
from ..site import Site

CLOCK_IN_FUTURE, CLOCK_UNSET = 4, 5
YEAR_S = 365 * 86_400.0
SOURCE = Path(__file__).resolve().parents[1] / "clock.c"


@row("T1", "wall clock jumps by a year and jitters", needs=("cc",))
def wall_clock(site: Site, durations: Durations) -> None:
    """No timeout uses the wall clock; event ids are unaffected."""
    # Kafka itself would refuse what is stamped more than an hour ahead.
    site.topic_settings = {"message_timestamp_after_max_ms": str(2**63 - 1), "retention_ms": "-1"}
    clock = site.directory / "clock"
    _shift(clock, 0)
    library = site.directory / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True, timeout=60)
    site.engine.daemon.env |= {"LD_PRELOAD": str(library), "FAULTS_CLOCK": str(clock)}
    site.start()
    connections = len(site.mqtt.trace.connections)
    for jump in (YEAR_S, -YEAR_S, *(site.chance.uniform(-5, 5) for _ in range(10)), 0.0):
        _shift(clock, jump)
        site.pause(0.5)
        site.flows(10)
    site.healed()
    assert len(site.mqtt.trace.connections) == connections, "no connection was given up for a clock"
    days = {sighting.timestamp_ms // 86_400_000 for sighting in site.evidence().seen.readings}
    assert len(days) >= 3, f"the clock was never moved: the row proves nothing ({days})"


def _shift(clock: Path, seconds: float) -> None:
    """In place: the engine has it mapped."""
    with clock.open("r+b" if clock.exists() else "wb") as file:
        file.write(struct.pack("=q", int(seconds * 1e9)))


@row("T2", "suspend: all of it stands still, then goes on")
def suspend(site: Site, durations: Durations) -> None:
    """trygg and the broker wake up to connections whose keep-alive has passed; nothing is lost."""
    site.settings.link = 'keep_alive = "5s"\n'
    site.start()
    site.mqtt.trace.doubt()
    for frozen in (site.engine.daemon, site.mosquitto.daemon):
        frozen.freeze()
    site.kafka.freeze()
    site.pause(durations.freeze)
    site.kafka.thaw()
    for frozen in (site.mosquitto.daemon, site.engine.daemon):
        frozen.thaw()
    site.flows()
    site.healed()


def _at(when: str) -> Callable[[int], bytes]:
    return lambda number: f'{{"n":{number},"energy":{number},"last_seen":"{when}"}}'.encode()


@row("T3", "device clocks of 1970, 2038, 2106, a leap second, +2 h")
def device_clocks(site: Site, durations: Durations) -> None:
    """Kept as sent and flagged; Kafka's timestamp is the time of reception."""
    # Before 2020 an id is not of the content, so copies cannot be told; no connection is cut here.
    site.rules = Rules()
    site.start()
    ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
    clocks = {
        "1970-01-01T00:00:00Z": CLOCK_UNSET,
        "2038-01-19T03:14:08Z": CLOCK_IN_FUTURE,
        "2106-02-07T06:28:16Z": CLOCK_IN_FUTURE,
        ahead: CLOCK_IN_FUTURE,
        "2016-12-31T23:59:60Z": CLOCK_UNSET,
    }
    sent = {site.generator.send(_at(when)): (when, flag) for when, flag in clocks.items()}
    wait.until("they are stored", lambda: sent.keys() <= site.seen_numbers)
    now_ms = time.time() * 1000
    for sighting in site.evidence().seen.readings:
        assert abs(sighting.timestamp_ms - now_ms) < 600_000, f"Kafka timestamp {sighting.timestamp_ms}"
        if sighting.number in sent:
            when, flag = sent[sighting.number]
            assert flag in sighting.flags, f"a device time of {when} carries flags {sighting.flags}"
    site.healed()
