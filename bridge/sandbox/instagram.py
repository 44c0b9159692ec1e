"""An Instagram professional account: media with comments, mentions, messages, and what tells of them.

Connected through the Page (Facebook Login), or by itself (Instagram Login: its own token, secret and
signature; mentions then come as comments). Source: facts collected from Meta's pages, read 2026-11.
"""

from __future__ import annotations

from typing import Any

from bridge.sandbox.ground import BRAND, Ground, Person
from bridge.sandbox.http import NotFound
from bridge.sandbox.inbox import Inbox, Platform
from bridge.sandbox.meta_hooks import Event, MetaHooks, Subscription
from bridge.sandbox.said import Comment, Post, find_comment, named, shown_post
from bridge.sandbox.wires import INSTAGRAM_ID, USERNAME

FIELDS = (
    "comments", "live_comments", "mentions", "message_echoes", "message_edit", "message_reactions",
    "messages", "messaging_handover", "messaging_postbacks", "messaging_referral", "messaging_seen",
    "standby", "story_insights",
)  # fmt: skip
# The messaging fields are called otherwise than the Page's.
ALSO = {"message_edits": "message_edit", "message_reads": "messaging_seen"}
DIRECT = Platform(
    channel="instagram", object="instagram", account=INSTAGRAM_ID, limit=1000,
    measure=lambda text: len(text.encode()), closed=2534022, inbox=1217981644879628, mid="aWdf",
    id_of=lambda person: person.instagram_id, watermark=False,
)  # fmt: skip


class Instagram:
    """The account's state. Every change is recorded, and told by webhook where Instagram tells it."""

    def __init__(self, ground: Ground, meta: MetaHooks, page: Subscription) -> None:
        self.ground, self.meta, self.page = ground, meta, page
        self.subscription = Subscription(FIELDS)
        self.inbox = Inbox(
            ground, meta, DIRECT, self.who,
            lambda name: self.hears(ALSO.get(name, name)), self.product,
        )  # fmt: skip
        self.clear()

    def clear(self) -> None:
        self.posts: dict[str, Post] = {}  # by media id
        self.comments: dict[str, Comment] = {}
        self.mentions: dict[str, Comment | Post] = {}  # what others wrote under their own media
        self.inbox.chats.clear()

    def product(self) -> str:
        return "instagram" if self.ground.settings.instagram_login else "app"

    def hears(self, field: str) -> bool:
        """Whether the app is told: by the account's own subscription, or as long as the Page has one."""
        if self.ground.settings.instagram_login:
            return self.subscription.hears(field)
        return self.page.chosen != set()

    # --- media and comments ------------------------------------------------------------------------

    def post(self, text: str, image: str | None = None, live: str = "") -> Post:
        """The brand's media; Instagram tells nobody."""
        post = self._media(text, None, image, live)
        self.posts[post.id] = post
        self._record("post", "staff", text, id=post.id, post_id=post.id)
        return post

    def _media(self, text: str, author: Person | None, image: str | None, live: str = "") -> Post:
        identity = f"180{self.ground.number():014d}"
        by = "customer" if author else "staff"
        link = f"https://www.instagram.com/p/C{identity[-9:]}/"
        return Post(identity, "", author, by, text, self._now(), link, image, live)

    def find_post(self, identity: str | None, live: bool = False) -> Post:
        standing = [
            post
            for post in self.posts.values()
            if not post.removed and post.live == ("on" if live else "")
        ]
        if identity is None and standing:
            return standing[-1]
        post = self.posts.get(identity or "")
        if post not in standing:
            raise NotFound(f"there is no {'live' if live else ''} media {identity or ''}".rstrip())
        return post

    def find_comment(self, identity: str) -> Comment:
        return find_comment(self.comments, identity)

    def comment(
        self,
        post: Post,
        parent: Comment | None,
        author: Person | None,
        by: str,
        text: str,
        ago: float = 0.0,
        anonymous: bool = False,
        copies: int = 1,
        boosted: bool = False,
    ) -> Comment:
        """Put a comment there; a reply to a reply goes under the root."""
        root = parent.parent or parent if parent else None
        identity = f"178{self.ground.number():014d}"
        comment = Comment(identity, post, author, by, text, self._now() - ago, root)
        self.comments[identity] = comment
        (root.replies if root else post.comments).append(comment)
        self._record(
            "comment", by, text, id=identity, post_id=post.id, parent_id=root.id if root else None,
            person=named(author),
        )  # fmt: skip
        field = "live_comments" if post.live else "comments"
        value = self._value(comment)
        if anonymous:
            del value["from"]
        self._tell(field, value, copies)
        if boosted:
            advert = {"id": f"180{self.ground.number():014d}", "media_product_type": "AD",
                      "ad_id": str(self.ground.number()), "ad_title": "Autumn blend",
                      "original_media_id": post.id}  # fmt: skip
            self._tell(field, {**value, "media": advert}, copies)
        return comment

    def _value(self, comment: Comment) -> dict[str, Any]:
        kind = "LIVE" if comment.post.live else "FEED"
        author = comment.author
        value: dict[str, Any] = {
            "from": {
                "id": author.instagram_id if author else INSTAGRAM_ID,
                "username": author.username if author else USERNAME,
            },
            "media": {"id": comment.post.id, "media_product_type": kind},
            "id": comment.id,
            "text": comment.text,
        }
        if comment.parent:
            value["parent_id"] = comment.parent.id
        return value

    def remove(self, comment: Comment, by: str) -> None:
        """Take it away, and the replies with it; Instagram tells nobody."""
        for gone in (comment, *comment.replies):
            gone.removed = True
        self._record("comment_removed", by, comment.text, id=comment.id, post_id=comment.post.id)

    def hide(self, comment: Comment, hidden: bool, by: str) -> None:
        if comment.hidden != hidden:
            comment.hidden = hidden
            what = "comment_hidden" if hidden else "comment_unhidden"
            self._record(what, by, comment.text, id=comment.id, post_id=comment.post.id)

    def like(self, comment: Comment, person: Person) -> None:
        comment.likes += 1
        self._record(
            "like", "customer", None, id=comment.id, post_id=comment.post.id, person=person.name
        )

    def broadcast(self, on: bool) -> Post | None:
        """Go live, or end it: the comments then have nobody to answer them any more."""
        if on:
            return self.post("We are live!", live="on")
        for post in self.posts.values():
            if post.live:
                post.live = "over"
        self.ground.record.touch()
        return None

    def over(self, comment: Comment) -> bool:
        """Whether a live comment's broadcast has ended."""
        return comment.post.live == "over"

    def mention(self, text: str, person: Person, comment: bool, copies: int = 1) -> str:
        """Somebody names the account under media of their own: only ids are told."""
        media = self._media("Look at this" if comment else text, person, None)
        value, identity = {"media_id": media.id}, media.id
        self.mentions[media.id] = media
        if comment:
            said = Comment(f"178{self.ground.number():014d}", media, person, "customer", text, self._now())  # fmt: skip
            self.mentions[said.id] = said
            media.comments.append(said)
            identity = said.id
            value = {"comment_id": said.id, "media_id": media.id}
        self._record("mention", "customer", text, id=identity, person=person.name)
        if self.ground.settings.instagram_login:
            author = {"id": person.instagram_id, "username": person.username}
            shown = {"id": media.id, "media_product_type": "FEED"}
            told = {"from": author, "media": shown, "id": identity, "text": text}
            self._tell("comments", told, copies)
        else:
            self._tell("mentions", value, copies)
        return identity

    def answer_mention(self, under: Comment | Post, text: str) -> Comment:
        """The account comments where it was mentioned."""
        media = under.post if isinstance(under, Comment) else under
        root = under if isinstance(under, Comment) else None
        said = Comment(f"178{self.ground.number():014d}", media, None, "bridge", text, self._now(), root)  # fmt: skip
        (root.replies if root else media.comments).append(said)
        self.mentions[said.id] = said
        self._record(
            "comment", "bridge", text, id=said.id, post_id=media.id, parent_id=under.id, person=None
        )
        return said

    # --- what is told ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.ground.clock.now()

    def _record(self, what: str, by: str, text: str | None, **facts: Any) -> None:
        self.ground.record.add("meta", what, by, text, **facts, channel="instagram")

    def who(self, person: Person | None) -> dict[str, Any]:
        if person is None:
            return {"id": INSTAGRAM_ID, "name": BRAND, "username": USERNAME}
        return {"id": person.instagram_id, "name": person.name, "username": person.username}

    def _tell(self, field: str, value: dict[str, Any], copies: int) -> None:
        if self.hears(field):
            item = {"value": value, "field": field}
            event = Event("instagram", INSTAGRAM_ID, "changes", item, self._now(), self.product())
            self.meta.tell(event, copies)

    # --- what the page of the sandbox draws --------------------------------------------------------

    def show(self) -> dict[str, Any]:
        elsewhere = [one for one in self.mentions.values() if isinstance(one, Post)]
        return {
            "account": {"id": INSTAGRAM_ID, "name": BRAND, "username": USERNAME},
            "posts": [shown_post(post, self.who) for post in reversed(self.posts.values())],
            "mentions": [shown_post(post, self.who) for post in elsewhere],
            "chats": self.inbox.show(),
        }
