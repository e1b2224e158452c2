"""A scripted broker that says what no decent broker says."""

import asyncio
from dataclasses import dataclass, field

from . import mqtt_frames as mqtt
from .proxy import Loop

PUBREL, PINGRESP = 6, 13


def publish5(topic: str, packet_id: int, payload: bytes, qos: int = 1, dup: bool = False) -> bytes:
    """PUBLISH of MQTT 5 without properties."""
    first = mqtt.PUBLISH << 4 | dup << 3 | qos << 1
    return mqtt.frame(first, mqtt.text(topic) + packet_id.to_bytes(2, "big") + b"\0" + payload)


@dataclass
class RawBroker:
    """Plays one script a connection, the last one again and again."""

    loop: Loop
    port: int
    scripts: list[list[bytes]]
    connections: int = 0
    acked: list[int] = field(default_factory=list)
    """Packet ids of PUBACKs, over all connections."""
    borne: list[int] = field(default_factory=list)
    """Connections that the engine did not end."""

    def start(self) -> None:
        self.loop.run(asyncio.start_server(self._serve, "127.0.0.1", self.port))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.scripts[min(self.connections, len(self.scripts) - 1)]
        self.connections += 1
        last = self.connections >= len(self.scripts)
        splitter = mqtt.Splitter()
        playing = asyncio.ensure_future(self._play(script, writer, last))
        try:
            while data := await reader.read(65_536):
                for frame in splitter.feed(data):
                    writer.write(self._answer(frame))
                await writer.drain()
        except OSError:
            pass
        finally:
            playing.cancel()
            writer.close()

    async def _play(self, script: list[bytes], writer: asyncio.StreamWriter, last: bool) -> None:
        """Once the session stands; what the engine bears with is ended by us."""
        await asyncio.sleep(0.5)
        for told in script:
            writer.write(told)
        if not last:
            await asyncio.sleep(1.5)
            self.borne.append(self.connections)
            writer.close()

    def _answer(self, frame: bytes) -> bytes:
        match mqtt.kind(frame):
            case mqtt.CONNECT:
                present = self.connections > 1
                return mqtt.frame(mqtt.CONNACK << 4, bytes([present, 0, 0]))
            case mqtt.SUBSCRIBE:
                content = mqtt.body(frame)
                granted = bytes([1]) * _filters(content)
                return mqtt.frame(mqtt.SUBACK << 4, content[:2] + b"\0" + granted)
            case mqtt.PUBACK:
                self.acked.append(mqtt.packet_id(frame))
                return b""
            case mqtt.PINGREQ:
                return bytes([PINGRESP << 4, 0])
            case _:
                return b""


def _filters(content: bytes) -> int:
    """How many filters a SUBSCRIBE asks for."""
    place = 3 + content[2]
    count = 0
    while place < len(content):
        place += 2 + int.from_bytes(content[place : place + 2], "big") + 1
        count += 1
    return count
