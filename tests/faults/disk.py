"""Disks that fill up, fail and lose their power."""

import contextlib
import ctypes
import errno
import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from . import wait

EXT4_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise AssertionError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout.strip()


class Mount:
    """A file system of our own below a directory, unmounted at the end."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(parents=True, exist_ok=True)

    def _unmount(self) -> None:
        with contextlib.suppress(AssertionError):
            _run("umount", "--lazy", str(self.place))


class SmallDisk(Mount):
    """A tmpfs that is soon full."""

    def __init__(self, place: Path, mebibytes: int) -> None:
        super().__init__(place)
        _run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "none", str(place))

    def fill(self) -> Path:
        """Takes all the space there is; returns the file that holds it."""
        ballast = self.place / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 65_536)
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise
        return ballast

    def resize(self, mebibytes: int) -> None:
        _run("mount", "-o", f"remount,size={mebibytes}m", str(self.place))

    def close(self) -> None:
        self._unmount()


class PowerDisk(Mount):
    """ext4 on a loop file. A cut forgets whatever was not synced, as a power cut does."""

    def __init__(self, directory: Path, mebibytes: int = 256) -> None:
        super().__init__(directory / "disk")
        self._image = directory / "disk.img"
        with self._image.open("wb") as file:
            file.truncate(mebibytes << 20)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self._loop = _run("losetup", "--find", "--show", str(self._image))
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-t", "ext4", self._loop, str(self.place))

    def cut(self) -> float:
        """The power goes: returns the moment the cut began. What is confirmed later does not count."""
        handle = os.open(self.place, os.O_RDONLY)
        try:
            began = time.monotonic()
            fcntl.ioctl(handle, EXT4_SHUTDOWN, struct.pack("=I", NO_LOG_FLUSH))
            return began
        finally:
            os.close(handle)

    def restore(self) -> None:
        """The power is back: the journal is replayed. Nobody may hold a file open any more."""
        def unmounted() -> bool:
            with contextlib.suppress(AssertionError):
                _run("umount", str(self.place))
                return True
            return False

        wait.until("the disk is unmounted", unmounted, 20, 0.2)
        self._mount()

    def close(self) -> None:
        self._unmount()
        with contextlib.suppress(AssertionError):
            _run("losetup", "--detach", self._loop)
        self._image.unlink(missing_ok=True)


def sync() -> None:
    """Everything that is written so far, on all disks."""
    ctypes.CDLL(None).sync()


def strace(trace: Path, *rules: str) -> tuple[str, ...]:
    """A prefix that injects errors into system calls; the traced process keeps its parent and its id."""
    inject = [word for rule in rules for word in ("-e", f"inject={rule}")]
    calls = ",".join(rule.split(":")[0] for rule in rules)
    return ("strace", "-D", "-f", "-qq", "-y", "-o", str(trace), "--seccomp-bpf", "-e", f"trace={calls}", *inject)


def injected(trace: Path) -> int:
    """How often that came to pass on a file of a spool."""
    marks = ("(INJECTED)", "(DELAYED)")
    lines = trace.read_text(errors="replace").splitlines()
    return sum(1 for line in lines if "/spool/" in line and line.endswith(marks))


def strace_kill(calls: str, when: int, paths: Sequence[Path], trace: Path) -> tuple[str, ...]:
    """A prefix that kills the process as it begins the n-th of these system calls, on these files."""
    some = [word for path in paths for word in ("-P", str(path))]
    inject = f"inject={calls}:signal=KILL:when={when}"
    # Together with --seccomp-bpf strace 6.1 injects errors, but no signals.
    return ("strace", "-D", "-f", "-qq", "-y", "-o", str(trace), "-e", f"trace={calls}", "-e", inject, *some)


def flip(file: Path, place: int, bit: int) -> None:
    """One flipped bit."""
    with file.open("r+b") as content:
        content.seek(place)
        byte = content.read(1)[0]
        content.seek(place)
        content.write(bytes([byte ^ 1 << bit]))
