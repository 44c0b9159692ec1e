"""Instagram: comments, mentions and direct messages of one professional account.

Two of Meta's products lead there (`login` of the account): Facebook Login, with the token of the Page
that the account belongs to, and Instagram Login, with its own host and app secret. Source: facts
collected from Meta's Instagram Platform pages, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.channels import graph, media, messaging
from bridge.channels.base import Account, Channel, Posted, Voice
from bridge.channels.envelope import Entry
from bridge.channels.messaging import DAY
from bridge.channels.other import other, word
from bridge.core.calls import Calls
from bridge.core.errors import Unsupported
from bridge.core.model import (
    Author,
    Capabilities,
    Connection,
    Kind,
    Message,
    Outgoing,
    Target,
    Visibility,
)
from bridge.core.untrusted import Broken, flag, ident, link_at, mapping, number, text

NAME = "instagram"
item = messaging.reader(NAME)
standby = messaging.reader(NAME, standby=True)


# --- what comes in -----------------------------------------------------------------------------


def change(entry: Entry, item: Mapping[str, Any]) -> Message:
    """The event in one item of `changes`, or in an entry that holds field and value itself."""
    field, value = item.get("field"), item.get("value")
    if field not in ("comments", "live_comments", "mentions"):
        return other(NAME, entry.account_id, f"field {word(field)}", item)
    if not isinstance(value, dict):
        raise Broken("the value is not an object")
    if field == "mentions":
        return _mention(entry, value)
    return _comment(entry, value, live=field == "live_comments")


def _comment(entry: Entry, value: Mapping[str, Any], *, live: bool) -> Message:
    """A comment. It has no time of its own, so it gets that of the notification.

    A boosted post has two media, and its comments may be told of once for each, under one id.
    """
    comment_id = ident(value.get("id")) or ident(value.get("comment_id"))
    if comment_id is None:
        raise Broken("the comment's id is missing or no id")
    said = value.get("text")
    if said is not None and not isinstance(said, str):
        raise Broken("text is no text")
    parent_id = ident(value.get("parent_id"))
    root = parent_id or comment_id
    author, post = _author(value), _post(value)
    own = _own(entry, value, author)
    answer = {"comment_id": comment_id, "root": root, "post_id": post.get("id")}
    return Message(
        channel=NAME,
        account_id=entry.account_id,
        kind=Kind.COMMENT,
        external_id=comment_id,
        thread_id=root,
        visibility=Visibility.PUBLIC,
        author=author,
        own=own,
        ignored="own" if own else None,
        text=text(said),
        in_reply_to=parent_id,
        sent_at=entry.at,
        dedupe=f"comment:{comment_id}",
        answer={name: given for name, given in answer.items() if given}
        | ({"live": "1"} if live else {}),
        extra=({"post": post} if post else {}) | ({"live": True} if live else {}),
    )


def _mention(entry: Entry, value: Mapping[str, Any]) -> Message:
    """Somebody named the account elsewhere. Only ids are told; `describe` asks for the words."""
    comment_id, media_id = ident(value.get("comment_id")), ident(value.get("media_id"))
    mentioned = comment_id or media_id
    if mentioned is None:
        raise Broken("neither comment_id nor media_id is an id")
    answer = {"mentioned_comment": comment_id, "mentioned_media": media_id}
    return Message(
        channel=NAME,
        account_id=entry.account_id,
        kind=Kind.MENTION,
        external_id=mentioned,
        thread_id=mentioned,
        visibility=Visibility.PUBLIC,
        author=None,
        sent_at=entry.at,
        dedupe=f"mention:{mentioned}",
        answer={name: given for name, given in answer.items() if given},
        extra={"post": {"id": media_id}} if media_id else {},
    )


def _author(value: Mapping[str, Any]) -> Author | None:
    """Who wrote; None where it is not told (live comments, no advanced access)."""
    sender = mapping(value.get("from")) or mapping(value.get("user"))
    found = ident(sender.get("id"))
    username = text(sender.get("username")) or text(value.get("username")) or None
    return Author(id=found, username=username) if found or username else None


def _own(entry: Entry, value: Mapping[str, Any], author: Author | None) -> bool | None:
    """`self_ig_scoped_id` is only there on the account's own comments."""
    if ident(mapping(value.get("from")).get("self_ig_scoped_id")) is not None:
        return True
    if author is None or author.id is None:
        return False
    return None if entry.account_id is None else author.id == entry.account_id


def _post(value: Mapping[str, Any]) -> dict[str, str]:
    """The media that is commented on; of a boosted one the ad too."""
    told = mapping(value.get("media"))
    found = {
        "id": ident(told.get("id")),
        "type": text(told.get("media_product_type")),
        "ad_id": ident(told.get("ad_id")),
        "ad_title": text(told.get("ad_title")),
        "original_id": ident(told.get("original_media_id")),
    }
    return {name: given for name, given in found.items() if given}


def recognise(connection: Connection, message: Message) -> Message:
    """*message* with its account: under Facebook Login an entry may carry the id of the Page."""
    told = message.account_id
    account = next((one for one in connection.accounts if _is(one, told)), None)
    if account is None or told is None or account.id is None:
        return message
    if account.id != told:
        thread = message.thread_id
        if thread and message.visibility is Visibility.PRIVATE:
            thread = f"{account.id}:{thread.removeprefix(f'{told}:')}"
        message = replace(message, account_id=account.id, thread_id=thread)
    public = message.visibility is Visibility.PUBLIC and message.kind is not Kind.OTHER
    if public and message.author and _wrote(account, message.author):
        return replace(message, own=True, ignored="own")
    return message


def _is(account: Account, told: str | None) -> bool:
    return account.channel == NAME and told in (account.id, account.options.get("page"))


def _wrote(account: Account, author: Author) -> bool:
    name = str(account.options.get("username") or "").lstrip("@").lower()
    return author.id == account.id or bool(name and (author.username or "").lower() == name)


# --- what goes out in public ---------------------------------------------------------------------


def post_comment(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Put *outgoing* under the root comment, which alone takes replies; return the comment's id."""
    answer = yield from graph.call(
        graph.request(target, "POST", _root(target), "replies", json={"message": outgoing.text})
    )
    return graph.needed_id(answer, "id")


def look_for_comment(target: Target, outgoing: Outgoing) -> Calls[str | None]:
    """The id of a reply with our words by anybody but the customer since the attempt; else None.

    Their order is not documented. Under which id our own account shows there is not either.
    """
    params = {"fields": "id,text,timestamp,username,from", "limit": "50"}
    path = (_root(target), "replies")

    def ours(reply: Mapping[str, Any]) -> bool:
        by = ident(mapping(reply.get("from")).get("id"))
        return by is None or by != target.person_id

    return (yield from graph.look(target, outgoing, path, params, ours, newest_first=False))


def _root(target: Target) -> str:
    found = target.answer.get("root") or target.answer.get("comment_id") or target.thread_id
    if found is None:
        raise Unsupported("nothing_to_answer", "it is not known under what to answer")
    return found


def post_mention(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Answer where the account was named, under somebody else's post; return the comment's id."""
    media_id = target.answer.get("mentioned_media")
    if media_id is None:
        raise Unsupported("nothing_to_answer", "it is not known under which post to answer")
    body = {"media_id": media_id, "message": outgoing.text}
    if comment_id := target.answer.get("mentioned_comment"):
        body["comment_id"] = comment_id
    answer = yield from graph.call(
        graph.request(target, "POST", graph.account_id(target), "mentions", json=body)
    )
    return graph.needed_id(answer, "id")


def refuse_public(target: Target, outgoing: Outgoing) -> Calls[str]:
    """A live broadcast takes no words of ours in public."""
    yield from ()
    raise Unsupported("no_public_reply", "Instagram has no public reply to a comment on a live")


HIDING = "comments under own posts can be hidden on Instagram"


def hide(target: Target) -> Calls[None]:
    """The customer's comment is hidden from others; nobody can reply to it then."""
    yield from graph.show(target, {"hide": True}, HIDING)


def unhide(target: Target) -> Calls[None]:
    """A hidden comment can be seen, and replied to, again."""
    yield from graph.show(target, {"hide": False}, HIDING)


def delete(target: Target, posted_id: str) -> Calls[None]:
    """Take back a comment of ours; messages, whose ids are no numbers, cannot be taken back."""
    if not posted_id.isdigit():
        raise Unsupported("cannot_delete", "Instagram lets nobody take a message back by its API")
    yield from graph.delete(target, posted_id)


# --- what goes out in private ------------------------------------------------------------------


def _speaker(target: Target) -> str:
    """Whose messages these are: the account's own by Instagram Login, else its Page's."""
    if graph.product_of(target.account) is graph.INSTAGRAM:
        return graph.account_id(target)
    return str(target.account.options.get("page") or "me")


def post_message(target: Target, outgoing: Outgoing) -> Calls[Posted]:
    """Write to the person; return the message's id, which is the `mid` of the echo."""
    return (yield from messaging.post(target, outgoing, _speaker(target), marked=False))


def look_for_message(target: Target, outgoing: Outgoing) -> Calls[str | None]:
    """The id of a message with our words to this person since the attempt, else None."""
    return (yield from messaging.look(target, outgoing, _speaker(target), NAME))


def post_private_reply(target: Target, outgoing: Outgoing) -> Calls[Posted]:
    """Write to the person behind a comment: once, within 7 days, of a live while it goes on."""
    recipient = {"comment_id": target.answer["comment_id"]}
    speaker = _speaker(target)
    return (yield from messaging.post(target, outgoing, speaker, recipient=recipient, marked=False))


def refuse_private(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Who mentions the account elsewhere has no comment here to reply to."""
    yield from ()
    raise Unsupported("no_private_reply", "Instagram has no private reply to a mention")


# --- what is asked -------------------------------------------------------------------------------


def describe(target: Target, message: Message) -> Calls[Mapping[str, object]]:
    """What the payload left out; what Instagram does not let us see is left out, that is no error."""
    if message.kind is Kind.MENTION:
        return (yield from _mentioned(target, message))
    if message.kind is Kind.COMMENT:
        return (yield from _commented(target, message))
    return (yield from _profile(target, message))


def _commented(target: Target, message: Message) -> Calls[Mapping[str, object]]:
    """post_text and post_url of the media, and author and text of the comment where they lack."""
    found: dict[str, object] = {}
    comment_id, post_id = message.answer.get("comment_id"), message.answer.get("post_id")
    if comment_id and (message.author is None or message.text is None):
        told = yield from graph.seen(target, comment_id, "id,text,username,from,timestamp,media")
        found |= _who_and_what(message, told)
        post_id = post_id or ident(mapping(told.get("media")).get("id"))
    if post_id:
        found |= _about_post((yield from graph.seen(target, post_id, "caption,permalink")))
    return found


def _mentioned(target: Target, message: Message) -> Calls[Mapping[str, object]]:
    """A mention's words: such comments and posts are asked for by way of the account they name.

    Comments say no more than text, time and media there.
    """
    comment_id = message.answer.get("mentioned_comment")
    media_id = message.answer.get("mentioned_media")
    found: dict[str, object] = {}
    if comment_id and comment_id.isalnum():
        asked = f"mentioned_comment.comment_id({comment_id}){{id,text,timestamp,media}}"
        told = yield from graph.seen(target, graph.account_id(target), asked)
        found |= _who_and_what(message, mapping(told.get("mentioned_comment")))
    if media_id and media_id.isalnum():
        asked = f"mentioned_media.media_id({media_id}){{id,caption,timestamp,username}}"
        told = yield from graph.seen(target, graph.account_id(target), asked)
        post = mapping(told.get("mentioned_media"))
        found |= _about_post(post)
        if not comment_id:
            found.pop("post_text", None)
            found |= _who_and_what(message, {**post, "text": post.get("caption")})
    return found


def _profile(target: Target, message: Message) -> Calls[Mapping[str, object]]:
    """Who writes, which messages do not say; told only of people who have written to the account."""
    person = message.person
    if person is None:
        return {}
    fields = "name,username,follower_count,is_verified_user"
    told = yield from graph.seen(target, person, fields)
    name, username = text(told.get("name")) or None, text(told.get("username")) or None
    followers = number(told.get("follower_count"))
    if not (name or username):
        return {}
    verified = told.get("is_verified_user")
    author = Author(
        id=person,
        name=name,
        username=username,
        followers=followers if isinstance(followers, int) else None,
        verified=flag(verified) if isinstance(verified, bool) else None,
    )
    return {"author": author}


def _who_and_what(message: Message, told: Mapping[str, Any]) -> dict[str, object]:
    author, said = _author(told), text(told.get("text"))
    found: dict[str, object] = {}
    if message.author is None and author is not None:
        found["author"] = author
    if message.text is None and said:
        found["text"] = said
    return found


def _about_post(told: Mapping[str, Any]) -> dict[str, object]:
    found = {
        "post_text": text(told.get("caption")),
        "post_url": link_at("instagram.com", told.get("permalink")),
    }
    return {name: given for name, given in found.items() if given}


# --- the record ------------------------------------------------------------------------------------

# The length of a comment is nowhere confirmed: 2,200 is that of a caption.
COMMENT = Capabilities(max_length=2200, measure="utf16")
BYTES = 1000  # of one direct message, in UTF-8
REPLY = Capabilities(max_length=BYTES, measure="bytes", within=7 * DAY, once=True)
LIVE = 3600.0  # seconds for which a broadcast counts as going on; Instagram tells no end

# Without a look: replies under other people's posts cannot be listed.
MENTION = Voice(capabilities=COMMENT, post=post_mention, settings={"max_length": "comment_length"})
NO_REPLY = Voice(capabilities=REPLY, post=refuse_private, possible=False)

CHANNEL = Channel(
    name=NAME,
    label="Instagram",
    public=Voice(
        capabilities=COMMENT,
        post=post_comment,
        look=look_for_comment,
        settings={"max_length": "comment_length"},
    ),
    special_public={
        "live": Voice(capabilities=COMMENT, post=refuse_public, possible=False),
        "mentioned_media": MENTION,
        "mentioned_comment": MENTION,
    },
    private=Voice(
        capabilities=Capabilities(
            max_length=BYTES, measure="bytes", window=DAY, human_window=7 * DAY
        ),
        post=post_message,
        look=look_for_message,
    ),
    special={
        "live": Voice(
            capabilities=replace(REPLY, within=LIVE),
            post=post_private_reply,
            settings={"within": "live_reply_seconds"},
        ),
        "comment_id": Voice(capabilities=REPLY, post=post_private_reply),
        "mentioned_comment": NO_REPLY,
        "mentioned_media": NO_REPLY,
    },
    private_channel=NAME,
    hide=hide,
    unhide=unhide,
    delete=delete,
    describe=describe,
    fetch=media.by_url,
    media_hosts=graph.MEDIA_HOSTS,
)
