"""Texts as people read them: HTML and entities become words, what cannot be seen goes."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

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
# Mail quoted below an answer: the line that says who wrote it, then nothing but quoted lines.
_WROTE = re.compile(
    r"\n[ \t]*(?:(?:On|Am|Le|El|W dniu|Dnia)\b[^\n]{4,200}\b(?:wrote|schrieb|écrit|escribió|napisał)[^\n]{0,80}:"
    r"|-{2,}[ \t]*(?:Original Message|Forwarded message|Wiadomość oryginalna|Ursprüngliche Nachricht)[ \t]*-{2,})[ \t]*\n"
)
_QUOTED = re.compile(r"[ \t]*(?:>[^\n]*)?")
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
    "words (address)"; the helpdesk's heading, the signature after a line "-- ", mail quoted at the end, invisible
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
    return _tidy(_unquoted(text))


def _unquoted(text: str) -> str:
    """*text* without the mail that is quoted at its end; quotes above the agent's own words stay."""
    for wrote in _WROTE.finditer(text):
        rest = text[wrote.end() :]
        marked = all(_QUOTED.fullmatch(line) for line in rest.split("\n"))
        if marked or wrote[0].lstrip().startswith("-"):
            return text[: wrote.start()]
    return text


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
