"""The Threads API of one profile: reply in two steps, list, hide, delete.

Source: facts collected from Meta's Threads pages and its sample app, read 2026-11. What nothing tells: a
container is published once, and 24/4279009 is said of one that is unknown, old or used.
"""

from __future__ import annotations

from typing import Any

from bridge.sandbox.clock import graph_stamp
from bridge.sandbox.graph_answers import Refusal, bad, missing, paged, picked, unsupported
from bridge.sandbox.graph_send import within
from bridge.sandbox.ground import BRAND
from bridge.sandbox.http import NotFound
from bridge.sandbox.said import DAY, Comment, Post
from bridge.sandbox.threads import Container, Threads
from bridge.sandbox.wires import THREADS_ID, USERNAME

MAX_TEXT = 500


class ThreadsNodes:
    """What the profile's token opens."""

    def __init__(self, threads: Threads) -> None:
        self.threads, self.ground = threads, threads.ground

    def knows(self, node: str) -> bool:
        threads = self.threads
        return (
            node in ("me", THREADS_ID) or node in threads.posts or node in threads.replies
            or node in threads.containers
        )  # fmt: skip

    def call(self, method: str, node: str, edge: str | None, params: dict[str, Any]) -> Any:
        if node in ("me", THREADS_ID):
            return self._on_profile(method, edge, params)
        if node in self.threads.containers:
            return self._on_container(method, self.threads.containers[node], edge, params)
        item: Comment | Post
        if node in self.threads.posts:
            item = self.threads.find_post(node)
        else:
            item = self.threads.find(node)
        return self._on_item(method, item, edge, params)

    def _on_profile(self, method: str, edge: str | None, params: dict[str, Any]) -> Any:
        match (method, edge):
            case ("GET", None):
                values = {"id": THREADS_ID, "username": USERNAME, "name": BRAND,
                          "threads_profile_picture_url": f"{self.ground.url}/cdn/face.png"}  # fmt: skip
                return picked(values, params.get("fields", "id"))
            case ("POST", "threads"):
                return self._contain(params)
            case ("POST", "threads_publish"):
                return self._publish(params)
            case ("GET", "threads"):
                ours = [one for one in self.threads.posts.values() if one.author is None]
                return self._list([one for one in reversed(ours) if not one.removed], params)
            case ("GET", "mentions"):
                theirs = [one for one in self.threads.posts.values() if one.author is not None]
                return self._list([one for one in reversed(theirs) if not one.removed], params)
            case ("GET", "replies"):
                mine = [one for one in self.threads.replies.values() if one.author is None]
                return self._list([one for one in reversed(mine) if not one.removed], params)
        raise unsupported(method)

    def _contain(self, params: dict[str, Any]) -> Any:
        if params.get("media_type") != "TEXT":
            raise bad("Param media_type must be one of {TEXT} in the sandbox")
        text = params.get("text")
        if not isinstance(text, str) or not text.strip():
            raise bad("The parameter text is required")
        if len(text) > MAX_TEXT:
            raise bad(f"Param text must be at most {MAX_TEXT} characters long.")
        parent: Comment | Post | None = None
        if reply_to := params.get("reply_to_id"):
            parent = self._standing(str(reply_to))
        return {"id": self.threads.contain(text, parent).id}

    def _standing(self, identity: str) -> Comment | Post:
        try:
            return self.threads.find(identity)
        except NotFound:
            return self.threads.find_post(identity)

    def _publish(self, params: dict[str, Any]) -> Any:
        identity = str(params.get("creation_id") or "")
        container = self.threads.containers.get(identity)
        now = self.ground.clock.now()
        if container is None or container.published or now - container.at > DAY:
            raise Refusal(24, "The requested resource does not exist", 4279009)
        within(self.ground, "threads_posts_per_day", "You have posted too often today.", DAY)
        parent = container.parent
        if parent is None:
            container.published = self.threads.post(container.text).id
            return {"id": container.published}
        self._standing(parent.id)
        post = parent.post if isinstance(parent, Comment) else parent
        above = parent if isinstance(parent, Comment) else None
        reply = self.threads.reply(post, above, None, "bridge", container.text)
        container.published = reply.id
        return {"id": reply.id}

    def _on_container(
        self, method: str, container: Container, edge: str | None, params: dict[str, Any]
    ) -> Any:
        if method != "GET" or edge is not None:
            raise unsupported(method)
        old = self.ground.clock.now() - container.at > DAY
        status = "PUBLISHED" if container.published else "EXPIRED" if old else "FINISHED"
        return picked({"id": container.id, "status": status}, params.get("fields", "id,status"))

    def _on_item(
        self, method: str, item: Comment | Post, edge: str | None, params: dict[str, Any]
    ) -> Any:
        replies = item.replies if isinstance(item, Comment) else item.comments
        match (method, edge):
            case ("GET", None):
                return picked(self._values(item), params.get("fields", "id"))
            case ("GET", "replies"):
                return self._list(self._ordered(replies, params), params)
            case ("GET", "conversation"):
                return self._list(self._ordered(list(below(replies)), params), params)
            case ("POST", "manage_reply"):
                return self._hide(item, params)
            case ("DELETE", None):
                return self._delete(item)
        raise unsupported(method)

    def _hide(self, item: Comment | Post, params: dict[str, Any]) -> Any:
        if not isinstance(item, Comment) or item.parent or item.author is None:
            raise bad("Only a reply of somebody else, directly under your post, can be hidden")
        if item.post.author is not None:
            raise Refusal(10, "(#10) Application does not have permission for this action")
        self.threads.hide(item, str(params.get("hide")).lower() in ("true", "1"), "bridge")
        return {"success": True}

    def _delete(self, item: Comment | Post) -> Any:
        if item.author is not None:
            raise Refusal(10, "(#10) Application does not have permission for this action")
        if isinstance(item, Post):
            raise missing(item.id)
        self.threads.remove(item, "bridge")
        return {"success": True, "deleted_id": item.id}

    def _ordered(self, items: list[Comment], params: dict[str, Any]) -> list[Comment]:
        """Newest first, unless `reverse` is false."""
        standing = sorted((one for one in items if not one.removed), key=lambda one: one.at)
        if str(params.get("reverse", "true")).lower() not in ("false", "0"):
            standing.reverse()
        return standing

    def _list(self, items: list[Any], params: dict[str, Any]) -> Any:
        fields = params.get("fields", "id")
        return paged([picked(self._values(item), fields) for item in items], params)

    def _values(self, item: Comment | Post) -> dict[str, Any]:
        username = item.author.username if item.author else USERNAME
        reply = isinstance(item, Comment)
        post = item.post if isinstance(item, Comment) else item
        replies = item.replies if isinstance(item, Comment) else item.comments
        values: dict[str, Any] = {
            "id": item.id, "text": item.text, "username": username, "timestamp": graph_stamp(item.at),
            "media_product_type": "THREADS", "media_type": "TEXT_POST", "shortcode": item.id[-9:],
            "permalink": f"https://www.threads.net/@{username}/post/{item.id[-9:]}",
            "has_replies": any(not one.removed for one in replies), "is_reply": reply,
            "is_reply_owned_by_me": reply and item.author is None,
        }  # fmt: skip
        if isinstance(item, Comment):
            values["root_post"] = {"id": post.id}
            values["replied_to"] = {"id": item.parent.id if item.parent else post.id}
            values["hide_status"] = "HIDDEN" if item.hidden else "NOT_HUSHED"
        return values


def below(replies: list[Comment]) -> list[Comment]:
    """All replies under these, and they themselves."""
    found: list[Comment] = []
    for one in replies:
        found += [one, *below(one.replies)]
    return found
