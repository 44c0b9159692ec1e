"""An HTTP/1.1 client for webhooks: keeps connections, follows nothing, reads little."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

MAX_ANSWER = 1_000_000


@dataclass(slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Sender:
    """Sends requests and keeps idle connections for the next one."""

    def __init__(self) -> None:
        self._idle: dict[
            tuple[str, int, bool], list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        ] = {}

    async def send(
        self, method: str, url: str, headers: dict[str, str], body: bytes, timeout: float
    ) -> Answer:
        """The answer; raises TimeoutError, OSError or ValueError when none came or it is no HTTP."""
        # Not wait_for: Python 3.11's forgets that it was cancelled when the answer comes at that moment.
        async with asyncio.timeout(timeout):
            return await self._send(method, url, headers, body)

    async def _send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        where = (parts.hostname or "", parts.port or (443 if secure else 80), secure)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", "Accept: */*"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        request = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + body
        idle = self._idle.setdefault(where, [])
        while idle:
            reader, writer = idle.pop()
            try:
                return await self._talk(where, reader, writer, request)
            except (EOFError, ConnectionError):
                continue  # it was closed while it lay idle
        context = ssl.create_default_context() if secure else None
        reader, writer = await asyncio.open_connection(where[0], where[1], ssl=context)
        try:
            return await self._talk(where, reader, writer, request)
        except EOFError as error:
            raise ConnectionError("closed without an answer") from error

    async def _talk(
        self,
        where: tuple[str, int, bool],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: bytes,
    ) -> Answer:
        whole = False
        try:
            writer.write(request)
            await writer.drain()
            answer = await read_answer(reader)
            whole = answer.headers.get("connection", "").lower() != "close"
        finally:
            if whole:
                self._idle[where].append((reader, writer))
            else:
                with contextlib.suppress(ConnectionError):
                    writer.close()
        return answer


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    status = int(first.split(" ")[1])
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if "chunked" in headers.get("transfer-encoding", "").lower():
        parts = []
        while length := int((await reader.readline()).split(b";")[0], 16):
            parts.append(await reader.readexactly(length))
            await reader.readexactly(2)
        await reader.readline()
        return Answer(status, headers, b"".join(parts))
    if (size := headers.get("content-length")) is not None:
        return Answer(status, headers, await reader.readexactly(min(int(size), MAX_ANSWER)))
    if status in (204, 304):
        return Answer(status, headers, b"")
    headers["connection"] = "close"
    return Answer(status, headers, await reader.read(MAX_ANSWER))
