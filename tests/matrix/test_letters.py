"""Rows of docs/faults.md about what is kept for long: keys that ran out, dead letters, damaged entries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from chaos import points
from matrix.deeds import FIRST, Case
from matrix.scene import Scene

LETTERS = 8


def test_a_create_in_doubt_for_longer_than_its_key_is_looked_for_before_another(
    scene: Scene,
) -> None:
    """F-29: Zendesk forgets an Idempotency-Key after two hours."""
    case = Case(scene, "messenger")
    before = len(points.hit(scene.points))
    points.arm(scene.points, "zendesk-create.after")
    FIRST.do(case)
    scene.until(lambda: len(points.hit(scene.points)) > before, "a death after the create")
    with scene.redis.client() as client:
        (key,) = client.scan_iter("bridge:i:in:*")
        assert client.hget(key, "kind") == b"create"
        long_ago = datetime.now(UTC) - timedelta(hours=3)
        client.hset(key, "at", long_ago.isoformat())
    scene.sandbox.post("clock", {"advance": 3 * 3600})
    scene.until(lambda: not scene.unsettled(), "the end of the doubt")
    scene.rest()
    assert case.wrong() == []


def test_letters_that_two_operators_retry_at_once_while_a_worker_dies_are_done_once(
    scene: Scene,
) -> None:
    """F-68 and F-69: whatever the first try had done already is known."""
    scene.fault("zendesk", method="POST", path="/tickets$", effect="status", status=422,
                body={"error": "RecordInvalid", "description": "no"}, times=LETTERS)  # fmt: skip
    cases = [Case(scene, "messenger") for _ in range(LETTERS)]
    for case in cases:
        FIRST.do(case)
    scene.until(lambda: len(scene.store.dead()) == LETTERS, "dead letters")
    points.arm(scene.points, "zendesk-create.after")
    with ThreadPoolExecutor(2) as operators:
        told = [operators.submit(scene.command, "dead", "retry", "--all") for _ in range(2)]
    assert {one.result()[0] for one in told} <= {0, 1}  # 1: the other one was first
    for case in cases:
        scene.opened(case.said[0])
    scene.until(lambda: not points.armed(scene.points), "a death after a create")
    scene.rest()
    assert len(scene.sandbox.record("ticket", since=cases[0].began)) == LETTERS
    assert scene.unsettled() == {}


def test_damaged_entries_stop_neither_their_worker_nor_their_neighbours(scene: Scene) -> None:
    """F-67: of the wrong type, without their fields, and with values that nobody can read."""
    pids = {slot.pid for slot in scene.some("worker")}
    spoilt = {"places": "{broken", "language": b"\xff\xfe", "spoken": "7"}
    cases = {field: Case(scene, "messenger") for field in spoilt}
    for case in cases.values():
        case.open()
    with scene.redis.client() as client:
        for field, case in cases.items():
            room = scene.store.get(f"ticket:zendesk:{case.number}")
            client.hset(f"bridge:r:{room}", field, spoilt[field])
        for name, fields in {
            "bare": {"c": "meta"},
            "odd": {"c": "meta", "s": "meta", "h": "{", "b": "{}", "at": "yesterday"},
        }.items():
            client.hset(f"bridge:d:{name}", mapping=fields)
            client.hincrby("bridge:books:meta", "received", 1)
            client.hincrby("bridge:books:meta", "in_progress", 1)
        client.set("bridge:d:no-hash", "words")
        client.set("bridge:l:in:no-list", "words")
        client.zadd("bridge:ingest", {"bare": 0, "odd": 0, "no-hash": 0, "nobody": 0})
        client.zadd("bridge:due", {"in:no-list": 0})
    for case in cases.values():
        case.write("writes again that it is broken")
    healthy = Case(scene, "messenger")
    FIRST.do(healthy)
    scene.opened(healthy.said[0])
    for case in cases.values():
        assert scene.opened(case.said[1]) == case.number
    scene.until(lambda: len(scene.store.dead()) == 2, "two dead letters")
    reasons = {scene.store.event(letter)["reason"] for letter in scene.store.dead()}
    assert reasons == {"what was kept of it is damaged"}
    assert "bridge:d:no-hash" in scene.store.alarms()["damaged"]["text"]
    assert {slot.pid for slot in scene.some("worker")} == pids
    assert '"the sweep failed"' not in (scene.folder / "worker.log").read_text("utf-8", "replace")
    with scene.redis.client() as client:
        client.delete("bridge:l:in:no-list", "bridge:d:no-hash")


@pytest.mark.slow  # an event is given five tries
def test_an_event_whose_words_are_damaged_dies_alone(scene: Scene) -> None:
    """F-67: what waits behind it in its own lane goes on."""
    scene.command("pause", "zendesk")
    case = Case(scene, "messenger")
    case.write("says it is broken")
    case.write("writes again that it is broken")
    with scene.redis.client() as client:
        (lane,) = scene.until(
            lambda: [key for key in client.scan_iter("bridge:l:in:*") if client.llen(key) == 2],
            "two that wait",
        )
        first, second = (one.decode() for one in client.lrange(lane, 0, -1))
        (left,) = (one for one in case.said if one in scene.store.event(second)["doc"])
        client.hset(f"bridge:e:{first}", "doc", "{broken")
    scene.command("resume", "zendesk")
    scene.until(lambda: scene.store.dead(), "a dead letter", patience=60)
    scene.opened(left)
    scene.until(lambda: scene.store.dead() == [first], "one dead letter")
    for words in (("why", first), ("dead", "show", first), ("dead", "list"), ("status",)):
        code, said = scene.command(*words)
        assert (code, "Traceback" in said) in ((0, False), (1, False)), said
