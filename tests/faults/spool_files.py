"""The files of a spool, read and written without trygg: format 1, as its fixture holds it."""

import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .tools import ROOT

FIXTURE = ROOT / "tests" / "fixtures" / "spool" / "v1"
VERSION = 1
SEGMENT, FRAME, CURSOR = struct.Struct("<8sHHQQQQ16s"), struct.Struct("<4sIQQI"), struct.Struct("<8sHHIQQQ")
CRC = struct.Struct("<I")
SEGMENT_BYTES, FRAME_BYTES = SEGMENT.size + CRC.size, FRAME.size + CRC.size


def _table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


def crc32c(data: bytes, start: int = 0) -> int:
    """CRC-32C, continued from that of what stands before."""
    value = start ^ 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


@dataclass(frozen=True)
class Frame:
    """A record, or a carrier of *proven* when the body is empty."""

    sequence: int
    proven: int
    body: bytes

    @property
    def partition(self) -> int:
        return int(struct.unpack_from("<i", self.body)[0])

    @property
    def key_and_value(self) -> tuple[bytes, bytes]:
        length = struct.unpack_from("<I", self.body, 17)[0]
        return self.body[21 : 21 + length], self.body[21 + length :]


def frames(segment: bytes) -> Iterator[Frame]:
    """All whole frames of a segment."""
    place = SEGMENT_BYTES
    while place + FRAME_BYTES <= len(segment):
        mark, length, sequence, proven, _ = FRAME.unpack_from(segment, place)
        end = place + FRAME_BYTES + length
        if mark != b"tygF" or end > len(segment):
            return
        yield Frame(sequence, proven, segment[place + FRAME_BYTES : end])
        place = end


def marks(folder: Path) -> list[int]:
    """By partition: everything below is delivered."""
    whole = []
    for file in folder.glob("cursor-?"):
        data = file.read_bytes()
        if len(data) < CURSOR.size:
            continue
        _, _, _, count, _, turn, _ = CURSOR.unpack_from(data)
        whole.append((turn, list(struct.unpack_from(f"<{count}Q", data, CURSOR.size))))
    return max(whole)[1] if whole else []


def waiting(folder: Path) -> list[Frame]:
    """The records of a log that are not delivered, in order."""
    if not (delivered := marks(folder)):
        return []
    every = [frame for file in sorted(folder.glob("*.seg")) for frame in frames(file.read_bytes())]
    return [frame for frame in every if frame.body and frame.sequence >= delivered[frame.partition]]


def copy(fixture: Path, link: str, spool: Path) -> Path:
    """A copy of a fixture as the spool of this link; the folder of its readings."""
    shutil.copytree(fixture / "home", spool / link)
    for directory in (spool, *spool.rglob("*")):
        directory.chmod(0o700 if directory.is_dir() else 0o600)
    return spool / link / "readings"


def _sealed(data: bytes) -> bytes:
    return data + CRC.pack(crc32c(data))


def of_later_release(file: Path) -> None:
    """Says that a segment or cursor has the next format."""
    data = bytearray(file.read_bytes())
    struct.pack_into("<H", data, 8, VERSION + 1)
    end = SEGMENT.size if file.suffix == ".seg" else CURSOR.size + 8 * struct.unpack_from("<I", data, 12)[0]
    data[end : end + CRC.size] = CRC.pack(crc32c(bytes(data[:end])))
    file.write_bytes(data)


def shift(spool: Path, by: int) -> int:
    """Adds to every sequence number of every log; returns the highest that there is."""
    highest = 0
    for file in sorted(spool.rglob("*.seg"), reverse=True):
        highest = max(highest, _shift_segment(file, by))
    for file in spool.rglob("cursor-?"):
        data = file.read_bytes()
        magic, version, flags, count, log, turn, proven = CURSOR.unpack_from(data)
        moved = [mark + by for mark in struct.unpack_from(f"<{count}Q", data, CURSOR.size)]
        fields = CURSOR.pack(magic, version, flags, count, log, turn, proven + by)
        file.write_bytes(_sealed(fields + struct.pack(f"<{count}Q", *moved)))
    return highest


def _shift_segment(file: Path, by: int) -> int:
    data = file.read_bytes()
    magic, version, flags, log, first, follows, created, rest = SEGMENT.unpack_from(data)
    out = [_sealed(SEGMENT.pack(magic, version, flags, log, first + by, follows + by, created, rest))]
    seed = crc32c(struct.pack("<QQ", log, first + by))
    last = first + by
    for frame in frames(data):
        last = frame.sequence + by
        head = FRAME.pack(b"tygF", len(frame.body), last, frame.proven + by, crc32c(frame.body))
        out.append(head + CRC.pack(crc32c(head, seed)) + frame.body)
    file.unlink()
    moved = file.with_name(f"{first + by:020}.seg")
    moved.write_bytes(b"".join(out))
    moved.chmod(0o600)
    return last
