"""The proxy between engine and one Kafka broker: it sees what the engine was told of its records."""

import random
import time
from dataclasses import dataclass, field

from . import kafka_frames as kafka
from .proxy import Fate, Loop, Proxy, Way
from .trace import KafkaTrace, Moments, Report


@dataclass
class KafkaFaults:
    """What can be done to Produce requests and their replies."""

    swallow_replies: bool = False
    """Appended, and the reply lost; the connection lives on."""
    cut_replies: int = 0
    """So many replies are cut in the middle, and their connection with them."""
    refuse: tuple[int, ...] = ()
    """Error codes, taken by chance, for requests that never reach the broker."""
    rewrite: tuple[int, ...] = ()
    """Error codes, taken by chance, in replies to what was appended."""
    first_only: bool = False
    """Of the requests for a partition, only the first is refused."""
    share: float = 1.0
    """How many of the requests are refused or rewritten."""
    topics: frozenset[str] = frozenset()
    """Only requests that touch one of these; empty is all."""
    partition: int = -1
    """Only requests that touch this partition of those topics; -1 is all."""
    only: int = -1
    """After so many errors no more; -1 is no end."""
    fence: bool = False
    """Everything of the producer that is met first, and nothing of another: as a broker does that has
    done with a producer. One that refuses a batch and takes the next of the same producer does not exist."""
    fenced: tuple[int, int] | None = None
    """Id and epoch of that producer, once it was met."""
    met: set[tuple[str, int]] = field(default_factory=set)
    """Partitions of which a request was refused."""


@dataclass
class _Shared:
    """What the proxies of all brokers of a cluster have in common."""

    trace: KafkaTrace = field(default_factory=KafkaTrace)
    breaks: KafkaFaults = field(default_factory=KafkaFaults)
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    injected: int = 0
    """Errors, and replies that did not arrive whole."""
    moments: Moments = field(default_factory=Moments)


class KafkaProxies:
    """One proxy a broker."""

    def __init__(self, loop: Loop, ports: list[tuple[int, int]]) -> None:
        self._shared = _Shared()
        self.proxies = [Proxy(loop, port, target, lambda: _Tap(self._shared)) for port, target in ports]

    @property
    def bootstrap(self) -> str:
        """What the engine is told."""
        return ", ".join(f'"127.0.0.1:{proxy.port}"' for proxy in self.proxies)

    @property
    def trace(self) -> KafkaTrace:
        return self._shared.trace

    @property
    def injected(self) -> int:
        """Errors and swallowed replies so far."""
        return self._shared.injected

    @property
    def moments(self) -> Moments:
        return self._shared.moments

    def break_with(self, faults: KafkaFaults) -> None:
        self._shared.breaks = faults

    def renew(self, seed: int) -> None:
        """A fresh trace and no faults, for another row."""
        for proxy in self.proxies:
            proxy.heal()
            proxy.cut()
        self._shared.trace, self._shared.breaks = KafkaTrace(), KafkaFaults()
        self._shared.chance, self._shared.injected = random.Random(seed), 0
        self._shared.moments = Moments()

    def heal(self) -> None:
        self._shared.breaks = KafkaFaults()
        for proxy in self.proxies:
            proxy.heal()

    def cut(self) -> None:
        for proxy in self.proxies:
            proxy.cut()

    def hold(self, *ways: Way) -> None:
        for proxy in self.proxies:
            proxy.faults.held = set(ways)

    def refuse(self, refusing: bool) -> None:
        for proxy in self.proxies:
            proxy.faults.refusing = refusing

    def close(self) -> None:
        for proxy in self.proxies:
            proxy.close()


class _Tap:
    """One connection of the engine to one broker."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._splitters = {way: kafka.Splitter() for way in Way}
        self._waiting: dict[int, kafka.Produce] = {}

    def split(self, way: Way, data: bytes) -> list[bytes]:
        return self._splitters[way].feed(data)

    def frame(self, way: Way, frame: bytes) -> Fate:
        return self._request(frame) if way is Way.UP else self._reply(frame)

    def _request(self, frame: bytes) -> Fate:
        if kafka.api_key(frame) != kafka.PRODUCE:
            return Fate(frame)
        request = kafka.produce_request(frame)
        self._shared.trace.requests += 1
        if code := self._code(self._shared.breaks.refuse, request):
            return Fate(reply=kafka.refusal(request, code))
        if request.acks != 0:
            self._waiting[request.correlation] = request
        self._shared.moments.now("request")
        return Fate(frame)

    def _code(self, codes: tuple[int, ...], request: kafka.Produce) -> int:
        breaks, chance = self._shared.breaks, self._shared.chance
        if not codes or breaks.only == 0 or chance.random() >= breaks.share:
            return 0
        if not any(self._concerns(part) for part in request.parts):
            return 0
        breaks.only -= breaks.only > 0
        breaks.met |= {(part.topic, part.partition) for part in request.parts}
        self._inject()
        return chance.choice(codes)

    def _concerns(self, part: kafka.Part) -> bool:
        breaks = self._shared.breaks
        if breaks.fence and breaks.fenced is None:
            breaks.fenced = part.producer
        if breaks.fence and part.producer != breaks.fenced:
            return False
        if breaks.first_only and (part.topic, part.partition) in breaks.met:
            return False
        return (not breaks.topics or part.topic in breaks.topics) and breaks.partition in (-1, part.partition)

    def _inject(self) -> None:
        self._shared.injected += 1
        self._shared.trace.broken = True

    def _reply(self, frame: bytes) -> Fate:
        request = self._waiting.pop(kafka.correlation_of_reply(frame), None)
        if request is None:
            return Fate(frame)
        breaks = self._shared.breaks
        if breaks.swallow_replies:
            self._inject()
            return Fate()
        if breaks.cut_replies > 0:
            breaks.cut_replies -= 1
            self._inject()
            return Fate(frame[: len(frame) // 2], cut=True)
        kafka.produce_reply(frame, request)
        if code := self._code(breaks.rewrite, request):
            frame = kafka.with_error(frame, request, code)
        self._book(request)
        self._shared.moments.now("reply")
        return Fate(frame)

    def _book(self, request: kafka.Produce) -> None:
        trace, now = self._shared.trace, time.monotonic()
        for part in request.parts:
            if part.error:
                trace.unplaced += part.error == 46
            elif part.base_offset < 0:
                trace.unplaced += 1
            else:
                last = part.base_offset + part.records - 1
                trace.reports.append(Report(part.topic, part.partition, part.base_offset, last, now))

    def ended(self, by_engine: bool) -> None:
        if self._waiting:
            self._shared.trace.broken = True
        self._waiting.clear()
