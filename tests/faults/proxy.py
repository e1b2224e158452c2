"""A proxy that passes whole frames, and breaks what it is told to break."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
CHUNK = 64 * 1024
LAST_WORDS_S = 2.0


class Loop:
    """One event loop on a thread of its own, for proxies and generator."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], limit_s: float = 30) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(limit_s)

    def call(self, work: Callable[[], None]) -> None:
        self.loop.call_soon_threadsafe(work)


class Way(Enum):
    """Which direction."""

    UP = "from the engine"
    DOWN = "to the engine"


@dataclass
class Fate:
    """What becomes of one frame."""

    forward: bytes = b""
    """What is passed on."""
    reply: bytes = b""
    """What is sent back to where it came from."""
    cut: bool = False
    """Then both sockets are reset."""


class Tap(Protocol):
    """Looks at the frames of one connection and decides."""

    def split(self, way: Way, data: bytes) -> list[bytes]: ...
    def frame(self, way: Way, frame: bytes) -> Fate: ...
    def ended(self, by_engine: bool) -> None: ...


@dataclass
class Faults:
    """What both proxies can do to bytes, whatever they mean."""

    held: set[Way] = field(default_factory=set)
    """Directions in which nothing gets through, as behind a black hole; it comes later, as TCP
    would repeat it."""
    refusing: bool = False
    """New connections are reset."""
    delay_s: float = 0.0
    bytes_per_s: float = 0.0
    """0 is no limit. The limit is of each connection and direction."""
    slice_bytes: int = CHUNK
    """The largest piece that is written at once under a limit."""
    stall_over: int = 0
    """Larger writes get stuck, as behind a link that takes smaller packets only; 0 is none."""


class Proxy:
    """Listens on a port and passes connections on to another."""

    def __init__(self, loop: Loop, port: int, target: int, tap: Callable[[], Tap]) -> None:
        self.port, self.target = port, target
        self.faults = Faults()
        self.accepted = 0
        self._loop, self._tap = loop, tap
        self._open: set[_Pair] = set()
        self._server = loop.run(asyncio.start_server(self._accept, "127.0.0.1", port, limit=CHUNK))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.faults.refusing:
            _reset(writer)
            return
        try:
            far = await asyncio.open_connection("127.0.0.1", self.target, limit=CHUNK)
        except OSError:
            _reset(writer)
            return
        pair = _Pair((reader, writer), far, self._tap(), self)
        self._open.add(pair)
        try:
            await pair.run()
        finally:
            self._open.discard(pair)

    def cut(self) -> int:
        """Resets every connection; says how many."""
        pairs = list(self._open)
        self._loop.call(lambda: [pair.reset() for pair in pairs] and None)
        return len(pairs)

    def cut_some(self, chance: random.Random) -> None:
        """Resets one connection."""
        if pairs := list(self._open):
            self._loop.call(chance.choice(pairs).reset)

    def connections(self) -> int:
        return len(self._open)

    def heal(self) -> None:
        self.faults = Faults()

    def close(self) -> None:
        self.faults.refusing = True
        self.heal()
        self.cut()
        self._loop.call(self._server.close)


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Pair:
    """The two sockets of one connection."""

    def __init__(self, near: Stream, far: Stream, tap: Tap, proxy: Proxy) -> None:
        self._near, self._far, self._tap, self._proxy = near, far, tap, proxy
        self._gone = asyncio.Event()
        self._ended_by: Way | None = None
        """Whose silence or deafness ended it first: UP is the engine's."""
        for _, writer in (near, far):
            peer = writer.get_extra_info("socket")
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def run(self) -> None:
        up = asyncio.ensure_future(self._carry(Way.UP, self._near[0], self._far[1], self._near[1]))
        down = asyncio.ensure_future(self._carry(Way.DOWN, self._far[0], self._near[1], self._far[1]))
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({up, down, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not self._gone.is_set():
                # What the engine had said before it died is still passed on.
                await asyncio.wait({up}, timeout=0.05)
        finally:
            for task in (up, down, gone):
                task.cancel()
            await asyncio.gather(up, down, gone, return_exceptions=True)
            # What the engine said before it ended goes to a broker that still reads.
            self._tap.ended(by_engine=self._ended_by is Way.UP)
            if self._ended_by is Way.UP:
                await self._half_close()
            for _, writer in (self._near, self._far):
                writer.close()

    async def _half_close(self) -> None:
        """Lets the other side read the engine's last words; to close with something unread is a reset."""
        reader, writer = self._far
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            writer.write_eof()
            async with asyncio.timeout(LAST_WORDS_S):
                while await reader.read(CHUNK):
                    pass

    def reset(self) -> None:
        self._ended_by = self._ended_by or Way.DOWN
        for _, writer in (self._near, self._far):
            _reset(writer)
        self._gone.set()

    async def _carry(self, way: Way, reader: asyncio.StreamReader, to: asyncio.StreamWriter, back: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK):
                await self._held(way)
                out, cut = self._judge(way, data, back)
                if cut:
                    to.write(out)
                    # Let the half frame reach its reader before the reset.
                    await asyncio.sleep(0.01)
                    self.reset()
                    return
                try:
                    await self._write(way, to, out)
                except OSError:
                    self._ended_by = self._ended_by or (Way.DOWN if way is Way.UP else Way.UP)
                    return
        except OSError:
            pass
        self._ended_by = self._ended_by or way

    def _judge(self, way: Way, data: bytes, back: asyncio.StreamWriter) -> tuple[bytes, bool]:
        """What is passed on of the frames in these bytes, and whether the connection is cut then."""
        out = bytearray()
        for frame in self._tap.split(way, data):
            fate = self._tap.frame(way, frame)
            out += fate.forward
            if fate.reply:
                back.write(fate.reply)
            if fate.cut:
                return bytes(out), True
        return bytes(out), False

    async def _held(self, way: Way, size: int = 0) -> None:
        while not self._gone.is_set():
            faults = self._proxy.faults
            if way not in faults.held and not 0 < faults.stall_over < size:
                return
            await asyncio.sleep(0.02)

    async def _write(self, way: Way, to: asyncio.StreamWriter, data: bytes) -> None:
        faults = self._proxy.faults
        if faults.delay_s:
            await asyncio.sleep(faults.delay_s)
        await self._held(way, len(data))
        if not faults.bytes_per_s:
            to.write(data)
            await to.drain()
            return
        for start in range(0, len(data), faults.slice_bytes):
            faults = self._proxy.faults
            piece = data[start : start + faults.slice_bytes] if faults.bytes_per_s else data[start:]
            await self._held(way)
            to.write(piece)
            await to.drain()
            if not faults.bytes_per_s:
                return
            await asyncio.sleep(len(piece) / faults.bytes_per_s)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closes with RST, as a cut does, not with FIN."""
    if peer := writer.get_extra_info("socket"):
        try:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()
