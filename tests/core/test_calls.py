"""What an answer's status means: try again, look first, park, or give up; and what of a call may be shown."""

from __future__ import annotations

import pytest

from bridge.core.calls import HttpRequest, HttpResponse, drive, retry_after, verdict
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    BridgeError,
    PermanentError,
    TransientError,
)

READ = HttpRequest(method="GET", url="https://x.example/a", write=False)
WRITE = HttpRequest(method="POST", url="https://x.example/a")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("30", 30.0), ("0", 0.0), ("1.5", 1.5), ("-5", 0.0), ("86400", 3600.0), ("inf", 3600.0),
        ("nan", None), ("soon", None), ("Sun, 22 Nov 2026 10:00:00 GMT", None), ("", None),
    ],
)  # fmt: skip
def test_seconds_to_wait_are_none_or_between_now_and_an_hour(
    said: str, seconds: float | None
) -> None:
    assert retry_after({"retry-after": said}) == seconds


def test_without_the_header_nobody_knows_how_long() -> None:
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("status", "of_read", "of_write"),
    [
        (200, TransientError, Ambiguous),  # its body was not what was promised
        (302, PermanentError, PermanentError),
        (400, PermanentError, PermanentError),
        (401, AuthError, AuthError),
        (403, PermanentError, PermanentError),
        (404, PermanentError, PermanentError),
        (408, TransientError, TransientError),
        (409, TransientError, TransientError),
        (410, PermanentError, PermanentError),
        (422, PermanentError, PermanentError),
        (425, TransientError, TransientError),
        (429, TransientError, TransientError),
        (500, TransientError, Ambiguous),
        (502, TransientError, Ambiguous),
        (503, TransientError, TransientError),
        (504, TransientError, Ambiguous),
    ],
)
def test_a_status_is_a_verdict(
    status: int, of_read: type[BridgeError], of_write: type[BridgeError]
) -> None:
    assert type(verdict(READ, HttpResponse(status=status))) is of_read
    assert type(verdict(WRITE, HttpResponse(status=status))) is of_write


@pytest.mark.parametrize(("status", "gone"), [(404, True), (410, True), (403, False), (400, False)])
def test_gone_is_what_is_not_there_any_more(status: int, gone: bool) -> None:
    error = verdict(WRITE, HttpResponse(status=status))
    assert isinstance(error, PermanentError)
    assert error.gone is gone


@pytest.mark.parametrize(
    ("status", "wait", "limited"),
    [(429, None, True), (429, "7", True), (503, "7", True), (503, None, False), (500, "7", False)],
)
def test_told_to_wait_is_another_thing_than_being_down(
    status: int, wait: str | None, limited: bool
) -> None:
    """Who is told to wait has not failed: it neither counts as a try nor closes the connection."""
    headers = {"retry-after": wait} if wait else {}
    error = verdict(READ, HttpResponse(status=status, headers=headers))
    assert isinstance(error, TransientError)
    assert (error.limited, error.retry_after) == (limited, float(wait) if wait else None)


def test_an_error_shows_the_address_that_may_be_shown_and_not_all_that_was_said() -> None:
    request = HttpRequest(
        method="POST", url="https://x.example/botS3cret/send", shown="https://x.example/bot***/send",
        headers={"authorization": "S3cret"}, json={"text": "S3cret"}, form={"a": "S3cret"},
        body=b"S3cret", params={"a": "S3cret"},
    )  # fmt: skip
    error = verdict(request, HttpResponse(status=400), "no " * 500)
    assert "https://x.example/bot***/send" in error.detail
    assert len(error.detail) < 400
    answer = HttpResponse(status=400, body=b"S3cret")
    assert "S3cret" not in f"{error} {error.detail} {request!r} {request} {answer!r}"


def test_an_error_is_thrown_into_the_call_that_asked() -> None:
    def calls():
        try:
            yield READ
        except TransientError:
            answer = yield WRITE
            return answer.status

    def send(request: HttpRequest) -> HttpResponse:
        if request is READ:
            raise TransientError("unreachable")
        return HttpResponse(status=201)

    assert drive(calls(), send) == 201
