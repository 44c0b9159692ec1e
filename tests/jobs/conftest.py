"""One lane in a real Redis, for the tests of what a worker does with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from support.lane import House


@pytest.fixture
def house(client: redis.Redis) -> Iterator[House]:
    built = House(client)
    yield built
    built.leases.stop()
    built.store.close()
