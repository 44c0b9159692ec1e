"""Whatever befalls Redis: 503 in time, the reason at /readyz, and afterwards nothing lost and nothing twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from support.bring import PATIENCE, PEOPLE, SESSION, bring, bring_again, check_all_there, told
from support.hurt import HurtRedis
from support.world import World


def reasons(world: World) -> list[str]:
    """Why intake cannot go on, as /readyz tells; empty when it can."""
    answer = SESSION.get(f"{world.url}/readyz", timeout=PATIENCE)
    state: dict[str, Any] = answer.json()
    assert answer.status_code == (200 if state["ready"] else 503)
    return [] if state["ready"] else state["reasons"]


TROUBLES: dict[str, tuple[Callable[[HurtRedis], None], str]] = {
    "full": (HurtRedis.fill_memory, "Redis is full (maxmemory)"),
    "no room on its disk": (HurtRedis.fill_disk, "Redis cannot write to its disk (MISCONF)"),
    "a replica": (HurtRedis.become_replica, "Redis is a replica and takes no writes"),
    "stalled": (HurtRedis.pause, "Redis does not answer"),
    "killed": (HurtRedis.kill, "Redis does not answer"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_while_redis_cannot_keep_nothing_is_taken_and_afterwards_all_goes_on(
    world: World, trouble: str
) -> None:
    redis = cast(HurtRedis, world.redis)
    hurt, why = TROUBLES[trouble]
    # A ticket is on its way when the trouble begins: its answer comes while it cannot be written down.
    slow = {"method": "POST", "path": "/tickets$", "effect": "drip", "seconds": 3, "times": 1}
    world.sandbox.post("faults", slow)
    assert bring(world, 0)[0] == 200
    world.until(world.tickets)
    hurt(redis)
    try:
        world.until(lambda: bring(world, 1)[0] == 503, "a refusal")  # a disk is full when it is
        took = [bring(world, number) for number in range(2, 5)]
        assert [code for code, _ in took] == [503] * 3
        assert world.until(lambda: reasons(world)) == [why]
        print(f"{trouble}: 503 after {max(seconds for _, seconds in took):.2f} s at most")
    finally:
        redis.mend()
    world.until(lambda: not reasons(world), "ready again")
    for number in range(1, 10):  # as every platform does, a little later
        assert bring(world, number)[0] == 200
    world.until(lambda: world.store.books()["meta"]["in_progress"] == 0, "the end", patience=60)
    bring_again(world)
    world.calm()
    check_all_there(world, 10)


@pytest.mark.slow
def test_while_redis_reads_its_data_in_nothing_is_taken(world: World) -> None:
    redis = cast(HurtRedis, world.redis)
    assert bring(world, 0)[0] == 200
    redis.load_slowly(4100, 500)
    redis.kill()
    seen: set[str] = set()

    def look() -> None:
        while (now := reasons(world)) or not seen:
            seen.update(now)
            time.sleep(0.05)

    looks = threading.Thread(target=look)
    looks.start()
    redis.start()  # returns when all is read; a server ends with the thread that started it
    looks.join()
    redis.mend()
    assert "Redis is reading its data in" in seen
    world.until(lambda: not reasons(world), "ready again")
    assert bring(world, 1)[0] == 200
    bring_again(world)
    world.calm()
    assert world.store.books()["meta"]["done"] == 2


def test_many_senders_are_all_answered_while_redis_is_stalled(world: World) -> None:
    """More at a time than the web has threads: none waits for the others' waiting."""
    took: list[tuple[int, float]] = []
    world.redis.pause()
    try:
        senders = [
            threading.Thread(target=lambda n=number: took.append(bring(world, n)))
            for number in range(40)
        ]
        for one in senders:
            one.start()
        for one in senders:
            one.join()
    finally:
        world.redis.resume()
    assert {code for code, _ in took} == {503}
    print(f"40 at once: all answered 503 after {max(seconds for _, seconds in took):.2f} s at most")
    world.until(lambda: not reasons(world), "ready again")
    for number in range(40):  # some of them were kept, and only the answer came too late
        assert bring(world, number)[0] == 200
    world.until(lambda: world.store.books()["meta"]["in_progress"] == 0, "the end", patience=60)
    bring_again(world)
    world.calm()
    assert len(world.tickets()) == PEOPLE
    said = "\n".join("\n".join(world.words(ticket)) for ticket in world.tickets())
    assert [number for number in range(40) if said.count(told(number)) != 1] == []
