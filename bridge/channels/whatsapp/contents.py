"""What one WhatsApp message holds: words, files and facts, by its type.

Source: facts collected from Meta's WhatsApp Business Platform pages and recorded payloads, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.channels.other import word
from bridge.core.errors import Unreadable
from bridge.core.model import Attachment
from bridge.core.untrusted import Broken, flag, ident, items, mapping, number, read_json, text

# Types that are files -> the type of the attachment.
FILES = {
    "image": "image",
    "video": "video",
    "document": "document",
    "audio": "audio",
    "voice": "audio",
    "sticker": "sticker",
}


@dataclass(frozen=True, slots=True)
class Said:
    """Words, files and facts of one message; `quiet` is the reason to ignore it."""

    text: str = ""
    files: tuple[Attachment, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    quiet: str | None = None


def _text(kind: str, told: object) -> Said:
    return Said(_words(mapping(told), "body"))


def _words(told: Mapping[str, Any], key: str) -> str:
    words = told.get(key)
    if words is not None and not isinstance(words, str):
        raise Broken(f"{key} is no text")
    return text(words) or ""


def _file(kind: str, told: object) -> Said:
    """A file is handed out by its id for 7 days; its `url`, where there is one, ends sooner."""
    about = mapping(told)
    one = Attachment(
        type=FILES[kind],
        id=ident(about.get("id")),
        url=text(about.get("url")) or None,
        name=text(about.get("filename")) or None,
    )
    return Said(
        _words(about, "caption"),
        (one,) if one.id or one.url or one.name else (),
        {"voice": flag(about.get("voice")) or None},
    )


def _location(kind: str, told: object) -> Said:
    about = mapping(told)
    point = (number(about.get("latitude")), number(about.get("longitude")))
    at = f"{point[0]}, {point[1]}" if None not in point else None
    address = text(about.get("address")) or None
    url = text(about.get("url")) or (at and f"https://maps.google.com/?q={at.replace(' ', '')}")
    name = text(about.get("name")) or address or at
    one = Attachment(type=kind, name=name, url=url or None)
    return Said("", (one,), {"location.address": address, "location.point": at})


def _contacts(kind: str, told: object) -> Said:
    """One card for all: their names and numbers."""
    cards = []
    for card in map(mapping, items(told)):
        name = text(mapping(card.get("name")).get("formatted_name"))
        phones = [text(mapping(one).get("phone")) for one in items(card.get("phones"))]
        cards.append(" ".join(part for part in (name, *phones) if part))
    name = "; ".join(filter(None, cards))
    return Said("", (Attachment(type=kind, name=name or None),)) if cards else Said()


def _interactive(kind: str, told: object) -> Said:
    """A chosen button or row, or a form that was filled in."""
    about = mapping(told)
    which = text(about.get("type")) or ""
    chosen = mapping(about.get(which))
    if which == "call_permission_reply":
        return Said(quiet="call permission")
    if which == "nfm_reply":
        words = _words(chosen, "body") or text(chosen.get("name")) or ""
        return Said(words, facts={"type": "form", **_form(chosen.get("response_json"))})
    facts = {
        "type": "postback",
        "postback": ident(chosen.get("id")),
        "description": text(chosen.get("description")),
    }
    return Said(_words(chosen, "title") or text(chosen.get("id")) or "", facts=facts)


def _form(written: object) -> dict[str, Any]:
    """The answers of a form by name, `form.NAME`; `form` holds what cannot be read as such."""
    if not isinstance(written, str):
        return {}
    try:
        answers = read_json(written.encode("utf-8", "replace"))
    except Unreadable:
        answers = None
    if not isinstance(answers, dict):
        return {"form": text(written)}
    return {f"form.{word(name)}": _plain(answer) for name, answer in answers.items()}


def _plain(value: object) -> object:
    """*value* as one text, number or truth value."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list | dict):
        return text(json.dumps(value, ensure_ascii=False))
    return value


def _button(kind: str, told: object) -> Said:
    """A quick reply below a template."""
    payload = text(mapping(told).get("payload"))
    words = _words(mapping(told), "text")
    return Said(words or payload or "", facts={"type": "postback", "postback": payload})


def _order(kind: str, told: object) -> Said:
    """The words, then a line for each product."""
    about = mapping(told)
    lines = [_words(about, "text")]
    for product in filter(None, map(mapping, items(about.get("product_items")))):
        amount, price = number(product.get("quantity")), number(product.get("item_price"))
        name = ident(product.get("product_retailer_id")) or "?"
        cost = f", {price} {text(product.get('currency')) or ''} each".rstrip() if price else ""
        lines.append(f"{1 if amount is None else amount} x {name}{cost}")
    facts = {"type": "order", "catalog": ident(about.get("catalog_id"))}
    return Said("\n".join(filter(None, lines)), facts=facts)


def _nothing(kind: str, told: object) -> Said:
    """What the API cannot show: a poll, a view-once picture."""
    return Said()


def code_of(error: object) -> int | None:
    """The number of one of Meta's errors."""
    code = number(mapping(error).get("code"))
    return code if isinstance(code, int) else None


def trouble(item: Mapping[str, Any]) -> str:
    """What went wrong with a message, in Meta's words, for the agent."""
    told = []
    for error in map(mapping, items(item.get("errors"))):
        details = text(mapping(error.get("error_data")).get("details"))
        words = details or text(error.get("message")) or text(error.get("title"))
        code = code_of(error)
        told.append(" ".join(part for part in (words, f"({code})" if code else None) if part))
    return "; ".join(filter(None, told))


def advertisement(value: object) -> dict[str, str]:
    """The texts of an advertisement that a person came from."""
    names = ("source_url", "source_type", "source_id", "headline", "body", "ctwa_clid")
    return {name: said for name in names if (said := text(mapping(value).get(name)))}


CONTENTS: Mapping[str, Callable[[str, object], Said]] = {
    "text": _text,
    **dict.fromkeys(FILES, _file),
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "unsupported": _nothing,
    "unknown": _nothing,
}
