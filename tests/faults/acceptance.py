"""The three long proofs: kills, power cuts, and an outage of many minutes."""

import time

from . import tools as means
from . import wait
from .disk import PowerDisk, sync
from .result import Result
from .rows.disk import power_off, spooling
from .site import Site
from .worker import Bench, fill, seed_of

FULL_AFTER_S, FRAME_BYTES = 60, 200
"""The small spool is about so large that it is full after so long."""
WITHIN = 0.2
"""How far the predicted time to full may be from the real one."""


def kills(bench: Bench, count: int, seed: int) -> Result:
    """kill -9 at random moments: flowing, in recovery, and with Kafka away."""
    result = Result("A2", f"{count} kills -9, in recovery and with Kafka away too")
    site = bench.site("kills", seed_of(seed, "kills"))
    try:
        site.rate, site.drain_s = 1000, 180
        site.start()
        for number in range(count):
            _one_kill(site, number)
            if number % 10 == 9:
                print(f"  {number + 1} kills, {site.confirmed()} confirmed", flush=True)
        site.kafka.thaw()
        site.engine.wait_until_ready()
        site.healed()
        site.finish()
    except Exception as failure:
        result.problems.append(f"{type(failure).__name__}: {failure}")
    return _end(site, result)


def _one_kill(site: Site, number: int) -> None:
    """Every third in recovery, every fourth with Kafka away (half of those with the spool in use), the
    others as they come."""
    away = number % 4 == 3
    if away:
        site.kafka.freeze()
    in_recovery = number % 3 == 1
    if number % 8 == 3:
        # Long enough for the spool to be in use; the next kills meet its drain.
        site.pause(site.chance.uniform(2.5, 4))
    site.pause(site.chance.uniform(0, 0.2) if in_recovery else site.chance.uniform(0.1, 2))
    site.engine.restart(ready=False)
    if away:
        site.pause(site.chance.uniform(0.1, 1.5))
        site.kafka.thaw()


def power_cuts(bench: Bench, cuts: int, seed: int) -> Result:
    """ext4 loses its power while spooling; only what was confirmed before the cut counts."""
    result = Result("A3", f"{cuts} power cuts while spooling")
    result.skipped = next((why for need in ("root", "loop") if (why := means.lacks(need))), None)
    if result.skipped:
        return result
    if lost := planted_cut():
        result.notes.append(f"planted: a log without fsync lost {lost} of 1000 lines in a cut")
    else:
        result.problems.append("a planted log without fsync lost nothing: the cut cuts nothing")
    result.skipped = means.lacks("spool")
    if result.skipped:
        return result
    site = bench.site("power-cuts", seed_of(seed, "power-cuts"))
    disk = PowerDisk(site.directory, 1024)
    try:
        site.drain_s = 300
        spooling(site, disk.place / "spool")
        site.start()
        site.kafka.freeze()
        for number in range(cuts):
            site.pause(site.chance.uniform(0.3, 2.5))
            power_off(site, disk, halted=number % 2 == 1)
            site.engine.start(ready=False)
            site.acknowledges()
            print(f"  cut {number + 1}, {site.confirmed()} confirmed", flush=True)
        site.kafka.thaw()
        site.engine.wait_until_ready()
        site.healed()
        site.finish()
        spared = site.mqtt.trace.spared
        gone = len(spared - site.seen_numbers)
        result.notes.append(f"{len(spared)} acknowledged while the power was going, {gone} of them gone")
    except Exception as failure:
        result.problems.append(f"{type(failure).__name__}: {failure}")
    finally:
        site.kafka.thaw()
        site.engine.daemon.kill()
        disk.close()
    return _end(site, result)


def planted_cut() -> int:
    """A log that is never synced: how many of its lines a cut takes."""
    directory = means.OUTPUT / "scratch" / "planted-cut"
    directory.mkdir(parents=True, exist_ok=True)
    disk = PowerDisk(directory, 64)
    try:
        synced, loose = disk.place / "synced", disk.place / "loose"
        synced.write_text("this one counts\n")
        sync()
        loose.write_text("a line\n" * 1000)
        disk.cut()
        disk.restore()
        if not synced.exists():
            raise AssertionError("a cut took what was synced")
        return 1000 - (len(loose.read_text().splitlines()) if loose.exists() else 0)
    finally:
        disk.close()


def outage(bench: Bench, seconds: float, rate: float, seed: int, time_to_full_metric: str) -> Result:
    """Kafka away for many minutes under load; then the same with a small spool, until it is full."""
    result = Result("A4", f"Kafka away for {seconds:.0f} s at {rate:.0f} messages/s")
    site = bench.site("outage", seed_of(seed, "outage"))
    spool = site.spools
    try:
        site.rate, site.drain_s = rate, max(seconds, 120)
        site.settings.link = 'keep_alive = "10s"\n'
        site.start()
        connections = len(site.mqtt.trace.connections)
        site.kafka.kill()
        wait.until("readiness names it", lambda: _degraded(site, spool), 60)
        _watch_outage(site, seconds)
        site.kafka.restart()
        site.healed()
        if len(site.mqtt.trace.connections) != connections:
            result.problems.append("MQTT disconnected during the outage")
        site.engine.wait_until_ready()
        site.finish()
    except Exception as failure:
        result.problems.append(f"{type(failure).__name__}: {failure}")
    _end(site, result)
    if spool and not result.failed:
        _time_to_full(bench, rate, seed, time_to_full_metric, result)
    return result


def _degraded(site: Site, spool: bool) -> bool:
    """With a spool it stays ready and says "degraded"; without, it is not ready."""
    answer = site.engine.get("/readyz")
    if answer is None:
        return False
    return answer.status == 200 and "degraded" in answer.body if spool else answer.status == 503


def _watch_outage(site: Site, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        site.pause(min(30, max(end - time.monotonic(), 0)))
        pings = sum(connection.pings for connection in site.mqtt.trace.connections)
        rss = site.peak_rss >> 20
        print(f"  {end - time.monotonic():4.0f} s left, {site.confirmed()} confirmed, {pings} pings, {rss} MiB", flush=True)


def _time_to_full(bench: Bench, rate: float, seed: int, metric: str, result: Result) -> None:
    """On a small spool: the prediction after a while against what comes."""
    site = bench.site("outage-full", seed_of(seed, "full"))
    try:
        mebibytes = max(round(rate * FULL_AFTER_S * FRAME_BYTES / 2**20), 4)
        site.settings.spool_lines = f'max_bytes = "{mebibytes}MiB"\nkeep_free = "0B"\n'
        site.rate, site.drain_s = rate, 180
        site.start()
        site.kafka.kill()
        site.pause(20)
        predicted, asked = site.engine.metric(metric), time.monotonic()
        wait.until("the spool is full", lambda: not site.engine.ready(), predicted * 2 + 30, 0.2)
        real = time.monotonic() - asked
        result.notes.append(f"time to full: {predicted:.0f} s predicted, {real:.0f} s real")
        if abs(predicted - real) > WITHIN * real:
            result.problems.append(f"time to full: {predicted:.0f} s predicted, {real:.0f} s real")
        site.kafka.restart()
        site.healed()
        site.finish()
        result.problems += site.verdict().problems
    except Exception as failure:
        result.problems.append(f"a small spool: {type(failure).__name__}: {failure}")
    finally:
        site.close()


def _end(site: Site, result: Result) -> Result:
    fill(result, site)
    result.elapsed_s = time.monotonic() - site.opened_at
    site.close()
    if result.failed:
        result.logs = str(site.directory)
    return result
