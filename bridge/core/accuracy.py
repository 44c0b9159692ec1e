"""How often the signals are right, on messages that people labelled.

Each labelled message says its language (`-` for none), its mood (`+`, `0`, `-`: about the brand) and the
signs in it: q (wants an answer), u (urgent), s (safety), p (praise), and kinds of personal data. `set` is
`known` for messages the lists of words were written beside; the others were held back until after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from bridge.core.facts import View
from bridge.core.personal import KINDS
from bridge.core.sentiment import Scorer
from bridge.core.signals import KIND

SETS = {"known": "known", "everyday": "held back, everyday", "facts": "held back, plain facts"}
SIGNS = {"q": "wants_answer", "u": "urgent", "s": "safety", "p": "praise"}
MOODS = ("-", "0", "+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One message with what a person says of it."""

    set: str
    language: str | None
    mood: str
    signs: frozenset[str]
    text: str


def labelled(lines: Iterable[str]) -> list[Labelled]:
    """The messages in the lines of a table: set, language, mood, signs, text, with tabs between; a head first."""
    rows = [line.rstrip("\n").split("\t") for line in lines]
    return [
        Labelled(
            set=set_,
            language=None if language == "-" else language,
            mood=mood,
            signs=frozenset(signs.split()),
            text=text,
        )
        for set_, language, mood, signs, text in rows[1:]
    ]


@dataclass(slots=True)
class Count:
    """What was read against what is so. `confused` counts (label, reading)."""

    asked: int = 0
    right: int = 0
    unknown: int = 0
    confused: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, so: str, read: str | None) -> None:
        self.asked += 1
        self.right += read == so
        self.unknown += read is None
        pair = (so, read or "?")
        self.confused[pair] = self.confused.get(pair, 0) + 1

    @property
    def wrong(self) -> int:
        return self.asked - self.right - self.unknown

    @property
    def turned(self) -> int:
        """Moods read as their opposite."""
        return self.confused.get(("-", "+"), 0) + self.confused.get(("+", "-"), 0)

    def found(self) -> str:
        """`found of there, false alarms` of a sign that is or is not there."""
        there = self.confused.get(("yes", "yes"), 0) + self.confused.get(("yes", "no"), 0)
        return f"{self.confused.get(('yes', 'yes'), 0)} of {there}, {self.confused.get(('no', 'yes'), 0)} false"


def mood_of(score: float | None) -> str | None:
    """The mood a score stands for: `+`, `0` or `-`; None where it is unknown."""
    if score is None:
        return None
    return "+" if score >= KIND else "-" if score <= -KIND else "0"


@dataclass(slots=True)
class Tally:
    """All counts over some messages."""

    language: Count = field(default_factory=Count)
    mood: Count = field(default_factory=Count)
    signs: dict[str, Count] = field(default_factory=dict)

    def add(self, one: Labelled, scorer: Scorer | None) -> None:
        seen = View({"text": one.text, "kind": "comment"}, scorer)
        told = seen.get("language")
        if one.language is None:
            self.language.add("none", "none" if told is None else str(told))
        else:
            self.language.add(one.language, told)
        self.mood.add(one.mood, mood_of(seen.get("sentiment")))
        for sign, name in SIGNS.items():
            self._sign(name, sign in one.signs, bool(seen.get(name)))
        self._sign("personal_data", bool(one.signs & set(KINDS)), bool(seen.get("personal_data")))

    def _sign(self, name: str, so: bool, read: bool) -> None:
        words = {True: "yes", False: "no"}
        self.signs.setdefault(name, Count()).add(words[so], words[read])


def tallies(
    messages: Sequence[Labelled], scorer: Scorer | None = None
) -> dict[tuple[str, str], Tally]:
    """The counts by set and language, and over `all` languages of a set."""
    found: dict[tuple[str, str], Tally] = {}
    for one in messages:
        for language in (one.language or "none", "all"):
            found.setdefault((one.set, language), Tally()).add(one, scorer)
    return found


def share(right: int, asked: int) -> str:
    """`92 %`, rounded to the nearest."""
    return f"{round(Fraction(100 * right, asked))} %" if asked else "-"


def table(messages: Sequence[Labelled], scorer: Scorer | None = None) -> str:
    """The counts as Markdown: the page docs/signals.md holds it, and a test that it is still so."""
    counts = tallies(messages, scorer)
    lines: list[str] = []
    for set_, title in SETS.items():
        rows = {language: one for (of, language), one in counts.items() if of == set_}
        if not rows:
            continue
        lines += [
            f"**{title}: {rows['all'].mood.asked} messages**",
            "",
            "| language | messages | language right / unknown / wrong | mood right | mood turned round |",
            "| --- | --- | --- | --- | --- |",
        ]
        for language, one in sorted(rows.items(), key=lambda row: (row[0] == "all", row[0])):
            tongue, mood = one.language, one.mood
            lines.append(
                f"| {language} | {mood.asked} | {tongue.right} / {tongue.unknown} / {tongue.wrong} |"
                f" {share(mood.right, mood.asked)} | {mood.turned} |"
            )
        lines += ["", "| label | read as - | read as 0 | read as + | unknown |", "| --- " * 5 + "|"]
        confused = rows["all"].mood.confused
        for so in MOODS:
            cells = " | ".join(str(confused.get((so, read), 0)) for read in (*MOODS, "?"))
            lines.append(f"| {so} | {cells} |")
        lines += ["", "| sign | found, false alarms |", "| --- | --- |"]
        lines += [f"| {name} | {one.found()} |" for name, one in rows["all"].signs.items()]
        lines.append("")
    return "\n".join(lines).rstrip("\n")
