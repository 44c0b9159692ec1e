"""The Telegram Bot API. Source: Bot API 9 and the facts named in docs/sandbox.md, read 2026-11-22."""

from __future__ import annotations

import email.parser
import email.policy
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from bridge.sandbox.chats import BOT, CONNECTION, OWNER, Chat, Chats, Message
from bridge.sandbox.ground import File, png
from bridge.sandbox.http import BadRequest, NotFound, Request, Response, answer
from bridge.sandbox.wires import TELEGRAM_TOKEN

MAX_TEXT = 4096
MAX_CAPTION = 1024
TOKEN = re.compile(r"^\d+:[\w-]{30,}$")


class Refusal(Exception):
    """An error of the Bot API."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


class Telegram:
    """Answers calls to `{base}/telegram/...`."""

    def __init__(self, chats: Chats) -> None:
        self.chats = chats
        self.ground = chats.ground
        self._methods: dict[str, Callable[[dict[str, Any]], Any]] = {
            "getme": lambda params: {**BOT, "can_join_groups": True, "can_read_all_group_messages": True,
                                     "supports_inline_queries": False, "can_connect_to_business": True},
            "getwebhookinfo": self._webhook_info,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getupdates": self._get_updates,
            "sendmessage": self._send_message,
            "sendphoto": lambda params: self._send_file(params, "photo", "image"),
            "senddocument": lambda params: self._send_file(params, "document", "file"),
            "sendchataction": self._chat_action,
            "editmessagetext": self._edit,
            "deletemessage": self._delete,
            "getfile": self._get_file,
            "getchat": self._get_chat,
            "getbusinessconnection": self._business,
            "answercallbackquery": lambda params: True,
        }  # fmt: skip

    async def handle(self, request: Request, path: str) -> Response:
        try:
            if path.startswith("/file/bot"):
                return self._download(path.removeprefix("/file/bot"))
            return answer({"ok": True, "result": self._call(request, path)})
        except Refusal as error:
            body, status, reason = error.body, error.code, str(error)
        except (BadRequest, NotFound) as error:
            status, reason = 400, f"Bad Request: {error}"
            body = {"ok": False, "error_code": 400, "description": reason}
        # The token is in the path: it does not go into the record.
        shown = Request(
            request.method, re.sub(r"bot[^/]*", "bot<TOKEN>", request.path), {}, {}, b""
        )
        self.ground.refuse("telegram", shown, status, status, reason)
        return answer(body, status)

    def _call(self, request: Request, path: str) -> Any:
        token, _, name = path.removeprefix("/bot").partition("/")
        self._authorise(token)
        method = self._methods.get(name.lower())
        if method is None:
            raise Refusal(404, "Not Found")
        return method(self._params(request))

    def _authorise(self, token: str) -> None:
        if not TOKEN.match(token):
            raise Refusal(404, "Not Found")
        if token != TELEGRAM_TOKEN or self.ground.settings.telegram_token != "valid":
            raise Refusal(401, "Unauthorized")

    def _params(self, request: Request) -> dict[str, Any]:
        params: dict[str, Any] = dict(request.query)
        kind = request.headers.get("content-type", "")
        if kind.startswith("application/json"):
            try:
                body = json.loads(request.body or b"{}")
            except ValueError as error:
                raise Refusal(400, "Bad Request: can't parse JSON object") from error
            params.update(body if isinstance(body, dict) else {})
        elif kind.startswith("multipart/form-data"):
            head = f"Content-Type: {kind}\r\n\r\n".encode()
            form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
                head + request.body
            )
            for part in form.iter_parts():
                content = part.get_payload(decode=True)
                data = content if isinstance(content, bytes) else b""
                name = str(part.get_param("name", header="content-disposition"))
                if (file := part.get_filename()) is not None:
                    params[name] = self.ground.keep(File(file, part.get_content_type(), data))
                else:
                    params[name] = data.decode("utf-8", "replace")
        elif request.body:
            params.update(parse_qsl(request.body.decode("utf-8", "replace")))
        for name in ("reply_parameters", "allowed_updates"):
            if isinstance(value := params.get(name), str):
                try:
                    params[name] = json.loads(value)
                except ValueError as error:
                    raise Refusal(400, "Bad Request: can't parse JSON object") from error
        if not isinstance(params.get("reply_parameters", {}), dict):
            raise Refusal(400, "Bad Request: object expected as reply parameters")
        return params

    # --- webhooks ----------------------------------------------------------------------------------

    def _webhook_info(self, params: dict[str, Any]) -> dict[str, Any]:
        hooks = self.chats.hooks
        info: dict[str, Any] = {
            "url": self.chats.hook_url or "", "has_custom_certificate": False,
            "pending_update_count": hooks.waiting, "max_connections": 40,
        }  # fmt: skip
        if self.chats.allowed:
            info["allowed_updates"] = self.chats.allowed
        if hooks.last_answer and not 200 <= (hooks.last_answer[0] or 0) < 300:
            status, error, at = hooks.last_answer
            info["last_error_date"] = int(at)
            info["last_error_message"] = error or f"Wrong response from the webhook: {status}"
        return info

    def _set_webhook(self, params: dict[str, Any]) -> bool:
        url, secret = str(params.get("url", "")), str(params.get("secret_token", ""))
        loopback = re.match(r"^http://(127\.0\.0\.1|localhost)[:/]", url)
        if url and not url.startswith("https://") and not loopback:
            raise Refusal(
                400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
            )
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        allowed = params.get("allowed_updates")
        self.chats.allowed = [str(one) for one in allowed] if isinstance(allowed, list) else None
        self.chats.hook_url, self.chats.secret = url or None, secret
        self.chats.hooks.connected()
        return True

    def _delete_webhook(self, params: dict[str, Any]) -> bool:
        self.chats.hook_url = None
        return True

    def _get_updates(self, params: dict[str, Any]) -> list[Any]:
        if self.chats.hook_url:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")  # fmt: skip
        return []

    # --- sending -----------------------------------------------------------------------------------

    def _send_message(self, params: dict[str, Any]) -> dict[str, Any]:
        words = self._text(params, "text", MAX_TEXT)
        if not words.strip():
            raise Refusal(400, "Bad Request: message text is empty")
        chat, reply, thread = self._place(params)
        message = self.chats.say(chat, "bridge", words, reply, thread)
        return self.chats.show(chat, message)

    def _send_file(self, params: dict[str, Any], name: str, kind: str) -> dict[str, Any]:
        words = self._text(params, "caption", MAX_CAPTION)
        if not isinstance(url := params.get(name), str) or not url:
            raise Refusal(400, f"Bad Request: there is no {name} in the request")
        chat, reply, thread = self._place(params)
        attachment = {"type": kind, "url": url, "name": url.rpartition("/")[2]}
        message = self.chats.say(chat, "bridge", words or None, reply, thread, [attachment])
        return self.chats.show(chat, message)

    def _text(self, params: dict[str, Any], name: str, limit: int) -> str:
        words = str(params.get(name) or "")
        if params.get("parse_mode") == "HTML":
            if re.search(
                r"<(?!/?(?:b|strong|i|em|u|s|code|pre|a|tg-spoiler|blockquote)\b[^<>]*>)", words
            ):
                raise Refusal(
                    400, "Bad Request: can't parse entities: Unsupported start tag at byte offset 0"
                )
            words = re.sub(r"<[^>]*>", "", words)
        if len(words) > limit:
            raise Refusal(400, "Bad Request: message is too long" if name == "text" else "Bad Request: message caption is too long")  # fmt: skip
        return words

    def _place(self, params: dict[str, Any]) -> tuple[Chat, int | None, int | None]:
        """The chat, the message that is answered, the thread; raises when nothing may go there now."""
        chat = self._chat(params)
        if chat.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if chat.kind == "business":
            now = self.ground.clock.now()
            if not self.ground.settings.telegram_can_reply:
                raise Refusal(403, "Forbidden: BUSINESS_CONNECTION_NOT_ALLOWED")
            if chat.heard is None or now - chat.heard > 86400:
                raise Refusal(400, "Bad Request: BUSINESS_PEER_USAGE_MISSING")
        self._within_limits(chat)
        reply = params.get("reply_parameters") or {}
        number = reply.get("message_id", params.get("reply_to_message_id"))
        thread = params.get("message_thread_id")
        if number is None:
            return chat, None, number_or_none(thread)
        try:
            above = self.chats.message(chat, int(number))
        except (NotFound, ValueError) as error:
            if reply.get("allow_sending_without_reply") or params.get(
                "allow_sending_without_reply"
            ):
                return chat, None, number_or_none(thread)
            raise Refusal(400, "Bad Request: message to be replied not found") from error
        return chat, above.id, above.thread or (above.id if chat.kind == "discussion" else None)

    def _chat(self, params: dict[str, Any]) -> Chat:
        key = str(params.get("chat_id", ""))
        if not key:
            raise Refusal(400, "Bad Request: chat_id is empty")
        connection = params.get("business_connection_id")
        if connection is not None:
            if connection != CONNECTION:
                raise Refusal(400, "Bad Request: BUSINESS_CONNECTION_INVALID")
            key = f"b{key}"
        chat = self.chats.chats.get(key)
        if chat is None:
            if any(str(one.telegram_id) == key for one in self.ground.people.all()):
                raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
            raise Refusal(400, "Bad Request: chat not found")
        return chat

    def _within_limits(self, chat: Chat) -> None:
        if not self.ground.limited:
            return
        rates, limits = self.ground.rates["telegram"], self.ground.limits
        spent = [limits.take("telegram", rates["per_second"], 1)]
        spent.append(limits.take(f"telegram {chat.key}", rates["chat_per_5_seconds"], 5))
        if chat.id < 0:
            spent.append(limits.take(f"telegram group {chat.key}", rates["group_per_minute"], 60))
        if refused := [one.reset for one in spent if one.refused]:
            wait = max(refused)
            raise Refusal(429, f"Too Many Requests: retry after {wait}", retry_after=wait)

    # --- the rest ----------------------------------------------------------------------------------

    def _message(self, params: dict[str, Any], doing: str) -> tuple[Chat, Message]:
        chat = self._chat(params)
        try:
            return chat, self.chats.message(chat, int(params.get("message_id") or 0))
        except (NotFound, ValueError) as error:
            raise Refusal(400, f"Bad Request: message to {doing} not found") from error

    def _edit(self, params: dict[str, Any]) -> dict[str, Any]:
        chat, message = self._message(params, "edit")
        words = self._text(params, "text", MAX_TEXT)
        if message.by != "bridge":
            raise Refusal(400, "Bad Request: message can't be edited")
        if message.text == words:
            raise Refusal(400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message")  # fmt: skip
        self.chats.edit(chat, message, words, "bridge")
        return self.chats.show(chat, message)

    def _delete(self, params: dict[str, Any]) -> bool:
        chat, message = self._message(params, "delete")
        self.chats.remove(chat, message, "bridge")
        return True

    def _chat_action(self, params: dict[str, Any]) -> bool:
        self._chat(params)
        return True

    def _get_chat(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._chat(params).show_telegram()

    def _business(self, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("business_connection_id") != CONNECTION:
            raise Refusal(400, "Bad Request: BUSINESS_CONNECTION_INVALID")
        can = self.ground.settings.telegram_can_reply
        return {"id": CONNECTION, "user": OWNER, "user_chat_id": OWNER["id"], "date": 1_790_000_000,
                "can_reply": can, "rights": {"can_reply": can}, "is_enabled": True}  # fmt: skip

    def _get_file(self, params: dict[str, Any]) -> dict[str, Any]:
        identity = str(params.get("file_id", ""))
        name = identity.rpartition(".")[0]
        file = self.ground.files.get(name)
        if file is None and identity != "sticker-thumb":
            raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        size = len(file.content) if file else len(png())
        return {
            "file_id": identity,
            "file_unique_id": "u",
            "file_size": size,
            "file_path": f"photos/{name or 'sticker.png'}",
        }

    def _download(self, rest: str) -> Response:
        token, _, path = rest.partition("/")
        self._authorise(token)
        file = self.ground.files.get(path.rpartition("/")[2])
        if file is None:
            if path.endswith("sticker.png"):
                return Response(200, png(), {"content-type": "application/octet-stream"})
            raise Refusal(404, "Not Found")
        return Response(200, file.content, {"content-type": "application/octet-stream"})


def number_or_none(value: Any) -> int | None:
    return int(value) if value is not None and str(value).isdigit() else None
