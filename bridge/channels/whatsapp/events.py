"""What Meta's webhook brings about a business number: words, states, changes of people's ids.

Source: facts collected from Meta's WhatsApp Business Platform pages (webhooks, media, business-scoped user
ids, groups, changelog to 11 Aug 2026) and recorded payloads, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.channels import graph
from bridge.channels.base import HttpRequest, HttpResponse
from bridge.channels.envelope import Entry, read
from bridge.channels.other import broken, other, word
from bridge.channels.whatsapp.contents import CONTENTS, advertisement, code_of, trouble
from bridge.core.model import Attachment, Author, Change, Kind, Message, Report, Visibility
from bridge.core.untrusted import Broken, fingerprint, flag, ident, items, mapping, moment, text

NAME = "whatsapp"

# Message types that say nothing to us -> the reason to ignore them.
ASIDE = {
    "reaction": "reaction",
    "request_welcome": "request welcome",
    "request": "request",
}
# Webhook fields around the talk -> the reason to ignore them.
FIELDS = {
    "user_preferences": "user preference",
    "calls": "call",
    "history": "history",
    "smb_app_state_sync": "contacts of the app",
    "messaging_handovers": "handover",
}
# Webhook fields about the business itself: an operator should hear of them.
ACCOUNT = (
    "account_", "business_", "message_template_", "partner_", "payment_", "phone_number_",
    "security", "template_",
)  # fmt: skip
# What an operator should hear of at once: these events, and of the other two fields all that are not
# good news. Of anything else about the business nobody need hear.
WORRIES: Mapping[str, frozenset[str]] = {
    "message_template_status_update": frozenset({"REJECTED", "PAUSED", "DISABLED", "FLAGGED"}),
    "phone_number_quality_update": frozenset({"FLAGGED", "DOWNGRADE"}),
}
CALM: Mapping[str, frozenset[str]] = {
    "account_update": frozenset(
        {"ACCOUNT_RECONNECTED", "AD_ACCOUNT_LINKED", "MM_LITE_TERMS_SIGNED", "PARTNER_ADDED",
         "PARTNER_APP_INSTALLED", "VERIFIED_ACCOUNT"}
    ),
    "account_alerts": frozenset({"OBA_APPROVED"}),
}  # fmt: skip
STATES = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """What all items of one change share: our number, when it was told, and who is spoken of."""

    account_id: str | None
    entry: Entry
    people: Mapping[str, Mapping[str, Any]]  # contacts by each of their ids, never by position


def change(entry: Entry, item: Mapping[str, Any]) -> Sequence[Message]:
    """The events in one item of `changes`: messages, states and errors may come in one value."""
    name, value = item.get("field"), item.get("value")
    if not isinstance(name, str):
        raise Broken("field is missing")
    lists = LISTS.get(name)
    if lists is None:
        return (_aside(entry, name, value, item),)
    if not isinstance(value, dict):
        raise Broken("value is not an object")
    account_id = ident(mapping(value.get("metadata")).get("phone_number_id"))
    people = {
        known: contact
        for contact in map(mapping, items(value.get("contacts")))
        for key in ("wa_id", "user_id")
        if (known := ident(contact.get(key)))
    }
    place = _Place(account_id, Entry(account_id, entry.at), people)
    found: list[Message] = []
    for key, reader in lists.items():
        listed = value.get(key)
        if listed is not None and not isinstance(listed, list):
            found.append(broken(NAME, account_id, f"{key} is not a list", item))
        for one in items(listed):
            found += _read(place, reader, one)
    return found or (other(NAME, account_id, "empty value", item),)


_Reader = Callable[[_Place, Mapping[str, Any]], Message | Sequence[Message]]


def _read(place: _Place, reader: _Reader, item: object) -> Sequence[Message]:
    return read(NAME, lambda _, one: reader(place, one), place.entry, item)


def _aside(entry: Entry, name: str, value: object, item: object) -> Message:
    """A webhook field that is about no talk. Account ids of these are not those of a number."""
    told = mapping(value)
    if name.startswith(ACCOUNT):
        event = next((told[key] for key in ("event", "alert_type", "decision") if key in told), "")
        reason = " ".join(["account:", word(name), *([word(event)] if event else [])])
        facts = {
            "business_account": entry.account_id,
            "template": text(told.get("message_template_name")),
        }
        extra = {key: fact for key, fact in facts.items() if fact}
        alarm = _alarm(name, word(event), told)
        return other(NAME, None, reason, item, sent_at=entry.at, extra=extra, alarm=alarm)
    known = FIELDS.get(name) or ("group" if name.startswith("group_") else None)
    return other(NAME, None, known or f"unknown field: {word(name)}", item, sent_at=entry.at)


def _alarm(name: str, event: str, told: Mapping[str, Any]) -> str | None:
    """What an operator should hear of it; None where it can wait until somebody looks."""
    calm = CALM.get(name)
    if event not in WORRIES.get(name, ()) and (calm is None or event in calm):
        return None
    template = told.get("message_template_name")
    about = f"of the template {word(template)}" if template else ""
    news = " ".join(filter(None, (word(name), event, about)))
    return f"WhatsApp tells of the business account: {news}"


def _who(
    place: _Place, item: Mapping[str, Any], role: str
) -> tuple[str | None, tuple[str, ...], Mapping[str, Any]]:
    """The person at the other end, by number if it is told, their other ids, and their contact."""
    given = [one for one in (ident(item.get(role)), ident(item.get(f"{role}_user_id"))) if one]
    contact = next((place.people[one] for one in given if one in place.people), {})
    also = (ident(contact.get("wa_id")), ident(contact.get("user_id")))
    ids = list(dict.fromkeys([*given, *filter(None, also)]))
    return ids[0] if ids else None, tuple(ids[1:]), contact


def _author(person: str | None, contact: Mapping[str, Any]) -> Author | None:
    profile = mapping(contact.get("profile"))
    username = (text(profile.get("username")) or "").removeprefix("@")
    name = text(profile.get("name"))
    return Author(id=person, name=name or None, username=username or None) if person else None


class _Item:
    """What all messages share: who, where, when. Echoes (`own`) are to the person, not from them."""

    def __init__(self, place: _Place, item: Mapping[str, Any], *, own: bool = False) -> None:
        self.item, self.own, self.account_id = item, own, place.account_id
        self.kind = text(item.get("type")) or ""
        self.id = ident(item.get("id"))
        self.group = ident(item.get("group_id"))
        self.sent_at = moment(item.get("timestamp")) or place.entry.at
        self.person, self.aliases, contact = _who(place, item, "to" if own else "from")
        self.author = _author(self.person, contact)
        if own:
            sender = ident(item.get("from"))
            self.author = Author(id=sender) if sender else None

    @property
    def thread(self) -> str | None:
        """The group, or the talk with one person. An echo names none: it is known by its person."""
        chat = self.group or (None if self.own else self.person)
        return chat and f"{self.account_id or '-'}:{chat}"

    def event(self, kind: Kind, *, dedupe: str, **more: Any) -> Message:
        """A message with what the item says of itself."""
        known: dict[str, Any] = {
            "external_id": self.id,
            "thread_id": self.thread,
            "author": self.author,
            "ignored": "own" if self.own else None,
        }
        return Message(
            channel=NAME,
            account_id=self.account_id,
            kind=kind,
            visibility=Visibility.PUBLIC if self.group else Visibility.PRIVATE,
            own=self.own,
            customer_id=self.person if self.own else None,
            sent_at=self.sent_at,
            dedupe=dedupe,
            answer={"group_id": self.group} if self.group else {},
            aliases=self.aliases,
            **(known | more),
        )

    def needed(self, found: str | None, what: str) -> str:
        """*found*, which must be there; strangers without an id must not share a conversation."""
        if found is None:
            raise Broken(f"{what} is missing or no id")
        if self.person is None:
            raise Broken("it does not say whose conversation it is")
        if self.account_id is None:
            raise Broken("it does not say to which number it came")
        return found


def _message(place: _Place, item: Mapping[str, Any]) -> Message | Sequence[Message]:
    return _spoken(_Item(place, item))


def _echo(place: _Place, item: Mapping[str, Any]) -> Message | Sequence[Message]:
    """What staff wrote in the WhatsApp Business app."""
    return _spoken(_Item(place, item, own=True))


def _spoken(one: _Item) -> Message | Sequence[Message]:
    if one.kind == "system":
        return _system(one)
    if one.kind == "edit":
        return _edit(one)
    if one.kind == "revoke":
        return _revoke(one)
    if one.kind in CONTENTS:
        return _said(one)
    if not one.kind:
        raise Broken("its type is missing")
    reason = ASIDE.get(one.kind) or f"unknown type: {word(one.kind)}"
    return one.event(Kind.OTHER, external_id=None, dedupe=_derived(one), ignored=reason)


def _derived(one: _Item) -> str:
    """A name for an event of its own that no other event speaks of."""
    return f"{word(one.kind)}:{one.id or fingerprint(one.item)}"


def _said(one: _Item) -> Message:
    """Somebody's words, files or choice."""
    wamid = one.needed(one.id, "its id")
    said = CONTENTS[one.kind](one.kind, one.item.get(one.kind))
    if said.quiet:
        return one.event(Kind.OTHER, external_id=None, dedupe=_derived(one), ignored=said.quiet)
    wrong = trouble(one.item)
    files = said.files
    if not said.text and not files:
        # Something the API cannot show; the agent must look at the phone.
        what = text(mapping(one.item.get("unsupported")).get("type")) or one.kind
        told = (what if what not in ("text", "unsupported", "unknown") else None, wrong)
        name = ", ".join(filter(None, told))
        files = (Attachment(type="unsupported", name=name or None),)
    context = mapping(one.item.get("context"))
    facts: dict[str, Any] = {
        "errors": wrong or None,
        "forwarded": flag(context.get("forwarded")) or None,
        "frequently_forwarded": flag(context.get("frequently_forwarded")) or None,
        "product": text(mapping(context.get("referred_product")).get("product_retailer_id")),
        **{
            f"referral.{name}": fact
            for name, fact in advertisement(one.item.get("referral")).items()
        },
        **said.facts,
    }
    return one.event(
        Kind.DM,
        dedupe=f"message:{wamid}",
        text=said.text,
        attachments=files,
        in_reply_to=ident(context.get("id")),
        extra={name: fact for name, fact in facts.items() if fact is not None},
    )


def _edit(one: _Item) -> Message:
    """Changed words; only numbers that the WhatsApp Business app uses too are told of it."""
    told = mapping(one.item.get("edit"))
    wamid = one.needed(ident(told.get("original_message_id")), "the id of the original")
    inner = mapping(told.get("message"))
    kind = text(inner.get("type")) or ""
    said = CONTENTS[kind](kind, inner.get(kind)) if kind in CONTENTS else None
    return one.event(
        Kind.DM,
        change=Change.EDITED,
        external_id=wamid,
        dedupe=f"message:{wamid}:edited:{one.id or fingerprint(inner)}",
        text=said.text if said else None,
        attachments=said.files if said else (),
        **({} if said else {"ignored": "edit without text"}),
    )


def _revoke(one: _Item) -> Message:
    """Taken-back words; its own id is another than theirs."""
    told = mapping(one.item.get("revoke"))
    wamid = one.needed(ident(told.get("original_message_id")), "the id of the original")
    return one.event(
        Kind.DM,
        change=Change.DELETED,
        external_id=wamid,
        thread_id=None,  # it names no group either, and groups know no taking back
        dedupe=f"message:{wamid}:deleted",
        # The sender of an echo of this kind has been seen to be the customer.
        **({"author": None} if one.own else {}),
    )


def _system(one: _Item) -> Sequence[Message]:
    """A person's number or BSUID has changed, or something that we need not know.

    A new number brings a new BSUID with it: two events then.
    """
    told = mapping(one.item.get("system"))
    kind = text(told.get("type")) or ""
    pairs = [(ident(told.get("previous_user_id")), ident(told.get("user_id")))]
    if kind.endswith("_changed_number"):
        # `new_wa_id` until v11 of the API.
        new = ident(told.get("new_wa_id")) or ident(told.get("wa_id"))
        pairs.insert(0, (ident(one.item.get("from")), new))
    renamed = [(old, new) for old, new in pairs if old and new and old != new]
    if not renamed:
        reason = f"system: {word(kind)}" if kind else "system"
        return (one.event(Kind.OTHER, dedupe=_derived(one), ignored=reason),)
    return [
        one.event(
            Kind.OTHER,
            dedupe=f"{_derived(one)}:{position}",
            ignored="identity",
            renamed=pair,
            # Without a number the person is the one who was.
            author=one.author or Author(id=pair[0]),
        )
        for position, pair in enumerate(renamed)
    ]


def _user_id(place: _Place, item: Mapping[str, Any]) -> Message:
    """A person's BSUID has changed (the field user_id_update, which Meta has dropped since)."""
    told = mapping(item.get("user_id"))
    old, new = ident(told.get("previous")), ident(told.get("current"))
    phone = ident(item.get("wa_id"))
    if new is None:
        raise Broken("the current user id is missing")
    profile = mapping(place.people.get(phone or "", {}).get("profile"))
    return other(
        NAME,
        place.account_id,
        "identity",
        item,
        author=Author(id=new, name=text(profile.get("name")) or None),
        sent_at=moment(item.get("timestamp")) or place.entry.at,
        aliases=(phone,) if phone else (),
        renamed=(old, new) if old and old != new else None,
    )


def _status(place: _Place, item: Mapping[str, Any]) -> Message:
    """What became of words of ours. They come in any order, and unknown ones say nothing."""
    wamid, told = ident(item.get("id")), text(item.get("status")) or ""
    if wamid is None:
        raise Broken("the status names no message")
    state, report = STATES.get(told), None
    if state is not None:
        code, detail = _why(item) if state == "failed" else ("", "")
        marker = text(item.get("biz_opaque_callback_data"))
        report = Report(of=wamid, state=state, marker=marker or None, code=code, detail=detail)
    return other(
        NAME,
        place.account_id,
        f"status: {word(told)}",
        item,
        sent_at=moment(item.get("timestamp")) or place.entry.at,
        dedupe=f"status:{wamid}:{word(told)}",
        report=report,
    )


_POST = HttpRequest(method="POST", url=graph.API_URL, json={"messaging_product": "whatsapp"})


def _why(item: Mapping[str, Any]) -> tuple[str, str]:
    """Why words of ours failed, as (code, sentence): late errors mean what the same ones mean at once."""
    code = code_of(next(iter(items(item.get("errors"))), None))
    if code is None:
        return "refused", "WhatsApp does not say why"
    late = HttpResponse(status=400, body=json.dumps({"error": {"code": code}}).encode())
    error = graph.failure(_POST, late)
    return error.code, f"{error.detail.partition(';')[0]}; WhatsApp reported error {code}"


def _problem(place: _Place, item: Mapping[str, Any]) -> Message:
    """An error that belongs to no message."""
    return other(
        NAME, place.account_id, f"account: error {code_of(item)}", item, sent_at=place.entry.at
    )


LISTS: Mapping[str, Mapping[str, _Reader]] = {
    "messages": {"messages": _message, "statuses": _status, "errors": _problem},
    "smb_message_echoes": {"message_echoes": _echo, "errors": _problem},
    "user_id_update": {"user_id_update": _user_id},
}
