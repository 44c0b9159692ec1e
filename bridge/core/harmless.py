"""Strangers' texts as a helpdesk may hold them: shown as they are, acted on by nothing, bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bridge.core.compose import head
from bridge.core.plaintext import visible
from bridge.core.untrusted import clean

MESSAGE_LIMIT = 10_000  # characters of one message in the customer's comment
NOTE_LIMIT = 60_000  # characters of one note; Zendesk takes 65,535

# Each pair: what a helpdesk might act on, and the same with a space in it, which nothing acts on.
# Placeholders and Liquid; Markdown images, links, references and their definitions; tags of HTML.
_ACTIVE = (
    (re.compile(r"\{(?=[{%#])"), "{ "),
    (re.compile(r"\[(?=\[)"), "[ "),
    (re.compile(r"!(?=\[)"), "! "),
    (re.compile(r"\](?=[(\[])"), "] "),
    (re.compile(r"(?m)^( {0,3}\[[^\]\n]{1,999}\])(?=:)"), r"\1 "),
    (re.compile(r"<(?=[A-Za-z/!?])"), "< "),
)


def safe(text: str, limit: int | None = None) -> str:
    """*text* as a helpdesk shows it and does nothing else; at most *limit* characters and a mark.

    Control characters, bidirectional and zero-width tricks go; placeholders, Markdown links and
    HTML tags get a space, so that a person reads the same and a program sees nothing.
    """
    text = visible(clean(text))
    if limit is not None and len(text) > limit:
        shown = head(text, limit)
        text = f"{shown}… [cut: {len(text) - len(shown)} more characters]"
    for active, tame in _ACTIVE:
        text = active.sub(tame, text)
    return text


def line(text: str, limit: int) -> str:
    """*text* as one safe line of at most *limit* characters; what is cut off leaves a mark."""
    short = " ".join(visible(clean(text[: limit * 8 + 1000])).split())
    whole = safe(short)
    return whole if len(whole) <= limit else head(whole, limit - 1).rstrip() + "…"


def address(url: str | None) -> str | None:
    """*url* if it is one to click on, for people."""
    if url and re.fullmatch(r"https?://[^\s<>\"\x00-\x1f]{1,2000}", url):
        return safe(url)
    return None


def capped(text: str) -> str:
    """*text*, at most as long as one note may be."""
    return text if len(text) <= NOTE_LIMIT else head(text, NOTE_LIMIT - 10).rstrip() + "… [cut]"


def listed(title: str, rows: Iterable[str]) -> str:
    """*rows* below their title, a line each; nothing where there are none."""
    shown = [f"- {row}" for row in rows]
    return "\n".join([f"{title}:", *shown]) if shown else ""
