"""One running bridge to be attacked, with every kind of proof that a delivery can have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.wire import CONNECTIONS, SECRET
from support.world import World


@pytest.fixture(scope="package")
def standing() -> Iterator[World]:
    environ = {"ATTACK_SECRET": SECRET, "BRIDGE_LOG_LEVEL": "debug"}
    # The form's files are copied, so that what it names can be an attack.
    edits = {"sources/contact-form.yaml": {"# hosts: [files": "hosts: [files"}}
    with World(workers=1, environ=environ, connections=CONNECTIONS, edits=edits) as world:
        yield world


@pytest.fixture
def world(standing: World) -> Iterator[World]:
    """A running bridge with empty books, which is up and adds up after every attack."""
    standing.fresh()
    yield standing
    assert standing.web is not None
    assert standing.web.poll() is None
    assert all(worker.poll() is None for worker in standing.workers)
    assert standing.balanced(), standing.store.books()
