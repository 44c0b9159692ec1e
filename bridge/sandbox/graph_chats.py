"""Reading chats back: `GET /{page or account}/conversations`."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.clock import graph_stamp
from bridge.sandbox.graph_answers import Fields, paged, parsed
from bridge.sandbox.graph_send import within
from bridge.sandbox.inbox import Inbox
from bridge.sandbox.said import Chat, DirectMessage


def conversations(inbox: Inbox, params: dict[str, Any]) -> Any:
    within(
        inbox.ground, "conversations_per_second", "Calls to this api have exceeded the rate limit."
    )
    wanted = params.get("user_id")
    chats = [
        chat for identity, chat in inbox.chats.items()
        if chat.messages and wanted in (None, identity)
    ]  # fmt: skip
    chats.sort(key=lambda chat: chat.messages[-1].at, reverse=True)
    fields = parsed(str(params.get("fields", "id,updated_time")))
    return paged([_chat(inbox, chat, fields) for chat in chats], params)


def _chat(inbox: Inbox, chat: Chat, fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {"id": f"t_{inbox.id_of(chat.person)}"}
    if "updated_time" in fields:
        found["updated_time"] = graph_stamp(chat.messages[-1].at)
    if "participants" in fields:
        found["participants"] = {"data": [inbox.who(chat.person), inbox.who(None)]}
    if "messages" in fields:
        inner, limit = fields["messages"]
        messages = [
            _message(inbox, chat, message, inner or parsed("id,created_time"))
            for message in reversed(chat.messages) if not message.removed
        ]  # fmt: skip
        found["messages"] = paged(messages, {"limit": limit or 25})
    return found


def _message(inbox: Inbox, chat: Chat, message: DirectMessage, fields: Fields) -> dict[str, Any]:
    person, brand = inbox.who(chat.person), inbox.who(None)
    theirs = message.by == "customer"
    values: dict[str, Any] = {
        "id": message.id, "message": message.text or "", "created_time": graph_stamp(message.at),
        "from": person if theirs else brand, "to": {"data": [brand if theirs else person]},
    }  # fmt: skip
    if message.attachments:
        values["attachments"] = {
            "data": [{"image_data": one.get("payload")} for one in message.attachments]
        }
    return {name: values[name] for name in ("id", *fields) if name in values}
