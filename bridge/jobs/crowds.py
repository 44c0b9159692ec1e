"""A message among many: counted for its crowds, and calmed while an incident of one lasts.

What is known of incidents comes with the look at the lane, and what is to be counted goes with what is
written down anyway: neither costs a round trip. Only the usual is asked for, once a minute in a process.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bridge.core import crowds
from bridge.core.facts import View, view
from bridge.core.limits import Budget
from bridge.core.model import Kind, Message, stamp
from bridge.core.rules import Crowd, Decision, Escalation
from bridge.core.silence import hours, usual
from bridge.core.stored import moment_in, moment_out
from bridge.jobs.ingest import name_of
from bridge.jobs.plan import Plan
from bridge.jobs.room import Room, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event, Store

FRESH = 60.0  # seconds for which the usual of an hour is not asked for again
FIRST = 2.0  # seconds until the incident's list is looked at for the first time


@dataclass(frozen=True, slots=True)
class Spike:
    """An incident that lasts, as the messages of its crowd meet it; no ticket before it is opened."""

    crowd: Crowd
    room: str
    desk: str = ""
    ticket: str = ""


def name(crowd: Crowd, value: str) -> str:
    """The name under which messages of *crowd* are counted together."""
    return name_of("crowd", crowd.name, value)


def meets(hand: Hand, plan: Plan, event: Event, message: Message, seen: View) -> bool:
    """Remember the crowds that *message* belongs to; True when an incident of one of them lasts."""
    every = hand.bridge.config.rules.crowds
    if not every:
        return False
    plan.met[event.id] = crowds.meeting(every, seen)
    return _spike(plan, event, message, None) is not None


def _values(
    plan: Plan, event: Event, message: Message, rule: str | None
) -> Iterator[tuple[Crowd, str]]:
    for crowd in plan.met.get(event.id, ()):
        value = crowds.apart(crowd, message, rule)
        if value is not None:
            yield crowd, value


def _spike(plan: Plan, event: Event, message: Message, rule: str | None) -> Spike | None:
    """The incident that *message* belongs to; of several the one whose crowd stands first."""
    for crowd, value in _values(plan, event, message, rule):
        if kept := plan.spikes.get(name(crowd, value)):
            told = json.loads(kept)
            return Spike(crowd, told["room"], told.get("desk", ""), told.get("ticket", ""))
    return None


def calmed(
    hand: Hand, room: Room, plan: Plan, event: Event, message: Message, decision: Decision
) -> Decision:
    """What *decision* comes to while an incident of the message's crowd lasts.

    Its automatic replies give way to the words that all hear once. A ticket that would be one too many this
    minute is not opened: what was said stands on the incident's list, and is shown on the ticket that the person's
    next words may open.
    """
    asked = bool(event.fields.get("asked"))  # an agent wants a ticket for it
    if asked and decision.outcome != "escalate":
        escalation = decision.escalation or Escalation()
        decision = replace(decision, outcome="escalate", escalation=escalation, replies=())
    spike = _spike(plan, event, message, decision.rule)
    if spike is None:
        return decision
    crowd = spike.crowd
    if crowd.hold and not asked and _may_be_held(event, message):
        plan.push.append(_hold(room, spike, crowd.hold))
        plan.more[event.id] = {"hold": [crowd.hold, plan.push[-1]["e"]]}
    if crowd.quiet and decision.replies:
        outcome = "incident" if decision.outcome == "reply" else decision.outcome
        decision = replace(
            decision, replies=(), outcome=outcome, reason=decision.reason or _on(crowd)
        )
    if decision.outcome != "escalate":
        return decision
    most = hand.bridge.config.rules.caps.escalations_per_minute
    if not asked and hand.bridge.store.gate("crowds", [Budget("escalations", most, 60.0)]).wait:
        why = f"{_on(crowd)}: more than {most} {crowds.FULL}"
        return replace(decision, outcome="incident", reason=why, escalation=None)
    if spike.ticket and not room.facts.get("alone"):
        plan.problem = (spike.desk, spike.ticket, crowd.name)
    return decision


def _on(crowd: Crowd) -> str:
    return f"on the list of the incident {crowd.name}"


def _may_be_held(event: Event, message: Message) -> bool:
    """Whether its author may hear the holding text: not where another app has the talk, nor below a review."""
    elsewhere = (event.doc.get("extra") or {}).get("standby")
    return not elsewhere and message.kind is not Kind.REVIEW


def _hold(room: Room, spike: Spike, reply: str) -> dict[str, Any]:
    """The one holding text, as an event of the room's `out` lane: once for each incident."""
    name = name_of("hold", room.id, spike.room)
    return our_event("out", room.id, "s", name, {"v": 1, "reply": reply, "hold": spike.room})


def count(hand: Hand, plan: Plan, event: Event, message: Message, rule: str | None) -> None:
    """Have *message*, new to us, counted for its crowds when this step is written down."""
    every = hand.bridge.config.rules.crowds
    if not every or event.id in plan.muted or event.fields.get("asked"):
        return
    if event.id not in plan.met:  # it went on a ticket without anybody asking the rules
        seen = view(message, {"has_ticket": True}, hand.bridge.scorer)
        plan.met[event.id] = crowds.meeting(every, seen)
    now = hand.bridge.now()
    at = min(message.sent_at or moment_in(event.fields.get("seen")) or now, now)
    for crowd, value in _values(plan, event, message, rule):
        cid = name(crowd, value)
        room = stamp(f"crowd:{cid}:{event.id}")
        much = (
            USUAL.of(hand.bridge.store, crowd, cid, now.timestamp()) if crowd.times_usual else None
        )
        most = crowds.needed(crowd, much or 0)
        shared = {"v": 1, "crowd": crowd.name, "cid": cid, "value": value, "needed": most}
        since = int(now.timestamp() * 1000)
        opens = {
            **shared, "usual": much, "since": since, "c": event.connection, "channel": message.channel,
            "account": message.account_id,
        }  # fmt: skip
        first = our_event("in", room, "c", name_of("incident", room, "open"), opens)
        plan.crowds.append(
            {
                "c": cid,
                "e": event.id,
                "at": int(at.timestamp() * 1000),
                "over": crowd.over * 1000,
                "needed": most,
                "begin": begin(room, shared, now, first),
            }
        )


def begin(
    room: str, shared: Mapping[str, Any], now: datetime, *first: dict[str, Any]
) -> dict[str, Any]:
    """What is written down where an incident begins: what all know of it, the *first* events and the watch over it."""
    watch = {**shared, "do": "round", "listed": 0, "not_before": moment_out(now)}
    name, soon = name_of("incident", room, "round"), int(FIRST * 1000)
    crowd, since = shared["crowd"], int(now.timestamp() * 1000)
    return {
        "room": room,
        "spike": json.dumps({**shared, "room": room, "since": since}),
        "facts": ["v", "1", "key", f"crowd:{crowd}", "crowd", crowd],
        "push": [*first, our_event("out", room, "c", name, watch, state="timer", after=soon)],
    }


def linked(room: Room, plan: Plan, event: Event) -> bool:
    """Whether *event* is a note that links the ticket to an incident, and another one does so already."""
    problem = event.doc.get("problem")
    known = [room.problem, *(other.doc.get("problem") for other, _ in plan.notes)]
    return bool(problem) and problem in known


class Usual:
    """What usually comes of a crowd, as this process last asked."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def of(self, store: Store, crowd: Crowd, cid: str, now: float) -> float:
        """How many messages usually come in the crowd's time at this hour; 0 where nothing is known."""
        with self._lock:
            known = self._known.get(cid)
        if known and known[0] > time.monotonic():
            return known[1]
        first = store.hash_field(f"hours:crowd:{cid}", "first")
        much = 0.0
        if first is not None:
            start = now - crowd.over
            counts = store.hours("crowd", cid, hours(start, now))
            much = usual(counts, float(first) / 1000, start, now)
        with self._lock:
            if len(self._known) > 1000:
                self._known.clear()
            self._known[cid] = (time.monotonic() + FRESH, much)
        return much


USUAL = Usual()
