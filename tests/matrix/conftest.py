"""One running bridge for the tests of this folder, hurt on purpose, and at rest between two of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from matrix.scene import Scene


@pytest.fixture(scope="package")
def running() -> Iterator[Scene]:
    with Scene() as scene:
        yield scene


@pytest.fixture
def scene(running: Scene) -> Iterator[Scene]:
    """Nothing of one test is the next one's trouble."""
    yield running
    running.sandbox.delete("faults")
    if running.unsettled():
        running.wipe()
