"""A Facebook Page: what stands on it, and the webhooks that tell of it. Its Messenger is an Inbox."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from bridge.sandbox.clock import graph_stamp, stamp
from bridge.sandbox.ground import BRAND, Ground, Person
from bridge.sandbox.inbox import Inbox, Platform
from bridge.sandbox.meta_hooks import Event, MetaHooks, Subscription
from bridge.sandbox.said import Comment, Post, find_comment, find_post, named, shown_post
from bridge.sandbox.wires import PAGE_ID

FIELDS = (
    "feed", "mention", "message_echoes", "message_edits", "message_reactions", "message_reads", "messages",
    "messaging_handovers", "messaging_postbacks", "messaging_referrals", "ratings", "standby",
)  # fmt: skip
MESSENGER = Platform(
    channel="messenger", object="page", account=PAGE_ID, limit=2000, measure=len, closed=2018278,
    inbox=263902037430900, mid="m_", id_of=lambda person: person.facebook_id, watermark=True,
)  # fmt: skip


class Page:
    """The Page's state. Every change is recorded, and told by webhook where Meta tells it."""

    def __init__(self, ground: Ground, meta: MetaHooks) -> None:
        self.ground, self.meta = ground, meta
        self.subscription = Subscription(FIELDS)
        self.inbox = Inbox(ground, meta, MESSENGER, self.who, self.subscription.hears)
        self.clear()

    def clear(self) -> None:
        self.posts: dict[str, Post] = {}
        self.comments: dict[str, Comment] = {}
        self.inbox.chats.clear()
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
        link = f"https://www.facebook.com/{PAGE_ID}/posts/{number}"
        post = Post(f"{PAGE_ID}_{number}", prefix, author, by, text, self._now(), link, image)
        self.posts[post.id] = post
        self._record("post", by, text, id=post.id, post_id=post.id, person=named(author))
        value = {
            "from": self.who(author), "message": text, "post_id": post.id, "created_time": int(post.at),
            "item": "post" if author else ("photo" if image else "status"), "published": 1, "verb": "add",
        }  # fmt: skip
        if image:
            value["link"] = image
        self._feed(value, copies)
        return post

    def find_post(self, identity: str | None) -> Post:
        return find_post(self.posts, identity)

    def find_comment(self, identity: str) -> Comment:
        return find_comment(self.comments, identity)

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
            {"from": self.who(post.author), "post_id": post.id, "item": "post", "verb": "remove",
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
            {"from": self.who(person), "item": "reaction", "verb": "add", "reaction_type": "like",
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
        self._tell({"value": value, "field": "mention"}, copies)
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
        self._tell({"field": "ratings", "value": value}, copies)
        return identity

    # --- what is told ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.ground.clock.now()

    def _record(self, what: str, by: str, text: str | None, **facts: Any) -> None:
        self.ground.record.add("meta", what, by, text, **facts, channel="facebook")

    def who(self, author: Person | None) -> dict[str, str]:
        if author is None:
            return {"id": PAGE_ID, "name": BRAND}
        return {"id": author.facebook_id, "name": author.name}

    def _comment_value(self, comment: Comment, verb: str, actor: Person | None) -> dict[str, Any]:
        post = comment.post
        value: dict[str, Any] = {
            "from": self.who(actor),
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
        self._tell({"value": value, "field": "feed"}, copies)

    def _tell(self, change: dict[str, Any], copies: int) -> None:
        if self.subscription.hears(change["field"]):
            self.meta.tell(Event("page", PAGE_ID, "changes", change, self._now()), copies)

    # --- what the page of the sandbox draws --------------------------------------------------------

    def show(self) -> dict[str, Any]:
        return {
            "page": {"id": PAGE_ID, "name": BRAND},
            "posts": [shown_post(post, self.who) for post in reversed(self.posts.values())],
            "reviews": self.reviews,
            "mentions": self.mentions,
        }
