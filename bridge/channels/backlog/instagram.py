"""What stands under the newest media of an Instagram account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.channels import instagram
from bridge.channels.backlog import lists
from bridge.channels.base import Account, Calls, Recent
from bridge.channels.envelope import Entry, read
from bridge.core.model import Connection, Message
from bridge.core.untrusted import ident, items, mapping

SAID = "id,text,timestamp,from,username"
COMMENT = f"{SAID},replies.limit(50){{{SAID}}}"
MEDIA = "25"  # newest ones whose comments are read


def comments(connection: Connection, account: Account, since: datetime) -> Calls[Recent]:
    """The comments under the newest media, and their replies. One call, where little was said.

    A reply to a comment that is neither new nor among the newest 50 of its media is not seen.
    """
    fields = f"id,media_product_type,comments.limit(50){{{COMMENT}}}"
    listed = yield from lists.rows(
        connection, account, str(account.id), "media", fields=fields, limit=MEDIA
    )
    found: list[Message] = []
    complete = True
    for media in listed:
        media_id, begun = ident(media.get("id")), mapping(media.get("comments"))
        if media_id is None or not begun:
            continue
        params = {"fields": COMMENT, "limit": "50"}
        fresh, whole = yield from lists.since(
            connection, account, (media_id, "comments"), params, since, begun
        )
        complete = complete and whole
        # The first page is there anyway: new replies may stand under its old comments.
        shown = [*map(mapping, items(begun.get("data"))), *fresh]
        roots = {ident(one.get("id")): one for one in shown}
        for root in roots.values():
            for comment in (root, *_replies(root)):
                written = lists.at(comment)
                if written is None or written >= since:
                    found += _said(account, media, root, comment)
    # In which order replies are listed is not documented; ids grow.
    found.sort(key=lambda one: (len(one.external_id or ""), one.external_id or ""), reverse=True)
    return Recent(tuple(found), complete)


def _replies(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (mapping(one) for one in items(mapping(root.get("replies")).get("data")))


def _said(
    account: Account, media: Mapping[str, Any], root: Mapping[str, Any], comment: Mapping[str, Any]
) -> Iterator[Message]:
    author = mapping(comment.get("from")) or {"username": comment.get("username")}
    value = lists.lean(
        id=comment.get("id"),
        text=comment.get("text"),
        media=lists.lean(id=media.get("id"), media_product_type=media.get("media_product_type")),
        parent_id=root.get("id") if comment is not root else None,
        **{"from": lists.lean(**author)},
    )
    entry = Entry(account.id, lists.at(comment))
    yield from read(instagram.NAME, instagram.change, entry, {"field": "comments", "value": value})
