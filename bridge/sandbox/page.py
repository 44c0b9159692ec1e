"""A Facebook Page with its Messenger: what stands on it, and the webhooks that tell of it."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.clock import graph_stamp, stamp
from bridge.sandbox.ground import BRAND, Ground, Person
from bridge.sandbox.hooks import MANNERS, Delivery, Hooks
from bridge.sandbox.http import NotFound
from bridge.sandbox.wires import APP_ID, APP_SECRET, PAGE_ID

DAY = 86400.0
INBOX_APP = 263902037430900  # the Page's own inbox, as the sender of an echo


@dataclass(slots=True)
class Comment:
    """A comment; `parent` is the root comment of a reply. Facebook shows two levels."""

    id: str
    post: Post
    author: Person | None  # None is the Page
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
    prefix: str  # of its comments' ids; for photos it is not the second part of the post's id
    author: Person | None
    by: str
    text: str
    at: float
    image: str | None = None
    hidden: bool = False
    removed: bool = False
    private_reply: bool = False
    comments: list[Comment] = field(default_factory=list)

    @property
    def permalink(self) -> str:
        return f"https://www.facebook.com/{PAGE_ID}/posts/{self.id.partition('_')[2]}"


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
    """One person's thread with the Page. `heard` is when the person last wrote, None is never."""

    person: Person
    heard: float | None = None
    blocked: bool = False
    messages: list[DirectMessage] = field(default_factory=list)

    def window(self, now: float) -> str:
        if self.heard is None or now - self.heard > 7 * DAY:
            return "closed"
        return "open" if now - self.heard <= DAY else "human"


@dataclass(slots=True)
class Event:
    """One item of a webhook: `where` is changes or messaging."""

    where: str
    item: dict[str, Any]
    at: float


class Page:
    """The Page's state. Every change is recorded, and told by webhook where Meta tells it."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.hook_url: str | None = None
        self.secret = APP_SECRET
        self.verified: bool | None = None
        self.subscribed: set[str] | None = None  # webhook fields; None is all of them
        self.hooks = Hooks(
            "meta", MANNERS["meta"], self._pack, ground.clock, ground.record, ground.sender
        )
        self.clear()

    def clear(self) -> None:
        self.posts: dict[str, Post] = {}
        self.comments: dict[str, Comment] = {}
        self.chats: dict[str, Chat] = {}
        self.reviews: list[dict[str, Any]] = []
        self.mentions: list[dict[str, Any]] = []
        self._post_numbers: Iterator[int] = itertools.count(self.ground.number() * 10)

    # --- posts and comments ------------------------------------------------------------------------

    def post(
        self, text: str, author: Person | None = None, image: str | None = None, copies: int = 1
    ) -> Post:
        number = next(self._post_numbers)
        prefix = str(next(self._post_numbers)) if image else str(number)
        by = "customer" if author else "staff"
        post = Post(f"{PAGE_ID}_{number}", prefix, author, by, text, self._now(), image)
        self.posts[post.id] = post
        self._record("post", by, text, id=post.id, post_id=post.id, person=named(author))
        value = {
            "from": self._from(author), "message": text, "post_id": post.id, "created_time": int(post.at),
            "item": "post" if author else ("photo" if image else "status"), "published": 1, "verb": "add",
        }  # fmt: skip
        if image:
            value["link"] = image
        self._feed(value, copies)
        return post

    def find_post(self, identity: str | None) -> Post:
        if identity is None:
            standing = [
                post for post in self.posts.values() if post.by == "staff" and not post.removed
            ]
            if standing:
                return standing[-1]
        post = self.posts.get(identity or "")
        if post is None or post.removed:
            raise NotFound(f"there is no post {identity}")
        return post

    def find_comment(self, identity: str) -> Comment:
        comment = self.comments.get(identity)
        if comment is None or comment.removed:
            raise NotFound(f"there is no comment {identity}")
        return comment

    def comment(
        self,
        post: Post,
        parent: Comment | None,
        author: Person | None,
        by: str,
        text: str,
        image: str | None = None,
        ago: float = 0.0,
        anonymous: bool = False,
        copies: int = 1,
    ) -> Comment:
        """Put a comment there; a reply to a reply goes under the root."""
        root = parent.parent or parent if parent else None
        identity = f"{post.prefix}_{self.ground.number()}"
        comment = Comment(identity, post, author, by, text, self._now() - ago, root, image)
        self.comments[identity] = comment
        (root.replies if root else post.comments).append(comment)
        self._record(
            "comment", by, text, id=identity, post_id=post.id, parent_id=root.id if root else None,
            person=named(author),
        )  # fmt: skip
        value = self._comment_value(comment, "add", author)
        if anonymous:
            del value["from"]
        self._feed(value, copies)
        return comment

    def edit(self, comment: Comment, text: str, by: str, copies: int = 1) -> None:
        comment.text, comment.edited = text, True
        self._record("comment_edited", by, text, id=comment.id, post_id=comment.post.id)
        self._feed(self._comment_value(comment, "edited", comment.author), copies)

    def remove(self, comment: Comment, by: str, copies: int = 1) -> None:
        """Take it away, and the replies with it."""
        for gone in (comment, *comment.replies):
            gone.removed = True
        self._record("comment_removed", by, comment.text, id=comment.id, post_id=comment.post.id)
        actor = comment.author if by == "customer" else None
        value = self._comment_value(comment, "remove", actor)
        for key in ("message", "created_time", "post"):
            value.pop(key, None)
        self._feed(value, copies)

    def remove_post(self, post: Post, by: str) -> None:
        post.removed = True
        for comment in post.comments:
            for gone in (comment, *comment.replies):
                gone.removed = True
        self._record("post_removed", by, post.text, id=post.id, post_id=post.id)
        self._feed(
            {"from": self._from(post.author), "post_id": post.id, "item": "post", "verb": "remove",
             "created_time": int(self._now())}, 1
        )  # fmt: skip

    def hide(self, comment: Comment, hidden: bool, by: str) -> None:
        if comment.hidden == hidden:
            return
        comment.hidden = hidden
        what = "comment_hidden" if hidden else "comment_unhidden"
        self._record(what, by, comment.text, id=comment.id, post_id=comment.post.id)
        value = self._comment_value(comment, "hide" if hidden else "unhide", None)
        value["created_time"] = int(self._now())
        self._feed(value, 1)

    def like(self, comment: Comment, person: Person, copies: int = 1) -> None:
        comment.likes += 1
        self._record(
            "like", "customer", None, id=comment.id, post_id=comment.post.id, person=person.name
        )
        self._feed(
            {"from": self._from(person), "item": "reaction", "verb": "add", "reaction_type": "like",
             "post_id": comment.post.id, "comment_id": comment.id, "parent_id": comment.post.id,
             "created_time": int(self._now())}, copies
        )  # fmt: skip

    def mention(self, text: str, copies: int = 1) -> str:
        """Somebody names the Page elsewhere. Meta does not say who."""
        identity = f"{self.ground.number()}_{self.ground.number()}"
        self.mentions.append({"id": identity, "text": text, "at": stamp(self._now())})
        self._record("mention", "customer", text, id=identity)
        value = {
            "message": text, "post_id": identity, "created_time": int(self._now()), "item": "post",
            "verb": "add",
        }  # fmt: skip
        self._tell("changes", {"value": value, "field": "mention"}, copies)
        return identity

    def review(self, text: str, person: Person, recommends: bool, copies: int = 1) -> str:
        identity = str(self.ground.number())
        now = self._now()
        self.reviews.append(
            {"id": identity, "author": {"id": person.facebook_id, "name": person.name}, "text": text,
             "recommends": recommends, "at": stamp(now)}
        )  # fmt: skip
        self._record(
            "review", "customer", text, id=identity, person=person.name, recommends=recommends
        )
        value = {
            "item": "rating", "verb": "add", "open_graph_story_id": int(identity),
            "reviewer_id": int(person.facebook_id), "reviewer_name": person.name, "review_text": text,
            "recommendation_type": "POSITIVE" if recommends else "NEGATIVE", "comment_id": None,
            "created_time": int(now),
        }  # fmt: skip
        self._tell("changes", {"field": "ratings", "value": value}, copies)
        return identity

    # --- Messenger ---------------------------------------------------------------------------------

    def chat(self, person: Person) -> Chat:
        return self.chats.setdefault(person.facebook_id, Chat(person))

    def hear(
        self,
        person: Person,
        text: str | None,
        attachments: Sequence[dict[str, Any]] = (),
        ago: float = 0.0,
        reply_to: str | None = None,
        copies: int = 1,
    ) -> DirectMessage:
        """The person writes to the Page; that opens the window."""
        chat = self.chat(person)
        at = self._now() - ago
        message = DirectMessage(
            self._mid(), "customer", text, at, list(attachments), reply_to=reply_to
        )
        chat.messages.append(message)
        chat.heard = max(chat.heard or 0.0, at)
        self._record_message(message, person)
        item: dict[str, Any] = {"mid": message.id}
        if text is not None:
            item["text"] = text
        if reply_to is not None:
            item["reply_to"] = {"mid": reply_to}
        if attachments:
            item["attachments"] = list(attachments)
        self._message(person, False, item, copies, at)
        return message

    def say(
        self,
        person: Person,
        by: str,
        text: str | None,
        attachments: Sequence[dict[str, Any]] = (),
        tag: str | None = None,
        metadata: str | None = None,
        private_reply_to: str | None = None,
        reply_to: str | None = None,
    ) -> DirectMessage:
        """The Page writes to the person; an echo tells whoever listens."""
        message = DirectMessage(
            self._mid(), by, text, self._now(), list(attachments), tag=tag,
            private_reply_to=private_reply_to, reply_to=reply_to,
        )  # fmt: skip
        self.chat(person).messages.append(message)
        self._record_message(message, person, tag=tag, metadata=metadata)
        item: dict[str, Any] = {
            "mid": message.id, "is_echo": True, "app_id": int(APP_ID) if by == "bridge" else INBOX_APP,
        }  # fmt: skip
        if metadata is not None:
            item["metadata"] = metadata
        if text is not None:
            item["text"] = text
        if attachments:
            item["attachments"] = list(attachments)
        self._message(person, True, item, 1, message.at)
        return message

    def find_message(self, person_id: str, mid: str) -> tuple[Chat, DirectMessage]:
        chat = self.chats.get(person_id)
        for message in chat.messages if chat else ():
            if message.id == mid and chat and not message.removed:
                return chat, message
        raise NotFound(f"there is no message {mid} in the chat {person_id}")

    def edit_message(self, chat: Chat, message: DirectMessage, text: str, copies: int = 1) -> None:
        message.text, message.edited, message.edits = text, True, message.edits + 1
        self._record(
            "message_edited", "customer", text, id=message.id, chat=chat.person.facebook_id,
            channel="messenger",
        )  # fmt: skip
        edit = {"mid": message.id, "text": text, "num_edit": message.edits}
        self._messaging(chat.person, False, {"message_edit": edit}, copies)

    def unsend(self, chat: Chat, message: DirectMessage, copies: int = 1) -> None:
        message.removed = True
        self._record(
            "message_removed", "customer", message.text, id=message.id, chat=chat.person.facebook_id,
            channel="messenger",
        )  # fmt: skip
        self._message(chat.person, False, {"mid": message.id, "is_deleted": True}, copies)

    def block(self, person: Person, blocked: bool) -> None:
        self.chat(person).blocked = blocked
        what = "blocked" if blocked else "unblocked"
        self._record(
            what,
            "customer",
            None,
            id=person.facebook_id,
            chat=person.facebook_id,
            channel="messenger",
        )

    # --- what is told ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.ground.clock.now()

    def _mid(self) -> str:
        return f"m_{hashlib.sha256(str(self.ground.number()).encode()).hexdigest()[:43]}"

    def _record(self, what: str, by: str, text: str | None, **facts: Any) -> None:
        self.ground.record.add("meta", what, by, text, **facts)

    def _record_message(self, message: DirectMessage, person: Person, **facts: Any) -> None:
        self._record(
            "message", message.by, message.text, id=message.id, chat=person.facebook_id,
            channel="messenger", person=person.name, **facts,
        )  # fmt: skip

    def _from(self, author: Person | None) -> dict[str, str]:
        if author is None:
            return {"id": PAGE_ID, "name": BRAND}
        return {"id": author.facebook_id, "name": author.name}

    def _comment_value(self, comment: Comment, verb: str, actor: Person | None) -> dict[str, Any]:
        post = comment.post
        value: dict[str, Any] = {
            "from": self._from(actor),
            "post": {
                "status_type": "added_photos" if post.image else "mobile_status_update",
                "is_published": True, "updated_time": graph_stamp(self._now()),
                "permalink_url": post.permalink, "promotion_status": "inactive", "id": post.id,
            },
            "message": comment.text, "post_id": post.id, "comment_id": comment.id,
            "created_time": int(comment.at), "item": "comment",
            "parent_id": comment.parent.id if comment.parent else post.id, "verb": verb,
        }  # fmt: skip
        if comment.image:
            value["photo"] = comment.image
            if not comment.text:
                del value["message"]
        return value

    def _feed(self, value: dict[str, Any], copies: int) -> None:
        self._tell("changes", {"value": value, "field": "feed"}, copies)

    def _message(
        self,
        person: Person,
        echo: bool,
        message: dict[str, Any],
        copies: int,
        at: float | None = None,
    ) -> None:
        self._messaging(person, echo, {"message": message}, copies, at)

    def _messaging(
        self, person: Person, echo: bool, what: dict[str, Any], copies: int, at: float | None = None
    ) -> None:
        us, them = {"id": PAGE_ID}, {"id": person.facebook_id}
        item = {
            "sender": us if echo else them, "recipient": them if echo else us,
            "timestamp": int((at if at is not None else self._now()) * 1000), **what,
        }  # fmt: skip
        self._tell("messaging", item, copies)

    def _tell(self, where: str, item: dict[str, Any], copies: int) -> None:
        if self.subscribed is None or field_of(where, item) in self.subscribed:
            self.hooks.push([Event(where, item, self._now())], copies)

    def _pack(self, events: Sequence[Event]) -> Delivery:
        entries: list[dict[str, Any]] = []
        for event in events:
            if not entries or event.where not in entries[-1]:
                scale = 1000 if event.where == "messaging" else 1
                entries.append({"id": PAGE_ID, "time": int(event.at * scale), event.where: []})
            entries[-1][event.where].append(event.item)
        kind = events[0].where if len(events) == 1 else "batch"
        if kind == "changes":
            kind = events[0].item["field"]
        # json escapes non-ASCII as backslash-u with lower-case hex, which is what Meta signs.
        body = json.dumps({"object": "page", "entry": entries}).encode()
        return Delivery(kind, body, lambda: self.hook_url, self.headers, len(events))

    def headers(self, body: bytes) -> dict[str, str]:
        key = self.secret.encode()
        return {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature": f"sha1={hmac.new(key, body, 'sha1').hexdigest()}",
            "X-Hub-Signature-256": f"sha256={hmac.new(key, body, 'sha256').hexdigest()}",
        }

    # --- what the page of the sandbox draws --------------------------------------------------------

    def show(self) -> dict[str, Any]:
        return {
            "page": {"id": PAGE_ID, "name": BRAND},
            "posts": [self._show_post(post) for post in reversed(self.posts.values())],
            "reviews": self.reviews,
            "mentions": self.mentions,
        }

    def _show_post(self, post: Post) -> dict[str, Any]:
        return {
            "id": post.id, "text": post.text, "author": self._from(post.author), "by": post.by,
            "at": stamp(post.at), "permalink": post.permalink, "image": post.image,
            "hidden": post.hidden, "removed": post.removed,
            "comments": [self._show_comment(comment) for comment in post.comments],
        }  # fmt: skip

    def _show_comment(self, comment: Comment) -> dict[str, Any]:
        return {
            "id": comment.id, "parent_id": comment.parent.id if comment.parent else None,
            "author": self._from(comment.author), "by": comment.by, "text": comment.text,
            "at": stamp(comment.at), "edited": comment.edited, "hidden": comment.hidden,
            "removed": comment.removed, "likes": comment.likes, "image": comment.image,
            "private_reply": comment.private_reply,
            "replies": [self._show_comment(reply) for reply in comment.replies],
        }  # fmt: skip

    def show_chats(self) -> list[dict[str, Any]]:
        now = self._now()
        return [
            {
                "person": {"id": chat.person.facebook_id, "name": chat.person.name},
                "window": chat.window(now), "blocked": chat.blocked,
                "messages": [self._show_message(chat, message) for message in chat.messages],
            }
            for chat in self.chats.values()
        ]  # fmt: skip

    def _show_message(self, chat: Chat, message: DirectMessage) -> dict[str, Any]:
        return {
            "id": message.id, "by": message.by, "text": message.text, "at": stamp(message.at),
            "author": self._from(chat.person if message.by == "customer" else None),
            "edited": message.edited, "removed": message.removed, "reply_to": message.reply_to,
            "tag": message.tag, "private_reply_to": message.private_reply_to,
            "attachments": [
                {"type": one["type"], "url": one.get("payload", {}).get("url"), "name": None}
                for one in message.attachments
            ],
        }  # fmt: skip


def named(person: Person | None) -> str | None:
    return person.name if person else None


def field_of(where: str, item: dict[str, Any]) -> str:
    """The subscription field that an item belongs to."""
    if where == "changes":
        return str(item["field"])
    if "message_edit" in item:
        return "message_edits"
    return "message_echoes" if item.get("message", {}).get("is_echo") else "messages"
