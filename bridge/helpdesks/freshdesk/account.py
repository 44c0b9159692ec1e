"""What `bridge doctor` compares: the account's ticket form, groups and statuses with our map of them.

Freshdesk refuses a whole ticket for one field it does not know or misses.
Source: "List all ticket fields" of Freshdesk's API v2 page, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.core.calls import Calls
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.base import Finding, Findings
from bridge.helpdesks.common import get
from bridge.helpdesks.freshdesk.api import identity, refusal, stamp_field
from bridge.helpdesks.freshdesk.bodies import type_name

Field = Mapping[str, Any]

# Default fields that every ticket of ours has, and the key of the map that fills a further one.
_FILLED = ("requester", "subject", "description", "status", "priority", "source")


def check_map(connection: Connection, known: HelpdeskMap) -> Calls[Findings]:
    """Whether the account takes what the map makes of our words."""
    fields = yield from ticket_fields(connection)
    if not fields:
        return []
    findings = [*_fields_of_map(known, fields), *_unfilled(connection, known, fields)]
    findings += _types(known, fields)
    findings += _statuses(known, fields)
    findings += yield from _groups(connection, known)
    return findings or [(True, "the map fits the ticket form")]


def ticket_fields(connection: Connection) -> Calls[dict[str, Field]]:
    """The ticket fields by name; none where the agent may not see them."""
    request = get(connection, "/ticket_fields")
    response = yield request
    if response.status == 403:
        return {}
    if not response.ok:
        raise refusal(connection, request, response)
    rows = (mapping(row) for row in items(response.json()))
    return {str(row["name"]): row for row in rows if isinstance(row.get("name"), str)}


def _fields_of_map(known: HelpdeskMap, fields: Mapping[str, Field]) -> Iterator[Finding]:
    for ours, one in known.fields.items():
        name = str(one.get("id"))
        if name not in fields:
            yield False, f"fields > {ours}: the account has no ticket field {name}"
            continue
        choices = _choices(fields[name])
        for value in mapping(one.get("values")).values() if choices else ():
            if str(value) not in choices:
                yield False, f"fields > {ours}: {name} has no choice {str(value)[:60]!r}"


def _choices(field: Field) -> set[str]:
    """The first level of what a drop-down offers; each kind of field writes it in its own shape."""
    choices = field.get("choices")
    if isinstance(choices, dict):
        return {str(one) for one in choices}
    named = ([*one] if isinstance(one, dict) else [one] for one in items(choices))
    return {str(name) for names in named for name in names}


def _unfilled(
    connection: Connection, known: HelpdeskMap, fields: Mapping[str, Field]
) -> Iterator[Finding]:
    """Fields that agents must fill, and so must we, on every ticket."""
    always = {str(one.get("id")) for one in known.fields.values() if "from" in one}
    sometimes = {str(one.get("id")) for one in known.fields.values()} - always
    always |= {*_FILLED, stamp_field(connection) or ""}
    always |= {"ticket_type"} if known.type else set()
    sometimes |= {"group", "ticket_type"}
    for name, field in fields.items():
        if field.get("required_for_agents") is not True or name in always:
            continue
        if name in sometimes:
            yield None, f"agents must fill {name}: see that every rule that opens tickets sets it"
        else:
            told = f"agents must fill {name}, and the map fills it on no ticket"
            how = "add it under fields with `from`, or make it optional in Admin > Ticket Fields"
            yield False, f"{told}: {how}"


def _types(known: HelpdeskMap, fields: Mapping[str, Field]) -> Iterator[Finding]:
    choices = _choices(fields.get("ticket_type", {}))
    wanted = type_name(known.type or "")
    if wanted and choices and wanted not in choices:
        yield False, f"type: the account has no type {wanted!r}: {', '.join(sorted(choices))}"


def _statuses(known: HelpdeskMap, fields: Mapping[str, Field]) -> Iterator[Finding]:
    """The map may name a status by its number or by either of its names."""
    choices = mapping(fields.get("status", {}).get("choices"))
    there = {str(number) for number in choices}
    there |= {str(name) for names in choices.values() for name in items(names)}
    for named in known.statuses if there else ():
        if str(named) not in there:
            yield False, f"statuses: the account has no status {str(named)[:60]!r}"


def _groups(connection: Connection, known: HelpdeskMap) -> Calls[Findings]:
    if not known.groups:
        return ()
    response = yield get(connection, "/groups", per_page="100")
    if not response.ok:
        return [
            (None, "groups cannot be seen by the bridge's agent, so the map's are not compared")
        ]
    there = {identity(mapping(row).get("id")) for row in items(response.json())}
    return [
        (False, f"groups > {name}: the account has no group {number}")
        for name, number in known.groups.items()
        if str(number) not in there
    ]
