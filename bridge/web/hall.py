"""Callers wait in this hall, not in threads: a thread is given a request that is all there.

gunicorn's own threaded worker lets a thread wait for a request for as long as its sender likes, and its
one loop lingers two seconds with each caller that does not hang up: twenty slow senders stop it (tried with
27.0). Here the loop itself reads heads and small bodies, without ever waiting for anybody:

    head       the request is on its way: HEAD_SECONDS for all of it, head and small body
    line       a body too large to be read ahead: a few of them at a time may use a thread each
    idle       answered, and kept for the caller's next request
    leaving    answered for good: what is still on the wire is read past, so that the answer arrives

Who is too slow is hung up on. Where there is no room for one more, whoever waits longest goes.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import re
import resource
import select
import selectors
import socket
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from gunicorn.http import errors, get_parser  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

log = logging.getLogger("bridge.web")

HEAD_BYTES = 32_768
AHEAD = 65_536  # bytes of a body that is read before a thread has anything to do with it
HEAD_SECONDS = 10.0
BODY_SECONDS = 20.0  # for a large body, once a thread reads it
STALL_SECONDS = 10.0  # for one read or write of a thread
LEAVE_SECONDS = 2.0
LEAVE_BYTES = 1_000_000
LOOK_SECONDS = 0.25
ROOM = 1000  # callers at a time

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,19})[ \t]*\r\n")
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NOBODY = (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK)

MORE: Final = "more"
WHOLE: Final = "whole"
LARGE: Final = "large"
REFUSED: Final = "refused"


def room() -> int:
    """How many callers this process can hold: not more than it may have open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ROOM + 200  # the rest is for Redis, logs and the like
    if soft != resource.RLIM_INFINITY and soft < wanted:
        best = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (best, hard))
            soft = best
    return ROOM if soft == resource.RLIM_INFINITY else max(min(ROOM, soft - 200), 50)


def state_of(heard: bytes | bytearray) -> str:
    """How far a request is: MORE is to come, it is WHOLE, its body is too LARGE to wait for, or REFUSED.

    Whether it is a good one is the parser's to say; only what would keep it waiting is refused here.
    """
    end = heard.find(b"\r\n\r\n")
    head = bytes(heard[: end + 2 if end >= 0 else None])
    if len(head) > HEAD_BYTES or head.count(b"\n") != head.count(b"\r\n"):
        return REFUSED  # a line that ends in LF alone is read differently by different servers
    if end < 0:
        return MORE
    head = head.lower()
    if b"\r\ntransfer-encoding:" in head or b"\r\nexpect:" in head:
        return LARGE  # whether and how much comes is known only by reading
    length = _LENGTH.search(head)
    if length is None:
        return WHOLE
    if int(length[1]) > AHEAD:
        return LARGE
    return WHOLE if len(heard) >= end + 4 + int(length[1]) else MORE


def _status(error: Exception) -> tuple[int, str]:
    for kind, status, reason in (
        (errors.LimitRequestLine, 414, "URI Too Long"),
        (errors.LimitRequestHeaders, 431, "Request Header Fields Too Large"),
        (errors.UnsupportedTransferCoding, 501, "Not Implemented"),
        (errors.ExpectationFailed, 417, "Expectation Failed"),
        (errors.ParseException, 400, "Bad Request"),
    ):
        if isinstance(error, kind):
            return status, reason
    return 500, "Internal Server Error"


class Caller(TConn):  # type: ignore[misc]
    """One connection. `heard` is what came and was given to nobody yet; `until` is monotonic."""

    parser: Any
    initialized: bool

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, sock, client, server)
        self.data_ready = True  # never handed to a thread without
        self.heard = bytearray()
        self.mode = "head"
        self.until = 0.0
        self.large = False
        self.past = 0  # bytes read past while it leaves

    def init(self) -> None:
        """In the thread: the parser reads on from what was heard; nothing may stall for ever."""
        if not self.initialized:
            self.parser = get_parser(self.cfg, self.sock, self.client)
            self.initialized = True
        self.parser.unreader.unread(bytes(self.heard))
        self.heard.clear()
        self.sock.settimeout(STALL_SECONDS)

    def listens(self) -> bool:
        """Whether there is room for an answer: who never reads its answers would hold a thread."""
        look = select.poll()
        look.register(self.sock, select.POLLOUT)
        return any(event & select.POLLOUT for _, event in look.poll(0))


class Hall(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker behind such a hall; all of this runs in its one loop."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.waiting: dict[Caller, None] = {}  # in the order in which they began to wait
        self.line: deque[Caller] = deque()
        self.reading: set[Caller] = set()  # large bodies that threads read now
        self.most_reading = max(1, self.cfg.threads // 4)
        self.next_look = 0.0

    # --- coming --------------------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _FULL:
                self._make_room()
            elif error.errno not in _NOBODY:
                raise
            return
        self.nr_conns += 1
        conn = Caller(self.cfg, sock, client, listener.getsockname())
        self._wait(conn, "head", HEAD_SECONDS)
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        if conn in self.waiting:
            self._hear(conn)

    def _make_room(self) -> None:
        """Hang up on whoever waits longest."""
        oldest = next(iter(self.waiting), None)
        if oldest is not None:
            self._drop(oldest)

    def _wait(self, conn: Caller, mode: str, seconds: float) -> None:
        conn.mode, conn.until = mode, time.monotonic() + seconds
        self.waiting[conn] = None
        if mode != "line":
            try:
                conn.sock.setblocking(False)
                self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._hear, conn))
            except (OSError, ValueError):  # closed meanwhile
                self._drop(conn)

    def _let_go(self, conn: Caller) -> None:
        """It waits no more."""
        self.waiting.pop(conn, None)
        with contextlib.suppress(OSError, KeyError, ValueError):  # not registered: it stood in line
            self.poller.unregister(conn.sock)

    def _drop(self, conn: Caller) -> None:
        self._let_go(conn)
        self.nr_conns -= 1
        conn.close()

    # --- listening -----------------------------------------------------------------------------

    def _hear(self, conn: Caller, _: object = None) -> None:
        """Something came from *conn*, or it has hung up."""
        try:
            data = conn.sock.recv(AHEAD)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._drop(conn)
            return
        if conn.mode == "leaving":
            conn.past += len(data)
            if not data or conn.past > LEAVE_BYTES:
                self._drop(conn)
        elif data:
            if conn.mode == "idle":
                self._let_go(conn)
                self._wait(conn, "head", HEAD_SECONDS)
            conn.heard += data
            self._look(conn)
        elif conn.heard:
            self._hand_over(conn)  # half a request is all there will be: the parser says so
        else:
            self._drop(conn)

    def _look(self, conn: Caller) -> None:
        """Go on with *conn*, as far as what was heard allows."""
        while conn.heard.startswith(b"\r\n"):  # RFC 9112, 2.2: a line too many before a request
            del conn.heard[:2]
        if not conn.heard:
            return
        match state_of(conn.heard):
            case "whole":
                self._hand_over(conn)
            case "large":
                conn.large = True
                self._let_go(conn)
                self._wait(conn, "line", HEAD_SECONDS)
                self.line.append(conn)
                self._next_in_line()
            case "refused":
                self._dismiss(conn, b"400 Bad Request")

    def _next_in_line(self) -> None:
        while self.line and len(self.reading) < self.most_reading:
            conn = self.line.popleft()
            if conn in self.waiting:
                self.reading.add(conn)
                self._hand_over(conn, BODY_SECONDS)

    def _hand_over(self, conn: Caller, seconds: float = 0.0) -> None:
        self._let_go(conn)
        if conn.initialized and not conn.listens():
            self.reading.discard(conn)
            self._drop(conn)
            return
        conn.until = time.monotonic() + seconds
        self.enqueue_req(conn)

    def handle_request(self, req: Any, conn: Caller) -> Any:
        """In the thread. A large body may be left unread, so its answer is the last one here."""
        if conn.large:
            req.force_close()
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """In the thread. gunicorn repeats what came, to the sender and in its log: a secret too."""
        status, reason = _status(exc)
        if isinstance(exc, errors.ParseException):
            log.warning("a request that cannot be read was refused: %s", type(exc).__name__)
            body = b'{"error": "bad_request", "detail": "this is no request that can be read"}\n'
        else:
            log.error("a request could not be answered", exc_info=exc)
            body = b'{"error": "internal", "detail": "a mistake of ours; it is in the log"}\n'
        head = (
            f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
        )
        with contextlib.suppress(OSError):  # it is gone
            client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    # --- answered ------------------------------------------------------------------------------

    def finish_request(self, conn: Caller, done: Future[Any]) -> None:
        """A thread is done with *conn*: it is kept for more, or it leaves."""
        self.reading.discard(conn)
        conn.large = False
        keep = not done.cancelled() and done.exception() is None and bool(done.result())
        if keep:
            conn.heard += conn.parser.unreader.take_buffered()
            self._wait(conn, "head" if conn.heard else "idle", self._patience(conn))
            if conn.heard and conn in self.waiting:
                self._look(conn)
        else:
            self._leave(conn)
        self._next_in_line()

    def _patience(self, conn: Caller) -> float:
        if conn.heard:
            return HEAD_SECONDS
        return float(self.cfg.keepalive) if self.alive else LEAVE_SECONDS

    def _leave(self, conn: Caller) -> None:
        """Say that no more comes, and let the other side hang up first (RFC 9112, 9.6)."""
        with contextlib.suppress(OSError):  # it is gone already, which recv will tell
            conn.sock.shutdown(socket.SHUT_WR)
        self._wait(conn, "leaving", LEAVE_SECONDS)

    def _dismiss(self, conn: Caller, status: bytes) -> None:
        """An answer from here, to one that no thread shall be bothered with."""
        self._let_go(conn)
        answer = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n" % status
        if status.startswith(b"503"):
            answer += b"Retry-After: 5\r\n"
        conn.sock.setblocking(False)
        with contextlib.suppress(OSError):  # who does not read gets none
            conn.sock.send(answer + b"\r\n")
        self._leave(conn)

    # --- the clock -----------------------------------------------------------------------------

    def murder_keepalived(self, force: bool = False) -> None:
        """What gunicorn calls it: hang up on those whose time is over (*force*: on all)."""
        now = time.monotonic()
        if now < self.next_look and not force:
            return
        self.next_look = now + LOOK_SECONDS
        for conn in [one for one in self.waiting if force or one.until <= now]:
            if conn.mode == "line" and not force:
                self._dismiss(conn, b"503 Service Unavailable")
            else:
                self._drop(conn)
        for conn in [one for one in self.reading if one.until <= now]:
            with contextlib.suppress(OSError):  # the thread reads the end, and answers
                conn.sock.shutdown(socket.SHUT_RD)

    def murder_pending(self) -> None:
        """Nobody: gunicorn's second kind of waiting does not occur here."""

    def _cap_keepalive(self, deadline: float) -> None:
        """We are stopping: who is idle may stay until *deadline* (monotonic)."""
        for conn in self.waiting:
            if conn.mode == "idle":
                conn.until = min(conn.until, deadline)
