"""What we send about a ticket, as values: built once, kept, and sent again unchanged.

A Freshdesk ticket and the words on it are written by two calls, so what is kept holds both:

    {"ticket": {...}}                          POST /tickets, or PUT /tickets/{id}
    {"note": {...}, "customer": "Ana M"}       POST /tickets/{id}/notes, after the PUT
    {"stamp": "5f..."}                         goes into a field or a tag, as the connection says

Never a reply: a reply is mailed to the customer.
Source: Freshdesk's API v2 page, read 2026-11.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from bridge.core.errors import PermanentError
from bridge.core.model import Draft
from bridge.helpdesks.freshdesk.api import STATUSES, integer
from bridge.helpdesks.freshdesk.markup import note_html, to_html

MAX_BODY = 65_535  # characters; none is documented, and no more than 64 KB can be searched
MAX_SUBJECT = 255
MAX_FIELD = 255  # characters of a single-line text field
MAX_TAG = 32
PRIORITIES = {"low": 1, "normal": 2, "medium": 2, "high": 3, "urgent": 4}


def create_body(draft: Draft) -> dict[str, Any]:
    """The body that opens a ticket with the customer's words as its description.

    Where there are no words at all, the note is the description. The requester is named by our own id for the person, so that the contact is made or
    found in the same call; a contact that is known is named by its number.
    """
    contact = integer(draft.requester_id)
    ticket: dict[str, Any] = {
        "subject": draft.subject[:MAX_SUBJECT] or "(no subject)",
        "description": to_html(_fitting(draft.text or draft.note)),
        "status": 2,
        "priority": 1,
        **_facts(draft),
    }
    if contact is not None:
        ticket["requester_id"] = contact
    elif draft.requester_id:
        ticket |= {"unique_external_id": draft.requester_id, "name": _name(draft)}
    if draft.tags:
        ticket["tags"] = tags(draft.tags)
    if draft.collaborators:
        ticket["cc_emails"] = list(draft.collaborators)
    parent = {"parent": draft.problem} if draft.problem else {}
    return {"ticket": ticket, "stamp": draft.stamp, **parent}


def update_body(draft: Draft) -> dict[str, Any]:
    """The body that adds the customer's words, or else the private note, and sets what the draft sets.

    Never `tags`: they would replace what agents have set.
    """
    body: dict[str, Any] = {"ticket": _facts(draft)}
    if not (draft.text or draft.note):
        return body
    # `private` and `incoming` are always said: their defaults are opposite to each other.
    said = bool(draft.text)
    text = note_html(_fitting(draft.text or draft.note), draft.marker)
    body["note"] = {"body": text, "private": not said, "incoming": said}
    if said:
        body["customer"] = _name(draft)
        contact = integer(draft.requester_id)
        if contact is not None:
            body["note"]["user_id"] = contact
    return body


def tags(values: Iterable[str]) -> list[str]:
    """*values* as tags of at most 32 characters; a long one is cut and told apart by six of its hash."""
    return list(dict.fromkeys(_tag(value) for value in values if value))


def _tag(value: str) -> str:
    if len(value) <= MAX_TAG:
        return value
    return f"{value[: MAX_TAG - 7]}-{hashlib.sha256(value.encode()).hexdigest()[:6]}"


def _fitting(text: str) -> str:
    if len(text) > MAX_BODY:
        raise PermanentError("too_long", f"a note of {len(text)} characters; {MAX_BODY} fit")
    return text


def _name(draft: Draft) -> str:
    """The customer's name; where we have none, the channel's (`Facebook user`)."""
    channel = draft.conversation.partition(":")[0] or "social"
    return " ".join(draft.requester_name.split())[:100] or f"{channel.capitalize()} user"


def _facts(draft: Draft) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    priority = priority_number(draft.priority)
    if priority:
        facts["priority"] = priority
    if draft.type:
        facts["type"] = type_name(draft.type)
    if integer(draft.group) is not None:
        facts["group_id"] = integer(draft.group)
    if draft.status in STATUSES:
        facts["status"] = int(STATUSES[draft.status])
    if draft.fields:
        facts["custom_fields"] = {str(key): _value(value) for key, value in draft.fields.items()}
    return facts


def type_name(word: str) -> str:
    """A ticket type as Freshdesk writes it: `incident` of a rule is its `Incident`."""
    return word.capitalize() if word in ("question", "incident", "problem", "task") else word


def priority_number(word: str | None) -> int | None:
    """The number of a priority, given as a word or as the number itself."""
    said = (word or "").strip().lower()
    return int(said) if said in ("1", "2", "3", "4") else PRIORITIES.get(said)


def _value(value: Any) -> Any:
    return value[:MAX_FIELD] if isinstance(value, str) else value
