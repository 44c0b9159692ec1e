"""Meta's lists, newest first, as far back as a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.channels import graph
from bridge.channels.base import Account, Calls
from bridge.core.errors import TransientError
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping, moment, text

PAGES = 10  # of one list in one reading

Row = Mapping[str, Any]


def at(row: Row) -> datetime | None:
    """When *row* was written, or last changed; whatever its product calls it."""
    for name in ("updated_time", "created_time", "timestamp"):
        if found := moment(row.get(name)):
            return found
    return None


def seconds(row: Row) -> int | None:
    """The same in whole seconds since 1970, as webhooks tell it."""
    found = at(row)
    return int(found.timestamp()) if found else None


def rows(connection: Connection, account: Account, *path: str, **params: str) -> Calls[list[Row]]:
    """One page of a list, as it comes."""
    answer = yield from _page(connection, account, path, params)
    return list(_listed(answer))


def since(
    connection: Connection,
    account: Account,
    path: tuple[str, ...],
    params: Mapping[str, str],
    oldest: datetime,
    begun: Mapping[str, Any] | None = None,
) -> Calls[tuple[list[Row], bool]]:
    """The items at *path* of *oldest* and newer, and whether that is all of them.

    The list must come newest first. *begun* is its first page, where another answer brought it along.
    """
    found: list[Row] = []
    query = dict(params)
    for number in range(PAGES):
        answer = begun if begun is not None and number == 0 else None
        if answer is None:
            answer = yield from _page(connection, account, path, query)
        listed = list(_listed(answer))
        fresh = [row for row in listed if (written := at(row)) is None or written >= oldest]
        found += fresh
        paging = mapping(answer.get("paging"))
        after = text(mapping(paging.get("cursors")).get("after"))
        if len(fresh) < len(listed) or not paging.get("next") or not after:
            return found, True
        query["after"] = after
    return found, False


def _page(
    connection: Connection, account: Account, path: tuple[str, ...], params: Mapping[str, str]
) -> Calls[Mapping[str, Any]]:
    request = graph.request_as(connection, account, "GET", *path, params=params)
    answer = yield from graph.call(request)
    if not isinstance(answer.get("data"), list):
        raise TransientError("unreadable_answer", "Meta's list of what was said has another shape")
    return answer


def _listed(answer: Mapping[str, Any]) -> Iterator[Row]:
    return (mapping(row) for row in items(answer.get("data")))


def lean(**values: object) -> dict[str, Any]:
    """*values* without those that are not there: a webhook leaves them out, too."""
    return {name: value for name, value in values.items() if value not in (None, {}, [])}
