"""What `bridge doctor` looks at: our rights, the ticket form, the map's words, a second way in.

Freshdesk refuses a whole ticket for one field it does not know or misses, so the form is compared
with the map beforehand.
Source: "List all ticket fields" of Freshdesk's API v2 page, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.core.calls import Calls
from bridge.core.errors import AuthError
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.base import Findings
from bridge.helpdesks.common import get
from bridge.helpdesks.freshdesk.access import whoami
from bridge.helpdesks.freshdesk.api import LISTS, identity, refusal, stamp_field, words
from bridge.helpdesks.freshdesk.bodies import type_name

Finding = tuple[bool | None, str]
Field = Mapping[str, Any]

# Sources of Freshdesk's own social channels. Instagram and WhatsApp have numbers that are not
# documented; custom sources begin at 100 or so (not confirmed), and are no channels.
SOCIAL = {5: "Twitter", 6: "Facebook"}

# Default fields that every ticket of ours has, and the key of the map that fills a further one.
_FILLED = ("requester", "subject", "description", "status", "priority", "source")


def check(connection: Connection) -> Calls[Findings]:
    """Whether the key works and what for, and whether our stamp has its field."""
    findings: list[Finding] = []
    try:
        me = yield from whoami(connection)
    except AuthError as error:
        return [(False, error.detail)]
    number, _, email = me.partition(" ")
    shown = f"signed in to Freshdesk as agent {number}{f' ({email})' if email else ''}"
    findings.append((True, shown))
    if not email:
        findings.append(
            (False, "the agent's e-mail is not shown: our own status changes cannot be told apart")
        )
    fields = yield from _fields(connection)
    findings += _field_of_stamp(connection, fields)
    findings += yield from _second_way_in(connection)
    return findings


def check_map(connection: Connection, words_: HelpdeskMap) -> Calls[Findings]:
    """Whether the account takes what the map makes of our words."""
    fields = yield from _fields(connection)
    if not fields:
        return []
    findings = [*_fields_of_map(words_, fields), *_unfilled(connection, words_, fields)]
    findings += _types(words_, fields)
    findings += _statuses(words_, fields)
    findings += yield from _groups(connection, words_)
    return findings or [(True, "the map fits the ticket form")]


def _fields(connection: Connection) -> Calls[dict[str, Field]]:
    """The ticket fields by name; none where the agent may not see them."""
    request = get(connection, "/ticket_fields")
    response = yield request
    if response.status == 403:
        return {}
    if not response.ok:
        raise refusal(connection, request, response)
    rows = (mapping(row) for row in items(response.json()))
    return {str(row["name"]): row for row in rows if isinstance(row.get("name"), str)}


def _field_of_stamp(connection: Connection, fields: Mapping[str, Field]) -> Iterator[Finding]:
    name = stamp_field(connection)
    if name is None:
        yield None, "our stamp is a tag (stamp_field: tags)"
    elif not fields:
        yield False, "ticket fields cannot be seen: give the bridge's agent the role Agent or more"
    elif name not in fields:
        advice = "make it in Admin > Ticket Fields (single-line text), or set stamp_field: tags"
        yield False, f"there is no ticket field {name}: {advice}"
    elif fields[name].get("type") != "custom_text":
        yield False, f"the ticket field {name} is no single-line text: tickets will be refused"
    else:
        yield True, f"our stamp has its ticket field {name}"
        if fields[name].get("displayed_to_customers") is True:
            yield None, f"the ticket field {name} is shown to customers: hide it"


def _second_way_in(connection: Connection) -> Calls[Findings]:
    """Tickets of the last 30 days that Freshdesk's own social channels made."""
    request = get(connection, "/tickets", LISTS, per_page="100", order_by="created_at")
    response = yield request
    if not response.ok:
        said = words(connection, response)
        return [(False, f"tickets cannot be read ({response.status}: {said})")]
    sources = {mapping(row).get("source") for row in items(response.json())}
    findings: list[Finding] = [(True, "tickets can be read")]
    for number, name in SOCIAL.items():
        if number in sources:
            told = f"Freshdesk's own {name} channel makes tickets too: two tickets for one message"
            findings.append((False, f"{told}; switch one of the two off"))
    return findings


# --- the map -------------------------------------------------------------------------------------


def _fields_of_map(words_: HelpdeskMap, fields: Mapping[str, Field]) -> Iterator[Finding]:
    for ours, one in words_.fields.items():
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
    connection: Connection, words_: HelpdeskMap, fields: Mapping[str, Field]
) -> Iterator[Finding]:
    """Fields that agents must fill, and so must we, on every ticket."""
    always = {str(one.get("id")) for one in words_.fields.values() if "from" in one}
    sometimes = {str(one.get("id")) for one in words_.fields.values()} - always
    always |= {*_FILLED, stamp_field(connection) or ""}
    always |= {"ticket_type"} if words_.type else set()
    sometimes |= {"group", "ticket_type"}
    for name, field in fields.items():
        if field.get("required_for_agents") is not True or name in always:
            continue
        if name in sometimes:
            yield None, f"agents must fill {name}: see that every rule that opens tickets sets it"
        else:
            yield (
                False,
                (
                    f"agents must fill {name}, and the map fills it on no ticket: add it under fields "
                    "with `from`, or make it optional in Admin > Ticket Fields"
                ),
            )


def _types(words_: HelpdeskMap, fields: Mapping[str, Field]) -> Iterator[Finding]:
    choices = _choices(fields.get("ticket_type", {}))
    wanted = type_name(words_.type or "")
    if wanted and choices and wanted not in choices:
        yield False, f"type: the account has no type {wanted!r}: {', '.join(sorted(choices))}"


def _statuses(words_: HelpdeskMap, fields: Mapping[str, Field]) -> Iterator[Finding]:
    """The map may name a status by its number or by either of its names."""
    choices = mapping(fields.get("status", {}).get("choices"))
    known = {str(number) for number in choices}
    known |= {str(name) for names in choices.values() for name in items(names)}
    for named in words_.statuses if known else ():
        if str(named) not in known:
            yield False, f"statuses: the account has no status {str(named)[:60]!r}"


def _groups(connection: Connection, words_: HelpdeskMap) -> Calls[Findings]:
    if not words_.groups:
        return ()
    response = yield get(connection, "/groups", per_page="100")
    if not response.ok:
        return [
            (None, "groups cannot be seen by the bridge's agent, so the map's are not compared")
        ]
    there = {identity(mapping(row).get("id")) for row in items(response.json())}
    return [
        (False, f"groups > {name}: the account has no group {number}")
        for name, number in words_.groups.items()
        if str(number) not in there
    ]
