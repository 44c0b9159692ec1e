"""One running bridge for the stories that do not kill it; the others start their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.people import BOTH
from support.world import World

from bridge.sandbox import wires

STATUS = f'business_account: "{wires.WABA_ID}"'


@pytest.fixture(scope="package")
def running() -> Iterator[World]:
    patient = {**BOTH["connections.yaml"], STATUS: f"{STATUS}, status_seconds: 6"}
    with World(workers=3, edits={"connections.yaml": patient}) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """A running bridge with empty books; the books must add up at the end of every story."""
    running.fresh()
    yield running
    assert running.balanced(), running.store.books()
    assert running.sandbox.record("email_sent", by="bridge") == []
