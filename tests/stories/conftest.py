"""One running bridge for all stories: who kills a part of it finds it whole again in the next one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.people import BOTH, watch
from support.world import World

from bridge.sandbox import wires

WORKERS = 3
STATUS = f'business_account: "{wires.WABA_ID}"'


@pytest.fixture(scope="package")
def running() -> Iterator[World]:
    patient = {**BOTH["connections.yaml"], STATUS: f"{STATUS}, status_seconds: 6"}
    with World(workers=WORKERS, edits={"connections.yaml": patient}) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """A running bridge with empty books; the books must add up at the end of every story."""
    watch(running, WORKERS)
    running.fresh()
    yield running
    assert running.balanced(), running.store.books()
    assert running.sandbox.record("email_sent", by="bridge") == []
