"""The chats of a Page and of an Instagram account that were written in of late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.channels import graph, messaging
from bridge.channels.backlog import lists
from bridge.channels.base import Account, Calls, Recent
from bridge.channels.envelope import Entry, Reader, read
from bridge.core.model import Connection, Message
from bridge.core.untrusted import ident, items, mapping, text

SAID = "id,message,from,to,created_time,attachments,sticker"
FIELDS = f"id,updated_time,messages.limit(50){{{SAID}}}"
CHATS = "10"  # on one page, each with its newest messages


def messenger(connection: Connection, account: Account, since: datetime) -> Calls[Recent]:
    """The messages of a Page's chats. One call, where little was said."""
    return (yield from _chats(connection, account, since, str(account.id), "messenger"))


def instagram(connection: Connection, account: Account, since: datetime) -> Calls[Recent]:
    """The messages of an Instagram account's chats, by its own token or by that of its Page."""
    own = graph.product_of(account) is graph.INSTAGRAM
    speaker = str(account.id if own else account.options.get("page") or "me")
    return (yield from _chats(connection, account, since, speaker, "instagram"))


def _chats(
    connection: Connection, account: Account, since: datetime, speaker: str, platform: str
) -> Calls[Recent]:
    params = {"platform": platform, "fields": FIELDS, "limit": CHATS}
    chats, complete = yield from lists.since(
        connection, account, (speaker, "conversations"), params, since
    )
    found: list[Message] = []
    reader = messaging.reader(platform)
    for chat in chats:
        listed = mapping(chat.get("messages"))
        rows = [mapping(one) for one in items(listed.get("data"))]
        fresh = [one for one in rows if (written := lists.at(one)) is None or written >= since]
        found += [said for one in fresh for said in _said(account, platform, reader, one)]
        if rows and len(fresh) == len(rows) and mapping(listed.get("paging")).get("next"):
            complete = False  # the newest of a chat are read, and no more
    return Recent(tuple(found), complete)


def _said(
    account: Account, platform: str, reader: Reader, row: Mapping[str, Any]
) -> Iterator[Message]:
    """One message as its webhook would tell it: what the account wrote comes as its echo."""
    by = ident(mapping(row.get("from")).get("id"))
    to = next(
        (ident(mapping(one).get("id")) for one in items(mapping(row.get("to")).get("data"))), None
    )
    own = by is not None and by == account.id
    written = lists.at(row)
    message = lists.lean(
        mid=row.get("id"),
        text=row.get("message") or None,
        attachments=[*_files(row)],
        is_echo=True if own else None,
    )
    item = lists.lean(
        sender={"id": by},
        recipient={"id": to or (None if own else account.id)},
        timestamp=int(written.timestamp() * 1000) if written else None,
        message=message,
    )
    yield from read(platform, reader, Entry(account.id, written), item)


# What a list calls a file -> what a webhook does.
_KINDS = (("image_data", "image"), ("video_data", "video"))


def _files(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for one in map(mapping, items(mapping(row.get("attachments")).get("data"))):
        told = [(mapping(one.get(name)).get("url"), kind) for name, kind in _KINDS]
        told.append((one.get("file_url"), "file"))
        kind = "audio" if (text(one.get("mime_type")) or "").startswith("audio/") else None
        for url, named in told:
            if url:
                yield {"type": kind or named, "payload": {"url": url}}
                break
    if sticker := row.get("sticker"):
        yield {"type": "image", "payload": {"url": sticker}}
