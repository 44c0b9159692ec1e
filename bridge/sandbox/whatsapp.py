"""A WhatsApp Business number: chats with people and one group, what they send, and what becomes of ours.

A message that we may send is answered 200 at once, also where it will never arrive: what became of it
is told later, by status. Source: facts collected from Meta's WhatsApp pages, read 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.clock import stamp
from bridge.sandbox.ground import BRAND, File, Ground, Person
from bridge.sandbox.http import NotFound
from bridge.sandbox.meta_hooks import Event, MetaHooks
from bridge.sandbox.said import DAY
from bridge.sandbox.wires import WABA_ID, WHATSAPP_NUMBER, WHATSAPP_NUMBER_ID

GROUP = "120363000000000001"
REASONS = {
    131026: ("Message undeliverable", "Message Undeliverable."),
    131047: (
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
    ),
}


@dataclass(slots=True)
class Message:
    """`status` is what became of ours: sent, delivered, read, failed; None for what people write."""

    id: str
    by: str
    author: Person | None
    text: str | None
    at: float
    kind: str = "text"
    attachments: list[dict[str, Any]] = field(default_factory=list)
    reply_to: str | None = None
    template: str | None = None
    status: str | None = None
    code: int | None = None
    callback: str | None = None
    edited: bool = False
    removed: bool = False


@dataclass(slots=True)
class Room:
    """The chat with one person, or the group (person is None)."""

    person: Person | None
    heard: float | None = None
    blocked: bool = False
    messages: list[Message] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The number, or the id of its own of who shows none; the group's id."""
        if self.person is None:
            return GROUP
        return self.person.phone if self.person.phone_shown else self.person.bsuid

    def open(self, now: float) -> bool:
        return self.heard is not None and now - self.heard <= DAY


@dataclass(slots=True)
class Media:
    """Bytes behind an id: `url` may be fetched until `until`, the id works for a week."""

    id: str
    file: File
    at: float
    until: float = 0.0

    @property
    def digest(self) -> str:
        """SHA-256 in base64, as webhooks give it."""
        return base64.b64encode(hashlib.sha256(self.file.content).digest()).decode()


class WhatsApp:
    """The number's state. Every change is recorded, and told by webhook."""

    def __init__(self, ground: Ground, meta: MetaHooks) -> None:
        self.ground, self.meta = ground, meta
        self.clear()

    def clear(self) -> None:
        self.subscribed = True  # whether the account's webhooks go to our app
        self.rooms: dict[str, Room] = {GROUP: Room(None)}  # by the person's name
        self.media: dict[str, Media] = {}

    def room(self, person: Person | None) -> Room:
        if person is None:
            return self.rooms[GROUP]
        return self.rooms.setdefault(person.name, Room(person))

    def find_room(self, identity: str) -> Room:
        """The room of whoever has or had this number or BSUID, or the group."""
        if identity == GROUP:
            return self.rooms[GROUP]
        person = self.ground.people.on_whatsapp(identity)
        if person is None or person.name not in self.rooms:
            raise NotFound(f"there is no chat {identity}")
        return self.rooms[person.name]

    def find(self, room: Room, identity: str) -> Message:
        for message in room.messages:
            if message.id == identity and not message.removed:
                return message
        raise NotFound(f"there is no message {identity} in the chat {room.id}")

    def keep(self, file: File) -> Media:
        media = Media(str(self.ground.number()), file, self._now())
        self.media[media.id] = media
        return media

    # --- people write ------------------------------------------------------------------------------

    def hear(
        self,
        person: Person,
        kind: str,
        content: dict[str, Any] | None,
        text: str | None = None,
        attachments: Sequence[dict[str, Any]] = (),
        group: bool = False,
        reply_to: str | None = None,
        ago: float = 0.0,
        copies: int = 1,
        more: dict[str, Any] | None = None,
    ) -> Message:
        """The person sends something of type *kind*; that opens the window of 24 hours."""
        room = self.room(None if group else person)
        message = Message(
            self._wamid(person.phone, False), "customer", person, text, self._now() - ago, kind,
            list(attachments), reply_to,
        )  # fmt: skip
        room.messages.append(message)
        room.heard = max(room.heard or 0.0, message.at)
        self._record(
            "message", "customer", text, room, id=message.id, person=person.name, kind=kind
        )
        told: dict[str, Any] = dict(more or {})
        if content is not None:
            told[kind] = content
        if reply_to is not None:
            told["context"] = {"from": WHATSAPP_NUMBER, "id": reply_to}
        self._tell_message(room, person, message, told, copies)
        return message

    def edit(self, room: Room, message: Message, text: str, copies: int = 1) -> None:
        message.text, message.edited = text, True
        self._record("message_edited", "customer", text, room, id=message.id)
        content = {"type": "text", "text": {"body": text}}
        edit = {"original_message_id": message.id, "message": content}
        self._tell_change(room, message, "edit", edit, copies)

    def revoke(self, room: Room, message: Message, copies: int = 1) -> None:
        message.removed = True
        self._record("message_removed", "customer", message.text, room, id=message.id)
        gone = {"original_message_id": message.id}
        self._tell_change(room, message, "revoke", gone, copies)

    def react(
        self, room: Room, person: Person, message: Message, emoji: str, copies: int = 1
    ) -> None:
        """A reaction, or its end where *emoji* is empty; it opens the window."""
        room.heard = self._now()
        self._record("reaction", "customer", emoji or None, room, id=message.id)
        reaction = {"message_id": message.id} | ({"emoji": emoji} if emoji else {})
        own = Message(self._wamid(person.phone, False), "customer", person, None, self._now(), "reaction")  # fmt: skip
        self._tell_message(room, person, own, {"reaction": reaction}, copies)

    def see(self, person: Person, copies: int = 1) -> None:
        """The person has read everything."""
        room = self.room(person)
        unread = [one for one in room.messages if one.status in ("sent", "delivered")]
        if not unread:
            raise NotFound(f"{person.name} has nothing to read")
        self._record("seen", "customer", None, room, id=unread[-1].id)
        for message in unread:
            message.status = "read"
            self._status(room, message, "read", copies=copies)

    def block(self, person: Person, blocked: bool) -> None:
        room = self.room(person)
        room.blocked = blocked
        self._record("blocked" if blocked else "unblocked", "customer", None, room, id=room.id)

    def rename(
        self, person: Person, phone_shown: bool | None, new_number: bool, copies: int
    ) -> None:
        """The person takes a username and hides the number, or gets another number and BSUID."""
        if phone_shown is not None:
            person.phone_shown = phone_shown
        if new_number:
            old = (person.phone, person.bsuid)
            self.ground.people.renumber(person)
            self._tell_renamed(person, *old, copies)
        self._record("identity", "customer", None, self.room(person), id=person.bsuid, person=person.name)  # fmt: skip

    # --- the brand writes --------------------------------------------------------------------------

    def say(
        self,
        room: Room,
        text: str | None,
        *,
        kind: str = "text",
        attachments: Sequence[dict[str, Any]] = (),
        reply_to: str | None = None,
        template: str | None = None,
        callback: str | None = None,
        code: int | None = None,
    ) -> Message:
        """What our call said; *code* is the reason why it will not arrive."""
        number = room.person.phone if room.person else GROUP
        message = Message(
            self._wamid(number, True), "bridge", None, text, self._now(), kind, list(attachments),
            reply_to, template, "failed" if code else "delivered", code, callback,
        )  # fmt: skip
        room.messages.append(message)
        what = "undelivered" if code else "message"
        self._record(
            what, "bridge", text, room, id=message.id, template=template, metadata=callback, code=code,
            person=room.person.name if room.person else None, tag=None,
        )  # fmt: skip
        for state in ("failed",) if code else ("sent", "delivered"):
            self._status(room, message, state)
        return message

    def lose(self, number: str, bsuid: str | None, text: str | None, callback: str | None) -> str:
        """A message to nobody: it gets an id all the same, and fails."""
        message = Message(self._wamid(number, True), "bridge", None, text, self._now(), status="failed", code=131026, callback=callback)  # fmt: skip
        self.ground.record.add(
            "meta", "undelivered", "bridge", text, id=message.id, chat=number or bsuid,
            channel="whatsapp", code=131026, metadata=callback,
        )  # fmt: skip
        told = {"recipient_id": number} if number else {"recipient_user_id": bsuid}
        self._push_status(message, "failed", told, None, 1)
        return message.id

    def staff(self, person: Person, text: str) -> Message:
        """Staff write from the WhatsApp Business app on their phone."""
        room = self.room(person)
        message = Message(self._wamid(person.phone, True), "staff", None, text, self._now())
        room.messages.append(message)
        self._record("message", "staff", text, room, id=message.id, person=person.name)
        self._echo(person, message.id, message.at, "text", {"body": text})
        return message

    def staff_revoke(self, room: Room, message: Message) -> None:
        message.removed = True
        self._record("message_removed", "staff", message.text, room, id=message.id)
        if room.person:
            number = self._wamid(room.person.phone, True)
            gone = {"original_message_id": message.id}
            self._echo(room.person, number, self._now(), "revoke", gone)

    # --- what is told ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.ground.clock.now()

    def _wamid(self, number: str, ours: bool) -> str:
        """As the real ones: base64 that holds the number in clear."""
        name = hashlib.sha256(str(self.ground.number()).encode()).hexdigest()[:18].upper().encode()
        head = b"\x1c\x18" + bytes((len(number),)) + number.encode() + b"\x15\x02\x00"
        inner = (
            head + (b"\x11" if ours else b"\x12") + b"\x18" + bytes((len(name),)) + name + b"\x00"
        )
        return f"wamid.{base64.b64encode(inner).decode()}"

    def _record(self, what: str, by: str, text: str | None, room: Room, **facts: Any) -> None:
        self.ground.record.add("meta", what, by, text, **facts, chat=room.id, channel="whatsapp")

    def _contact(self, person: Person) -> dict[str, Any]:
        profile = {"name": person.name}
        if person.phone_shown:
            return {"profile": profile, "wa_id": person.phone, "user_id": person.bsuid}
        return {"profile": profile | {"username": person.username}, "user_id": person.bsuid}

    def _tell_message(
        self, room: Room, person: Person, message: Message, told: dict[str, Any], copies: int
    ) -> None:
        item: dict[str, Any] = {"from": person.phone} if person.phone_shown else {}
        item["from_user_id"] = person.bsuid
        if room.person is None:
            item["group_id"] = GROUP
        item |= {"id": message.id, "timestamp": str(int(message.at)), **told, "type": message.kind}
        self._tell("messages", {"contacts": [self._contact(person)], "messages": [item]}, copies)

    def _tell_change(
        self, room: Room, message: Message, kind: str, content: dict[str, Any], copies: int
    ) -> None:
        """A message about an earlier one: it has an id of its own."""
        if message.author is None:
            return
        number = self._wamid(message.author.phone, False)
        own = Message(number, "customer", message.author, None, self._now(), kind)
        self._tell_message(room, message.author, own, {kind: content}, copies)

    def _tell_renamed(self, person: Person, phone: str, bsuid: str, copies: int) -> None:
        stamp_now = str(int(self._now()))
        update = {"wa_id": person.phone, "detail": f"User id for {person.name} has been updated.",
                  "user_id": {"previous": bsuid, "current": person.bsuid}, "timestamp": stamp_now}  # fmt: skip
        if not person.phone_shown:
            del update["wa_id"]
        contacts = [self._contact(person)]
        self._tell("user_id_update", {"contacts": contacts, "user_id_update": [update]}, copies)
        if person.phone_shown:
            body = f"{person.name} changed from {phone} to {person.phone}"
            system = {"body": body, "wa_id": person.phone, "type": "user_changed_number"}
            item = {"from": phone, "id": self._wamid(phone, False), "timestamp": stamp_now,
                    "system": system, "type": "system"}  # fmt: skip
            self._tell("messages", {"contacts": contacts, "messages": [item]}, copies)

    def _status(self, room: Room, message: Message, state: str, copies: int = 1) -> None:
        told: dict[str, Any] = {"recipient_id": GROUP, "recipient_type": "group"}
        if room.person:
            told = {"recipient_id": room.person.phone} if room.person.phone_shown else {}
            told["recipient_user_id"] = room.person.bsuid
        self._push_status(message, state, told, room.person, copies)

    def _push_status(
        self, message: Message, state: str, to: dict[str, Any], person: Person | None, copies: int
    ) -> None:
        if not self.ground.settings.whatsapp_receipts:
            return
        told: dict[str, Any] = {
            "id": message.id, "status": state, "timestamp": str(int(self._now())), **to,
        }  # fmt: skip
        if message.callback is not None:
            told["biz_opaque_callback_data"] = message.callback
        if message.code is not None:
            told["errors"] = [failure(message.code)]
        else:
            talk = hashlib.sha256(str(to).encode()).hexdigest()[:30]
            told["conversation"] = {"id": talk, "origin": {"type": "service"}}
            told["pricing"] = {"billable": True, "pricing_model": "CBP", "category": "service"}
        value: dict[str, Any] = {"statuses": [told]}
        if person is not None:
            value = {"contacts": [self._contact(person)], **value}
        self._tell("messages", value, copies)

    def _echo(self, person: Person, identity: str, at: float, kind: str, content: Any) -> None:
        to = {"to": person.phone} if person.phone_shown else {}
        item = {"from": WHATSAPP_NUMBER, **to, "to_user_id": person.bsuid, "id": identity,
                "timestamp": str(int(at)), "type": kind, kind: content}  # fmt: skip
        value = {"contacts": [self._contact(person)], "message_echoes": [item]}
        self._tell("smb_message_echoes", value, 1)

    def _tell(self, name: str, value: dict[str, Any], copies: int) -> None:
        if not self.subscribed:
            return
        metadata = {"display_phone_number": WHATSAPP_NUMBER, "phone_number_id": WHATSAPP_NUMBER_ID}
        item = {"value": {"messaging_product": "whatsapp", "metadata": metadata, **value}, "field": name}  # fmt: skip
        event = Event("whatsapp_business_account", WABA_ID, "changes", item, self._now())
        self.meta.tell(event, copies)

    # --- what the page of the sandbox draws --------------------------------------------------------

    def show(self) -> dict[str, Any]:
        return {
            "number": {"id": WHATSAPP_NUMBER_ID, "name": BRAND, "phone": WHATSAPP_NUMBER},
            "chats": [self._shown(room) for room in self.rooms.values()],
        }

    def _shown(self, room: Room) -> dict[str, Any]:
        person = room.person
        return {
            "id": room.id, "type": "private" if person else "group",
            "title": person.name if person else f"{BRAND} regulars",
            "person": {"id": room.id, "name": person.name} if person else None,
            "window": "open" if room.open(self._now()) else "closed", "blocked": room.blocked,
            "messages": [
                {"id": one.id, "by": one.by, "author": self._author(one.author), "text": one.text,
                 "at": stamp(one.at), "edited": one.edited, "removed": one.removed, "reply_to": one.reply_to,
                 "tag": None, "private_reply_to": None, "attachments": one.attachments, "kind": one.kind,
                 "template": one.template, "status": one.status, "code": one.code}
                for one in room.messages
            ],
        }  # fmt: skip

    def _author(self, person: Person | None) -> dict[str, Any]:
        if person is None:
            return {"id": WHATSAPP_NUMBER, "name": BRAND}
        return {"id": person.phone if person.phone_shown else person.bsuid, "name": person.name}


def failure(code: int) -> dict[str, Any]:
    title, details = REASONS[code]
    return {
        "code": code, "title": title, "message": title, "error_data": {"details": details},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }  # fmt: skip
