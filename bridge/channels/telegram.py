"""Telegram bots: private chats, groups, comments under channel posts, business accounts.

Source: facts collected from Bot API 10.1 and the source of its server, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from bridge.channels import media
from bridge.channels.base import (
    Account,
    Calls,
    Channel,
    File,
    HttpRequest,
    HttpResponse,
    Source,
    Voice,
)
from bridge.channels.other import broken, other, word
from bridge.core.calls import Undone, retry_after, verdict
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    BridgeError,
    PermanentError,
    TransientError,
    Unsupported,
)
from bridge.core.model import (
    Attachment,
    Author,
    Capabilities,
    Change,
    Connection,
    Delivery,
    Kind,
    Message,
    Outgoing,
    Target,
    Visibility,
)
from bridge.core.signing import EchoedToken
from bridge.core.untrusted import (
    Broken,
    clean,
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

NAME = "telegram"
API_URL = "https://api.telegram.org"

# --- what comes in -----------------------------------------------------------------------------

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


# --- what goes out -----------------------------------------------------------------------------

# The allowed_updates of setWebhook; reactions and memberships of others are not asked for.
UPDATES = (*SPOKEN, *READERS, "business_connection", "my_chat_member")


def account_of(connection: Connection) -> str | None:
    """The bot's id: the digits before the colon of its token."""
    digits, colon, _ = connection.secret("token").partition(":")
    return digits if colon and re.fullmatch(r"[0-9]{1,20}", digits) else None


def request(
    connection: Connection,
    method: str,
    body: Mapping[str, Any],
    *,
    write: bool = True,
    repeatable: bool = False,
    chat: str | None = None,
) -> HttpRequest:
    """One call of the Bot API. The token is in the address, so `shown` stands for it everywhere."""
    base = _base(connection)
    bot = account_of(connection)
    per_chat = (f"telegram:{bot}:{chat}",) if chat else ()
    return HttpRequest(
        method="POST",
        url=f"{base}/bot{_token(connection)}/{method}",
        json=body,
        write=write,
        repeatable=repeatable,
        shown=f"{base}/bot***/{method}",
        budget=(*per_chat, f"telegram:{bot}"),
    )


def _base(connection: Connection) -> str:
    return str(connection.options.get("api_url") or API_URL).rstrip("/")


def _token(connection: Connection) -> str:
    token = connection.secret("token")
    if not token:
        raise AuthError("no_token", f"{connection.name} has no token")
    return quote(token, safe=":")


def call(request: HttpRequest) -> Calls[Any]:
    """The `result` of a call; raises the verdict of a refusal."""
    response = yield request
    answer = mapping(response.json())
    if not response.ok or answer.get("ok") is not True:
        raise failure(request, response)
    return answer.get("result")


# What 400 and 403 say: a piece of the description -> code, whether the thing is gone.
REFUSALS = (
    ("blocked by the user", "person_unavailable", False),
    ("user is deactivated", "person_unavailable", False),
    ("bot was kicked", "person_unavailable", False),
    ("can't initiate conversation", "person_unavailable", False),
    ("business_peer", "window_closed", False),  # seen by third parties for talks idle for 24 h
    ("chat not found", "not_found", True),
    ("message to be replied not found", "not_found", True),
    ("message thread not found", "not_found", True),
    ("topic_closed", "not_found", True),
    ("message to delete not found", "not_found", True),
    ("message can't be deleted", "cannot_delete", False),
    ("message is too long", "too_long", False),
    ("not enough rights", "no_permission", False),
)


def failure(request: HttpRequest, response: HttpResponse) -> BridgeError:
    """What an unsuccessful answer of the Bot API means for us."""
    answer = mapping(response.json())
    code = number(answer.get("error_code"))
    status = code if isinstance(code, int) else response.status
    said = (text(answer.get("description")) or "").lower()
    where = f"Telegram answered {status} to {request.url.rpartition('/')[2]}"
    wait = number(mapping(answer.get("parameters")).get("retry_after"))
    if status == 429:
        return TransientError(
            "rate_limited",
            f"told to slow down; {where}",
            retry_after=retry_after(response.headers)
            if wait is None
            else min(max(float(wait), 0.0), 3600.0),
            limited=True,
        )
    if status == 401 or (status == 404 and answer.get("ok") is False):
        return AuthError("token_refused", f"the bot's token is refused; {where}")
    if status in (400, 403):
        for piece, named, gone in REFUSALS:
            if piece in said:
                return PermanentError(named, f"{piece}; {where}", gone=gone)
        return PermanentError("refused" if status == 400 else "forbidden", f"refused; {where}")
    if answer and not response.ok:
        return verdict(request, response)
    if answer.get("ok") is False:
        return PermanentError("refused", f"refused; {where}")
    return verdict(request, response)


def post(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Say *outgoing* in the chat the customer wrote in; return `chat:message`.

    Plain text, never a parse mode: a stray `_` would be refused. In groups it answers the
    customer's message. A group that became a supergroup has a new id: it is written to there.
    """
    chat = target.answer.get("chat_id")
    if chat is None:
        raise Unsupported("nobody_to_answer", "it is not known in which chat to answer")
    return (yield from _send(target, outgoing, chat, in_place=True))


def post_privately(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Say *outgoing* to the person alone; return `chat:message`.

    From a group this reaches only those who started the bot; the others are told of as
    person_unavailable.
    """
    chat = target.answer.get("chat_id")
    if chat is None or target.answer.get("chat_type") not in ("private", None):
        chat = target.person_id
        if chat is None or chat.startswith("-"):
            raise Unsupported("nobody_to_answer", "it is not known to whom to write")
        return (yield from _send(target, outgoing, chat, in_place=False))
    return (yield from _send(target, outgoing, chat, in_place=True))


def _send(target: Target, outgoing: Outgoing, chat: str, *, in_place: bool) -> Calls[str]:
    answer = target.answer
    body: dict[str, Any] = {"chat_id": _whole(chat), "text": outgoing.text}
    if in_place:
        if thread := answer.get("message_thread_id"):
            body["message_thread_id"] = _whole(thread)
        if business := answer.get("business_connection_id"):
            body["business_connection_id"] = business
        said_in_public = answer.get("chat_type") not in ("private", None)
        if said_in_public and (message_id := answer.get("message_id")):
            body["reply_parameters"] = {
                "message_id": _whole(message_id),
                "allow_sending_without_reply": True,
            }
    sending = request(target.connection, "sendMessage", body, chat=chat)
    response = yield sending
    moved = ident(mapping(mapping(response.json()).get("parameters")).get("migrate_to_chat_id"))
    if moved is not None and not response.ok:
        body["chat_id"] = _whole(moved)
        sending = request(target.connection, "sendMessage", body, chat=moved)
        response = yield sending
    told = mapping(response.json())
    if not response.ok or told.get("ok") is not True:
        raise failure(sending, response)
    result = mapping(told.get("result"))
    message_id = ident(result.get("message_id"))
    if message_id is None:
        raise Ambiguous("no_id", "Telegram said yes, but named no message_id")
    return f"{ident(mapping(result.get('chat')).get('id')) or moved or chat}:{message_id}"


def delete(target: Target, posted: str) -> Calls[None]:
    """Take back what was posted as *posted* (`chat:message`); gone already is as good.

    Within 48 hours of it. Raises `cannot_delete` after that, and Unsupported for what was said in the
    name of a business account: that is another call and another right, which nobody has tried.
    """
    if "business_connection_id" in target.answer:
        raise Unsupported("unsupported", "what a business account said cannot be taken back here")
    chat, _, message_id = posted.rpartition(":")
    body = {"chat_id": _whole(chat), "message_id": _whole(message_id)}
    try:
        yield from call(request(target.connection, "deleteMessage", body, repeatable=True, chat=chat))
    except PermanentError as error:
        if not error.gone:
            raise


def _whole(found: str) -> int | str:
    """An id as the number that the Bot API documents, where it is one."""
    return int(found) if re.fullmatch(r"-?[0-9]{1,19}", found) else found


def fetch(connection: Connection, account: Account, attachment: Attachment) -> Calls[File]:
    """The file behind `attachment.id`; up to 20 MB, the Bot API hands out no more."""
    if attachment.id is None:
        raise Unsupported("no_file", f"an attachment of type {attachment.type} is no file")
    told = yield from call(
        request(connection, "getFile", {"file_id": attachment.id}, write=False, repeatable=True)
    )
    path = text(mapping(told).get("file_path")) or ""
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise PermanentError("no_file", "Telegram named no path for the file", gone=True)
    base = _base(connection)
    download = HttpRequest(
        method="GET",
        url=f"{base}/file/bot{_token(connection)}/{quote(path)}",
        write=False,
        repeatable=True,
        max_bytes=media.MAX_BYTES,
        deadline=10.0,
        shown=f"{base}/file/bot***/...",
        budget=(f"telegram:{account_of(connection)}",),
    )
    response = yield download
    return media.file_of(download, response, attachment.name or path.rpartition("/")[2])


# --- doctor and setup --------------------------------------------------------------------------


def check(connection: Connection) -> Calls[list[tuple[bool, str]]]:
    """Findings about the bot's token, its secret and its webhook."""
    findings: list[tuple[bool, str]] = []
    secret = connection.secret("webhook_secret")
    fits = re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret) is not None
    rule = "1 to 256 letters, digits, _ and -"
    findings.append(
        (fits, f"webhook_secret is {'set' if fits else f'missing or not made of {rule}'}")
    )
    try:
        me = yield from call(request(connection, "getMe", {}, write=False, repeatable=True))
        name = text(mapping(me).get("username")) or "?"
        findings.append((True, f"the token works: the bot is @{name}"))
        told = yield from _webhook(connection)
    except BridgeError as error:
        findings.append((False, error.detail))
        return findings
    url, ours = text(told.get("url")), text(connection.options.get("hook_url"))
    advice = f"run `bridge setup {connection.name}`"
    if not url:
        findings.append((False, f"no webhook is set; {advice}"))
    elif ours and url != ours:
        findings.append((False, f"Telegram sends to {url}, not to {ours}; {advice}"))
    else:
        findings.append((True, f"Telegram sends to {url}"))
    lacking = _lacking(told)
    if url and lacking:
        findings.append((False, f"not asked for: {', '.join(lacking)}; {advice}"))
    waiting = number(told.get("pending_update_count")) or 0
    if problem := text(told.get("last_error_message")):
        at = moment(told.get("last_error_date"))
        when = f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
        findings.append(
            (not waiting, f"Telegram's last failed delivery{when}: {problem}; {waiting} wait")
        )
    return findings


def _webhook(connection: Connection) -> Calls[Mapping[str, Any]]:
    """What Telegram knows of the bot's webhook."""
    asked = request(connection, "getWebhookInfo", {}, write=False, repeatable=True)
    return mapping((yield from call(asked)))


def _lacking(told: Mapping[str, Any]) -> list[str]:
    """The kinds of update that Telegram does not send; named none, it sends the usual ones."""
    allowed = {text(one) for one in items(told.get("allowed_updates"))}
    return [name for name in UPDATES if name not in allowed] if allowed else []


def setup(connection: Connection, url: str) -> Calls[list[str]]:
    """Telegram sends the bot's updates to *url* with our secret; a sentence a step.

    It is set each time: whether Telegram still has the same secret cannot be asked, and setting it
    again changes nothing else.
    """
    body = {
        "url": url,
        "secret_token": connection.secret("webhook_secret"),
        "allowed_updates": list(UPDATES),
        "max_connections": 40,
    }
    try:
        told = yield from _webhook(connection)
        yield from call(request(connection, "setWebhook", body, repeatable=True))
    except BridgeError as error:
        return [Undone(f"The webhook is not set: {error.detail}.")]
    before = text(told.get("url"))
    if before == url and not _lacking(told):
        done = f"Telegram sends the bot's updates to {clean(url)}, as before."
    else:
        done = f"Telegram now sends the bot's updates to {clean(url)}."
    return [
        done,
        *([f"Until now they went to {before}."] if before and before != url else []),
        "By hand, for groups: @BotFather > /setprivacy > Disable, then add the bot to the group "
        "(and to the discussion group of a channel).",
    ]


DAY = 24 * 3600.0
# 4,096 is counted in code points by some sources; UTF-16 units are the safe reading.
PLAIN = Capabilities(max_length=4096, measure="utf16")

CHANNEL = Channel(
    name=NAME,
    label="Telegram",
    public=Voice(capabilities=PLAIN, post=post),
    private=Voice(capabilities=PLAIN, post=post_privately),
    special={
        # In the name of a business account only talks with a message in the last day are open.
        "business_connection_id": Voice(
            capabilities=Capabilities(max_length=4096, measure="utf16", window=DAY), post=post
        ),
    },
    fetch=fetch,
    delete=delete,
    media_hosts=("api.telegram.org",),
)

SOURCE = Source(
    name=NAME,
    channels={NAME: CHANNEL},
    proof=EchoedToken(header="x-telegram-bot-api-secret-token", option="webhook_secret"),
    parse=parse,
    secrets=("token", "webhook_secret"),
    required=("token", "webhook_secret"),
    options={"api_url": API_URL},
    account_of=account_of,
    check=check,
    setup=setup,
)
