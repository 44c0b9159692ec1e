"""Reading what stands on a ticket: comments, notes and their files.

Source: Zendesk's Support API description and recorded exchanges, read 2026-11.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from bridge.core.calls import Calls, verdict
from bridge.core.model import Attachment, Connection, File, TicketComment
from bridge.core.plaintext import html_to_text
from bridge.core.untrusted import items, mapping, moment
from bridge.helpdesks.common import attachment, download, get, origin, ticket_path
from bridge.helpdesks.zendesk.api import about_ticket, identity, texts

MAX_FILE = 50_000_000


def comments(connection: Connection, ticket_id: str) -> Calls[list[TicketComment]]:
    """The last 100 comments and notes of a ticket, newest first.

    Whether an author is staff is told by the users that come along; of others it is unknown.
    """
    answer = yield from _answer(connection, ticket_id, include="users")
    roles = {
        identity(user.get("id")): user.get("role")
        for user in map(mapping, items(answer.get("users")))
    }
    found = [comment for row in answer["comments"] if (comment := _comment_of(row, roles))]
    # Sorted here as well, as not every answer honours `sort`. Longer ids are newer ones.
    return sorted(found, key=_age, reverse=True)


def marked(connection: Connection, ticket_id: str, marker: str) -> Calls[bool]:
    """Whether a comment with our marker stands among the last 100 of the ticket."""
    answer = yield from _answer(connection, ticket_id)
    return any(marker in texts(_custom(row)) for row in answer["comments"])


def _answer(connection: Connection, ticket_id: str, **more: str) -> Calls[Mapping[str, Any]]:
    """The answer to a question for a ticket's comments; they are a list."""
    params = {"sort": "-created_at", "page[size]": "100", **more}
    request = get(connection, ticket_path(ticket_id, "/comments"), **params)
    response = yield request
    if not response.ok:
        raise about_ticket(connection, request, response, ticket_id)
    answer = mapping(response.json())
    if not isinstance(answer.get("comments"), list):
        raise verdict(request, response, "no comments in the answer")
    return answer


def _age(comment: TicketComment) -> tuple[float, int, str]:
    moment = comment.created_at.timestamp() if comment.created_at else 0.0
    return moment, len(comment.id), comment.id


def _custom(row: object) -> Mapping[str, Any]:
    return mapping(mapping(mapping(row).get("metadata")).get("custom"))


STAFF = {"agent": True, "admin": True, "end-user": False}


def _comment_of(row: object, roles: Mapping[str | None, Any]) -> TicketComment | None:
    data = mapping(row)
    comment_id = identity(data.get("id"))
    if comment_id is None:
        return None
    public, author = data.get("public"), identity(data.get("author_id"))
    # A VoiceComment is a recorded call: public to the caller, not meant for a platform.
    spoken = data.get("type") not in (None, "Comment")
    marker = mapping(_custom(row).get("bridge")).get("marker")
    return TicketComment(
        id=comment_id,
        text=_text(data),
        public=public if isinstance(public, bool) and not spoken else None,
        author_id=author,
        staff=STAFF.get(str(roles.get(author))),
        created_at=moment(data.get("created_at")),
        attachments=attachments_of(data.get("attachments")),
        marker=marker if isinstance(marker, str) else None,
    )


def _text(data: Mapping[str, Any]) -> str:
    """The comment as plain text: `plain_body`, whose entities are coded, else `html_body` or `body`.

    Only `html_body` has the addresses of links, so a comment with a link is read from there.
    """
    plain, rich, body = (str(data.get(key) or "") for key in ("plain_body", "html_body", "body"))
    if rich.strip() and ("<a " in rich or not plain.strip()):
        read = html_to_text(rich)
    else:
        read = html.unescape(plain) if plain.strip() else body
    return read.replace("\u00a0", " ").strip()


def attachments_of(rows: object) -> tuple[Attachment, ...]:
    """The files of a comment, as REST (`file_name`) or an event (`filename`) shows them."""
    found = []
    for row in items(rows):
        data = mapping(row)
        url, name = data.get("content_url"), data.get("file_name") or data.get("filename")
        if not isinstance(url, str) or data.get("deleted") is True:
            continue
        found.append(attachment(url, name, data.get("content_type"), identity(data.get("id"))))
    return tuple(found)


_FILE_HOSTS = (".zendesk.com", ".zdusercontent.com", ".zdassets.com")


def fetch(connection: Connection, found: Any) -> Calls[File]:
    """The bytes of a comment's attachment: the account answers with a redirect to its file store."""
    return (yield from download(connection, found, _is_store, MAX_FILE))


def _is_store(url: str) -> bool:
    """Whether Zendesk keeps files there."""
    place = origin(url)
    return place is not None and place[0] == "https" and place[1].endswith(_FILE_HOSTS)
