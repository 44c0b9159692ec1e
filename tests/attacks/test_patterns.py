"""Patterns and floods that make a reader stand still: an operator's regular expressions, our own, and what folds words.

A processor's second is the measure here, not a clock's: each of these takes milliseconds, or, where it grows
faster than the text, minutes.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

import bridge
from bridge.core.conditions import MATCHED, condition
from bridge.core.facts import FIELDS, view
from bridge.core.harmless import line, safe
from bridge.core.mistakes import Mistake
from bridge.core.model import Author, Change, Kind, Message, Visibility
from bridge.core.plaintext import html_to_text, plain
from bridge.core.words import is_question, is_thanks, spaced, words

CPU = 15.0  # seconds of processor; a thousand times what is needed


class TooDear(AssertionError):
    pass


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Fails when what is inside takes more than CPU seconds of this process."""

    def over(number: int, frame: FrameType | None) -> None:
        raise TooDear(f"{what} takes more than {CPU} s")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


BAD = [
    r"(a+)+$", r"(a|a)*$", r"(a|aa)+$", r"(.*a){25}$", r"\s+$", r"^(\w+\s?)*$", r"(x+x+)+y", r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(\w*)*@", r"([a-zA-Z]+)*$", r"(a?){30}a{30}", r".*.*.*=.*", r"\d+\d+\d+$", r"^(.*?,){20}P", r"(?i)(refund\s*)+!$",
    r"[\s\S]*[\s\S]*x$", r"(https?://)?(\w+\.)+\w+/?$", r"^([0-9]+)*\.?$", r"(\p{L}+)+\d$", r"((a{10}){10}){10}",
    r"(a{0,500}){0,500}", r"(?s).*.*.*.*.*\z", r"\b(\w+)(\s+\w+)*\b!",
]  # fmt: skip


def said(text: str) -> Any:
    message = Message(
        channel="facebook", account_id="1", kind=Kind.COMMENT, change=Change.CREATED, external_id="1", thread_id="1",
        visibility=Visibility.PUBLIC, author=Author(id="2", name="Ana"), text=text,
        dedupe="1",
    )  # fmt: skip
    return view(message)


@pytest.mark.parametrize("pattern", BAD)
def test_a_pattern_that_ruins_others_is_matched_in_linear_time_or_refused(pattern: str) -> None:
    """A-45: patterns known for exponential and quadratic time, on the texts that are worst for them."""
    try:
        rule = condition({"text": {"matches": pattern}})
    except Mistake:
        return  # with a sentence: tests/core/test_rules.py
    for unit in ("a", "x", " ", "1", "a ", "ab,", "refund ", "www.a.", "=", "z"):
        with bounded(pattern):
            rule.failure(said(unit * MATCHED + "\x00!"))


def ours() -> dict[str, re.Pattern[Any]]:
    """Every compiled pattern of the bridge's modules, by where it stands."""
    found: dict[str, re.Pattern[Any]] = {}

    def take(value: object, where: str) -> None:
        if isinstance(value, re.Pattern):
            found[where] = value
        elif isinstance(value, list | tuple):
            for number, one in enumerate(value):
                take(one, f"{where}[{number}]")

    for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
        if not module.name.startswith(("bridge.__main__", "bridge.sandbox", "bridge.demo")):
            for name, value in vars(importlib.import_module(module.name)).items():
                take(value, f"{module.name}.{name}")
    return found


UNITS = (
    "[", "](", "\n", " ", "{", "<a ", "<", "\"'", "http://", "www.", "1", "a", "a.", "a@", "-", "&", "/", ">", "=", "<!--", "!",
    "#", ":", ",", "+", "_", "\t", "\r", "*", "%", "\x00", ".", " href='", "\u0301", "refund ", "(", ")", "\\u00", '"\\',
)  # fmt: skip


def test_no_pattern_of_ours_takes_longer_than_its_text_is_long() -> None:
    """A-46: each regular expression of the bridge on each flood; a new one that backtracks fails here."""
    patterns = ours()
    assert len(patterns) > 40
    for where, pattern in patterns.items():
        with bounded(where):
            for unit in UNITS:
                text: Any = unit * (20_000 // len(unit)) + "!"
                text = text.encode() if isinstance(pattern.pattern, bytes) else text
                pattern.match(text)
                pattern.fullmatch(text)
                for _ in pattern.finditer(text[:5_000]):
                    pass


FLOODS = {
    "combining marks": "a" + "\N{COMBINING ACUTE ACCENT}" * 100_000,
    "mixed marks": "a" + "\u0301\u0327\u0323" * 60_000,
    "ligatures": "ﷺ" * 60_000,
    "hangul": "\u1100\u1161\u11a8" * 60_000,
    "brackets": "[" * 200_000,
    "closing": "](" * 100_000,
    "definitions": "\n".join(["[" * 900] * 200),
    "spaces": " " * 200_000 + "x",
    "newlines": "\n" * 200_000,
    "sentences": "a." * 100_000,
    "braces": "{{" * 100_000,
    "tags": "<a " * 70_000,
    "quotes": "\"'" * 100_000,
    "addresses": "http://" * 30_000,
    "joiners": "👩\u200d" * 60_000,
    "flags": "🏴\U000e0067" * 50_000,
    "digits": "1" * 200_000,
    "words": "refund " * 30_000,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_200_kilobytes_is_folded_shown_and_searched(flood: str) -> None:
    """A-23, A-46: marks, brackets, tags and the like; nothing grows faster than the words do."""
    text = FLOODS[flood]
    with bounded(flood):
        for use in (words, spaced, is_question, is_thanks, safe, plain, html_to_text):
            use(text)
        line(text, 150)
        facts = said(text)
        for name in FIELDS:  # language, mood, danger and whatever else rules may ask for
            facts.get(name)
