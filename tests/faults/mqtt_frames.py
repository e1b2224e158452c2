"""As much of MQTT as proxy and generator need: frames, PUBLISH and PUBACK."""

from dataclasses import dataclass

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14
MARK = b'"n":'
"""Every message of the generator carries its number behind this."""


class Splitter:
    """Cuts a stream of bytes into whole frames."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self._pending += data
        frames = []
        start = 0
        while (end := _end(self._pending, start)) is not None:
            frames.append(bytes(self._pending[start:end]))
            start = end
        del self._pending[:start]
        return frames


def _end(data: bytearray, start: int) -> int | None:
    """Where the frame that begins at `start` ends, when all of it is there."""
    length = 0
    for place in range(start + 1, min(start + 5, len(data))):
        length |= (data[place] & 0x7F) << 7 * (place - start - 1)
        if data[place] < 0x80:
            end = place + 1 + length
            return end if len(data) >= end else None
    return None


def kind(frame: bytes) -> int:
    return frame[0] >> 4


def body(frame: bytes) -> bytes:
    """What follows the fixed header."""
    place = 1
    while frame[place] >= 0x80:
        place += 1
    return frame[place + 1 :]


@dataclass(frozen=True)
class Publish:
    """What a PUBLISH says that the suite wants to know."""

    qos: int
    dup: bool
    packet_id: int
    number: int | None
    """The generator's; None for messages that are not its own."""


def publish(frame: bytes) -> Publish:
    qos = frame[0] >> 1 & 3
    content = body(frame)
    after_topic = 2 + int.from_bytes(content[:2], "big")
    packet_id = int.from_bytes(content[after_topic : after_topic + 2], "big") if qos else 0
    return Publish(qos, bool(frame[0] & 8), packet_id, number_in(content[after_topic:]))


def number_in(payload: bytes) -> int | None:
    """The generator's number in a payload."""
    found = payload.find(MARK)
    if found < 0:
        return None
    start = end = found + len(MARK)
    while end < len(payload) and payload[end : end + 1].isdigit():
        end += 1
    return int(payload[start:end]) if end > start else None


def packet_id(frame: bytes) -> int:
    """Of a PUBACK."""
    return int.from_bytes(body(frame)[:2], "big")


def frame(first: int, content: bytes) -> bytes:
    """A frame from its first byte and what follows the length."""
    length, size = bytearray(), len(content)
    while True:
        size, digit = divmod(size, 128)
        length.append(digit | (0x80 if size else 0))
        if not size:
            return bytes([first]) + bytes(length) + content


def text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def connect_frame(client_id: str) -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session and no keep-alive."""
    return frame(CONNECT << 4, text("MQTT") + bytes([4, 2, 0, 0]) + text(client_id))


def publish_frame(topic: str, identifier: int, payload: bytes, retain: bool = False, qos: int = 1) -> bytes:
    head = text(topic) + (identifier.to_bytes(2, "big") if qos else b"")
    return frame(PUBLISH << 4 | qos << 1 | retain, head + payload)
