"""What kills five workers is put aside with its reason, and everything else goes on; a pause outlives everything."""

from __future__ import annotations

import pytest
from support.bring import bring_again
from support.people import watch
from support.world import World

from bridge.cli.pause import FOR_EVER


def die_quickly(world: World) -> None:
    """Start a worker again that has died, and let nobody wait for its leases to run out."""
    for worker in [one for one in world.workers if one.poll() is not None]:
        world.workers.remove(worker)
        with world.redis.client() as client:
            for key in client.scan_iter("bridge:lease:*"):
                client.delete(key)
                lane = key.decode().removeprefix("bridge:lease:")
                client.zadd("bridge:due", {lane: 0}, xx=True)
            client.delete("bridge:reading")
    watch(world, 1)


@pytest.mark.slow
def test_what_kills_five_workers_is_put_aside_and_a_retry_does_it_once() -> None:
    with World(workers=0) as world:
        world.program = "support.poisoned"
        world.comment("Tom", "My VENOM is broken")
        world.message("messenger", "Ana", "My POISON is broken")
        world.message("messenger", "Ana", "And my order too is broken")
        world.comment("Ola", "My cup is broken")

        def over() -> bool:
            die_quickly(world)
            row = world.store.books().get("meta", {})
            # Ana's two messages may come in any order: the harmless one is done before or after.
            return (row.get("done"), row.get("dead")) == (2, 2)

        world.until(over, "two dead, and the others done", patience=300)
        world.calm()
        letters = {world.store.event(eid)["reason"]: eid for eid in world.store.dead()}
        assert set(letters) == {"reading it failed 5 times", "5 workers died of it"}
        cup, order = (world.opened(f"{what} is broken") for what in ("My cup", "And my order too"))
        assert sorted(world.tickets()) == sorted((cup, order))

        world.kill_workers()
        world.program = "bridge"  # the cause is mended
        world.start_worker()
        for eid in letters.values():
            assert world.store.revive(eid, "retry")
        assert world.opened("My POISON is broken") == order
        venom = world.opened("My VENOM is broken")
        world.calm()
        assert sorted(world.tickets()) == sorted((cup, order, venom))
        assert world.store.books()["meta"] == {
            "received": 4, "done": 4, "duplicates": 0, "ignored": 0, "parked": 0, "dead": 0,
            "in_progress": 0,
        }  # fmt: skip
        event = letters["5 workers died of it"]
        assert world.store.event(event)["state"] == "done"  # the retry kept its id


def test_a_pause_outlives_workers_and_redis_and_loses_nothing(world: World) -> None:
    world.store.trouble("meta", "paused", FOR_EVER, "meta is paused")
    world.comment("Ana", "My order is broken")
    world.until(lambda: world.store.books().get("meta", {}).get("parked") == 1, "parked")
    world.redis.restart()
    world.until(lambda: world.store.down("meta").get("why") == "paused")
    world.comment("Tom", "My cup is broken")
    bring_again(world)
    world.until(lambda: world.store.books()["meta"]["parked"] == 2, "parked as well")
    assert world.tickets() == []
    world.store.resume("meta")
    numbers = {world.opened("My order is broken"), world.opened("My cup is broken")}
    world.calm()
    assert sorted(world.tickets()) == sorted(numbers)
    assert world.store.books()["meta"]["done"] == 2
