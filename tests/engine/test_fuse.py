"""Nothing talks to itself: automatic words are few, and a conversation that runs away is stopped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.world import World

RULES = """
rules:
  - name: greeting
    when: {text: {any_of: [hello]}}
    then: {reply: {private: acknowledged}}
  - name: complaint
    when: {text: {any_of: [broken]}}
    then: {escalate: {priority: normal}, reply: {public: acknowledged}}
  - name: default
    then: {ignore: nothing-to-do}
"""


@pytest.fixture(scope="module")
def own_rules() -> Iterator[World]:
    with World(workers=2, rules=RULES) as world:
        yield world


@pytest.fixture
def world(own_rules: World) -> Iterator[World]:
    own_rules.fresh()
    yield own_rules
    assert own_rules.balanced(), own_rules.store.books()


def test_a_rule_may_reply_without_a_ticket(world: World) -> None:
    world.message("messenger", "Ana", "hello")
    world.until(world.spoken)
    world.calm()
    (said,) = world.spoken()
    assert said["channel"] == "messenger"
    assert world.tickets() == []


def test_a_rule_may_open_a_ticket_and_reply(world: World) -> None:
    root = world.comment("Ana", "it is broken")
    world.opened("it is broken")
    world.until(world.spoken)
    world.calm()
    (said,) = world.spoken()
    assert said["parent_id"] == root


def test_a_bot_that_greets_for_ever_is_answered_a_few_times_and_never_alike(world: World) -> None:
    for _ in range(12):
        world.message("messenger", "Bot", "hello")
        world.calm()
    texts = [one["text"] for one in world.spoken()]
    assert 1 <= len(texts) <= 3
    assert len(set(texts)) == len(texts)


def test_too_many_answers_in_a_short_time_stop_the_conversation_and_say_so(world: World) -> None:
    world.comment("Ana", "it is broken")
    number = world.opened("it is broken")
    world.calm()
    before = len(world.spoken())
    for count in range(32):
        world.answer(number, f"answer number {count}")
    world.until(lambda: any("Too many" in one for one in world.words(number, public=False)))
    world.calm()
    assert len(world.spoken()) - before == 30
    assert "fuse" in world.store.alarms()


def test_words_that_a_platform_did_not_take_count_once_however_often_they_are_tried(
    world: World,
) -> None:
    fault = {"method": "POST", "path": "/comments$", "effect": "status", "status": 503}
    world.fault("meta", **fault, times=4)
    world.comment("Ana", "it is broken")
    number = world.opened("it is broken")

    def now() -> list[dict[str, object]]:
        with world.redis.client() as client:  # nobody waits for the next try
            for lane in client.zrange("bridge:due", 0, -1):
                if lane.startswith(b"out:") and not client.exists(b"bridge:lease:" + lane):
                    client.zadd("bridge:due", {lane: 0}, xx=True)
        return world.spoken()

    (said,) = world.until(now, "the words, at the fifth try")
    world.calm()
    assert len(world.spoken()) == 1
    assert said["what"] == "comment"
    assert "fuse" not in world.store.alarms()
    assert not any("Too many" in one for one in world.words(number, public=False))
