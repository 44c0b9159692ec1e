"""Stands between the senders of webhooks and the bridge's doors, and brings each until it was taken.

Platforms send again what was answered 503 or not at all; so does this, and in the ways of the plan: late,
in copies, again, hanging up before the answer. It keeps when each was brought and when it was taken,
because order can only be asked of what was taken in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from bridge.sandbox.http import Request, Response, answer, connection
from bridge.sandbox.send import Sender
from chaos.plan import Bring

TOKEN: Final = re.compile(r"\b[maenz]\d{5}\b")
PATIENCE: Final = 6.0  # seconds that it waits for an answer
PLAIN: Final = Bring()


@dataclass(slots=True)
class Times:
    """When words first were on the way to a door, and when they first were taken (monotonic)."""

    brought: float
    taken: float | None = None


@dataclass(slots=True)
class Letter:
    """One webhook."""

    path: str
    headers: dict[str, str]
    body: bytes
    tokens: tuple[str, ...]
    began: float = field(default_factory=time.monotonic)


class Postman:
    """An HTTP server on loopback with its own thread; `doors` are the addresses of living web processes."""

    def __init__(self, brings: Mapping[str, Bring]) -> None:
        self.brings = dict(brings)
        self.doors: list[str] = []
        self.url = ""
        self.times: dict[str, Times] = {}
        self.answers: Counter[str] = Counter()
        self.refused: list[str] = []  # authentic deliveries that were answered with a 4xx
        self.under_way = 0
        self.plain = False  # the plan's ways are over: each webhook once, at once
        self._turn = itertools.count()
        self._queues: dict[str, asyncio.Lock] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def post(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Bring something of the driver's own."""
        self._loop.call_soon_threadsafe(self._take, path, headers, body)

    # -- inside ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0.05))  # until the sockets are closed
        self._loop.close()

    async def _listen(self) -> None:
        self._sender = Sender()
        self._server = await asyncio.start_server(
            connection(self._handle), "127.0.0.1", 0, backlog=1024
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}"

    async def _handle(self, request: Request) -> Response:
        if request.method != "POST" or not request.path.startswith("/hooks/"):
            return answer({"error": "not_found"}, 404)
        kept = {
            name: value for name, value in request.headers.items()
            if name not in ("host", "content-length", "connection", "accept")
        }  # fmt: skip
        work = self._take(request.path, kept, request.body)
        if request.path == "/hooks/telegram":
            await work  # it tells of one chat one update at a time
        return answer({"ok": True})

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> asyncio.Task[None]:
        tokens = tuple(dict.fromkeys(TOKEN.findall(body.decode("utf-8", "replace"))))
        # Each by its own connection: one that broke while it lay idle would be tried again unseen.
        letter = Letter(path, {**headers, "connection": "close"}, body, tokens)
        self.under_way += 1
        task = self._loop.create_task(self._bring(letter))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.under_way -= 1
        if not task.cancelled() and (error := task.exception()):
            self.refused.append(f"the postman failed: {error!r}")

    def _way(self, letter: Letter) -> Bring:
        if self.plain:
            return PLAIN
        ways: Iterable[Bring] = (self.brings[one] for one in letter.tokens if one in self.brings)
        return next(iter(ways), PLAIN)

    async def _bring(self, letter: Letter) -> None:
        way = self._way(letter)
        await asyncio.sleep(way.late)
        if way.deaf:
            await self._hang_up(letter)
        await asyncio.gather(*(self._until_taken(letter) for _ in range(way.copies)))
        if way.again:
            await asyncio.sleep(way.again)
            await self._until_taken(letter)

    def _brought(self, letter: Letter) -> None:
        now = time.monotonic()
        for token in letter.tokens:
            self.times.setdefault(token, Times(now))

    def _taken(self, letter: Letter) -> None:
        now = time.monotonic()
        for token in letter.tokens:
            known = self.times[token]
            known.taken = now if known.taken is None else known.taken

    def _door(self) -> str | None:
        return self.doors[next(self._turn) % len(self.doors)] if self.doors else None

    async def _until_taken(self, letter: Letter) -> None:
        pause = 0.1
        while True:
            status = await self._once(letter)
            self.answers[status] += 1
            if status == "200":
                return self._taken(letter)
            if status.startswith("4"):
                self.refused.append(f"{letter.path} {' '.join(letter.tokens)}: {status}")
                return None
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def _once(self, letter: Letter) -> str:
        if (door := self._door()) is None:
            return "no door"
        self._brought(letter)
        try:
            got = await self._sender.send(
                "POST", door + letter.path, letter.headers, letter.body, PATIENCE
            )
        except TimeoutError:
            return "no answer"
        except (OSError, EOFError, ValueError):
            return "broken off"
        return str(got.status)

    async def _hang_up(self, letter: Letter) -> None:
        """Hand it over and leave without waiting for the answer."""
        if (door := self._door()) is None:
            return
        self._brought(letter)
        parts = urlsplit(door)
        lines = [f"POST {letter.path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in letter.headers.items()]
        lines += [f"Content-Length: {len(letter.body)}", "", ""]
        self.answers["hung up"] += 1
        try:
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            return
        with contextlib.suppress(OSError):
            writer.write("\r\n".join(lines).encode() + letter.body)
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.close()
