"""Texts on their way into Freshdesk and back. Freshdesk holds HTML; we write and read plain text.

Freshdesk keeps nothing beside a note's text, so our marker stands in it: `bridge ref 1a2b3c4d5e6f`,
small, on a line of its own at the end. Plain words survive whatever cleaning the HTML gets.
Source: the API v2 page, recorded conversations, and "freshdesk_quote" as mail clients know it, read 2026-11.
"""

from __future__ import annotations

import html
import re

from bridge.core.plaintext import html_to_text

_SMALL = 'style="color:#8a8a8a;font-size:11px"'
_REF = re.compile(r"(?:\A|\s)bridge ref ([0-9a-z]{12})\s*\Z")
_TAG = re.compile(r"<(/?)(div|blockquote)\b", re.I)
_QUOTE = re.compile(
    r"<(div|blockquote)\b[^<>]*\bclass\s*=\s*[\"'][^\"'<>]*\bfreshdesk_quote\b", re.I
)


def short(marker: str) -> str:
    """The part of a marker that a note shows: 12 letters and digits, unique enough on one ticket."""
    return re.sub(r"[^0-9a-z]", "", marker.lower())[:12].ljust(12, "0")


def to_html(text: str) -> str:
    """*text* as HTML that shows the same: everything escaped, line ends kept."""
    return f"<div>{html.escape(text, quote=True).replace(chr(10), '<br>')}</div>"


def note_html(text: str, marker: str) -> str:
    """A note's HTML: the text, and our reference below it."""
    return f"{to_html(text)}<div {_SMALL}>bridge ref {short(marker)}</div>"


def heading(name: str) -> str:
    """The line that names who speaks, where Freshdesk does not take the customer as the author."""
    return f"<div><b>{html.escape(name, quote=True)}:</b></div>"


def to_text(rich: object, plain: object) -> str:
    """The words of a note or reply, without the earlier ones that a reply quotes.

    Read from the HTML where there is any: `body_text` has neither line ends nor addresses of links.
    """
    if isinstance(rich, str) and rich.strip():
        text = html_to_text(_without_quotes(rich))
    else:
        text = plain if isinstance(plain, str) else ""
    return text.replace("\u00a0", " ").strip()


def split(text: str) -> tuple[str, str | None]:
    """The words above our reference, and the reference; None where the text does not end in one."""
    found = _REF.search(text)
    return (text[: found.start()].rstrip(), found[1]) if found else (text, None)


def _without_quotes(rich: str) -> str:
    """*rich* without the elements that hold quoted text; one that is never closed takes the rest."""
    kept, at = [], 0
    while found := _QUOTE.search(rich, at):
        kept.append(rich[at : found.start()])
        at = _end(rich, found.start(), found[1].lower())
    return "".join([*kept, rich[at:]])


def _end(rich: str, start: int, name: str) -> int:
    """Where the element that begins at *start* ends, those of its name inside it counted."""
    depth = 0
    for tag in _TAG.finditer(rich, start):
        if tag[2].lower() == name:
            depth += -1 if tag[1] else 1
            if depth == 0:
                end = rich.find(">", tag.end())
                return end + 1 if end >= 0 else len(rich)
    return len(rich)
