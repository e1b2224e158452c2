"""D: the disk below the spool. These need a trygg that has one."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trygg.v1 import trygg_pb2 as pb

from .. import spool_files, wait
from ..disk import PowerDisk, SmallDisk, flip, injected, strace
from ..row import Durations, row
from ..site import Site

CONFIGURATION = 78
REFUSED = (74, 77, CONFIGURATION)
"""Exit codes of a start that says what is wrong: I/O, permission, configuration."""


def spooling(site: Site, directory: Path | None = None) -> None:
    """Spool in every case: the disk is used from the first message on."""
    site.use_spool(directory or site.directory / "spool", ack="spool")
    # The disks of these rows are small.
    site.settings.spool_lines = 'keep_free = "0B"\n'


@contextmanager
def _backlog(site: Site) -> Iterator[None]:
    """Kafka is away meanwhile, so all that is confirmed lies in the spool alone."""
    site.kafka.freeze()
    try:
        yield
    finally:
        site.kafka.thaw()


HALT_S = 0.05
"""Longer than a sync takes: none is under way afterwards."""


@row("D1", "power cuts while spooling", needs=("spool", "root", "loop"))
def power_cut(site: Site, durations: Durations) -> None:
    """Everything confirmed before a cut is there afterwards."""
    disk = PowerDisk(site.directory)
    try:
        spooling(site, disk.place / "spool")
        site.start()
        with _backlog(site):
            for halted in (False, True):
                site.pause(site.chance.uniform(1, 3))
                power_off(site, disk, halted)
                site.engine.start(ready=False)
                site.acknowledges()
        site.healed()
        site.finish()
    finally:
        site.engine.daemon.kill()
        disk.close()


def power_off(site: Site, disk: PowerDisk, halted: bool = False) -> None:
    """Cuts, and forgets acknowledgements that came after the cut had begun. Of a process that is
    halted before, with no sync under way, nothing is forgotten."""
    if halted:
        site.engine.daemon.freeze()
        site.pause(HALT_S)
    began = disk.cut()
    site.engine.kill()
    if not halted:
        # Its last PUBACKs may still be on their way through the proxy.
        trace = site.mqtt.trace
        wait.until("its connections have ended", lambda: all(c.ended_at is not None for c in list(trace.connections)))
        trace.forget_since(began)
    disk.restore()


@row("D2", "disk full in the middle of an outage, then space again", needs=("spool", "root", "tmpfs"))
def disk_full(site: Site, durations: Durations) -> None:
    """Acknowledgements stop, nothing breaks, and go on by themselves when there is space."""
    disk = SmallDisk(site.directory / "disk", 96)
    try:
        spooling(site, disk.place / "spool")
        site.start()
        with _backlog(site):
            site.pause(2)
            ballast = disk.fill()
            site.stalled()
            site.pause(durations.freeze / 2)
            assert site.engine.daemon.alive(), "it lives on a full disk"
            ballast.unlink()
            site.acknowledges()
        site.healed()
        assert site.engine.starts == 1, "no hand was needed"
        site.finish()
    finally:
        site.engine.daemon.kill()
        disk.close()


def _with_faulty_disk(site: Site, durations: Durations, *rules: str) -> None:
    spooling(site)
    trace = site.directory / "strace.txt"
    site.engine.daemon.prefix = strace(trace, *rules)
    site.start()
    with _backlog(site):
        site.pause(durations.freeze / 2)
        site.acknowledges()
    site.healed()
    assert site.engine.starts == 1, "no hand was needed"
    site.notes.append(f"{injected(trace)} calls on the spool's files failed")
    assert injected(trace), "nothing was injected: the row proves nothing"


@row("D2W", "ENOSPC from single writes", needs=("spool", "strace"))
def no_space(site: Site, durations: Durations) -> None:
    """The same frames go into another segment; nothing is confirmed before."""
    _with_faulty_disk(site, durations, "pwrite64,writev,pwritev:error=ENOSPC:when=20..22")


@row("D3", "EIO from fdatasync", needs=("spool", "strace"))
def sync_fails(site: Site, durations: Durations) -> None:
    """The file is given up, never synced again; the same frames go elsewhere before any receipt."""
    _with_faulty_disk(site, durations, "fdatasync:error=EIO:when=5+40")


@row("D4", "fdatasync takes 2 s", needs=("spool", "strace"))
def slow_sync(site: Site, durations: Durations) -> None:
    """Acknowledgements slow down; no connection is lost for it."""
    spooling(site)
    trace = site.directory / "strace.txt"
    site.engine.daemon.prefix = strace(trace, "fdatasync:delay_exit=2000000")
    site.start()
    connections = len(site.mqtt.trace.connections)
    with _backlog(site):
        site.pause(durations.freeze)
    site.healed()
    assert len(site.mqtt.trace.connections) == connections, "the connection lived on"
    assert injected(trace), "nothing was delayed: the row proves nothing"


DAMAGED = ("spooled records are damaged and lost", "the spool is damaged, but no record is lost")
TORN = "the end of the spool was not finished"
LAST_RECORDS = 8
"""No more records than these lie in 400 bytes."""


def _readings(site: Site) -> list[Path]:
    """Segments of the readings that hold something, oldest first."""
    files = sorted(file for file in site.settings.spool_files() if file.suffix == ".seg" and file.parent.name == "readings")
    return [file for file in files if file.stat().st_size > 4096]


def _widest(segments: list[Path]) -> int:
    """The most reports that one record holds: a burst may bring several of a home at once."""
    bodies = (frame.key_and_value[1] for file in segments for frame in spool_files.frames(file.read_bytes()) if frame.body)
    return max(len(pb.ReadingBatch.FromString(body).reports) for body in bodies)


def _damage(site: Site, stop: Callable[[], object], harm: Callable[[list[Path]], None], most: int, lines: tuple[str, ...]) -> int:
    """Harms segments in a backlog, at most so many records, and starts again: the harm is reported, and
    all else delivered. How many messages are gone."""
    with _backlog(site):
        site.pause(3)
        stop()
        owed = set(site.mqtt.trace.confirmed)
        segments = _readings(site)
        assert segments, "there is something to harm"
        widest = _widest(segments)
        harm(segments)
        said = len(site.engine.daemon.output())
        site.engine.start(ready=False)
        site.acknowledges()
    site.engine.wait_until_ready()
    wait.until("all but the harmed place drains", lambda: len(owed - site.seen_numbers) <= most * widest, site.drain_s)
    wait.until("it is reported", lambda: any(line in site.engine.daemon.output()[said:] for line in lines), 30)
    site.flows()
    site.pause(1)
    missing = owed - site.seen_numbers
    lost = site.engine.metric("trygg_spool_damaged_records_total")
    lines_told = sum("spool::voice" in line for line in site.engine.daemon.output()[said:].splitlines())
    site.notes.append(f"{len(missing)} messages of the harmed place are gone, {lost:.0f} records damaged; {lines_told} lines")
    if TORN not in site.engine.daemon.output()[said:]:
        told = f"{len(missing)} messages gone, {lost:.0f} records of at most {widest} reported as damaged"
        assert len(missing) <= lost * widest and lost <= most, told
    # What was harmed on purpose is lost on purpose. Everything else is owed as ever.
    for number in missing:
        site.mqtt.trace.confirmed.pop(number, None)
        site.generator.log.accepted.discard(number)
    return len(missing)


@row("D5", "a flipped bit in a segment", needs=("spool",))
def bit_flip(site: Site, durations: Durations) -> None:
    """Found by its checksum, reported by range; only the harmed record is gone."""
    def harm(segments: list[Path]) -> None:
        file = max(segments, key=lambda file: file.stat().st_size)
        size = file.stat().st_size
        # Behind what was delivered before the backlog began.
        flip(file, site.chance.randrange(size * 5 // 8, size * 15 // 16), site.chance.randrange(8))

    spooling(site)
    site.start()
    for _ in range(2):
        _damage(site, site.engine.kill, harm, 1, DAMAGED)
    site.healed()


@row("D6", "a segment cut short", needs=("spool",))
def truncation(site: Site, durations: Durations) -> None:
    """A torn tail is cut, everything before it delivered; missing what was proven is damage, and counted."""
    def harm(segments: list[Path]) -> None:
        file = segments[-1]
        os.truncate(file, file.stat().st_size - site.chance.randrange(300, 400))

    spooling(site)
    site.start()
    # Killed, its last group looks as if it had never been finished; stopped, all of it is proven.
    _damage(site, site.engine.kill, harm, LAST_RECORDS, (TORN, DAMAGED[0]))
    gone = _damage(site, site.engine.terminate, harm, LAST_RECORDS, DAMAGED[:1])
    assert gone > 0, "nothing was harmed: the row proves nothing"
    site.healed()


@row("D7", "sequence numbers near 2^32 and 2^64", needs=("spool",))
def large_numbers(site: Site, durations: Durations) -> None:
    """A spool with such numbers, made from one of trygg's, is continued and drained without a stall."""
    spooling(site)
    site.start()
    spool = site.directory / "spool"
    for target in (2**32 - 300, 2**64 - 1_000_000):
        with _backlog(site):
            site.pause(1.5)
            site.engine.terminate()
            end = spool_files.shift(spool, 0)
            assert spool_files.shift(spool, target - end) >= target
            site.engine.start(ready=False)
            site.acknowledges()
            site.pause(1)
        site.engine.wait_until_ready()
        site.healed()
        site.flows()
        highest = max(int(file.stem) for file in spool.rglob("readings/*.seg"))
        assert highest >= target, f"it went on with {highest}, not above {target}"
    site.finish()


@row("D8", "the spool's directory deleted, then unusable", needs=("spool", "root"))
def directory_gone(site: Site, durations: Durations) -> None:
    """Either it stops acknowledging with a clear error, or goes on; an unusable one ends the start."""
    spooling(site)
    site.start()
    spool = site.directory / "spool"
    # Files may be made in it meanwhile.
    wait.until("the directory is removed", lambda: shutil.rmtree(spool, ignore_errors=True) or not spool.exists())
    site.pause(3)
    assert site.engine.daemon.alive(), "it lives"
    site.engine.terminate()
    shutil.rmtree(spool, ignore_errors=True)
    spool.write_text("not a directory")
    site.engine.start(ready=False)
    code = site.engine.daemon.exit_code()
    assert code in REFUSED, f"exit code {code}"
    spool.unlink()
    site.engine.start()
    site.healed()


LOCKED = "is in use by process"


@row("D8L", "a second process on the same spool", needs=("spool",))
def locked(site: Site, durations: Durations) -> None:
    """The lock refuses the second with exit code 78 and says why; the first does not notice."""
    spooling(site)
    site.start()
    connections = len(site.mqtt.trace.connections)
    twin = site.twin(site.settings.spool)
    twin.settings.client_id = "trygg-twin"
    twin.start(ready=False)
    code = twin.daemon.exit_code()
    assert code == CONFIGURATION, f"two processes own one spool, or it does not say so: exit code {code}"
    assert f"{LOCKED} {site.engine.daemon.pid}" in twin.daemon.output(), "it names the owner"
    site.engines.remove(twin)
    site.flows()
    assert len(site.mqtt.trace.connections) == connections, "the second never reached the broker"
    site.healed()


@row("D9", "a spool of each format so far", needs=("spool",))
def earlier_format(site: Site, durations: Durations) -> None:
    """The fixture of format 1, kept in the repository, is read and drained, in order, beside new messages."""
    spooling(site)
    readings = spool_files.copy(spool_files.FIXTURE, "main", site.directory / "spool")
    owed = [(frame.partition, *frame.key_and_value) for frame in spool_files.waiting(readings)]
    assert owed, "the fixture holds something"
    site.start()
    site.healed()
    wait.until("the fixture is drained", lambda: len(site.evidence().seen.foreign) >= len(owed), site.drain_s)
    site.finish()
    assert site.evidence().seen.foreign == owed, "what came of the fixture is not what lay there, in its order"
    site.notes.append(f"{len(owed)} records of the fixture")


@row("S1", "kill -9 while Kafka is away and acknowledgements go on", needs=("spool",))
def killed_with_spool(site: Site, durations: Durations) -> None:
    """What lay in the spool alone is delivered by the next life, before anything newer of its partition."""
    spooling(site)
    site.start()
    with _backlog(site):
        for _ in range(durations.kills):
            site.acknowledges()
            site.pause(site.chance.uniform(0.05, 1.5))
            site.engine.restart(ready=False)
    site.engine.wait_until_ready()
    site.healed()


@row("S2", "kill -9 during the drain", needs=("spool",))
def killed_in_drain(site: Site, durations: Durations) -> None:
    """Each kill repeats at most what was handed above the saved cursor."""
    spooling(site)
    site.start()
    with _backlog(site):
        site.acknowledges()
        site.pause(durations.freeze / 2)
    for _ in range(durations.kills):
        site.pause(site.chance.uniform(0, 0.3))
        site.engine.restart(ready=False)
    site.engine.wait_until_ready()
    site.healed()


@row("S3", "automatic switch to the spool and back", needs=("spool",))
def switched(site: Site, durations: Durations) -> None:
    """Kafka comes and goes around the limit: no copy while the process lives, no stall in between."""
    site.use_spool(site.directory / "spool", ack="auto")
    site.start()
    for seconds in (1.0, 3.0, 2.0, 6.0):
        site.kafka.freeze()
        site.pause(seconds)
        site.kafka.thaw()
        site.flows()
        wait.until("acknowledged again", lambda: site.mqtt.trace.open_count() < site.rate, 30)
    site.healed()
