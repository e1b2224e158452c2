"""The proxy between engine and broker: it keeps the trace of acknowledgements."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from . import mqtt_frames as mqtt
from .proxy import Fate, Loop, Proxy, Way
from .trace import Connection, Moments, MqttTrace

UNSURE_S = 1.0
"""How long before a reset the broker may have stopped reading."""


@dataclass
class MqttFaults:
    """What can be done to frames of MQTT."""

    cuts: deque[int] = field(default_factory=deque)
    """The next PUBLISH is cut after so many bytes, and the connection with it."""
    cut_every: int = 1
    """PUBLISHes that pass between two such cuts."""
    swallow: Callable[[int], bool] | None = None
    """Which PUBACKs, by their count, never reach the broker."""
    forge: int = 0
    """So many messages are acknowledged to the broker in the engine's place, and the engine never
    gets them: the planted bug of an engine that acknowledges before it has stored anything."""


class MqttProxy:
    """Proxy, faults and trace of one row."""

    def __init__(self, loop: Loop, port: int, broker: int) -> None:
        self.trace = MqttTrace()
        self.breaks = MqttFaults()
        self.moments = Moments()
        self.proxy = Proxy(loop, port, broker, self._tap)

    @property
    def port(self) -> int:
        return self.proxy.port

    def _tap(self) -> "_Tap":
        connection = Connection(len(self.trace.connections), time.monotonic())
        self.trace.connections.append(connection)
        return _Tap(self, connection)

    def heal(self) -> None:
        self.breaks = MqttFaults()
        self.proxy.heal()


class _Tap:
    """One connection."""

    def __init__(self, owner: MqttProxy, connection: Connection) -> None:
        self._owner, self._connection = owner, connection
        self._splitters = {way: mqtt.Splitter() for way in Way}
        self._since_cut = 0

    def split(self, way: Way, data: bytes) -> list[bytes]:
        return self._splitters[way].feed(data)

    def frame(self, way: Way, frame: bytes) -> Fate:
        kind = mqtt.kind(frame)
        connection = self._connection
        if kind == mqtt.PUBLISH and way is Way.DOWN:
            return self._publish(frame)
        if kind == mqtt.PUBACK and way is Way.UP:
            return self._puback(frame)
        if kind == mqtt.SUBSCRIBE:
            connection.subscribes += 1
        elif kind == mqtt.SUBACK:
            connection.suback_at = time.monotonic()
        elif kind == mqtt.PINGREQ:
            connection.pings += 1
        elif kind == mqtt.CONNACK:
            connection.session_present = bool(mqtt.body(frame)[0] & 1)
        elif kind == mqtt.DISCONNECT and way is Way.UP:
            connection.disconnected = True
        return Fate(frame)

    def _publish(self, frame: bytes) -> Fate:
        publish = mqtt.publish(frame)
        if publish.qos == 0:
            return Fate(frame)
        breaks = self._owner.breaks
        if breaks.cuts and self._since_cut >= breaks.cut_every:
            # A frame that never arrived whole was not delivered.
            return Fate(frame[: min(breaks.cuts.popleft(), len(frame) - 1)], cut=True)
        self._since_cut += 1
        self._owner.trace.delivered += 1
        self._connection.published(publish.number, publish.packet_id, publish.dup)
        if breaks.forge > 0:
            breaks.forge -= 1
            ack = mqtt.frame(mqtt.PUBACK << 4, publish.packet_id.to_bytes(2, "big"))
            self._puback(ack)
            return Fate(reply=ack)
        self._owner.moments.now("publish")
        return Fate(frame)

    def _puback(self, frame: bytes) -> Fate:
        trace = self._owner.trace
        swallow = self._owner.breaks.swallow
        passed = swallow is None or not swallow(trace.acknowledged)
        delivery = self._connection.acked(mqtt.packet_id(frame), passed)
        trace.acknowledged += 1
        if delivery is not None and delivery.number is not None:
            trace.confirmed.setdefault(delivery.number, time.monotonic())
        self._owner.moments.now("puback")
        return Fate(frame if passed else b"")

    def ended(self, by_engine: bool) -> None:
        connection, now = self._connection, time.monotonic()
        connection.ended_at = now
        unsure = [doubt for doubt in self._owner.trace.doubts if doubt >= connection.opened_at]
        # After a DISCONNECT the broker has read all that came before it.
        if not by_engine and not connection.disconnected:
            unsure.append(now - UNSURE_S)
        connection.unsure_since = min(unsure, default=None)
