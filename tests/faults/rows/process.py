"""P: the engine's process."""

import resource
import signal
import time

from .. import wait
from ..engine import DRAINED, TEMPORARY_FAILURE
from ..process import Daemon
from ..row import Durations, row
from ..site import Site
from ..tools import memory_cgroups

MEMORY_BUDGET = 141 << 20
"""128 MiB and ten per cent."""

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


@row("P2F", "kill -9 at the spool's failpoints", needs=("failpoints",))
def failpoints(site: Site, durations: Durations) -> None:
    """Killed after append, after fsync, at segment and cursor: each start goes on where it was."""
    raise NotImplementedError("names of failpoints: see docs/faults.md")


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
    """They take the session from each other at most every second on average, and lose nothing."""
    site.start()
    twin = site.twin(site.directory / "twin-spool")
    site.mqtt.trace.doubt()
    before = len(site.mqtt.trace.connections)
    twin.start(ready=False)
    site.pause(durations.freeze)
    takeovers = len(site.mqtt.trace.connections) - before
    site.notes.append(f"{takeovers} connections in {durations.freeze:.0f} s of two instances")
    assert takeovers <= durations.freeze, f"{takeovers} takeovers in {durations.freeze} s"
    twin.kill()
    site.mqtt.trace.doubt()
    site.engine.wait_until_ready()
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
        assert code == (TEMPORARY_FAILURE if left else DRAINED), f"exit code {code} with {len(left)} left"
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
