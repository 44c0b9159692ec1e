"""Direct messages as Messenger and Instagram have them: one shape, one way to answer.

Source: facts collected from Meta's Messenger Platform and Instagram messaging pages, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.channels import graph
from bridge.channels.base import Posted
from bridge.channels.envelope import Entry
from bridge.channels.other import other, word
from bridge.core.calls import Calls
from bridge.core.errors import Ambiguous, Unsupported
from bridge.core.model import (
    Attachment,
    Author,
    Change,
    Kind,
    Message,
    Outgoing,
    Target,
    Visibility,
)
from bridge.core.untrusted import (
    Broken,
    fingerprint,
    flag,
    ident,
    items,
    mapping,
    moment,
    number,
    text,
)

DAY = 24 * 3600.0
# Meta's own inboxes, where people write; a page of its documentation drops digits of the first one.
INBOXES = frozenset({"263902037430900", "26390203743090", "1217981644879628"})

# Receipts, and what is said to us about a talk: name of the item's key -> the reason to ignore it.
ASIDE = {
    "reaction": "reaction",
    "delivery": "delivery",
    "read": "read",
    "optin": "optin",
    "referral": "referral",
    "account_linking": "account linking",
    "game_play": "game play",
    "policy_enforcement": "policy enforcement",
    "policy-enforcement": "policy enforcement",
    "prior_message": "prior message",
}
# Only the app that is handed a thread is told of `pass_thread_control`: then it is ours to answer.
HANDOVERS = {
    "pass_thread_control": None,
    "take_thread_control": "another app took the thread",
    "request_thread_control": "another app asks for the thread",
    "app_roles": "app roles",
}
MOST_TOLD = 1000  # characters of what a bot says as it hands a talk over
TEST_SENDER = "12334"  # the dashboard's "Test" button


# --- what comes in -----------------------------------------------------------------------------


def reader(channel: str, *, standby: bool = False) -> Callable[[Entry, Mapping[str, Any]], Message]:
    """Reads one item of `messaging`, or of `standby`: there another app owns the thread."""
    return lambda entry, item: _read(channel, entry, item, standby=standby)


def _read(channel: str, entry: Entry, item: Mapping[str, Any], *, standby: bool) -> Message:
    about = _About(channel, entry, item, standby=standby)
    if "message" in item:
        return _message(about, _object(item, "message"))
    if "message_edit" in item:
        return _edit(about, _object(item, "message_edit"))
    if "postback" in item:
        return _postback(about, _object(item, "postback"))
    for name, reason in HANDOVERS.items():
        if name in item:
            # What the bot says of the talk: its last block, what it has asked for.
            told = (text(mapping(item[name]).get("metadata")) or "")[:MOST_TOLD].strip()
            return about.event(
                Kind.HANDOVER,
                dedupe=about.derived(name),
                ignored=about.quiet or reason,
                extra={"handover": told} if told else {},
            )
    for name, reason in ASIDE.items():
        if name in item:
            return about.event(Kind.OTHER, dedupe=about.derived(name), ignored=reason)
    known = {"sender", "recipient", "timestamp"}
    names = sorted(word(name) for name in item if name not in known)
    reason = f"unknown item: {', '.join(names[:3]) or 'none'}"
    return other(channel, entry.account_id, reason, item)


class _About:
    """What all events of one item share: who, where, when."""

    def __init__(
        self, channel: str, entry: Entry, item: Mapping[str, Any], *, standby: bool
    ) -> None:
        sender, recipient = mapping(item.get("sender")), mapping(item.get("recipient"))
        self.channel = channel
        self.item = item
        self.account_id = entry.account_id or ident(recipient.get("id"))
        self.sender_id = ident(sender.get("id"))
        self.user_ref = ident(sender.get("user_ref"))
        self.standby = standby
        self.sent_at = moment(item.get("timestamp")) or entry.at
        self.own = self.sender_id is not None and self.sender_id == self.account_id
        # What an account writes to itself comes as an echo and with `is_self`, also on postbacks.
        told = [item, *(mapping(item.get(name)) for name in ("message", "postback"))]
        if any(flag(one.get(name)) for one in told for name in ("is_echo", "is_self")):
            self.own = True
        person = ident(recipient.get("id")) if self.own else self.sender_id or self.user_ref
        self.person = person
        self.quiet = "test" if self.sender_id == TEST_SENDER else "own" if self.own else None

    def derived(self, name: str) -> str:
        """A name for an event that has no id of its own."""
        return f"{name}:{fingerprint([self.item, self.standby])}"

    def event(self, kind: Kind, *, dedupe: str, **more: Any) -> Message:
        """A message with what the item says of itself."""
        named = f"{self.account_id or '-'}:{self.person}" if self.person else None
        answer = {"user_ref": self.user_ref} if self.user_ref and not self.sender_id else {}
        extra = {"standby": True} if self.standby else {}
        return Message(
            channel=self.channel,
            account_id=self.account_id,
            kind=kind,
            thread_id=named,
            visibility=Visibility.PRIVATE,
            author=Author(id=self.sender_id) if self.sender_id else None,
            own=self.own,
            customer_id=self.person if self.own or self.sender_id is None else None,
            sent_at=self.sent_at,
            dedupe=dedupe,
            answer=answer | more.pop("answer", {}),
            extra=extra | more.pop("extra", {}),
            **({"external_id": None} | more),
        )

    def needs_person(self) -> None:
        """Strangers without an id must not share a conversation."""
        if self.person is None:
            raise Broken("it does not say whose conversation it is")


def _message(about: _About, message: Mapping[str, Any]) -> Message:
    mid = _mid(message)
    about.needs_person()
    facts = {
        "app_id": ident(message.get("app_id")),
        "metadata": text(message.get("metadata")),  # ours, when we wrote it
        "quick_reply": text(mapping(message.get("quick_reply")).get("payload")),
        "unsupported": flag(message.get("is_unsupported")) or None,
        "referral": text(mapping(message.get("referral")).get("ref")),
    }
    if about.own and facts["app_id"] is not None and facts["app_id"] not in INBOXES:
        facts["other_app"] = True  # ours, a bot's, or another tool's
    extra = {name: fact for name, fact in facts.items() if fact is not None}
    if flag(message.get("is_deleted")):
        return about.event(
            Kind.DM,
            change=Change.DELETED,
            external_id=mid,
            dedupe=f"message:{mid}:deleted",
            ignored=about.quiet,
            answer={"mid": mid},
            extra=extra,
        )
    files = (*_story(message), *_attachments(message))
    if flag(message.get("is_unsupported")) and not files:
        files = (Attachment(type="unsupported"),)
    return about.event(
        Kind.DM,
        external_id=mid,
        dedupe=f"message:{mid}",
        ignored=about.quiet,
        text=_text(message) or "",
        attachments=files,
        in_reply_to=ident(mapping(message.get("reply_to")).get("mid")),
        answer={"mid": mid},
        extra=extra,
    )


def _edit(about: _About, edit: Mapping[str, Any]) -> Message:
    mid = _mid(edit)
    about.needs_person()
    words = _text(edit)
    count = number(edit.get("num_edit"))
    version = str(count) if isinstance(count, int) else fingerprint(words)
    return about.event(
        Kind.DM,
        change=Change.EDITED,
        external_id=mid,
        dedupe=f"message:{mid}:edited:{version}",
        # Instagram's cousin of this event may come without the text; then there is nothing to tell.
        ignored=about.quiet or ("edit without text" if words is None else None),
        text=words,
        answer={"mid": mid},
    )


def _postback(about: _About, postback: Mapping[str, Any]) -> Message:
    """A pressed button: its title is what the person said."""
    about.needs_person()
    mid = ident(postback.get("mid"))
    payload = text(postback.get("payload"))
    return about.event(
        Kind.DM,
        external_id=mid,
        dedupe=f"message:{mid}" if mid else about.derived("postback"),
        ignored=about.quiet,
        text=_text(postback, "title") or payload or "",
        answer={"mid": mid} if mid else {},
        extra={"postback": payload or "", "type": "postback"},
    )


def _object(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = item[name]
    if not isinstance(found, dict):
        raise Broken(f"{name} is not an object")
    return found


def _mid(message: Mapping[str, Any]) -> str:
    mid = ident(message.get("mid"))
    if mid is None:
        raise Broken("mid is missing or no id")
    return mid


def _text(message: Mapping[str, Any], key: str = "text") -> str | None:
    said = message.get(key)
    if said is not None and not isinstance(said, str):
        raise Broken(f"{key} is no text")
    return text(said)


def _story(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The story that is answered; it is there for a day at most."""
    story = mapping(mapping(message.get("reply_to")).get("story"))
    address, named = text(story.get("url")) or None, ident(story.get("id"))
    if address is None and named is None:
        return ()
    return (Attachment(type="story_reply", url=address, id=named),)


def _attachments(message: Mapping[str, Any]) -> tuple[Attachment, ...]:
    found = [_attachment(one) for one in map(mapping, items(message.get("attachments")))]
    # Since June 2026 a sticker comes twice, as a sticker and as an image.
    return tuple(dict.fromkeys(found))


def _attachment(one: Mapping[str, Any]) -> Attachment:
    payload = mapping(one.get("payload"))
    kind = text(one.get("type")) or "unsupported"
    sticker = ident(payload.get("sticker_id"))
    if kind == "location":
        at = mapping(payload.get("coordinates"))
        place = (number(at.get("lat")), number(at.get("long")))
        name = f"{place[0]}, {place[1]}" if None not in place else None
        return Attachment(type=kind, name=name)
    return Attachment(
        type="sticker" if sticker and kind == "image" else word(kind),
        url=text(payload.get("url")) or text(one.get("url")) or None,
        name=text(payload.get("title")) or text(one.get("title")) or None,
        id=sticker,
    )


# --- what goes out -----------------------------------------------------------------------------


def post(
    target: Target,
    outgoing: Outgoing,
    speaker: str,
    *,
    recipient: Mapping[str, str] | None = None,
    marked: bool = True,
) -> Calls[Posted]:
    """Write as *speaker* to the person, or to *recipient*; return the message's id.

    The id is the `mid` of the echo, and knows whom it reached. *marked* messages carry our marker as
    metadata, and so does their echo. Words a person wrote (`outgoing.tag` is "human") may be sent
    for 7 days with HUMAN_AGENT, a feature Meta reviews. A comment takes one such reply and refuses
    a second with 10900, so one addressed to a comment or post is safe to repeat.
    """
    message = {"text": outgoing.text}
    if marked:
        message["metadata"] = outgoing.marker[:999]
    body: dict[str, Any] = {"recipient": recipient or _recipient(target), "message": message}
    if outgoing.tag == "human":
        body |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    elif recipient is None:
        body["messaging_type"] = "RESPONSE"
    spends = (f"private:{speaker}",) if recipient is not None else ()
    request = graph.request(
        target, "POST", speaker, "messages", json=body, repeatable=bool(spends), spends=spends
    )
    answer = yield from graph.call(request)
    return Posted(graph.needed_id(answer, "message_id"), person=ident(answer.get("recipient_id")))


def _recipient(target: Target) -> dict[str, str]:
    if user_ref := target.answer.get("user_ref"):
        return {"user_ref": user_ref}
    if target.person_id is None:
        raise Unsupported("nobody_to_answer", "it is not known to whom to write")
    return {"id": target.person_id}


def look(target: Target, outgoing: Outgoing, speaker: str, platform: str) -> Calls[str | None]:
    """The id of a message with our words to this person since the attempt, else None."""
    if target.person_id is None:
        raise Ambiguous("cannot_tell", "without the person's id the talk cannot be read")
    params = {
        "platform": platform,
        "user_id": target.person_id,
        "fields": "messages.limit(50){id,message,from,created_time}",
    }
    answer = yield from graph.call(
        graph.request(
            target, "GET", speaker, "conversations", params=params, spends=(f"talks:{speaker}",)
        )
    )
    if not isinstance(answer.get("data"), list):
        raise Ambiguous("cannot_tell", "Meta's list of talks has another shape")
    for talk in map(mapping, items(answer["data"])):
        listed = mapping(talk.get("messages"))
        for one in map(mapping, items(listed.get("data"))):
            if graph.is_old(one, outgoing):
                break
            # Two people talk here: what is not by the customer is by us.
            by = ident(mapping(one.get("from")).get("id"))
            if by != target.person_id and graph.has_words(one, outgoing):
                return ident(one.get("id"))
        else:
            if mapping(listed.get("paging")).get("next"):
                raise Ambiguous("cannot_tell", "too much was said since to find our own words")
    return None
