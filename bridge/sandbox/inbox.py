"""The private chats of a Page or of an Instagram account, and the webhooks that tell of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.ground import Ground, Person
from bridge.sandbox.http import NotFound
from bridge.sandbox.meta_hooks import Event, MetaHooks
from bridge.sandbox.said import Chat, DirectMessage, Who, shown_message
from bridge.sandbox.wires import APP_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """In what Messenger and Instagram's messages differ.

    `limit` counts what `measure` does. `closed` is the subcode of "outside of allowed window";
    `inbox` the app that sends what staff write natively; `mid` begins the messages' ids.
    """

    channel: str
    object: str
    account: str
    limit: int
    measure: Callable[[str], int]
    closed: int
    inbox: int
    mid: str
    id_of: Callable[[Person], str]
    watermark: bool  # read receipts name a time, not a message


@dataclass
class Inbox:
    """Every change is recorded, and told by webhook where Meta tells it."""

    ground: Ground
    meta: MetaHooks
    platform: Platform
    who: Who
    told: Callable[[str], bool]  # whether the app listens to a webhook field
    product: Callable[[], str] = lambda: "app"
    chats: dict[str, Chat] = field(default_factory=dict)

    def id_of(self, person: Person) -> str:
        return self.platform.id_of(person)

    def chat(self, person: Person) -> Chat:
        return self.chats.setdefault(self.id_of(person), Chat(person))

    def hear(
        self,
        person: Person,
        text: str | None,
        attachments: Sequence[dict[str, Any]] = (),
        ago: float = 0.0,
        reply_to: str | None = None,
        copies: int = 1,
        more: dict[str, Any] | None = None,
        standby: bool = False,
    ) -> DirectMessage:
        """The person writes; that opens the window. *more* goes into the webhook as it is."""
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
        self._tell(person, {"message": item | (more or {})}, copies, at=at, standby=standby)
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
        """The brand writes to the person; an echo tells whoever listens."""
        message = DirectMessage(
            self._mid(), by, text, self._now(), list(attachments), tag=tag,
            private_reply_to=private_reply_to, reply_to=reply_to,
        )  # fmt: skip
        self.chat(person).messages.append(message)
        self._record_message(message, person, tag=tag, metadata=metadata)
        item: dict[str, Any] = {
            "mid": message.id,
            "is_echo": True,
            "app_id": int(APP_ID) if by == "bridge" else self.platform.inbox,
        }
        if metadata is not None:
            item["metadata"] = metadata
        if text is not None:
            item["text"] = text
        if attachments:
            item["attachments"] = list(attachments)
        self._tell(person, {"message": item}, 1, at=message.at, echo=True)
        return message

    def press(self, person: Person, title: str, payload: str, copies: int = 1) -> str:
        """A tap on a button or an ice-breaker: no message, but it opens the window."""
        chat, mid = self.chat(person), self._mid()
        chat.heard = self._now()
        self._record("button", "customer", title, person, id=mid)
        self._tell(
            person, {"postback": {"mid": mid, "title": title, "payload": payload}}, copies
        )  # fmt: skip
        return mid

    def find(self, person_id: str, mid: str) -> tuple[Chat, DirectMessage]:
        chat = self.chats.get(person_id)
        for message in chat.messages if chat else ():
            if message.id == mid and chat and not message.removed:
                return chat, message
        raise NotFound(f"there is no message {mid} in the chat {person_id}")

    def edit(self, chat: Chat, message: DirectMessage, text: str, copies: int = 1) -> None:
        message.text, message.edited, message.edits = text, True, message.edits + 1
        self._record("message_edited", "customer", text, chat.person, id=message.id)
        edit = {"mid": message.id, "text": text, "num_edit": message.edits}
        self._tell(chat.person, {"message_edit": edit}, copies)

    def unsend(self, chat: Chat, message: DirectMessage, copies: int = 1) -> None:
        message.removed = True
        self._record("message_removed", "customer", message.text, chat.person, id=message.id)
        self._tell(chat.person, {"message": {"mid": message.id, "is_deleted": True}}, copies)

    def react(self, chat: Chat, message: DirectMessage, emoji: str, copies: int = 1) -> None:
        """A reaction, or its end where *emoji* is empty; it opens the window."""
        chat.heard = self._now()
        self._record("reaction", "customer", emoji or None, chat.person, id=message.id)
        told: dict[str, Any] = {"mid": message.id, "action": "react" if emoji else "unreact"}
        if emoji:
            told |= {"emoji": emoji}
        self._tell(chat.person, {"reaction": told}, copies)

    def see(self, person: Person, copies: int = 1) -> None:
        """The person has read everything."""
        ours = [one for one in self.chat(person).messages if one.by != "customer"]
        if not ours:
            raise NotFound(f"{person.name} has nothing to read")
        self._record("seen", "customer", None, person, id=ours[-1].id)
        read = {"watermark": int(ours[-1].at * 1000)} if self.platform.watermark else {"mid": ours[-1].id}  # fmt: skip
        self._tell(person, {"read": read}, copies)

    def block(self, person: Person, blocked: bool) -> None:
        self.chat(person).blocked = blocked
        what = "blocked" if blocked else "unblocked"
        self._record(what, "customer", None, person, id=self.id_of(person))

    # --- what is told ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.ground.clock.now()

    def _mid(self) -> str:
        digest = hashlib.sha256(str(self.ground.number()).encode()).hexdigest()
        return f"{self.platform.mid}{digest[:43]}"

    def _record(self, what: str, by: str, text: str | None, whom: Person, **facts: Any) -> None:
        self.ground.record.add(
            "meta", what, by, text, **facts, chat=self.id_of(whom), channel=self.platform.channel
        )

    def _record_message(self, message: DirectMessage, person: Person, **facts: Any) -> None:
        self._record(
            "message", message.by, message.text, person, id=message.id, person=person.name, **facts
        )

    def _tell(
        self,
        person: Person,
        what: dict[str, Any],
        copies: int,
        *,
        at: float | None = None,
        echo: bool = False,
        standby: bool = False,
    ) -> None:
        if not self.told(field_of(what)):
            return
        us, them = {"id": self.platform.account}, {"id": self.id_of(person)}
        item = {
            "sender": us if echo else them, "recipient": them if echo else us,
            "timestamp": int((at if at is not None else self._now()) * 1000), **what,
        }  # fmt: skip
        where = "standby" if standby else "messaging"
        event = Event(
            self.platform.object, self.platform.account, where, item, self._now(), self.product()
        )
        self.meta.tell(event, copies)

    # --- what the page of the sandbox draws --------------------------------------------------------

    def show(self) -> list[dict[str, Any]]:
        now = self._now()
        return [
            {
                "person": {"id": self.id_of(chat.person), "name": chat.person.name},
                "window": chat.window(now), "blocked": chat.blocked,
                "messages": [
                    shown_message(one, self.who(chat.person if one.by == "customer" else None))
                    for one in chat.messages
                ],
            }
            for chat in self.chats.values()
        ]  # fmt: skip


FIELDS = {
    "message_edit": "message_edits", "reaction": "message_reactions", "read": "message_reads",
    "postback": "messaging_postbacks",
}  # fmt: skip


def field_of(what: dict[str, Any]) -> str:
    """The subscription field that a messaging item belongs to."""
    for key, name in FIELDS.items():
        if key in what:
            return name
    return "message_echoes" if what["message"].get("is_echo") else "messages"
