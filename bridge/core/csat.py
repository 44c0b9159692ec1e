"""How content a customer was: the question after a ticket is solved, and what an answer to it means.

An answer is a number from 1 to 5, written either way, a face, or a word for good or bad in one of five languages, at the beginning
of what the customer writes; anything else is no answer to the question, but words like all others. What
follows it may be a complaint: then the ticket is opened again all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.core.facts import View
from bridge.core.words import fold, is_thanks, words

LOW = 2  # from here down, whoever says why says what went wrong
WHY = 3  # words in a row that say why


@dataclass(frozen=True, slots=True, kw_only=True)
class Csat:
    """The question: which words of replies/, how many seconds after the solving, for how long it stands."""

    ask: str
    after: float = 3600.0
    answers: float = 3 * 86400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A score from 1 (bad) to 5 (good), and whether the words beside it are a complaint."""

    score: int
    complains: bool = False


_STARS = r"(?:stars?|gwiazd\w*|sterne?|etoiles?|estrellas?|pkt|points?)"
_NUMBER = re.compile(
    rf"([0-9]{{1,2}})(?:\s?(?:/|of|na|von|sur|de)\s?([0-9]{{1,2}}))?(?:\s?{_STARS})?"
)
_FACES = {
    5: "👍😍🥰❤💚💙🤩😀😃😄😁💯👏🙏😻",
    4: "🙂😊☺😉😌👌",
    3: "😐😑🤷",
    2: "🙁😕😟😞😔☹👀",
    1: "👎😡😠🤬😤💩😭🤮😾",
}
_FACE = {face: score for score, faces in _FACES.items() for face in faces}
# As `fold` leaves them; the longest first, so that "very good" is not "good".
_SAID = {
    5: (
        "very good", "great", "excellent", "perfect", "super", "amazing", "awesome", "bardzo dobrze", "swietnie",
        "doskonale", "idealnie", "rewelacja", "sehr gut", "ausgezeichnet", "perfekt", "tres bien",
        "five", "piec", "funf", "fuenf", "cinq", "cinco", "parfait", "excellente", "muy bien", "muy bueno", "muy buena", "perfecto", "excelente", "genial",
    ),
    4: ("four", "cztery", "vier", "quatre", "cuatro", "good", "dobrze", "dobra", "dobry", "gut", "bien", "bon", "bonne", "bueno", "buena"),
    3: ("three", "trzy", "drei", "trois", "tres", "ok", "okay", "so so", "average", "srednio", "tak sobie", "mittel", "moyen", "comme ci comme ca",
        "regular", "mas o menos"),
    2: ("two", "dwa", "dwojka", "zwei", "deux", "dos", "bad", "not good", "poor", "zle", "slabo", "niedobrze", "schlecht", "nicht gut", "mauvais",
        "mauvaise", "mal", "malo", "mala", "pas bien"),
    1: (
        "one", "jeden", "eins", "un", "uno", "very bad", "terrible", "awful", "horrible", "worst", "bardzo zle", "bardzo slabo", "fatalnie",
        "tragicznie", "koszmar", "sehr schlecht", "furchtbar", "katastrophe", "tres mauvais", "nul",
        "catastrophe", "muy mal", "muy malo", "muy mala", "fatal", "pesimo",
    ),
}  # fmt: skip
_WORDS = sorted(
    ((said, score) for score, many in _SAID.items() for said in many), key=lambda one: -len(one[0])
)
_APART = re.compile(r"\s*(?:[.,;:!\-\u2013\u2014()\n]+|$)")


def answer(text: str) -> Answer | None:
    """What *text* answers to the question; None when it is no answer."""
    found = _score(text.strip())
    if found is None:
        return None
    score, rest = found
    return Answer(score, _complains(score, rest))


def _score(text: str) -> tuple[int, str] | None:
    """The score that *text* begins with, and what follows."""
    return _of_number(text) or _of_faces(text) or _of_words(text)


def _of_number(text: str) -> tuple[int, str] | None:
    folded = fold(text)
    match = _NUMBER.match(folded)
    if match is None:
        return None
    score, most = int(match[1]), int(match[2] or 5)
    if most not in (5, 10) or not 0 < score <= most:
        return None
    rest = _rest(folded[match.end() :])
    return None if rest is None else (max(1, round(score * 5 / most)), rest)


def _of_faces(text: str) -> tuple[int, str] | None:
    stars = re.match(r"(?:[⭐★🌟]\ufe0f?\s*)+", text)
    if stars is not None:
        many = sum(stars[0].count(star) for star in "⭐★🌟")
        return (many, text[stars.end() :].strip()) if many <= 5 else None
    score = _FACE.get(text[:1])
    if score is None:
        return None
    return score, text[1:].lstrip("".join(_FACE) + "\ufe0f\u200d🏻🏼🏽🏾🏿♂♀ .,!").strip()


def _of_words(text: str) -> tuple[int, str] | None:
    folded = fold(text)
    for said, score in _WORDS:
        if folded.startswith(said) and (rest := _rest(folded[len(said) :])) is not None:
            return score, rest
    return None


def _rest(text: str) -> str | None:
    """What follows an answer; None where it goes straight on, and is no answer then: "2 of my cups"."""
    if apart := _APART.match(text):
        return text[apart.end() :].strip()
    bare = text.strip()
    if text[:1].isspace() and (is_thanks(bare) or bare[:1] in _FACE):
        return bare
    return None


def _complains(score: int, rest: str) -> bool:
    """Whether what follows asks or complains; beside a low score, whether it says why."""
    if not rest or is_thanks(rest):
        return False
    seen = View({"text": rest})
    if seen.get("wants_answer") or seen.get("safety") or seen.get("urgent"):
        return True
    against = seen.felt is not None and seen.felt.against
    return against or (score <= LOW and len(words(rest)) >= WHY)
