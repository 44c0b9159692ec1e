"""What a Telegram bot meets: people, a group, a channel with its discussion group, a business account."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.clock import stamp
from bridge.sandbox.ground import BRAND, Ground, Person
from bridge.sandbox.hooks import MANNERS, Delivery, Hooks
from bridge.sandbox.http import NotFound
from bridge.sandbox.wires import TELEGRAM_BOT_ID, TELEGRAM_SECRET

BOT = {"id": TELEGRAM_BOT_ID, "is_bot": True, "first_name": BRAND, "username": "acme_coffee_bot"}
OWNER = {"id": 4_900_000_001, "is_bot": False, "first_name": "Acme", "username": "acme_coffee"}
SERVICE = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
CONNECTION = "bizSandboxConnection01"
GROUP, DISCUSSION, CHANNEL = -1001100000001, -1001100000002, -1001100000003


@dataclass(slots=True)
class Message:
    id: int
    by: str  # customer | bridge | staff | system
    sender: dict[str, Any]
    text: str | None
    at: float
    thread: int | None = None
    reply_to: int | None = None
    edited: bool = False
    removed: bool = False
    attachments: list[dict[str, Any]] = field(default_factory=list)
    media: dict[str, Any] = field(default_factory=dict)  # photo, sticker, ... as in an update


@dataclass(slots=True)
class Chat:
    """A place: `kind` is private, group, channel, discussion or business."""

    id: int
    kind: str
    title: str
    person: Person | None = None
    blocked: bool = False
    heard: float | None = None
    messages: list[Message] = field(default_factory=list)

    @property
    def key(self) -> str:
        """How the control API names it; the business chat of a person has the private one's id."""
        return f"b{self.id}" if self.kind == "business" else str(self.id)

    def show_telegram(self) -> dict[str, Any]:
        if self.person is not None:
            return {"id": self.id, "first_name": self.person.name, "username": self.person.username,
                    "type": "private"}  # fmt: skip
        kind = "channel" if self.kind == "channel" else "supergroup"
        return {"id": self.id, "title": self.title, "type": kind}


class Chats:
    """All chats of the bot. Every change is recorded, and told by an update."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.hook_url: str | None = None
        self.secret = TELEGRAM_SECRET
        self.allowed: list[str] | None = None
        self.hooks = Hooks(
            "telegram", MANNERS["telegram"], self._pack, ground.clock, ground.record, ground.sender
        )
        # Ids grow with time, so that a bridge that remembers an earlier run sees new ones.
        self._updates = itertools.count(int((time.time() - 1.7e9) * 10))
        self._numbers = itertools.count(int(time.time() - 1.79e9))
        self.clear()

    def clear(self) -> None:
        self.chats: dict[str, Chat] = {}
        for identity, kind, title in (
            (GROUP, "group", "Acme Coffee fans"),
            (DISCUSSION, "discussion", "Acme Coffee chat"),
            (CHANNEL, "channel", "Acme Coffee news"),
        ):
            self.chats[str(identity)] = Chat(identity, kind, title)

    def chat(self, kind: str, person: Person) -> Chat:
        """The chat in which *person* writes; private and business ones are made when first used."""
        if kind in ("group", "discussion"):
            return self.chats[str(GROUP if kind == "group" else DISCUSSION)]
        chat = Chat(person.telegram_id, kind, person.name, person)
        return self.chats.setdefault(chat.key, chat)

    def find(self, key: str) -> Chat:
        if (chat := self.chats.get(key)) is None:
            raise NotFound(f"there is no chat {key}")
        return chat

    def message(self, chat: Chat, identity: int) -> Message:
        for message in chat.messages:
            if message.id == identity and not message.removed:
                return message
        raise NotFound(f"there is no message {identity} in the chat {chat.key}")

    def hear(
        self,
        chat: Chat,
        person: Person,
        text: str | None,
        media: dict[str, Any] | None = None,
        attachments: Sequence[dict[str, Any]] = (),
        ago: float = 0.0,
        reply_to: int | None = None,
        copies: int = 1,
    ) -> Message:
        sender = {"id": person.telegram_id, "is_bot": False, "first_name": person.name,
                  "username": person.username, "language_code": "en"}  # fmt: skip
        message = self._put(chat, "customer", sender, text, ago, reply_to, media, attachments)
        chat.heard = max(chat.heard or 0.0, message.at)
        self._record("message", "customer", chat, message)
        kind = "business_message" if chat.kind == "business" else "message"
        self._tell(kind, chat, self.show(chat, message), copies)
        return message

    def say(
        self,
        chat: Chat,
        by: str,
        text: str | None,
        reply_to: int | None = None,
        thread: int | None = None,
        attachments: Sequence[dict[str, Any]] = (),
    ) -> Message:
        """The bot, or the account's owner, writes. Telegram does not tell a bot of its own messages."""
        sender = OWNER if by == "staff" else BOT
        message = self._put(chat, by, sender, text, 0.0, reply_to, None, attachments)
        if thread is not None:
            message.thread = thread
        self._record("message", by, chat, message)
        if by == "staff":
            self._tell("business_message", chat, self.show(chat, message), 1)
        return message

    def announce(self, text: str) -> Message:
        """The brand posts in its channel; Telegram copies it to the discussion group."""
        channel, discussion = self.chats[str(CHANNEL)], self.chats[str(DISCUSSION)]
        sender = channel.show_telegram()
        post = self._put(channel, "staff", sender, text, 0.0, None, None, ())
        self._record("message", "staff", channel, post)
        self._tell("channel_post", channel, self.show(channel, post), 1)
        copy = self._put(discussion, "system", sender, text, 0.0, None, None, ())
        shown = self.show(discussion, copy)
        shown |= {"from": SERVICE, "sender_chat": sender, "is_automatic_forward": True,
                  "forward_origin": {"type": "channel", "chat": sender, "message_id": post.id,
                                     "date": int(post.at)}}  # fmt: skip
        self._tell("message", discussion, shown, 1)
        return post

    def edit(self, chat: Chat, message: Message, text: str, by: str, copies: int = 1) -> None:
        message.text, message.edited = text, True
        self._record("message_edited", by, chat, message)
        if by != "bridge":
            shown = self.show(chat, message) | {"edit_date": int(self._now())}
            kind = "edited_business_message" if chat.kind == "business" else "edited_message"
            self._tell(kind, chat, shown, copies)

    def remove(self, chat: Chat, message: Message, by: str, copies: int = 1) -> None:
        """Take a message away. Bots are told of it in business chats only."""
        message.removed = True
        self._record("message_removed", by, chat, message)
        if chat.kind == "business" and by != "bridge":
            gone = {
                "business_connection_id": CONNECTION,
                "chat": chat.show_telegram(),
                "message_ids": [message.id],
            }
            self._tell("deleted_business_messages", chat, gone, copies)

    def block(self, chat: Chat, blocked: bool) -> None:
        chat.blocked = blocked
        what = "blocked" if blocked else "unblocked"
        self.ground.record.add(
            "telegram", what, "customer", None, id=chat.key, chat=chat.key, channel="telegram"
        )
        states = ("member", "kicked") if blocked else ("kicked", "member")
        old, new = ({"user": BOT, "status": state} for state in states)
        shown = chat.show_telegram()
        member = {"chat": shown, "from": {**shown, "is_bot": False}, "date": int(self._now()),
                  "old_chat_member": old, "new_chat_member": new}  # fmt: skip
        self._tell("my_chat_member", chat, member, 1)

    def photo(self, url: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The media of an update and the attachment that stands for it; its file lies at /cdn."""
        name = url.rpartition("/")[2]
        sizes = [{"file_id": f"{name}.{width}", "file_unique_id": f"u{width}", "file_size": 900 * width,
                  "width": width, "height": width} for width in (90, 320, 720)]  # fmt: skip
        return {"photo": sizes}, [{"type": "image", "url": url, "name": name}]

    def sticker(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        media = {"sticker": {"file_id": "sticker-thumb", "file_unique_id": "us", "type": "regular",
                             "width": 512, "height": 512, "is_animated": False, "is_video": False,
                             "emoji": "\U0001f44d"}}  # fmt: skip
        return media, [{"type": "sticker", "url": None, "name": "\U0001f44d"}]

    # --- what is told ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.ground.clock.now()

    def _put(
        self, chat: Chat, by: str, sender: dict[str, Any], text: str | None, ago: float,
        reply_to: int | None, media: dict[str, Any] | None, attachments: Sequence[dict[str, Any]],
    ) -> Message:  # fmt: skip
        message = Message(
            next(self._numbers), by, sender, text, self._now() - ago, reply_to=reply_to
        )
        message.media, message.attachments = media or {}, list(attachments)
        if reply_to is not None and chat.kind == "discussion":
            above = next((one for one in chat.messages if one.id == reply_to), None)
            message.thread = (above.thread or above.id) if above else None
        chat.messages.append(message)
        return message

    def _record(self, what: str, by: str, chat: Chat, message: Message) -> None:
        self.ground.record.add(
            "telegram", what, by, message.text, id=message.id, chat=chat.key, channel="telegram",
            person=chat.person.name if chat.person else message.sender.get("first_name"), tag=None, metadata=None,
        )  # fmt: skip

    def show(self, chat: Chat, message: Message) -> dict[str, Any]:
        """The message as updates and answers show it."""
        shown: dict[str, Any] = {"message_id": message.id}
        shown["sender_chat" if "title" in message.sender else "from"] = message.sender
        shown |= {"chat": chat.show_telegram(), "date": int(message.at), **message.media}
        if chat.kind == "business":
            shown["business_connection_id"] = CONNECTION
        if message.text is not None:
            shown["caption" if message.media else "text"] = message.text
        if message.thread is not None:
            shown["message_thread_id"] = message.thread
        if message.reply_to is not None:
            above = next((one for one in chat.messages if one.id == message.reply_to), None)
            if above is not None:
                key = "sender_chat" if "title" in above.sender else "from"
                shown["reply_to_message"] = {"message_id": above.id, key: above.sender,
                                             "chat": chat.show_telegram(), "date": int(above.at),
                                             "text": above.text or ""}  # fmt: skip
        return shown

    def _tell(self, kind: str, chat: Chat, value: dict[str, Any], copies: int) -> None:
        if self.allowed and kind not in self.allowed:
            return
        self.hooks.push([(next(self._updates), kind, chat.key, value)], copies)

    def _pack(self, events: Sequence[tuple[int, str, str, dict[str, Any]]]) -> Delivery:
        number, kind, lane, value = events[0]
        body = f'{{"update_id":{number},\n"{kind}":{json.dumps(value, separators=(",", ":"))}}}'
        return Delivery(
            kind,
            body.encode(),
            lambda: self.hook_url,
            self.headers,
            lane=lane,
            facts={"update_id": number},
        )

    def headers(self, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate"}
        if self.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
        return headers

    # --- what the page of the sandbox draws --------------------------------------------------------

    def shown(self) -> dict[str, Any]:
        bot = {"id": BOT["id"], "name": BOT["first_name"], "username": BOT["username"]}
        return {"bot": bot, "chats": [self._shown_chat(chat) for chat in self.chats.values()]}

    def _shown_chat(self, chat: Chat) -> dict[str, Any]:
        person = {"id": chat.person.telegram_id, "name": chat.person.name} if chat.person else None
        return {
            "id": chat.key, "type": chat.kind, "title": chat.title, "person": person, "blocked": chat.blocked,
            "messages": [
                {"id": one.id, "by": one.by, "text": one.text, "at": stamp(one.at), "edited": one.edited,
                 "author": {"id": one.sender["id"], "name": one.sender.get("first_name") or one.sender.get("title")},
                 "removed": one.removed, "reply_to": one.reply_to, "tag": None, "private_reply_to": None,
                 "attachments": one.attachments}
                for one in chat.messages
            ],
        }  # fmt: skip
