"""POST /hooks/<connection>: prove, keep, answer. Nothing thinks here.

It stands before Flask, as plain WSGI: this is the one path that must be quick, and the one where the
server's stream must be read by our own count (gunicorn cuts a chunked body at Flask's limit and
lets it pass). An authentic body is always kept, readable or not: platforms punish a 4xx.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import monotonic
from typing import Any

from bridge.core.errors import Rejected, TransientError
from bridge.core.model import Connection
from bridge.core.signing import Proof
from bridge.wiring import Bridge

log = logging.getLogger("bridge.web")

Start = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], Start], Iterable[bytes]]

MOST_READ_PAST = 50_000_000  # bytes of a body that is too large, before we hang up on its sender
PAST_SECONDS = 10.0  # that this may take
FORM_BYTES = 4_000  # a body anywhere else: the console's form with its token
PREFIX = "/hooks/"

_OK = b'{"ok": true}\n'
_OK_HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(_OK)))]
_REASONS = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    408: "Request Timeout", 413: "Content Too Large", 415: "Unsupported Media Type",
    500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip


class Refusal(Exception):
    """An answer other than 200, as our JSON says it."""

    def __init__(
        self, status: int, code: str, detail: str, *, unread: bool = False, wait: int = 0
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.unread = unread  # a body lies unread on the wire: the connection is of no more use
        self.wait = wait

    def body(self) -> bytes:
        return json.dumps({"error": self.code, "detail": self.detail}).encode() + b"\n"

    def answer(self, start: Start) -> list[bytes]:
        body = self.body()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        if self.unread:
            headers.append(("Connection", "close"))
        if self.wait:
            headers.append(("Retry-After", str(self.wait)))
        start(f"{self.status} {_REASONS[self.status]}", headers)
        return [body]


class Headers(Mapping[str, str]):
    """The request's headers by lower-case name, read from WSGI's environment as they are asked for."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = "HTTP_" + key
        return str(self._environ[key])

    def __iter__(self) -> Iterator[str]:
        return (
            key[5:].replace("_", "-").lower() for key in self._environ if key.startswith("HTTP_")
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Inbound:
    """WSGI: what is posted to /hooks/ is taken here, all else goes to *rest*."""

    def __init__(self, bridge: Bridge, rest: Wsgi) -> None:
        self._bridge = bridge
        self._rest = rest
        self._limit = bridge.settings.max_body
        self._doors: dict[str, tuple[Connection, Proof]] = {
            name: (connection, proof_of(bridge, connection))
            for name, connection in bridge.config.connections.items()
        }

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "POST" or not path.startswith(PREFIX):
            if _bulky(environ):
                return _too_large(FORM_BYTES).answer(start)
            return self._rest(environ, start)
        try:
            self._take(environ, path[len(PREFIX) :])
        except Refusal as refusal:
            return refusal.answer(start)
        except Exception:
            log.exception("a delivery could not be taken in")
            return Refusal(500, "internal", "a mistake of ours; it is in the log").answer(start)
        start("200 OK", _OK_HEADERS)
        return [_OK]

    def _take(self, environ: dict[str, Any], name: str) -> None:
        door = self._doors.get(name)
        if door is None:
            raise Refusal(404, "unknown_connection", "no connection has this name", unread=True)
        connection, proof = door
        _check_kind(environ)
        body = read(environ, self._limit)
        headers = Headers(environ)
        try:
            proof.check(headers, body, connection, self._bridge.now())
        except Rejected as rejected:
            log.warning("refused at %s: %s", name, rejected.code)
            # One answer for every reason, so that nobody can feel the way in; the log tells it.
            raise Refusal(
                rejected.status, "unauthentic", "the delivery does not prove where it comes from"
            ) from None
        try:
            self._bridge.accept(connection, headers, body)
        except TransientError as error:
            log.error("cannot keep a delivery of %s: %s", name, error.detail)
            raise Refusal(
                503, "cannot_keep", "it cannot be kept now; send it again", wait=5
            ) from None


def proof_of(bridge: Bridge, connection: Connection) -> Proof:
    """How deliveries of *connection* prove themselves."""
    source = bridge.source(connection)
    return source.proof if source is not None else bridge.helpdesk(connection).proof


def _check_kind(environ: Mapping[str, Any]) -> None:
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if kind and kind != "application/json" and not kind.startswith("text/"):
        raise Refusal(415, "unsupported_type", "send application/json", unread=True)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("identity", ""):
        raise Refusal(415, "unsupported_encoding", "send the body uncompressed", unread=True)


def _bulky(environ: Mapping[str, Any]) -> bool:
    """Whether a request that has nothing to say comes with a body, or one without end."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if "HTTP_TRANSFER_ENCODING" in environ or not (length.isascii() and length.isdigit()):
        return True
    return int(length[:20]) > FORM_BYTES


def read(environ: Mapping[str, Any], limit: int) -> bytes:
    """The whole body; Refusal when it is larger than *limit* bytes or does not arrive.

    How long a sender may take is the server's to say (`hall.py`): its sockets have their times.
    """
    length: str | None = environ.get("CONTENT_LENGTH") or None
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if length is None and not chunked and not environ.get("wsgi.input_terminated"):
        return b""
    # Digits are checked by hand: int() takes signs, spaces and underscores.
    if length is not None and not (length.isascii() and length.isdigit()):
        raise Refusal(400, "bad_length", "Content-Length is no number", unread=True)
    declared = None if length is None or chunked else int(length[:20])
    if declared is not None and declared > limit:
        _read_past(environ["wsgi.input"], min(declared, MOST_READ_PAST))
        raise _too_large(limit)
    try:
        body: bytes = environ["wsgi.input"].read(limit + 1 if declared is None else declared)
    except TimeoutError:
        raise Refusal(408, "body_timeout", "the body did not arrive", unread=True) from None
    except OSError:
        raise Refusal(400, "bad_body", "the body broke off or is malformed", unread=True) from None
    if len(body) > limit:
        _read_past(environ["wsgi.input"], MOST_READ_PAST - len(body))
        raise _too_large(limit)
    if declared is not None and len(body) < declared:
        raise Refusal(400, "body_short", "the body is shorter than announced", unread=True)
    return body


def _read_past(stream: Any, most: int) -> None:
    """Let the sender finish: one whose connection breaks while it writes never reads our 413.

    Nothing is kept of it, and after *most* bytes or some seconds it is cut off all the same.
    """
    until = monotonic() + PAST_SECONDS
    try:
        while most > 0 and monotonic() < until:
            piece = stream.read(min(most, 65_536))
            if not piece:
                return
            most -= len(piece)
    except OSError:
        return  # it broke off or fell silent: the answer is the same


def _too_large(limit: int) -> Refusal:
    return Refusal(413, "too_large", f"a body may have {limit} bytes", unread=True)
