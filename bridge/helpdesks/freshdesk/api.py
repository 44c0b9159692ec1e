"""What all calls to Freshdesk share: budgets, writes, ids, statuses and refusals.

Source: Freshdesk's API v2 page (copy of 2026-01) and recorded answers, read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.core.calls import HttpRequest, HttpResponse, verdict
from bridge.core.errors import AuthError, BridgeError, PermanentError
from bridge.core.model import Connection, Status
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.base import Files
from bridge.helpdesks.common import address, one_line

SECRETS = ("api_key", "webhook_secrets")
STAMP_FIELD = "cf_bridge_id"
NOTES = ("incoming", "plain")  # values of `customer_notes`, the first where none is said
INCIDENTS = ("note", "children")  # values of `incidents`, the first where none is said
AS_TAG = ("", "tags")  # values of `stamp_field` that mean: no field, a tag

# Ours to theirs. DELETED is a state, not a status one can set.
STATUSES = {
    Status.NEW: "2",
    Status.OPEN: "2",
    Status.PENDING: "3",
    Status.ON_HOLD: "7",
    Status.SOLVED: "4",
    Status.CLOSED: "5",
}

# Theirs to ours, and what customers read, on an account that changed neither. 6 is "Waiting on
# Customer". Every other number is the account's own: a status in which somebody works (OPEN).
_READ: dict[int, tuple[Status, str]] = {
    2: (Status.OPEN, "Being Processed"),
    3: (Status.PENDING, "Awaiting your Reply"),
    4: (Status.SOLVED, "This ticket has been Resolved"),
    5: (Status.CLOSED, "This ticket has been Closed"),
    6: (Status.PENDING, "Awaiting your Reply"),
    7: (Status.ON_HOLD, "Being Processed"),
}

CREATES = ("creates", "account")
UPDATES = ("updates", "account")
LISTS = ("lists", "account")


def stamp_field(connection: Connection) -> str | None:
    """The custom field that holds our stamp; None where a tag does."""
    named = str(connection.options.get("stamp_field", STAMP_FIELD))
    return None if named in AS_TAG else named


def as_children(connection: Connection) -> bool:
    """Whether tickets that belong to an incident are opened as children of its ticket."""
    return bool(connection.options.get("incidents") == INCIDENTS[1])


def write(
    connection: Connection,
    method: str,
    path: str,
    body: Mapping[str, Any],
    budget: tuple[str, ...],
    files: Files = (),
) -> HttpRequest:
    """A write of *body*: JSON, or with files the form that Freshdesk takes them in."""
    return HttpRequest(
        method=method,
        url=address(connection, path),
        json=None if files else dict(body),
        parts=(*_parts(body), *(("attachments[]", file) for file in files)) if files else (),
        repeatable=method == "PUT",
        budget=budget,
        deadline=30.0 if files else 8.0,
    )


def _parts(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`{"tags": ["a"], "custom_fields": {"cf_x": true}}` as `tags[]` and `custom_fields[cf_x]`."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}[{key}]", _said(one)) for key, one in value.items())
        elif isinstance(value, list | tuple):
            yield from ((f"{name}[]", _said(one)) for one in value)
        else:
            yield name, _said(value)


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_ID = re.compile(r"\A[1-9][0-9]{0,18}\Z")


def identity(value: object) -> str | None:
    """An id as text: ids are positive integers, in webhooks texts. None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    return text if _ID.match(text) else None


def integer(value: str | None) -> int | None:
    """An id as the JSON integer Freshdesk wants; None for what is none."""
    return int(value) if value is not None and _ID.match(value) else None


def status(value: object) -> tuple[Status | None, str | None, str | None]:
    """Our status for a number of theirs, the number as text, and what customers read, if known."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None, None, None
    ours, label = _READ.get(value, (Status.OPEN, None))
    return ours, str(value), label


# --- refusals ------------------------------------------------------------------------------------

_ADVICE = {
    "missing_field": "the account requires this field: fill it in the helpdesk's map, or make it "
    "optional for agents in Admin > Ticket Fields",
    "invalid_field": "the account has no such field: `bridge doctor` compares it with the map",
    "inaccessible_field": "the bridge's agent may not see this field: widen its role",
    "readonly_field": "this field cannot be written: take it out of the map",
    "invalid_value": "`bridge doctor` compares the map with what the account takes",
    "datatype_mismatch": "the map gives a value of another kind than the field takes",
    "require_feature": "the account's plan does not include this",
}
_LOCKED = ("account_suspended", "password_lockout", "password_expired", "ssl_required")


def problems(response: HttpResponse) -> list[tuple[str, str, str]]:
    """The rows of `{"errors": [{"field", "message", "code"}]}`, or of a bare `{"code", "message"}`."""
    data = mapping(response.json())
    rows = items(data.get("errors")) or [data]
    said = (
        tuple(str(mapping(row).get(k) or "") for k in ("field", "message", "code")) for row in rows
    )
    return [(field, message, code) for field, message, code in said if field or message or code]


def is_page(response: HttpResponse) -> bool:
    """Whether a page for people came back: then the address is no Freshdesk account's."""
    kind = response.headers.get("content-type", "")
    return "html" in kind or response.body.lstrip()[:1] == b"<"


def words(connection: Connection, response: HttpResponse) -> str:
    """What an unsuccessful answer says and what to do, in one line, without our secrets.

    404, 405 and 429 have no documented body: none is needed to understand them.
    """
    if is_page(response):
        return "a page, not JSON; is the url that of the account (https://NAME.freshdesk.com)?"
    rows = problems(response)
    said = "; ".join(": ".join(filter(None, row)) for row in rows)
    if not rows:
        said = response.body[:2000].decode("utf-8", "replace")
    advice = dict.fromkeys(_ADVICE[code] for _, _, code in rows if code in _ADVICE)
    line = one_line(connection, SECRETS, said)[:180]
    return "; ".join(filter(None, [line, *advice]))[:300]


def refusal(connection: Connection, request: HttpRequest, response: HttpResponse) -> BridgeError:
    """The verdict on an unsuccessful answer to a call that concerns no single ticket.

    A 403 there means that the agent's role is too small, so nothing else will work: park, alert.
    A 401 parks too and is never tried again by itself: Freshdesk locks agents out.
    """
    said = words(connection, response)
    if response.status == 403:
        return AuthError("forbidden", f"{request.method} {request.url} answered 403: {said}")
    if response.status in (404, 410):
        return PermanentError("not_found", f"{request.url} does not exist: {said}")
    return verdict(request, response, said)


def about_ticket(
    connection: Connection, request: HttpRequest, response: HttpResponse, ticket_id: str
) -> BridgeError:
    """The verdict on an unsuccessful answer to a call that concerns one ticket.

    405 is Freshdesk's answer to writing to a ticket in the trash or in spam, 404 that of one which
    is gone for good, or archived: none of them takes any more words.
    """
    said = words(connection, response)
    codes = {code for _, _, code in problems(response)}
    if response.status in (404, 405, 410) and not is_page(response):
        return PermanentError(
            "ticket_deleted", f"ticket {ticket_id} is deleted, spam or archived", gone=True
        )
    if response.status == 404:
        return PermanentError("not_found", f"{request.url} does not exist: {said}")
    if response.status == 403 and codes.intersection(_LOCKED):
        return AuthError("forbidden", f"{request.method} {request.url} answered 403: {said}")
    return verdict(request, response, said)
