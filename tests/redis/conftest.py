"""One running bridge whose Redis is hurt in every way, and mended again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.hurt import HurtRedis
from support.world import World


@pytest.fixture(scope="package")
def running() -> Iterator[World]:
    with World(workers=2, redis=HurtRedis()) as world:
        world.until(lambda: len(world.store.workers()) == 2, "both workers at work")
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """Empty books before; afterwards they add up, and nobody had to start a worker again."""
    running.fresh()
    yield running
    assert [one.poll() for one in running.workers] == [None, None]
    assert running.balanced(), running.store.books()
