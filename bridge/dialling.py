"""Connections that keep a total deadline, and know whether anything was sent over them.

The timeouts of requests bound one read, not the whole: a server that drips a byte a second, in the
body or in the headers, holds a caller for ever. So each try is an `Attempt` with an end; one
thread shuts the socket of whatever outlives its end, and the read that hangs on it comes back.

An attempt also notes whether a request left for the wire. Before that nothing can have happened,
whatever the error; afterwards nobody knows. And it says which addresses may be dialled: that is
where a file from a stranger's URL is kept from our own network, after the one look-up there is.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

Resolve = Callable[[str, int], list[str]]
Dial = Callable[[tuple[str, int], float], socket.socket]

IDLE_SECONDS = 20.0  # many servers hang up on us after that; a fresh connection is certain
DIAL_SECONDS = 3.0  # for each address
HOSTS = 100  # whose pools an adapter finds without looking for them


class Refused(Exception):
    """No address of the name may be dialled."""


class Attempt:
    """One try of one request. `until` is on the monotonic clock."""

    __slots__ = ("_socket", "_twin", "allows", "dial", "expired", "resolve", "sent", "until")

    def __init__(
        self,
        until: float,
        *,
        resolve: Resolve,
        dial: Dial,
        allows: Callable[[str], bool] | None = None,
    ) -> None:
        self.until = until
        self.resolve = resolve
        self.dial = dial
        self.allows = allows
        self.sent = False
        self.expired = False
        self._socket: socket.socket | None = None
        self._twin: socket.socket | None = None

    def left(self) -> float:
        """Seconds until the end."""
        return self.until - time.monotonic()

    def on(self, sock: socket.socket, *, twin: bool = False) -> None:
        """The try goes on over *sock* now; a *twin* is ours to close."""
        with _watch.lock:
            self._let_go()
            self._socket = sock
            self._twin = sock if twin else None
            # The end may have come while there was no socket to shut; nobody watches for it again.
            self.expired = self.expired or self.left() <= 0
            if self.expired:
                _shut(sock)

    def finish(self) -> None:
        """Let go of the socket: from here on it belongs to somebody else."""
        with _watch.lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._twin is not None:
            self._twin.close()
        self._socket = self._twin = None

    def expire(self) -> None:
        """Cut the try off. The caller holds the lock."""
        self.expired = self._socket is not None
        if self._socket is not None:
            _shut(self._socket)

    def __enter__(self) -> Attempt:
        _current.attempt = self
        _watch.over(self)
        return self

    def __exit__(self, *error: object) -> None:
        self.finish()
        _current.attempt = None


def _shut(sock: socket.socket) -> None:
    # The plain method, also for TLS: only the descriptor is touched, not another thread's state.
    with contextlib.suppress(OSError):  # closed or never connected: nobody hangs on it
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Watch:
    """One sleeping thread for all deadlines; it wakes for the nearest."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._changed = threading.Condition(self.lock)
        self._ends: list[tuple[float, int, Attempt]] = []
        self._number = itertools.count()
        self._running = False

    def over(self, attempt: Attempt) -> None:
        with self.lock:
            nearest = self._ends[0][0] if self._ends else None
            heapq.heappush(self._ends, (attempt.until, next(self._number), attempt))
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif nearest is None or attempt.until < nearest:
                self._changed.notify()

    def _run(self) -> None:
        with self.lock:
            while True:
                while self._ends and self._ends[0][0] <= time.monotonic():
                    heapq.heappop(self._ends)[2].expire()
                wait = self._ends[0][0] - time.monotonic() if self._ends else None
                self._changed.wait(wait)


_watch = _Watch()
_current = threading.local()


def _after_fork() -> None:
    """A child has no watching thread, and maybe a lock that nobody will open."""
    global _watch
    _watch = _Watch()


os.register_at_fork(after_in_child=_after_fork)


def look_up(host: str, port: int) -> list[str]:
    """The addresses of *host*, as the system orders them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(address: tuple[str, int], seconds: float) -> socket.socket:
    """A connected TCP socket."""
    return socket.create_connection(address, seconds)


def _within(seconds: float, resolve: Resolve, host: str, port: int) -> list[str]:
    """What *resolve* finds within *seconds*; a name server that hangs must not hold us."""
    if host.replace(".", "").isdigit() or ":" in host:
        return resolve(host, port)  # an address already: nothing to wait for
    found: list[list[str] | BaseException] = []

    def ask() -> None:
        try:
            found.append(resolve(host, port))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=ask, name="look-up", daemon=True)
    thread.start()
    thread.join(max(seconds, 0.0))
    if not found:
        raise TimeoutError("the name was not found in time")
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def _open(connection: HTTPConnection) -> socket.socket:
    """A fresh connection for the attempt of this thread, to an address it allows."""
    attempt: Attempt = _current.attempt
    host, port = connection.host.strip("[]"), connection.port
    trouble: Exception = OSError("no address")
    try:
        addresses = _within(attempt.left(), attempt.resolve, host, port)
        # All of them: a name with one bad address is a trap, not a mistake.
        if attempt.allows is not None and not all(attempt.allows(one) for one in addresses):
            raise Refused
        for address in addresses:
            seconds = min(DIAL_SECONDS, attempt.left())
            if seconds <= 0:
                raise TimeoutError("no connection in time")
            try:
                sock = attempt.dial((address, port), seconds)
            except OSError as error:
                trouble = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    except (OSError, UnicodeError) as error:
        trouble = error
    raise NewConnectionError(connection, str(trouble)) from trouble


class _Noting:
    """What both kinds of connections add to urllib3's."""

    sock: Any
    _used: float = 0.0
    _held: list[bytes] | None = None  # what of a request was not sent yet

    def _new_conn(self) -> socket.socket:
        sock = _open(self)  # type: ignore[arg-type]
        # TLS takes the descriptor away from this object, so the watch gets a second one.
        tls = isinstance(self, HTTPSConnection)
        _current.attempt.on(_twin(sock) if tls else sock, twin=tls)
        return sock

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        _current.attempt.on(self.sock)
        self._used = time.monotonic()

    @property
    def is_connected(self) -> bool:
        # What goes to a stranger's address is dialled, and so checked, every time.
        known = _current.attempt.allows is None
        fresh = time.monotonic() - self._used < IDLE_SECONDS
        return known and fresh and bool(super().is_connected)  # type: ignore[misc]

    def request(self, *args: Any, **options: Any) -> None:
        """Send a request in one piece: urllib3 sends the head, and then the body."""
        self._held = []
        try:
            super().request(*args, **options)  # type: ignore[misc]
            whole = b"".join(self._held)
        finally:
            self._held = None
        self.send(whole)

    def send(self, data: Any) -> None:
        if self._held is not None:
            self._held.append(data.encode("utf-8") if isinstance(data, str) else bytes(data))
            return
        if self.sock is None:
            self.connect()  # may fail, and then nothing was sent
        attempt: Attempt = _current.attempt
        attempt.on(self.sock)
        attempt.sent = True
        self._used = time.monotonic()
        super().send(data)  # type: ignore[misc]


def _twin(sock: socket.socket) -> socket.socket:
    return socket.socket(sock.family, sock.type, sock.proto, fileno=os.dup(sock.fileno()))


class _Plain(_Noting, HTTPConnection):
    pass


class _Tls(_Noting, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class Adapter(HTTPAdapter):
    """requests' adapter over those connections; use it inside a `with Attempt(...)` only.

    Of an answer it gives the status and the raw body with its headers, which is all that is used.
    """

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
        self._pools: dict[tuple[str, Any], Any] = {}

    def get_connection_with_tls_context(
        self, request: PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """The pool of the request's host; it is named by much, of which only the host ever differs."""
        place = "/".join(str(request.url).split("/", 3)[:3]), verify
        pool = self._pools.get(place)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            if len(self._pools) >= HOSTS:
                self._pools.clear()
            self._pools[place] = pool
        return pool

    def close(self) -> None:
        self._pools.clear()
        super().close()

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        answer = Response()
        answer.status_code, answer.raw, answer.request = resp.status, resp, req
        return answer


__all__ = ["Adapter", "Attempt", "Refused", "connect", "look_up"]
