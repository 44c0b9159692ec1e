"""One running bridge for the tests that do not hurt it; the others start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.world import World


@pytest.fixture(scope="package")
def running() -> Iterator[World]:
    with World(workers=2) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """A running bridge with empty books; the books must add up at the end of every test."""
    running.fresh()
    yield running
    assert running.balanced(), running.store.books()
