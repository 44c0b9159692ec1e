"""What stands on a platform: posts, comments, private chats. The same shapes on all of Meta's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.clock import stamp
from bridge.sandbox.ground import Person
from bridge.sandbox.http import NotFound

DAY = 86400.0
Who = Callable[
    [Person | None], dict[str, Any]
]  # an author as the state shows it; None is the brand


@dataclass(slots=True)
class Comment:
    """A comment; `parent` is what it answers. Facebook and Instagram show two levels."""

    id: str
    post: Post
    author: Person | None  # None is the brand
    by: str
    text: str
    at: float
    parent: Comment | None = None
    image: str | None = None
    edited: bool = False
    hidden: bool = False
    removed: bool = False
    likes: int = 0
    private_reply: bool = False
    replies: list[Comment] = field(default_factory=list)


@dataclass(slots=True)
class Post:
    id: str
    prefix: str  # of its comments' ids on Facebook; for photos it is not the second part of the post's id
    author: Person | None
    by: str
    text: str
    at: float
    permalink: str
    image: str | None = None
    live: str = ""  # a broadcast that is on, or over
    hidden: bool = False
    removed: bool = False
    private_reply: bool = False
    comments: list[Comment] = field(default_factory=list)


@dataclass(slots=True)
class DirectMessage:
    id: str
    by: str
    text: str | None
    at: float
    attachments: list[dict[str, Any]] = field(default_factory=list)
    removed: bool = False
    edited: bool = False
    edits: int = 0
    tag: str | None = None
    reply_to: str | None = None
    private_reply_to: str | None = None


@dataclass(slots=True)
class Chat:
    """One person's thread with the brand. `heard` is when the person last wrote, None is never."""

    person: Person
    heard: float | None = None
    blocked: bool = False
    messages: list[DirectMessage] = field(default_factory=list)

    def window(self, now: float) -> str:
        if self.heard is None or now - self.heard > 7 * DAY:
            return "closed"
        return "open" if now - self.heard <= DAY else "human"


def find_post(posts: Mapping[str, Post], identity: str | None) -> Post:
    """The post *identity*; without one, the last that the brand made. Raises NotFound."""
    standing = [one for one in posts.values() if one.by == "staff" and not one.removed]
    if identity is None and standing:
        return standing[-1]
    post = posts.get(identity or "")
    if post is None or post.removed:
        raise NotFound(f"there is no post {identity}")
    return post


def find_comment(comments: Mapping[str, Comment], identity: str, what: str = "comment") -> Comment:
    """The comment *identity*, which people call *what*. Raises NotFound."""
    comment = comments.get(identity)
    if comment is None or comment.removed:
        raise NotFound(f"there is no {what} {identity}")
    return comment


def shown_post(post: Post, who: Who) -> dict[str, Any]:
    return {
        "id": post.id, "text": post.text, "author": who(post.author), "by": post.by,
        "at": stamp(post.at), "permalink": post.permalink, "image": post.image,
        "hidden": post.hidden, "removed": post.removed,
        "comments": [shown_comment(comment, who) for comment in post.comments],
    }  # fmt: skip


def shown_comment(comment: Comment, who: Who) -> dict[str, Any]:
    return {
        "id": comment.id, "parent_id": comment.parent.id if comment.parent else None,
        "author": who(comment.author), "by": comment.by, "text": comment.text,
        "at": stamp(comment.at), "edited": comment.edited, "hidden": comment.hidden,
        "removed": comment.removed, "likes": comment.likes, "image": comment.image,
        "private_reply": comment.private_reply,
        "replies": [shown_comment(reply, who) for reply in comment.replies],
    }  # fmt: skip


def shown_message(message: DirectMessage, author: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": message.id, "by": message.by, "text": message.text, "at": stamp(message.at),
        "author": author, "edited": message.edited, "removed": message.removed,
        "reply_to": message.reply_to, "tag": message.tag,
        "private_reply_to": message.private_reply_to,
        "attachments": [
            {"type": one["type"], "url": one.get("payload", {}).get("url"), "name": one.get("name")}
            for one in message.attachments
        ],
    }  # fmt: skip


def named(person: Person | None) -> str | None:
    return person.name if person else None
