"""How somebody feels about the brand, from -1 (angry) to 1 (happy), by the words and emoji they chose.

A row of words is read once: each word or phrase of the language's lexicon counts, a `not` before it
turns it round, a `very` makes more of it, what stands behind a `but` counts more than what stands
before, a complaint weighs more than a kind word, and kind words beside a sign of mockery ("schon
wieder", an upside-down face) are none. What is in no list is not seen: docs/signals.md tells how often.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from bridge.core.lexicon import LANGUAGES, Lexicon, everywhere, lexicon
from bridge.core.words import words

LONGEST = 2_000  # characters that are looked at
SOFTENS = 6.0  # the larger, the more words it takes to come near 1
_CLAUSE = re.compile(r"[.!?…;:\n]+(?!\w)|,\s|\s[-–—]\s")
_SMILES = (
    (re.compile(r"(?<![\w/])[:;=]['’]?-?[)D\]](?!\w)"), " 🙂 "),
    (re.compile(r"(?<![\w/]):['’]?-?[(\[/](?![\w/])"), " 🙁 "),
    (re.compile(r"<3+"), " ❤ "),
    (re.compile(r"(?<!\w)xD+(?!\w)"), " "),
)


@dataclass(frozen=True, slots=True)
class Felt:
    """A sentiment and who told it: `tool`, `words`, `emoji` or a plug-in's name."""

    score: float
    source: str
    against: bool = False  # a complaint is among it


# What reads moods in our place (wiring makes it of a plug-in): text and language, or None, to a mood.
Scorer = Callable[[str, str | None], Felt | None]


def felt(text: str, language: str | None) -> Felt | None:
    """What *text* tells of its writer's mood; None is unknown: no words, or a language we have no words of.

    Of a text whose language is unclear, the language whose words it holds most of is taken.
    """
    clauses = _clauses(text)
    if not clauses:
        return None
    if language in LANGUAGES:
        return _told(clauses, lexicon(language))
    if language is None:
        readings = [(code, _hits(clauses, lexicon(code))) for code in LANGUAGES]
        code, hits = max(readings, key=lambda one: len(one[1]))
        if hits:
            return _told(clauses, lexicon(code))
        return None
    hits = _hits(clauses, everywhere())
    return Felt(_score(hits), "emoji", _against(hits)) if hits else None


def _told(clauses: list[list[str]], known: Lexicon) -> Felt:
    hits = _hits(clauses, known)
    return Felt(_score(hits), "words", _against(hits))


def _clauses(text: str) -> list[list[str]]:
    """The words of each clause; the faces that are typed become emoji."""
    shown = text[:LONGEST]
    if any(sign in shown for sign in ":;=<xX"):
        for face, emoji in _SMILES:
            shown = face.sub(emoji, shown)
    return [said for said in (words(clause) for clause in _CLAUSE.split(shown)) if said]


def _hits(clauses: list[list[str]], known: Lexicon) -> list[float]:
    """What each word that counts is worth, after all that stands around it."""
    found: list[float] = []
    mocked = False
    for said in clauses:
        mocked = mocked or known.mocks.within(said)
        at = 0
        reach = 0  # how many words a `not` still turns round
        boost = 1.0
        while at < len(said):
            if known.turns.at(said, at) is not None:
                found = [worth * 0.6 for worth in found]
                reach, boost = 0, 1.0
            hit = known.mood.at(said, at)
            if hit is not None:
                size, worth = hit
                if reach > 0 and (
                    worth > 0 or size == 1
                ):  # "still no reply" is not turned by a not
                    worth *= -0.8 if worth > 0 else -0.7
                found.append(worth * boost)
                reach, boost = 0, 1.0
                at += size
                continue
            if known.negates.at(said, at) is not None:
                reach, boost = 4, 1.0
            elif known.boosts.at(said, at) is not None:
                boost = 1.3
            at += 1
            reach -= 1
    return [-abs(worth) for worth in found] if mocked and found else found


def _score(hits: list[float]) -> float:
    total = sum(worth if worth > 0 else worth * 1.4 for worth in hits)
    return round(total / math.sqrt(total * total + SOFTENS), 2)


def _against(hits: list[float]) -> bool:
    return any(worth <= -1 for worth in hits)
