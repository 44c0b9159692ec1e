"""The language of a message, told by its payload or detected offline.

langdetect, with the profiles of the languages below alone: 7 MB, 80 ms to load, 1 ms a message
(docs/dependencies.md says what else was tried). It guesses by sampling, so its seed is fixed: the
same text gives the same answer. A wrong language is worse than none, hence the doubts.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from bridge.core.words import words

if TYPE_CHECKING:
    from langdetect.detector_factory import DetectorFactory

LANGUAGES = ("en", "pl", "de", "fr", "es", "it", "nl", "pt", "uk", "cs", "ru")
FEWEST = 3  # words that say enough
LONGEST = 1_000  # characters that are looked at
SURE = 0.9

# Small words, folded. Of short texts they say more than letters do: "my order is broken" looks Dutch.
_SMALL = {
    code: frozenset(words(some))
    for code, some in {
        "en": "the is my of and to you it was not have has with for are this your that from me on"
        " can when what where how please still be but they we will never does don been",
        "pl": "nie sie jest na do to moja moj moje ze jak co czy od dla mi mam ale tak gdzie"
        " kiedy juz po przez byla byl za wasza od tylko prosze jestem bardzo mnie sa macie wy tego znowu",
        "de": "der die das ist und ich nicht mein meine ein eine zu mit auf wo wie von war sie wir es"
        " bei seit noch keine kein bitte den dem im auch sich wird nur mal schon euch eure ihr",
        "fr": "le la les est et je pas mon ma une un des du vous que qui ne ou avec pour dans sur ce"
        " mais depuis bonjour ca ete tout par chez cette ces aux j qu c au votre nous rien toujours",
        "es": "el la los las es mi no un una que de en por con para donde esta pero desde hola"
        " cuando quiero me lo del muy soy yo hay ya su este ese era fue al estaba hasta aqui vuestra os",
        "it": "il la lo mio mia non un una che di per con dove sono ho ma da del della quando"
        " voglio mi molto ciao",
        "nl": "de het een is en mijn niet ik van op met waar voor maar nog geen wel zijn heb bij uw"
        " jullie dit dat hoe wanneer",
        "pt": "os as meu minha nao um uma que de em por com para onde esta mas quero do da"
        " voce muito quando",
        "uk": "не що мое моє моя де як це на до ви але коли чому для від вже щось мій та",
        "cs": "je na se mi muj moje neni kde jak co to do ale kdy uz jsem jsou byl bylo pro od"
        " nechci chci vas prosim",
        "ru": "не что мой моя мое где как это на до вы но когда почему для от уже нет мои",
    }.items()
}

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
    return _detected(text[:LONGEST])


def forget() -> None:
    """Read every message anew, as if none had been seen."""
    _detected.cache_clear()


@lru_cache(512)
def _detected(text: str) -> str | None:
    """The language of *text*; a message that is decided on again is not read again."""
    text = _NAMES.sub(" ", text.encode("utf-8", "ignore").decode())
    said = [word for word in words(text) if word.isalpha()]
    if len(said) < FEWEST:
        return None
    small = {code: sum(word in some for word in said) for code, some in _SMALL.items()}
    most = max(small.values())
    leaders = [code for code, count in small.items() if count == most]
    if most >= 2 and len(leaders) == 1:
        return leaders[0]  # whatever its letters look like, which takes ten times as long to see
    looks = _looks(text)
    return looks if looks in leaders or most == 0 else None


def _looks(text: str) -> str | None:
    """The language the letters of *text* look like, or None when they are unclear."""
    from langdetect.lang_detect_exception import LangDetectException

    detector = _factory().create()
    detector.n_trial = 3  # of 7: half the time, and the same answers to all our examples
    detector.append(text)
    try:
        guesses = detector.get_probabilities()
    except LangDetectException:
        return None  # nothing in it that the profiles know
    best = guesses[0] if guesses else None
    return str(best.lang) if best is not None and best.prob >= SURE else None
