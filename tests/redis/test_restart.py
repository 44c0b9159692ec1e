"""A rolling restart under load: every process ends by itself, hands over what it has, and nothing is lost."""

from __future__ import annotations

import subprocess
import threading

import pytest
from support.bring import PEOPLE, bring_again, bring_until_taken, check_all_there
from support.world import World

GRACE = 20  # seconds; what the supervisor and most platforms give
COUNT, FEW = 60, 12


def ends(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, as whoever deploys would."""
    process.terminate()
    assert process.wait(GRACE) == 0


def test_processes_replaced_one_by_one_under_load_lose_nothing(world: World) -> None:
    # The helpdesk takes its time, so that there is always something in hand.
    slow = {"system": "freshdesk", "effect": "delay", "seconds": 0.4, "times": None}
    world.sandbox.post("faults", slow)
    sent = []

    def load() -> None:
        for number in range(COUNT):
            bring_until_taken(world, number)
            sent.append(number)

    sender = threading.Thread(target=load)
    sender.start()
    try:
        world.until(lambda: len(sent) > PEOPLE)
        for old in list(world.workers):
            world.start_worker()
            ends(old)
            world.workers.remove(old)
            with world.redis.client() as client:
                held = [client.get(key) or b"" for key in client.scan_iter("bridge:lease:*")]
                assert not any(one.startswith(f"{old.pid}-".encode()) for one in held)
        assert world.web is not None
        web = world.web
        world.start_web()  # the next one is there before the last one goes
        ends(web)
        assert web.stdout is not None
        web.stdout.close()
    finally:
        sender.join()
        world.sandbox.delete("faults")
    assert sent == list(range(COUNT))
    world.until(lambda: world.store.books()["meta"]["done"] == COUNT, "all of it", patience=60)
    bring_again(world)
    world.calm()
    check_all_there(world, COUNT)


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_a_worker_that_is_told_to_end_while_redis_is_away_ends(world: World, state: str) -> None:
    """RQ alone would wait 25 seconds for each of the commands that follow a job: 62 in all."""
    world.sandbox.post(
        "faults", {"system": "freshdesk", "effect": "delay", "seconds": 0.5, "times": None}
    )
    world.until(lambda: len(world.store.workers()) >= 2, "both workers at work")
    before = set(world.store.workers())
    extra = world.start_worker()
    world.until(lambda: set(world.store.workers()) - before, "a third worker at work")
    third = f"rq:worker:{(set(world.store.workers()) - before).pop()}"
    if state == "busy":
        for number in range(FEW):
            bring_until_taken(world, number)
    world.until(lambda: world.store.client.hget(third, "state") == state.encode(), state)
    world.redis.pause()
    try:
        ends(extra)
    finally:
        world.redis.resume()
        world.workers.remove(extra)
    if state == "busy":
        bring_again(world)
        world.calm()
        check_all_there(world, FEW)
