"""Words fitted to a channel: cut into pieces, and allowed or not at this moment.

What a channel allows is data (`Capabilities`); this is the one place that reads it. Nothing here
knows a platform's name, and nothing knows the time: `now` is an argument.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.model import Capabilities

# --- measuring ---------------------------------------------------------------------------------

# A lone surrogate has no encoding; "surrogatepass" counts it instead of crashing on it.
MEASURES: dict[str, Callable[[str], int]] = {
    "characters": len,
    "utf16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "bytes": lambda text: len(text.encode("utf-8", "surrogatepass")),
}

WIDEST = 4  # no code point counts for more, in any measure

# --- splitting ---------------------------------------------------------------------------------

# Where a cut may be: at a run of spaces, or after a full stop of scripts that write without them.
_GAP = re.compile(r"\s+|(?<=[。！？])(?![。！？」』）])")
_INK = re.compile(r"\S")
_ENDS_SENTENCE = re.compile(r"""[.!?…。！？]["'”’»)\]」』）]{0,3}\Z""")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>]+", re.IGNORECASE)


def parts(text: str, limit: int, measure: str = "characters") -> list[str]:
    """*text* in pieces of at most *limit*, numbered "(1/3) " when there is more than one.

    Cut between paragraphs where that fills a piece at least by half, else between sentences, else
    between words, else between graphemes; through a URL or a grapheme only when it alone is longer
    than a piece. Whitespace at the cuts goes, nothing else does. An empty text gives one empty piece.
    Numbers are left out where they would eat more than half of a piece.
    Units: whatever *measure*, a key of `MEASURES`, counts. ValueError: *limit* below `WIDEST`.
    """
    if limit < WIDEST:
        raise ValueError(f"a piece of {limit} {measure} cannot hold every character")
    size = MEASURES[measure]
    text = text.strip()
    if size(text) <= limit:
        return [text]
    digits = 1
    while (room := limit - len(_number(10**digits - 1, 10**digits - 1))) >= max(limit // 2, WIDEST):
        pieces = _cut(text, room, size)
        if len(pieces) < 10**digits:
            return [_number(n, len(pieces)) + piece for n, piece in enumerate(pieces, 1)]
        digits += 1
    return _cut(text, limit, size)


def fit(text: str, capabilities: Capabilities) -> tuple[str, ...]:
    """*text* in pieces the channel accepts; an empty text is one empty piece (files may hang on it)."""
    return tuple(parts(text, capabilities.max_length, capabilities.measure))


def _number(which: int, of: int) -> str:
    return f"({which}/{of}) "


def _cut(text: str, room: int, size: Callable[[str], int]) -> list[str]:
    pieces, start = [], 0
    while start < len(text):
        reach = _reach(text, start, room, size)
        if reach == len(text):
            pieces.append(text[start:])
            break
        end, following = _place(text, start, reach)
        pieces.append(text[start:end])
        start = following
    return pieces


def _reach(text: str, start: int, room: int, size: Callable[[str], int]) -> int:
    """The furthest index for which text[start:index] still fits; always beyond *start*."""
    for index in range(start, len(text)):
        room -= size(text[index])
        if room < 0:
            return index
    return len(text)


def _place(text: str, start: int, reach: int) -> tuple[int, int]:
    """Where the piece from *start* ends and the next begins; text[start:reach] is what fits."""
    half = start + (reach - start) // 2
    best: dict[int, tuple[int, int]] = {}
    for end, following in _gaps(text, start, reach):
        worth = _worth(text, end, following)
        if worth == _SPACE or end >= half:
            best[worth] = end, following
    if best:
        return best[max(best)]
    for url in _URL.finditer(text, start, reach + len("https://")):
        if start < url.start() < reach < url.end():
            return url.start(), url.start()
    for index in range(reach, start, -1):
        if _between_graphemes(text, index):
            return index, index
    return reach, reach


_SPACE, _SENTENCE, _PARAGRAPH = 1, 2, 3


def _gaps(text: str, start: int, reach: int) -> Iterator[tuple[int, int]]:
    # The space after the last word that fits lies beyond the reach, and goes on as long as it likes.
    for match in _GAP.finditer(text, start, reach + 1):
        end, following = match.span()
        ink = _INK.search(text, following)
        following = ink.start() if ink else len(text)
        if start < end <= reach and _between_graphemes(text, following):
            yield end, following


def _worth(text: str, end: int, following: int) -> int:
    gap = text[end:following]
    if gap.count("\n") > 1:
        return _PARAGRAPH
    ended = _ENDS_SENTENCE.search(text[max(0, end - 4) : end]) and not text[following].islower()
    return _SENTENCE if "\n" in gap or ended else _SPACE


def head(text: str, limit: int) -> str:
    """The first *limit* characters of *text*; fewer, rather than half of what people see as one."""
    if len(text) <= limit:
        return text
    whole = (at for at in range(limit, 0, -1) if _between_graphemes(text, at))
    return text[: next(whole, limit)]


def _between_graphemes(text: str, index: int) -> bool:
    """Whether a cut at *index* leaves what people see as one character whole.

    The rules of Unicode's UAX #29 (read 2026-11-22) that matter in messages: marks, joiners, skin
    tones, flags of both kinds, Hangul written in letters, Indic conjuncts, CR LF. Written out
    because the exact tables would be a dependency for a cut that happens once in a thousand replies.
    """
    before, after = text[index - 1 : index], text[index : index + 1]
    if not before or not after:
        return True
    if _extends(after) or before == "\u200d" or before + after == "\r\n":
        return False
    if unicodedata.combining(before) == _VIRAMA and after.isalpha():
        return False
    if _flag_letter(before) and _flag_letter(after):
        run = index
        while run > 0 and _flag_letter(text[run - 1]):
            run -= 1
        return (index - run) % 2 == 0
    return True


_VIRAMA = 9  # the combining class of the sign that joins two Indic consonants


def _flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _extends(char: str) -> bool:
    return (
        unicodedata.category(char) in ("Mn", "Mc", "Me")  # marks, variation selectors, keycaps
        or char in "\u200c\u200d\u0e33\u0eb3\uff9e\uff9f"  # joiners, Thai and Lao am, kana voicing
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # the letters inside a flag of a region
        or "\u1160" <= char <= "\u11ff"  # Hangul vowels and final consonants
        or "\ud7b0" <= char <= "\ud7fb"
    )


# --- may we speak now? -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Whether words may go out now. `tag` is "human" when only the window for people's words is open.

    `code` says why not; `until` is when the permission ends or ended, None when there is no end or
    nobody knows it.
    """

    allowed: bool
    tag: str | None = None
    code: str | None = None
    until: datetime | None = None


def window(
    capabilities: Capabilities,
    *,
    now: datetime,
    last_in: datetime | None,
    item_at: datetime | None,
    human: bool,
    used: bool,
) -> Window:
    """Whether this way of speaking is open at *now*.

    *last_in* is when the customer last wrote here, *item_at* when the answered item was written,
    *human* whether a person wrote the words, *used* whether the item had its one message.
    A window is open before its last second and closed on it: the message still has to travel.
    An unknown time counts as over: a message outside a window risks the page's right to send at all,
    while a refusal only asks the agent to answer another way. Without a window no time is needed.
    Codes: automatic_not_allowed, private_reply_used, private_reply_too_late, window_closed.
    """
    if not human and not capabilities.automatic:
        return Window(allowed=False, code="automatic_not_allowed")
    if capabilities.once and used:
        return Window(allowed=False, code="private_reply_used")
    ends = []
    if capabilities.within is not None:
        too_late = _after(item_at, capabilities.within)
        if too_late is None or now >= too_late:
            return Window(allowed=False, code="private_reply_too_late", until=too_late)
        ends.append(too_late)
    tag = None
    if capabilities.window is not None:
        closes = _after(last_in, capabilities.window)
        if (closes is None or now >= closes) and human and capabilities.human_window is not None:
            tag, closes = "human", _after(last_in, capabilities.human_window)
        if closes is None or now >= closes:
            return Window(allowed=False, code="window_closed", until=closes)
        ends.append(closes)
    return Window(allowed=True, tag=tag, until=min(ends, default=None))


def ends(
    capabilities: Capabilities, last_in: datetime | None, *, human: bool = False
) -> datetime | None:
    """When this way of speaking closes after the customer's words of *last_in*.

    *human*: for words a person writes. None where it never closes, or nobody knows.
    """
    length = capabilities.window
    if human and length is not None:
        length = max(length, capabilities.human_window or 0)
    lengths = [one for one in (length, capabilities.within) if one is not None]
    return _after(last_in, min(lengths)) if lengths else None


def _after(moment: datetime | None, seconds: float) -> datetime | None:
    return None if moment is None else moment + timedelta(seconds=seconds)
