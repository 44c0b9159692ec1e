"""One running bridge to be attacked, with every kind of proof that a delivery can have."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

import pytest
from support import wire
from support.wire import CONNECTIONS, SECRET
from support.world import World


@pytest.fixture(scope="package")
def standing() -> Iterator[World]:
    environ = {"ATTACK_SECRET": SECRET, "BRIDGE_LOG_LEVEL": "debug"}
    # The form's files are copied, so that what it names can be an attack.
    edits = {"sources/contact-form.yaml": {"# hosts: [files": "hosts: [files"}}
    with World(workers=1, environ=environ, connections=CONNECTIONS, edits=edits) as world:
        yield world


strangers = (f"127.1.{high}.{low}" for high, low in itertools.product(range(256), range(1, 255)))


@pytest.fixture
def world(standing: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A running bridge with empty books, which is up and adds up after every attack.

    Each attack comes from an address of its own: wrong tokens are counted by address for a minute, and one test's
    would refuse the next one's right token. (Only Linux answers to all of 127.0.0.0/8.)
    """
    standing.fresh()
    if sys.platform == "linux":
        monkeypatch.setattr(wire, "caller", next(strangers))
    yield standing
    assert standing.web is not None
    assert standing.web.poll() is None
    assert all(worker.poll() is None for worker in standing.workers)
    assert standing.balanced(), standing.store.books()
