"""A small HTTP/1.1 server on asyncio streams, and nothing between us and the socket.

The sandbox must be able to commit and then close, to answer by halves, and to hold hundreds of slow
answers at once on little CPU; threaded WSGI servers make the first two awkward and the last dear.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

MAX_BODY = 64 * 1024 * 1024
MAX_HEAD = 64 * 1024


class BadRequest(Exception):
    """What was asked for makes no sense; the text says why."""


class NotFound(Exception):
    """There is no such thing; the text says what."""


@dataclass(slots=True)
class Request:
    """One request: path percent-decoded, header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The parsed body; an empty one is {}. Raises BadRequest."""
        if not self.body:
            return {}
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"the body is not JSON: {error}") from error


@dataclass(slots=True)
class Response:
    """One answer. `manner` says how it goes out: whole, half, drip (over `seconds`) or drop."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = "whole"
    seconds: float = 0.0


Handler = Callable[[Request], Awaitable[Response]]


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; non-ASCII is escaped, which every reader understands."""
    head = {"content-type": "application/json; charset=utf-8"}
    if headers:
        head.update(headers)
    return Response(status, json.dumps(value).encode(), head)


def text(words: str, status: int = 200, kind: str = "text/plain; charset=utf-8") -> Response:
    return Response(status, words.encode(), {"content-type": kind})


REASONS = {status.value: status.phrase for status in HTTPStatus}


def head_of(response: Response, length: int, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {REASONS.get(response.status, 'Unknown')}"]
    lines.append(f"date: {formatdate(usegmt=True)}")  # the wall's: callers compare clocks by it
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status != HTTPStatus.NO_CONTENT:
        lines.append(f"content-length: {length}")
    lines.append("connection: keep-alive" if keep else "connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[Request, bool]:
    """The next request and whether the connection may be kept. Raises BadRequest, IncompleteRead."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    try:
        method, target, version = first.split(" ")
    except ValueError as error:
        raise BadRequest("not HTTP") from error
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = b""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = await read_chunks(reader)
    elif length := headers.get("content-length"):
        if not length.isdigit() or int(length) > MAX_BODY:
            raise BadRequest("a content-length that we do not take")
        body = await reader.readexactly(int(length))
    path, _, query = target.partition("?")
    keep = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    pairs = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    return Request(method, unquote(path), pairs, headers, body), keep


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        try:
            length = int((await reader.readline()).split(b";")[0], 16)
        except ValueError as error:
            raise BadRequest("a broken chunk") from error
        size += length
        if size > MAX_BODY:
            raise BadRequest("too large")
        if length == 0:
            while (await reader.readline()).strip():
                pass  # trailers
            return b"".join(parts)
        parts.append(await reader.readexactly(length))
        await reader.readexactly(2)


async def write(writer: asyncio.StreamWriter, response: Response, bare: bool, keep: bool) -> bool:
    """Send *response* in its manner; return whether the connection is still good."""
    body = b"" if bare else response.body
    if response.manner == "drop":
        return False
    if response.manner == "half":
        writer.write(head_of(response, len(body), keep=False) + body[: len(body) // 2])
        await writer.drain()
        return False
    if response.manner == "drip":
        writer.write(head_of(response, len(body), keep))
        step = max(1, len(body) // 20)
        for start in range(0, len(body), step):
            writer.write(body[start : start + step])
            await writer.drain()
            await asyncio.sleep(response.seconds / 20)
        return keep
    writer.write(head_of(response, len(response.body), keep) + body)
    await writer.drain()
    return keep


def connection(handle: Handler) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
    """What asyncio.start_server wants: serve one connection with *handle* until either side ends."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Tasks of our own, because asyncio reports the ones it makes as errors when the loop ends.
        task = asyncio.create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        keep = True
        try:
            while keep:
                try:
                    request, keep = await read(reader, writer)
                except BadRequest as error:
                    await write(writer, text(f"{error}\n", 400), bare=False, keep=False)
                    return
                try:
                    response = await handle(request)
                except (
                    Exception
                ):  # a mistake of ours: the caller gets a 500, the operator the reason
                    traceback.print_exc()
                    response = text("The sandbox made a mistake; see its output.\n", 500)
                keep = await write(writer, response, request.method == "HEAD", keep)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return  # the caller went away or sent no HTTP: there is nobody to tell
        finally:
            with contextlib.suppress(ConnectionError):
                writer.close()

    return accept
