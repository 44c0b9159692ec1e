"""Which tickets changed since a time: what the webhooks may have kept from us.

Two ways, by the option `changes`. The search is open to every agent; its index is some minutes behind, and
it hides deleted tickets. The incremental export tells all, a minute later, to admins alone. Source:
"Search" and "Incremental exports", developer.zendesk.com, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.core.calls import Calls, verdict
from bridge.core.model import Connection, Ticket
from bridge.core.untrusted import mapping
from bridge.helpdesks.base import Changed
from bridge.helpdesks.common import get, option
from bridge.helpdesks.zendesk.api import refusal
from bridge.helpdesks.zendesk.tickets import listed

SEARCH, INCREMENTAL = WAYS = ("search", "incremental")
PAGES = 10  # of 100 each: a search shows no more than 1,000
RECENT = timedelta(seconds=61)  # the export refuses to begin later than a minute ago


def changed(connection: Connection, since: datetime) -> Calls[Changed]:
    """The tickets of the account that changed since then, one call where they are few."""
    if option(connection, "changes", SEARCH) == INCREMENTAL:
        return (yield from _exported(connection, since))
    return (yield from _searched(connection, since))


def _searched(connection: Connection, since: datetime) -> Calls[Changed]:
    found: list[Ticket] = []
    query = f"type:ticket updated>={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    order = {"sort_by": "updated_at", "sort_order": "asc", "per_page": "100"}
    for page in range(1, PAGES + 1):
        params = {"query": query, **order, "page": str(page)}
        answer = yield from _answer(connection, "/search", "results", params)
        found += listed(connection, answer["results"])
        if not answer["results"] or not isinstance(answer.get("next_page"), str):
            return Changed(tuple(found))
    return Changed(tuple(found), _latest(found))


def _exported(connection: Connection, since: datetime) -> Calls[Changed]:
    found: list[Ticket] = []
    params = {"start_time": str(int((since - RECENT).timestamp())), "per_page": "1000"}
    for _ in range(PAGES):
        answer = yield from _answer(connection, "/incremental/tickets/cursor", "tickets", params)
        found += listed(connection, answer["tickets"])
        after = answer.get("after_cursor")
        if answer.get("end_of_stream") is not False or not isinstance(after, str):
            return Changed(tuple(found))
        params = {"cursor": after, "per_page": "1000"}
    return Changed(tuple(found), _latest(found))


def _answer(
    connection: Connection, path: str, name: str, params: Mapping[str, str]
) -> Calls[Mapping[str, Any]]:
    """The answer to a question for tickets; they are a list."""
    request = get(connection, path, **params)
    response = yield request
    if not response.ok:
        raise refusal(connection, request, response)
    answer = mapping(response.json())
    if not isinstance(answer.get(name), list):
        raise verdict(request, response, "no tickets in the answer")
    return answer


def _latest(found: list[Ticket]) -> datetime | None:
    return max((one.updated_at for one in found if one.updated_at), default=None)
