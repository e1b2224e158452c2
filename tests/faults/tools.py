"""What this machine has: the programs that tools/setup.sh made ready, and means of injecting faults."""

import ctypes
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "target" / "faults"


@dataclass(frozen=True)
class Tools:
    """Programs and libraries of tools/setup.sh, and trygg itself."""

    trygg: Path
    mosquitto: Path
    mosquitto_libraries: str
    mosquitto_passwd: Path
    java: Path
    kafka_jars: Path
    kafka_log4j: Path


class Missing(RuntimeError):
    """Something without which nothing can run."""


def read() -> Tools:
    """Reads target/tools/env."""
    file = ROOT / "target" / "tools" / "env"
    if not file.exists():
        raise Missing("target/tools/env is missing: run tools/setup.sh")
    values = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    for name in ("MOSQUITTO", "JAVA", "KAFKA_JARS", "KAFKA_LOG4J"):
        if name not in values:
            raise Missing(f"tools/setup.sh did not bring {name}; see target/tools/skips")
    trygg = Path(os.environ.get("TRYGG_BIN") or ROOT / "target" / "debug" / "trygg").resolve()
    if not trygg.exists():
        raise Missing(f"{trygg} is missing: cargo build --locked, or set TRYGG_BIN")
    return Tools(
        trygg,
        Path(values["MOSQUITTO"]),
        values.get("MOSQUITTO_LIBRARIES", ""),
        Path(values.get("MOSQUITTO_PASSWD", "mosquitto_passwd")),
        Path(values["JAVA"]),
        Path(values["KAFKA_JARS"]),
        Path(values["KAFKA_LOG4J"]),
    )


@cache
def lacks(need: str) -> str | None:
    """Why a need of a row is not met here; None when it is."""
    checks = {
        "root": _root,
        "strace": lambda: _program("strace"),
        "ss": lambda: _program("ss"),
        "prlimit": lambda: _program("prlimit"),
        "tmpfs": _tmpfs,
        "loop": _loop,
        "netns": _netns,
        "memory-cgroup": _memory_cgroup,
        "cc": lambda: _program("cc"),
        "spool": _spool,
        "failpoints": _failpoints,
        "certificates": lambda: "proven by `cargo test --test it kafka_security::`, which makes certificates",
    }
    return checks[need]()


def _root() -> str | None:
    return None if os.geteuid() == 0 else "needs root"


def _program(name: str) -> str | None:
    return None if shutil.which(name) else f"{name} is not installed"


def _quietly(*argv: str) -> bool:
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=30).returncode == 0


def _tmpfs() -> str | None:
    if _root():
        return _root()
    ok = _quietly("unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt")
    return None if ok else "a tmpfs cannot be mounted here"


def _loop() -> str | None:
    if _root():
        return _root()
    for name in ("mkfs.ext4", "losetup"):
        if _program(name):
            return _program(name)
    return None if _quietly("losetup", "-f") else "there is no free loop device"


def _netns() -> str | None:
    if _root():
        return _root()
    ok = _quietly("unshare", "--net", "ip", "link", "set", "lo", "up")
    return None if ok else "network namespaces or ip are missing"


def memory_cgroups() -> Path | None:
    """Where memory groups can be made: version 1 or 2 of control groups."""
    first = Path("/sys/fs/cgroup/memory")
    if (first / "memory.limit_in_bytes").exists() and os.access(first, os.W_OK):
        return first
    second = Path("/sys/fs/cgroup")
    control = second / "cgroup.subtree_control"
    if control.exists() and "memory" in control.read_text() and os.access(second, os.W_OK):
        return second
    return None


def _memory_cgroup() -> str | None:
    return None if memory_cgroups() else "no memory control group can be made here"


def _spool() -> str | None:
    """trygg lists every section of its configuration on `config --defaults`."""
    said = subprocess.run([str(read().trygg), "config", "--defaults"], capture_output=True, text=True, timeout=30).stdout
    return None if "[spool]" in said else "this trygg has no spool"


def _failpoints() -> str | None:
    """trygg says on `--version` what it was built with."""
    said = subprocess.run([str(read().trygg), "--version"], capture_output=True, text=True, timeout=30).stdout
    return None if "failpoints" in said else "this trygg was built without failpoints"


def die_with_parent() -> None:
    """The kernel kills this process when its parent ends, however it ends."""
    ctypes.CDLL(None, use_errno=True).prctl(1, 9)
