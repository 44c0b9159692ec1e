"""What Freshdesk makes of the HTML that it is given: comments and attributes go, and a plain text is kept beside."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

KEPT = frozenset((
    "a", "b", "blockquote", "br", "code", "del", "div", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "i", "img", "li", "ol", "p", "pre", "s", "small", "span", "strike", "strong", "sub", "sup", "table",
    "tbody", "td", "th", "thead", "tr", "u", "ul",
))  # fmt: skip
DROPPED = frozenset(("script", "style", "head", "title", "iframe", "object", "form"))  # words too
ATTRIBUTES = frozenset(
    ("href", "src", "alt", "title", "style", "dir", "lang", "class", "target", "rel", "width", "height", "colspan", "rowspan")
)  # fmt: skip
BLOCKS = re.compile(r"(?i)<br\s*/?>|</(p|div|li|tr|h[1-6]|blockquote|pre)>")


class Cleaner(HTMLParser):
    """Collects in `parts` what may stay; comments and data attributes never do."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dropping = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self._dropping += 1
        elif tag in KEPT and not self._dropping:
            shown = "".join(
                f' {name}="{html.escape(value or "")}"'
                for name, value in attributes
                if name in ATTRIBUTES and not (value or "").strip().lower().startswith("javascript:")
            )  # fmt: skip
            self.parts.append(f"<{tag}{shown}>")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in DROPPED:
            self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED:
            self._dropping = max(0, self._dropping - 1)
        elif tag in KEPT and not self._dropping:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self.parts.append(html.escape(data, quote=False))


def clean(given: str) -> str:
    """*given* as it is kept: only harmless tags and attributes, inside a div."""
    cleaner = Cleaner()
    cleaner.feed(given)
    cleaner.close()
    kept = "".join(cleaner.parts)
    return kept if kept.startswith("<div") else f"<div>{kept}</div>"


def plain(kept: str) -> str:
    """The words of *kept*, a line for each block."""
    broken = BLOCKS.sub("\n", kept)
    words = html.unescape(re.sub(r"<[^>]+>", "", broken))
    return re.sub(r"\n{3,}", "\n\n", words).strip()


def flat(kept: str) -> str:
    """The words of *kept* as the API shows them beside it: in one line."""
    return " ".join(plain(kept).split())


def rich(words: str) -> str:
    """Plain *words* as an agent's editor writes them."""
    lines = html.escape(words, quote=False).split("\n")
    return "<div>" + "<br>".join(lines) + "</div>"
