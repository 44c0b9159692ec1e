"""What somebody may have meant who wrote a condition without looking it up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bridge.core.mistakes import nearest
from bridge.core.words import fold

_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})?")
# What people write for an operator, and for a value, when they have not looked it up.
_MEANT = {
    **dict.fromkeys(("below", "under", "less", "less_than", "max", "before", "lt", "lte"), "at_most"),
    **dict.fromkeys(("above", "over", "more", "more_than", "min", "after", "gt", "gte"), "at_least"),
    **dict.fromkeys(("contains", "contain", "includes", "has", "any", "words", "in", "one_of"), "any_of"),
    **dict.fromkeys(("not", "excludes", "without", "no"), "none_of"),
    **dict.fromkeys(("equals", "equal", "eq", "exactly"), "is"),
    **dict.fromkeys(("regex", "regexp", "pattern", "match", "re"), "matches"),
    **dict.fromkeys(("asks", "is_question"), "question"),
    **dict.fromkeys(("missing", "null", "none"), "unknown"),
}  # fmt: skip
_CALLED = {
    "english": "en", "polish": "pl", "polski": "pl", "german": "de", "deutsch": "de", "french": "fr",
    "francais": "fr", "spanish": "es", "espanol": "es", "italian": "it", "dutch": "nl",
    "portuguese": "pt", "ukrainian": "uk", "czech": "cs", "russian": "ru",
}  # fmt: skip
_MOODS = {
    "negative": "{at_most: -0.3}",
    "positive": "{at_least: 0.3}",
    "unknown": "{unknown: true}",
}


def operator(written: str, allowed: Sequence[str]) -> str:
    """`; did you mean 'at_most'?` for what was written in its place, or nothing."""
    meant = _MEANT.get(written)
    return f"; did you mean '{meant}'?" if meant in allowed else nearest(written, allowed)


def misvalue(fact: str, value: Any) -> str | None:
    """Why *value* can never be that of *fact*, where its type does not tell; else None."""
    if not isinstance(value, str):
        return None
    if fact == "sentiment" and value in _MOODS:
        return f"needs a number from -1 to 1: '{value}' is sentiment: {_MOODS[value]}"
    if fact == "language" and not _CODE.fullmatch(value):
        code = _CALLED.get(fold(value))
        hint = f"; did you mean '{code}'?" if code else ""
        return f"'{value}' is no code of a language, such as en, pl or pt-BR{hint}"
    return None
