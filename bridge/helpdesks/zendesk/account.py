"""What `bridge doctor` compares: the account's fields, groups and statuses with our map of them.

Source: Zendesk's Support API description, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bridge.core.calls import Calls
from bridge.core.errors import BridgeError, TransientError
from bridge.core.mapping import HelpdeskMap, tags
from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.core.words import fold
from bridge.helpdesks.base import Finding
from bridge.helpdesks.common import get
from bridge.helpdesks.zendesk import wanted
from bridge.helpdesks.zendesk.api import STATUSES, identity, refusal, rows

Row = Mapping[str, Any]

_OPTIONS = ("tagger", "multiselect")


def check_map(connection: Connection, known: HelpdeskMap) -> Calls[list[Finding]]:
    """In what the account differs from *known*, each difference with what to do about it."""
    # Fields come whole when no page is asked for: then inactive ones and all options are among them.
    request = get(connection, "/ticket_fields")
    response = yield request
    if not response.ok:
        raise refusal(connection, request, response)
    listed = [mapping(one) for one in items(mapping(response.json()).get("ticket_fields"))]
    account = {str(identity(one.get("id"))): one for one in listed}
    findings: list[Finding] = [
        (False, text) for name, ours in known.fields.items() for text in _field(name, ours, account)
    ]
    findings += _priorities(known, account.values())
    groups = yield from rows(connection, "/groups", "groups")
    findings += _groups(known, groups)
    findings += yield from _statuses(connection, known)
    findings += _tag(connection, known)
    if not any(fine is False for fine, _ in findings):
        counts = f"{len(known.fields)} fields, {len(known.groups)} groups"
        findings.insert(0, (True, f"the account has what the map names ({counts})"))
    findings += _required(account.values())
    findings += yield from _conditional(connection, account)
    return findings


# --- fields --------------------------------------------------------------------------------------


def _field(name: str, ours: Row, account: Mapping[str, Row]) -> list[str]:
    theirs = account.get(str(ours.get("id")))
    where = f"fields > {name} > id {ours.get('id')}"
    if theirs is None:
        return [f"{where}: the account has no such ticket field"]
    title, kind = _title(theirs), theirs.get("type")
    if theirs.get("removable") is False:
        return [f"{where}: {title} is a field of the system, which cannot be filled this way"]
    said = []
    if theirs.get("active") is not True:
        said.append(f"{where}: {title} is switched off; activate it")
    values = ours.get("values") or {}
    if kind in _OPTIONS:
        options = [
            str(mapping(one).get("value")) for one in items(theirs.get("custom_field_options"))
        ]
        wrong = [str(one) for one in values.values() if str(one) not in options]
        if wrong:
            there = ", ".join(options[:12]) + (", ..." if len(options) > 12 else "")
            said.append(
                f"fields > {name} > values: {title} has no option {', '.join(wrong)}; it has {there}"
            )
        if not values:
            said.append(f"fields > {name}: {title} is a drop-down; say which `values` it takes")
    elif kind == "checkbox":
        wrong = [str(one) for one in values.values() if str(one).lower() not in ("true", "false")]
        if wrong:
            said.append(f"fields > {name} > values: {title} is a checkbox: true or false")
    return said


def _title(field: Row) -> str:
    return repr(str(field.get("title") or "?")[:60])


def _priorities(known: HelpdeskMap, account: Iterable[Row]) -> list[Finding]:
    """A priority field may do without Low and Urgent: what it lacks, Zendesk refuses."""
    field = next((one for one in account if one.get("type") == "priority"), {})
    there = [
        str(mapping(one).get("value")).lower() for one in items(field.get("system_field_options"))
    ]
    there = [one for one in there if one not in ("", "-", "none")]
    lacking = sorted({one for one in known.priorities.values() if there and one not in there})
    if not lacking:
        return []
    return [
        (False, f"priorities: the account has no {', '.join(lacking)}; it has {', '.join(there)}")
    ]


# --- groups and statuses -------------------------------------------------------------------------


def _groups(known: HelpdeskMap, groups: Iterable[Row]) -> list[Finding]:
    there = {
        str(identity(one.get("id"))): str(one.get("name"))[:60]
        for one in groups
        if one.get("deleted") is not True
    }
    named = ", ".join(f"{name} {number}" for number, name in list(there.items())[:12])
    return [
        (False, f"groups > {name}: the account has no group {number}; it has {named}")
        for name, number in known.groups.items()
        if str(number) not in there
    ]


def _statuses(connection: Connection, known: HelpdeskMap) -> Calls[list[Finding]]:
    """The words of `statuses` are Zendesk's own, or numbers of custom statuses."""
    listed: list[Row] = []
    try:
        listed = yield from rows(connection, "/custom_statuses", "custom_statuses")
    except TransientError:
        raise
    except BridgeError:
        pass  # not every plan has them
    custom = {str(identity(one.get("id"))): one for one in listed if one.get("active") is not False}
    own = {fold(word) for word in STATUSES.values()}
    findings: list[Finding] = [
        (False, f"statuses > {word}: {_unknown(str(word), custom)}")
        for word in known.statuses
        if fold(str(word)) not in own and str(word) not in custom
    ]
    unnamed = [
        f"{str(one.get('agent_label'))[:48]!r} ({number}, as {one.get('status_category')})"
        for number, one in custom.items()
        if one.get("default") is not True and number not in known.statuses
    ]
    if unnamed:
        text = f"custom statuses count as the one they are filed under: {', '.join(unnamed)}"
        findings.append((None, f"{text}; name their numbers in `statuses` to change that"))
    return findings


def _unknown(word: str, custom: Mapping[str, Row]) -> str:
    for number, one in custom.items():
        labels = (str(one.get("agent_label")), str(one.get("end_user_label")))
        if fold(word) in map(fold, labels):
            return f'write its number, "{number}": tickets tell their status by number'
    return "neither a status of Zendesk nor an active custom status"


def _tag(connection: Connection, known: HelpdeskMap) -> list[Finding]:
    """The trigger waits for a tag that the map must put on every ticket."""
    our_tag = wanted.tag(connection)
    if wanted.way(connection) != wanted.TRIGGER or our_tag in tags(known.tags):
        return []
    there = ", ".join(known.tags) or "none"
    text = (
        f"tags: the trigger waits for {our_tag!r}, which the map puts on no ticket (it has {there})"
    )
    return [(False, f"{text}; set trigger_tag to one of these, then `bridge setup`")]


# --- what the account asks for -------------------------------------------------------------------

_ALWAYS = ("subject", "description", "status", "custom_status", "group", "assignee")


def _required(account: Iterable[Row]) -> list[Finding]:
    """Fields that somebody must fill. The bridge solves nothing, and files no end user's request."""
    findings: list[Finding] = []
    fields = [one for one in account if one.get("active") is True]
    fields = [one for one in fields if one.get("type") not in _ALWAYS]
    solving = [_title(one) for one in fields if one.get("required") is True]
    portal = [_title(one) for one in fields if one.get("required_in_portal") is True]
    if solving:
        findings.append((None, f"to solve a ticket, agents must fill {', '.join(solving)}"))
    if portal:
        text = f"required of end users in their portal, not of the bridge: {', '.join(portal)}"
        findings.append((None, text))
    return findings


def _conditional(connection: Connection, account: Mapping[str, Row]) -> Calls[list[Finding]]:
    """What the default form demands of agents, depending on another field."""
    response = yield get(connection, "/ticket_forms", active="true")
    if not response.ok:
        return []  # not every plan has forms
    forms = [mapping(one) for one in items(mapping(response.json()).get("ticket_forms"))]
    form = next((one for one in forms if one.get("default") is True), {})
    said = []
    for row in items(form.get("agent_conditions")):
        condition = mapping(row)
        needed = [
            _named(mapping(child), account)
            for child in items(condition.get("child_fields"))
            if _demands(mapping(child))
        ]
        if needed:
            parent = account.get(str(identity(condition.get("parent_field_id"))), {})
            when = f"{_title(parent)} is {str(condition.get('value'))[:60]}"
            said.append(f"{', '.join(needed)} when {when}")
    if not said:
        return []
    text = f"the form {str(form.get('name'))[:60]!r} asks agents for {'; '.join(said[:6])}"
    return [(None, text)]


def _demands(child: Row) -> bool:
    statuses = mapping(child.get("required_on_statuses")).get("type")
    if statuses is None:
        return child.get("is_required") is True
    return bool(statuses != "NO_STATUSES")


def _named(child: Row, account: Mapping[str, Row]) -> str:
    title = _title(account.get(str(identity(child.get("id"))), {}))
    named = items(mapping(child.get("required_on_statuses")).get("statuses"))
    return f"{title} (in {', '.join(map(str, named))})" if named else title
