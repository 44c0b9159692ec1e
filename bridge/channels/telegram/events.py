"""Updates: what Telegram's webhook brings, as events.

Source: facts collected from Bot API 10.1 and the source of its server, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge.channels.other import broken, other, word
from bridge.channels.telegram.api import NAME
from bridge.core.model import Attachment, Author, Change, Delivery, Kind, Message, Visibility
from bridge.core.untrusted import (
    Broken,
    fingerprint,
    flag,
    ident,
    items,
    mapping,
    moment,
    number,
    read_json,
    text,
)

# Update kinds that bring words: who they are from, and what happened to them.
SPOKEN = {
    "message": Change.CREATED,
    "edited_message": Change.EDITED,
    "channel_post": Change.CREATED,
    "edited_channel_post": Change.EDITED,
    "business_message": Change.CREATED,
    "edited_business_message": Change.EDITED,
}
ASIDE = {
    "my_chat_member": "membership",
    "chat_member": "membership",
    "chat_join_request": "membership",
    "business_connection": "business connection",
    "message_reaction": "reaction",
    "message_reaction_count": "reaction",
    "inline_query": "inline query",
    "chosen_inline_result": "inline query",
    "shipping_query": "payment",
    "pre_checkout_query": "payment",
    "purchased_paid_media": "payment",
    "poll": "poll",
    "poll_answer": "poll",
    "chat_boost": "boost",
    "removed_chat_boost": "boost",
}
FILES = {  # key of a message -> type of the attachment; the value has a file_id
    "document": "file",
    "video": "video",
    "video_note": "video",
    "voice": "audio",
    "audio": "audio",
    "sticker": "sticker",
}
# What a message may hold besides words and facts about itself that nobody said.
SERVICE = re.compile(
    r"(new_chat_|left_chat_|delete_chat_|group_chat_|supergroup_chat_|channel_chat_|migrate_|"
    r"pinned_|message_auto_|forum_|general_forum_|video_chat_|voice_chat_|giveaway|boost_added|"
    r"chat_(background|shared|owner)|users?_shared|write_access_|proximity_|passport_|"
    r"successful_payment|refunded_payment|connected_website|web_app_data|checklist_tasks_|"
    r"direct_message_price|paid_message_price|suggested_post_)"
)
COMMAND = re.compile(r"\A/(start\b.*|[A-Za-z0-9_]{1,64}(@[A-Za-z0-9_]{1,64})?\s*)\Z", re.DOTALL)
CHANNEL_FORWARDS = "777000"  # Telegram's own account, which carries channel posts to a group


def parse(delivery: Delivery) -> list[Message]:
    """The events in *delivery*; at least one. Raises Unreadable for a body that is no JSON.

    The account is None: an update does not name the bot it is for, the connection does.
    """
    update = read_json(delivery.body)
    if not isinstance(update, dict) or not update:
        return [other(NAME, None, "unknown payload", update)]
    names = [name for name in update if name != "update_id"]
    found = [one for name in names for one in _read(name, update, delivery)]
    return found or [other(NAME, None, "empty payload", update)]


def _read(name: str, update: Mapping[str, Any], delivery: Delivery) -> list[Message]:
    value = update[name]
    known = name in SPOKEN or name in ASIDE or name in READERS
    if not known:
        return [other(NAME, None, f"unknown update: {word(name)}", update)]
    if not isinstance(value, dict):
        return [broken(NAME, None, f"{word(name)} is not an object", update)]
    try:
        if name in SPOKEN:
            found = [_spoken(name, value)]
        elif name in READERS:
            found = READERS[name](value)
        else:
            found = [_aside(name, value)]
    except Broken as error:
        return [broken(NAME, None, str(error), update)]
    # `update_id` counts per bot, but starts anew at random after a quiet week: it needs company.
    number = ident(update.get("update_id")) or fingerprint(value)
    return [
        replace(
            one,
            dedupe=f"update:{number}:{one.dedupe}",
            sent_at=one.sent_at or delivery.received_at,
        )
        for one in found
    ]


def _spoken(name: str, value: Mapping[str, Any]) -> Message:
    chat = mapping(value.get("chat"))
    chat_id, message_id = ident(chat.get("id")), ident(value.get("message_id"))
    if chat_id is None or message_id is None:
        raise Broken("the chat's or the message's id is missing")
    external_id = f"{chat_id}:{message_id}"
    change = SPOKEN[name]
    private = text(chat.get("type")) in ("private", None)
    business = ident(value.get("business_connection_id"))
    topic = ident(value.get("message_thread_id"))
    replied = mapping(value.get("reply_to_message"))
    forwarded_post = flag(value.get("is_automatic_forward"))
    in_thread = topic is not None and not private and not flag(value.get("is_topic_message"))

    author, own = _author(value, chat_id)
    customer_id = None
    kind, thread = Kind.DM, chat_id
    if name.endswith("channel_post"):
        kind, author, own = Kind.POST, None, True
    elif forwarded_post or (author is not None and author.id == CHANNEL_FORWARDS):
        # The channel's post arrives in the linked group: the root that comments hang on.
        kind, thread, author, own = Kind.POST, external_id, None, True
    elif in_thread:
        kind, thread = Kind.COMMENT, f"{chat_id}:{topic}"
    elif topic is not None and not private:
        thread = f"{chat_id}:{topic}"
    elif business is not None:
        thread = f"{business}:{chat_id}"
        if private and author is not None and author.id != chat_id:
            own = True  # the owner of the account, or a bot of theirs, wrote
    if own and kind is Kind.DM and private:
        customer_id = chat_id

    words = text(value.get("text"))
    if words is None:
        words = text(value.get("caption"))
    if words is None and value.get("text") is not None:
        raise Broken("text is no text")
    files = _attachments(value)
    service = None if words is not None or files else _service(value)
    if words is None and not files and service is None:
        files = (Attachment(type="unsupported"),)
    replied_id = ident(replied.get("message_id"))
    sender = mapping(value.get("from"))
    return Message(
        channel=NAME,
        account_id=None,
        kind=Kind.OTHER if service and kind is not Kind.POST else kind,
        change=change,
        external_id=external_id,
        thread_id=thread,
        visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
        author=author,
        own=own,
        ignored=_ignored(value, kind, own, words, service),
        text=None if service else words or "",
        attachments=files,
        in_reply_to=f"{chat_id}:{replied_id}" if replied_id else None,
        permalink=_permalink(chat, message_id, topic),
        sent_at=moment(value.get("edit_date")) or moment(value.get("date")),
        language=_language(sender),
        dedupe=f"{external_id}:{change.value}",
        customer_id=customer_id,
        answer=_answer(
            chat_id=chat_id,
            message_id=message_id,
            message_thread_id=topic,
            business_connection_id=business,
            chat_type=text(chat.get("type")),
        ),
        extra=_extra(value, chat, sender) | ({"service": service} if service else {}),
    )


def _ignored(
    value: Mapping[str, Any], kind: Kind, own: bool | None, words: str | None, service: str | None
) -> str | None:
    if own:
        return "own post" if kind is Kind.POST else "own"
    if service:
        return "service message"
    if mapping(value.get("via_bot")):
        return "via bot"
    if flag(mapping(value.get("from")).get("is_bot")) and not mapping(value.get("sender_chat")):
        return "bot"
    if words is not None and COMMAND.match(words):
        return "command"
    return None


def _author(value: Mapping[str, Any], chat_id: str) -> tuple[Author | None, bool | None]:
    """Who wrote, and whether it was the brand: None where a channel wrote that may be its own."""
    chat = mapping(value.get("sender_chat"))
    chat_author = ident(chat.get("id"))
    if chat_author is not None:
        # An anonymous administrator writes as the group itself.
        username = _username(chat)
        author = Author(
            id=chat_author,
            name=text(chat.get("title")) or None,
            username=username,
            url=username and f"https://t.me/{username}",
        )
        return author, True if chat_author == chat_id else None
    return _person(mapping(value.get("from"))), False


def _person(sender: Mapping[str, Any]) -> Author | None:
    found = ident(sender.get("id"))
    names = (text(sender.get("first_name")), text(sender.get("last_name")))
    name = " ".join(part for part in names if part) or None
    username = _username(sender)
    if found is None and name is None and username is None:
        return None
    return Author(
        id=found, name=name, username=username, url=username and f"https://t.me/{username}"
    )


def _username(whose: Mapping[str, Any]) -> str | None:
    name = text(whose.get("username"))
    return name if name and re.fullmatch(r"[A-Za-z0-9_]{1,64}", name) else None


def _language(sender: Mapping[str, Any]) -> str | None:
    code = (text(sender.get("language_code")) or "").partition("-")[0].lower()
    return code if re.fullmatch(r"[a-z]{2,3}", code) else None


def _attachments(value: Mapping[str, Any]) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    sizes = [size for size in map(mapping, items(value.get("photo"))) if ident(size.get("file_id"))]
    if sizes:
        found.append(Attachment(type="image", id=ident(sizes[-1].get("file_id"))))  # the largest
    if animation := ident(mapping(value.get("animation")).get("file_id")):
        # Comes with a twin under `document`.
        name = text(mapping(value.get("animation")).get("file_name"))
        return (Attachment(type="video", id=animation, name=name),)
    for key, kind in FILES.items():
        told = mapping(value.get(key))
        if file_id := ident(told.get("file_id")):
            name = text(told.get("file_name")) or text(told.get("emoji"))
            found.append(Attachment(type=kind, id=file_id, name=name or None))
    found += [one for one in (_contact(value), _place(value), _poll(value)) if one]
    return tuple(found)


def _contact(value: Mapping[str, Any]) -> Attachment | None:
    told = value.get("contact")
    if not isinstance(told, dict):
        return None
    parts = (told.get("first_name"), told.get("last_name"), told.get("phone_number"))
    return Attachment(type="contact", name=" ".join(filter(None, map(text, parts))) or None)


def _place(value: Mapping[str, Any]) -> Attachment | None:
    venue = mapping(value.get("venue"))
    told = value.get("location", venue.get("location"))
    if not isinstance(told, dict):
        return None
    at = (number(told.get("latitude")), number(told.get("longitude")))
    parts = (text(venue.get("title")), text(venue.get("address")))
    point = f"{at[0]}, {at[1]}" if None not in at else None
    return Attachment(type="location", name=", ".join(filter(None, (*parts, point))) or None)


def _poll(value: Mapping[str, Any]) -> Attachment | None:
    told = value.get("poll")
    return (
        Attachment(type="poll", name=text(told.get("question")) or None)
        if isinstance(told, dict)
        else None
    )


def _service(value: Mapping[str, Any]) -> str | None:
    """The name of what happened, where Telegram and not a person made the message."""
    return next((word(name) for name in value if SERVICE.match(name)), None)


def _permalink(chat: Mapping[str, Any], message_id: str, topic: str | None) -> str | None:
    """The address of a message in a group or channel; private chats have none."""
    kind, chat_id = text(chat.get("type")), ident(chat.get("id")) or ""
    if kind not in ("supergroup", "channel") or not message_id.isdigit():
        return None
    if username := _username(chat):
        return f"https://t.me/{username}/{message_id}"
    if not re.fullmatch(r"-100[0-9]+", chat_id):
        return None
    thread = f"?thread={topic}" if topic and topic.isdigit() else ""
    return f"https://t.me/c/{chat_id[4:]}/{message_id}{thread}"


def _answer(**parts: str | None) -> dict[str, str]:
    return {name: part for name, part in parts.items() if part}


def _extra(
    value: Mapping[str, Any], chat: Mapping[str, Any], sender: Mapping[str, Any]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "first_name": text(sender.get("first_name")),
        "last_name": text(sender.get("last_name")),
        "is_bot": flag(sender.get("is_bot")) or None,
        "is_premium": flag(sender.get("is_premium")) or None,
        "chat_type": text(chat.get("type")),
        "chat_title": text(chat.get("title")),
        "forwarded": True if {"forward_origin", "forward_date"} & value.keys() else None,
        "album": ident(value.get("media_group_id")),
        "migrate_to_chat_id": ident(value.get("migrate_to_chat_id")),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _callback(value: Mapping[str, Any]) -> list[Message]:
    """A pressed button below a message of the bot: its data is what the person said."""
    query_id, sender = ident(value.get("id")), mapping(value.get("from"))
    under = mapping(value.get("message"))
    chat = mapping(under.get("chat"))
    chat_id = ident(chat.get("id")) or ident(sender.get("id"))
    if query_id is None or chat_id is None:
        raise Broken("the query's or the chat's id is missing")
    private = text(chat.get("type")) in ("private", None)
    message_id = ident(under.get("message_id"))
    return [
        Message(
            channel=NAME,
            account_id=None,
            kind=Kind.DM,
            external_id=query_id,
            thread_id=chat_id,
            visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
            author=_person(sender),
            text=text(value.get("data")) or "",
            in_reply_to=f"{chat_id}:{message_id}" if message_id else None,
            language=_language(sender),
            dedupe=f"{query_id}:callback",
            answer=_answer(
                chat_id=chat_id,
                message_id=message_id,
                message_thread_id=ident(under.get("message_thread_id")),
                business_connection_id=ident(under.get("business_connection_id")),
                chat_type=text(chat.get("type")),
            ),
            extra=_extra(value, chat, sender) | {"type": "postback"},
        )
    ]


def _deleted(value: Mapping[str, Any]) -> list[Message]:
    """One event a message that vanished; Telegram tells this of business accounts only."""
    business = ident(value.get("business_connection_id"))
    chat = mapping(value.get("chat"))
    chat_id = ident(chat.get("id"))
    if chat_id is None:
        raise Broken("the chat's id is missing")
    gone = [ident(one) for one in items(value.get("message_ids"))]
    if not gone:
        raise Broken("message_ids names no message")
    found: list[Message] = []
    for position, message_id in enumerate(gone):
        if message_id is None:
            found.append(broken(NAME, None, f"message id {position} is no id", value))
            continue
        found.append(
            Message(
                channel=NAME,
                account_id=None,
                kind=Kind.DM,
                change=Change.DELETED,
                external_id=f"{chat_id}:{message_id}",
                thread_id=f"{business}:{chat_id}" if business else chat_id,
                visibility=Visibility.PRIVATE,
                author=None,
                own=None,  # either side may have deleted
                dedupe=f"{chat_id}:{message_id}:deleted",
                customer_id=chat_id,
                answer=_answer(chat_id=chat_id, business_connection_id=business),
                extra=_extra(value, chat, {}),
            )
        )
    return found


def _aside(name: str, value: Mapping[str, Any]) -> Message:
    """What happened around the talk; a person who blocks the bot is told of here."""
    chat = mapping(value.get("chat"))
    sender = mapping(value.get("from")) or mapping(value.get("user"))
    status = text(mapping(value.get("new_chat_member")).get("status"))
    reason = f"{ASIDE[name]}: {word(status)}" if status else ASIDE[name]
    return other(
        NAME,
        None,
        reason,
        value,
        thread_id=ident(chat.get("id")),
        author=_person(sender),
        sent_at=moment(value.get("date")),
        dedupe=f"{name}:{fingerprint(value)}",
        extra=_extra(value, chat, sender),
    )


READERS: dict[str, Callable[[Mapping[str, Any]], list[Message]]] = {
    "callback_query": _callback,
    "deleted_business_messages": _deleted,
}

# The allowed_updates of setWebhook; reactions and memberships of others are not asked for.
UPDATES = (*SPOKEN, *READERS, "business_connection", "my_chat_member")
