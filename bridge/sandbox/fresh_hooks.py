"""Freshdesk's automation rules and the webhooks that they call: unsigned, in no order, a thousand an hour."""

from __future__ import annotations

import json
import random
import re
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from bridge.sandbox import fresh_html
from bridge.sandbox.clock import stamp
from bridge.sandbox.fresh_fields import BRIDGE_ID, GROUPS, PRIORITIES, SOURCES, STATUSES
from bridge.sandbox.fresh_records import DAY, Change, Ticket, User
from bridge.sandbox.ground import Ground
from bridge.sandbox.hooks import MANNERS, Delivery, Hooks
from bridge.sandbox.http import BadRequest
from bridge.sandbox.wires import FRESHDESK_WEBHOOK_SECRET

# The "Advanced" content that docs/helpdesks/freshdesk.md tells an admin to paste.
CONTENT = (
    '{"bridge": 1, "ticket_id": "{{ticket.id}}", "event": "{{triggered_event}}", '
    '"actor": "{{event_performer.email}}", "modified_on": "{{ticket.modified_on}}", "bridge_id": "{{ticket.bridge_id}}"}'
)
TAG = "bridge"
PERFORMERS = ("agent", "requester", "either", "system")
EVENTS = (
    "reply", "note", "note:public", "note:private", "status", "priority", "group", "created", "updated", "deleted",
)  # fmt: skip
TOLD = ("reply", "note", "status", "deleted")  # what the rule that `connect` makes watches
HOUR = 3600


@dataclass(slots=True)
class Rule:
    """One automation rule with a Trigger Webhook action, as an admin makes it."""

    id: int
    name: str
    url: str
    performer: str = "agent"
    members: list[str] = field(default_factory=list)  # e-mail addresses of agents; none: any
    events: list[str] = field(default_factory=lambda: list(TOLD))
    tag: str | None = None  # only tickets with this tag
    headers: dict[str, str] = field(default_factory=dict)
    content: str = CONTENT
    active: bool = True

    def show(self) -> dict[str, Any]:
        return asdict(self)

    def watches(self, event: tuple[Any, ...]) -> bool:
        name = event[0]
        if name == "note_type":
            return "note" in self.events or f"note:{event[1]}" in self.events
        if name == "ticket_action":
            return event[1] in self.events
        return {"reply_sent": "reply"}.get(name, name) in self.events

    def performed(self, actor: User | None) -> bool:
        if actor is None:
            return self.performer == "system"
        if self.performer == "either":
            return True
        if self.performer != ("agent" if actor.agent else "requester"):
            return False
        return not self.members or actor.email in self.members


class RuleHooks(Hooks):
    """Calls wait for their share of the hour, and a little at random: their order is nobody's."""

    ground: Ground

    async def _deliver(self, delivery: Delivery) -> None:
        self.sending += 1
        clock, started = self._clock, self._clock.now()
        try:
            while (wait := self._wait()) > 0:
                await clock.sleep(wait)
                if clock.now() - started > DAY:
                    self._drop(delivery)
                    return
            spread = self.ground.settings.freshdesk_webhook_spread
            await clock.sleep(random.uniform(0, spread))
        finally:
            self.sending -= 1
            self._record.touch()
        await super()._deliver(delivery)

    def _drop(self, delivery: Delivery) -> None:
        """What waited for a day is never sent; the admins would get a mail."""
        self._record.add(
            "freshdesk", "webhook", "system", webhook=delivery.id, url=delivery.url(), kind=delivery.kind,
            events=delivery.events, tries=0, status=None, ok=False, error="dropped after 24 hours", **delivery.facts,
        )  # fmt: skip

    def _wait(self) -> float:
        """Seconds until a call may go out; 0 takes one of the hour's."""
        if not self.ground.limited:
            return 0
        most = self.ground.rates["freshdesk"]["webhooks_per_hour"]
        spent = self.ground.limits.take("freshdesk webhooks", most, HOUR)
        return spent.reset if spent.refused else 0


class FreshHooks:
    """The account's rules; `tell` is what Fresh calls after every change."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.rules: dict[int, Rule] = {}
        self.url: str | None = None
        self.secret = FRESHDESK_WEBHOOK_SECRET
        self.hooks = RuleHooks(
            "freshdesk", MANNERS["freshdesk"], lambda events: events[0], ground.clock, ground.record, ground.sender
        )  # fmt: skip
        self.hooks.ground = ground

    def clear(self) -> None:
        """Only the rules that `connect` made stay, as they were."""
        self.connect(self.url, self.secret)

    def connect(self, url: str | None, secret: str) -> None:
        """Have the two rules that docs/helpdesks/freshdesk.md advises, calling *url*."""
        self.url, self.secret = url, secret
        self.rules.clear()
        if url is not None:
            for performer in ("agent", "system"):
                self.add({
                    "name": f"Escalation bridge ({performer})", "url": url, "performer": performer,
                    "headers": {"X-Bridge-Secret": secret}, "tag": TAG,
                })  # fmt: skip

    def add(self, wish: dict[str, Any]) -> Rule:
        """A rule that an admin makes. Raises BadRequest."""
        known = set(Rule.__dataclass_fields__) - {"id"}
        if unknown := set(wish) - known:
            raise BadRequest(f"unknown keys in a rule: {', '.join(sorted(unknown))}")
        if not isinstance(wish.get("url"), str):
            raise BadRequest("url is a text that is needed")
        if wish.get("performer", "agent") not in PERFORMERS:
            raise BadRequest(f"performer is one of {', '.join(PERFORMERS)}")
        events = wish.get("events", [])
        if not isinstance(events, list) or any(one not in EVENTS for one in events):
            raise BadRequest(f"events are some of {', '.join(EVENTS)}")
        for name, value in (wish.get("headers") or {}).items():
            if any(mark in f"{value}" for mark in (",", ":", "\n")) or ":" in name:
                raise BadRequest("a custom header holds no comma, colon or line break")
        rule = Rule(self.ground.number(), **{"name": "A rule", **wish})
        self.rules[rule.id] = rule
        self.ground.record.touch()
        return rule

    def change(self, number: int, wish: dict[str, Any]) -> None:
        """Another rule in the place of an old one. Raises BadRequest."""
        old = self.rules[number].show()
        old.pop("id")
        made = self.add({**old, **wish})
        del self.rules[made.id]
        made.id = number
        self.rules[number] = made

    def tell(self, change: Change) -> None:
        """Call the webhooks of the rules that watch for this."""
        ticket = change.ticket
        # Rules do not run for tickets that an agent raised, nor on archived ones.
        if ticket.requester.agent or ticket.archived(self.ground.clock.now()):
            return
        for rule in self.rules.values():
            watched = [event for event in change.events if rule.watches(event)]
            if not (rule.active and watched and rule.performed(change.actor)):
                continue
            if rule.tag is None or rule.tag in ticket.tags:
                self.hooks.push([self.delivery(rule, change, watched)], change.copies)

    def delivery(self, rule: Rule, change: Change, watched: list[tuple[Any, ...]]) -> Delivery:
        body = rendered(rule.content, values(change, watched, f"{self.ground.url}/freshdesk"))
        headers = {"Content-Type": "application/json", "User-Agent": "Freshdesk", **rule.headers}
        return Delivery(
            "rule", body.encode(), lambda: rule.url, lambda sent: headers, id=str(uuid.uuid4()),
            facts={"ticket": change.ticket.id, "rule": rule.id},
        )  # fmt: skip


def triggered(events: list[tuple[Any, ...]]) -> str:
    """What happened, as Freshdesk writes it, which is not JSON: `{status:{from:4,to:6}}`."""
    parts = []
    for name, *rest in events:
        words = f"{{from:{rest[0]},to:{rest[1]}}}" if len(rest) == 2 else rest[0]
        parts.append(f"{name}:{words}".replace("None", "--"))
    return "{" + ",".join(parts) + "}"


def values(change: Change, watched: list[tuple[Any, ...]], base: str) -> dict[str, Any]:
    """The placeholders. Status and priority are labels, as in captured bodies."""
    one = change.ticket
    return {
        "triggered_event": triggered(watched), "ticket.id": one.id, "ticket.subject": one.subject,
        "ticket.description": one.description,
        "ticket.description_text": fresh_html.plain(one.description),
        "ticket.url": f"{base}/helpdesk/tickets/{one.id}",
        "ticket.public_url": f"{base}/public/tickets/{one.id}",
        "ticket.status": STATUSES[one.status][0], "ticket.priority": PRIORITIES[one.priority],
        "ticket.source": one.source,
        "ticket.source_name": next((name for name, key in SOURCES.items() if key == one.source), ""),
        "ticket.ticket_type": one.type, "ticket.tags": ", ".join(one.tags),
        "ticket.created_on": stamp(one.created), "ticket.modified_on": stamp(one.updated),
        "ticket.group_id": one.group_id, "ticket.group.name": GROUPS.get(one.group_id or 0),
        "ticket.requester.id": one.requester.id, "ticket.requester.name": one.requester.name,
        "ticket.requester.email": one.requester.email, "ticket.agent.id": one.responder_id,
        "ticket.latest_public_comment": latest(one, private=False),
        "ticket.latest_private_comment": latest(one, private=True),
        "event_performer.name": change.actor.name if change.actor else "System",
        "event_performer.email": change.actor.email if change.actor else None,
        "helpdesk_name": "Acme Coffee", "ticket.bridge_id": one.custom_fields.get(BRIDGE_ID),
        **{f"ticket.{name}": value for name, value in one.custom_fields.items()},
    }  # fmt: skip


def latest(ticket: Ticket, private: bool) -> str:
    said = [one for one in ticket.conversations if one.private == private]
    return said[-1].body if said else ""


def rendered(template: str, known: dict[str, Any]) -> str:
    """*template* with its placeholders filled: escaped for JSON, and nothing at all for what is empty."""

    def fill(found: re.Match[str]) -> str:
        value = known.get(found[1])
        return "" if value is None else json.dumps(str(value), ensure_ascii=False)[1:-1]

    return re.sub(r"\{\{\s*([\w.]+)\s*\}\}", fill, template)
