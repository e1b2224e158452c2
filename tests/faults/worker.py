"""A process that runs rows one after another, on a Kafka it keeps between them."""

import multiprocessing as mp
import queue
import random
import shutil
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from . import tools as means
from .kafka import Kafka
from .kafka_proxy import KafkaProxies
from .planted import Planted, prove
from .proxy import Loop
from .result import Result
from .row import ROWS, Durations, Row
from .site import Site
from .tools import OUTPUT


class Bench:
    """Kafka with its proxies, kept from row to row as long as it is sound."""

    def __init__(self, name: str) -> None:
        self.tools = means.read()
        self.loop = Loop()
        self._root = OUTPUT / "scratch" / name
        shutil.rmtree(self._root, ignore_errors=True)
        self._count = 0
        self._kafka: Kafka | None = None
        self._proxies: KafkaProxies | None = None

    def kafka(self, nodes: int) -> tuple[Kafka, KafkaProxies]:
        if self._kafka and len(self._kafka.nodes) == nodes:
            try:
                self._kafka.thaw()
                self._kafka.restart()
                assert self._proxies is not None
                return self._kafka, self._proxies
            except AssertionError:
                pass  # it did not survive the last row: another one
        self.drop_kafka()
        self._count += 1
        self._kafka = Kafka(self.tools, self._root / f"kafka-{self._count}", nodes)
        self._proxies = KafkaProxies(self.loop, [(node.advertised, node.proxied) for node in self._kafka.nodes])
        self._kafka.start()
        return self._kafka, self._proxies

    def drop_kafka(self) -> None:
        if self._kafka:
            self._kafka.kill()
        if self._proxies:
            self._proxies.close()
        self._kafka = self._proxies = None

    def site(self, name: str, seed: int, nodes: int = 1, ack: str = "auto") -> Site:
        directory = OUTPUT / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        kafka, proxies = self.kafka(nodes)
        site = Site(self.tools, self.loop, kafka, proxies, directory, seed)
        if means.lacks("spool") is None:
            site.use_spool(directory / "spool", ack)
        return site

    def close(self) -> None:
        self.drop_kafka()
        shutil.rmtree(self._root, ignore_errors=True)


def seed_of(seed: int, identifier: str) -> int:
    """Each row has chances of its own, whatever else runs."""
    return random.Random(f"{seed}/{identifier}").getrandbits(32)


def play(bench: Bench, row: Row, durations: Durations, seed: int) -> Result:
    """Runs one row and judges it."""
    result = Result(row.id, row.fault)
    result.skipped = next((why for need in row.needs if (why := means.lacks(need))), None)
    if result.skipped:
        return result
    started = time.monotonic()
    try:
        site = bench.site(row.id, seed_of(seed, row.id), row.nodes, row.ack)
    except (AssertionError, OSError, RuntimeError) as failure:
        result.problems.append(f"the test bed did not come up: {failure}")
        return result
    try:
        row.play(site, durations)
        site.finish()
    except Exception as failure:  # whatever a row meets is its result
        result.problems.append(f"{type(failure).__name__}: {failure}")
        (site.directory / "traceback.txt").write_text(traceback.format_exc())
    try:
        fill(result, site)
    except Exception as failure:
        result.problems.append(f"the checker failed: {type(failure).__name__}: {failure}")
        (site.directory / "checker.txt").write_text(traceback.format_exc())
    site.close()
    result.elapsed_s = time.monotonic() - started
    if result.failed:
        result.logs = str(site.directory)
    else:
        shutil.rmtree(site.directory, ignore_errors=True)
    return result


def fill(result: Result, site: Site) -> None:
    result.recovery_s = site.recovery_s
    result.notes += site.notes
    result.peak_rss_bytes = site.peak_rss
    if site.load is None or site.reader is None:
        return
    verdict = site.verdict()
    result.confirmed, result.lost, result.duplicated = verdict.confirmed, verdict.lost, verdict.duplicated
    result.bound, result.reordered, result.late = verdict.bound, verdict.reordered, verdict.late
    result.judged_acks, result.connections = verdict.judged_acks, len(site.mqtt.trace.connections)
    result.problems += verdict.problems
    if not result.problems and verdict.confirmed == 0:
        result.problems.append("nothing was confirmed: the row proves nothing")


def self_test(bench: Bench, seed: int) -> list[Planted]:
    """Plants bugs into a sound run, and one into a living one."""
    site = bench.site("planted", seed_of(seed, "planted"), ack="kafka")
    try:
        site.start()
        site.pause(3)
        site.finish()
        found = prove(site.evidence())
    except Exception as failure:
        found = [Planted("nothing", False, f"{type(failure).__name__}: {failure}")]
    finally:
        site.close()
    return [*found, forged(bench, seed)]


def forged(bench: Bench, seed: int) -> Planted:
    """The proxy acknowledges in the engine's place: messages are confirmed that nobody stored."""
    bug = "PUBACKs forged by the proxy"
    site = bench.site("planted-live", seed_of(seed, "forged"), ack="kafka")
    try:
        site.start()
        site.mqtt.breaks.forge = 20
        site.pause(2)
        site.generator.stop()
        site.pause(2)
        verdict = site.verdict()
    except Exception as failure:
        return Planted(bug, False, f"{type(failure).__name__}: {failure}")
    finally:
        site.close()
    return Planted(bug, verdict.lost >= 20 and verdict.early_acks >= 20, "; ".join(verdict.problems))


@dataclass(frozen=True)
class Orders:
    """What a worker is told."""

    name: str
    own: list[str]
    """Rows that this worker does first, as they share a cluster."""
    plants: bool
    durations: Durations
    seed: int


def work(orders: Orders, shared: "mp.Queue[str]", results: "mp.Queue[Result | list[Planted] | None]") -> None:
    """The body of a worker process."""
    means.die_with_parent()
    from . import rows  # noqa: F401  registers them

    by_id = {row.id: row for row in ROWS}
    bench = Bench(orders.name)
    try:
        if orders.plants:
            results.put(self_test(bench, orders.seed))
        for identifier in _jobs(orders, shared):
            results.put(play(bench, by_id[identifier], orders.durations, orders.seed))
    except KeyboardInterrupt:
        pass
    finally:
        bench.close()
        results.put(None)


def _jobs(orders: Orders, shared: "mp.Queue[str]") -> Iterator[str]:
    yield from orders.own
    while True:
        try:
            yield shared.get(timeout=0.5)
        except queue.Empty:
            return
