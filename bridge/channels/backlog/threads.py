"""The replies under the newest posts of a Threads profile, and the posts that mention it.

Mentions need the permission `threads_manage_mentions`. Of a mention neither the thread nor what it
answers can be asked for: asked for them, Threads stumbles (seen 2026-10).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.channels import threads
from bridge.channels.backlog import lists
from bridge.channels.base import Account, Calls, Recent
from bridge.channels.envelope import Entry
from bridge.core.model import Connection, Message
from bridge.core.untrusted import flag, ident, mapping

POST = "id,timestamp,has_replies,permalink,username"
MENTION = "id,text,username,permalink,media_type,media_url,timestamp"
REPLY = f"{MENTION},root_post,replied_to"
POSTS = "10"  # newest ones whose replies are read, each by a call


def replies(connection: Connection, account: Account, since: datetime) -> Calls[Recent]:
    """The replies under the newest posts: one call, and one for each post that has any."""
    posts = yield from lists.rows(connection, account, "me", "threads", fields=POST, limit=POSTS)
    found: list[Message] = []
    complete = True
    for post in posts:
        post_id = ident(post.get("id"))
        if post_id is None or not flag(post.get("has_replies")):
            continue
        params = {"fields": REPLY, "reverse": "true", "limit": "50"}  # newest first
        said, whole = yield from lists.since(
            connection, account, (post_id, "conversation"), params, since
        )
        complete = complete and whole
        for reply in said:
            root = lists.lean(id=post_id, owner_id=account.id, username=post.get("username"))
            found += _told("moderate", "replies", account, {**reply, "root_post": root})
    return Recent(tuple(found), complete)


def mentions(connection: Connection, account: Account, since: datetime) -> Calls[Recent]:
    """The posts of others that mention the profile. One call, where there are few."""
    params = {"fields": MENTION, "limit": "25"}
    said, complete = yield from lists.since(connection, account, ("me", "mentions"), params, since)
    found = [one for post in said for one in _told("interaction", "mentions", account, post)]
    return Recent(tuple(found), complete)


def _told(topic: str, field: str, account: Account, value: Mapping[str, Any]) -> list[Message]:
    body = {
        "topic": topic,
        "target_id": account.id,
        "values": {"field": field, "value": mapping(value)},
    }
    return threads.envelope(Entry(account.id, lists.at(value)), body)
