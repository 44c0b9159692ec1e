"""The words that say how somebody feels, that something is dangerous, urgent, or a question.

One file a language, all alike: lists of phrases in which `*` at the end of a word stands for any
ending; case and accents do not matter. They were written for this bridge, for what customers say to
brands in public; docs/signals.md says why, and how well they do.

A `Table` finds phrases in a row of words with a few look-ups a word, whatever their number.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from bridge.core.words import words

LANGUAGES = ("en", "pl", "de", "fr", "es")
SHORTEST, LONGEST = 2, 14  # characters of the stems of open words


class Table:
    """Phrases with a number each; `at` finds the longest that begins at a place."""

    __slots__ = ("_first", "_stems")

    def __init__(self, phrases: Iterable[tuple[str, float]]) -> None:
        self._first: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        self._stems: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        for written, worth in phrases:
            parts = _parts(written)
            head, rest = parts[0], tuple(parts[1:])
            into = self._stems if head.endswith("*") else self._first
            into.setdefault(head.removesuffix("*"), []).append((rest, worth))
        for found in (*self._first.values(), *self._stems.values()):
            found.sort(key=lambda one: -len(one[0]))

    def at(self, said: Sequence[str], place: int) -> tuple[int, float] | None:
        """How many words the phrase at *place* has, and its number; None when none begins there."""
        word = said[place]
        best: tuple[int, float] | None = None
        for rest, worth in self._first.get(word, ()):
            if not rest or _follows(said, place + 1, rest):
                best = (1 + len(rest), worth)
                break
        for size in range(min(len(word), LONGEST), SHORTEST - 1, -1):
            for rest, worth in self._stems.get(word[:size], ()):
                if best is not None and len(rest) + 1 <= best[0]:
                    break
                if not rest or _follows(said, place + 1, rest):
                    best = (1 + len(rest), worth)
                    break
        return best

    def within(self, said: Sequence[str]) -> bool:
        """Whether one of the phrases stands in *said*."""
        return any(self.at(said, place) is not None for place in range(len(said)))


def _follows(said: Sequence[str], place: int, rest: tuple[str, ...]) -> bool:
    if place + len(rest) > len(said):
        return False
    return all(
        said[at].startswith(word[:-1]) if word.endswith("*") else said[at] == word
        for at, word in enumerate(rest, place)
    )


def _parts(written: str) -> list[str]:
    """The folded words of a phrase, those that are open with their `*`."""
    parts: list[str] = []
    for part in written.split():
        inner = words(part.rstrip("*")) or [part]
        parts += inner
        if part.endswith("*"):
            parts[-1] += "*"
    return parts


def listed(phrases: str) -> list[str]:
    """The phrases of a list that is written with commas."""
    return [one.strip() for one in phrases.split(",") if one.strip()]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """How one language says whether somebody is pleased."""

    mood: Table
    negates: Table
    boosts: Table
    turns: Table  # but
    mocks: Table


@cache
def lexicon(language: str) -> Lexicon:
    """The words of *language*, with those that are said everywhere; read when first asked for."""
    own = importlib.import_module(f"bridge.core.lexicon.{language}")
    everywhere = importlib.import_module("bridge.core.lexicon.everywhere")
    mood: dict[str, float] = {}
    for source in (everywhere, own):  # what the language says itself counts
        mood |= {one: float(worth) for worth, some in source.GOOD.items() for one in listed(some)}
        mood |= {one: -float(worth) for worth, some in source.BAD.items() for one in listed(some)}
    mood |= dict.fromkeys(listed(own.EVEN), 0.0)
    return Lexicon(
        mood=Table(mood.items()),
        negates=_table(own.NOT),
        boosts=_table(own.VERY),
        turns=_table(own.BUT),
        mocks=_table(own.IRONY, everywhere.IRONY),
    )


@cache
def everywhere() -> Lexicon:
    """What is said in every language alone."""
    shared = importlib.import_module("bridge.core.lexicon.everywhere")
    mood = {one: float(worth) for worth, some in shared.GOOD.items() for one in listed(some)}
    mood |= {one: -float(worth) for worth, some in shared.BAD.items() for one in listed(some)}
    nothing = Table(())
    return Lexicon(Table(mood.items()), nothing, nothing, nothing, _table(shared.IRONY))


@cache
def every(name: str) -> Table:
    """The list *name* (URGENT, SAFETY, REQUESTS) of all languages together."""
    modules = [importlib.import_module(f"bridge.core.lexicon.{code}") for code in LANGUAGES]
    return _table(*(getattr(module, name) for module in modules))


def _table(*lists: str) -> Table:
    return Table((one, 1.0) for some in lists for one in listed(some))
