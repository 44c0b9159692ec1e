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
    """`; did you mean 'x'?` for the nearest of *among*, else the longest that *word* begins with; or nothing."""
    known = list(among)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6) or sorted(
        (one for one in known if len(one) > 2 and word.startswith(one)), key=len, reverse=True
    )
    return f"; did you mean '{close[0]}'?" if close else ""
