"""`bridge crisis`: an incident begun and ended by hand; what a worker makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.core.stored import doc_in

CROWDS = """
crowds:
  - name: outage
    when: {text: {any_of: [outage]}}
    over: 15m
    at_least: 20
    then: {incident: {priority: urgent}, hold: waiting, notify: pr, quiet: true}
  - {name: recall, when: {text: {any_of: [recall]}}, per: account, over: 5m, at_least: 9, then: {incident: {}}}
"""


@pytest.fixture
def crowded(house: Any) -> Any:
    """A house whose rules have two crowds, and whose platforms nobody answers for."""
    return with_crowds(house)


SECOND = "  - {name: second, when: {incident: true}, then: {approve: public, continue: true}}"


def with_crowds(house: Any) -> Any:
    rules = house.folder / "mappings" / "rules.yaml"
    text = rules.read_text().replace("\nrules:\n", f"\nrules:\n{SECOND}\n", 1)
    rules.write_text(text + CROWDS)
    return house


def lasting(house: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = house.json("crisis", "list")["incidents"]
    return rows


def test_an_incident_is_begun_without_waiting_for_the_volume_and_ended_by_hand(town: Any) -> None:
    with_crowds(town)
    code, out, _ = town.run(
        "crisis", "begin", "outage", "--reason", "it is in the news", "--by", "Ewa"
    )
    assert (code, "The incident outage begins" in out) == (0, True)
    town.work()
    (one,) = lasting(town)
    assert one["by_hand"] == "begun by hand by Ewa: it is in the news"
    number = one["ticket"]
    assert f"ticket {number}; begun by hand by Ewa" in town.run("status")[1]
    told = town.run("why", number)[1]
    assert f"An incident was opened as ticket {number}." in told
    assert "opened by crowd outage, begun by hand by Ewa: it is in the news: ok" in told

    town.comment("an outage, it is broken", "2")
    town.comment("a broken cup", "3", person="32")
    town.work()
    members = [fields for _, fields in town.store.events() if fields.get("k") == "m"]
    held = [fields for _, fields in town.store.events() if '"reply": "waiting"' in fields["doc"]]
    assert len(members) == 2
    assert len(held) == 1
    member = next(fields["ticket"] for fields in members if "outage" in fields["doc"])
    other = next(fields["ticket"] for fields in members if "cup" in fields["doc"])
    wants = {one["ticket"]: one.get("approve", "") for _, one in town.store.rooms()}
    assert wants[member.rpartition(":")[2]] == "second"  # public answers wait while it lasts
    assert wants[other.rpartition(":")[2]] == ""
    for ticket in (member, number):  # what was said to a member is told of both
        told = town.run("why", ticket.rpartition(":")[2])[1]
        assert told.count("The automatic answer 'waiting'") == 1
    told = town.run("why", member.rpartition(":")[2])[1]
    assert "Asked for: says waiting to each in the incident, once" in told
    assert "waiting" not in town.run("why", other.rpartition(":")[2])[1]

    assert "It lasts already" in town.run("crisis", "begin", "outage", "--reason", "again")[1]
    assert len(lasting(town)) == 1
    code, out, _ = town.run("crisis", "end", "outage", "--by", "Ewa", "--reason", "mended")
    assert (code, "The incident outage ends" in out) == (0, True)
    town.work()
    assert "The incident was ended by hand by Ewa: mended." in town.run("why", number)[1]


def test_asked_twice_before_a_worker_comes_it_begins_once(town: Any) -> None:
    with_crowds(town)
    for _ in range(2):
        assert town.run("crisis", "begin", "outage", "--reason", "a rumour")[0] == 0
    town.work()
    assert len(lasting(town)) == 1
    reasons = [fields.get("reason") for _, fields in town.store.events() if fields["k"] == "c"]
    assert reasons.count("an incident of this crowd lasts already") == 1
    assert town.store.books()["bridge"]["dead"] == 0


def test_nothing_lasts_at_first_and_the_crowds_are_named(crowded: Any) -> None:
    assert crowded.run("crisis", "list") == (0, "no incident lasts\ncrowds: outage, recall\n", "")
    assert crowded.json("crisis", "list") == {"incidents": [], "crowds": ["outage", "recall"]}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("begin", "outrage", "--reason", "x"), 1, "did you mean 'outage'"),
        (("begin", "outage"), 2, "--reason"),
        (("begin", "outage", "--reason", "x", "--at", "facebook:1"), 1, "leave out --at"),
        (("begin", "recall", "--reason", "x"), 1, "say --at VALUE"),
        (("begin", "recall", "--reason", "x", "--at", "facebook"), 1, "CHANNEL:ID"),
        (("end", "outage"), 1, "no incident outage lasts"),
    ],
)
def test_a_mistake_is_a_sentence(
    crowded: Any, words: tuple[str, ...], code: int, told: str
) -> None:
    got, _, err = crowded.run("crisis", *words)
    assert got == code
    assert told in err
    assert list(crowded.store.events()) == []


def test_without_crowds_it_says_where_they_are_written(house: Any) -> None:
    assert "docs/crowd.md" in house.run("crisis", "list")[1]
    assert "docs/crowd.md" in house.run("crisis", "begin", "a", "--reason", "x")[2]


OVERFLOW = """
limits: {escalations_per_minute: 1, overflow: {incident: {priority: high}, hold: waiting}}
"""


def test_beyond_the_cap_is_one_incident_and_what_is_urgent_opens(town: Any) -> None:
    rules = town.folder / "mappings" / "rules.yaml"
    rules.write_text(rules.read_text() + OVERFLOW)
    for number in (2, 3):
        town.comment("a broken cup", str(number), person=str(number))
    town.work()
    (incident,) = lasting(town)
    assert incident["crowd"] == "overflow"
    for number in (4, 5, 6):
        town.comment("a broken cup", str(number), person=str(number))
    town.comment("your heater caught fire", "7", person="7")
    town.work()
    rows = {doc_in(one["doc"])["id"][-1]: one for _, one in town.store.events() if one["k"] == "m"}
    opened = {name for name, one in rows.items() if one.get("ticket")}
    listed = {name for name, one in rows.items() if "tickets a minute" in one["reason"]}
    assert opened | listed == set("234567")
    assert opened & listed == set()
    assert opened >= {"2", "3", "7"}
    assert len(listed) >= 2
    room = next(iter(town.store.spikes().values()))["room"]
    stands = town.store.crowd("", room, 0, 0, 10)[2]
    assert {doc_in(town.store.event(eid)["doc"])["id"][-1] for eid in stands} == listed
    told = town.run("why", incident["ticket"])[1]
    assert "opened by crowd overflow, more than 1 tickets were wanted within 1 minute: ok" in told
