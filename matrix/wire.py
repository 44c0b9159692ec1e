"""Stands between the product and Redis, reads what is asked, and loses one answer on request.

Each command has a name: a script's own, else the command and the family of its first key, as in
`HSET bridge:alarms` or `BLPOP rq:queue`, so that one command in two uses is two entries. Those
that may have keys of several families go by their own name: which is the first may be chance.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

KEY: Final = re.compile(rb"^((?:bridge|rq):[a-z-]+)")
# Their first argument says what they do.
PAIRED: Final = frozenset({"CLIENT", "SCRIPT", "CONFIG", "PUBSUB"})
MANY: Final = frozenset({"MGET", "UNLINK"})


def name_of(words: list[bytes], scripts: dict[str, str]) -> str:
    """The name of a command; *scripts* are names by hash."""
    command = words[0].decode("ascii", "replace").upper()
    second = words[1] if len(words) > 1 else b""
    if command == "EVALSHA":
        return scripts.get(second.decode("ascii", "replace"), "a script of RQ")
    if command in PAIRED:
        return f"{command} {second.decode('ascii', 'replace').upper()}"
    # SCAN names its keys by a pattern.
    named = (KEY.match(word) for word in words[1:])
    key = next((found[1].decode() for found in named if found and command not in MANY), "")
    return f"{command} {key}".strip()


class Wire:
    """A TCP port before Redis; `lose` arms it for one command of that name.

    `upstream` is asked at each connection, as Redis may have moved.
    """

    def __init__(self, upstream: Callable[[], str]) -> None:
        self._upstream = upstream
        self.scripts: dict[str, str] = {}  # names by hash
        self.seen: set[str] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self._lock = threading.Lock()
        self._armed: tuple[str, bool] | None = None
        self.lost = 0
        threading.Thread(target=self._accept, name="wire", daemon=True).start()

    def lose(self, name: str, *, done: bool) -> None:
        """Of the next command *name*, lose the answer, or, where not *done*, the command itself."""
        with self._lock:
            self._armed = (name, done)

    def disarm(self) -> None:
        with self._lock:
            self._armed = None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    # -- inside -----------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        # Answers go back one by one: else the second of a pipeline would wait for a word of the first, 40 ms.
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            far = _dial(self._upstream())
        except OSError:
            near.close()  # Redis is away: so are we
            return
        answers = Answers(near, far)
        threading.Thread(target=answers.run, daemon=True).start()
        with contextlib.suppress(OSError), near.makefile("rb") as stream:
            for words, raw in commands(stream):
                loses = self._loses(words)
                if loses is None:
                    answers.awaited(lose=False)
                    far.sendall(raw)
                elif loses:
                    answers.awaited(lose=True)
                    far.sendall(raw)
                    answers.ended.wait(30)
                    break
                else:
                    break
        answers.hang_up()

    def _loses(self, words: list[bytes]) -> bool | None:
        """Whether this one is to be lost, and if so, whether it is carried out."""
        name = name_of(words, self.scripts)
        with self._lock:
            self.seen.add(name)
            if self._armed is None or name != self._armed[0]:
                return None
            (_, done), self._armed = self._armed, None
            self.lost += 1
            return done


class Answers:
    """What comes back over one connection, answer by answer."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self._near, self._far = near, far
        self._lock = threading.Lock()
        self._asked = self._given = 0
        self._lost = -1
        self.ended = threading.Event()

    def awaited(self, *, lose: bool) -> None:
        with self._lock:
            self._asked += 1
            if lose:
                self._lost = self._asked

    def run(self) -> None:
        with contextlib.suppress(OSError, EOFError), self._far.makefile("rb") as stream:
            while True:
                raw = answer(stream)
                with self._lock:
                    self._given += 1
                    if self._given == self._lost:
                        break
                self._near.sendall(raw)
        self.ended.set()
        self.hang_up()

    def hang_up(self) -> None:
        for side in (self._near, self._far):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()


def _dial(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), 5)
    far = socket.socket(socket.AF_UNIX)
    far.connect(str(Path(unquote(parts.path))))
    return far


def commands(stream: socket.SocketIO | object) -> Iterator[tuple[list[bytes], bytes]]:
    """The commands of a client: their words, and the bytes as they came."""
    read: Callable[[int], bytes] = stream.read  # type: ignore[attr-defined]
    line: Callable[[], bytes] = stream.readline  # type: ignore[attr-defined]
    while head := line():
        words, raw = [], [head]
        for _ in range(int(head[1:])):
            size = line()
            body = read(int(size[1:]) + 2)
            words.append(body[:-2])
            raw += (size, body)
        yield words, b"".join(raw)


def answer(stream: object) -> bytes:
    """One whole answer of the server (RESP 2). Raises EOFError at the end."""
    read: Callable[[int], bytes] = stream.read  # type: ignore[attr-defined]
    head: bytes = stream.readline()  # type: ignore[attr-defined]
    if not head.endswith(b"\r\n"):
        raise EOFError
    kind, size = head[:1], head[1:-2]
    if kind == b"$" and int(size) >= 0:
        return head + read(int(size) + 2)
    if kind == b"*" and int(size) > 0:
        return head + b"".join(answer(stream) for _ in range(int(size)))
    return head
