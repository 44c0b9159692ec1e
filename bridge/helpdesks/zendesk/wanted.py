"""Our webhook and our trigger as they should be, and in what those of an account differ.

An event subscription tells of every ticket of the account in Zendesk's own words; a trigger tells of
our tickets only, and no more than that something happened. A webhook is of one kind for life.
Source: "Webhooks" and "Triggers", developer.zendesk.com, and recorded exchanges, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.core.model import Connection
from bridge.core.untrusted import items, mapping
from bridge.helpdesks.common import option
from bridge.helpdesks.zendesk.api import identity
from bridge.helpdesks.zendesk.events import PREFIX, SUBSCRIPTIONS, TEMPLATE

EVENTS, TRIGGER = "events", "trigger"
TRIGGERED = "conditional_ticket_events"
TAG = "bridge"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is not as it should be (*said* ends a sentence), and the value that would mend it."""

    field: str
    value: object
    said: str


def way(connection: Connection) -> str:
    """How Zendesk tells us: the option `notify`."""
    return option(connection, "notify", EVENTS)


def tag(connection: Connection) -> str:
    """The tag by which the trigger knows our tickets: the option `trigger_tag`."""
    return option(connection, "trigger_tag", TAG)


# --- the webhook ---------------------------------------------------------------------------------


def webhook(connection: Connection, url: str) -> dict[str, Any]:
    """The webhook that this connection needs."""
    chosen = way(connection)
    return {
        "name": title(connection),
        "endpoint": url,
        "http_method": "POST",
        "request_format": "json",
        "status": "active",
        "subscriptions": [TRIGGERED] if chosen == TRIGGER else list(SUBSCRIPTIONS),
    }


def title(connection: Connection) -> str:
    """The name of our webhook."""
    return f"Escalation bridge ({connection.name})"


def subscriptions(hook: Row) -> set[str]:
    return {one for one in items(hook.get("subscriptions")) if isinstance(one, str)}


def kind(hook: Row) -> str:
    return TRIGGER if TRIGGERED in subscriptions(hook) else EVENTS


def endpoint(hook: Row) -> str:
    return str(hook.get("endpoint") or "").rstrip("/")


def active(hook: Row) -> bool:
    return hook.get("status") == "active"


def ours(connection: Connection, hook: Row, url: str | None) -> bool:
    """Whether this webhook is meant for us: by its address, or by the name we give it."""
    path = f"/hooks/{connection.name}"
    if url is not None and endpoint(hook) == url:
        return True
    return endpoint(hook).endswith(path) or hook.get("name") == title(connection)


def hook_flaws(hook: Row, url: str | None) -> list[Flaw]:
    """In what a webhook of ours differs; *url* is our hook's public address, where it is known."""
    flaws = []
    if url is not None and endpoint(hook) != url:
        flaws.append(Flaw("endpoint", url, f"sends to {endpoint(hook)[:200]}, not to {url}"))
    if not active(hook):
        flaws.append(Flaw("status", "active", "is switched off"))
    if hook.get("http_method", "POST") != "POST":
        flaws.append(Flaw("http_method", "POST", "does not POST"))
    if hook.get("request_format", "json") != "json":
        flaws.append(Flaw("request_format", "json", "does not send JSON"))
    told = subscriptions(hook)
    lacking = [] if TRIGGERED in told else [one for one in SUBSCRIPTIONS if one not in told]
    if lacking:
        named = ", ".join(one.removeprefix(PREFIX) for one in lacking)
        whole = sorted(told) + lacking
        flaws.append(Flaw("subscriptions", whole, f"does not tell of {named}"))
    return flaws


# --- the trigger ---------------------------------------------------------------------------------


def trigger(connection: Connection, hook_id: str, others: Sequence[Row]) -> dict[str, Any]:
    """The trigger that calls the webhook, in the category of the account's *others*.

    Accounts that keep triggers in categories refuse one without. Comments need not be public:
    commands to the bridge are private notes.
    """
    made: dict[str, Any] = {
        "title": f"Escalation bridge: tell the bridge ({connection.name})",
        "description": "Tells the bridge what agents do on its tickets; private notes are commands.",
        "conditions": {"all": _conditions(tag(connection)), "any": []},
        "actions": [_action(hook_id)],
    }
    category = next((one["category_id"] for one in others if one.get("category_id")), None)
    return made if category is None else {**made, "category_id": str(category)}


def _conditions(our_tag: str) -> list[dict[str, Any]]:
    return [
        {"field": "update_type", "operator": "is", "value": "Change"},
        {"field": "current_tags", "operator": "includes", "value": our_tag},
        {"field": "role", "operator": "is", "value": "agent"},
    ]


def _action(hook_id: str) -> dict[str, Any]:
    return {"field": "notification_webhook", "value": [hook_id, TEMPLATE]}


def calls(row: Row, hook_id: str) -> bool:
    """Whether this trigger calls the webhook."""
    return any(_calls(mapping(action), hook_id) for action in items(row.get("actions")))


def _calls(action: Row, hook_id: str) -> bool:
    value = action.get("value")
    called = isinstance(value, list) and bool(value) and identity(value[0]) == hook_id
    return called and action.get("field") == "notification_webhook"


# A placeholder with a person's words: its quotes would break the JSON around it.
_WORDY = re.compile(r"\{\{\s*ticket\.(?:latest|comments|description|title|subject)")


def trigger_flaws(connection: Connection, row: Row, hook_id: str) -> list[str]:
    """In what a trigger that calls our webhook differs; further conditions are the admin's choice."""
    said = [] if row.get("active") is True else ["is switched off"]
    every, some = _every(row), items(mapping(row.get("conditions")).get("any"))
    our_tag = tag(connection)
    if not any(_tagged(one, our_tag) for one in every):
        said.append(f"has no condition on the tag {our_tag!r}, so it tells of every ticket")
    if some or any(one.get("field") == "comment_is_public" for one in every):
        said.append(
            "does not tell of everything: private notes and changes of status must come too"
        )
    if any(_creates(one) for one in every):
        said.append("does not run when a ticket is updated")
    bodies = [mapping(one).get("value") for one in items(row.get("actions"))
              if _calls(mapping(one), hook_id)]  # fmt: skip
    if not any(_readable(value) for value in bodies):
        said.append("sends a body that the bridge cannot rely on")
    return said


def mended(connection: Connection, row: Row, hook_id: str) -> dict[str, Any]:
    """The trigger without its flaws. Zendesk wants all conditions and actions, or it clears them."""
    our_tag = tag(connection)
    wanted, every = _conditions(our_tag), _every(row)
    if not any(_tagged(one, our_tag) for one in every):
        # It waited for another tag, perhaps ours of yesterday: both would be asked for at once.
        every = [one for one in every if not _tag_condition(one)]
    kept = [
        dict(one)
        for one in every
        if one not in wanted and one.get("field") != "comment_is_public" and not _creates(one)
    ]
    others = [dict(mapping(one)) for one in items(row.get("actions"))
              if not _calls(mapping(one), hook_id)]  # fmt: skip
    return {
        "active": True,
        "conditions": {"all": [*wanted, *kept], "any": []},
        "actions": [*others, _action(hook_id)],
    }


def _every(row: Row) -> list[Row]:
    return [mapping(one) for one in items(mapping(row.get("conditions")).get("all"))]


def _tag_condition(condition: Row) -> bool:
    return (condition.get("field"), condition.get("operator")) == ("current_tags", "includes")


def _tagged(condition: Row, our_tag: str) -> bool:
    return _tag_condition(condition) and our_tag in str(condition.get("value") or "").split()


def _creates(condition: Row) -> bool:
    told = (condition.get("field"), condition.get("operator"), condition.get("value"))
    return told in (("update_type", "is", "Create"), ("update_type", "is_not", "Change"))


def _readable(value: object) -> bool:
    body = value[1] if isinstance(value, list) and len(value) > 1 else None
    if not isinstance(body, str) or '"ticket_id"' not in body:
        return False
    return "{{ticket.id}}" in body.replace(" ", "") and not _WORDY.search(body)
