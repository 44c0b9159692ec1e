"""What must hold of rules, statuses and signatures for whatever they meet: laws, not examples."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import described
from support.contract import NOW, canary, connection, covers_body, proven
from support.many import many

from bridge.channels import SOURCES
from bridge.core import sequence, sync
from bridge.core.conditions import OPERATORS, All, AnyOf, Condition, Not, condition
from bridge.core.errors import Rejected
from bridge.core.facts import FIELDS, Field, View
from bridge.core.mistakes import Mistake
from bridge.core.model import Connection, Secret, Status
from bridge.core.rules import Escalation, Outcome, Reply, Rule, Rules, decide
from bridge.helpdesks import HELPDESKS

# --- conditions ----------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
WANTED: dict[str, st.SearchStrategy[Any]] = {
    "at_least": st.integers(-2, 12),
    "at_most": st.integers(-2, 12),
    "unknown": st.booleans(),
    "question": st.booleans(),
    "empty": st.booleans(),
    "any_of": st.lists(st.sampled_from(["refund", "zwrot*", "late", "ok"]), min_size=1, max_size=3),
    "matches": st.sampled_from(["(?i)re?fund", "^$", "[0-9]{2,}", "."]),
}
WANTED |= {"all_of": WANTED["any_of"], "none_of": WANTED["any_of"]}
VALUES = {
    "text": st.sampled_from(["", "I want a REFUND", "zwrotu!", "ok?", "late 42"]),
    "word": st.sampled_from(["comment", "dm", "pl", "x"]),
    "number": st.integers(-1, 11),
    "flag": st.booleans(),
    "list": st.lists(st.sampled_from(["image", "video", "vip"]), max_size=3).map(tuple),
}


def _tests(name: str) -> st.SearchStrategy[dict[str, Any]]:
    fact = FIELDS[name]
    operators = [
        one for one, known in OPERATORS.items() if fact.type in known.types and one in WANTED
    ]
    return st.sampled_from(operators).flatmap(
        lambda operator: WANTED[operator].map(
            lambda wanted: {name: {operator: _possible(fact, operator, wanted)}}
        )
    )


def _possible(fact: Field, operator: str, wanted: Any) -> Any:
    """*wanted*, brought within what a fact can be: a rule that asks for more is refused."""
    if fact.range is None or operator not in ("at_least", "at_most"):
        return wanted
    return min(max(wanted, fact.range[0]), fact.range[1])


TESTED = sorted(name for name in FIELDS if FIELDS[name].type in VALUES and name != "language")
WRITTEN = st.recursive(
    st.sampled_from(TESTED).flatmap(_tests),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"not": parts}),
    ),
    max_leaves=5,
)
CONDITIONS = WRITTEN.map(condition)
VIEWS = st.fixed_dictionaries(
    {}, optional={name: st.none() | VALUES[FIELDS[name].type] for name in TESTED}
).map(View)


def holds(asked: Condition, seen: View) -> bool:
    return asked.failure(seen) is None


@many(100)
@given(a=CONDITIONS, b=CONDITIONS, seen=VIEWS)
def test_not_any_and_all_are_those_of_logic(a: Condition, b: Condition, seen: View) -> None:
    one, other = holds(a, seen), holds(b, seen)
    assert holds(Not(a), seen) is not one
    assert holds(Not(Not(a)), seen) is one
    assert holds(All((a, b)), seen) is holds(All((b, a)), seen) is (one and other)
    assert holds(AnyOf((a, b)), seen) is holds(AnyOf((b, a)), seen) is (one or other)
    assert holds(Not(AnyOf((a, b))), seen) is holds(All((Not(a), Not(b))), seen)


@many(80)
@given(written=st.lists(WRITTEN, min_size=1, max_size=4), seen=VIEWS, seed=st.integers())
def test_the_order_in_which_conditions_are_written_changes_nothing(
    written: list[dict[str, Any]], seen: View, seed: int
) -> None:
    together = {name: wanted for one in written for name, wanted in one.items()}
    names = list(together)
    random.Random(seed).shuffle(names)
    assert holds(condition(together), seen) is holds(
        condition({name: together[name] for name in names}), seen
    )


@many(100)
@given(asked=CONDITIONS, seen=VIEWS)
def test_what_fails_is_told_in_words_with_a_short_value(asked: Condition, seen: View) -> None:
    failure = asked.failure(seen)
    if failure is not None:
        assert failure.condition
        assert failure.value is None or len(str(failure.value)) <= 5000


@many(100)
@given(asked=CONDITIONS, facts=st.dictionaries(st.sampled_from(sorted(FIELDS)), JSON, max_size=6))
def test_no_value_upsets_a_condition(asked: Condition, facts: dict[str, Any]) -> None:
    facts.pop("language", None)
    assert holds(asked, View(facts)) in (True, False)


@many(100)
@given(
    written=JSON
    | st.dictionaries(st.sampled_from([*TESTED, "not", "any", "all"]), JSON, max_size=3)
)
def test_whatever_is_written_is_a_condition_or_a_mistake_with_its_place(written: Any) -> None:
    try:
        assert str(condition(written))
    except Mistake as mistake:
        place: Any = written
        for key in mistake.path:
            if (isinstance(place, dict) and key in place) or (
                isinstance(place, list) and isinstance(key, int)
            ):
                place = place[key]


# --- rules ---------------------------------------------------------------------------------------------

OUTCOMES = st.builds(
    Outcome,
    escalate=st.none() | st.builds(Escalation, priority=st.sampled_from(["low", "high"]), tags=st.sampled_from([("a",), ("b",)]),
                                   fields=st.dictionaries(st.sampled_from("xy"), st.integers(0, 3), max_size=2)),
    ignore=st.none() | st.sampled_from(["spam", "praise"]),
    replies=st.sampled_from([(), (Reply("public", "sorry"),)]),
    notify=st.sampled_from([(), ("ops",)]),
    go_on=st.booleans(),
)  # fmt: skip
RULES = st.lists(st.tuples(OUTCOMES, st.none() | CONDITIONS), max_size=6).map(
    lambda rows: tuple(Rule(name=f"r{n}", then=then, when=when) for n, (then, when) in enumerate(rows))
)  # fmt: skip


@many(100)
@given(rules=RULES, seen=VIEWS)
def test_the_first_that_matches_decides_and_continue_lets_the_next_ones_add(
    rules: tuple[Rule, ...], seen: View
) -> None:
    matching = [rule for rule in rules if rule.when is None or holds(rule.when, seen)]
    stop = next((n for n, rule in enumerate(matching) if not rule.then.go_on), len(matching) - 1)
    taking_part = matching[: stop + 1]
    decision = decide(Rules(rules=rules), seen)
    assert decision.rules == tuple(rule.name for rule in taking_part)
    escalated = [rule.then.escalate for rule in taking_part if rule.then.escalate]
    assert (decision.outcome == "escalate") is bool(escalated)
    if decision.escalation:
        assert decision.escalation.priority == escalated[0].priority
        assert dict(decision.escalation.fields).items() >= dict(escalated[0].fields).items()
        assert set(decision.escalation.tags) == {tag for one in escalated for tag in one.tags}
    assert set(decision.notify) == {one for rule in taking_part for one in rule.then.notify}
    tried = [one.rule for one in decision.tried]
    assert tried == [rule.name for rule in rules[: len(tried)]]


@many(80)
@given(rules=RULES, seen=VIEWS, at=st.integers(0, 6))
def test_a_rule_that_does_not_match_might_as_well_not_be_there(
    rules: tuple[Rule, ...], seen: View, at: int
) -> None:
    never = Rule(name="never", when=condition({"text": {"all_of": ["x", "y", "zzz"]}}), then=Outcome(ignore="x"))  # fmt: skip
    more = (*rules[:at], never, *rules[at:])
    with_it, without = decide(Rules(rules=more), seen), decide(Rules(rules=rules), seen)
    assert replace(with_it, tried=()) == replace(without, tried=())


# --- a ticket's status ---------------------------------------------------------------------------------

STATUSES = st.none() | st.sampled_from(Status)


@many(100)
@given(walk=st.lists(st.sampled_from(Status), max_size=12))
def test_no_news_are_told_twice_however_a_ticket_wanders(walk: list[Status]) -> None:
    told: Status | None = None
    last = ""
    for status in walk:
        moment = sync.says(told, status)
        if moment is not None:
            assert moment in sync.MOMENTS
            assert moment != last or told is not status
            last = moment
        assert sync.says(status, status) is None
        assert sync.notice(dict.fromkeys(sync.MOMENTS, "x"), told, status, by_customer=True) is None
        told = status


@many(100)
@given(
    status=STATUSES,
    thanks=st.booleans(),
    solved=st.none() | st.integers(0, 100),
    days=st.floats(0, 60),
    first=st.integers(0, 100),
    later=st.integers(0, 100),
)
def test_waiting_only_ever_closes_a_ticket_further(
    status, thanks, solved, days, first, later
) -> None:
    assume(first <= later)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    at = None if solved is None else start + timedelta(days=solved)
    steps = [
        sync.reopens(
            status, thanks, now=start + timedelta(days=day), solved_at=at, reopen_days=days
        )
        for day in (first, later)
    ]
    assert steps[0] == steps[1] or tuple(steps) == ("reopen", "new")
    for step in steps:
        assert sync.status_after(status, step) in (None, Status.OPEN)
        assert (step == "unlinked") is (status is Status.DELETED)


# --- proofs --------------------------------------------------------------------------------------------

PROOFS: list[tuple[Any, Connection]] = [
    *((one.proof, connection(one, {})) for one in (*SOURCES.values(), *HELPDESKS.values())),
    *((proof, Connection(name="x", type="generic", options={described.OPTION: Secret(canary(described.OPTION))}))
      for proof in described.PROOFS.values()),
]  # fmt: skip


@pytest.mark.parametrize(("proof", "where"), PROOFS, ids=lambda one: type(one).__name__)
@many(20)
@given(body=st.binary(max_size=200), data=st.data())
def test_any_changed_byte_is_refused(proof: Any, where: Connection, data, body: bytes) -> None:
    headers = proven(proof, body, where.secret(proof.option))
    proof.check(headers, body, where, NOW)
    if covers_body(proof):
        at = data.draw(st.integers(0, len(body)))
        other = data.draw(st.sampled_from([body[:at] + b"x" + body[at:], body[:at], body + b"\n"]))
        if other != body:
            with pytest.raises(Rejected):
                proof.check(headers, other, where, NOW)
    name = data.draw(st.sampled_from(sorted(headers)))
    value = headers[name]
    place = data.draw(st.integers(0, len(value) - 1))
    letter = data.draw(st.characters(codec="latin-1").filter(lambda one: one != value[place]))
    changed = value[:place] + letter + value[place + 1 :]
    assume(
        changed.strip().lower() != value.lower()
    )  # hex digits, and the scheme's name, in capitals
    with pytest.raises(Rejected):
        proof.check({**headers, name: changed}, body, where, NOW)
    with pytest.raises(Rejected):
        proof.check({key: one for key, one in headers.items() if key != name}, body, where, NOW)


@pytest.mark.parametrize(("proof", "where"), PROOFS, ids=lambda one: type(one).__name__)
@many(20)
@given(seconds=st.integers(-10_000, 10_000), body=st.binary(max_size=20))
def test_a_stamp_holds_for_its_window_and_no_longer(
    proof: Any, where: Connection, seconds: int, body: bytes
) -> None:
    headers = proven(proof, body, where.secret(proof.option))
    now = NOW + timedelta(seconds=seconds)
    if getattr(proof, "timestamp", "") and abs(seconds) > proof.window:
        with pytest.raises(Rejected):
            proof.check(headers, body, where, now)
    else:
        proof.check(headers, body, where, now)


# --- order -----------------------------------------------------------------------------------------------

TIMES = st.lists(st.none() | st.integers(0, 5), max_size=12)


@given(TIMES)
def test_what_has_a_time_stands_by_it_and_nothing_else_passes_what_it_stood_behind(
    times: list[int | None],
) -> None:
    things = list(enumerate(times))
    found = sequence.by_time(things, lambda one: one[1])
    assert sorted(found, key=lambda one: one[0]) == things
    timed = [(at, number) for number, at in found if at is not None]
    assert timed == sorted(timed)
    places = {number: place for place, (number, _) in enumerate(found)}
    for number, at in things:
        if at is None:
            assert all(places[before] < places[number] for before in range(number))
