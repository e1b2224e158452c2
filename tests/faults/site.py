"""The test bed of one row: broker, proxies, engine, load and reader, and the witnesses' evidence."""

import contextlib
import dataclasses
import itertools
import os
import random
import signal
import threading
import time
from pathlib import Path

from . import wait
from .checker import Evidence, Rules, Verdict, judge
from .engine import DRAINED, Engine, Settings
from .generator import Generator
from .kafka import Kafka
from .kafka_proxy import KafkaProxies
from .mosquitto import Mosquitto
from .mqtt_proxy import MqttProxy
from .process import free_port
from .proxy import Loop
from .reader import Reader
from .tools import Tools

WATCH_EVERY_S = 0.3
_count = itertools.count()


class Site:
    """What a row breaks."""

    def __init__(self, tools: Tools, loop: Loop, kafka: Kafka, proxies: KafkaProxies, directory: Path, seed: int) -> None:
        self.tools, self.loop, self.kafka, self.directory = tools, loop, kafka, directory
        self.kafka_proxy = proxies
        self.chance = random.Random(seed)
        self.opened_at = time.monotonic()
        self.rate = 600.0
        self.rules = Rules()
        self.drain_s = 60.0
        self.exits_orderly = True
        """Whether the last SIGTERM must end with everything drained."""
        self.topic_settings: dict[str, str] = {}
        self.partitions = 4
        self.replication = 0
        """Copies of each topic; 0 is one on every node."""
        self.recovery_s: float | None = None
        self.notes: list[str] = []
        proxies.renew(seed)
        self.mosquitto = Mosquitto(tools, directory / "mosquitto")
        self.mqtt = MqttProxy(loop, free_port(), self.mosquitto.port)
        prefix = f"f{os.getpid()}-{next(_count)}"
        self.settings = Settings(brokers=proxies.bootstrap, prefix=prefix, port=self.mqtt.port)
        self.engines: list[Engine] = []
        self.engine = self._engine(self.settings, "trygg")
        self.load: Generator | None = None
        self.reader: Reader | None = None
        self.unbalanced: list[str] = []
        self._watching = threading.Event()
        self._watch = threading.Thread(target=self._keep_watch, name="watch", daemon=True)

    # Setting up.

    def create_topics(self) -> None:
        for topic in self.settings.topics:
            self.kafka.create_topic(topic, self.partitions, self.replication, **self.topic_settings)

    def start(self) -> None:
        """Everything up, and messages flowing."""
        self.open()
        self.engine.start()
        self.begin_load()

    def open(self) -> None:
        """Broker, topics and reader, before there is an engine."""
        self.mosquitto.start()
        self.create_topics()
        self.reader = Reader(self.kafka.brokers, *self.settings.topics)
        self._watch.start()

    def begin_load(self) -> None:
        self.load = Generator(self.loop, self.mosquitto.port, self.rate)
        self.load.start()
        self.flows()

    def use_spool(self, directory: Path, ack: str = "auto") -> None:
        """Spool on this directory; its receipts are as good as Kafka's, and cannot be seen on a wire."""
        self.settings.spool, self.settings.ack = directory, ack

    @property
    def spools(self) -> bool:
        """A receipt of the disk is enough for a PUBACK."""
        return self.settings.spool is not None and self.settings.ack != "kafka"

    def twin(self, spool: Path | None) -> Engine:
        """A second engine with the same configuration but for the directory of its spool."""
        settings = dataclasses.replace(self.settings, admin=free_port(), spool=self.settings.spool and spool)
        return self._engine(settings, "twin")

    def _engine(self, settings: Settings, name: str) -> Engine:
        engine = Engine(self.tools, self.directory, settings, name)
        engine.most_open = lambda: self.mqtt.trace.most_open(engine.started_at)
        self.engines.append(engine)
        return engine

    # Looking on.

    @property
    def generator(self) -> Generator:
        assert self.load is not None, "the load was started"
        return self.load

    @property
    def seen_numbers(self) -> set[int]:
        assert self.reader is not None, "the reader was started"
        if self.reader.failure:
            raise AssertionError(f"the reader failed: {self.reader.failure}")
        return self.reader.seen.numbers

    def confirmed(self) -> int:
        return len(self.mqtt.trace.confirmed)

    def flows(self, limit_s: float = wait.SOON_S) -> None:
        """Acknowledgements and records move on from here."""
        before, read = self.confirmed(), len(self.seen_numbers)
        enough = max(self.rate / 10, 1)
        wait.until("messages are acknowledged", lambda: self.confirmed() > before + enough, limit_s)
        wait.until("records are read from Kafka", lambda: len(self.seen_numbers) > read + enough, limit_s)

    def acknowledges(self, limit_s: float = wait.SOON_S) -> None:
        """Acknowledgements move on, wherever the messages lie."""
        before = self.confirmed()
        wait.until("messages are acknowledged", lambda: self.confirmed() > before + self.rate / 10, limit_s)

    def outage_sets_in(self) -> None:
        """Kafka is away: PUBACKs have stopped, or come from the spool."""
        if self.spools:
            self.pause(4)
            self.acknowledges()
        else:
            self.stalled()

    def stalled(self, limit_s: float = wait.SOON_S) -> None:
        """Acknowledgements have stopped."""
        def still() -> bool:
            before = self.mqtt.trace.acknowledged
            time.sleep(0.7)
            return self.mqtt.trace.acknowledged == before

        wait.until("acknowledgements stop", still, limit_s)

    def pause(self, seconds: float) -> None:
        """Lets the fault last; the engine must live through it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(min(0.1, max(deadline - time.monotonic(), 0)))

    def kill_at(self, moment: str, after_s: float = 0) -> None:
        """kill -9 when something passes a proxy: before it is passed on, or so long after."""
        pid = self.engine.daemon.pid
        self.engine.daemon.note_memory()
        self.engine.about_to_die()

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

        def later() -> None:
            self.loop.loop.call_later(after_s, kill)

        moments = self.mqtt.moments if moment in ("publish", "puback") else self.kafka_proxy.moments
        moments.waiting[moment] = later if after_s else kill
        wait.until(f"the kill at the moment: {moment}", lambda: not self.engine.daemon.alive())

    def _keep_watch(self) -> None:
        while not self._watching.wait(WATCH_EVERY_S):
            for engine in self.engines:
                engine.daemon.note_memory()
                if engine.daemon.alive() and (scraped := engine.scrape()):
                    self.unbalanced += scraped.ledger()

    # After the fault.

    def healed(self) -> None:
        """The fault is over: what waited until now must drain, beside the live load, within the bound."""
        healed = time.monotonic()
        owed = set(self._owed())
        try:
            wait.until(f"{len(owed)} messages drain after the fault", lambda: owed <= self.seen_numbers, self.drain_s, 0.05)
        except wait.TimedOut as late:
            missing = owed - self.seen_numbers
            confirmed = len(missing & self.mqtt.trace.confirmed.keys())
            raise wait.TimedOut(f"{late}; {len(missing)} are missing, {confirmed} of them confirmed") from late
        self.recovery_s = time.monotonic() - healed
        # A connection that lived through it has carried everything.
        self.mqtt.trace.doubts.clear()

    def finish(self) -> None:
        """Stops the load, drains all of it, and ends the engine."""
        if self.recovery_s is None:
            self.healed()
        self.generator.stop()
        wait.until("the broker took the last messages", lambda: self.generator.open_count() == 0, 30)
        self._drain()
        for engine in self.engines:
            if engine.daemon.alive():
                code = engine.terminate()
                if self.exits_orderly and code != DRAINED:
                    raise AssertionError(f"SIGTERM with nothing left: exit code {code}, not {DRAINED}")
        self._read_to_the_end()

    def _drain(self) -> None:
        try:
            wait.until("everything drains", self._drained, self.drain_s, 0.1)
        except wait.TimedOut as late:
            trace, owed = self.mqtt.trace, self._owed()
            unread = owed - self.seen_numbers
            raise wait.TimedOut(
                f"{late}; {trace.open_count()} are unanswered, {len(owed - trace.confirmed.keys())} unconfirmed, "
                f"{len(unread)} unread, {len(unread & trace.confirmed.keys())} of them confirmed; {self._engine_says()}"
            ) from late

    def _engine_says(self) -> str:
        """How much the engine itself holds; its whole page is left beside its log."""
        if not (scraped := self.engine.scrape()):
            return "the engine does not answer"
        (self.directory / "metrics.txt").write_text(scraped.text)
        held = {name: scraped.sum(f"trygg_{name}_in_flight") for name in ("messages", "readings")}
        return f"the engine holds {held['messages']:.0f} messages, {held['readings']:.0f} readings"

    def _read_to_the_end(self) -> None:
        """Whoever judges what is missing has read all there is: the alerts may lag behind the readings."""
        reader = self.reader
        assert reader is not None, "the reader was started"
        ends = wait.until("Kafka names the ends", lambda: self.kafka.ends(*self.settings.topics))
        assert ends is not None
        wait.until("the reader is at the end of every partition", lambda: reader.read_to(ends))

    def _drained(self) -> bool:
        trace, owed = self.mqtt.trace, self._owed()
        # What stands in Kafka may still come again from a broker that was not told.
        told = not self.rules.broker_survives or owed <= trace.confirmed.keys()
        return trace.open_count() == 0 and told and owed <= self.seen_numbers

    def _owed(self) -> set[int]:
        trace = self.mqtt.trace
        return self.generator.log.accepted - trace.spared if self.rules.broker_survives else set(trace.confirmed)

    def evidence(self) -> Evidence:
        assert self.reader is not None, "the reader was started"
        return Evidence(self.generator.log, self.mqtt.trace, self.kafka_proxy.trace, self.reader.seen, self.settings.topics[0])

    def verdict(self) -> Verdict:
        rules = self.rules
        if self.settings.spool:
            span = sum(engine.spool_records for engine in self.engines)
            rules = dataclasses.replace(rules, spool_records=span, judge_early=rules.judge_early and not self.spools)
        verdict = judge(self.evidence(), rules)
        if self.unbalanced:
            verdict.problems.append(f"ledger: {self.unbalanced[0]} (and {len(self.unbalanced) - 1} more)")
        return verdict

    @property
    def peak_rss(self) -> int:
        return max(engine.daemon.peak_rss for engine in self.engines)

    def close(self) -> None:
        """Ends whatever still runs."""
        self._watching.set()
        for engine in self.engines:
            engine.daemon.kill()
        if self.load:
            self.load.close()
        if self.reader:
            self.reader.close()
        self.mqtt.proxy.close()
        self.mosquitto.daemon.kill()
        self.kafka_proxy.renew(0)
