"""Fixtures every test may use; tests/conftest.py makes them known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import redis
from support.redisbox import RedisBox
from support.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser


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


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox for the whole run; take `sandbox`, which is as at the start."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The fake platforms with the seeded scene, no faults, and nobody who takes webhooks."""
    nobody = {name: {"url": None} for name in ("meta", "telegram", "zendesk")}
    sandbox_process.post("connect", nobody)
    sandbox_process.post("reset")
    sandbox_process.delete("faults")
    return sandbox_process


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests of a process: a second beside it cannot be driven."""
    pytest.importorskip("playwright", reason="needs the Python package playwright")
    from support import page

    if page.chromium() is None:
        pytest.skip("needs Chromium: apt install chromium")
    with page.browser() as running:
        yield running
