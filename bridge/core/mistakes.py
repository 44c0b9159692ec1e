"""What is wrong with something an operator wrote, and what they may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Mistake(ValueError):
    """A condition or expression that cannot stand: where in it (keys from the top), and a sentence."""

    def __init__(self, sentence: str, *path: str | int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.path = path


def nearest(word: str, among: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest of *among*, or nothing."""
    close = difflib.get_close_matches(word, list(among), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""
