"""WhatsApp: what people write to a business number, by Meta's Cloud API.

A person is known by a phone number, by a business-scoped user id (BSUID, `US.1349...`), or by both; since
2026 the number may be missing. Ids of messages (wamids) hold the number in base64: they stay out of logs.
Source: facts collected from Meta's WhatsApp Business Platform pages (webhooks, media, business-scoped user
ids, groups, changelog to 11 Aug 2026) and recorded payloads, read 2026-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bridge.channels import graph, media
from bridge.channels.base import (
    Account,
    Calls,
    Channel,
    File,
    HttpRequest,
    HttpResponse,
    Post,
    Voice,
)
from bridge.channels.envelope import Entry, read
from bridge.channels.other import broken, other, word
from bridge.channels.whatsapp_contents import CONTENTS, FILES, advertisement, code_of, trouble
from bridge.core.errors import (
    BridgeError,
    PermanentError,
    Unsupported,
)
from bridge.core.model import (
    Attachment,
    Author,
    Capabilities,
    Change,
    Connection,
    Kind,
    Message,
    Outgoing,
    Report,
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
    text,
)

NAME = "whatsapp"

# --- what comes in -----------------------------------------------------------------------------

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


# --- what goes out -----------------------------------------------------------------------------

DAY = 24 * 3600.0
BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]{1,140}")  # the form of a parent, US.ENT.1179..., too


def post(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Write to the person; return the message's wamid, which only means that it was accepted.

    What becomes of it is told by statuses, which carry the marker; also that the 24 hours were over.
    """
    # What was said in a group cannot be quoted outside of it.
    quoted = None if target.answer.get("group_id") else target.item_id
    return (yield from _send(target, outgoing, _person(target), _words_of(outgoing, quoted)))


def post_in_group(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Write to the group that the customer wrote in; return the message's wamid."""
    return (yield from _send(target, outgoing, _group(target), _words_of(outgoing, target.item_id)))


def post_template(target: Target, outgoing: Outgoing) -> Calls[str]:
    """Say an approved template, where the customer wrote; return the message's wamid."""
    template = outgoing.template
    if template is None:
        raise Unsupported("no_template", "it is not known which template should be sent")
    body: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if template.values:
        # Line ends, tabs and rows of spaces are refused in values.
        values = [{"type": "text", "text": " ".join(value.split())} for value in template.values]
        body["components"] = [{"type": "body", "parameters": values}]
    whom = _group(target) if target.answer.get("group_id") else _person(target)
    return (yield from _send(target, outgoing, whom, {"type": "template", "template": body}))


def _words_of(outgoing: Outgoing, quoted: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"type": "text", "text": {"body": outgoing.text, "preview_url": False}}
    return body | ({"context": {"message_id": quoted}} if quoted else {})


def _person(target: Target) -> dict[str, str]:
    """How the person is addressed: by the id's form, as it may have changed since they wrote."""
    if target.person_id is None:
        raise Unsupported("nobody_to_answer", "it is not known to whom to write")
    key = "recipient" if BSUID.fullmatch(target.person_id) else "to"
    return {"recipient_type": "individual", key: target.person_id}


def _group(target: Target) -> dict[str, str]:
    group = target.answer.get("group_id")
    if group is None:
        raise Unsupported("nobody_to_answer", "it is not known in which group to write")
    return {"recipient_type": "group", "to": group}


def _send(
    target: Target, outgoing: Outgoing, whom: Mapping[str, str], what: Mapping[str, Any]
) -> Calls[str]:
    marked = {"biz_opaque_callback_data": outgoing.marker[:512]}
    body = {"messaging_product": "whatsapp", **whom, **what, **marked}
    answer = yield from graph.call(
        graph.request(target, "POST", graph.account_id(target), "messages", json=body)
    )
    return graph.needed_id(mapping(next(iter(items(answer.get("messages"))), None)), "id")


# --- files -------------------------------------------------------------------------------------

MEDIA_HOSTS = ("fbsbx.com", "fbcdn.net", "facebook.com")


def fetch(connection: Connection, account: Account, attachment: Attachment) -> Calls[File]:
    """The file behind `attachment.id`, or at the `url` that the webhook gave where it gave no id.

    Both want the account's token, which goes to Meta's hosts only.
    """
    url = attachment.url or ""
    if attachment.type not in FILES.values() or not (attachment.id or url):
        raise Unsupported("no_file", f"an attachment of type {attachment.type} is no file")
    if attachment.id:
        asked = graph.request_as(connection, account, "GET", attachment.id)
        try:
            url = text((yield from graph.call(asked)).get("url")) or ""
        except PermanentError as error:
            if error.gone:
                raise PermanentError(
                    "file_gone", "WhatsApp hands out files for 7 days only", gone=True
                ) from None
            raise
    host = _metas(url, connection)
    download = HttpRequest(
        method="GET",
        url=url,
        headers={"authorization": f"Bearer {account.token.reveal()}"},
        write=False,
        repeatable=True,
        media=True,
        max_bytes=media.MAX_BYTES,
        deadline=10.0,
        shown=f"{host}/...",
        budget=(f"meta:{account.id}",),
    )
    response = yield download
    return media.file_of(download, response, attachment.name or attachment.type)


def _metas(url: str, connection: Connection) -> str:
    """The scheme and host of *url*; PermanentError where our token must not go."""
    home = urlsplit(str(connection.options.get("api_url") or graph.API_URL))
    try:
        there = urlsplit(url)
        host = there.hostname or ""
    except ValueError:
        there, host = urlsplit(""), ""
    metas = there.scheme == "https" and any(
        host == one or host.endswith("." + one) for one in MEDIA_HOSTS
    )
    if not metas and (there.scheme, there.netloc) != (home.scheme, home.netloc):
        raise PermanentError("media_refused", "the file is not fetched: its host is not Meta's")
    return f"{there.scheme}://{host}"


def _voice(post: Post, *, window: float | None = None) -> Voice:
    return Voice(
        capabilities=Capabilities(max_length=4096, window=window),
        post=post,
        echo=60.0,  # a status with our marker comes in seconds, where the message was accepted
        settings={"max_length": "message_length", "echo": "status_seconds"},
    )


CHANNEL = Channel(
    name=NAME,
    label="WhatsApp",
    public=_voice(post_in_group, window=DAY),  # anybody of the group opens it
    private=_voice(post, window=DAY),
    template=_voice(post_template),
    fetch=fetch,
    media_hosts=MEDIA_HOSTS,
)


# --- doctor and setup --------------------------------------------------------------------------

# The webhook fields of the app that we read; the app's dashboard is where they are chosen.
SUBSCRIBED = (
    "messages", "smb_message_echoes", "account_update", "account_alerts",
    "message_template_status_update", "phone_number_quality_update",
)  # fmt: skip


def check(connection: Connection, account: Account) -> Calls[list[tuple[bool, str]]]:
    """Findings about one number: its token, and whether its business account sends to our app."""
    named = f"WhatsApp number {account.name or account.id}"
    findings: list[tuple[bool, str]] = []
    asked = {"fields": "verified_name,quality_rating"}
    try:
        told = yield from graph.call(
            graph.request_as(connection, account, "GET", str(account.id), params=asked)
        )
        rating = text(told.get("quality_rating")) or "UNKNOWN"
        name = text(told.get("verified_name"))
        findings.append((True, f"{named}: the token works (WhatsApp calls it {name})"))
        findings.append((rating != "RED", f"{named}: its quality is {word(rating)}"))
        if (owner := _owner(account)) is None:
            findings.append((False, f"{named}: {NO_OWNER}"))
            return findings
        told = yield from graph.call(
            graph.request_as(connection, account, "GET", owner, "subscribed_apps")
        )
    except BridgeError as error:
        return [*findings, (False, f"{named}: {error.detail}")]
    apps = {
        ident(mapping(mapping(app).get("whatsapp_business_api_data")).get("id"))
        for app in items(told.get("data"))
    }
    ours = connection.options.get("app_id")
    if not apps or (ours and str(ours) not in apps):
        advice = f"run `bridge setup {connection.name}`"
        findings.append((False, f"{named}: our app is not subscribed; {advice}"))
    else:
        findings.append((True, f"{named}: its business account sends to our app"))
    return findings


def setup(connection: Connection, account: Account) -> Calls[list[str]]:
    """The number's business account sends its events to our app; a sentence a step."""
    named = f"WhatsApp number {account.name or account.id}"
    if (owner := _owner(account)) is None:
        return [f"{named}: not subscribed: {NO_OWNER}."]
    try:
        answer = yield from graph.call(
            graph.request_as(connection, account, "POST", owner, "subscribed_apps", repeatable=True)
        )
    except BridgeError as error:
        return [f"{named}: not subscribed: {error.detail}."]
    done = flag(answer.get("success"))
    return [f"{named}: {'subscribed' if done else 'Meta did not say yes'}."]


NO_OWNER = "its option business_account is missing (the id of the WhatsApp Business account)"


def _owner(account: Account) -> str | None:
    """The id of the WhatsApp Business account that the number belongs to."""
    return ident(account.options.get("business_account"))
