"""The Graph API of one Page: its posts and comments, its subscription, and the way to its chats."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.clock import graph_stamp
from bridge.sandbox.graph_answers import (
    Refusal,
    bad,
    inside,
    manner,
    missing,
    paged,
    parsed,
    picked,
    subscribed_apps,
    unsupported,
)
from bridge.sandbox.graph_chats import conversations
from bridge.sandbox.graph_send import Sending
from bridge.sandbox.ground import BRAND, Person
from bridge.sandbox.instagram import Instagram
from bridge.sandbox.page import Page
from bridge.sandbox.said import Comment, Post
from bridge.sandbox.wires import PAGE_ID

MAX_COMMENT = 8000


class PageNodes:
    """What a Page's token opens."""

    def __init__(self, page: Page, instagram: Instagram, sending: Sending) -> None:
        self.page, self.instagram, self.sending = page, instagram, sending
        self.ground = page.ground

    def knows(self, node: str) -> bool:
        return (
            node in ("me", PAGE_ID) or node in self.page.posts or node in self.page.comments
            or self.ground.people.by_facebook(node) is not None
        )  # fmt: skip

    def call(self, method: str, node: str, edge: str | None, params: dict[str, Any]) -> Any:
        if node in ("me", PAGE_ID):
            return self._on_page(method, edge, params)
        if node in self.page.posts:
            return self._on_post(method, self.page.find_post(node), edge, params)
        if node in self.page.comments:
            return self._on_comment(method, self.page.find_comment(node), edge, params)
        person = self.ground.people.by_facebook(node)
        if person is not None and method == "GET" and edge is None:
            return self._profile(person, params)
        raise missing(node)

    # --- the Page ----------------------------------------------------------------------------------

    def _on_page(self, method: str, edge: str | None, params: dict[str, Any]) -> Any:
        match (method, edge):
            case ("GET", None):
                values = {"id": PAGE_ID, "name": BRAND, "category": "Coffee shop",
                          "link": f"https://www.facebook.com/{PAGE_ID}"}  # fmt: skip
                return picked(values, params.get("fields", "id,name"))
            case ("POST", "messages"):
                return self.sending.send(params)
            case ("GET", "conversations"):
                if params.get("platform") == "instagram":
                    return conversations(self.instagram.inbox, params)
                return conversations(self.page.inbox, params)
            case (_, "subscribed_apps"):
                return subscribed_apps(self.page.subscription, method, params)
            case ("GET", "feed" | "posts"):
                posts = [post for post in reversed(self.page.posts.values()) if not post.removed]
                fields = params.get("fields", "id,message,created_time")
                return paged([self._post(post, fields) for post in posts], params)
        raise unsupported(method)

    def _profile(self, person: Person, params: dict[str, Any]) -> Any:
        if self.ground.settings.meta_no_profile:
            raise bad("No profile available for this user.", 2018218)
        first, _, last = person.name.partition(" ")
        values = {"id": person.facebook_id, "name": person.name, "first_name": first, "last_name": last,
                  "profile_pic": f"{self.ground.url}/cdn/face.png"}  # fmt: skip
        return picked(values, params.get("fields", "id,first_name,last_name,profile_pic"))

    # --- posts and comments ------------------------------------------------------------------------

    def _on_post(self, method: str, post: Post, edge: str | None, params: dict[str, Any]) -> Any:
        match (method, edge):
            case ("GET", None):
                return self._post(post, params.get("fields", "id,message,created_time"))
            case ("GET", "comments"):
                return self._comments(post.comments, params)
            case ("POST", "comments"):
                return self._add(post, None, params)
            case ("DELETE", None):
                self.page.remove_post(post, "bridge")
                return {"success": True}
        raise unsupported(method)

    def _on_comment(
        self, method: str, comment: Comment, edge: str | None, params: dict[str, Any]
    ) -> Any:
        match (method, edge):
            case ("GET", None):
                return self._comment(comment, params.get("fields", "id,from,message,created_time"))
            case ("GET", "comments"):
                return self._comments(comment.replies, params)
            case ("POST", "comments"):
                return self._add(comment.post, comment, params)
            case ("POST", None):
                return self._change(comment, params)
            case ("DELETE", None):
                self.page.remove(comment, "bridge")
                return {"success": True}
        raise unsupported(method)

    def _add(self, post: Post, parent: Comment | None, params: dict[str, Any]) -> Any:
        message = params.get("message", "")
        image = params.get("attachment_url") or params.get("source")
        if not isinstance(message, str):
            raise bad("Param message must be a string")
        if not message.strip() and not image:
            raise bad("Missing message or attachment", 1705001)
        if len(message) > MAX_COMMENT:
            raise bad(f"Param message must be at most {MAX_COMMENT} characters long")
        root = parent.parent or parent if parent else None
        siblings = root.replies if root else post.comments
        if self.ground.settings.meta_refuse_duplicates and any(
            one.text == message and one.author is None and not one.removed for one in siblings
        ):
            raise Refusal(506, "(#506) Duplicate status message")
        comment = self.page.comment(post, parent, None, "bridge", message, image)
        return {"id": comment.id}

    def _change(self, comment: Comment, params: dict[str, Any]) -> Any:
        if "is_hidden" in params:
            if comment.author is None:
                raise bad("You cannot hide a comment of your own Page", 1446036)
            self.page.hide(comment, str(params["is_hidden"]).lower() in ("true", "1"), "bridge")
            return {"success": True}
        message = params.get("message")
        if not isinstance(message, str) or not message.strip():
            raise bad("Missing message or attachment")
        if comment.author is not None:
            raise Refusal(200, "(#200) You can only edit comments that your Page wrote")
        self.page.edit(comment, message, "bridge")
        return {"success": True}

    def _comments(self, comments: list[Comment], params: dict[str, Any]) -> Any:
        """`filter=stream` shows replies among the comments, as flat as they came."""
        standing = [comment for comment in comments if not comment.removed]
        if params.get("filter") == "stream":
            answers = [reply for one in standing for reply in one.replies if not reply.removed]
            standing = sorted([*standing, *answers], key=lambda one: (one.at, one.id))
        if params.get("order") == "reverse_chronological":
            standing.reverse()
        fields = params.get("fields", "created_time,from,message,id")
        return paged([self._comment(comment, fields) for comment in standing], params)

    def _post(self, post: Post, fields: Any) -> dict[str, Any]:
        author = post.author
        values = {
            "id": post.id, "message": post.text, "created_time": graph_stamp(post.at),
            "permalink_url": post.permalink, "is_published": True, "is_hidden": post.hidden,
            "from": {"id": author.facebook_id, "name": author.name} if author else {"id": PAGE_ID, "name": BRAND},
        }  # fmt: skip
        if post.image:
            values["full_picture"] = post.image
        if "comments" in (asked := parsed(str(fields))):
            limit = asked["comments"][1] or 25
            wish: dict[str, Any] = {**manner(str(fields), "comments"), "limit": limit}
            if written := inside(str(fields), "comments"):
                wish["fields"] = written
            values["comments"] = self._comments(post.comments, wish)
        return picked(values, fields)

    def _comment(self, comment: Comment, fields: Any) -> dict[str, Any]:
        author, root = comment.author, comment.parent
        values: dict[str, Any] = {
            "id": comment.id, "message": comment.text, "created_time": graph_stamp(comment.at),
            "from": {"id": author.facebook_id, "name": author.name} if author else {"id": PAGE_ID, "name": BRAND},
            "permalink_url": f"{comment.post.permalink}?comment_id={comment.id.partition('_')[2]}",
            "is_hidden": comment.hidden, "can_hide": author is not None, "can_comment": True,
            "can_reply_privately": author is not None and not comment.private_reply,
            "like_count": comment.likes, "comment_count": len(comment.replies), "is_private": False,
        }  # fmt: skip
        if root:
            values["parent"] = {
                "id": root.id,
                "message": root.text,
                "created_time": graph_stamp(root.at),
            }
        if comment.image:
            values["attachment"] = {
                "type": "photo",
                "url": comment.image,
                "media": {"image": {"src": comment.image}},
            }
        if "comments" in (names := parsed(str(fields))):
            inner, limit = names["comments"]
            values["comments"] = paged(
                [self._comment(reply, ",".join(inner) or "created_time,from,message,id")
                 for reply in comment.replies if not reply.removed], {"limit": limit or 25}
            )  # fmt: skip
        return picked(values, fields)
