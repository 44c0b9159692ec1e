"""The language of a message, told by its payload or detected offline.

langdetect, with the profiles of the languages below alone: 7 MB, 80 ms to load, 1 ms a message
(docs/dependencies.md says what else was tried). It guesses by sampling, so its seed is fixed: the
same text gives the same answer. A wrong language is worse than none, hence the doubts.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from bridge.core.model import Message
from bridge.core.words import words

if TYPE_CHECKING:
    from langdetect.detector_factory import DetectorFactory

LANGUAGES = ("en", "pl", "de", "fr", "es", "it", "nl", "pt", "uk", "cs", "ru")
FEWEST = 3  # words that say enough
LONGEST = 1_000  # characters that are looked at
SURE = 0.9

# Names of people and topics say nothing about the language around them.
_NAMES = re.compile(r"[@#]\S+|https?://\S+")


@cache
def _factory() -> DetectorFactory:
    """The detector with our profiles, loaded when the first message needs it."""
    from pathlib import Path

    from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    factory.seed = 0
    factory.load_json_profile(
        [(Path(PROFILES_DIRECTORY) / code).read_text("utf-8") for code in LANGUAGES]
    )
    return factory


def detect(text: str) -> str | None:
    """The two-letter code of the language of *text*, or None when it is too short or unclear."""
    from langdetect.lang_detect_exception import LangDetectException

    text = _NAMES.sub(" ", text[:LONGEST].encode("utf-8", "ignore").decode())
    if sum(word.isalpha() for word in words(text)) < FEWEST:
        return None
    detector = _factory().create()
    detector.append(text)
    try:
        guesses = detector.get_probabilities()
    except LangDetectException:
        return None  # nothing in it that the profiles know
    best = guesses[0] if guesses else None
    return str(best.lang) if best is not None and best.prob >= SURE else None


def language_of(message: Message) -> str | None:
    """The language the platform told, else the detected one, else None."""
    return message.language or detect(message.text or "")
