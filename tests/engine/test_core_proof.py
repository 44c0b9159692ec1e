"""Nothing lost, nothing twice, in order: the core of it, by breaking real processes.

The full breaking is a suite of its own; these are the cases that everything else stands on.
"""

from __future__ import annotations

import time

import pytest
import requests
from support.world import World

SESSION = requests.Session()
SESSION.trust_env = False


def test_two_messages_within_200_ms_on_three_workers_are_one_ticket_in_order() -> None:
    with World(workers=3) as world:
        for number in range(5):
            world.message("messenger", f"Person {number}", f"{number}: it is broken")
            time.sleep(0.05)
            world.message("messenger", f"Person {number}", f"{number}: and I am sad")
        for number in range(5):
            ticket = world.opened(f"{number}: it is broken")
            assert world.opened(f"{number}: and I am sad") == ticket
            together = "\n".join(world.words(ticket))
            assert together.index("it is broken") < together.index("and I am sad")
        world.calm()
        assert len(world.tickets()) == 5
        assert world.balanced()


def test_a_worker_killed_between_sent_and_recorded_makes_no_second_ticket() -> None:
    with World(workers=1) as world:
        # The ticket is there, its answer only drips in: this is when the worker dies.
        world.fault("zendesk", method="POST", path="/tickets$", effect="drip", seconds=6, times=1)
        world.comment("Ana", "My order is broken")
        world.until(world.tickets)
        world.kill_workers()
        assert len(world.tickets()) == 1
        began = time.monotonic()
        world.start_worker()
        world.until(lambda: world.store.books()["meta"]["done"] == 1, patience=40)
        world.calm()
        assert len(world.tickets()) == 1
        assert world.words(world.tickets()[0]) == ["My order is broken"]
        assert world.balanced()
        print(f"worked on again {time.monotonic() - began:.1f} s after the kill")


def test_a_worker_killed_while_it_speaks_says_nothing_twice() -> None:
    with World(workers=1) as world:
        world.comment("Ana", "My order is broken")
        number = world.opened("My order is broken")
        world.calm()
        world.fault("meta", method="POST", path="/comments$", effect="drip", seconds=6, times=1)
        world.answer(number, "We are sorry.")
        world.until(world.spoken)
        world.kill_workers()
        world.start_worker()
        world.until(lambda: world.store.books()["zendesk"]["in_progress"] == 0, patience=60)
        world.calm()
        assert [one["text"] for one in world.spoken()] == ["We are sorry."]
        assert world.balanced()


def test_redis_stopped_and_started_loses_nothing() -> None:
    with World(workers=2) as world:
        world.comment("Ana", "Before: it is broken")
        world.opened("Before: it is broken")
        world.calm()
        world.redis.kill()
        refused = SESSION.post(
            f"{world.url}/hooks/meta",
            data=b"{}",
            headers={"content-type": "application/json"},
            timeout=20,
        )
        assert refused.status_code == 401  # who is not authentic learns nothing else
        answer = world.sandbox.post("hooks/raw", {"system": "meta", "body": "{}", "sign": True})
        assert answer["statuses"] == [503]
        world.comment("Tom", "Meanwhile: it is broken")  # the platform tries again later
        world.redis.start()
        world.until(lambda: SESSION.get(f"{world.url}/readyz", timeout=20).ok, "ready again")
        world.sandbox.post("clock", {"advance": 600})
        world.comment("Ola", "After: it is broken")
        for text in ("Meanwhile: it is broken", "After: it is broken"):
            world.opened(text)
        world.calm()
        assert len(world.tickets()) == 3
        assert world.balanced()


@pytest.mark.parametrize("what", ["queue", "indexes"])
def test_a_deleted_queue_is_brought_back_by_the_sweep(what: str) -> None:
    with World(workers=0) as world:
        for number in range(10):
            world.message("telegram", f"Person {number}", f"{number}: it is broken")
        with world.redis.client() as client:
            world.until(lambda: client.zcard("bridge:ingest") == 10)
            client.delete("rq:queue:bridge")
            for key in client.scan_iter("rq:job:*"):
                client.delete(key)
            if what == "indexes":
                client.delete("bridge:ingest", "bridge:due")
        world.start_worker()
        for number in range(10):
            world.opened(f"{number}: it is broken")
        world.calm()
        assert len(world.tickets()) == 10
        assert world.balanced()
