"""Threads: replies to an account's posts, and posts that mention it.

Its webhooks have an envelope of their own, and name people by their username alone. Source: facts
collected from Meta's "Threads API" and "Webhooks for Threads", read 2026-11. How deliveries are signed
is not confirmed: they are taken to be signed as everywhere at Meta.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from bridge.channels import graph, media
from bridge.channels.base import Account, Channel, Voice
from bridge.channels.envelope import Entry, read
from bridge.channels.other import other, word
from bridge.core.calls import Calls
from bridge.core.errors import Unsupported
from bridge.core.model import (
    Attachment,
    Author,
    Capabilities,
    Connection,
    Kind,
    Message,
    Outgoing,
    Target,
    Visibility,
)
from bridge.core.untrusted import Broken, flag, ident, items, mapping, moment, text

NAME = "threads"
KINDS = {"replies": Kind.COMMENT, "mentions": Kind.MENTION}
# Both tell of what the account did itself; neither names the thread it stands in.
OURS = {"publish": "own post was published", "delete": "own post was deleted"}
FILES = {"IMAGE": "image", "VIDEO": "video", "AUDIO": "audio"}
HOSTS = ("threads.net", "threads.com")
FIELDS = "id,text,username,permalink,timestamp"
TEST_SUBSCRIPTION = "234567"  # what the dashboard's "Test" button sends


# --- what comes in -----------------------------------------------------------------------------


def envelope(entry: Entry, body: Mapping[str, Any]) -> list[Message]:
    """The events of one body: `values` is one thing that happened, or (unconfirmed) several."""
    values = body.get("values")
    happened = items(values) if isinstance(values, list) else [values]
    if not happened:
        return [other(NAME, None, "empty payload", body)]

    def one(entry: Entry, item: Mapping[str, Any]) -> Message:
        return _event(entry, body, item)

    return [message for item in happened for message in read(NAME, one, entry, item)]


def _event(entry: Entry, body: Mapping[str, Any], item: Mapping[str, Any]) -> Message:
    topic, field, value = body.get("topic"), item.get("field"), item.get("value")
    known = text(field) or ""
    if known in OURS:
        return other(NAME, None, OURS[known], body)
    if known not in KINDS:
        return other(NAME, None, f"{word(topic)}: field {word(field)}", body)
    if not isinstance(value, dict):
        raise Broken("the value is not an object")
    return _said(entry, body, value, KINDS[known])


def _said(entry: Entry, body: Mapping[str, Any], value: Mapping[str, Any], kind: Kind) -> Message:
    found = ident(value.get("id"))
    if found is None:
        raise Broken("id is missing or no id")
    words = value.get("text")
    if words is not None and not isinstance(words, str):
        raise Broken("text is no text")
    root, parent = mapping(value.get("root_post")), mapping(value.get("replied_to"))
    thread = ident(root.get("id")) or ident(parent.get("id")) or found
    # Of a reply the target is the reply; of a mention it is the account that is mentioned.
    account = body.get("target_id") if kind is Kind.MENTION else root.get("owner_id")
    username = text(value.get("username")) or None
    post = {"id": thread, "username": text(root.get("username")), "url": _link(root)}
    files = _attachments(value)
    return Message(
        channel=NAME,
        account_id=ident(account),
        kind=kind,
        external_id=found,
        thread_id=thread,
        visibility=Visibility.PUBLIC,
        author=Author(
            id=ident(username),
            username=username,
            verified=flag(value["is_verified"]) if "is_verified" in value else None,
        )
        if username
        else None,
        own=False,
        text="" if words is None and files else text(words),
        attachments=files,
        in_reply_to=ident(parent.get("id")),
        permalink=_link(value),
        sent_at=moment(value.get("timestamp")) or entry.at,
        dedupe=f"{word(body.get('topic'))}:{kind}:{found}",
        answer={"reply_to": found, "root": thread},
        extra={
            "post": {name: given for name, given in post.items() if given},
            **({"test": True} if ident(body.get("subscription_id")) == TEST_SUBSCRIPTION else {}),
        },
    )


def _attachments(value: Mapping[str, Any]) -> tuple[Attachment, ...]:
    kind = FILES.get(str(value.get("media_type")), "link")
    found = [(kind, text(value.get("media_url"))), ("image", text(value.get("gif_url")))]
    return tuple(Attachment(type=type_, url=url) for type_, url in found if url)


def _link(value: Mapping[str, Any]) -> str | None:
    """The permalink in *value* if it leads to Threads."""
    link = text(value.get("permalink")) or ""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    return link if parts.scheme in ("https", "http") and host in HOSTS else None


def recognise(connection: Connection, message: Message) -> Message:
    """*message* with the account it is for, and whether that account wrote it.

    A reply names the owner of the whole thread, who is somebody else where the account was mentioned
    and answered: then it can only be for the one account there is. The dashboard's sample is for none.
    """
    if message.kind not in KINDS.values():
        return message
    owner = message.extra.get("post", {}).get("username")
    listed = [one for one in connection.accounts if one.channel == NAME]
    account = next((one for one in listed if one.id == message.account_id), None)
    account = account or next((one for one in listed if owner and _named(one, owner)), None)
    if account is None and message.extra.get("test"):
        return replace(message, ignored="test")
    if account is None and len(listed) == 1 and message.kind is Kind.COMMENT:
        account = listed[0]
    if account is None:
        return message
    author = message.author and message.author.username
    by_owner = author == owner and message.account_id == account.id  # it owns the thread
    message = replace(message, account_id=account.id)
    if author and (by_owner or _named(account, author)):
        return replace(message, own=True, ignored="own")
    return message


def _named(account: Account, username: str) -> bool:
    name = str(account.options.get("username") or "").lstrip("@").lower()
    return bool(name) and username.lower() == name


# --- what goes out -----------------------------------------------------------------------------


def post(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Reply in two steps; return the reply's id. Only the second makes it seen, and is not repeated."""
    body = {"media_type": "TEXT", "text": outgoing.text, "reply_to_id": _answered(target)}
    made = yield from graph.call(
        graph.request(target, "POST", "me", "threads", json=body, repeatable=True)
    )
    creation = {"creation_id": graph.needed_id(made, "id")}
    answer = yield from graph.call(
        graph.request(
            target,
            "POST",
            "me",
            "threads_publish",
            json=creation,
            spends=(f"threads:{target.account.id}",),
        )
    )
    return graph.needed_id(answer, "id")


def _answered(target: Target) -> str:
    found = target.answer.get("reply_to") or target.item_id
    if found is None:
        raise Unsupported("nothing_to_answer", "it is not known what to answer")
    return found


def look(target: Target, outgoing: Outgoing) -> Calls[str | None]:
    """The id of a reply with our words by anybody but the customer since the attempt; else None."""
    params = {
        "fields": "id,text,timestamp,username",
        "reverse": "true",  # newest first
        "limit": "50",
    }
    path = (_answered(target), "replies")

    def ours(reply: Mapping[str, Any]) -> bool:
        by = text(reply.get("username"))
        return by is None or by != target.person_id

    return (yield from graph.look(target, outgoing, path, params, ours))


def hide(target: Target) -> Calls[None]:
    """The customer's reply is hidden from others; possible under the account's own posts."""
    yield from _hidden(target, True)


def unhide(target: Target) -> Calls[None]:
    """A hidden reply can be seen again."""
    yield from _hidden(target, False)


def _hidden(target: Target, hidden: bool) -> Calls[None]:
    request = graph.request(
        target, "POST", _answered(target), "manage_reply", json={"hide": hidden}, repeatable=True
    )
    yield from graph.call(request)


def describe(target: Target, message: Message) -> Calls[Mapping[str, object]]:
    """The words of the post that is answered, and of a mention that came without its own.

    What Threads does not let us see is left out; that is no error.
    """
    found: dict[str, object] = {}
    if message.text is None and message.external_id:
        told = yield from graph.seen(target, message.external_id, FIELDS)
        if said := text(told.get("text")):
            found["text"] = said
    root = message.answer.get("root")
    if root and root != message.external_id:
        told = yield from graph.seen(target, root, FIELDS)
        about = {"post_text": text(told.get("text")), "post_url": _link(told)}
        found |= {name: given for name, given in about.items() if given}
    return found


CHANNEL = Channel(
    name=NAME,
    label="Threads",
    public=Voice(
        # 500 characters; how an emoji counts is not confirmed, UTF-16 is the wider measure.
        capabilities=Capabilities(max_length=500, measure="utf16"),
        post=post,
        look=look,
        settings={"max_length": "comment_length"},
    ),
    hide=hide,
    unhide=unhide,
    delete=graph.delete,
    describe=describe,
    fetch=media.by_url,
    media_hosts=graph.MEDIA_HOSTS,
)
