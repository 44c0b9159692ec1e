"""The query language of GET /search/tickets: `"(priority:3 OR tag:'bridge') AND cf_bridge_id:'x'"`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bridge.sandbox.clock import stamp
from bridge.sandbox.fresh_fields import CUSTOM, Invalid, Problem, mismatch, unexpected
from bridge.sandbox.fresh_records import Ticket

MAX_QUERY = 512
TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()])|(?P<word>AND|OR)\b"
    r"|(?P<name>\w+):(?P<operator>[<>]?)\s*(?:'(?P<text>[^']*)'|(?P<bare>[^\s()']+)))"
)
Holds = Callable[[Ticket], bool]
INTEGERS = {"agent_id": "responder_id", "group_id": "group_id", "priority": "priority", "status": "status"}  # fmt: skip
DAYS = ("created_at", "updated_at", "due_by", "fr_due_by")


def invalid(words: str) -> Invalid:
    return Invalid(Problem("query", words))


def parse(query: str) -> Holds:
    """What tells whether a ticket is found. Raises Invalid."""
    if len(query) < 3 or query[0] != '"' or query[-1] != '"':
        raise invalid("The query should be enclosed within a pair of double quotes")
    if len(query) - 2 > MAX_QUERY:
        raise invalid(
            f"Has {len(query) - 2} characters, it can have maximum of {MAX_QUERY} characters"
        )
    tokens = scanned(query[1:-1])
    holds = either(tokens)
    if tokens:
        raise invalid("Given query is invalid")
    return holds


def scanned(query: str) -> list[re.Match[str]]:
    """The tokens, the first one last."""
    tokens, place = [], 0
    while query[place:].strip():
        if (found := TOKEN.match(query, place)) is None:
            raise invalid("Given query is invalid")
        tokens.append(found)
        place = found.end()
    return tokens[::-1]


def either(tokens: list[re.Match[str]]) -> Holds:
    parts = [both(tokens)]
    while tokens and tokens[-1]["word"] == "OR":
        tokens.pop()
        parts.append(both(tokens))
    return lambda ticket: any(part(ticket) for part in parts)


def both(tokens: list[re.Match[str]]) -> Holds:
    parts = [single(tokens)]
    while tokens and tokens[-1]["word"] == "AND":
        tokens.pop()
        parts.append(single(tokens))
    return lambda ticket: all(part(ticket) for part in parts)


def single(tokens: list[re.Match[str]]) -> Holds:
    if not tokens:
        raise invalid("Given query is invalid")
    found = tokens.pop()
    if found["mark"] == "(":
        inner = either(tokens)
        if not tokens or tokens.pop()["mark"] != ")":
            raise invalid("Given query is invalid")
        return inner
    if found["name"] is None:
        raise invalid("Given query is invalid")
    return condition(found["name"], found["operator"], found["text"], found["bare"])


def condition(name: str, operator: str, text: str | None, bare: str | None) -> Holds:
    """One `name:value`; `:>` is at least and `:<` at most. Raises Invalid."""
    read = reader(name)
    if bare == "null":
        return lambda ticket: not any(read(ticket))
    number = name in INTEGERS or (name in CUSTOM and CUSTOM[name].kind == "number")
    if number:
        if bare is None or not bare.removeprefix("-").isdigit():
            raise Invalid(mismatch(name, text or bare, int))
        return compared(read, operator, int(bare))
    if name in CUSTOM and CUSTOM[name].kind == "checkbox":
        if bare not in ("true", "false"):
            raise Invalid(mismatch(name, text or bare, bool))
        return compared(read, "", bare == "true")
    if operator and name not in DAYS:
        raise invalid("Given query is invalid")
    if text is None and name != "custom_string":
        raise Invalid(mismatch(name, int(bare) if bare and bare.isdigit() else bare, str))
    return compared(read, operator, text if text is not None else bare)


def reader(name: str) -> Callable[[Ticket], list[Any]]:
    """The values of a ticket that a condition is held against. Raises Invalid for unknown fields."""
    if name in INTEGERS:
        return lambda ticket: [getattr(ticket, INTEGERS[name])]
    if name == "tag":
        return lambda ticket: list(ticket.tags)
    if name == "type":
        return lambda ticket: [ticket.type]
    if name == "custom_string":
        texts = [one.name for one in CUSTOM.values() if one.kind == "text"]
        return lambda ticket: [ticket.custom_fields.get(one) for one in texts]
    if name in CUSTOM:
        return lambda ticket: [ticket.custom_fields.get(name)]
    if name in DAYS:
        offset = {"due_by": 259_200, "fr_due_by": 86_400}.get(name, 0)
        field = "updated" if name == "updated_at" else "created"
        return lambda ticket: [stamp(getattr(ticket, field) + offset)[:10]]
    raise Invalid(unexpected(name))


def compared(read: Callable[[Ticket], list[Any]], operator: str, value: Any) -> Holds:
    def holds(ticket: Ticket) -> bool:
        values = [one for one in read(ticket) if one is not None]
        if operator == ">":
            return any(one >= value for one in values)
        if operator == "<":
            return any(one <= value for one in values)
        return value in values

    return holds
