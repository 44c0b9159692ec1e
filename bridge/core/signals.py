"""Signals: what a message tells beyond its plain facts, worked out when a rule first asks for it.

Each is an entry of SIGNALS: a fact that rules may ask about, and how it is read from the other facts.
What somebody has told already (a tool's own sentiment, an example's) is never worked out again. None
is unknown. Lists of words are of all five languages together where a wrong guess of the language must
not cost anything: somebody bleeds in every language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.core import language, words
from bridge.core.lexicon import every
from bridge.core.personal import KINDS, personal_data
from bridge.core.sentiment import Felt

LONGEST = 5_000  # characters that words are looked for in
KIND = 0.3  # from here on a sentiment counts as pleased


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One fact rules may ask about. `type` is text, word, number, flag or list."""

    type: str
    says: str  # for docs/rules.md
    example: str
    choices: tuple[str, ...] = ()  # the closed vocabulary, where there is one
    range: tuple[float, float] | None = None  # of a number: the least and the most it can be


def field(
    type_: str, says: str, example: str, choices: Iterable[str] = (),
    range_: tuple[float, float] | None = None,
) -> Field:  # fmt: skip
    """A fact, written in a line."""
    return Field(type=type_, says=says, example=example, choices=tuple(choices), range=range_)


class Seen(Protocol):
    """What a signal is read from: the other facts of the message, its mood, its words in a row."""

    def get(self, name: str) -> Any: ...

    @property
    def felt(self) -> Felt | None: ...

    @property
    def said(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Signal:
    """A fact that is worked out, and how."""

    field: Field
    read: Callable[[Seen], Any]


def _sentiment(seen: Seen) -> float | None:
    return seen.felt.score if seen.felt else None


def _source(seen: Seen) -> str | None:
    return seen.felt.source if seen.felt else None


def _question(seen: Seen) -> bool:
    return words.is_question(seen.get("text"))


def _wants_answer(seen: Seen) -> bool:
    return bool(seen.get("question")) or every("REQUESTS").within(seen.said)


def _praise(seen: Seen) -> bool:
    """Pleased, with nothing asked and nothing held against us; stars weigh more than words."""
    rating = seen.get("rating")
    if isinstance(rating, (int, float)) and not isinstance(rating, bool) and rating < 4:
        return False
    if seen.get("recommendation") == "negative" or seen.get("wants_answer"):
        return False
    score = seen.get("sentiment")
    against = seen.felt is not None and seen.felt.against
    return score is not None and score >= KIND and not against


def _turn(seen: Seen) -> str | None:
    """Whose turn it is, as far as the platform tells."""
    if seen.get("standby") or seen.get("extra.is_bot"):
        return "bot"
    if seen.get("kind") == "handover" or seen.get("standby") is False:
        return "human"
    return None


SIGNALS: dict[str, Signal] = {
    "language": Signal(
        field("word", "two-letter code, told by the platform or detected", "language: [pl, en]"),
        lambda seen: language.detect(seen.get("text")),
    ),
    "sentiment": Signal(
        field("number", "-1 (angry) to 1 (happy), told by a tool or read from the words",
              "sentiment: {at_most: -0.5}", range_=(-1, 1)),
        _sentiment,
    ),
    "sentiment_source": Signal(
        field("word", "who says so: tool, words, emoji, or a plug-in's name",
              "sentiment_source: tool"),
        _source,
    ),
    "question": Signal(
        field("flag", "whether it asks something", "question: true"), _question
    ),
    "wants_answer": Signal(
        field("flag", "whether it asks something, or asks for help or a call", "wants_answer: true"),
        _wants_answer,
    ),
    "urgent": Signal(
        field("flag", "whether it says that it cannot wait", "urgent: true"),
        lambda seen: every("URGENT").within(seen.said),
    ),
    "safety": Signal(
        field("flag", "whether it speaks of injury, fire, poison, or harm to oneself", "safety: true"),
        lambda seen: every("SAFETY").within(seen.said),
    ),
    "praise": Signal(
        field("flag", "whether it is kind, and neither complains nor asks; stars weigh more than words",
              "praise: true"),
        _praise,
    ),
    "personal_data": Signal(
        field("list", "what personal data stands in it; at_least counts the kinds",
              "personal_data: [card, iban, phone]", KINDS),
        lambda seen: personal_data(seen.get("text")),
    ),
    "turn": Signal(
        field("word", "who talks with the person now, as far as the platform tells", "turn: human",
              ("bot", "human")),
        _turn,
    ),
}  # fmt: skip

# How often this person wrote in the last hours or days: a number of them is part of the name.
MESSAGES = re.compile(r"author\.messages\.([1-9][0-9]{0,2})([hd])")
MOST_HOURS = 168  # contacts are kept for a week


def hours_of(name: str) -> int | None:
    """The hours in a name such as `author.messages.24h` or `.7d`; None for other names, or over a week."""
    match = MESSAGES.fullmatch(name)
    hours = int(match[1]) * (24 if match[2] == "d" else 1) if match else 0
    return hours if 0 < hours <= MOST_HOURS else None
