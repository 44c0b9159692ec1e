"""What all calls to Zendesk share: budgets, lists, ids, statuses and refusals.

Source: Zendesk's Support API description and developer.zendesk.com, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.core.calls import Calls, HttpRequest, HttpResponse, verdict
from bridge.core.errors import AuthError, BridgeError, PermanentError
from bridge.core.model import Connection, Status
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.common import ACCOUNT, get, one_line

SECRETS = ("client_secret", "api_token", "webhook_secrets")

# Ours to theirs. DELETED is a state, not a status one can set.
STATUSES = {
    Status.NEW: "new",
    Status.OPEN: "open",
    Status.PENDING: "pending",
    Status.ON_HOLD: "hold",
    Status.SOLVED: "solved",
    Status.CLOSED: "closed",
}

# Theirs to ours: REST says `open`, events say OPEN, triggers render the label ("On-hold").
_READ = {theirs: ours for ours, theirs in STATUSES.items()} | {
    "onhold": Status.ON_HOLD,
    "archived": Status.CLOSED,
    "deleted": Status.DELETED,
    "scrubbed": Status.DELETED,
}


def updates(ticket_id: str) -> tuple[str, ...]:
    """The budgets that one update of a ticket spends."""
    return (f"ticket:{ticket_id}", "updates", "account")


def budget_of(path: str) -> tuple[str, ...]:
    """What a call of the account's administration spends; its headers tell of that, too."""
    return ("webhooks",) if path.startswith("/webhooks") else ACCOUNT


def rows(connection: Connection, path: str, name: str) -> Calls[list[Mapping[str, Any]]]:
    """All rows of a list, by cursor or (lists that know none) by page; 7,000 triggers are the most."""
    found: list[Mapping[str, Any]] = []
    params = {"page[size]": "100"}
    for number in range(2, 73):
        request = get(connection, path, budget_of(path), **params)
        response = yield request
        if not response.ok:
            raise refusal(connection, request, response)
        answer = mapping(response.json())
        found.extend(mapping(row) for row in items(answer.get(name)))
        meta = mapping(answer.get("meta"))
        after = meta.get("after_cursor")
        if meta.get("has_more") is True and isinstance(after, str):
            params["page[after]"] = after
        elif not meta and isinstance(answer.get("next_page"), str):
            params = {"per_page": "100", "page": str(number)}
        else:
            break
    return found


_ID = re.compile(r"\A[A-Za-z0-9_-]{1,64}\Z")


def identity(value: object) -> str | None:
    """An id as text. Zendesk says "none" as null, "", "0" and 0, and ids as numbers or texts."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    return text if text != "0" and _ID.match(text) else None


def integer(value: str | None) -> int | str | None:
    """An id as the JSON integer Zendesk wants; what is no number stays as it is."""
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,19}", value) else value


def status(value: object) -> Status | None:
    """The status a word of theirs stands for; None when it is none we know (a label, a language)."""
    if not isinstance(value, str):
        return None
    return _READ.get(re.sub(r"[\s_-]", "", value).lower())


def texts(value: object, depth: int = 8) -> Iterator[str]:
    """Every text inside a JSON value, in order, down to a depth no real answer reaches."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner, depth - 1)


def words(connection: Connection, response: HttpResponse) -> str:
    """What an unsuccessful answer says, in one line of at most 300 characters, without our secrets.

    The envelope is `{"error", "description", "details"}`, elsewhere `{"errors": [{"code", "title"}]}`,
    `{"error": {"title", "message"}}`, plain text (429) or a page of HTML (a wrong subdomain).
    """
    data = response.json()
    if data is not None:
        said = ": ".join(dict.fromkeys(texts(data)))
    else:
        said = response.body[:2000].decode("utf-8", "replace")
        if "<" in said:
            said = "a page, not JSON; is the url right?"
    return one_line(connection, SECRETS, said)[:300]


def refusal(connection: Connection, request: HttpRequest, response: HttpResponse) -> BridgeError:
    """The verdict on an unsuccessful answer to a call that concerns no single ticket.

    A 403 there means a missing scope or role, so nothing else will work either: park, alert.
    """
    said = words(connection, response)
    if response.status == 403:
        return AuthError(
            "forbidden",
            f"{request.method} {request.url} answered 403: the scope or the role is too small; {said}",
        )
    return verdict(request, response, said)


def about_ticket(
    connection: Connection, request: HttpRequest, response: HttpResponse, ticket_id: str
) -> BridgeError:
    said = words(connection, response)
    if response.status in (404, 410):
        return PermanentError("ticket_deleted", f"ticket {ticket_id} does not exist", gone=True)
    if response.status == 422:
        if any("closed prevents ticket update" in text for text in texts(response.json())):
            return PermanentError("ticket_closed", f"ticket {ticket_id} is closed for good")
        return PermanentError("refused", f"Zendesk refused to change ticket {ticket_id}: {said}")
    return verdict(request, response, said)
