"""P: the engine's process."""

import re
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from .. import wait
from ..disk import strace_kill
from ..engine import DRAINED, TEMPORARY_FAILURE
from ..process import Daemon
from ..row import Durations, row
from ..site import Site
from ..tools import memory_cgroups

MEMORY_BUDGET = 141 << 20
"""128 MiB and ten per cent."""

CONFIGURATION = 78
LOCKED = "is in use by process"
RIVALRY_S = 10.0
IN_FLIGHT_S = 0.5
"""How long a message may be under way between proxy and engine."""

MOMENTS = (("publish", 0.0), ("request", 0.0), ("request", 0.001), ("reply", 0.0), ("reply", 0.0005), ("puback", 0.0))
"""What passes a proxy, and how long after it the engine dies."""


@row("P1", "kill -9 at random moments")
def kills(site: Site, durations: Durations) -> None:
    """Copies at most what was unacknowledged at each kill."""
    site.start()
    for _ in range(durations.kills):
        site.flows()
        site.pause(site.chance.uniform(0.05, 2.0))
        site.engine.restart()
    site.healed()


@row("P2", "kill -9 at named moments of the wire", ack="kafka")
def moments(site: Site, durations: Durations) -> None:
    """Killed after a PUBLISH came, before and after Produce replies, and after a first PUBACK: as P1."""
    site.start()
    for moment, after_s in MOMENTS:
        for _ in range(max(durations.kills // 5, 1)):
            site.flows()
            site.kill_at(moment, after_s)
            site.engine.restart()
    site.healed()


@dataclass(frozen=True)
class Step:
    """Where a process with a spool dies: as it begins a system call, or as a frame passes a proxy."""

    name: str
    calls: str = ""
    earliest: int = 1
    latest: int = 1
    cursor: bool = False
    """Only calls on the cursor of the readings."""
    moment: str = ""
    without_kafka: bool = True
    """Whether it comes while Kafka is away too."""


STEPS = (
    Step("append", "pwrite64", 4, 60),
    Step("appended, before the fsync", "fdatasync", 4, 60),
    Step("synced, before the PUBACK passes", moment="puback"),
    Step("hand-over", moment="request", without_kafka=False),
    Step("before the report", moment="reply", without_kafka=False),
    Step("cursor", "pwrite64", 1, 8, cursor=True, without_kafka=False),
    Step("cursor written, before its fsync", "fdatasync", 1, 3, cursor=True, without_kafka=False),
    Step("segment written, before it has its name", "rename,renameat,renameat2", 1, 3),
    Step("segment named, before the directory is synced", "fsync", 1, 4),
    Step("cursor saved, before a segment is removed", "unlink,unlinkat", 1, 3, without_kafka=False),
)


@row("P2F", "kill -9 at the spool's steps", needs=("spool", "strace"))
def steps(site: Site, durations: Durations) -> None:
    """Killed at each step on the way through the spool, again and again: each start goes on where it was."""
    site.use_spool(site.directory / "spool", ack="spool")
    # The smallest segments: one is begun and another removed every few moments.
    site.settings.spool_lines = 'keep_free = "0B"\nmax_bytes = "8MiB"\n'
    site.start()
    site.engine.kill()
    times = max(durations.kills * 2 // 5, 1)
    for step in STEPS:
        places = [_die_at(site, step) for _ in range(times)]
        site.notes.append(f"{step.name}: {', '.join(places)}")
    site.kafka.freeze()
    for step in (step for step in STEPS if step.without_kafka):
        site.notes.append(f"{step.name}, without Kafka: {_die_at(site, step)}")
    site.kafka.thaw()
    site.engine.daemon.prefix = ()
    site.engine.start()
    site.healed()


def _die_at(site: Site, step: Step) -> str:
    """One life, to the step and no further: it must have come so far from what the last one left.
    Where it died."""
    daemon, trace = site.engine.daemon, site.directory / "strace.txt"
    trace.unlink(missing_ok=True)
    daemon.prefix = ()
    if step.calls:
        folder = site.directory / "spool" / "main" / "readings"
        paths = [folder / "cursor-a", folder / "cursor-b"] if step.cursor else []
        daemon.prefix = strace_kill(step.calls, site.chance.randint(step.earliest, step.latest), paths, trace)
    site.engine.start(ready=False)
    if step.moment:
        site.kill_at(step.moment)
    else:
        site.engine.about_to_die()
        wait.until(f"it dies at: {step.name}", lambda: not daemon.alive(), 40)
    assert daemon.ended() == -signal.SIGKILL, f"{step.name}: it ended by itself, with {daemon.ended()}"
    return _last_file(trace) if step.calls else "wire"


def _last_file(trace: Path) -> str:
    """What kind of file the process died over."""
    wait.until("strace has written all", lambda: "+++ killed" in trace.read_text(errors="replace"), 10)
    calls = [line for line in trace.read_text(errors="replace").splitlines() if "/" in line and "(" in line]
    last = next((line for line in reversed(calls) if "= ?" in line or "unfinished" in line), "")
    found = re.findall(r"/([^/<>\"]+)[>\"]", last)
    return re.sub(r"\d{20}", "N", found[-1]) if found else "?"


@row("P3", "kill -9 during recovery")
def kills_in_recovery(site: Site, durations: Durations) -> None:
    """Killed within 200 ms of the start, again and again; the last start works it all off."""
    site.start()
    site.engine.kill()
    for _ in range(durations.kills * 2):
        site.engine.start(ready=False)
        site.pause(site.chance.uniform(0, 0.2))
        site.engine.kill()
    site.engine.start()
    site.healed()


@row("P4", "SIGSTOP, then SIGCONT")
def stopped(site: Site, durations: Durations) -> None:
    """The broker gives the connection up meanwhile; no stale PUBACK follows."""
    site.settings.link = 'keep_alive = "5s"\n'
    site.start()
    site.engine.daemon.freeze()
    site.mqtt.trace.doubt()
    site.pause(durations.freeze)
    site.engine.daemon.thaw()
    site.healed()


@row("P5", "two instances with one client id")
def split_brain(site: Site, durations: Durations) -> None:
    """They take the session from each other less and less often, and lose nothing; one spool has one owner."""
    site.start()
    if site.settings.spool:
        shared = site.twin(site.settings.spool)
        shared.start(ready=False)
        code = shared.daemon.exit_code()
        assert code == CONFIGURATION, f"two processes own one spool: exit code {code}"
        assert LOCKED in shared.daemon.output(), "it says why"
        site.engines.remove(shared)
    twin = site.twin(site.directory / "twin-spool")
    site.mqtt.trace.doubt()
    before = len(site.mqtt.trace.connections)
    twin.start(ready=False)
    counts = []
    for _ in range(2):
        site.pause(RIVALRY_S)
        counts.append(len(site.mqtt.trace.connections) - before)
        before = len(site.mqtt.trace.connections)
    site.notes.append(f"{counts[0]} connections of both in {RIVALRY_S:.0f} s, then {counts[1]}")
    # Each waits 0.25 to 0.5 s at first, then twice as long each time: five waits fill 10 s, and the sixth 8 s.
    assert counts[0] <= 11 and counts[1] <= 4, f"{counts} connections in {RIVALRY_S} s each"
    twin.kill()
    site.mqtt.trace.doubt()
    site.engine.wait_until_ready(60)
    site.healed()


@row("P6", "SIGTERM under load")
def terminated(site: Site, durations: Durations) -> None:
    """All it took is confirmed and acknowledged; the code tells that from what came while it stopped."""
    site.start()
    for _ in range(3):
        began = time.monotonic()
        code = site.engine.terminate()
        site.notes.append(f"exit code {code} after {time.monotonic() - began:.2f} s")
        left = site.mqtt.trace.connections[-1].open_deliveries()
        # What came while it stopped may lie unread in the socket: it was never taken.
        taken = [delivery for delivery in left if delivery.at < began - IN_FLIGHT_S]
        assert code in (DRAINED, TEMPORARY_FAILURE), f"exit code {code}"
        assert code == TEMPORARY_FAILURE or not taken, f"exit code {code} with {len(taken)} left that it had taken"
        assert code == DRAINED or left, f"exit code {code} with nothing left"
        assert site.mqtt.trace.connections[-1].disconnected, "it said DISCONNECT"
        site.engine.start()
        site.flows()
    site.healed()


@row("P6K", "SIGTERM while Kafka is away")
def terminated_in_outage(site: Site, durations: Durations) -> None:
    """Ends within its deadline; the exit code says that something was left, and where."""
    site.start()
    site.kafka.freeze()
    site.outage_sets_in()
    began = time.monotonic()
    code = site.engine.terminate()
    took = time.monotonic() - began
    site.notes.append(f"exit code {code} after {took:.1f} s")
    expected = {0, TEMPORARY_FAILURE} if site.spools else {TEMPORARY_FAILURE}
    assert code in expected, f"exit code {code}"
    assert took < 25, f"the deadline is 15 s, it took {took:.0f} s"
    site.kafka.thaw()
    site.engine.start()
    site.healed()


@row("P6S", "a second SIGTERM")
def terminated_twice(site: Site, durations: Durations) -> None:
    """Ends at once; the rest stays with the broker."""
    site.start()
    site.kafka.freeze()
    site.outage_sets_in()
    site.engine.about_to_die()
    site.engine.daemon.signal(signal.SIGTERM)
    wait.until("it is stopping", lambda: not site.engine.ready() or not site.engine.daemon.alive())
    site.pause(0.5)
    if site.engine.daemon.alive():
        site.engine.daemon.signal(signal.SIGTERM)
        code = site.engine.daemon.exit_code(5)
        assert code != 0, "exit code 0 though something was left"
    site.kafka.thaw()
    site.engine.start()
    site.healed()


@row("P7", "a memory limit just above the budget", needs=("root", "memory-cgroup"))
def memory_limit(site: Site, durations: Durations) -> None:
    """An outage under load stays below it: nobody is killed for memory."""
    groups = memory_cgroups()
    assert groups is not None
    group = groups / f"trygg-faults-{time.monotonic_ns()}"
    group.mkdir()
    first = (group / "memory.limit_in_bytes").exists()
    (group / ("memory.limit_in_bytes" if first else "memory.max")).write_text(str(MEMORY_BUDGET))
    site.engine.daemon.prefix = ("sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$0" "$@"')
    try:
        site.rate = 1500
        site.start()
        site.kafka.freeze()
        site.pause(durations.outage / 2)
        site.kafka.thaw()
        site.healed()
        counts = (group / ("memory.oom_control" if first else "memory.events")).read_text()
        assert "oom_kill 0" in counts, f"killed for memory: {counts}"
        assert site.engine.starts == 1 and site.engine.daemon.alive(), "it lived through it"
        site.finish()
    finally:
        site.engine.daemon.kill()
        wait.until("the memory group is empty", lambda: not (group / "cgroup.procs").read_text(), 10)
        group.rmdir()


@row("P8", "a panic in a worker", needs=("failpoints",))
def panic(site: Site, durations: Durations) -> None:
    """Exits non-zero, never half alive."""
    raise NotImplementedError("name of the failpoint: see docs/faults.md")


@row("P9", "file descriptors used up", needs=("prlimit",))
def descriptors(site: Site, durations: Durations) -> None:
    """Connections fail while there are none, and come back without a restart."""
    site.start()
    _limit_descriptors(site.engine.daemon, 3)
    site.mqtt.proxy.cut()
    site.kafka_proxy.cut()
    site.stalled()
    site.pause(3)
    assert site.engine.daemon.alive(), "it lives without descriptors"
    _limit_descriptors(site.engine.daemon, 1024)
    site.healed()
    assert site.engine.starts == 1


def _limit_descriptors(daemon: Daemon, count: int) -> None:
    resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (count, 4096))
