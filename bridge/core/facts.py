"""What rules may ask about a message: its facts by dotted name.

A message is looked at through a `View`: its own facts (`kind`, `author.followers`), what the adapter
knows beyond them (`rating`, `post.id`), what the engine knows of the conversation (`has_ticket`),
the clock of business hours, and the signals of `core.signals`; the last two are worked out when first asked for.
A new fact is one entry in FIELDS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.core import calendars, sentiment, words
from bridge.core.calendars import Clock
from bridge.core.model import Change, Kind, Message, Visibility
from bridge.core.sentiment import Felt, Scorer
from bridge.core.signals import KIND, LONGEST, SIGNALS, Field, hours_of
from bridge.core.signals import field as _field

__all__ = ["FIELDS", "OPEN", "Field", "Text", "View", "field_of", "view"]

FIELDS: dict[str, Field] = {
    "text": _field("text", "the words of the message", 'text: {any_of: ["refund", "zwrot*"]}'),
    "channel": _field("word", "where it was said", "channel: [facebook, messenger]"),
    "account_id": _field("word", "the page, number or bot it was said to", 'account_id: "1067"'),
    "kind": _field("word", "what it is", "kind: [comment, dm]", Kind),
    "change": _field("word", "whether it is new, edited or deleted", "change: created", Change),
    "visibility": _field("word", "who can read it", "visibility: public", Visibility),
    "author.id": _field("word", "the platform's id of the person", 'author.id: "24"'),
    "author.name": _field("text", "the person's name", "author.name: {any_of: [Ana]}"),
    "author.username": _field("text", "the person's handle", "author.username: ana.m"),
    "author.followers": _field(
        "number", "how many follow the person", "author.followers: {at_least: 1000}"
    ),
    "author.verified": _field("flag", "whether the platform verified them", "author.verified: true"),
    "author.url": _field("text", "the person's page", "author.url: {unknown: true}"),
    **{name: signal.field for name, signal in SIGNALS.items()},
    "attachments": _field(
        "list", "kinds of the files that came along; at_least counts them", "attachments: image"
    ),
    "external_id": _field("word", "the platform's id of the message", 'external_id: "1067_99"'),
    "thread_id": _field("word", "the comment, post or chat it stands in", 'thread_id: "1067_99"'),
    "in_reply_to": _field("word", "the id of what it answers", "in_reply_to: {unknown: true}"),
    "permalink": _field("text", "the link to it", "permalink: {unknown: true}"),
    "conversation": _field(
        "word", "the conversation's key", 'conversation: "telegram:77:24:24"'
    ),
    "sent_at": _field("text", "when it was sent, UTC", "sent_at: {unknown: true}"),
    "rating": _field("number", "stars of a review", "rating: {at_most: 2}"),
    "recommendation": _field(
        "word", "positive or negative, of a Facebook review", "recommendation: negative"
    ),
    "post.id": _field("word", "the post a comment stands under", 'post.id: "1067_55"'),
    "post.text": _field("text", "the words of that post", "post.text: {any_of: [contest]}"),
    "first_name": _field("text", "the person's first name", "first_name: {unknown: true}"),
    "chat_type": _field(
        "word", "kind of chat: private, group, supergroup, channel", "chat_type: private"
    ),
    "standby": _field("flag", "whether another app holds the talk now", "standby: false"),
    "tags": _field("list", "tags of the tool it came from", "tags: [vip, complaint]"),
    "influence": _field(
        "number", "the tool's own measure of the author's reach", "influence: {at_least: 60}"
    ),
    "has_ticket": _field("flag", "whether a ticket is open already", "has_ticket: false"),
    "answered": _field("flag", "whether we answered here before", "answered: true"),
    "answered_natively": _field(
        "flag", "whether the brand wrote here on the platform itself in the last seven days",
        "answered_natively: false",
    ),
    "business_hours": _field(
        "word", "whether your calendar was open when it was said", "business_hours: closed",
        calendars.HOURS,
    ),
    "clock.hour": _field(
        "number", "the hour in which it was said, 0 to 23, in your calendar's time zone",
        "clock.hour: {at_least: 22}", range_=(0, 23),
    ),
    "clock.weekday": _field(
        "word", "the day on which it was said, there", "clock.weekday: [sat, sun]", calendars.DAYS
    ),
    "clock.holiday": _field(
        "flag", "whether that was a holiday of your calendar", "clock.holiday: true"
    ),
    "incident": _field(
        "flag", "whether it belongs to an incident that lasts (not of a crowd that counts per rule)",
        "incident: true",
    ),
    "author.label": _field("list", "labels your team or a rule gave the person", "author.label: [vip]"),
    "author.messages.24h": _field(
        "number", "how often the person wrote in that time, this one included; any time up to 7d",
        "author.messages.24h: {at_least: 3}",
    ),
}  # fmt: skip

OPEN = "extra."  # any further fact an adapter delivers: extra.NAME


def field_of(name: str, known: Mapping[str, Field] = FIELDS) -> Field | None:
    """The fact that *name* stands for; None when nobody knows it. `extra.` is any fact."""
    if name in known:
        return known[name]
    if name.startswith(OPEN):
        return Field(type="any", says="", example="")
    return FIELDS["author.messages.24h"] if hours_of(name) is not None else None


class Text:
    """A text under test: as written, as words in a row, and as a set (worked out when asked for)."""

    __slots__ = ("_spaced", "_words", "raw")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._spaced: str | None = None
        self._words: frozenset[str] | None = None

    @property
    def words(self) -> frozenset[str]:
        if self._words is None:
            self._words = frozenset(self.spaced.split(" "))
        return self._words

    @property
    def spaced(self) -> str:
        if self._spaced is None:
            self._spaced = words.spaced(self.raw)
        return self._spaced


class View:
    """The facts of one message by dotted name. None, or no entry, is unknown.

    Signals, and what the *clock* says, are worked out when a rule first asks for them and nobody told them;
    `read` holds those.
    """

    __slots__ = ("_felt", "_said", "_shown", "_texts", "clock", "facts", "read", "scorer")

    def __init__(
        self, facts: Mapping[str, Any], scorer: Scorer | None = None, clock: Clock | None = None
    ) -> None:
        self.facts = dict(facts)
        self.scorer = scorer
        self.clock = clock
        self.read: dict[str, Any] = {}
        self._texts: dict[str, Text] = {}
        self._shown: dict[str, Any] = {}
        self._said: list[str] | None = None
        self._felt: list[Felt | None] = []

    def get(self, name: str) -> Any:
        """The value of the fact *name*, or None when it is unknown."""
        if name == "text":
            text = self.facts.get("text") or ""
            return text if isinstance(text, str) else str(text)
        value = self.facts.get(name.removeprefix(OPEN))
        if value is not None:
            return value
        if name in self.read:
            return self.read[name]
        if name in SIGNALS:
            self.read[name] = SIGNALS[name].read(self)
            return self.read[name]
        if name in calendars.FACTS and self.clock is not None:
            self.read[name] = self.clock.read(name)
            return self.read[name]
        if name.startswith("author.messages.") and "author.messages" in self.facts:
            hours = hours_of(name) or 0
            return sum(ago <= hours for ago in self.facts["author.messages"])
        return None

    def shown(self, name: str) -> Any:
        """The value of the fact *name* as a receipt keeps it: plain, and short."""
        if name not in self._shown:
            self._shown[name] = _plain(self.get(name))
        return self._shown[name]

    @property
    def felt(self) -> Felt | None:
        """The mood of the words, and who told it; read once. None is unknown."""
        if not self._felt:
            self._felt.append(self._mood())
        return self._felt[0]

    def _mood(self) -> Felt | None:
        told = self.facts.get("sentiment")
        if isinstance(told, (int, float)):
            return Felt(float(told), "tool", told <= -KIND)
        if self.scorer is None:
            return sentiment.felt(self.get("text"), self.get("language"))
        return self.scorer(self.get("text"), self.get("language"))

    @property
    def said(self) -> list[str]:
        """The first words of the text in a row, folded."""
        if self._said is None:
            self._said = words.words(self.get("text")[:LONGEST])
        return self._said

    def text(self, name: str) -> Text | None:
        """The fact *name* as a text under test, or None when it is unknown."""
        if name not in self._texts:
            value = self.get(name)
            if value is None:
                return None
            self._texts[name] = Text(value if isinstance(value, str) else str(value))
        return self._texts[name]


def _plain(value: Any) -> Any:
    """*value* as a receipt keeps it: plain, and short."""
    if isinstance(value, str):
        clean = value.encode("utf-8", "replace").decode()
        return clean if len(clean) <= 200 else f"{clean[:199]}…"
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value[:20]]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)[:200]


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested facts by dotted name, two levels of nesting at most: `{"post": {"id": ..}}` is `post.id`."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping) and prefix.count(".") < 2:
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found


def view(
    message: Message, told: Mapping[str, Any] | None = None, scorer: Scorer | None = None,
    clock: Clock | None = None,
) -> View:  # fmt: skip
    """*message* as rules see it: its line, what the adapter told beyond it, and what the engine *told*.

    What the line knows cannot be overruled; what it does not know, the others may tell (`language`).
    A *scorer* reads moods in place of our own words; the *clock* is that of when it was said.
    """
    author = message.author
    line = {
        "text": message.text,
        "channel": message.channel,
        "account_id": message.account_id,
        "kind": message.kind.value,
        "change": message.change.value,
        "visibility": message.visibility.value,
        "external_id": message.external_id,
        "thread_id": message.thread_id,
        "conversation": message.conversation,
        "in_reply_to": message.in_reply_to,
        "permalink": message.permalink,
        "sent_at": message.sent_at.isoformat() if message.sent_at else None,
        "language": message.language,
        "sentiment": message.sentiment,
        "attachments": tuple(one.type for one in message.attachments),
        "author.id": author.id if author else None,
        "author.name": author.name if author else None,
        "author.username": author.username if author else None,
        "author.followers": author.followers if author else None,
        "author.verified": author.verified if author else None,
        "author.url": author.url if author else None,
    }
    known = {name: value for name, value in line.items() if value is not None}
    return View({**_flat(message.extra), **_flat(told or {}), **known}, scorer, clock)
