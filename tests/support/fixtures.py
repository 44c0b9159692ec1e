"""Fixtures every test may use; tests/conftest.py makes them known."""

from collections.abc import Iterator

import pytest
import redis
from support.redisbox import RedisBox


@pytest.fixture(scope="session")
def redisbox() -> Iterator[RedisBox]:
    """One real Redis for the whole run; take `redis_url` or `client` for an empty one."""
    with RedisBox() as box:
        yield box


@pytest.fixture
def redis_url(redisbox: RedisBox) -> str:
    """The address of a running, empty Redis."""
    if not redisbox.embedded.alive():
        redisbox.start()
    redisbox.flush()
    return redisbox.url


@pytest.fixture
def client(redis_url: str, redisbox: RedisBox) -> Iterator[redis.Redis]:
    """A client of a running, empty Redis."""
    with redisbox.client() as connection:
        yield connection
