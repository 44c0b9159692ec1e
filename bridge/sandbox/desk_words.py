"""What a comment and tags of a request say, plain and rich."""

from __future__ import annotations

import html
import re
from typing import Any


def words(comment: dict[str, Any]) -> str:
    """What a comment in a request says; html_body wins."""
    said = comment.get("html_body") or comment.get("body") or ""
    return said.strip() and said if isinstance(said, str) else ""


def upload_tokens(comment: dict[str, Any]) -> list[str]:
    tokens = comment.get("uploads") or []
    return [tokens] if isinstance(tokens, str) else [str(token) for token in tokens]


def plain(comment: dict[str, Any]) -> str:
    if isinstance(rich_text := comment.get("html_body"), str) and rich_text:
        broken = re.sub(r"(?i)<br\s*/?>|</(p|div|li)>", "\n", rich_text)
        return html.unescape(re.sub(r"<[^>]+>", "", broken)).strip()
    return str(comment.get("body", ""))


def rich(comment: dict[str, Any]) -> str:
    if isinstance(given := comment.get("html_body"), str) and given:
        return f'<div class="zd-comment" dir="auto">{given}</div>'
    lines = html.escape(str(comment.get("body", "")), quote=False).replace("\n", "<br>")
    return f'<div class="zd-comment" dir="auto"><p dir="auto">{lines}</p></div>'


def clean_tags(tags: list[Any]) -> list[str]:
    """Lower case; a space parts two tags; each once, sorted."""
    return sorted({part for tag in tags for part in str(tag).lower().split()})
