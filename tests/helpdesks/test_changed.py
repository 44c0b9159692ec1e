"""Which tickets changed since a time, asked of both helpdesks, and what a refusal of that means."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.given import DESKS

from bridge.core.calls import HttpRequest, HttpResponse, drive
from bridge.core.errors import AuthError, TransientError
from bridge.core.model import Connection, Secret
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Changed

SINCE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
AT = "2026-11-22T10:05:00Z"


def connection(name: str, **more: Any) -> Connection:
    options = {**HELPDESKS[name].options, **DESKS[name].options, **more}
    return Connection(name=name, type=name, options=options)


class Desk:
    """Plays a helpdesk with so many changed tickets, page by page."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.requests: list[HttpRequest] = []

    def row(self, number: int) -> dict[str, Any]:
        at = SINCE + timedelta(seconds=number)
        return {"id": number + 1, "status": 2, "updated_at": at.isoformat()}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        size = int(request.params["per_page"])
        cursor = request.params.get("cursor")
        start = int(cursor) if cursor else (int(request.params.get("page", "1")) - 1) * size
        rows = [self.row(number) for number in range(start, min(start + size, self.count))]
        more = start + size < self.count
        headers: dict[str, str] = {}
        body: Any
        if "incremental" in request.url:
            body = {"tickets": rows, "end_of_stream": not more, "after_cursor": str(start + size)}
        elif "search" in request.url:
            body = {"results": rows, "next_page": "https://elsewhere.example/2" if more else None}
        else:
            body = rows
            headers = {"link": '<https://elsewhere.example/2>; rel="next"'} if more else {}
        return HttpResponse(status=200, headers=headers, body=json.dumps(body).encode())


ASKED = [("zendesk", {}), ("zendesk", {"changes": "incremental"}), ("freshdesk", {})]


def changed(name: str, send: Callable[[HttpRequest], HttpResponse], **more: Any) -> Changed:
    ask = HELPDESKS[name].changed
    assert ask is not None
    return drive(ask(connection(name, **more), SINCE), send)


@pytest.mark.parametrize(("name", "more"), ASKED)
def test_few_changes_cost_one_call(name: str, more: dict[str, str]) -> None:
    desk = Desk(3)
    told = changed(name, desk, **more)
    assert [one.id for one in told.tickets] == ["1", "2", "3"]
    assert told.until is None
    assert len(desk.requests) == 1
    asked = desk.requests[0]
    assert not asked.write
    assert "2026-11-22T10:00:00Z" in str(asked.params) or asked.params["start_time"] == str(
        int(SINCE.timestamp()) - 61
    )


@pytest.mark.parametrize(("name", "more"), ASKED)
def test_many_are_asked_for_page_by_page_at_our_own_address(
    name: str, more: dict[str, str]
) -> None:
    desk = Desk(250 if "incremental" not in more.values() else 2500)
    told = changed(name, desk, **more)
    assert len(told.tickets) == desk.count
    assert told.until is None
    assert len(desk.requests) == 3
    home = str(connection(name).options["url"])
    assert all(one.url.startswith(home) for one in desk.requests)


@pytest.mark.parametrize(("name", "more"), ASKED)
def test_where_there_are_too_many_it_is_told_how_far_they_go(
    name: str, more: dict[str, str]
) -> None:
    desk = Desk(20_000)
    told = changed(name, desk, **more)
    assert len(desk.requests) == 10
    assert told.until == SINCE + timedelta(seconds=len(told.tickets) - 1)


@pytest.mark.parametrize(("name", "more"), ASKED)
@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(403, {}, AuthError), (503, {}, TransientError), (200, {"odd": 1}, TransientError)],
)
def test_a_refusal_is_not_taken_for_silence(
    name: str, more: dict[str, str], status: int, body: object, error: type[Exception]
) -> None:
    answer = HttpResponse(status=status, body=json.dumps(body).encode())
    with pytest.raises(error) as caught:
        changed(name, lambda request: answer, **more)
    secrets = [one for one in connection(name).options.values() if isinstance(one, Secret)]
    assert not any(one.reveal() in str(caught.value) for one in secrets)


@pytest.mark.parametrize(("name", "more"), ASKED)
def test_rows_that_are_no_tickets_are_left_out(name: str, more: dict[str, str]) -> None:
    rows = [None, 7, {"id": "x y"}, {"id": 5, "status": None, "updated_at": "rubbish"}]
    body: Any = {"tickets": rows, "results": rows} if name == "zendesk" else rows
    answer = HttpResponse(status=200, body=json.dumps(body).encode())
    told = changed(name, lambda request: answer, **more)
    assert [one.id for one in told.tickets] == ["5"]
    assert told.tickets[0].updated_at is None


def test_a_page_without_tickets_is_the_last_whatever_it_says_of_another() -> None:
    asked: list[HttpRequest] = []

    def send(request: HttpRequest) -> HttpResponse:
        asked.append(request)
        return HttpResponse(status=200, headers={"link": '<x>; rel="next"'}, body=b"[]")

    assert changed("freshdesk", send) == Changed(())
    assert len(asked) == 1
