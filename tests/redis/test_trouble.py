"""Whatever befalls Redis: 503 in time, the reason at /readyz, and afterwards nothing lost and nothing twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
import requests
from support.hurt import HurtRedis
from support.people import on_whatsapp, text_on_whatsapp
from support.platforms import proof
from support.world import World

from bridge.sandbox import wires

SESSION = requests.Session()
SESSION.trust_env = False
MESSENGER = (
    5  # seconds after which Messenger gives up; nobody but LINE (2) and LinkedIn (3) is quicker
)
PEOPLE = 4


def deliver(world: World, number: int) -> tuple[int, float]:
    """One message of one of a few people: the answer, and the seconds it took."""
    person = f"9990001112{number % PEOPLE}"
    entry = on_whatsapp(text_on_whatsapp(f"t{number}", told(number), person), person=person)
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    headers = {"content-type": "application/json", **proof("meta", body, secret=wires.APP_SECRET)}
    began = time.monotonic()
    answer = SESSION.post(
        f"{world.url}/hooks/meta", data=body, headers=headers, timeout=4 * MESSENGER
    )
    if answer.status_code == 503:
        assert answer.headers["Retry-After"] == "5"
        assert answer.json()["error"] == "cannot_keep"
    return answer.status_code, time.monotonic() - began


def told(number: int) -> str:
    return f"Number {number} is broken."


def reasons(world: World) -> list[str]:
    """Why intake cannot go on, as /readyz tells; empty when it can."""
    answer = SESSION.get(f"{world.url}/readyz", timeout=4 * MESSENGER)
    state: dict[str, Any] = answer.json()
    assert answer.status_code == (200 if state["ready"] else 503)
    return [] if state["ready"] else state["reasons"]


def bring_again(world: World) -> None:
    """Let the platforms' and helpdesks' own webhooks come that were refused: Freshdesk waits half an hour."""
    world.sandbox.post("clock", {"advance": 3600})


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
    assert deliver(world, 0)[0] == 200
    world.until(world.tickets)
    hurt(redis)
    try:
        world.until(lambda: deliver(world, 1)[0] == 503, "a refusal")  # a disk is full when it is
        took = [deliver(world, number) for number in range(2, 5)]
        assert [code for code, _ in took] == [503] * 3
        assert world.until(lambda: reasons(world)) == [why]
        print(f"{trouble}: 503 after {max(seconds for _, seconds in took):.2f} s at most")
    finally:
        redis.mend()
    world.until(lambda: not reasons(world), "ready again")
    for number in range(1, 10):  # as every platform does, a little later
        assert deliver(world, number)[0] == 200
    world.until(lambda: world.store.books()["meta"]["in_progress"] == 0, "the end", patience=60)
    bring_again(world)
    world.calm()
    assert len(world.tickets()) == PEOPLE
    said = "\n".join("\n".join(world.words(ticket)) for ticket in world.tickets())
    assert [number for number in range(10) if said.count(told(number)) != 1] == []
    for person in range(PEOPLE):
        places = [said.index(told(number)) for number in range(person, 10, PEOPLE)]
        assert places == sorted(places)


def test_while_redis_reads_its_data_in_nothing_is_taken(world: World) -> None:
    redis = cast(HurtRedis, world.redis)
    assert deliver(world, 0)[0] == 200
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
    assert deliver(world, 1)[0] == 200
    bring_again(world)
    world.calm()
    assert world.store.books()["meta"]["done"] == 2


def test_many_senders_are_all_answered_while_redis_is_stalled(world: World) -> None:
    """More at a time than the web has threads: none waits for the others' waiting."""
    took: list[tuple[int, float]] = []
    world.redis.pause()
    try:
        senders = [
            threading.Thread(target=lambda n=number: took.append(deliver(world, n)))
            for number in range(60)
        ]
        for one in senders:
            one.start()
        for one in senders:
            one.join()
    finally:
        world.redis.resume()
    assert {code for code, _ in took} == {503}
    print(f"60 at once: all answered 503 after {max(seconds for _, seconds in took):.2f} s at most")
    world.until(lambda: not reasons(world), "ready again")
