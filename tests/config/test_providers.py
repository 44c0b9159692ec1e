"""Which connection types there are: every planned one is built, or refused as not in this release."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.channels import SOURCES
from bridge.config import Providers, load
from bridge.config.providers import LATER
from bridge.core.errors import ConfigError
from bridge.helpdesks import HELPDESKS

PROVIDERS = Providers.of(SOURCES, HELPDESKS)
BUILT = ("meta", "telegram", "generic", "zendesk", "freshdesk")
PLANNED = (
    "x", "tiktok", "linkedin", "line", "viber", "discord", "youtube", "bluesky", "mastodon",
    "reddit", "google_reviews", "trustpilot", "hootsuite", "sprout_social", "brand24", "mention",
    "brandwatch", "manychat", "chatfuel", "buffer",
)  # fmt: skip


def told_of(type_: str, folder: Path) -> list[str]:
    """What is wrong with a connection that says no more than its type."""
    (folder / "connections.yaml").write_text(f"connections:\n  here:\n    type: {type_}\n")
    with pytest.raises(ConfigError) as caught:
        load(folder, {}, PROVIDERS)
    return [one for one in caught.value.problems if "connections > here" in one]


@pytest.mark.parametrize("type_", PLANNED)
def test_a_planned_type_is_refused_as_not_in_this_release(type_: str, tmp_path: Path) -> None:
    (told,) = told_of(type_, tmp_path)
    assert f"'{type_}' is not in this release; it has meta, telegram, generic" in told


@pytest.mark.parametrize("type_", BUILT)
def test_a_type_that_is_built_is_asked_for_what_it_needs(type_: str, tmp_path: Path) -> None:
    told = told_of(type_, tmp_path)
    assert told
    assert not [one for one in told if "not in this release" in one or "is not one of" in one]


def test_a_type_nobody_planned_is_no_promise(tmp_path: Path) -> None:
    (told,) = told_of("myspace", tmp_path)
    assert "'myspace' is not one of meta, telegram, generic" in told


def test_nothing_built_is_promised_for_later() -> None:
    assert {*PROVIDERS.sources, *PROVIDERS.helpdesks} == {*BUILT}
    assert {*PLANNED} == LATER
    assert not LATER & {*BUILT, *PROVIDERS.channels}
