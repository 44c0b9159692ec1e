"""Talking to a provider without doing I/O.

An adapter's verb is a generator that yields `HttpRequest`s, is sent `HttpResponse`s and returns its
result: a two-step upload reads straight down, and a test plays the server by hand. `drive` runs one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bridge.core.errors import Ambiguous, AuthError, BridgeError, PermanentError, TransientError
from bridge.core.model import File


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request. Of `json`, `body`, `form` and `parts` at most one is set.

    `parts` is a multipart form: name and text, or name and file, in order, names may repeat.

    `repeatable`: doing it twice is as good as once (reads, keyed writes), so the HTTP layer may
    retry it within its deadline; a write only while it is certain that nothing happened. `write`:
    it changes something, so an unknown outcome is Ambiguous.
    `shown` replaces the URL in logs and errors where the URL holds a secret. `budget` names the
    rate budgets it spends, most special first. `max_bytes` bounds the decoded answer.
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    parts: tuple[tuple[str, str | File], ...] = field(default=(), repr=False)
    repeatable: bool = False
    write: bool = True
    shown: str | None = None
    budget: tuple[str, ...] = ()
    deadline: float = 8.0
    max_bytes: int = 5_000_000
    media: bool = False  # an attachment from an untrusted address: guarded host by host

    def __repr__(self) -> str:
        """The method and what may be shown of the address: never parameters, headers or bodies."""
        return f"HttpRequest({self.method} {self.shown or self.url})"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One answer; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """The decoded body, or None when it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


T = TypeVar("T")
Calls = Generator[HttpRequest, HttpResponse, T]
Send = Callable[[HttpRequest], HttpResponse]


def drive(calls: Calls[T], send: Send) -> T:
    """Run *calls*, answering each request by *send*; errors of *send* are thrown into it."""
    try:
        request = next(calls)
        while True:
            try:
                response = send(request)
            except BridgeError as error:
                request = calls.throw(error)
            else:
                request = calls.send(response)
    except StopIteration as stop:
        result: T = stop.value
        return result


class Undone(str):
    """A step of a set-up that failed, or that only a person can take: it is not all done."""

    __slots__ = ()


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header given in seconds; None for dates, rubbish or none.

    Dates are left to the HTTP layer, which has a clock and rewrites them to seconds.
    """
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(max(seconds, 0.0), 3600.0) if seconds == seconds else None


def verdict(request: HttpRequest, response: HttpResponse, words: str = "") -> BridgeError:
    """The error an unsuccessful answer stands for, by status alone; *words* is the provider's own.

    | status            | reads              | writes                                   |
    | 401               | AuthError          | AuthError                                |
    | 403               | PermanentError     | PermanentError (forbidden)               |
    | 404, 410          | PermanentError, gone                                          |
    | 408, 425, 429, 503| TransientError     | TransientError: refused, nothing done    |
    | other 5xx         | TransientError     | Ambiguous, unless repeatable             |
    | 3xx               | PermanentError (redirects are never followed)                 |
    | other 4xx         | PermanentError                                                |
    """
    status = response.status
    detail = f"{request.method} {request.shown or request.url} answered {status}"
    if words:
        detail = f"{detail}: {words[:300]}"
    wait = retry_after(response.headers)
    if status == 401:
        return AuthError("unauthorised", detail)
    if status in (429, 503):
        return TransientError(
            "rate_limited" if status == 429 else "unavailable", detail, retry_after=wait,
            limited=status == 429 or wait is not None,
        )  # fmt: skip
    if status in (408, 425):
        return TransientError("try_again", detail, retry_after=wait)
    if status >= 500:
        if request.write:
            return Ambiguous("server_error", detail, retry_after=wait)
        return TransientError("server_error", detail, retry_after=wait)
    if status in (404, 410):
        return PermanentError("not_found", detail, gone=True)
    if status == 403:
        return PermanentError("forbidden", detail)
    if status == 409:
        return TransientError("conflict", detail, retry_after=wait)
    if 300 <= status < 400:
        return PermanentError("redirected", f"{detail}; redirects are not followed")
    if 200 <= status < 300:
        # A success whose body is not what was promised: a write may have happened.
        if request.write:
            return Ambiguous("unreadable_answer", detail)
        return TransientError("unreadable_answer", detail)
    return PermanentError("refused", detail)
