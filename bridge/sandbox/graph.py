"""The Graph API of one Page: comments, private replies, Messenger. Source: Meta's pages as read 2026-11-22.

What the real one refuses is refused with its codes; calls are told apart by the id they begin with.
"""

from __future__ import annotations

import email.parser
import email.policy
import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import parse_qsl

from bridge.sandbox.clock import graph_stamp
from bridge.sandbox.graph_answers import Fields, Refusal, bad, missing, paged, parsed, picked
from bridge.sandbox.graph_send import Sending
from bridge.sandbox.ground import BRAND, File, Person
from bridge.sandbox.http import BadRequest, NotFound, Request, Response, answer
from bridge.sandbox.limits import Spent
from bridge.sandbox.page import Chat, Comment, DirectMessage, Page, Post
from bridge.sandbox.wires import APP_SECRET, PAGE_ID, PAGE_TOKEN

MAX_COMMENT = 8000
VERSION = re.compile(r"^v\d+\.\d+$")


class Graph:
    """Answers calls to `{base}/graph/...`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ground = page.ground
        self.sending = Sending(page)

    async def handle(self, request: Request, path: str) -> Response:
        spent: list[Spent] = []
        try:
            value = self._call(request, path, spent)
            status = 200
        except NotFound as error:
            self.ground.refuse("meta", request, 400, "100/33", str(error))
            status, value = 400, {"error": self._traced(missing(path.split("/")[-1]).body)}
        except BadRequest as error:
            self.ground.refuse("meta", request, 400, "100", str(error))
            status, value = 400, {"error": self._traced(bad(str(error)).body)}
        except Refusal as error:
            code = f"{error.code}/{error.subcode}" if error.subcode else str(error.code)
            self.ground.refuse("meta", request, error.status, code, str(error))
            status, value = error.status, {"error": self._traced(error.body)}
        response = answer(value, status)
        response.headers["content-type"] = "application/json; charset=UTF-8"
        response.headers["facebook-api-version"] = "v25.0"
        for name, spending in zip(
            ("x-app-usage", "x-business-use-case-usage"), spent, strict=False
        ):
            response.headers[name] = usage(name, spending)
        return response

    def _traced(self, body: dict[str, Any]) -> dict[str, Any]:
        trace = hashlib.sha256(str(self.ground.number()).encode()).hexdigest()[:22]
        return {**body, "fbtrace_id": f"A{trace}"}

    def _call(self, request: Request, path: str, spent: list[Spent]) -> Any:
        parts = [part for part in path.split("/") if part]
        if parts and VERSION.match(parts[0]):
            parts = parts[1:]
        if not 1 <= len(parts) <= 2:
            raise Refusal(2500, f"Unknown path components: /{path}")
        params = self._params(request)
        self._authorise(request, params)
        self._spend(spent)
        node, edge = parts[0], parts[1] if len(parts) == 2 else None
        method = str(params.pop("method", request.method)).upper()
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

    # --- at the door -------------------------------------------------------------------------------

    def _params(self, request: Request) -> dict[str, Any]:
        params: dict[str, Any] = dict(request.query)
        kind = request.headers.get("content-type", "")
        if kind.startswith("application/json"):
            body = request.json()
            if not isinstance(body, dict):
                raise bad("The request body is not a JSON object")
            params.update(body)
        elif kind.startswith("multipart/form-data"):
            params.update(self._multipart(kind, request.body))
        elif request.body:
            params.update(parse_qsl(request.body.decode("utf-8", "replace")))
        for name in ("recipient", "message"):
            if isinstance(value := params.get(name), str) and value.startswith("{"):
                try:
                    params[name] = json.loads(value)
                except ValueError as error:
                    raise bad(f"Param {name} is not a valid JSON object") from error
        return params

    def _multipart(self, kind: str, body: bytes) -> dict[str, Any]:
        """Form fields as text; a file becomes an address under /cdn."""
        head = f"Content-Type: {kind}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        found: dict[str, Any] = {}
        for part in form.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            data = content if isinstance(content, bytes) else b""
            if (file := part.get_filename()) is not None:
                found[str(name)] = self.ground.keep(File(file, part.get_content_type(), data))
            else:
                found[str(name)] = data.decode("utf-8", "replace")
        return found

    def _authorise(self, request: Request, params: dict[str, Any]) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in ("bearer", "oauth") or not token:
            token = str(params.pop("access_token", ""))
        if not token:
            raise Refusal(
                2500,
                "An active access token must be used to query information about the current user.",
            )
        if token != PAGE_TOKEN:
            raise Refusal(190, "Invalid OAuth access token - Cannot parse access token")
        mode = self.ground.settings.meta_token
        if mode == "expired":
            raise Refusal(190, "Error validating access token: Session has expired.", 463)
        if mode == "revoked":
            raise Refusal(
                190,
                "Error validating access token: The session has been invalidated because the user "
                "changed their password or Facebook has changed the session for security reasons.",
                460,
            )
        if mode == "no_permission":
            raise Refusal(200, "(#200) Permissions error")
        proof = params.pop("appsecret_proof", None)
        time = params.pop("appsecret_time", None)
        message = token if time is None else f"{token}|{time}"
        expected = hmac.new(APP_SECRET.encode(), message.encode(), "sha256").hexdigest()
        if proof is None and self.ground.settings.meta_proof_required:
            raise Refusal(
                100, "API calls from the server require an appsecret_proof argument", None, "GraphMethodException"
            )  # fmt: skip
        if proof is not None and not hmac.compare_digest(str(proof).encode(), expected.encode()):
            raise Refusal(
                100,
                "Invalid appsecret_proof provided in the API argument",
                None,
                "GraphMethodException",
            )

    def _spend(self, spent: list[Spent]) -> None:
        rates, limits = self.ground.rates["meta"], self.ground.limits
        if not self.ground.limited:
            return
        spent.append(limits.take("meta app", rates["app_per_hour"], 3600))
        spent.append(limits.take("meta page", rates["page_per_hour"], 3600))
        if spent[0].refused:
            raise Refusal(4, "(#4) Application request limit reached", transient=True)
        if spent[1].refused:
            raise Refusal(32, "(#32) Page request limit reached")

    def _within(self, name: str, text: str) -> None:
        rate = self.ground.rates["meta"][name]
        if self.ground.limited and self.ground.limits.take(f"meta {name}", rate, 1).refused:
            raise Refusal(613, f"(#613) {text}")

    # --- the Page ----------------------------------------------------------------------------------

    def _on_page(self, method: str, edge: str | None, params: dict[str, Any]) -> Any:
        match (method, edge):
            case ("GET", None):
                values = {"id": PAGE_ID, "name": BRAND, "category": "Coffee shop",
                          "link": f"https://www.facebook.com/{PAGE_ID}"}  # fmt: skip
                return picked(values, params.get("fields", "id,name"))
            case ("POST", "messages"):
                self._within(
                    "sends_per_second", "Calls to the Send API have exceeded the rate limit."
                )
                return self.sending.send(params)
            case ("GET", "conversations"):
                return self._conversations(params)
            case ("GET", "subscribed_apps"):
                fields = (
                    ALL_FIELDS if self.page.subscribed is None else sorted(self.page.subscribed)
                )
                if not fields:
                    return {"data": []}
                return {
                    "data": [
                        {
                            "id": "1234567890123456",
                            "name": "Acme bridge",
                            "subscribed_fields": fields,
                        }
                    ]
                }
            case ("POST", "subscribed_apps"):
                wish = params.get("subscribed_fields", "")
                names = (
                    wish if isinstance(wish, list) else [one for one in str(wish).split(",") if one]
                )
                if not names:
                    raise bad("The parameter subscribed_fields is required.")
                if unknown := [name for name in names if name not in ALL_FIELDS]:
                    raise bad(
                        f"Param subscribed_fields must be one of {{{', '.join(ALL_FIELDS)}}} - got {unknown[0]!r}."
                    )
                self.page.subscribed = set(names)
                return {"success": True}
            case ("DELETE", "subscribed_apps"):
                self.page.subscribed = set()
                return {"success": True}
            case ("GET", "feed" | "posts"):
                posts = [post for post in reversed(self.page.posts.values()) if not post.removed]
                fields = params.get("fields", "id,message,created_time")
                return paged([self._post(post, fields) for post in posts], params)
        raise Refusal(100, f"Unsupported {method.lower()} request", 33, "GraphMethodException")

    def _profile(self, person: Person, params: dict[str, Any]) -> Any:
        if self.ground.settings.meta_no_profile:
            raise bad("No profile available for this user.", 2018218)
        first, _, last = person.name.partition(" ")
        values = {"id": person.facebook_id, "name": person.name, "first_name": first, "last_name": last,
                  "profile_pic": f"{self.ground.url}/cdn/face.png"}  # fmt: skip
        return picked(values, params.get("fields", "id,first_name,last_name,profile_pic"))

    def _conversations(self, params: dict[str, Any]) -> Any:
        self._within("conversations_per_second", "Calls to this api have exceeded the rate limit.")
        wanted = params.get("user_id")
        chats = [
            chat for chat in self.page.chats.values()
            if chat.messages and wanted in (None, chat.person.facebook_id)
        ]  # fmt: skip
        fields = parsed(str(params.get("fields", "id,updated_time")))
        return paged([self._chat(chat, fields) for chat in chats], params)

    def _chat(self, chat: Chat, fields: Fields) -> dict[str, Any]:
        found: dict[str, Any] = {"id": f"t_{chat.person.facebook_id}"}
        if "updated_time" in fields:
            found["updated_time"] = graph_stamp(chat.messages[-1].at)
        if "participants" in fields:
            found["participants"] = {
                "data": [sender_of(chat, "customer"), sender_of(chat, "bridge")]
            }
        if "messages" in fields:
            inner, limit = fields["messages"]
            messages = [
                self._chat_message(chat, message, inner or parsed("id,created_time"))
                for message in reversed(chat.messages) if not message.removed
            ]  # fmt: skip
            found["messages"] = paged(messages, {"limit": limit or 25})
        return found

    def _chat_message(self, chat: Chat, message: DirectMessage, fields: Fields) -> dict[str, Any]:
        to = "bridge" if message.by == "customer" else "customer"
        values: dict[str, Any] = {
            "id": message.id, "message": message.text or "", "created_time": graph_stamp(message.at),
            "from": sender_of(chat, message.by), "to": {"data": [sender_of(chat, to)]},
        }  # fmt: skip
        if message.attachments:
            values["attachments"] = {
                "data": [{"image_data": one.get("payload")} for one in message.attachments]
            }
        return {name: values[name] for name in ("id", *fields) if name in values}

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
        raise Refusal(100, f"Unsupported {method.lower()} request", 33, "GraphMethodException")

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
        raise Refusal(100, f"Unsupported {method.lower()} request", 33, "GraphMethodException")

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
        standing = [comment for comment in comments if not comment.removed]
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


ALL_FIELDS = [
    "feed", "mention", "message_echoes", "message_edits", "message_reactions", "message_reads", "messages",
    "messaging_handovers", "messaging_postbacks", "messaging_referrals", "ratings", "standby",
]  # fmt: skip


def sender_of(chat: Chat, by: str) -> dict[str, str]:
    if by == "customer":
        return {"name": chat.person.name, "id": chat.person.facebook_id}
    return {"name": BRAND, "id": PAGE_ID}


def usage(name: str, spent: Spent) -> str:
    """The value of a usage header, in percent and minutes."""
    percent = spent.percent()
    if name == "x-app-usage":
        return json.dumps({"call_count": percent, "total_time": 1, "total_cputime": 1})
    minutes = -(-spent.reset // 60) if spent.refused else 0
    one = {"type": "pages", "call_count": percent, "total_cputime": 1, "total_time": 1,
           "estimated_time_to_regain_access": minutes}  # fmt: skip
    return json.dumps({PAGE_ID: [one]})
