"""Words as rules compare them: whole, without case, accents and invisible characters.

Everything is folded one character at a time, so that the cost is linear whatever a stranger sends:
combining marks are dropped before anything is decomposed, and `unicodedata.normalize`, which takes
ten seconds for 195 KiB of alternating marks on Python 3.11 (cpython#149079), never sees more than
one character.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import re2

LONGEST = 100_000  # characters of a text that words are looked for in
SENTENCES = 200  # of a text that are looked at for a question; each costs as much as 80 characters

# Letters with a stroke, and others that no decomposition takes apart; apostrophes of all fonts.
_LETTERS = {
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
    "ð": "d", "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "＇": "'",
}  # fmt: skip
# Drawn as nothing, though Unicode does not call them format characters.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)


def _fold(character: str) -> str:
    """What one character becomes: base letters in lower case, or nothing."""
    if (
        character in _INVISIBLE
        or unicodedata.combining(character)
        or unicodedata.category(character) in ("Cf", "Cs")
        or 0xE0100 <= ord(character) <= 0xE01EF
    ):
        return ""
    if character in _LETTERS:
        return _LETTERS[character]
    lower = unicodedata.normalize("NFKD", character).casefold()
    bases = (c for c in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(c))
    return "".join(_LETTERS.get(c, c) for c in bases)


class _Folded(dict[int, str]):
    """Character -> its folded form, remembered up to a bound that no text can push."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(self) < 5_000:
            self[code] = folded
        return folded


_TABLE = _Folded()

# A word is a run of letters and digits; a symbol (emoji, currency) is a word of its own.
# Punctuation only separates, and so does an apostrophe: "l'avocat" holds the word "avocat".
_WORD = re.compile(r"[^\W_]+|[^\w\s]")
_URL = re.compile(r"https?://\S+|www\.\S+")


def fold(text: str) -> str:
    """*text* in lower case, without accents, zero-width characters and fancy letter forms."""
    return text.translate(_TABLE)


def words(text: str) -> list[str]:
    """The words of *text* in order, folded; symbols and emoji are words of their own."""
    found = _WORD.findall(fold(text[:LONGEST]))
    return [word for word in found if word[0].isalnum() or unicodedata.category(word)[0] == "S"]


def spaced(text: str) -> str:
    """The words of *text* with one space around each, the form in which phrases are looked for."""
    return f" {' '.join(words(text))} "


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row; a word written with `*` at its end stands for any ending of it."""

    written: str
    needle: str  # to be found in spaced text; empty when `pattern` is needed
    first: str = ""  # its first word, where that is whole
    beginning: str = ""  # how its first word begins, where that has any ending
    pattern: Any = None  # RE2

    def within(self, text: str) -> bool:
        """Whether it stands in *text*, which is `spaced`."""
        if self.pattern is None:
            return self.needle in text
        return bool(self.pattern.search(text))


def phrase(written: str) -> Phrase:
    """The phrase *written* stands for. Raises ValueError with a sentence when it stands for none."""
    parts = written.split()
    for part in parts:
        if "*" in part.rstrip("*") or part.endswith("**") or part == "*":
            raise ValueError(f"'{written}': a * stands at the end of a word, for any ending")
    folded: list[tuple[str, bool]] = []
    for part in parts:
        inner = words(part.rstrip("*"))
        folded += [(word, False) for word in inner]
        if part.endswith("*"):
            if not inner:
                raise ValueError(f"'{written}': a * stands at the end of a word, for any ending")
            folded[-1] = (inner[-1], True)
    if not folded:
        raise ValueError(f"'{written}' has no word in it")
    first, beginning = ("", folded[0][0]) if folded[0][1] else (folded[0][0], "")
    if any(open_ended for _, open_ended in folded[:-1]):
        pattern = " ".join(
            re2.escape(word) + ("[^ ]*" if open_ended else "") for word, open_ended in folded
        )
        end = "" if folded[-1][1] else " "
        return Phrase(written, "", first, beginning, re2.compile(f" {pattern}{end}"))
    last_open = folded[-1][1]
    needle = f" {' '.join(w for w, _ in folded)}{'' if last_open else ' '}"
    return Phrase(written, needle, first, beginning)


def _any(*written: str) -> tuple[Phrase, ...]:
    return tuple(phrase(one) for one in written)


_ASKING = tuple(one.needle for one in _any(
    "how do", "how can", "how much", "how long", "how to", "can you", "can i", "can we",
    "could you", "do you", "does anyone", "is there", "are there", "is it possible", "are you",
    "where is", "where are", "where can", "when will", "when is", "when are", "what is",
    "what are", "why is", "why are", "why do", "why did", "which one", "czy", "jak moge",
    "jak mozna", "jak to", "kiedy bedzie", "kiedy dostane", "kiedy", "gdzie", "ile kosztuje",
    "ile trwa", "dlaczego", "czemu", "w jaki sposob",
    "which", "whose", "are the", "is it", "do u", "does this", "does it", "does anybody", "what time", "which is", "who do", "any idea",
    "any news", "any update", "any chance", "anyone know", "anybody know", "when do", "when does",
    "where do", "how come", "how does", "did you", "have you got", "will you", "will there",
    "macie", "odpiszecie", "ktory", "ktora", "ktore", "komus jeszcze", "po ile", "do ktorej", "od ktorej", "skad", "co z", "ile to", "ile kosztuja", "ktos wie",
    "wie ktos", "da sie", "mozna",
    "welcher", "welche", "welches", "antwortet ihr", "wann", "wo bleibt", "wo ist", "wo sind", "wo kann", "wo finde", "wie lange", "wie kann", "wie viel",
    "wie geht das", "was kostet", "was kosten", "was ist mit", "warum", "wieso", "weshalb", "kann ich",
    "kann man", "konnen sie", "konnt ihr", "konnte ihr", "gibt es", "gibts", "habt ihr", "haben sie",
    "hat jemand", "weiss jemand", "versendet ihr", "liefert ihr", "verschickt ihr", "darf ich",
    "darf man", "seid ihr", "bekomme ich", "muss ich",
    "lequel", "laquelle", "vous comptez", "combien", "pourquoi", "ou est", "ou sont", "ou en est", "est ce que", "est ce qu", "pouvez vous",
    "pourriez vous", "avez vous", "livrez vous", "faites vous", "c'est combien", "y a t il", "savez vous",
    "quelqu'un sait", "quelqu'un a", "comment puis", "comment faire", "puis je", "peut on", "quel est",
    "quels sont", "quelle est", "a quelle heure", "etes vous",
    "vais a", "cual", "cuanto", "cuantos", "donde esta", "donde estan", "donde puedo", "por que", "como puedo", "como se",
    "se puede", "teneis", "haceis", "enviais", "alguien sabe", "alguien mas", "hay algun", "hay alguna",
    "que hora", "a que hora", "que horario", "cual es", "me podeis", "podeis", "es posible", "abris",
))  # fmt: skip
_THANKS = _any(
    "thanks", "thank you", "thx", "ty", "tysm", "cheers", "much appreciated", "dzieki",
    "dziekuje", "dziekujemy", "dziekuje*", "dzienks", "dzięks", "podziekowania",
)  # fmt: skip
_HARDLY_THANKS = _any(
    "no", "not", "still", "but", "again", "never", "nothing", "worst", "bad", "terrible",
    "refund", "broken", "wrong", "nie", "ale", "nadal", "znowu", "dalej", "wciaz", "nic", "zle",
    "zwrot*", "reklamac*", "gorsz*", "problem*", "anymore", "t", "dont", "doesnt", "cant", "wont",
)  # fmt: skip
_NO_PROBLEM = _any("no problem*", "no worries", "nie ma problemu", "nie ma sprawy")


def is_question(text: str) -> bool:
    """Whether *text* asks something: a question mark outside links, or an asking start (five languages)."""
    bare = _URL.sub(" ", text[:LONGEST])
    if any(mark in bare for mark in "?？¿؟"):
        return True
    for sentence in re.split(r"[.!\n]+", bare, maxsplit=SENTENCES)[:SENTENCES]:
        if spaced(sentence[:80]).startswith(_ASKING):
            return True
    return False


def is_thanks(text: str) -> bool:
    """Whether *text* is a short thank-you and no more: no question and no complaint in it (EN, PL)."""
    if len(text) > 120 or is_question(text):
        return False
    line = spaced(text)
    if line.count(" ") - 1 > 12 or not any(one.within(line) for one in _THANKS):
        return False
    for harmless in _NO_PROBLEM:
        if harmless.within(line):
            line = line.replace(harmless.needle, " ")
    return not any(one.within(line) for one in _HARDLY_THANKS)
