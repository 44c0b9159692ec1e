"""Opening, changing and finding tickets.

No call of Freshdesk's is safe to repeat blindly: there is no idempotency key, no external id of a
ticket, no conditional update. So a ticket carries our stamp in a custom field (or a tag), and a write
whose answer was lost is looked for before it is made again.
Source: Freshdesk's API v2 page and recorded answers, read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bridge.core.calls import Calls, HttpRequest, HttpResponse, verdict
from bridge.core.errors import BridgeError, PermanentError
from bridge.core.model import Connection, Status, Ticket, tags_of
from bridge.core.untrusted import items, mapping, moment
from bridge.helpdesks.base import Changed, Files, Moved
from bridge.helpdesks.common import base, get, option, ticket_path
from bridge.helpdesks.freshdesk.api import (
    CREATES,
    LISTS,
    NOTES,
    UPDATES,
    about_ticket,
    as_children,
    identity,
    integer,
    is_page,
    problems,
    refusal,
    stamp_field,
    status,
    words,
    write,
)
from bridge.helpdesks.freshdesk.bodies import priority_number
from bridge.helpdesks.freshdesk.bodies import tags as as_tags
from bridge.helpdesks.freshdesk.comments import merged_into, newest
from bridge.helpdesks.freshdesk.markup import heading

FILES_BYTES = 20_000_000  # of all files of one ticket together
LONG_AGO = "2010-01-01T00:00:00Z"  # without a time only tickets of the last 30 days are listed


def create(connection: Connection, body: str, _: str, files: Files = ()) -> Calls[Ticket]:
    """The opened ticket, its `requester_id` that of the contact. Never to be repeated unlooked."""
    kept = mapping(json.loads(body))
    ticket = _stamped(connection, mapping(kept.get("ticket")), str(kept.get("stamp") or ""))
    ticket = {**ticket, "source": int(option(connection, "source", "2"))}
    parent = integer(identity(kept.get("parent")))
    child = {**ticket, "parent_id": parent} if parent and as_children(connection) else ticket
    request = write(connection, "POST", "/tickets", child, CREATES, files)
    response = yield request
    if child is not ticket and _no_child(response):
        # Ten children are the most, and not every plan has them: nothing was opened, and the note says it too.
        child = ticket
        request = write(connection, "POST", "/tickets", child, CREATES, files)
        response = yield request
    people = tags_of(items(ticket.get("cc_emails")))
    taken = not (people and _refuses(response, "cc_emails"))
    if not taken:  # better a ticket without them than none
        alone = {name: value for name, value in child.items() if name != "cc_emails"}
        request = write(connection, "POST", "/tickets", alone, CREATES, files)
        response = yield request
    if response.ok:
        done = _written(connection, request, response)
        return done if taken else replace(done, left_out=people)
    if response.status == 405:
        raise PermanentError(
            "contact_blocked", "the customer's contact is blocked or deleted in Freshdesk"
        )
    raise refusal(connection, request, response)


def _no_child(response: HttpResponse) -> bool:
    """Whether the ticket was refused because it would be a child."""
    lacks = any(code == "require_feature" for _, _, code in problems(response))
    return _refuses(response, "parent_id") or (response.status == 403 and lacks)


def _stamped(connection: Connection, ticket: Mapping[str, Any], stamp: str) -> dict[str, Any]:
    field = stamp_field(connection)
    if field is None:
        return {**ticket, "tags": as_tags([*tags_of(items(ticket.get("tags"))), stamp])}
    custom = {**mapping(ticket.get("custom_fields")), field: stamp}
    return {**ticket, "custom_fields": custom}


def update(connection: Connection, ticket_id: str, body: str, files: Files = ()) -> Calls[Ticket]:
    """The updated ticket: first what is set, which is harmless to repeat, then the words.

    Raises PermanentError `ticket_deleted` (open a new one) for the trash and spam, `ticket_closed`
    (a new one that continues it) for the archive.
    """
    kept = mapping(json.loads(body))
    done = Ticket(id=ticket_id)
    if kept.get("ticket"):
        request = write(connection, "PUT", ticket_path(ticket_id), kept["ticket"], UPDATES)
        response = yield request
        if not response.ok:
            raise (yield from _refusal(connection, request, response, ticket_id))
        done = _written(connection, request, response)
    if kept.get("note"):
        author = yield from _note(connection, ticket_id, kept, files)
        done = replace(done, actor_id=author)
    return done


def _note(
    connection: Connection, ticket_id: str, kept: Mapping[str, Any], files: Files
) -> Calls[str | None]:
    """Whom Freshdesk names as the author of the note that now stands on the ticket.

    The customer is given as the author of their words. Where that is refused (whether Freshdesk
    takes a contact there is not confirmed), or switched off, their name heads the words instead.
    """
    note, path = dict(kept["note"]), ticket_path(ticket_id, "/notes")
    named = note.get("incoming") is True
    if named and option(connection, "customer_notes", NOTES[0]) == NOTES[0]:
        contact = note.get("user_id") or (yield from _contact(connection, ticket_id))
        if contact is not None:
            note["user_id"] = contact
            request = write(connection, "POST", path, note, ("account",), files)
            response = yield request
            if response.ok:
                return _author(request, response)
            if not _refuses(response, "user_id"):
                raise (yield from _refusal(connection, request, response, ticket_id))
    note.pop("user_id", None)
    if named:
        note["body"] = heading(str(kept.get("customer") or "Customer")) + str(note["body"])
    request = write(connection, "POST", path, note, ("account",), files)
    response = yield request
    if not response.ok:
        raise (yield from _refusal(connection, request, response, ticket_id))
    return _author(request, response)


def _refusal(
    connection: Connection, request: HttpRequest, response: HttpResponse, ticket_id: str
) -> Calls[BridgeError]:
    """The verdict on a refused write, which tells the archive from what is gone."""
    error = about_ticket(connection, request, response, ticket_id)
    if response.status == 404 and error.code == "ticket_deleted":
        asked = get(connection, _archive(ticket_id))
        answer = yield asked
        if answer.ok and _ticket(connection, answer.json()) is not None:
            return PermanentError("ticket_closed", f"ticket {ticket_id} is archived")
    return error


def _refuses(response: HttpResponse, field: str) -> bool:
    return response.status == 400 and any(named == field for named, _, _ in problems(response))


def _author(request: HttpRequest, response: HttpResponse) -> str | None:
    answer = mapping(response.json())
    if identity(answer.get("id")) is None:
        raise verdict(request, response, "no note in the answer")
    return identity(answer.get("user_id"))


def _contact(connection: Connection, ticket_id: str) -> Calls[int | None]:
    """The requester's number, where the draft did not know it."""
    request = get(connection, ticket_path(ticket_id))
    response = yield request
    if not response.ok:
        raise about_ticket(connection, request, response, ticket_id)
    return integer(identity(mapping(response.json()).get("requester_id")))


def _written(connection: Connection, request: HttpRequest, response: HttpResponse) -> Ticket:
    ticket = _ticket(connection, response.json())
    if ticket is None:
        raise verdict(request, response, "no ticket in the answer")
    return ticket


# --- reading -------------------------------------------------------------------------------------

_STAMP = re.compile(r"\A[0-9a-f]{32}\Z")


def _ticket(connection: Connection, raw: object) -> Ticket | None:
    data = mapping(raw)
    ticket_id = identity(data.get("id"))
    if ticket_id is None:
        return None
    ours, word, label = status(data.get("status"))
    # Archived tickets take no words and cannot be opened again: as good as gone.
    if any(data.get(name) is True for name in ("deleted", "spam", "archived")):
        ours = Status.DELETED
    tags = tags_of(items(data.get("tags")))
    return Ticket(
        id=ticket_id,
        status=ours,
        status_word=word,
        status_label=label,
        url=f"{base(connection)}/a/tickets/{ticket_id}",
        stamp=_stamp(connection, data, tags),
        tags=tags,
        updated_at=moment(data.get("updated_at")),
        requester_id=identity(data.get("requester_id")),
        group=identity(data.get("group_id")),
        assignee=identity(data.get("responder_id")),
    )


def _stamp(connection: Connection, data: Mapping[str, Any], tags: Sequence[str]) -> str | None:
    field = stamp_field(connection)
    if field is None:
        return next((tag for tag in tags if _STAMP.match(tag)), None)
    value = mapping(data.get("custom_fields")).get(field)
    return value if isinstance(value, str) and value else None


def read(connection: Connection, ticket_id: str) -> Calls[Ticket]:
    """The ticket as it is now: DELETED in the trash, in spam and in the archive.

    A closed ticket's newest words are read too: that it was merged only a note tells.
    Raises PermanentError `ticket_deleted` when it is gone.
    """
    request = get(connection, ticket_path(ticket_id))
    response = yield request
    # An archived ticket is not found here, or elsewhere: which of the two is not confirmed.
    if (response.status in (404, 410) and not is_page(response)) or response.status in (301, 302):
        return (yield from _archived(connection, ticket_id))
    if not response.ok:
        raise about_ticket(connection, request, response, ticket_id)
    ticket = _written(connection, request, response)
    if ticket.status is Status.CLOSED:
        rows = yield from newest(connection, ticket_id)
        return replace(ticket, merged_into=merged_into(connection, ticket_id, rows))
    return ticket


def _archive(ticket_id: str) -> str:
    return f"/tickets/archived/{ticket_path(ticket_id).rpartition('/')[2]}"


def _archived(connection: Connection, ticket_id: str) -> Calls[Ticket]:
    request = get(connection, _archive(ticket_id))
    response = yield request
    ticket = _ticket(connection, response.json()) if response.ok else None
    if ticket is not None:
        return replace(ticket, status=Status.DELETED)
    if response.status in (401, 429) or response.status >= 500:
        raise verdict(request, response, words(connection, response))
    raise PermanentError("ticket_deleted", f"ticket {ticket_id} does not exist", gone=True)


def status_names(connection: Connection) -> Calls[dict[str, tuple[str, ...]]]:
    """What the account calls its statuses, by number: for agents, then for customers.

    None where the bridge's agent may not see the ticket form.
    """
    request = get(connection, "/ticket_fields", type="default_status")
    response = yield request
    if response.status == 403:
        return {}
    if not response.ok:
        raise refusal(connection, request, response)
    choices = [mapping(mapping(field).get("choices")) for field in items(response.json())]
    return {
        str(number): tuple(str(name)[:80] for name in items(names))
        for one in choices
        for number, names in one.items()
    }


def add_tags(connection: Connection, ticket_id: str, tags: tuple[str, ...]) -> Calls[None]:
    """The ticket has these tags besides those it had."""
    yield from urge(connection, ticket_id, None, tags)


def urge(
    connection: Connection, ticket_id: str, priority: str | None, tags: tuple[str, ...]
) -> Calls[None]:
    """The ticket has this priority or a higher one, and these tags besides those it had.

    Freshdesk only replaces the whole list of tags, and no write can be made to depend on what was read: what
    somebody changes in between is lost, which nothing here can prevent.
    """
    answer = yield from _row(connection, ticket_id)
    wanted: dict[str, Any] = {}
    there, number = tags_of(items(answer.get("tags"))), priority_number(priority)
    if set(as_tags(tags)) - set(there):
        wanted["tags"] = list(dict.fromkeys([*there, *as_tags(tags)]))
    now = answer.get("priority")
    if number and not (isinstance(now, int) and now >= number):
        wanted["priority"] = number
    if wanted:
        yield from _put(connection, ticket_id, wanted)


def move(connection: Connection, ticket_id: str, group: str, known: str) -> Calls[Moved]:
    """The ticket is in *group*, unless an agent has it or it has left the group in which we know it (*known*).

    As with `urge`, what somebody changes between the look and the write is lost.
    """
    now = yield from _row(connection, ticket_id)
    there = identity(now.get("group_id"))
    if there == group:
        return "there"
    if identity(now.get("responder_id")) is not None:
        return "assigned"
    if there not in (None, known):
        return "elsewhere"
    yield from _put(connection, ticket_id, {"group_id": int(group)})
    return "there"


def _row(connection: Connection, ticket_id: str) -> Calls[Mapping[str, Any]]:
    """The ticket as Freshdesk shows it now."""
    request = get(connection, ticket_path(ticket_id))
    response = yield request
    if not response.ok:
        raise about_ticket(connection, request, response, ticket_id)
    answer = mapping(response.json())
    if identity(answer.get("id")) is None:
        raise verdict(request, response, "no ticket in the answer")
    return answer


def _put(connection: Connection, ticket_id: str, wanted: Mapping[str, Any]) -> Calls[None]:
    """Write what is *wanted*, as it is harmless to repeat."""
    request = write(connection, "PUT", ticket_path(ticket_id), wanted, UPDATES)
    response = yield request
    if not response.ok:
        raise (yield from _refusal(connection, request, response, ticket_id))


def find(
    connection: Connection, stamp: str, requester_external_id: str = ""
) -> Calls[list[Ticket]]:
    """Tickets that carry our stamp, newest first, none of the trash or spam.

    A person's list is read from the database. Without the person only the search can be asked,
    whose index is minutes behind: an empty answer of it says little.
    """
    rows = yield from (
        _listed(connection, requester_external_id)
        if requester_external_id
        else _searched(connection, stamp)
    )
    found = [ticket for row in rows if (ticket := _ticket(connection, row))]
    ours = [
        one
        for one in found
        if stamp.lower() in ((one.stamp or "").lower(), *one.tags)
        and one.status is not Status.DELETED
    ]
    return sorted(ours, key=lambda one: (len(one.id), one.id), reverse=True)


def _listed(connection: Connection, external_id: str) -> Calls[Sequence[Any]]:
    request = get(
        connection,
        "/tickets",
        LISTS,
        unique_external_id=external_id,
        updated_since=LONG_AGO,
        order_by="created_at",
        order_type="desc",
        per_page="100",
    )
    response = yield request
    if _refuses(response, "unique_external_id"):
        return ()  # "There is no contact matching the given ...": a person nobody knows
    if not response.ok:
        raise refusal(connection, request, response)
    rows = response.json()
    if not isinstance(rows, list):
        raise verdict(request, response, "no tickets in the answer")
    return rows


def _searched(connection: Connection, stamp: str) -> Calls[Sequence[Any]]:
    """What the search finds. A field that was made lately is known to it only by its kind."""
    value = re.sub(r"[^A-Za-z0-9:_-]", "", stamp)
    field = stamp_field(connection)
    ours = f"{field}:'{value}' OR tag:'{value}'" if field else f"tag:'{value}'"
    request = get(connection, "/search/tickets", query=f'"{ours}"')
    response = yield request
    if response.status == 400 and field:
        request = get(
            connection, "/search/tickets", query=f"\"custom_string:'{value}' OR tag:'{value}'\""
        )
        response = yield request
    if not response.ok:
        raise refusal(connection, request, response)
    rows = mapping(response.json()).get("results")
    if not isinstance(rows, list):
        raise verdict(request, response, "no results in the answer")
    return rows


# --- what changed ----------------------------------------------------------------------------------

PAGES = 10  # of 100 tickets each, in one look


def changed(connection: Connection, since: datetime) -> Calls[Changed]:
    """The tickets that changed since then, the oldest change first; none of the trash and spam.

    That a private note counts as a change is not confirmed (replies and notes do, in recordings).
    """
    found: list[Ticket] = []
    for page in range(1, PAGES + 1):
        request = get(
            connection,
            "/tickets",
            LISTS,
            updated_since=f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            order_by="updated_at",
            order_type="asc",
            per_page="100",
            page=str(page),
        )
        response = yield request
        if not response.ok:
            raise refusal(connection, request, response)
        rows = response.json()
        if not isinstance(rows, list):
            raise verdict(request, response, "no tickets in the answer")
        found += [ticket for row in rows if (ticket := _ticket(connection, row))]
        # The link's address is never followed: the next page is asked for by its number.
        if not rows or 'rel="next"' not in response.headers.get("link", ""):
            return Changed(tuple(found))
    latest = max((one.updated_at for one in found if one.updated_at), default=None)
    return Changed(tuple(found), latest)
