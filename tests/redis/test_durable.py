"""With BRIDGE_FSYNC=always, whatever was answered 200 is there after Redis was killed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from support.bring import bring, told
from support.hurt import HurtRedis
from support.world import World

BURST = 120


def test_what_was_answered_survives_the_kill_of_redis_and_nothing_else_was_answered() -> None:
    redis = HurtRedis(fsync="always")
    with World(workers=0, redis=redis) as world:
        taken: set[int] = set()
        for first in range(0, 3 * BURST, BURST):

            def send(number: int, fatal: int = first + BURST // 3) -> int:
                if number == fatal:
                    redis.kill()
                return bring(world, number)[0]

            with ThreadPoolExecutor(8) as senders:
                codes = list(senders.map(send, range(first, first + BURST)))
            redis.start()
            assert set(codes) == {200, 503}
            taken |= {number for number, code in enumerate(codes, first) if code == 200}
            with redis.client() as client:
                bodies = [
                    client.hget(key, "b") for key in client.scan_iter("bridge:d:*", count=1000)
                ]
                assert client.zcard("bridge:ingest") == len(bodies)
            kept = [number for number in range(first + BURST)
                    if any(told(number).encode() in body for body in bodies)]  # fmt: skip
            assert len(kept) == len(bodies)  # each once
            assert taken <= set(kept)
            # Some were kept whose answer was lost with the server: their sender brings them again.
            assert len(kept) <= len(taken) + 8 * (1 + first // BURST)


def test_without_room_on_its_disk_it_ends_and_what_was_answered_is_there_when_there_is_room() -> (
    None
):
    """A Redis that must write before it answers, and cannot, ends: whoever keeps it starts it again."""
    redis = HurtRedis(fsync="always")
    with World(workers=0, redis=redis) as world:
        assert bring(world, 0)[0] == 200
        redis.fill_disk()
        world.until(lambda: bring(world, 1)[0] == 503, "a refusal")
        world.until(lambda: not redis.embedded.alive(), "its end")
        assert bring(world, 2)[0] == 503
        redis.mend()
        with redis.client() as client:
            assert 1 <= client.zcard("bridge:ingest") <= 2
        world.until(lambda: bring(world, 2)[0] == 200, "taken")
