"""D: the disk below the spool. These need a trygg that has one."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import wait
from ..checker import Rules
from ..disk import PowerDisk, SmallDisk, flip, strace
from ..row import Durations, row
from ..site import Site

REFUSED = (74, 77, 78)
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


@row("D1", "power cuts while spooling", needs=("spool", "root", "loop"))
def power_cut(site: Site, durations: Durations) -> None:
    """Everything confirmed before a cut is there afterwards."""
    disk = PowerDisk(site.directory)
    try:
        spooling(site, disk.place / "spool")
        site.start()
        with _backlog(site):
            for _ in range(2):
                site.pause(site.chance.uniform(1, 3))
                power_off(site, disk)
                site.engine.start(ready=False)
                site.acknowledges()
        site.healed()
        site.finish()
    finally:
        site.engine.daemon.kill()
        disk.close()


def power_off(site: Site, disk: PowerDisk) -> None:
    """Cuts, and forgets acknowledgements that came after the cut had begun."""
    began = disk.cut()
    site.engine.kill()
    site.mqtt.trace.forget_since(began)
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
    site.engine.daemon.prefix = strace(*rules)
    site.start()
    with _backlog(site):
        site.pause(durations.freeze / 2)
        site.acknowledges()
    site.healed()
    assert site.engine.starts == 1, "no hand was needed"


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
    site.engine.daemon.prefix = strace("fdatasync:delay_exit=2000000")
    site.start()
    connections = len(site.mqtt.trace.connections)
    with _backlog(site):
        site.pause(durations.freeze)
    site.healed()
    assert len(site.mqtt.trace.connections) == connections, "the connection lived on"


def _damaged(site: Site, harm: Callable[[list[Path]], None]) -> None:
    """Kills during a backlog, harms the segments, starts: the rest is delivered, and the harm reported."""
    # What is harmed on purpose is lost on purpose: it must be little, and said.
    site.rules = Rules(broker_survives=False)
    spooling(site)
    site.start()
    with _backlog(site):
        site.pause(3)
        site.engine.kill()
        segments = sorted(file for file in site.settings.spool_files() if file.stat().st_size > 4096)
        assert segments, "there is something to harm"
        harm(segments)
        site.engine.start(ready=False)
        site.acknowledges()
    site.engine.wait_until_ready()
    site.flows()
    confirmed = set(site.mqtt.trace.confirmed)
    time.sleep(2)
    missing = confirmed - site.seen_numbers
    site.notes.append(f"{len(missing)} messages of the harmed place are gone")
    assert len(missing) <= 1000, f"{len(missing)} messages gone"
    for number in missing:
        site.mqtt.trace.confirmed.pop(number, None)
    assert not missing or any(word in site.engine.daemon.output() for word in ("damage", "torn", "quarantine")), "it says so"
    site.healed()


@row("D5", "a flipped bit in a segment", needs=("spool",))
def bit_flip(site: Site, durations: Durations) -> None:
    """Found by its checksum, reported by range; only the harmed record is gone."""
    def harm(segments: list[Path]) -> None:
        file = segments[0]
        flip(file, site.chance.randrange(1024, file.stat().st_size // 2), site.chance.randrange(8))

    _damaged(site, harm)


@row("D6", "a segment cut short", needs=("spool",))
def truncation(site: Site, durations: Durations) -> None:
    """A torn tail is cut, everything before it delivered."""
    def harm(segments: list[Path]) -> None:
        file = segments[-1]
        os.truncate(file, file.stat().st_size - site.chance.randrange(1, 400))

    _damaged(site, harm)


@row("D7", "sequence numbers near 2^32 and 2^64", needs=("spool", "fixtures"))
def large_numbers(site: Site, durations: Durations) -> None:
    """No stall at the wrap; the spool's model test holds the same with production-sized numbers."""
    raise NotImplementedError


@row("D8", "the spool's directory deleted, then unusable", needs=("spool", "root"))
def directory_gone(site: Site, durations: Durations) -> None:
    """Either it stops acknowledging with a clear error, or goes on; an unusable one ends the start."""
    spooling(site)
    site.start()
    spool = site.directory / "spool"
    shutil.rmtree(spool)
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


@row("D8L", "a second process on the same spool", needs=("spool",))
def locked(site: Site, durations: Durations) -> None:
    """The lock refuses the second; the first does not notice."""
    spooling(site)
    site.start()
    twin = site.twin(site.settings.spool)
    twin.settings.client_id = "trygg-twin"
    twin.start(ready=False)
    code = twin.daemon.exit_code()
    assert code != 0, "two processes own one spool"
    site.engines.remove(twin)
    site.flows()
    site.healed()


@row("D9", "a spool of the previous release", needs=("spool", "fixtures"))
def previous_release(site: Site, durations: Durations) -> None:
    """Readable, or refused with a documented migration."""
    raise NotImplementedError


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
