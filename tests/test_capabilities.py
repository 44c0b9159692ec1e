"""docs/capabilities.md says what the adapters' records say, in units for people."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bridge.channels import CHANNELS
from bridge.helpdesks import HELPDESKS

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def capabilities() -> ModuleType:
    spec = importlib.util.spec_from_file_location("capabilities", DOCS / "capabilities.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_as_the_records_are(capabilities: ModuleType) -> None:
    stale = "docs/capabilities.md is out of date: run `make docs`"
    assert (DOCS / "capabilities.md").read_text("utf-8") == capabilities.page(), stale


def test_the_page_names_every_channel_and_helpdesk(capabilities: ModuleType) -> None:
    page = capabilities.page()
    assert [one.label for one in CHANNELS.values() if f"| {one.label} |" not in page] == []
    assert [name for name in HELPDESKS if f"helpdesks/{name}.md" not in page] == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "never"), (1, "1 second"), (90, "90 seconds"), (60, "1 minute"), (3600, "1 hour"),
        (5400, "90 minutes"), (86400, "24 hours"), (7 * 86400, "7 days"),
    ],
)  # fmt: skip
def test_durations_are_said_as_people_say_them(
    capabilities: ModuleType, seconds: float | None, said: str
) -> None:
    assert capabilities.span(seconds, "never") == said
