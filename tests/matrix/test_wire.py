"""The wire before Redis loses exactly what it was told to: else every cell of lost answers would prove nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from support.redisbox import RedisBox

from bridge.redisclient import client
from matrix.wire import Wire


@pytest.fixture
def box() -> Iterator[RedisBox]:
    with RedisBox() as one:
        yield one


@pytest.fixture
def wire(box: RedisBox) -> Iterator[Wire]:
    one = Wire(lambda: box.url)
    yield one
    one.close()


@pytest.mark.parametrize("done", [True, False])
def test_one_answer_is_lost_and_the_command_was_carried_out_or_not(
    box: RedisBox, wire: Wire, done: bool
) -> None:
    with client(wire.url) as near, box.client() as far:
        wire.lose("SET bridge:a", done=done)
        near.set("bridge:b:1", "kept")  # another command is none of its business
        assert wire.lost == 0
        with pytest.raises(redis.ConnectionError):
            near.set("bridge:a:1", "in doubt")
        assert wire.lost == 1
        assert far.get("bridge:a:1") == (b"in doubt" if done else None)
        near.set("bridge:a:2", "kept")  # once
        assert far.mget("bridge:a:2", "bridge:b:1") == [b"kept", b"kept"]
    assert {"SET bridge:a", "SET bridge:b"} <= wire.seen


def test_what_is_disarmed_loses_nothing(wire: Wire) -> None:
    with client(wire.url) as near:
        wire.lose("SET bridge:a", done=False)
        wire.disarm()
        assert near.set("bridge:a:1", "kept") is True
    assert wire.lost == 0


def test_answers_of_many_commands_pass_as_they_were(wire: Wire) -> None:
    with client(wire.url) as near:
        with near.pipeline(transaction=True) as pipe:
            for number in range(50):
                pipe.rpush("bridge:list", number)
            pipe.lrange("bridge:list", 0, -1)
            pipe.get("bridge:nothing")
            told = pipe.execute()
        assert told[-2:] == [[str(number).encode() for number in range(50)], None]
        assert near.hgetall("bridge:nothing") == {}
