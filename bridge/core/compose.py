"""Words fitted to a channel: made plain, cut into pieces, and allowed or not at this moment.

What a channel allows is data (`Capabilities`); this is the one place that reads it. Nothing here
knows a platform's name, and nothing knows the time: `now` is an argument.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
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


# --- an agent's words as plain text ------------------------------------------------------------

_TAGS = (
    "a|b|blockquote|body|br|code|div|em|font|h[1-6]|hr|html|i|img|li|ol|p|pre|s|span|strong|table|"
    "tbody|td|th|thead|tr|u|ul"
)
_LOOKS_LIKE_HTML = re.compile(rf"<(?:/?(?:{_TAGS})(?:\s[^<>]*)?/?|!--[^<>]*--)>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_LINK = re.compile(
    r"!?\[([^\[\]\n]{0,500})\]\(\s*<?((?:https?://|mailto:)[^\s()<>]{1,2000})>?\s*\)"
)
_SIGNATURE = re.compile(r"(?:\A|\n)-- (?:\n|\Z)")
# Zendesk's latest_comment placeholders may open with a rule of dashes and "Name, date, time"
# (facts: unconfirmed). Without the dashes such a line is the agent's own: it stays.
_HEADING = re.compile(r"\A\s*-{10,}[ \t]*\n\s*(?:[^\n]{1,200}\d{1,2}:\d{2}[^\n]{0,40}\n)?")
# Controls, bidi embeddings, overrides and isolates, invisible spaces, lone surrogates. The plain
# left-to-right and right-to-left marks stay: Arabic and Hebrew need them, and they move nothing far.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2060-\u2069\u202a-\u202e\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_REGION_LETTERS = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|[\U000e0000-\U000e007f]"
)
_SPACES = re.compile("[\xa0\u2000-\u200a\u202f\u205f\u3000]")
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")


def plain(text: str) -> str:
    """An agent's words as plain text, as the customer shall read them.

    HTML becomes text when there are tags in it, entities are decoded once, Markdown links become
    "words (address)"; the helpdesk's heading, the signature after a line "-- ", invisible
    characters, trailing spaces and more than two empty lines in a row go.
    """
    text = _LINE_ENDS.sub("\n", text)
    text = html_to_text(text) if _LOOKS_LIKE_HTML.search(text) else _decoded(text)
    text = visible(_SPACES.sub(" ", text))
    text = _LINK.sub(lambda link: _linked(link[1].strip(), link[2]), text)
    text = _HEADING.sub("", text, count=1)
    signature = _SIGNATURE.search(text)
    if signature:
        text = text[: signature.start()]
    return _tidy(text)


def _decoded(text: str) -> str:
    # Only what ends in a semicolon: "?a=1&copy=2" is an address, not a copyright sign.
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def visible(text: str) -> str:
    """*text* without characters that cannot be seen or that reorder what is seen; flags stay."""
    return _REGION_LETTERS.sub(lambda flag: flag[1] or "", _UNSEEN.sub("", text))


def with_links(text: str, links: Sequence[tuple[str, str]]) -> str:
    """*text* with files that cannot be sent named below it, one "name: address" a line.

    What is not an http or https address is left out.
    """
    lines = []
    for name, url in links:
        if re.fullmatch(r"https?://\S+", url, re.IGNORECASE):
            label = " ".join(visible(name).split())
            lines.append(f"{label}: {url}" if label else url)
    return "\n\n".join(block for block in (text.rstrip(), "\n".join(lines)) if block)


def _linked(words: str, url: str) -> str:
    shown = url.removeprefix("mailto:")
    bare = re.sub(r"^https?://|/$", "", shown)
    if not words or re.sub(r"^https?://|/$", "", words) == bare:
        return shown
    return f"{words} ({shown})"


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip()


_PARAGRAPHS = frozenset(
    {"p", "blockquote", "pre", "ul", "ol", "table"} | {f"h{n}" for n in range(1, 7)}
)
_LINES = frozenset({"div", "li", "tr", "hr"})
_HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
_DEEPEST = 8  # levels of lists that are still indented
_COMMENT = re.compile(r"<!--(?:(?!<!--|-->).)*+-->|<[!?][^<>]*>", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)((?:[\s/][^<>]*)?)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    r"""[\s"'/](href|alt)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.IGNORECASE
)


def html_to_text(markup: str) -> str:
    """The text a reader of *markup* sees: paragraphs, line ends, list marks, addresses of links.

    Not by html.parser: Python 3.11's takes 28 s for 65 kB of "<a <a <a" (measured 2026-11-22), and
    a comment is as long as whoever wrote it likes. Here every tag ends before the next "<".
    """
    markup = _COMMENT.sub("", markup)
    reader, at = _Reader(), 0
    for tag in _TAG.finditer(markup):
        reader.words(markup[at : tag.start()])
        at = tag.end()
        if tag[1]:
            reader.closes(tag[2].lower())
        else:
            reader.opens(tag[2].lower(), tag[3])
    reader.words(markup[at:])
    return reader.text()


class _Reader:
    """Collects what is seen, tag by tag; tags that are never closed, or never opened, do no harm."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._hidden = 0
        self._verbatim = 0
        self._link: tuple[str, int] | None = None  # address, and where its words begin
        self._lists: list[int | None] = []  # the last number of an ordered list, None for bullets

    def text(self) -> str:
        self._close_link()
        return re.sub(r"\n{3,}", "\n\n", "".join(self._out)).strip("\n")

    def words(self, data: str) -> None:
        if self._hidden:
            return
        data = _decoded(data)
        if not self._verbatim:
            data = re.sub(r"[ \t\n\f]+", " ", data)
            if self._at_line_start():
                data = data.lstrip(" ")
        if data:
            self._out.append(data)

    def opens(self, tag: str, attributes: str) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._out.append("\n")
        elif tag == "a":
            self._close_link()
            self._link = _attribute(attributes, "href").strip(), len(self._out)
        elif tag == "img":
            alt = _attribute(attributes, "alt")
            if not re.search(r"\w", alt):  # an emoji; other pictures go as attachments
                self.words(alt)
        elif tag in ("td", "th"):
            if not self._at_line_start():
                self._out.append(" ")
        else:
            self._open_block(tag)

    def closes(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag == "a":
            self._close_link()
        elif tag in _PARAGRAPHS:
            if tag == "pre":
                self._verbatim = max(0, self._verbatim - 1)
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            self._ends(1 if self._lists else 2)
        elif tag in _LINES:
            self._ends(1)

    def _open_block(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._ends(1 if self._lists else 2)
            if tag == "pre":
                self._verbatim += 1
            if tag in ("ul", "ol"):
                self._lists.append(0 if tag == "ol" else None)
        elif tag in _LINES:
            self._ends(1)
            if tag == "li":
                self._mark()

    def _mark(self) -> None:
        indent = "  " * min(_DEEPEST, max(0, len(self._lists) - 1))
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._out.append(f"{indent}- ")
        else:
            self._lists[-1] = number + 1
            self._out.append(f"{indent}{number + 1}. ")

    def _close_link(self) -> None:
        if self._link is None:
            return
        (href, start), self._link = self._link, None
        words = "".join(self._out[start:])
        if self._hidden or not re.match(r"(?:https?://|mailto:)\S+$", href, re.IGNORECASE):
            return
        del self._out[start:]
        before = words[: len(words) - len(words.lstrip())]
        after = words[len(words.rstrip()) :]
        self._out.append(before + _linked(words.strip(), href) + after)

    def _ends(self, count: int) -> None:
        """The text so far ends with *count* line ends or more; not at its start, nor after a list mark."""
        tail = "".join(self._out[-4:])
        if not tail or re.search(r"(?:\A|\s)(?:-|\d+\.) $", tail):
            return
        if not tail.endswith("-- "):  # the signature's mark keeps its space
            while self._out and self._out[-1].endswith(" "):
                self._out[-1] = self._out[-1].rstrip(" ")
                if not self._out[-1]:
                    self._out.pop()
            if self._link and self._link[1] > len(self._out):
                self._link = self._link[0], len(self._out)
        tail = "".join(self._out[-4:])
        missing = count - (len(tail) - len(tail.rstrip("\n")))
        if missing > 0 and tail:
            self._out.append("\n" * missing)

    def _at_line_start(self) -> bool:
        return not self._out or self._out[-1].endswith(("\n", " "))


def _attribute(attributes: str, name: str) -> str:
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            return _decoded(found[2] or found[3] or found[4] or "")
    return ""


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
