"""Our words to a helpdesk's: what `mappings/<helpdesk>.yaml` says, frozen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.core.csat import Csat
from bridge.core.facts import OPEN
from bridge.core.harmless import safe
from bridge.core.model import Status
from bridge.core.rules import Escalation
from bridge.core.words import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskMap:
    """One helpdesk's words for ours. `debounce` is seconds, `reopen_days` days.

    `remind_hours` is how long before a window closes the agent is reminded, 0 for never; `public_line`
    is the reply said in public when the talk goes on in private, or None; `withdrawn` is "delete" where
    an answer that was taken back on the ticket is deleted on the platform, else "report". `calendar`
    names the business hours of accounts that name none.
    `hold_personal_data`: an agent's public answer with somebody's personal data waits for a second word;
    `signature` stands behind their answers, `{agent}` in it is their first name. `our_contacts` are addresses and numbers of our own, which are nobody's.

    `groups`: name -> id. `fields`: our name -> {"id": theirs, "values": {ours: theirs}, "from":
    fact by dotted name}, the last two optional. `statuses`: their word -> ours, for what the
    customer is told (`meant`). `notices`: a moment of core/sync.py -> name in replies, or None.
    """

    priorities: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, int | str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, str | None] = field(default_factory=dict)
    debounce: float = 5.0
    tags: tuple[str, ...] = ("bridge",)
    reopen_days: float = 14.0
    type: str | None = None
    subject_limit: int = 150
    join_dms: bool = True
    remind_hours: float = 2.0
    public_line: str | None = "moved_to_private"
    withdrawn: str = "report"
    csat: Csat | None = None  # what the customer is asked once the ticket is solved
    calendar: str | None = None
    hold_personal_data: bool = True
    our_contacts: tuple[str, ...] = ()
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """An escalation in a helpdesk's words; `unknown` says, for the agent, what has no word there."""

    priority: str | None = None
    group: str | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def meant(
    words: HelpdeskMap, theirs: Mapping[Status, str], status: Status, *named: str | None
) -> Status:
    """What *status* counts as for the customer.

    *named*: the number, word or label that the helpdesk itself gives it, the most exact first;
    *theirs* are its own words for ours, which serve where the map knows none of these.
    """
    known = {fold(word): ours for word, ours in words.statuses.items()}
    for word in (*named, theirs.get(status, str(status))):
        if word and fold(word) in known:
            return Status(known[fold(word)])
    return status


def apply(
    words: HelpdeskMap,
    escalation: Escalation | None,
    facts: Mapping[str, object],
) -> Mapped:
    """What *escalation* asks for, in the helpdesk's words; the map's own type and tags besides.

    *facts* are those of the message by dotted name; `channel` and `kind` become tags, others fill
    the fields that say `from`. What the map does not know is left out and named in `unknown`: a
    helpdesk refuses a whole ticket for one wrong option, and a ticket without it is better.
    """
    asked = escalation or Escalation()
    unknown: list[str] = []
    priority = asked.priority and words.priorities.get(asked.priority, asked.priority)
    found = (words.tags, (facts.get("channel"), facts.get("kind")), asked.tags)
    return Mapped(
        priority=priority or None,
        group=_group(words, asked.group, unknown),
        type=words.types.get(asked.type, asked.type) if asked.type else words.type,
        tags=tags(one for group in found for one in group),
        fields=_fields(words, asked.fields, facts, unknown),
        unknown=tuple(unknown),
    )


def tags(values: Iterable[object]) -> tuple[str, ...]:
    """*values* as tags every helpdesk takes: [a-z0-9_-], lower case, each once, in order."""
    found = (re.sub(r"[^a-z0-9-]+", "_", fold(str(one)))[:80].strip("_") for one in values if one)
    return tuple(dict.fromkeys(tag for tag in found if tag))


def _group(words: HelpdeskMap, name: str | None, unknown: list[str]) -> str | None:
    if not name:
        return None
    if name in words.groups:
        return str(words.groups[name])
    if name.isdecimal():
        return name
    unknown.append(f"group {name}")
    return None


def _fields(
    words: HelpdeskMap,
    asked: Mapping[str, Any],
    facts: Mapping[str, object],
    unknown: list[str],
) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    for name, field_ in words.fields.items():
        value = asked.get(name)
        if value is None and "from" in field_:
            value = facts.get(str(field_["from"]).removeprefix(OPEN))
        if value is not None:
            _put(filled, name, field_, value, unknown)
    for name, value in asked.items():
        if name not in words.fields:
            if name.isdecimal():
                filled[name] = value
            else:
                unknown.append(f"field {name}")
    return filled


def _put(
    filled: dict[str, Any],
    name: str,
    field_: Mapping[str, Any],
    value: object,
    unknown: list[str],
) -> None:
    """Enter *value* under the field's own id, in the helpdesk's word for it."""
    options = field_.get("values")
    many = [*value] if isinstance(value, list | tuple) else [value]
    said: list[Any] = []
    for one in many:
        key = _spoken(one)
        if options and key not in options:
            unknown.append(f"field {name}: {key[:60]}")
        else:
            said.append(options[key] if options else _tame(one))
    if said:
        filled[str(field_["id"])] = said if isinstance(value, list | tuple) else said[0]


def _spoken(value: object) -> str:
    """How YAML would write *value*: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _tame(value: object) -> object:
    """A fact may be a stranger's text: one harmless line, which a text field takes."""
    return " ".join(safe(value, 255).split()) if isinstance(value, str) else value
