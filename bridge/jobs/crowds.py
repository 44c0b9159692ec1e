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
MINUTE = 60.0
FIRST = 2.0  # seconds until the incident's list is looked at for the first time


@dataclass(frozen=True, slots=True)
class Spike:
    """An incident that lasts, as the messages of its crowd meet it; no ticket before it is opened."""

    crowd: Crowd
    cid: str
    room: str
    since: float
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
        if spike := _lasting(plan, crowd, value):
            return spike
    return None


def _lasting(plan: Plan, crowd: Crowd, value: str) -> Spike | None:
    kept = plan.spikes.get(cid := name(crowd, value))
    if kept is None:
        return None
    told = json.loads(kept)
    since = float(told.get("since", 0)) / 1000
    return Spike(crowd, cid, told["room"], since, told.get("desk", ""), told.get("ticket", ""))


def calmed(
    hand: Hand, room: Room, plan: Plan, event: Event, message: Message, decision: Decision
) -> Decision:
    """What *decision* comes to while an incident lasts: of the message's crowd, or of all who want a ticket.

    Automatic replies to it give way to the words that all hear once. A ticket that would be one too many this
    minute is not opened, unless it is urgent: what was said stands on the incident's list, and is shown on the
    ticket that the person's next words may open.
    """
    asked = bool(event.fields.get("asked"))  # an agent wants a ticket for it
    if asked and decision.outcome != "escalate":
        escalation = decision.escalation or Escalation()
        decision = replace(decision, outcome="escalate", escalation=escalation, replies=())
    spike = _spike(plan, event, message, decision.rule)
    if spike and not asked:
        _held(room, plan, event, message, spike)
    if spike and spike.crowd.quiet and decision.replies:
        outcome = "incident" if decision.outcome == "reply" else decision.outcome
        why = decision.reason or _on(spike.crowd)
        decision = replace(decision, replies=(), outcome=outcome, reason=why)
    if decision.outcome != "escalate":
        return decision
    overflow = hand.bridge.config.rules.overflow
    whole = _lasting(plan, overflow, "") if overflow else None
    free = asked or plan.followup  # it goes on with a closed ticket, and opens in any case
    if (keeps := spike or whole) and not free and _full(hand, decision, whole):
        plan.kept[event.id] = (keeps.cid, keeps.room)
        if keeps is whole:
            _held(room, plan, event, message, whole)
            decision = replace(decision, replies=())  # they speak of a ticket
        most = hand.bridge.config.rules.caps.escalations_per_minute
        why = f"{_on(keeps.crowd)}: more than {most} {crowds.FULL}"
        return replace(decision, outcome="incident", reason=why, escalation=None)
    if spike and spike.ticket and not room.facts.get("alone"):
        plan.problem = (spike.desk, spike.ticket, spike.crowd.name)
    return decision


def _full(hand: Hand, decision: Decision, whole: Spike | None) -> bool:
    """Whether there is no room for the ticket this minute; what is urgent counts, and always has room.

    In the first minute of the incident of all there is none: the tickets that have made it were opened within one.
    """
    most = hand.bridge.config.rules.caps.escalations_per_minute
    full = hand.bridge.store.gate("crowds", [Budget("escalations", most, MINUTE)]).wait > 0
    if whole and hand.bridge.now().timestamp() - whole.since < MINUTE:
        full = True
    return full and not (decision.escalation and decision.escalation.priority == "urgent")


def _on(crowd: Crowd) -> str:
    return f"on the list of the incident {crowd.name}"


def _may_be_held(event: Event, message: Message) -> bool:
    """Whether its author may hear the holding text: not where another app has the talk, nor below a review."""
    elsewhere = (event.doc.get("extra") or {}).get("standby")
    return not elsewhere and message.kind is not Kind.REVIEW


def _held(room: Room, plan: Plan, event: Event, message: Message, spike: Spike) -> None:
    """Have the one holding text said, as an event of the room's `out` lane: once for each incident."""
    if (reply := spike.crowd.hold) and _may_be_held(event, message):
        name = name_of("hold", room.id, spike.room)
        doc = {"v": 1, "reply": reply, "hold": spike.room}
        plan.push.append(our_event("out", room.id, "s", name, doc))
        plan.more[event.id] = {"hold": [reply, name]}


def count(
    hand: Hand, plan: Plan, event: Event, message: Message, decision: Decision | None
) -> None:
    """Have *message*, new to us, counted for its crowds when this step is written down."""
    rules = hand.bridge.config.rules
    if event.id in plan.muted or event.fields.get("asked"):
        return
    if rules.crowds:
        _count(hand, plan, event, message, decision)
    wanted = decision is not None and decision.outcome == "escalate"
    if rules.overflow and (wanted or event.id in plan.kept):
        now = hand.bridge.now()
        cid = name(rules.overflow, "")
        if wanted or plan.kept[event.id][0] == cid:
            item = _item(plan, event, message, rules.overflow, cid, "", None, now, now)
            plan.crowds.append({**item, "apart": True})


def _count(
    hand: Hand, plan: Plan, event: Event, message: Message, decision: Decision | None
) -> None:
    if event.id not in plan.met:  # it went on a ticket without anybody asking the rules
        seen = view(message, {"has_ticket": True}, hand.bridge.scorer)
        plan.met[event.id] = crowds.meeting(hand.bridge.config.rules.crowds, seen)
    now = hand.bridge.now()
    at = min(message.sent_at or moment_in(event.fields.get("seen")) or now, now)
    for crowd, value in _values(plan, event, message, decision.rule if decision else None):
        cid, much = name(crowd, value), None
        if crowd.times_usual:
            much = USUAL.of(hand.bridge.store, crowd, cid, now.timestamp())
        plan.crowds.append(_item(plan, event, message, crowd, cid, value, much, at, now))


def _item(
    plan: Plan, event: Event, message: Message, crowd: Crowd, cid: str, value: str,
    much: float | None, at: datetime, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """One message of one crowd, as lua/crowd.lua counts it; *much* is what usually comes."""
    room, most = stamp(f"crowd:{cid}:{event.id}"), crowds.needed(crowd, much or 0)
    shared = {"v": 1, "crowd": crowd.name, "cid": cid, "value": value, "needed": most}
    opens = {
        **shared, "usual": much, "since": int(now.timestamp() * 1000), "c": event.connection,
        "channel": message.channel, "account": message.account_id,
    }  # fmt: skip
    first = our_event("in", room, "c", name_of("incident", room, "open"), opens)
    kept = plan.kept.get(event.id, ("", ""))
    return {
        "c": cid,
        "e": event.id,
        "at": int(at.timestamp() * 1000),
        "over": crowd.over * 1000,
        "needed": most,
        "begin": begin(room, shared, now, first),
        **({"kept": kept[1]} if kept[0] == cid else {}),
    }


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
