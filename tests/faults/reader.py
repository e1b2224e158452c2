"""Reads all three topics without a pause, with a stock client and stock protobuf."""

import threading
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from google.protobuf.message import DecodeError
from trygg.v1 import trygg_pb2 as pb

from . import mqtt_frames as mqtt
from . import wait

REFUSED_BY_KAFKA = "kafka_refused"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One report of a device, as it stands in a topic."""

    number: int
    device: str
    event_id: bytes
    content: bool
    """The id is made of the content."""
    partition: int
    offset: int
    late: bool
    """Its batch says that later ones may stand before it."""
    flags: tuple[int, ...] = ()
    """The report's marks, such as RETAINED."""
    timestamp_ms: int = 0
    """The record's own."""


@dataclass
class Seen:
    """All that was read so far, in the order of each partition."""

    readings: list[Sighting] = field(default_factory=list)
    alerts: list[tuple[str, bytes]] = field(default_factory=list)
    """Device and event id."""
    dead: list[tuple[int, str]] = field(default_factory=list)
    """Number in the payload (-1 without one) and reason."""
    numbers: set[int] = field(default_factory=set)
    """Every number seen in readings or dead letters."""
    others: int = 0
    """Reports without a counter of ours."""
    foreign: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    """Partition, key and value of what stands among the readings and is no batch."""


class Reader:
    """A consumer on a thread."""

    def __init__(self, brokers: str, readings: str, alerts: str, dead_letters: str) -> None:
        self.seen = Seen()
        self.failure: Exception | None = None
        self._topics = (readings, alerts, dead_letters)
        self._next: dict[tuple[str, int], int] = {}
        """Where each partition is read on."""
        self._consumer = Consumer({
            "bootstrap.servers": brokers,
            "group.id": "faults",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 50,
            "log_level": 0,
            "reconnect.backoff.max.ms": 500,
            "topic.metadata.refresh.interval.ms": 2000,
        })
        wait.until("the topics are known", self._assign)
        self._stopping, self._again = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._thread.start()

    def _assign(self) -> bool:
        listed = self._consumer.list_topics(timeout=30).topics
        if any(topic not in listed or not listed[topic].partitions for topic in self._topics):
            return False
        self._consumer.assign([TopicPartition(t, p, 0) for t in self._topics for p in listed[t].partitions])
        return True

    def follow_again(self) -> None:
        """Another topic stands under the name of the readings: read it from its beginning."""
        self._again.set()

    def read_to(self, ends: dict[TopicPartition, int]) -> bool:
        """Whether all before these offsets was taken."""
        return all(self._next.get((part.topic, part.partition), 0) >= end for part, end in ends.items())

    def close(self) -> None:
        self._stopping.set()
        self._thread.join(10)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                if self._again.is_set():
                    self._again.clear()
                    self._begin_readings_again()
                for message in self._consumer.consume(num_messages=500, timeout=0.1):
                    # What goes wrong on the way to Kafka is the fault's doing; it tries again.
                    if message.error() is None:
                        self._take(message)
                        self._next[message.topic() or "", message.partition() or 0] = (message.offset() or 0) + 1
            self._consumer.close()
        except (KafkaException, ValueError, RuntimeError) as failure:
            self.failure = failure

    def _begin_readings_again(self) -> None:
        places = {(part.topic, part.partition): part for part in self._consumer.position(self._consumer.assignment())}
        for part in places.values():
            if part.topic == self._topics[0]:
                part.offset = 0
                self._next.pop((part.topic, part.partition), None)
            part.offset = max(part.offset, 0)
        self._consumer.unassign()
        self._consumer.assign(list(places.values()))

    def _take(self, message: Message) -> None:
        value = message.value() or b""
        if message.topic() == self._topics[2]:
            letter = pb.DeadLetter.FromString(value)
            numbers = _numbers_in(letter)
            self.seen.dead += [(number, letter.reason) for number in numbers or [-1]]
            self.seen.numbers.update(numbers)
            return
        try:
            batch = pb.ReadingBatch.FromString(value)
        except DecodeError:
            self.seen.foreign.append((message.partition() or 0, message.key() or b"", value))
            return
        for report in batch.reports:
            device = f"{batch.home}/{report.device}"
            if message.topic() == self._topics[1]:
                self.seen.alerts.append((device, report.event_id))
            else:
                self._take_report(message, batch, device, report)

    def _take_report(self, message: Message, batch: pb.ReadingBatch, device: str, report: pb.DeviceReport) -> None:
        number = _number_of(report)
        if number is None:
            self.seen.others += 1
            return
        content = report.event_id_basis == pb.EVENT_ID_BASIS_CONTENT
        partition, offset = message.partition() or 0, message.offset() or 0
        place = partition, offset, batch.delivered_late, tuple(report.flags), message.timestamp()[1]
        self.seen.readings.append(Sighting(number, device, report.event_id, content, *place))
        self.seen.numbers.add(number)


def _number_of(report: pb.DeviceReport) -> int | None:
    """The counter that a device of ours sends as its number."""
    return next((int(reading.number) for reading in report.readings if reading.kind == "energy"), None)


def _numbers_in(letter: pb.DeadLetter) -> list[int]:
    """A message holds one number; a record that Kafka refused is a whole batch of them."""
    if letter.reason == REFUSED_BY_KAFKA and letter.refused_by.startswith("readings"):
        found = (_number_of(report) for report in pb.ReadingBatch.FromString(letter.payload).reports)
        return [number for number in found if number is not None]
    number = mqtt.number_in(letter.payload)
    return [] if number is None else [number]
