"""Who waits since when, what is done meanwhile, and what ends it; decided from the room as it is then."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bridge.core import receipt
from bridge.core.calendars import ALWAYS, Calendar
from bridge.core.errors import PermanentError
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import Connection, Kind, Message, Visibility
from bridge.core.rules import Decision, Reply, Rules
from bridge.core.stored import doc_in, moment_out
from bridge.core.targets import NO_TARGET, Measures, Promise, Target, Wait
from bridge.jobs import waiting
from bridge.jobs.plan import Plan, Said
from bridge.jobs.room import Room
from bridge.jobs.turn import Hand
from bridge.settings import Settings
from bridge.store import Event, Orders, Turn

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLACE = "facebook:1:9:-"
LATE = Measures(tags=("late",))
OFFICE = Calendar(week=(((9 * 60, 17 * 60),),) * 5 + ((), ()))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


class Handed:
    """What these steps need of a hand; keeps the orders that were settled, and what was asked outside."""

    closing, close = Hand.closing, Hand.close

    def __init__(
        self, now: datetime = NOON, target: Target | None = None, calendar: Calendar = ALWAYS,
        refuses: PermanentError | None = None, events: tuple[Event, ...] = (),
    ) -> None:  # fmt: skip
        self.settled: list[Orders] = []
        self.alarms: dict[str, str] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.refuses = refuses
        self.turn = Turn("out:r", "r", events, {}, {}, {}, {})
        desk = Connection(name="desk", type="zendesk")
        self.bridge = SimpleNamespace(
            now=lambda: now,
            calendar=lambda account, desk: calendar,
            settings=Settings(),
            config=SimpleNamespace(
                connections={"desk": desk}, rules=Rules(target=target or Target())
            ),
            store=SimpleNamespace(alarm=lambda name, text, lasts: self.alarms.update({name: text})),
            helpdesk=lambda connection: SimpleNamespace(urge=lambda *asked: asked[1:]),
            map_of=lambda name: HelpdeskMap(priorities={"urgent": "4"}),
        )
        self.outside = SimpleNamespace(desk=self._ask)
        self.guard = None

    def _ask(self, desk: Connection, asked: tuple[Any, ...], guard: object) -> None:
        self.asked.append(asked)
        if self.refuses:
            raise self.refuses

    def orders(self) -> Orders:
        return Orders("out:r", "r")

    def settle(self, orders: Orders) -> None:
        self.settled.append(orders)


def hand(**more: Any) -> Any:
    return cast(Hand, Handed(**more))


def room(**facts: str) -> Room:
    known = {"c": "meta", "desk": "desk", "ticket": "7", "status": "open", **facts}
    place = {"channel": "facebook", "item": "1", "visibility": "public"}
    return Room.read("r", known | {"places": json.dumps({PLACE: place})})


def said(
    when: datetime | None = NOON, text: str = "It broke", *, name: str = "m1",
    seen: datetime | None = None, **extra: Any,
) -> Said:  # fmt: skip
    message = Message(
        channel="facebook", account_id="1", kind=Kind.COMMENT, external_id="1", thread_id="9",
        visibility=Visibility.PUBLIC, author=None, text=text, dedupe="1", sent_at=when, extra=extra,
    )  # fmt: skip
    fields = {"seen": moment_out(seen or when) or "", "mid": f"mid-{name}", "pk": "p1"}
    return Said(Event(name, "meta", 0.0, "m", {}, fields, {}), message, PLACE)


def opened(*said: Said, promise: Promise | None = None) -> Plan:
    decision = Decision(rule="r", outcome="escalate", promise=promise or Promise())
    return Plan(said=list(said), opening=decision)


def begun(plan: Plan, there: Room | None = None, **more: Any) -> dict[str, Any]:
    """The wait that begins, as its event's document; empty where none does."""
    pushed, _ = waiting.begins(hand(**more), there or room(), plan, "desk")
    return doc_in(pushed[0]["f"]["doc"]) | {"_": pushed[0]} if pushed else {}


# --- how it begins -------------------------------------------------------------------------------------------


def test_the_clock_begins_at_the_platforms_time_with_the_first_words() -> None:
    plan = opened(
        said(at(11, 20), name="b"), said(at(11, 10), name="a"), said(at(11, 30), name="c")
    )
    there = room()
    found = begun(plan, there)
    assert (found["wait"], found["due"]) == (moment_out(at(11, 10)), moment_out(at(12, 10)))
    assert there.facts["waited"].split()[1:] == [*2 * [moment_out(at(11, 10))], "mid-a"]
    assert found["_"]["waits"] == ["meta", int(at(12, 10).timestamp() * 1000)]
    assert (found["_"]["state"], found["_"]["lane"]) == ("timer", "out")


def test_a_time_that_lies_ahead_of_us_counts_as_when_we_heard_it() -> None:
    assert begun(opened(said(at(18), seen=NOON)))["wait"] == moment_out(NOON)
    assert begun(opened(said(None, seen=NOON)))["wait"] == moment_out(NOON)


def test_the_hours_of_the_account_count_where_a_rule_says_so() -> None:
    plan = opened(said(at(20)), promise=Promise(target=Target(clock="business")))
    assert begun(plan, now=at(20), calendar=OFFICE)["due"] == "2026-11-23T10:00:00+00:00"


def test_the_note_on_the_ticket_is_told() -> None:
    _, told = waiting.begins(hand(), room(), opened(said()), "desk")
    assert told.startswith("An answer is due by 2026-11-20 13:00 UTC")


def test_without_a_target_and_steps_nobody_waits() -> None:
    assert begun(opened(said(), promise=Promise(target=NO_TARGET))) == {}


def test_who_waits_already_keeps_the_time_of_the_first_words() -> None:
    there = room()
    first = begun(opened(said(at(11))), there)
    assert begun(Plan(said=[said(at(11, 50), name="m2")]), there) == {}
    assert there.facts["waited"].split()[1] == first["wait"]


@pytest.mark.parametrize("who", ["human_at", "staff_at"])
def test_words_after_an_answer_begin_anew_and_words_before_it_do_not(who: str) -> None:
    waited = f"w {moment_out(at(11))} {moment_out(at(11))} mid"
    answered = room(waited=waited, **{who: moment_out(at(11, 30)) or ""})
    assert begun(Plan(said=[said(at(11, 20), name="m2")]), answered) == {}  # read late
    found = begun(Plan(said=[said(at(11, 40), name="m3")]), answered)
    assert found["wait"] == moment_out(at(11, 40))


def test_an_answer_from_before_we_heard_the_words_is_none_to_them() -> None:
    sent = at(11, 29).replace(
        second=50
    )  # a platform tells whole seconds, and its webhook takes its time
    words = said(sent, name="m2", seen=at(11, 30).replace(second=1))
    there = room(human_at=moment_out(at(11, 30)) or "")
    assert begun(Plan(said=[words]), there)["wait"] == moment_out(sent)
    assert begun(Plan(said=[words]), there) == {}  # they wait already
    by_colleague = room(staff_at=moment_out(at(11, 30)) or "")  # who reads on the platform itself
    assert begun(Plan(said=[words]), by_colleague) == {}


def test_thanks_wait_for_no_answer_but_what_comes_with_them_does() -> None:
    answered = room(human_at=moment_out(at(11)) or "")
    assert begun(Plan(said=[said(text="Thank you!")]), answered) == {}
    both = Plan(
        said=[said(at(11, 5), "Thank you!"), said(at(11, 6), "Is it open today?", name="q")]
    )
    assert begun(both, answered)["wait"] == moment_out(at(11, 6))
    quiet = Plan(said=[said(text="Super, danke")], step="append_quietly")
    assert begun(quiet, answered) == {}


@pytest.mark.parametrize("status", ["solved", "closed", "deleted"])
def test_a_solved_ticket_that_the_customer_reopens_begins_anew(status: str) -> None:
    there = room(status=status, waited=f"w {moment_out(at(10))} {moment_out(at(10))} mid")
    assert begun(Plan(said=[said()], step="reopen"), there)["wait"] == moment_out(NOON)


def test_a_follow_up_begins_anew_though_the_old_one_was_never_answered() -> None:
    there = room(waited=f"w {moment_out(at(10))} {moment_out(at(10))} mid")
    assert begun(opened(said()), there)["wait"] == moment_out(NOON)


def test_a_ticket_keeps_what_its_rule_has_promised() -> None:
    promise = Promise(target=Target(first_answer=600), waits=(Wait(after=60, then=LATE),))
    there = room()
    begun(opened(said(at(11)), promise=promise), there)
    there.facts["human_at"] = moment_out(at(11, 30)) or ""
    again = begun(Plan(said=[said(NOON, name="m2")]), there)
    assert again["due"] == moment_out(at(12, 10))
    assert [one["why"] for one in again["steps"]] == ["waited"]
    begun(
        opened(said(NOON, name="m3")), there
    )  # another ticket, by a rule that promises nothing more
    assert there.facts["promise"] == ""


def test_the_files_target_counts_where_the_rule_has_none_also_when_it_changes() -> None:
    there, half = room(), Target(first_answer=1800)
    begun(opened(said(at(11)), promise=Promise()), there)
    assert "promise" not in there.facts
    there.facts["human_at"] = moment_out(at(11, 30)) or ""
    assert begun(Plan(said=[said()]), there, target=half)["due"] == moment_out(at(12, 30))


def test_the_same_words_begin_the_same_wait() -> None:
    assert begun(opened(said()))["_"]["e"] == begun(opened(said()))["_"]["e"]
    assert begun(opened(said()))["_"]["e"] != begun(opened(said(name="m2")))["_"]["e"]


def test_where_another_app_holds_the_talk_no_words_are_said() -> None:
    then = Measures(tags=("late",), replies=(Reply("private", "still-waiting"),))
    promise = Promise(waits=(Wait(after=60, then=then),))
    (loud,) = begun(opened(said(), promise=promise))["steps"]
    (quiet,) = begun(opened(said(standby=True), promise=promise))["steps"]
    assert (len(loud["then"]["replies"]), quiet["then"]["replies"]) == (1, [])
    assert quiet["then"]["tags"] == ["late"]


# --- what ends it --------------------------------------------------------------------------------------------

PROMISE = Promise(
    target=Target(on_warn=Measures(notify=("team",)), on_breach=Measures(priority="urgent", tags=("late",), note="Hurry")),
    waits=(Wait(after=5400, then=Measures(replies=(Reply("private", "still-waiting"),))),),
)  # fmt: skip


def wait_of(there: Room, promise: Promise = PROMISE, *, seen: datetime = NOON) -> Event:
    pushed, _ = waiting.begins(hand(now=seen), there, opened(said(NOON, seen=seen), promise=promise), "desk")  # fmt: skip
    fields = {**pushed[0]["f"], "state": "timer"}
    return Event(pushed[0]["e"], "bridge", 0.0, "s", doc_in(fields["doc"]), fields, {})


def looked(there: Room, event: Event, now: datetime) -> tuple[Handed, Orders]:
    held = hand(now=now)
    waiting.look(held, there, event)
    return held, held.settled[0]


def ended(there: Room, event: Event, now: datetime) -> tuple[str, str]:
    """(why, counted as) where the wait ends at *now*; ("", "") where it goes on."""
    _, orders = looked(there, event, now)
    for one in orders.events:
        assert one["waited"][0] == "meta"
        slip = receipt.unpack(one["f"]["receipt"])
        assert ("answered" in slip) == one["f"]["reason"].startswith("answered after")
        return one["f"]["reason"], one["waited"][1]
    return "", ""


@pytest.mark.parametrize("who", ["human_at", "staff_at"])
@pytest.mark.parametrize(
    ("answered", "told", "counted"),
    [(at(12, 12), "answered after 12 min, in time", "in_time"), (at(13, 20), "answered after 1 h 20 min, late", "late")],
)  # fmt: skip
def test_a_persons_answer_ends_it_in_time_or_late(
    who: str, answered: datetime, told: str, counted: str
) -> None:
    there = room()
    event = wait_of(there)
    there.facts[who] = moment_out(answered) or ""
    assert waiting.rests(hand(now=answered), there, event, 600.0) == 0.0
    assert ended(there, event, at(14)) == (told, counted)
    _, orders = looked(there, event, at(14))
    slip = receipt.unpack(orders.events[0]["f"]["receipt"])
    assert slip["answered"] == moment_out(answered)  # to the second, for `bridge report`
    assert event.doc["for"] == "m1"


def test_what_was_found_after_its_time_is_counted_apart() -> None:
    there = room()
    event = wait_of(there, seen=at(15))
    there.facts["human_at"] = moment_out(at(15, 5)) or ""
    told, counted = ended(there, event, at(15, 6))
    assert counted == "found_late"
    assert "told of it when that was late" in told


def test_what_a_machine_says_ends_nothing() -> None:
    there = room()
    event = wait_of(there)
    there.facts["answered_at"] = moment_out(at(12, 1)) or ""  # an acknowledgement
    assert waiting.rests(hand(now=at(12, 2)), there, event, 600.0) == 600.0


def test_an_answer_from_before_the_words_ends_nothing() -> None:
    there = room(human_at=moment_out(at(11)) or "")
    event = wait_of(there)
    assert waiting.rests(hand(now=at(12, 2)), there, event, 600.0) == 600.0


def test_a_ticket_solved_without_an_answer_ends_it_a_little_later() -> None:
    there = room()
    event = wait_of(there)
    there.facts |= {"status": "solved", "solved_at": moment_out(at(12, 10)) or ""}
    assert waiting.rests(hand(now=at(12, 10)), there, event, 2700.0) == 120.0
    assert ended(there, event, at(12, 12)) == ("solved without an answer", "unanswered")


def test_an_answer_that_is_told_after_its_status_counts() -> None:
    there = room()
    event = wait_of(there)
    there.facts |= {"status": "solved", "solved_at": moment_out(at(12, 10)) or ""}
    there.facts["human_at"] = moment_out(at(12, 11)) or ""
    assert ended(there, event, at(12, 12))[1] == "in_time"


def test_a_deleted_ticket_and_one_that_was_merged_end_it() -> None:
    there = room()
    event = wait_of(there)
    there.facts |= {"status": "deleted"}
    assert ended(there, event, at(12, 10)) == ("deleted without an answer", "unanswered")
    there.facts |= {"status": "open", "merged_at": moment_out(at(12, 20)) or ""}
    assert ended(there, event, at(12, 21)) == ("merged into another ticket", "")


def test_a_wait_that_another_one_has_followed_is_over() -> None:
    there = room()
    event = wait_of(there)
    there.facts["waited"] = "another 2026-11-20T13:00:00+00:00 2026-11-20T13:00:00+00:00 mid"
    assert ended(there, event, at(13))[1] == "unanswered"


def test_after_thirty_days_nobody_is_waited_for() -> None:
    there = room()
    event = wait_of(there)
    event.doc["steps"] = []
    assert ended(there, event, NOON + timedelta(days=29)) == ("", "")
    assert ended(there, event, NOON + timedelta(days=30)) == ("nobody answered in 30 days", "unanswered")  # fmt: skip


def test_a_wait_without_a_target_is_not_counted() -> None:
    there = room()
    event = wait_of(there, Promise(target=NO_TARGET, waits=(Wait(after=60, then=LATE),)))
    there.facts["human_at"] = moment_out(at(12, 1)) or ""
    assert ended(there, event, at(12, 2)) == ("answered after 1 min", "")


def test_what_an_answer_ends_is_settled_together_with_it() -> None:
    there = room()
    event = wait_of(there)
    held = hand(now=at(12, 5), events=(event,))
    assert waiting.ended(held, there) == []
    there.facts["human_at"] = moment_out(at(12, 5)) or ""
    (outcome,) = waiting.ended(held, there)
    assert (outcome["e"], outcome["state"], outcome["waited"]) == (event.id, "done", ["meta", "in_time"])  # fmt: skip
    assert outcome["f"]["ticket"] == "desk:7"


# --- words on the platform itself -------------------------------------------------------------------------------


def natively(there: Room, when: datetime, **extra: Any) -> None:
    waiting.natively(there, said(when, **extra).message, at(14))


def test_a_colleague_on_the_platform_answers_and_a_machine_does_not() -> None:
    there = room()
    natively(there, at(12, 5), other_app=True)
    assert (waiting.answered_at(there), there.time("native_at")) == (None, at(12, 5))
    natively(there, at(12, 10))
    assert waiting.answered_at(there) == at(12, 10)


def test_older_words_that_are_read_later_take_nothing_back() -> None:
    there = room()
    natively(there, at(12, 10))
    natively(there, at(11))
    assert (there.time("staff_at"), there.time("native_at")) == (at(12, 10), at(12, 10))


def test_it_is_known_at_once_and_the_other_lane_looks() -> None:
    there, orders = room(), Orders("in:r", "r")
    waiting.known(there, orders)
    assert (orders.facts, orders.wake) == ({}, [])
    natively(there, at(12, 10))
    waiting.known(there, orders)
    assert (orders.facts, orders.wake) == ({"staff_at": moment_out(at(12, 10))}, ["out:r"])


def test_who_takes_back_all_they_said_waits_no_more() -> None:
    there = room()
    event = wait_of(there)
    gone = said(NOON)
    waiting.withdrawn(there, gone.event, gone.message, at(12, 5))
    assert ended(there, event, at(12, 5)) == ("taken back", "")


def test_who_takes_back_a_part_waits_for_the_rest() -> None:
    there = room()
    event = wait_of(there)
    there.places[PLACE]["item"] = "2"  # they have written more since
    gone = said(NOON)
    waiting.withdrawn(there, gone.event, gone.message, at(12, 5))
    assert ended(there, event, at(12, 5)) == ("", "")


# --- steps -------------------------------------------------------------------------------------------------------


def test_steps_are_done_in_order_each_at_its_time() -> None:
    there = room()
    event = wait_of(there)
    assert event.doc["not_before"] == moment_out(at(12, 45))
    held, orders = looked(there, event, at(12, 46))
    assert held.alarms == {
        "notify:team": f"ticket 7 of desk: nobody has answered for 45 min: bridge why {event.id}"
    }
    (touched,) = orders.touch
    later = doc_in(touched["f"]["doc"])
    assert (later["not_before"], orders.push) == (moment_out(at(13)), [])
    (done,) = receipt.unpack(touched["f"]["receipt"])["actions"]
    assert (done["what"], done["result"]) == ("45 min without an answer (warn)", "notifies team")


def test_steps_that_are_due_together_are_done_together_and_none_is_lost() -> None:
    there = room()
    event = wait_of(there)
    held, orders = looked(there, event, at(14))
    assert list(held.alarms) == ["notify:team"]
    pressed, reply = orders.push
    doc = doc_in(pressed["f"]["doc"])
    assert (pressed["lane"], pressed["f"]["k"]) == ("in", "w")
    assert (doc["priority"], doc["tags"], doc["note"]) == ("urgent", ["late"], "Hurry")
    assert (reply["lane"], doc_in(reply["f"]["doc"])["reply"]) == ("out", "still-waiting")
    (touched,) = orders.touch
    later = doc_in(touched["f"]["doc"])
    assert (later["steps"], later["not_before"]) == ([], moment_out(at(14) + timedelta(days=1)))
    assert len(receipt.unpack(touched["f"]["receipt"])["actions"]) == 3


def test_a_step_that_is_done_again_has_the_same_names() -> None:
    there = room()
    event = wait_of(there)
    first, second = (looked(there, event, at(14))[1].push for _ in range(2))
    assert [one["e"] for one in first] == [one["e"] for one in second]
    assert len({one["e"] for one in first}) == 2


def test_a_wait_that_promises_nothing_more_ends_with_its_last_step() -> None:
    there = room()
    event = wait_of(there, Promise(target=NO_TARGET, waits=(Wait(after=60, then=LATE),)))
    _, orders = looked(there, event, at(12, 2))
    assert [one["e"] for one in orders.events] == [event.id]
    assert "waited" not in orders.events[0]
    assert len(orders.push) == 1


def test_an_answer_that_stands_beside_a_step_comes_before_it() -> None:
    event = wait_of(room())
    answer = Event("u1", "desk", 0.0, "u", {"comment": {}}, {}, {})
    assert waiting.last((event, answer)) == [answer, event]


# --- on the ticket -----------------------------------------------------------------------------------------------


def step(**doc: Any) -> Event:
    told = {
        "v": 1,
        "wait": moment_out(NOON),
        "heard": moment_out(NOON),
        "due": moment_out(at(13)),
        **doc,
    }
    return Event("s1", "bridge", 0.0, "w", told, {}, {})


def pressed(there: Room, event: Event, **more: Any) -> tuple[Handed, Orders]:
    held = hand(now=at(13), **more)
    assert waiting.press(held, there, event)
    return held, held.settled[0]


def test_the_priority_is_raised_in_the_helpdesks_words_and_the_note_follows() -> None:
    asks = step(priority="urgent", tags=["Zu spät"], note="Nobody has answered.")
    held, orders = pressed(room(), asks)
    assert held.asked == [("7", "4", ("zu_spat",))]
    assert (orders.events[0]["state"], orders.cheer) == ("done", ["desk"])
    (note,) = orders.push
    text = doc_in(note["f"]["doc"])["text"]
    assert text == (
        "Nobody has answered.\nThe customer waits since 2026-11-20 12:00 UTC; "
        "an answer was promised by 2026-11-20 13:00 UTC."
    )


def test_a_note_alone_asks_for_no_other_write() -> None:
    held, orders = pressed(room(), step(note="Look"))
    assert (held.asked, orders.cheer) == ([], [])  # nobody knows whether the helpdesk is up
    assert len(orders.push) == 1


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"human_at": moment_out(at(12, 59))}, "answered in the meantime"),
        ({"staff_at": moment_out(at(12, 59))}, "answered in the meantime"),
        ({"status": "solved"}, "no open ticket"),
        ({"status": "closed"}, "no open ticket"),
        ({"ticket": ""}, "no open ticket"),
    ],
)
def test_nothing_is_done_where_nobody_waits_any_more(facts: dict[str, str], why: str) -> None:
    held, orders = pressed(room(**facts), step(priority="urgent", tags=["late"], note="Look"))
    assert (held.asked, orders.push) == ([], [])
    assert (orders.events[0]["state"], orders.events[0]["f"]["reason"]) == ("ignored", why)


@pytest.mark.parametrize(
    "gone",
    [PermanentError("ticket_closed", ""), PermanentError("ticket_deleted", "", gone=True)],
)
def test_a_ticket_that_is_gone_takes_no_step(gone: PermanentError) -> None:
    _, orders = pressed(room(), step(priority="urgent", note="Look"), refuses=gone)
    assert orders.events[0]["f"]["reason"] == f"not done: {gone.code}"
    assert orders.push == []


def test_what_the_helpdesk_refuses_is_for_an_operator() -> None:
    with pytest.raises(PermanentError):
        pressed(room(), step(tags=["late"]), refuses=PermanentError("refused", "no such tag"))
