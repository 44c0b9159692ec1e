"""Load on an address: wrk where it is installed (`apt install wrk`), else a loop of our own.

Our own is a process of one thread, as wrk is here; it uses three to five times wrk's processor time,
and with two cores that is taken from the server. Ratios suffer less from it than rates.
"""

from __future__ import annotations

import json
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import bodies

SCRIPT = Path(__file__).with_name("wrk.lua")
WRK = shutil.which("wrk")
GENERATOR = "wrk" if WRK else "our own loop (no wrk here: apt install wrk)"


@dataclass(frozen=True, slots=True)
class Load:
    """What the generator counted; latencies in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    bad: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def run(url: str, seconds: float, connections: int, prepared: int) -> Load:
    """Post *prepared* unique webhooks as fast as they are taken; RuntimeError when that was too few."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "requests"
        write(file, prepared, urlsplit(url).netloc)
        if WRK:
            words = [WRK, "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(SCRIPT), url]
            words += ["--", str(file)]
        else:
            words = [sys.executable, "-m", "benchmarks.load", url, str(seconds), str(connections)]
            words += [str(file)]
        told = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60)
    lines = [line for line in told.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise RuntimeError(f"no result from {words[0]}: {told.stdout}{told.stderr}")
    load = Load(**json.loads(lines[0].removeprefix("RESULT ")))
    if load.bad:
        raise RuntimeError(f"{load.bad} of {load.requests} requests were not answered 2xx")
    if load.requests > prepared:
        raise RuntimeError(f"{load.requests} requests, but only {prepared} were prepared")
    return load


def write(file: Path, count: int, host: str) -> None:
    """The prepared requests, their lengths on the first line."""
    made = list(bodies.requests(count, host))
    file.write_bytes(" ".join(str(len(one)) for one in made).encode() + b"\n" + b"".join(made))


def read(file: Path) -> list[bytes]:
    head, _, rest = file.read_bytes().partition(b"\n")
    made, at = [], 0
    for length in map(int, head.split()):
        made.append(rest[at : at + length])
        at += length
    return made


def post(url: str, seconds: float, connections: int, made: list[bytes]) -> Load:
    """The loop that stands in for wrk: one request under way on each connection."""
    parts, selector = urlsplit(url), selectors.DefaultSelector()
    begun: dict[socket.socket, float] = {}
    latencies: list[float] = []
    sent = bad = 0
    began = time.monotonic()

    def send(sock: socket.socket) -> None:
        nonlocal sent
        begun[sock] = time.monotonic()
        sock.sendall(made[sent % len(made)])
        sent += 1

    for _ in range(connections):
        sock = socket.create_connection((parts.hostname or "", parts.port or 80))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(sock, selectors.EVENT_READ)
        send(sock)
    while begun:
        for key, _ in selector.select(5):
            sock = key.fileobj
            assert isinstance(sock, socket.socket)
            answer = sock.recv(65536)  # our answers are small: one piece
            latencies.append((time.monotonic() - begun.pop(sock)) * 1000)
            bad += not answer.startswith(b"HTTP/1.1 2")
            if answer and time.monotonic() - began < seconds:
                send(sock)
            else:
                selector.unregister(sock)
                sock.close()
    took = time.monotonic() - began
    latencies.sort()
    at = [latencies[int(len(latencies) * part)] for part in (0.5, 0.99)]
    return Load(len(latencies), took, at[0], at[1], bad)


if __name__ == "__main__":
    load = post(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), read(Path(sys.argv[4])))
    print("RESULT " + json.dumps({name: getattr(load, name) for name in Load.__slots__}))
