"""What an earlier release left behind in Redis is gone on with: `stored/v<N>.json` is a real one's journal.

Three messages lie in it: one that nobody has read, one that waits in its lane, and one whose ticket was being opened
by a worker that died. When the form of a stored value changes, VERSION grows and another file is added; the files of
VERSION and of the one before must pass.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis
from support.bring import bring_again, told
from support.world import World

from bridge.core.stored import VERSION

STORED = Path(__file__).with_name("stored")
READABLE = [version for version in (VERSION - 1, VERSION) if version > 0]


def put_back(client: redis.Redis, version: int) -> None:
    """All that the file of *version* holds, at once."""
    keys = json.loads((STORED / f"v{version}.json").read_text("utf-8"))["keys"]
    with client.pipeline() as pipe:
        for name, one in keys.items():
            value = one["value"]
            match one["type"]:
                case "string":
                    pipe.set(name, value)
                case "hash":
                    pipe.hset(name, mapping=value)
                case "list":
                    pipe.rpush(name, *value)
                case "zset":
                    pipe.zadd(name, value)
        pipe.execute()


@pytest.mark.parametrize("version", READABLE)
def test_what_a_release_before_stored_is_worked_off(world: World, version: int) -> None:
    with world.redis.client() as client:
        put_back(client, version)
    world.until(lambda: world.store.books()["meta"]["done"] == 3, "all three")
    bring_again(world)
    world.calm()
    tickets = world.tickets()
    assert len(tickets) == 3
    words = ["\n".join(world.words(ticket)) for ticket in tickets]
    assert sorted(words) == sorted(told(number) for number in range(3))


def test_every_version_that_we_promise_to_read_has_its_file() -> None:
    for version in READABLE:
        stored = json.loads((STORED / f"v{version}.json").read_text("utf-8"))
        assert stored["version"] == version
        written = [
            one["value"].get("v") for one in stored["keys"].values() if one["type"] == "hash"
        ]
        assert str(version) in written
