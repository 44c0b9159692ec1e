"""What rules.yaml holds, as rules: from the values that its schema has read."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from bridge.config.plain import Document, Where
from bridge.core.conditions import All
from bridge.core.rules import (
    OVERFLOW,
    Caps,
    Crowd,
    Escalation,
    Example,
    Outcome,
    Reply,
    Rule,
    Rules,
)
from bridge.core.targets import NO_TARGET, NOTHING, USUAL, Measures, Target, Wait


def rules_of(document: Document, data: Mapping[str, Any], name: str) -> Rules:
    """The rules in *document*, whose values are *data*; *name* is the short one for exactly these."""
    general = data["target"]
    found = (_rule(document, ("rules", at), one, general) for at, one in enumerate(data["rules"]))
    limits = {name: value for name, value in data["limits"].items() if name != OVERFLOW}
    caps = Caps(**limits)
    return Rules(
        rules=tuple(found),
        crowds=tuple(_crowd(one) for one in data["crowds"]),
        overflow=_overflow(data["limits"].get(OVERFLOW), caps),
        target=_target(general),
        caps=caps,
        hash=name,
    )


def _rule(
    document: Document, where: Where, data: Mapping[str, Any], general: Mapping[str, Any] | None
) -> Rule:
    """One rule; what its target does not say, the *general* one of the file does."""
    then = data["then"]
    escalation = None if "escalate" not in then else _escalation(then["escalate"])
    return Rule(
        name=data["name"],
        when=data.get("when"),
        shadow=data["shadow"],
        then=Outcome(
            escalate=escalation,
            ignore=then.get("ignore"),
            replies=_replies(then.get("reply", {})),
            notify=then.get("notify", ()),
            labels=then.get("label", {}),
            target=_target(then["target"], general or {}) if "target" in then else None,
            waits=tuple(_wait(one) for one in then.get("wait", ())),
            feedback=then.get("feedback", ()),
            hide=then.get("hide", {}).get("because"),
            approve="approve" in then,
            go_on=then["go_on"],
        ),
        examples=tuple(
            _example(one, document.line((*where, "examples", number)))
            for number, one in enumerate(data["examples"])
        ),
    )


def _escalation(data: Mapping[str, Any]) -> Escalation:
    return Escalation(
        helpdesk=data.get("helpdesk"),
        priority=data.get("priority"),
        group=None if "group" not in data else str(data["group"]),
        type=data.get("type"),
        tags=data.get("tags", ()),
        fields=data.get("fields_", {}),
        reroute=data.get("reroute", False),
        collaborators=data.get("collaborators", ()),
    )


def _crowd(data: Mapping[str, Any]) -> Crowd:
    then = data["then"]
    plain = ("name", "when", "over", "at_least", "ends_after", "per", "times_usual")
    return Crowd(
        **{name: data[name] for name in plain if name in data},
        incident=_escalation(then["incident"]),
        hold=then.get("hold"),
        notify=then.get("notify", ()),
        quiet=then["quiet"],
    )


def _overflow(data: Mapping[str, Any] | None, caps: Caps) -> Crowd | None:
    """The crowd of all who want a ticket: one more in a minute than may have one."""
    if data is None:
        return None
    return Crowd(
        name=OVERFLOW,
        when=All(()),
        over=60,
        at_least=caps.escalations_per_minute + 1,
        ends_after=data["ends_after"],
        incident=_escalation(data["incident"]),
        hold=data.get("hold"),
        notify=data.get("notify", ()),
    )


def _replies(written: Mapping[str, Any]) -> tuple[Reply, ...]:
    """What a rule says in public and in private."""
    once, line = written.get("once", 0), written.get("line", "") or ""
    when, cooldown = written.get("when", ""), written.get("cooldown", 0)
    approve = written.get("approve", False)
    named = {"public": None, "private": line if "line" in written else None}
    return tuple(
        Reply(how, written[how], once, named[how], when, cooldown, approve=approve)
        for how in ("public", "private")
        if how in written
    )


def _target(
    data: Mapping[str, Any] | None, general: Mapping[str, Any] = MappingProxyType({})
) -> Target:
    if data is None:
        return NO_TARGET
    said = {**general, **data}
    first, warn = said.get("first_answer", USUAL.first_answer), said.get("warn_at", 0.75)
    return Target(
        first_answer=first,
        clock=said.get("clock", USUAL.clock),
        warn_at=int(first * warn) if isinstance(warn, float) else warn,
        on_warn=_measures(said.get("on_warn")),
        on_breach=_measures(said.get("on_breach")),
    )


def _wait(data: Mapping[str, Any]) -> Wait:
    return Wait(
        after=data["after"], clock=data.get("clock", USUAL.clock), then=_measures(data["then"])
    )


def _measures(data: Mapping[str, Any] | None) -> Measures:
    if data is None:
        return NOTHING
    plain = {name: value for name, value in data.items() if name != "reply"}
    return Measures(**plain, replies=_replies(data.get("reply", {})))


def _example(data: Mapping[str, Any], line: int) -> Example:
    gives = data.get("gives", "")
    return Example(
        facts={name: value for name, value in data.items() if name != "gives"},
        gives=tuple(str(one) for one in gives) if isinstance(gives, list) else str(gives),
        line=line,
    )
