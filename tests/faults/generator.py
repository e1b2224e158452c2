"""Devices that number every message: a publisher of our own, QoS 1, at a steady rate."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import mqtt_frames as mqtt
from . import wait
from .proxy import Loop

HOMES = 50
DEVICES = HOMES * 5
URGENT_EVERY = 97
"""Each such message raises an alarm beside its counter."""
MOST_OPEN = 4000
TICK_S = 0.01


@dataclass(frozen=True)
class Sent:
    """One message of the generator's log."""

    device: str
    urgent: bool = False
    usable: bool = True
    """Whether it must become a reading; else it must become a dead letter."""


@dataclass
class Log:
    """The generator's log: what was sent, and what the broker took responsibility for."""

    sent: dict[int, Sent] = field(default_factory=dict)
    accepted: set[int] = field(default_factory=set)


def device_time(number: int, first_us: int) -> str:
    """A time of its own for every message, behind the clock at any rate."""
    micros = first_us + number * 200
    return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros % 1_000_000:06}Z"


class Generator:
    """Publishes numbers from 0 up, over all devices in turn, until it is stopped."""

    def __init__(self, loop: Loop, port: int, rate: float) -> None:
        self.log, self.rate = Log(), rate
        self.first_us = int(time.time() * 1e6) - 3_600_000_000
        self._loop, self._port = loop, port
        self._numbers = itertools.count()
        self._ids = itertools.cycle(range(1, 65_536))
        self._open: dict[int, int] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        async def begin() -> None:
            self._task = asyncio.ensure_future(self._run())

        self._loop.run(begin())

    def stop(self) -> None:
        """No more numbers; what is open is waited for by whoever drains."""
        self._stopping = True

    def fall_silent(self) -> None:
        """No more until there is a rate again; the broker has taken everything that was sent."""
        async def still() -> None:
            self.rate = 0

        self._loop.run(still())
        wait.until("the broker took what was sent", lambda: not self._open, 30)

    def open_count(self) -> int:
        return len(self._open)

    def close(self) -> None:
        self._stopping = True
        if self._task:
            self._loop.call(self._task.cancel)

    def poison(self, count: int, payload: Callable[[int], bytes]) -> None:
        """So many messages that must become dead letters, as fast as they go."""
        self._loop.run(self._burst(count, payload, usable=False), 120)

    def send(self, payload: Callable[[int], bytes]) -> int:
        """One message with this payload; its number."""
        return self._loop.run(self._burst(1, payload, usable=True))

    def retain(self, count: int) -> None:
        """So many retained messages, each with a topic of its own."""
        self._loop.run(self._burst(count, None, usable=True, retain=True), 120)

    def burst(self, count: int) -> None:
        """So many good messages at once, beside the steady ones."""
        self._loop.run(self._burst(count, None, usable=True), 120)

    async def _burst(
        self, count: int, payload: Callable[[int], bytes] | None, usable: bool, retain: bool = False
    ) -> int:
        """The last one's number."""
        number = -1
        for place in range(count):
            while self._writer is None or len(self._open) > MOST_OPEN:
                await asyncio.sleep(TICK_S)
            number = self._publish(payload, usable, retain)
            if place % 100 == 99:
                await asyncio.sleep(0)
        return number

    async def _run(self) -> None:
        while not self._stopping:
            try:
                reader, self._writer = await self._connect()
            except OSError:
                await asyncio.sleep(0.2)
                continue
            reading = asyncio.ensure_future(self._read(reader))
            try:
                await self._steady(reading)
                while self._open and not reading.done():
                    await asyncio.sleep(TICK_S)
            except OSError:
                pass
            finally:
                reading.cancel()
                self._writer.close()
                self._writer = None
                # Sent again they would be other messages to the broker: nobody owes for these.
                self._open.clear()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(mqtt.connect_frame(f"homes-{id(self)}"))
        try:
            await asyncio.wait_for(reader.readexactly(4), 10)
        except (asyncio.IncompleteReadError, TimeoutError) as broken:
            writer.close()
            raise OSError("no CONNACK") from broken
        return reader, writer

    async def _read(self, reader: asyncio.StreamReader) -> None:
        splitter = mqtt.Splitter()
        try:
            while data := await reader.read(65_536):
                for frame in splitter.feed(data):
                    if mqtt.kind(frame) == mqtt.PUBACK:
                        number = self._open.pop(mqtt.packet_id(frame), None)
                        if number is not None:
                            self.log.accepted.add(number)
        except OSError:
            pass

    async def _steady(self, reading: "asyncio.Future[None]") -> None:
        due, last = 0.0, time.monotonic()
        while not self._stopping:
            if reading.done():
                raise OSError("the broker is gone")
            now = time.monotonic()
            # After a stall of this process it does not catch up beyond half a second.
            due = min(due + (now - last) * self.rate, self.rate / 2 + 1) if self.rate else 0
            last = now
            while due >= 1 and len(self._open) < MOST_OPEN:
                self._publish(None, True)
                due -= 1
            if self._writer:
                await self._writer.drain()
            await asyncio.sleep(TICK_S)

    def _publish(self, payload: Callable[[int], bytes] | None, usable: bool, retain: bool = False) -> int:
        if self._writer is None:
            return -1
        number = next(self._numbers)
        home, place = number % HOMES, number // HOMES % (DEVICES // HOMES)
        device = f"kept-{number}" if retain else f"plug-{home}-{place}"
        # A payload of the caller's holds no alarm, and a retained alarm rings nobody when it is replayed.
        urgent = payload is None and not retain and number % URGENT_EVERY == 0
        content = payload(number) if payload else self._payload(number, urgent)
        identifier = next(i for i in self._ids if i not in self._open)
        self.log.sent[number] = Sent(f"h{home}/{device}", urgent, usable)
        self._open[identifier] = number
        topic = f"homes/h{home}/zigbee2mqtt/{device}"
        self._writer.write(mqtt.publish_frame(topic, identifier, content, retain))
        return number

    def _payload(self, number: int, urgent: bool) -> bytes:
        alarm = '"action":"emergency",' if urgent else ""
        return f'{{"n":{number},{alarm}"energy":{number},"last_seen":"{device_time(number, self.first_us)}"}}'.encode()
