"""What the proxies saw: who was told what, and when. The checker reads this and nothing of trygg's."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Delivery:
    """One PUBLISH to the engine."""

    number: int | None
    packet_id: int
    dup: bool
    at: float
    acked_at: float | None = None
    """When the engine's PUBACK came by."""
    answered: bool = False
    """Whether that PUBACK was passed on to the broker."""


@dataclass
class Connection:
    """One MQTT connection of the engine."""

    index: int
    opened_at: float
    client: int = 0
    """Which engine: 0 for the only one."""
    deliveries: list[Delivery] = field(default_factory=list)
    acks: list[tuple[int, float]] = field(default_factory=list)
    """Packet ids of the PUBACKs in the order they came by."""
    pings: int = 0
    subscribes: int = 0
    suback_at: float | None = None
    session_present: bool | None = None
    disconnected: bool = False
    ended_at: float | None = None
    unsure_since: float | None = None
    """The broker may not have heard what the engine said from here on."""
    _open: dict[int, Delivery] = field(default_factory=dict)

    def published(self, number: int | None, packet_id: int, dup: bool) -> None:
        delivery = Delivery(number, packet_id, dup, time.monotonic())
        self.deliveries.append(delivery)
        self._open[packet_id] = delivery

    def acked(self, packet_id: int, passed: bool) -> Delivery | None:
        """Books a PUBACK, and says for what it was."""
        now = time.monotonic()
        self.acks.append((packet_id, now))
        delivery = self._open.pop(packet_id, None)
        if delivery:
            delivery.acked_at, delivery.answered = now, passed
        return delivery

    def open_deliveries(self) -> list[Delivery]:
        """Messages the engine has and has not answered."""
        return list(self._open.values())

    def unanswered(self) -> list[Delivery]:
        """Messages the broker may send again after the end of this connection."""
        since = self.unsure_since
        return [
            delivery
            for delivery in self.deliveries
            if not delivery.answered or (since is not None and delivery.acked_at is not None and delivery.acked_at >= since)
        ]


@dataclass
class MqttTrace:
    """All connections, oldest first."""

    connections: list[Connection] = field(default_factory=list)
    confirmed: dict[int, float] = field(default_factory=dict)
    """Number of each message that was acknowledged at least once, and when first."""
    acknowledged: int = 0
    delivered: int = 0
    spared: set[int] = field(default_factory=set)
    """Acknowledged while the power was going, and not before: the broker has let go of them, and whether
    the disk kept them is nobody's promise (a sync under way may return without its data)."""
    doubts: list[float] = field(default_factory=list)
    """Moments from which on the broker was frozen, killed or out of reach."""
    purges: list[tuple[float, float]] = field(default_factory=list)
    """Spans of time in which a producer was given up: what was unacknowledged may stand twice."""

    def open_count(self) -> int:
        return sum(len(c.open_deliveries()) for c in self.connections if c.ended_at is None)

    def most_open(self, since: float) -> int:
        """The most messages that were unanswered at once, on connections that began after a moment."""
        changes = [
            change
            for connection in self.connections
            if connection.opened_at >= since
            for delivery in list(connection.deliveries)
            for change in ((delivery.at, 1), (delivery.acked_at or connection.ended_at or float("inf"), -1))
        ]
        most = now = 0
        for _, change in sorted(changes):
            now += change
            most = max(most, now)
        return most

    def forget_since(self, moment: float) -> None:
        """What was acknowledged from then on was never confirmed: its disk was losing power."""
        for number in [number for number, at in self.confirmed.items() if at >= moment]:
            del self.confirmed[number]
            self.spared.add(number)

    def doubt(self) -> None:
        """From here on the broker may not hear what passes."""
        self.doubts.append(time.monotonic())


@dataclass(frozen=True)
class Report:
    """One partition of a Produce reply that reached the engine without an error."""

    topic: str
    partition: int
    first: int
    last: int
    at: float


@dataclass
class KafkaTrace:
    """What the engine was told of its records."""

    reports: list[Report] = field(default_factory=list)
    requests: int = 0
    broken: bool = False
    """Replies were lost or falsified. Then a report for a later record of the partition tells the
    idempotent producer of the earlier one too: Kafka takes its batches in sequence only."""
    unplaced: int = 0
    """Successes without an offset (a repeated batch): no early ack can be judged by them."""


@dataclass
class Moments:
    """Called once when something passes a proxy, on the proxy's thread; then forgotten."""

    waiting: dict[str, Callable[[], None]] = field(default_factory=dict)

    def now(self, moment: str) -> None:
        if (call := self.waiting.pop(moment, None)) is not None:
            call()
