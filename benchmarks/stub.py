"""A helpdesk that answers as Zendesk does, as late as it is told, and knows when it was asked what.

A process of its own and as little of one as can be, so that it does not limit what it measures: a
benchmark needs no refusals, and a sandbox that keeps a record of all would be the thing measured.

    /zendesk/...    what the bridge uses of Zendesk's API; each answer comes `delay` seconds late
    /graph/...      what it reads of Facebook, without delay: the promise is about a slow helpdesk
    /job            for the stock workers that ours are compared with; late as the helpdesk is
    /_log, /_reset, /_delay/0.3, /_down    for the benchmark
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import time
from typing import Any

from bridge.processes import die_with_parent

ME = 9001
Answer = tuple[str, int, Any]  # its name in the log, status, body


class Desk:
    """What has been asked, and the tickets there are."""

    def __init__(self) -> None:
        self.delay, self.down = 0.0, False
        self.log: list[tuple[float, str]] = []
        self.people: dict[str, int] = {}
        self._users, self._tickets = itertools.count(10_001), itertools.count(1)

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """The answer to a request of the helpdesk's, or the platform's."""
        if self.down and not path.startswith("/graph/"):
            return "down", 503, {"error": "ServiceUnavailable"}
        if path.startswith("/graph/"):
            return "platform", 200, {"id": path.rpartition("/")[2], "message": "Our new cups"}
        if path == "/job":
            return "job", 200, {"ok": True}
        if path.endswith("/oauth/tokens"):
            return (
                "token",
                200,
                {"access_token": "t" * 40, "token_type": "bearer", "expires_in": 1800},
            )
        if path.endswith("/users/me"):
            return "me", 200, {"user": {"id": ME, "role": "admin", "name": "Bridge"}}
        if path.endswith("/users/create_or_update"):
            return self._user(json.loads(body)["user"])
        if method == "POST" and path.endswith("/tickets"):
            return self._ticket("create", 201, next(self._tickets), json.loads(body)["ticket"])
        if method == "PUT" and (found := re.search(r"/tickets/(\d+)$", path)):
            return self._ticket("update", 200, int(found[1]), json.loads(body)["ticket"])
        if path.endswith("/comments"):
            return "comments", 200, {"comments": [], "users": []}
        return "list", 200, {"tickets": [], "count": 0}

    def _user(self, user: dict[str, Any]) -> Answer:
        known = user["external_id"] in self.people
        number = self.people.setdefault(user["external_id"], 0 if known else next(self._users))
        return "user", 200 if known else 201, {"user": {**user, "id": number, "role": "end-user"}}

    @staticmethod
    def _ticket(name: str, status: int, number: int, ticket: dict[str, Any]) -> Answer:
        body = {
            "id": number,
            "status": ticket.get("status", "new"),
            "external_id": ticket.get("external_id"),
            "requester_id": ticket.get("requester_id"),
            "tags": ticket.get("tags", []),
            "updated_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        return name, status, {"ticket": body, "audit": {"id": number, "author_id": ME}}

    def control(self, path: str) -> Any:
        if path == "/_reset":
            self.log.clear()
        elif path.startswith("/_delay/"):
            self.delay, self.down = float(path.removeprefix("/_delay/")), False
        elif path == "/_down":
            self.delay, self.down = 0.0, True
        return self.log


class Line(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, rest = self._buffer.partition(b"\r\n\r\n")
        if not mark:
            return
        length = re.search(rb"\ncontent-length: *(\d+)", head, re.IGNORECASE)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return
        self._buffer = rest[size:]
        method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        self._take(method, target.partition("?")[0], rest[:size])

    def _take(self, method: str, path: str, body: bytes) -> None:
        if path.startswith("/_"):
            self._write(200, self.desk.control(path))
            return
        arrived = time.monotonic()
        name, status, value = self.desk.answer(method, path, body)
        self.desk.log.append((arrived, name))
        if self.desk.delay and name != "platform":
            loop = asyncio.get_running_loop()
            loop.call_later(self.desk.delay, self._write, status, value)
        else:
            self._write(status, value)

    def _write(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def serve() -> None:
    desk = Desk()
    server = await asyncio.get_running_loop().create_server(
        lambda: Line(desk), "127.0.0.1", 0, backlog=2048
    )
    port = server.sockets[0].getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    die_with_parent(os.getppid())
    asyncio.run(serve())
