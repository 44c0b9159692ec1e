"""Performs an `HttpRequest`: the one way out, and the only user of requests and tenacity.

    send(request)              to an API we know; tried again for blips where that is harmless
    fetch(request, hosts)      a file from an address we do not know

No redirects, no cookies, no environment (proxies, netrc), bounded size, bounded time. An error is a
verdict: before anything was sent nothing happened (`unreachable`, Transient); afterwards a write is
Ambiguous. 4xx and 5xx are answers, not errors. Retries here take seconds; what takes longer is the
journal's, so 429 and 503 are left to the budgets.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import tenacity
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, ReadTimeoutError

from bridge import __version__
from bridge.core.calls import HttpRequest, HttpResponse
from bridge.core.errors import Ambiguous, BridgeError, PermanentError, TransientError
from bridge.core.model import File
from bridge.dialling import Adapter, Attempt, Dial, Refused, Resolve, connect, look_up
from bridge.media import Origin, origin

TRIES = 3
MEDIA_BYTES = 10_000_000
MEDIA_SECONDS = 10.0
LONGEST_WAIT = 3600.0
_PIECE = 65_536
_GATEWAY = (502, 504)

_DEFAULTS = {
    "User-Agent": f"escalation-bridge/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}
_BROKEN = (requests.RequestException, HTTPError, http.client.HTTPException, OSError)


class _TooLarge(Exception):
    pass


class Http:
    """One pool of connections; share it between threads.

    *authority* names a file of certificates to trust in place of the usual ones. *resolve* and
    *dial* are for tests, which must not touch what they talk about.
    """

    def __init__(
        self,
        *,
        pool: int = 64,
        authority: str | None = None,
        resolve: Resolve = look_up,
        dial: Dial = connect,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._resolve, self._dial, self._sleep = resolve, dial, sleep
        self._verify: bool | str = authority or True
        # Adapters without a session: no cookies, no environment, no redirects, and less to do for each request.
        self._known = Adapter(pool_connections=32, pool_maxsize=pool)
        self._strange = Adapter(pool_connections=32, pool_maxsize=4)

    def close(self) -> None:
        self._known.close()
        self._strange.close()

    def send(self, request: HttpRequest) -> HttpResponse:
        """The answer to *request*, whatever its status; a BridgeError when there is none."""
        if request.media:
            return self.fetch(request, ())
        prepared = _prepare(request)
        until = time.monotonic() + request.deadline
        if not request.repeatable:
            return self._once(self._known, request, prepared, until, request.max_bytes)
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(TRIES) | tenacity.stop_before_delay(request.deadline),
            wait=tenacity.wait_random_exponential(multiplier=0.2, max=2.0),
            retry=tenacity.retry_if_exception(_blip)
            | tenacity.retry_if_result(
                lambda answer: not request.write and _gateway_failed(answer)
            ),
            retry_error_callback=_last,
            sleep=self._sleep,
        )
        return retrying(self._once, self._known, request, prepared, until, request.max_bytes)

    def fetch(self, request: HttpRequest, hosts: Iterable[str], loopback: str = "") -> HttpResponse:
        """The file at a stranger's address: https, the platform's *hosts*, public addresses only.

        *loopback* is the configured `api_url`: where that is on loopback, its host and port pass too.
        """
        place = origin(request.url, hosts, loopback)
        prepared = _prepare(request)
        prepared.headers["Connection"] = "close"
        until = time.monotonic() + min(request.deadline, MEDIA_SECONDS)
        limit = min(request.max_bytes, MEDIA_BYTES)
        return self._once(self._strange, request, prepared, until, limit, place)

    def _once(
        self,
        ways: Adapter,
        request: HttpRequest,
        prepared: requests.PreparedRequest,
        until: float,
        limit: int,
        place: Origin | None = None,
    ) -> HttpResponse:
        """One try."""
        attempt = Attempt(
            until, resolve=self._resolve, dial=self._dial, allows=place.allows if place else None
        )
        left = max(attempt.left(), 0.001)
        try:
            with attempt:
                answer = ways.send(prepared, stream=True, timeout=left, verify=self._verify)
                try:
                    body = _read(answer, limit)
                except BaseException:
                    answer.raw.close()  # what is left unread must not be the next one's answer
                    raise
                answer.raw.release_conn()
            if attempt.expired:
                # Cut off in a body without a declared length: it only looks complete.
                raise TimeoutError
        except Refused:
            raise PermanentError(
                "media_refused",
                "the file is not fetched: its host has an address that is not public",
            ) from None
        except _TooLarge:
            raise _oversized(request, limit) from None
        except _BROKEN as error:
            raise _verdict(request, attempt, error) from None
        except UnicodeError:
            raise PermanentError(
                "request_malformed", f"{_shown(request)}: a header or the address is not ASCII"
            ) from None
        headers = {name.lower(): value for name, value in answer.raw.headers.items()}
        headers.pop("set-cookie", None)
        _seconds(headers)
        return HttpResponse(status=answer.status_code, headers=headers, body=body)


def _prepare(request: HttpRequest) -> requests.PreparedRequest:
    """The request as bytes, made once for all tries; PermanentError when it cannot be sent at all."""
    headers = CaseInsensitiveDict(_DEFAULTS)
    prepared = requests.PreparedRequest()
    try:
        body: bytes | Mapping[str, str] | None = request.body
        files: list[tuple[str, tuple[Any, ...]]] | None = None
        if request.json is not None:
            body = json.dumps(request.json, allow_nan=False, separators=(",", ":")).encode()
            headers["Content-Type"] = "application/json"
        elif request.form is not None:
            body = request.form
        elif request.parts:
            files = [(name, _part(value)) for name, value in request.parts]
        headers.update(request.headers)
        parts = urlsplit(request.url)
        if parts.scheme not in ("http", "https") or "@" in parts.netloc:
            raise ValueError  # requests would make credentials of a user name
        # As `prepare` does, without what we never have: cookies, logins, hooks.
        prepared.prepare_method(request.method)
        prepared.prepare_url(request.url, dict(request.params) or None)
        prepared.prepare_headers(headers)
        prepared.prepare_body(body, files)
    except ValueError:  # requests' InvalidURL and InvalidHeader are of this kind too
        raise PermanentError(
            "request_malformed", f"{_shown(request)}: its address, headers or body are malformed"
        ) from None
    return prepared


def _part(value: str | File) -> tuple[Any, ...]:
    """One part of a multipart form: (file name or None, content, media type)."""
    if isinstance(value, File):
        return value.name, value.content, value.media_type
    return None, value.encode()


def _read(answer: requests.Response, limit: int) -> bytes:
    """The decoded body, never more than *limit* bytes of it in memory (and one piece)."""
    pieces, size = [], 0
    for piece in answer.raw.stream(_PIECE, decode_content=True):
        size += len(piece)
        if size > limit:
            raise _TooLarge
        pieces.append(piece)
    return b"".join(pieces)


# --- what went wrong ---------------------------------------------------------------------------


def _verdict(request: HttpRequest, attempt: Attempt, error: BaseException) -> BridgeError:
    why = _why(request, attempt, error)
    detail = f"{_shown(request)}: {why}"
    if not attempt.sent:
        return TransientError("unreachable", detail)
    code = "timeout" if _late(attempt, error) else "broken_off"
    if request.write:
        return Ambiguous(code, f"{detail}; it may have been done")
    return TransientError(code, detail)


def _why(request: HttpRequest, attempt: Attempt, error: BaseException) -> str:
    """The trouble in words of ours: errors of libraries repeat URLs, and those may hold secrets."""
    chain = _chain(error)
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"its certificate is refused: {one.verify_message}"
    if _late(attempt, error):
        return f"no answer within {request.deadline:g} s"
    if any(isinstance(one, ssl.SSLError) for one in chain):
        return "no secure connection could be made"
    if not attempt.sent:
        return "no connection could be made"
    return "the connection broke off before the answer was complete"


def _late(attempt: Attempt, error: BaseException) -> bool:
    """Whether time was what it wanted; a dialling that took its three seconds is not meant."""
    slow = any(isinstance(one, TimeoutError | ReadTimeoutError) for one in _chain(error))
    return attempt.expired or attempt.left() <= 0 or (attempt.sent and slow)


def _chain(error: BaseException) -> list[BaseException]:
    """*error* and what it came from, through the wrappings of three libraries."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        inner = getattr(step, "reason", None)
        step = inner if isinstance(inner, BaseException) else (step.__cause__ or step.__context__)
    return chain


def _oversized(request: HttpRequest, limit: int) -> BridgeError:
    detail = f"{_shown(request)}: the answer is larger than {limit} bytes"
    if request.write:
        return Ambiguous("answer_too_large", detail)
    return PermanentError("answer_too_large", detail)


def _shown(request: HttpRequest) -> str:
    """Method and address without what may be secret."""
    if request.shown is not None:
        return f"{request.method} {request.shown}"
    if request.media:
        return f"{request.method} of an attachment"
    bare = request.url.partition("?")[0].partition("#")[0]
    scheme, mark, rest = bare.partition("://")
    place, slash, path = rest.partition("/")
    return f"{request.method} {scheme}{mark}{place.rpartition('@')[2]}{slash}{path}"


# --- another try -------------------------------------------------------------------------------


def _blip(error: BaseException) -> bool:
    """Whether another try may follow at once.

    Not after a write in doubt: a 429 to the second try would tell that nothing happened, when the first had
    done it.
    """
    if not isinstance(error, TransientError) or isinstance(error, Ambiguous):
        return False
    return error.code in ("unreachable", "broken_off")


def _gateway_failed(answer: HttpResponse) -> bool:
    return answer.status in _GATEWAY


def _last(state: tenacity.RetryCallState) -> HttpResponse:
    """What the last try gave: its answer, or its error raised."""
    assert state.outcome is not None  # noqa: S101 - for the type checker
    result: HttpResponse = state.outcome.result()
    return result


# --- Retry-After -------------------------------------------------------------------------------

_NUMBER = re.compile(r"\A[0-9]{1,12}(\.[0-9]{1,6})?\Z")


def _seconds(headers: dict[str, str]) -> None:
    """Rewrite a Retry-After to seconds between 0 and 3600; drop what is neither number nor date.

    A date is measured against the answer's own Date where it has one, so that clocks may differ.
    """
    value = headers.get("retry-after")
    if value is None:
        return
    if _NUMBER.match(value.strip()):
        wait = float(value)
    else:
        at = _moment(value)
        if at is None:
            del headers["retry-after"]
            return
        wait = at - (_moment(headers.get("date", "")) or time.time())
    headers["retry-after"] = f"{min(max(wait, 0.0), LONGEST_WAIT):g}"


def _moment(text: str) -> float | None:
    """The POSIX time of an HTTP date."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
