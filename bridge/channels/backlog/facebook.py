"""What stands under the newest posts of a Page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.channels.backlog import lists
from bridge.channels.base import Account, Calls, Recent
from bridge.channels.envelope import Entry, read
from bridge.channels.facebook import events
from bridge.core.model import Connection
from bridge.core.untrusted import ident, mapping

COMMENT = "id,from,message,created_time,parent{id},attachment"
POSTS = "25"  # newest posts whose comments are read
STREAM = {"filter": "stream", "order": "reverse_chronological"}  # replies among the comments


def comments(connection: Connection, account: Account, since: datetime) -> Calls[Recent]:
    """The comments under the newest posts, and visitors' posts. One call, where little was said."""
    how = "".join(f".{name}({value})" for name, value in STREAM.items())
    fields = (
        "id,from,message,created_time,permalink_url,full_picture,"
        f"comments{how}.limit(50){{{COMMENT}}}"
    )
    posts = yield from lists.rows(
        connection, account, str(account.id), "feed", fields=fields, limit=POSTS
    )
    values: list[Mapping[str, Any]] = []
    complete = True
    for post in posts:
        values += _as_post(post, since, account.id)
        post_id, begun = ident(post.get("id")), mapping(post.get("comments"))
        if post_id is None or not begun:
            continue  # nobody has commented
        params = {**STREAM, "fields": COMMENT, "limit": "50"}
        found, whole = yield from lists.since(
            connection, account, (post_id, "comments"), params, since, begun
        )
        complete = complete and whole
        values += [_as_comment(post, post_id, comment) for comment in found]
    entry = Entry(account.id, None)
    told = ({"field": "feed", "value": value} for value in values)
    said = (one for item in told for one in read(events.NAME, events.change, entry, item))
    return Recent(tuple(said), complete)


def _as_post(
    post: Mapping[str, Any], since: datetime, page: str | None
) -> Iterator[Mapping[str, Any]]:
    """A visitor's post as its webhook would tell it; nothing for an old one and the Page's own."""
    written = lists.at(post)
    by = ident(mapping(post.get("from")).get("id"))
    if written and written >= since and by not in (None, page):
        yield lists.lean(
            item="post",
            verb="add",
            post_id=post.get("id"),
            message=post.get("message"),
            created_time=lists.seconds(post),
            photo=post.get("full_picture"),
            post={"permalink_url": post.get("permalink_url"), "id": post.get("id")},
            **{"from": post.get("from")},
        )


def _as_comment(
    post: Mapping[str, Any], post_id: str, comment: Mapping[str, Any]
) -> Mapping[str, Any]:
    picture = mapping(mapping(mapping(comment.get("attachment")).get("media")).get("image"))
    return lists.lean(
        item="comment",
        verb="add",
        comment_id=comment.get("id"),
        post_id=post_id,
        parent_id=mapping(comment.get("parent")).get("id") or post_id,
        message=comment.get("message"),
        created_time=lists.seconds(comment),
        photo=picture.get("src"),
        post={"permalink_url": post.get("permalink_url"), "id": post_id},
        **{"from": comment.get("from")},
    )
