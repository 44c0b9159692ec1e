"""A Threads profile: posts with replies at any depth, and the flat webhooks that tell of them.

Only the body of `replies` is documented; those of `mentions` and `delete` are made after it. Source: facts
collected from Meta's Threads pages, read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridge.sandbox.clock import graph_stamp
from bridge.sandbox.ground import BRAND, Ground, Person
from bridge.sandbox.meta_hooks import Event, MetaHooks
from bridge.sandbox.said import Comment, Post, find_comment, find_post, named, shown_post
from bridge.sandbox.wires import THREADS_APP_ID, THREADS_ID, USERNAME


@dataclass(slots=True)
class Container:
    """Words that wait to be published; they do so for a day."""

    id: str
    text: str
    parent: Comment | Post | None
    at: float
    published: str | None = None


class Threads:
    """The profile's state. Every change is recorded, and told by webhook where Threads tells it."""

    def __init__(self, ground: Ground, meta: MetaHooks) -> None:
        self.ground, self.meta = ground, meta
        self.clear()

    def clear(self) -> None:
        self.posts: dict[str, Post] = {}
        self.replies: dict[str, Comment] = {}
        self.containers: dict[str, Container] = {}

    def post(self, text: str, author: Person | None = None, copies: int = 1) -> Post:
        """The brand posts; or somebody else does, and mentions it."""
        identity = self._id()
        username = author.username if author else USERNAME
        link = f"https://www.threads.net/@{username}/post/{identity[-9:]}"
        by = "customer" if author else "staff"
        post = Post(identity, "", author, by, text, self._now(), link)
        self.posts[identity] = post
        self._record("mention" if author else "post", by, text, id=identity, post_id=identity, person=named(author))  # fmt: skip
        if author:
            self._tell("interaction", "mentions", self._value(post, None, None), copies)
        return post

    def find_post(self, identity: str | None) -> Post:
        return find_post(self.posts, identity)

    def find(self, identity: str) -> Comment:
        return find_comment(self.replies, identity, "reply")

    def reply(
        self,
        post: Post,
        parent: Comment | None,
        author: Person | None,
        by: str,
        text: str,
        ago: float = 0.0,
        copies: int = 1,
    ) -> Comment:
        reply = Comment(self._id(), post, author, by, text, self._now() - ago, parent)
        self.replies[reply.id] = reply
        (parent.replies if parent else post.comments).append(reply)
        self._record(
            "comment", by, text, id=reply.id, post_id=post.id,
            parent_id=parent.id if parent else None, person=named(author),
        )  # fmt: skip
        if post.author is None:
            self._tell("moderate", "replies", self._value(reply, parent or post, post), copies)
        return reply

    def remove(self, reply: Comment, by: str, copies: int = 1) -> None:
        """Take one reply away; what answers it stays."""
        reply.removed = True
        self._record("comment_removed", by, reply.text, id=reply.id, post_id=reply.post.id)
        self._tell("moderate", "delete", {"id": reply.id}, copies)

    def hide(self, reply: Comment, hidden: bool, by: str) -> None:
        if reply.hidden != hidden:
            reply.hidden = hidden
            what = "comment_hidden" if hidden else "comment_unhidden"
            self._record(what, by, reply.text, id=reply.id, post_id=reply.post.id)

    def like(self, reply: Comment, person: Person) -> None:
        reply.likes += 1
        self._record(
            "like", "customer", None, id=reply.id, post_id=reply.post.id, person=person.name
        )

    def contain(self, text: str, parent: Comment | Post | None) -> Container:
        container = Container(self._id(), text, parent, self._now())
        self.containers[container.id] = container
        return container

    # --- what is told ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.ground.clock.now()

    def _id(self) -> str:
        return f"179{self.ground.number():014d}"

    def _record(self, what: str, by: str, text: str | None, **facts: Any) -> None:
        self.ground.record.add("meta", what, by, text, **facts, channel="threads")

    def _value(
        self, said: Comment | Post, above: Comment | Post | None, root: Post | None
    ) -> dict[str, Any]:
        username = said.author.username if said.author else USERNAME
        code = said.id[-9:]
        value: dict[str, Any] = {
            "id": said.id, "username": username, "text": said.text, "media_type": "TEXT_POST",
            "permalink": f"https://www.threads.net/@{username}/post/{code}",
        }  # fmt: skip
        if above is not None and root is not None:
            value["replied_to"] = {"id": above.id}
            value["root_post"] = {"id": root.id, "owner_id": THREADS_ID, "username": USERNAME}
        return {**value, "shortcode": code, "timestamp": graph_stamp(said.at)}

    def _tell(self, topic: str, field: str, value: dict[str, Any], copies: int) -> None:
        body = {
            "app_id": THREADS_APP_ID, "topic": topic, "target_id": THREADS_ID,
            "time": int(self._now()), "subscription_id": "234567", "has_uid_field": False,
            "values": {"value": value, "field": field},
        }  # fmt: skip
        event = Event("threads", THREADS_ID, "flat", body, self._now(), "threads")
        self.meta.tell(event, copies)

    # --- what the page of the sandbox draws --------------------------------------------------------

    def who(self, person: Person | None) -> dict[str, Any]:
        """Threads names people by their username and gives no id."""
        if person is None:
            return {"id": USERNAME, "name": BRAND, "username": USERNAME}
        return {"id": person.username, "name": person.name, "username": person.username}

    def show(self) -> dict[str, Any]:
        return {
            "account": {"id": THREADS_ID, "name": BRAND, "username": USERNAME},
            "posts": [shown_post(post, self.who) for post in reversed(self.posts.values())],
        }
