"""Any tool that can POST JSON, as a file in mappings/sources/ describes it.

The file says where each field is; this makes a source of it. Whatever a field turns out to be, it is
read by the same tame readers as in every adapter; automation tools write numbers and flags as texts,
so those are taken too. docs/sources.md has the words of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from bridge.channels import media
from bridge.channels.base import Attachment, Author, Calls, Channel, Source
from bridge.channels.other import broken, other, word
from bridge.core.described import Described, Files, From, Sample, Value
from bridge.core.errors import Unreadable
from bridge.core.line import line
from bridge.core.model import Change, Connection, Delivery, Kind, Message, Visibility
from bridge.core.signing import Closed, Proof
from bridge.core.untrusted import Broken, clean, fingerprint, ident, moment, number, read_json, text

TYPE = "generic"
MOST_EVENTS = 1000  # of one delivery
MOST_FILES = 50  # of one event
MOST_TEXT = 100_000  # characters of one text
MOST_FACT = 2000  # characters of one further fact
MOST_FACTS = 100  # of a fact that is a list
_PRIVATE = (Kind.DM, Kind.HANDOVER)


def source(file: Described, proof: Proof | None = None) -> Source:
    """What *file* describes, as a source; without a *proof* it takes no deliveries."""
    return Source(
        name=file.name,
        channels={file.channel: channel(file)},
        proof=proof or Closed(),
        parse=partial(parse, file),
        names_event="external_id" in file.fields,
        # Two connections may read the same file: their people are not the same.
        account_of=lambda connection: connection.name,
        check=partial(check, file),
        setup=partial(setup, file),
    )


def channel(file: Described) -> Channel:
    """The place that *file* tells of. It has no voice: nobody can be answered through a webhook."""
    hosts = file.files.hosts if file.files else ()
    return Channel(
        name=file.channel,
        label=file.label,
        fetch=media.by_url if hosts else None,
        media_hosts=hosts,
    )


# --- reading -----------------------------------------------------------------------------------------


def parse(file: Described, delivery: Delivery) -> list[Message]:
    """The events in *delivery*, in its order; at least one. Raises Unreadable for no JSON."""
    body = read_json(delivery.body)
    try:
        found = file.events.of(body) if file.events else body
    except Broken as error:
        return [broken(file.channel, None, f"events: {error}", body)]
    items = found if isinstance(found, list) else [found]
    if found is None:
        return [other(file.channel, None, "unknown payload", body)]
    if not items:
        return [other(file.channel, None, "empty payload", body)]
    if len(items) > MOST_EVENTS:
        raise Unreadable("too_many_events", f"the body holds more than {MOST_EVENTS} events")
    # Where nothing names an event, each delivery of the same words is another one.
    came = delivery.received_at.isoformat() if delivery.received_at else ""
    return [
        _event(file, item, body, f"{came}:{position}" if came else str(position))
        for position, item in enumerate(items)
    ]


def _event(file: Described, item: object, body: object, unnamed: str) -> Message:
    if not isinstance(item, dict):
        return broken(file.channel, None, "the event is not an object", item)
    try:
        for only in file.only:
            if not _true(only.when.of(item)):
                return other(file.channel, None, only.reason, item)
        return _message(_Fields(file, item, body), unnamed)
    except Broken as error:
        return broken(file.channel, None, str(error), item)


def _true(value: object) -> bool:
    """Whether JMESPath counts *value* as true: 0 is, nothing and what is empty are not."""
    return value is not None and value is not False and value not in ("", [], {})


class _Fields:
    """The fields of one event, each read when it is asked for."""

    def __init__(self, file: Described, item: Mapping[str, Any], body: object) -> None:
        self.file, self.item, self.body = file, item, body

    def get(self, name: str) -> object:
        """What the file makes of the field *name*; None where it says nothing. Raises Broken."""
        value = self.file.fields.get(name)
        return None if value is None else _of(name, value, self.item, self.body)

    def text(self, name: str, most: int = MOST_TEXT) -> str | None:
        return _text(self.get(name), most)

    def words(self) -> str | None:
        """The text itself; words that are there and cannot be read must not be lost in silence."""
        value = self.get("text")
        if isinstance(value, list | dict):
            raise Broken("text: what stands there is no text")
        return _text(value, MOST_TEXT)

    def line(self, name: str) -> str | None:
        """A text that stands on one line; None when nothing is left of it."""
        return " ".join((self.text(name, MOST_FACT) or "").split()) or None

    def ident(self, name: str) -> str | None:
        """An id; one that is there and is none would join what does not belong together."""
        value = self.get(name)
        if isinstance(value, str):
            value = value.strip()
        if value in (None, ""):
            return None
        found = ident(value)
        if found is None:
            raise Broken(f"{name}: what stands there is no id")
        return found

    def one_of(self, name: str, words: type[Kind] | type[Change] | type[Visibility]) -> str | None:
        """A word of a closed vocabulary, or what was found in its place, made harmless."""
        found = _text(self.get(name), 80)
        if found in {one.value for one in words}:
            return found
        value = self.file.fields.get(name)
        if isinstance(value, From) and found is None:
            found = _text(value.found(self.item, self.body), 80)
        return None if found is None else f"?{word(found)}"


def _of(name: str, value: Value, item: object, body: object) -> object:
    try:
        return value.of(item, body)
    except Broken as error:
        raise Broken(f"{name}: {error}") from None


def _message(fields: _Fields, unnamed: str) -> Message:
    """The message that *fields* make; raises Broken."""
    file, item = fields.file, fields.item
    kind = fields.one_of("kind", Kind)
    change = fields.one_of("change", Change) or Change.CREATED.value
    account = fields.ident("account")
    for name, said in (("kind", kind), ("change", change)):
        if said is None or said.startswith("?"):
            reason = f"unknown {name}: {(said or '?none')[1:]}"
            return other(file.channel, account, reason, item)
    named = "external_id" in file.fields
    external_id = fields.ident("external_id")
    if named and external_id is None:
        raise Broken("external_id: nothing stands there")
    author = _author(fields)
    thread = fields.ident("thread_id")
    if thread is None:
        private = kind == Kind.DM and author is not None and author.id is not None
        thread = author.id if private and author else external_id
    own = _flag(fields.get("own")) is True
    visible = fields.one_of("visibility", Visibility)
    if visible is not None and visible.startswith("?"):
        raise Broken(f"visibility: {visible[1:]} is neither public nor private")
    words = fields.words()
    return Message(
        channel=file.channel,
        account_id=account,
        kind=Kind(str(kind)),
        change=Change(change),
        external_id=external_id,
        thread_id=thread,
        visibility=Visibility(visible or ("private" if kind in _PRIVATE else "public")),
        author=author,
        own=own,
        ignored="own" if own else "other" if kind == Kind.OTHER else None,
        text=words,
        attachments=_files(file.files, item, fields.body) if file.files else (),
        in_reply_to=fields.ident("in_reply_to"),
        permalink=_address(fields.line("permalink")),
        sent_at=moment(fields.get("sent_at")),
        language=_language(fields.line("language")),
        sentiment=_sentiment(fields.get("sentiment")),
        dedupe=_dedupe(external_id, change, item, unnamed),
        extra=_facts(file.extra, item, fields.body),
    )


def _dedupe(external_id: str | None, change: str, item: object, unnamed: str) -> str:
    """The name of this change: an edit is another one for every new wording."""
    if external_id is None:
        return f"unnamed:{fingerprint(item)}:{unnamed}"
    edit = f":{fingerprint(item)}" if change == Change.EDITED else ""
    return f"{external_id}:{change}{edit}"


def _author(fields: _Fields) -> Author | None:
    author = Author(
        id=fields.ident("author.id"),
        name=fields.line("author.name"),
        username=(fields.line("author.username") or "").removeprefix("@") or None,
        followers=_count(fields.get("author.followers")),
        verified=_flag(fields.get("author.verified")),
        url=_address(fields.line("author.url")),
    )
    return None if author == Author() else author


def _files(files: Files, item: object, body: object) -> tuple[Attachment, ...]:
    try:
        found = files.each.of(item)
    except Broken as error:
        raise Broken(f"attachments: {error}") from None
    many = [one for one in (found if isinstance(found, list) else [found]) if _true(one)]
    return tuple(_file(files, one, body) for one in many[:MOST_FILES])


def _file(files: Files, one: object, body: object) -> Attachment:
    def said(value: Value | None, most: int) -> str | None:
        found = _of("attachments", value, one, body) if value is not None else None
        return " ".join((_text(found, most) or "").split()) or None

    bare = one if isinstance(one, str) else None
    return Attachment(
        type=said(files.type, 30) or "file",
        url=_address(said(files.url, MOST_FACT) or bare),
        name=said(files.name, 200),
        id=ident(_of("attachments", files.id, one, body)) if files.id else None,
    )


# --- values ------------------------------------------------------------------------------------------


def _text(value: object, most: int) -> str | None:
    """The words in *value*, cut at *most* characters; numbers and flags become words, too."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)[:most] if _small(value) else None
    found = text(value)
    return None if found is None else found[:most]


def _small(value: float) -> bool:
    """Whether *value* can be counted with: finite, of at most 30 digits."""
    return abs(value) < 1e30


def _number(value: object) -> float | None:
    """The number in *value*, also written as text ("4", "4.5")."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,15}(\.[0-9]{1,15})?\s*", value):
        return float(value) if "." in value else int(value)
    found = number(value)
    return found if found is not None and _small(found) else None


def _count(value: object) -> int | None:
    found = _number(value)
    return int(found) if found is not None and found >= 0 else None


_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _flag(value: object) -> bool | None:
    """The flag in *value*, also written as text ("true", "no") or as 1 and 0; None for all else."""
    shown = (_text(value, 10) or "").strip().lower()
    return _FLAGS.get(shown)


def _sentiment(value: object) -> float | None:
    """A number from -1 to 1; what lies beyond was meant in another way."""
    found = _number(value)
    return float(found) if found is not None and -1 <= found <= 1 else None


def _language(value: str | None) -> str | None:
    """The two letters that `en`, `en-GB` or `pl_PL` begin with; None for anything else."""
    found = re.fullmatch(r"([A-Za-z]{2})(?:[-_].*)?", value or "")
    return found[1].lower() if found else None


def _address(value: str | None) -> str | None:
    """*value* if it is an address to click on."""
    return value if value and re.fullmatch(r"https?://[^\s<>\"]{1,2000}", value) else None


def _facts(extra: Mapping[str, Value], item: object, body: object) -> dict[str, Any]:
    """Further facts, by name: texts, numbers and flags, and lists of them; what is unknown is left out."""
    found: dict[str, Any] = {}
    for name, value in extra.items():
        fact = _fact(_of(f"extra.{name}", value, item, body))
        if fact is not None:
            found[name] = fact
    return found


def _fact(value: object) -> Any:
    if isinstance(value, list):
        many = [_fact(one) for one in value[:MOST_FACTS] if not isinstance(one, list)]
        return [one for one in many if one is not None] or None
    if isinstance(value, str):
        return clean(value)[:MOST_FACT] or None
    if isinstance(value, bool):
        return value
    return value if isinstance(value, int | float) and _small(value) else None


# --- doctor and setup --------------------------------------------------------------------------------


def check(file: Described, connection: Connection) -> Calls[list[tuple[bool | None, str]]]:
    """What can be known from here: how it is read, and how its deliveries must prove themselves."""
    yield from ()
    return [
        (True, f"read as sources/{file.name}.yaml says, as channel {file.channel}"),
        (None, f"the tool must send {_proof(connection)}; only a delivery shows that it does"),
    ]


def setup(file: Described, connection: Connection, url: str) -> Calls[list[str]]:
    """The clicks; a tool that posts JSON has no other way to be told."""
    yield from ()
    return [
        f"By hand, in {file.label}: have it send POST {clean(url)} with a JSON body "
        "(Content-Type: application/json).",
        f"It must send {_proof(connection)}. The secret's value is the one of the variable that "
        f"`proof:` of {connection.name} names in connections.yaml.",
        f"Try a payload of it first: bridge normalise {file.name} payload.json",
    ]


def _proof(connection: Connection) -> str:
    """What has to come with each delivery, in words."""
    return str(connection.options.get("proof"))


# --- the examples of a file --------------------------------------------------------------------------


def failing(file: Described) -> Iterator[tuple[Sample, str]]:
    """The samples of *file* that do not give what they promise, with a sentence on what differs."""
    for sample in file.samples:
        body = sample.payload
        try:
            got = parse(file, Delivery(connection=file.name, source=file.name, body=body))
        except Unreadable as error:
            yield sample, error.detail
            continue
        if len(got) != len(sample.gives):
            yield sample, f"gives {_events(len(got))}, not {len(sample.gives)}"
            continue
        for position, (message, wanted) in enumerate(zip(got, sample.gives, strict=True)):
            which = f"event {position + 1}: " if len(got) > 1 else ""
            for told in _differences(message, wanted):
                yield sample, which + told


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _differences(message: Message, wanted: Mapping[str, Any]) -> Iterator[str]:
    facts = shown(message)
    if message.ignored is not None and "ignored" not in wanted:
        yield f"is ignored: {message.ignored}"
        return
    for name, value in wanted.items():
        got = facts.get(name)
        if not _equal(got, value):
            yield f"{name} gives {_quoted(got)}, not {_quoted(value)}"


def shown(message: Message) -> dict[str, Any]:
    """The fields of *message* as `bridge normalise` prints them, by dotted name; further facts as `extra.NAME`."""
    facts: dict[str, Any] = {f"extra.{name}": value for name, value in message.extra.items()}
    for name, value in line(message).items():
        if name == "author":
            found = value or {}
            facts |= {f"author.{key}": found.get(key) for key in Author.__slots__}
        else:
            facts[name] = value
    return facts


def _equal(got: Any, wanted: Any) -> bool:
    """Whether they are the same; of attachments, only what *wanted* says of them."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(
            _equal(got.get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return (
            isinstance(got, Sequence) and len(got) == len(wanted) and all(map(_equal, got, wanted))
        )
    if isinstance(got, bool) != isinstance(wanted, bool):
        return False
    return bool(got == wanted)


def _quoted(value: Any) -> str:
    if value is None:
        return "nothing"
    shown = str(value)
    return f"'{shown}'" if len(shown) <= 80 else f"'{shown[:79]}…'"
