"""Reading what stands on a ticket: replies, notes and their files.

Source: Freshdesk's API v2 page and recorded conversations, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from bridge.core.calls import Calls, verdict
from bridge.core.model import Attachment, Connection, File, TicketComment
from bridge.core.untrusted import items, mapping, moment
from bridge.helpdesks.common import attachment, download, get, option, origin, ticket_path
from bridge.helpdesks.freshdesk.api import about_ticket, identity
from bridge.helpdesks.freshdesk.markup import short, split, to_text

MAX_FILE = 20_000_000
PAGES = 30  # of 100 each; they come oldest first, so the newest stand on the last
REPLY, NOTE = 0, 2  # values of `source`; others are tweets, surveys, forwards, calls
MERGED = "merged into"


def comments(connection: Connection, ticket_id: str) -> Calls[list[TicketComment]]:
    """All replies and notes of a ticket, newest first. The description is not among them."""
    rows = yield from newest(connection, ticket_id)
    return [comment for row in rows if (comment := _comment_of(row))]


def marked(connection: Connection, ticket_id: str, marker: str) -> Calls[bool]:
    """Whether a note of ours with this marker stands on the ticket."""
    rows = yield from newest(connection, ticket_id)
    return any(comment.marker == short(marker) for row in rows if (comment := _comment_of(row)))


def newest(connection: Connection, ticket_id: str) -> Calls[list[Mapping[str, Any]]]:
    """The conversations of a ticket as Freshdesk shows them, newest first."""
    rows: list[Mapping[str, Any]] = []
    for page in range(1, PAGES + 1):
        path = ticket_path(ticket_id, "/conversations")
        request = get(connection, path, per_page="100", page=str(page))
        response = yield request
        if not response.ok:
            raise about_ticket(connection, request, response, ticket_id)
        answer = response.json()
        if not isinstance(answer, list):
            raise verdict(request, response, "no conversations in the answer")
        rows += [mapping(row) for row in answer]
        # The link's address is never followed: the next page is asked for by its number.
        if not answer or 'rel="next"' not in response.headers.get("link", ""):
            break
    return sorted(rows, key=_age, reverse=True)


def _age(row: Mapping[str, Any]) -> tuple[float, int]:
    at = moment(row.get("created_at"))
    return at.timestamp() if at else 0.0, int(identity(row.get("id")) or 0)


def merged_into(
    connection: Connection, ticket_id: str, rows: Iterable[Mapping[str, Any]]
) -> str | None:
    """The ticket a closed one was merged into, as the note says which Freshdesk leaves there.

    "This ticket is closed and merged into ticket 123": the words are the agent's language, so they
    are a setting. A customer's words and ours tell of no merge, and neither does a reply.
    """
    phrase = re.escape(option(connection, "merged_note", MERGED)).replace(r"\ ", r"\s+")
    # Up to three words may stand between: "ticket", "#", "ID".
    told = re.compile(rf"{phrase}\s+(?:[^\W\d]+\s+){{0,3}}[#(\[\s]*([1-9][0-9]{{0,18}})\b", re.I)
    for row in rows:
        text, ref = split(to_text(row.get("body"), row.get("body_text")))
        if ref or row.get("incoming") is not False or row.get("source") not in (NOTE, None):
            continue
        found = told.search(text)
        if found and found[1] != ticket_id:
            return found[1]
    return None


def _comment_of(row: Mapping[str, Any]) -> TicketComment | None:
    comment_id = identity(row.get("id"))
    if comment_id is None:
        return None
    incoming, private = row.get("incoming"), row.get("private")
    whole = to_text(row.get("body"), row.get("body_text"))
    words, ref = split(whole)
    # What we write is incoming or private. In an agent's answer a reference of ours is a quotation.
    ours = ref is not None and (incoming is True) is not (private is True)
    return TicketComment(
        id=comment_id,
        text=words if ours else whole,
        public=_public(row),
        author_id=identity(row.get("user_id")),
        staff=not incoming if isinstance(incoming, bool) else None,
        created_at=moment(row.get("created_at")),
        attachments=attachments_of(row.get("attachments")),
        marker=ref if ours else None,
    )


def _public(row: Mapping[str, Any]) -> bool | None:
    """Whether it is meant for the customer: an agent's reply or public note, or the customer's own.

    None where Freshdesk does not say; then it counts as private.
    """
    private, incoming = row.get("private"), row.get("incoming")
    if not isinstance(private, bool) or not isinstance(incoming, bool) or row.get("source") is None:
        return None
    return not private and (
        incoming or (row.get("source") in (REPLY, NOTE) and row.get("auto_response") is not True)
    )


def attachments_of(rows: object) -> tuple[Attachment, ...]:
    """The files of a reply or note. Their addresses are signed and good for some hours only."""
    found = []
    for row in items(rows):
        data = mapping(row)
        url, name = data.get("attachment_url"), data.get("name")
        if not isinstance(url, str):
            continue
        found.append(attachment(url, name, data.get("content_type"), identity(data.get("id"))))
    return tuple(found)


def fetch(connection: Connection, found: Any) -> Calls[File]:
    """The bytes of an attachment, which lies in one of Freshdesk's own stores."""
    return (yield from download(connection, found, partial(_is_store, connection), MAX_FILE))


def _is_store(connection: Connection, url: str) -> bool:
    """Whether Freshdesk keeps files there: *.freshdesk.com, or a bucket of that name at Amazon."""
    place = origin(url)
    if place is None or place[0] != "https":
        return False
    host, bucket = place[1], urlsplit(url).path.split("/")[1:2]
    more = connection.options.get("file_hosts")
    if host.endswith(".freshdesk.com") or host in (more if isinstance(more, tuple | list) else ()):
        return True
    return (
        host.endswith(".amazonaws.com") and bool(bucket) and bucket[0].endswith("cdn.freshdesk.com")
    )
