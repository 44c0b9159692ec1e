"""What rules may ask about a message: its facts by dotted name.

A message is looked at through a `View`: its own facts (`kind`, `author.followers`), what the adapter
knows beyond them (`rating`, `post.id`) and the signals passed in (`has_ticket`). A new fact is one
entry in FIELDS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.core import language, words
from bridge.core.model import Change, Kind, Message, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One fact rules may ask about. `type` is text, word, number, flag or list."""

    type: str
    says: str  # for docs/rules.md
    example: str
    choices: tuple[str, ...] = ()  # the closed vocabulary, where there is one


def _field(type_: str, says: str, example: str, choices: Iterable[str] = ()) -> Field:
    return Field(type=type_, says=says, example=example, choices=tuple(choices))


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
    "language": _field(
        "word", "two-letter code, told by the platform or detected", "language: [pl, en]"
    ),
    "sentiment": _field(
        "number", "-1 (angry) to 1 (happy), where a tool tells it", "sentiment: {at_most: -0.5}"
    ),
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
    "has_ticket": _field("flag", "whether a ticket is open already", "has_ticket: false"),
    "author.label": _field("list", "labels your team gave the person", "author.label: [vip]"),
}  # fmt: skip

OPEN = "extra."  # any further fact an adapter delivers: extra.NAME


class Text:
    """A text under test: as written, and as words in a row (worked out once, when asked for)."""

    __slots__ = ("_spaced", "raw")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._spaced: str | None = None

    @property
    def spaced(self) -> str:
        if self._spaced is None:
            self._spaced = words.spaced(self.raw)
        return self._spaced


class View:
    """The facts of one message by dotted name. None, or no entry, is unknown.

    The language is detected when a rule first asks for it and nobody told it.
    """

    __slots__ = ("_texts", "facts")

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = dict(facts)
        self._texts: dict[str, Text] = {}

    def get(self, name: str) -> Any:
        """The value of the fact *name*, or None when it is unknown."""
        if name == "text":
            return self.facts.get("text") or ""
        if name == "language" and self.facts.get("language") is None:
            self.facts["language"] = language.detect(self.get("text"))
        return self.facts.get(name.removeprefix(OPEN))

    def text(self, name: str) -> Text | None:
        """The fact *name* as a text under test, or None when it is unknown."""
        if name not in self._texts:
            value = self.get(name)
            if value is None:
                return None
            self._texts[name] = Text(value if isinstance(value, str) else str(value))
        return self._texts[name]


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested facts by dotted name, two levels of nesting at most: `{"post": {"id": ..}}` is `post.id`."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping) and prefix.count(".") < 2:
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found


def view(message: Message, signals: Mapping[str, Any] | None = None) -> View:
    """*message* as rules see it: its line, what the adapter told beyond it, and *signals*.

    What the line knows cannot be overruled; what it does not know, a signal may tell (`language`).
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
    return View({**_flat(message.extra), **_flat(signals or {}), **known})
