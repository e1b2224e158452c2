"""As much of Kafka's protocol as the proxy needs: frames, and Produce requests with their replies."""

import struct
from dataclasses import dataclass, field

PRODUCE = 0
FLEXIBLE_SINCE = 9
TOPIC_IDS_SINCE = 13


class Splitter:
    """Cuts a stream of bytes into whole frames, their length field included."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self._pending += data
        frames = []
        start = 0
        while len(self._pending) - start >= 4:
            end = start + 4 + int.from_bytes(self._pending[start : start + 4], "big")
            if len(self._pending) < end:
                break
            frames.append(bytes(self._pending[start:end]))
            start = end
        del self._pending[:start]
        return frames


@dataclass
class Part:
    """One partition of a Produce request, and what the reply said of it."""

    topic: str
    partition: int
    records: int
    producer: tuple[int, int] = (-1, -1)
    """Id and epoch of the idempotent producer."""
    error: int = 0
    base_offset: int = -1
    error_at: int = 0
    """Where in the reply's frame the error code stands."""


@dataclass
class Produce:
    """A Produce request on its way."""

    version: int
    correlation: int
    acks: int
    parts: list[Part] = field(default_factory=list)


class _Cursor:
    """Reads the primitive types, in the classic or the flexible form."""

    def __init__(self, data: bytes, at: int, flexible: bool) -> None:
        self.data, self.at, self.flexible = data, at, flexible

    def number(self, size: int) -> int:
        value = int.from_bytes(self.data[self.at : self.at + size], "big", signed=True)
        self.at += size
        return value

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def length(self, size: int) -> int:
        return self.unsigned() - 1 if self.flexible else self.number(size)

    def take(self, length: int) -> bytes:
        data = self.data[self.at : self.at + max(length, 0)]
        self.at += max(length, 0)
        return data

    def string(self) -> str:
        return self.take(self.length(2)).decode()

    def topic(self, version: int) -> str:
        return self.take(16).hex() if version >= TOPIC_IDS_SINCE else self.string()

    def tags(self) -> None:
        if self.flexible:
            for _ in range(self.unsigned()):
                self.unsigned()
                self.take(self.unsigned())


def api_key(frame: bytes) -> int:
    return int.from_bytes(frame[4:6], "big", signed=True)


def correlation_of_reply(frame: bytes) -> int:
    return int.from_bytes(frame[4:8], "big", signed=True)


def produce_request(frame: bytes) -> Produce:
    version = int.from_bytes(frame[6:8], "big")
    cursor = _Cursor(frame, 8, False)
    request = Produce(version, cursor.number(4), 0)
    cursor.string()  # the client's id, classic in every version
    cursor.flexible = version >= FLEXIBLE_SINCE
    cursor.tags()
    cursor.string()  # the transaction's
    request.acks = cursor.number(2)
    cursor.number(4)  # time limit
    for _ in range(cursor.length(4)):
        topic = cursor.topic(version)
        for _ in range(cursor.length(4)):
            partition = cursor.number(4)
            batch = cursor.take(cursor.length(4))
            request.parts.append(Part(topic, partition, _records(batch), _producer(batch)))
            cursor.tags()
        cursor.tags()
    return request


def _records(batch: bytes) -> int:
    """Records of a batch: its header is never compressed. Offset 23 holds the last offset delta."""
    return struct.unpack_from(">i", batch, 23)[0] + 1 if len(batch) >= 27 else 0


def _producer(batch: bytes) -> tuple[int, int]:
    return struct.unpack_from(">qh", batch, 43) if len(batch) >= 53 else (-1, -1)


def produce_reply(frame: bytes, request: Produce) -> None:
    """Writes into the request's parts what the reply says of them."""
    by_place = {(part.topic, part.partition): part for part in request.parts}
    cursor = _Cursor(frame, 8, request.version >= FLEXIBLE_SINCE)
    cursor.tags()
    for _ in range(cursor.length(4)):
        topic = cursor.topic(request.version)
        for _ in range(cursor.length(4)):
            part = by_place[topic, cursor.number(4)]
            part.error_at = cursor.at
            part.error, part.base_offset = cursor.number(2), cursor.number(8)
            _skip_rest(cursor, request.version)
        cursor.tags()


def _skip_rest(cursor: _Cursor, version: int) -> None:
    cursor.number(8)  # append time
    if version >= 5:
        cursor.number(8)  # start of the log
    if version >= 8:
        for _ in range(cursor.length(4)):
            cursor.number(4)
            cursor.string()
            cursor.tags()
        cursor.string()
    cursor.tags()


def with_error(frame: bytes, request: Produce, code: int) -> bytes:
    """The same reply with another error code at every partition."""
    changed = bytearray(frame)
    for part in request.parts:
        changed[part.error_at : part.error_at + 2] = code.to_bytes(2, "big", signed=True)
        changed[part.error_at + 2 : part.error_at + 10] = (-1).to_bytes(8, "big", signed=True)
        part.error = code
    return bytes(changed)


def refusal(request: Produce, code: int) -> bytes:
    """The reply of a broker that appended nothing."""
    flexible = request.version >= FLEXIBLE_SINCE
    count = (lambda n: bytes([n + 1])) if flexible else (lambda n: struct.pack(">i", n))
    tags = b"\0" if flexible else b""
    content = struct.pack(">i", request.correlation) + tags + count(len(request.parts))
    for part in request.parts:
        part.error = code
        content += _topic(part.topic, request.version) + count(1)
        content += struct.pack(">ihqq", part.partition, code, -1, -1)
        content += struct.pack(">q", -1) if request.version >= 5 else b""
        if request.version >= 8:
            content += count(0) + (b"\0" if flexible else struct.pack(">h", -1))
        content += tags + tags
    content += struct.pack(">i", 0) + tags
    return struct.pack(">i", len(content)) + content


def _topic(name: str, version: int) -> bytes:
    if version >= TOPIC_IDS_SINCE:
        return bytes.fromhex(name)
    data = name.encode()
    return bytes([len(data) + 1]) + data if version >= FLEXIBLE_SINCE else struct.pack(">h", len(data)) + data
