"""What only the engine can know of a person: labels, how often they wrote, and who answered them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from support.world import World

RULES = """
rules:
  - name: insult
    when: {text: {any_of: [idiots]}}
    then: {label: {troll: 30d}, ignore: insult}
  - name: troll
    when: {author.label: [troll]}
    then: {ignore: troll}
  - name: vip
    when: {author.label: [vip], text: {any_of: [wonder]}}
    then: {escalate: {priority: urgent}}
  - name: again
    when: {author.messages.2h: {at_least: 3}, text: {any_of: [hello]}}
    then: {escalate: {priority: high}}
  - name: handled
    when: {answered_natively: true, text: {any_of: [thing]}}
    then: {ignore: handled}
  - name: broken
    when: {text: {any_of: [broken, thing]}}
    then: {escalate: {priority: normal}}
  - name: default
    then: {ignore: nothing-to-do}
"""


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with World(workers=1, rules=RULES) as world:
        yield world


def reasons(world: World) -> dict[str, str]:
    """Why each message ended as it did, by its words."""
    told = (fields for _, fields in world.store.events())

    return {
        json.loads(one["doc"]).get("text", ""): one.get("reason", "")
        for one in told
        if one.get("k") == "m"
    }


def test_a_rule_labels_a_person_and_the_next_message_is_judged_by_it(world: World) -> None:
    world.comment("Tom", "you idiots")
    world.calm()
    world.comment("Tom", "all is broken")
    world.comment("Ana", "mine is broken")
    world.opened("mine is broken")
    world.calm()
    assert len(world.tickets()) == 1
    assert reasons(world)["all is broken"] == "troll"


def test_an_agent_labels_a_person_and_takes_it_back(world: World) -> None:
    world.comment("Ana", "it is broken")
    number = world.opened("it is broken")
    world.calm()
    world.answer(number, "/label vip 2d", public=False)
    assert "vip for 2d" in world.noted(number, "has the label")
    world.comment("Ana", "i wonder")
    other = world.opened("i wonder")
    assert world.ticket(other)["priority"] == "urgent"
    world.answer(number, "/unlabel vip", public=False)
    world.noted(number, "has no longer the label: vip")
    world.comment("Ana", "still i wonder")
    world.calm()
    assert reasons(world)["still i wonder"] == "nothing-to-do"


@pytest.mark.parametrize(
    ("told", "why"), [("/label", "needs a name"), ("/label vip soon", "no time")]
)
def test_a_label_that_cannot_be_read_is_refused_with_the_reason(
    world: World, told: str, why: str
) -> None:
    world.comment("Ana", "it is broken")
    number = world.opened("it is broken")
    world.answer(number, told, public=False)
    assert why in world.noted(number, "was not carried out")


def test_who_writes_again_and_again_is_seen(world: World) -> None:
    for number in range(2):
        world.comment("Ana", f"hello {number}")
        world.calm()
    assert world.tickets() == []
    world.comment("Ana", "hello 2")
    number = world.opened("hello 2")
    assert world.ticket(number)["priority"] == "high"
    world.comment("Tom", "hello you")
    world.calm()
    assert reasons(world)["hello you"] == "nothing-to-do"


def test_what_a_colleague_answered_on_the_platform_is_known(world: World) -> None:
    world.message("messenger", "Ola", "a word")
    world.calm()
    body = {"channel": "messenger", "person": "Ola", "text": "We called you."}
    world.sandbox.post("staff/message", body)
    world.calm()
    world.message("messenger", "Ola", "the thing")
    world.message("messenger", "Ela", "another thing")
    world.opened("another thing")
    world.calm()
    assert len(world.tickets()) == 1
    assert reasons(world)["the thing"] == "handled"
