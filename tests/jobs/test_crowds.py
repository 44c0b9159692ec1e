"""Counting in the journal: each message once, an incident once, whatever is repeated."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from bridge.core.commands import command
from bridge.core.conditions import All, condition
from bridge.core.facts import view
from bridge.core.model import Change, Kind, Message, Visibility
from bridge.core.rules import Caps, Crowd, Decision, Escalation, Reply, Rules
from bridge.jobs import crowds, fanout
from bridge.jobs.plan import Plan
from bridge.jobs.room import Room
from bridge.store import PREFIX, Event, Orders, Store

ROOM = "0" * 32
LANE = f"in:{ROOM}"
INCIDENT = "1" * 32


@pytest.fixture
def store(client: redis.Redis) -> Iterator[Store]:
    built = Store(client, keep=3600, keep_raw=600, clock=lambda: datetime.now(UTC))
    client.set(f"{PREFIX}lease:{LANE}", "me")
    client.rpush(f"{PREFIX}l:{LANE}", "waits")
    yield built
    built.close()


def order(eid: str, ago: float = 0, room: str = INCIDENT) -> dict[str, Any]:
    at = int((time.time() - ago) * 1000)
    push = [
        {
            "e": f"open-{room}",
            "lane": "in",
            "room": room,
            "c": "bridge",
            "f": {"k": "c", "doc": "{}"},
        }
    ]
    spike = json.dumps({"v": 1, "room": room, "since": int(time.time() * 1000)})
    begin = {"room": room, "spike": spike, "facts": ["v", "1"], "push": push}
    return {"c": "crowd", "e": eid, "at": at, "over": 60_000, "needed": 3, "begin": begin}


def count(store: Store, *items: dict[str, Any]) -> None:
    orders = Orders(LANE, ROOM)
    orders.crowds = list(items)
    assert store.settle("me", orders) == 1


def members(store: Store, room: str = INCIDENT) -> list[str]:
    return store.crowd("crowd", room, 60, 0, 100)[2]


def test_the_message_that_makes_the_crowd_whole_begins_one_incident(store: Store) -> None:
    count(store, order("a"), order("b"))
    assert store.spikes() == {}
    count(store, order("c"))
    assert store.spikes()["crowd"]["room"] == INCIDENT
    assert members(store) == ["a", "b", "c"]
    assert store.client.lrange(f"{PREFIX}l:in:{INCIDENT}", 0, -1) == [f"open-{INCIDENT}".encode()]
    count(store, order("d", room="2" * 32))
    assert store.spikes()["crowd"]["room"] == INCIDENT
    assert members(store) == ["a", "b", "c", "d"]
    assert members(store, "2" * 32) == []


def test_what_is_written_down_twice_counts_once(store: Store) -> None:
    for _ in range(3):
        count(store, order("a"), order("b"))
    assert store.spikes() == {}
    for _ in range(3):
        count(store, order("c"))
    assert members(store) == ["a", "b", "c"]
    (hour,) = [at for at in store.hash("hours:crowd:crowd") if at != "first"]
    assert store.hash("hours:crowd:crowd")[hour] == "3"
    assert store.books()["bridge"]["received"] == 1


def test_old_words_make_no_crowd_but_belong_to_the_incident_they_came_in(store: Store) -> None:
    count(store, order("old", 61), order("b"), order("c"))
    assert store.spikes() == {}
    count(store, order("d"))
    count(store, order("late", 50), order("older", 70))
    assert members(store) == ["b", "c", "d", "late"]


def test_an_incident_ends_only_by_its_own_word(store: Store) -> None:
    count(store, order("a"), order("b"), order("c"))
    count(store, {"c": "crowd", "room": "2" * 32})
    assert store.spikes()
    count(
        store,
        {"c": "crowd", "room": INCIDENT, "spike": '{"room": "' + INCIDENT + '", "ticket": "7"}'},
    )
    assert store.spikes()["crowd"]["ticket"] == "7"
    count(store, {"c": "crowd", "room": INCIDENT})
    assert store.spikes() == {}


def test_what_is_counted_apart_belongs_to_nothing_and_what_is_kept_back_to_its_incident(
    store: Store,
) -> None:
    apart = [{**order(eid), "apart": True} for eid in "abcd"]
    count(store, *apart)
    assert store.spikes()["crowd"]["room"] == INCIDENT
    assert members(store) == []
    for _ in range(2):
        count(store, {**order("e"), "apart": True, "kept": INCIDENT})
    assert members(store) == ["e"]
    assert store.crowd("crowd", INCIDENT, 60, 0, 1)[0] == 5


def test_what_is_kept_back_is_listed_though_it_is_old_or_the_incident_just_over(
    store: Store,
) -> None:
    count(store, order("a"), order("b"), order("c"))
    count(store, {**order("old", 600), "kept": INCIDENT}, order("older", 700))
    count(store, {"c": "crowd", "room": INCIDENT, "anew": True})
    count(store, {**order("late", 600), "kept": INCIDENT})
    assert store.spikes() == {}
    assert members(store) == ["a", "b", "c", "old", "late"]


def test_begun_by_hand_it_begins_once_with_what_the_window_holds(store: Store) -> None:
    count(store, order("gone", 50), order("a"))
    for room in (INCIDENT, INCIDENT, "2" * 32):
        begin = order("x", room=room)["begin"]
        count(store, {"c": "crowd", "e": "x", "over": 30_000, "begin": begin})
    assert store.spikes()["crowd"]["room"] == INCIDENT
    assert (members(store), members(store, "2" * 32)) == (["a"], [])


def test_whose_turn_is_over_counts_nothing(store: Store) -> None:
    orders = Orders(LANE, ROOM)
    orders.crowds = [order("a"), order("b"), order("c")]
    assert store.settle("somebody else", orders) == 0
    assert store.spikes() == {}


# --- what becomes of a message while an incident lasts ---------------------------------------------

CROWD = Crowd(
    name="outage", when=condition({"text": {"any_of": ["outage"]}}), over=900, at_least=3,
    ends_after=60, quiet=True, hold="waiting",
)  # fmt: skip
SAID = Message(
    channel="facebook", account_id="1", kind=Kind.COMMENT, change=Change.CREATED, dedupe="d",
    external_id="9", thread_id="8", visibility=Visibility.PUBLIC, text="An outage", author=None,
)  # fmt: skip
WAITS = Event("e1", "meta", 0.0, "m", {}, {}, {})
TICKET = Decision(rule="angry", outcome="escalate", escalation=Escalation(priority="high"))
WORDS = Decision(rule="thanks", outcome="reply", replies=(Reply("public", "thanks"),))
IGNORED = Decision(rule="rest", outcome="ignore", reason="nothing")


def hand(store: Store, *known: Crowd, most: int = 2, overflow: Crowd | None = None) -> Any:
    caps = Caps(escalations_per_minute=most)
    rules = Rules(crowds=known, overflow=overflow, caps=caps)
    config = SimpleNamespace(rules=rules)
    now = lambda: datetime.now(UTC)  # noqa: E731
    bridge = SimpleNamespace(config=config, store=store, scorer=None, now=now)
    return SimpleNamespace(bridge=bridge)


def plan_of(crowd: Crowd, value: str = "", **more: str) -> Plan:
    spike = {"v": 1, "crowd": crowd.name, "room": INCIDENT, **more}
    return Plan(spikes={crowds.name(crowd, value): json.dumps(spike)})


def calmed(
    store: Store, decision: Decision, crowd: Crowd = CROWD, plan: Plan | None = None,
    event: Event = WAITS, said: Message = SAID,
) -> tuple[Decision, Plan]:  # fmt: skip
    plan = plan or plan_of(crowd)
    crowds.meets(hand(store, crowd), plan, event, said, view(said))
    room = Room(ROOM, {}, {})
    return crowds.calmed(hand(store, crowd), room, plan, event, said, decision), plan


def test_automatic_words_rest_and_one_text_holds(store: Store) -> None:
    decision, plan = calmed(store, WORDS)
    assert (decision.outcome, decision.replies) == ("incident", ())
    assert decision.reason == "on the list of the incident outage"
    (hold,) = plan.push
    assert json.loads(hold["f"]["doc"])["reply"] == "waiting"
    again = calmed(store, WORDS)[1].push
    assert again[0]["e"] == hold["e"]


def test_without_an_incident_nothing_is_changed(store: Store) -> None:
    assert calmed(store, WORDS, plan=Plan()) == (WORDS, Plan(met={"e1": (CROWD,)}))
    other = replace(SAID, text="A cup")
    assert calmed(store, WORDS, said=other)[0] == WORDS


def test_what_is_not_quiet_says_its_words(store: Store) -> None:
    assert calmed(store, WORDS, replace(CROWD, quiet=False))[0] == WORDS


def test_nobody_is_held_below_a_review_or_where_another_app_has_the_talk(store: Store) -> None:
    assert calmed(store, IGNORED, said=replace(SAID, kind=Kind.REVIEW))[1].push == []
    elsewhere = replace(WAITS, doc={"extra": {"standby": True}})
    assert calmed(store, IGNORED, event=elsewhere)[1].push == []
    assert len(calmed(store, IGNORED)[1].push) == 1


def test_tickets_beyond_the_cap_are_not_opened_unless_an_agent_asks(store: Store) -> None:
    ends = [calmed(store, TICKET)[0] for _ in range(4)]
    assert [one.outcome for one in ends] == ["escalate", "escalate", "incident", "incident"]
    assert "more than 2 tickets a minute" in str(ends[-1].reason)
    assert ends[-1].escalation is None
    asked = replace(WAITS, fields={"asked": "1"})
    assert calmed(store, TICKET, event=asked)[0].outcome == "escalate"
    assert calmed(store, IGNORED, event=asked)[0].outcome == "escalate"


def test_a_ticket_joins_the_incident_whose_ticket_is_known(store: Store) -> None:
    plan = plan_of(CROWD, desk="zendesk", ticket="17")
    assert calmed(store, TICKET, plan=plan)[1].problem == ("zendesk", "17", "outage")
    assert calmed(store, TICKET)[1].problem is None


def test_what_counts_per_rule_meets_the_incident_of_its_own_rule(store: Store) -> None:
    per_rule = replace(CROWD, per="rule")
    assert calmed(store, WORDS, per_rule, plan_of(per_rule, "thanks"))[0].replies == ()
    assert calmed(store, WORDS, per_rule, plan_of(per_rule, "angry"))[0] == WORDS


def test_rules_can_ask_whether_an_incident_lasts(store: Store) -> None:
    assert crowds.meets(hand(store, CROWD), plan_of(CROWD), WAITS, SAID, view(SAID))
    assert not crowds.meets(hand(store, CROWD), Plan(), WAITS, SAID, view(SAID))
    assert not crowds.meets(hand(store), plan_of(CROWD), WAITS, SAID, view(SAID))


# --- more tickets than a minute may have --------------------------------------------------------------

OVERFLOW = Crowd(name="overflow", when=All(()), over=60, at_least=3, ends_after=60, hold="waiting")
CUP = replace(SAID, text="A broken cup")
SPOKEN = replace(TICKET, replies=WORDS.replies)


def beyond(
    store: Store, decision: Decision, ago: float = 100, *, goes_on: bool = False, **fields: str
) -> tuple[Decision, Plan]:
    """What *decision* comes to while the incident of all who want a ticket lasts for so many seconds."""
    plan = plan_of(OVERFLOW)
    key, spike = next(iter(plan.spikes.items()))
    since = (time.time() - ago) * 1000
    plan.spikes = {key: json.dumps({**json.loads(spike), "since": since})}
    plan.followup = goes_on
    event = replace(WAITS, fields=fields)
    house = hand(store, CROWD, overflow=OVERFLOW)
    crowds.meets(house, plan, event, CUP, view(CUP))
    ended = crowds.calmed(house, Room(ROOM, {}, {}), plan, event, CUP, decision)
    if ended.outcome != "escalate":
        plan.outcomes.append((event, "done", "", ended))
    crowds.count(house, plan, event, CUP, ended)
    return ended, plan


def test_with_an_overflow_the_cap_holds_for_all_tickets(store: Store) -> None:
    ends = [beyond(store, SPOKEN) for _ in range(3)]
    assert [one.outcome for one, _ in ends] == ["escalate", "escalate", "incident"]
    opened, listed = ends[0], ends[-1]
    assert opened[0] == SPOKEN
    assert (opened[1].push, opened[1].problem) == ([], None)
    assert listed[0].replies == ()  # they would speak of a ticket
    assert listed[0].reason == "on the list of the incident overflow: more than 2 tickets a minute"
    (hold,) = listed[1].push
    assert json.loads(hold["f"]["doc"])["reply"] == "waiting"
    assert ["kept" in plan.crowds[0] for _, plan in ends] == [False, False, True]
    assert all(plan.crowds[0]["apart"] for _, plan in ends)
    assert listed[1].crowds[0]["kept"] == INCIDENT


def test_in_its_first_minute_everything_is_beyond_but_what_is_urgent(store: Store) -> None:
    assert beyond(store, TICKET, ago=1)[0].outcome == "incident"
    urgent = replace(TICKET, escalation=Escalation(priority="urgent"))
    ended, plan = beyond(store, urgent, ago=1)
    assert ended == urgent
    assert "kept" not in plan.crowds[0]  # and it counts
    assert calmed(store, urgent)[0].outcome == "escalate"


def test_whoever_wants_no_ticket_is_neither_counted_nor_kept_back(store: Store) -> None:
    for decision in (IGNORED, WORDS):
        ended, plan = beyond(store, decision, ago=1)
        assert (ended, plan.crowds, plan.push) == (decision, [], [])


def test_what_goes_on_with_a_closed_ticket_is_never_kept_back(store: Store) -> None:
    ended, plan = beyond(store, TICKET, ago=1, goes_on=True)
    assert (ended, plan.push, plan.kept) == (TICKET, [], {})


def test_what_an_agent_asks_for_is_opened(store: Store) -> None:
    ended, plan = beyond(store, TICKET, ago=1, asked="1")
    assert (ended.outcome, plan.crowds) == ("escalate", [])


def test_who_belongs_to_another_incident_stands_on_its_list(store: Store) -> None:
    plan = plan_of(CROWD)
    house = hand(store, CROWD, most=0, overflow=OVERFLOW)
    crowds.meets(house, plan, WAITS, SAID, view(SAID))
    ended = crowds.calmed(house, Room(ROOM, {}, {}), plan, WAITS, SAID, TICKET)
    crowds.count(house, plan, WAITS, SAID, ended)
    assert "the incident outage" in str(ended.reason)
    assert [(one["c"], "kept" in one) for one in plan.crowds] == [(crowds.name(CROWD, ""), True)]


# --- one answer for all ------------------------------------------------------------------------------


def asked(room: Room, note: str, store: Store) -> tuple[str, list[dict[str, Any]]]:
    told = command(note)
    assert told is not None
    return fanout.obey(hand(store, CROWD), room, Event("f1", "zendesk", 0.0, "u", {}, {}, {}), told)


def test_an_answer_for_all_is_shown_before_it_goes(store: Store) -> None:
    room = Room(INCIDENT, {"crowd": "outage"}, {})
    assert "nothing was shown yet" in asked(room, "/fanout yes", store)[0]
    assert "it needs words" in asked(room, "/fanout", store)[0]
    told, push = asked(room, "/fanout\nIt works again.", store)
    assert "Nothing is sent yet" in told
    assert push == []
    told, (event,) = asked(room, "/fanout yes", store)
    doc = json.loads(event["f"]["doc"])
    assert (doc["do"], doc["texts"], event["room"]) == ("fan", ["It works again."], INCIDENT)
    assert asked(room, "/fanout yes", store)[1] == []


def test_what_was_shown_can_be_taken_back(store: Store) -> None:
    room = Room(INCIDENT, {"crowd": "outage"}, {})
    asked(room, "/fanout\nWrong words.", store)
    assert "goes to nobody further" in asked(room, "/fanout stop", store)[0]
    assert asked(room, "/fanout yes", store)[1] == []


def test_another_ticket_answers_for_nobody_else(store: Store) -> None:
    for note in ("/fanout\nHello", "/fanout yes"):
        told, push = asked(Room(ROOM, {"ticket": "7"}, {}), note, store)
        assert "this ticket is no incident" in told
        assert push == []
