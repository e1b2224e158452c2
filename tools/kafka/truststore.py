"""Writes the system's certificates (PEM) as the trust store an unpacked Java lacks (JKS).

Debian makes that file while it installs Java; unpacking a package runs no such step.
"""

import base64
import hashlib
import re
import struct
import sys
import time

PASSWORD = "changeit"


def text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode()


def main(pem_file: str, jks_file: str) -> None:
    with open(pem_file, encoding="ascii", errors="replace") as pem:
        blocks = re.findall(r"-+BEGIN CERTIFICATE-+\n(.*?)-+END CERTIFICATE-+", pem.read(), re.S)
    store = struct.pack(">III", 0xFEEDFEED, 2, len(blocks))
    for number, block in enumerate(blocks):
        der = base64.b64decode(block)
        store += struct.pack(">I", 2) + text(f"ca{number}") + struct.pack(">Q", int(time.time() * 1000))
        store += text("X.509") + struct.pack(">I", len(der)) + der
    store += hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + store).digest()
    with open(jks_file, "wb") as out:
        out.write(store)


if __name__ == "__main__":
    main(*sys.argv[1:])
