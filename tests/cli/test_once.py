"""Words that a person hears once in a while: also where Redis was away as they were refused, and they were said after all."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.core.errors import TransientError
from bridge.jobs import once
from bridge.jobs.room import Room
from bridge.store import Event, Store
from bridge.wiring import now

RULES = """
rules:
  - name: bell
    when: {text: {any_of: [bell]}}
    then: {ignore: bell, reply: {public: acknowledged, once: 30d}}
  - name: rest
    then: {ignore: nothing-to-do}
"""
REFUSED = {"error": {"code": 551, "type": "OAuthException", "message": "(#551) not available"}}


@pytest.fixture
def bell(town: Any, sandbox: Any) -> Any:
    """A town that answers a bell once to each person, and a platform that refuses the next words."""
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    fault = {
        "system": "meta",
        "method": "POST",
        "path": "/comments$",
        "effect": "status",
        "status": 400,
        "times": 1,
    }
    sandbox.post("faults", {**fault, "body": REFUSED})
    return town


def rung(town: Any, sandbox: Any, times: int) -> list[str]:
    """What was said after so many more rings, whatever waits for its time."""
    with town.working() as work:
        for ring in range(times):
            text = f"I ring the bell, {ring}"
            town.comment(
                text, sandbox.post("customer/comment", {"text": text, "person": "Ana"})["id"]
            )
            for _ in range(3):
                work()
                at_once(town)
    return [one["text"] for one in sandbox.record("comment", by="bridge")]


def at_once(town: Any) -> None:
    """Nothing waits, and what was under way is long enough ago for a look to see it."""
    client = town.store.client
    for lane in client.zrange("bridge:due", 0, -1):
        if client.exists(key := b"bridge:i:" + lane):
            client.hset(key, "at", (now() - timedelta(minutes=20)).isoformat())
        client.zadd("bridge:due", {lane: 0})


def test_refused_words_are_said_to_the_next_ring_and_to_no_third(bell: Any, sandbox: Any) -> None:
    assert rung(bell, sandbox, 1) == []
    assert len(rung(bell, sandbox, 2)) == 1


def test_words_refused_forgotten_and_said_after_all_are_not_said_again(
    bell: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = once.forget

    def lost(*args: Any) -> None:
        """Carried out, but its answer is lost: the refusal is not written down, and the words are tried again."""
        plain(*args)
        monkeypatch.setattr(once, "forget", plain)
        raise TransientError("redis_away", "its answer was lost")

    monkeypatch.setattr(once, "forget", lost)
    assert len(rung(bell, sandbox, 1)) == 1
    assert len(rung(bell, sandbox, 2)) == 1


def test_what_another_limit_refuses_is_not_taken_for_said(client: Any) -> None:
    store = Store(client, keep=3600, keep_raw=600, clock=now)
    hand: Any = SimpleNamespace(bridge=SimpleNamespace(store=store))
    here = Room.read("r", {})

    def asks(name: str, **doc: object) -> bool:
        return once.first(hand, here, Event(name, "c", 0.0, "s", {"reply": "hello", **doc}, {}, {}))

    assert asks("a", once=60)
    assert not asks("b", once=60, cooldown=60)
    assert asks("c", cooldown=60)  # which b has not used up
    assert asks("c", cooldown=60)
    store.close()
