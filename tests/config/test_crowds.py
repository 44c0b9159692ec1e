"""Crowds as they are written: what the page shows works, and is what it says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from support.mappings import ENVIRON, PROVIDERS

from bridge.config import load
from bridge.config.load import Config
from bridge.core.rules import Escalation

ROOT = Path(__file__).parents[2]
EXAMPLE = re.findall(
    r"```yaml\n(.*?)```", (ROOT / "docs" / "crowd.md").read_text("utf-8"), re.DOTALL
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(Path(__file__).parent / "good", tmp_path / "mappings"))


def read(folder: Path, text: str) -> Config:
    replies = (folder / "replies" / "en.yaml").read_text("utf-8")
    hold = re.findall(r"^([a-z_]+):", replies, re.MULTILINE)[0]
    rules = "rules: [{name: default, then: {ignore: nothing-to-do}}]\n" + text
    (folder / "rules.yaml").write_text(rules.replace("hold: holding", f"hold: {hold}"), "utf-8")
    return load(folder, ENVIRON, PROVIDERS)


def test_the_example_of_the_page_is_what_it_says(folder: Path) -> None:
    (example,) = EXAMPLE
    (crowd,) = read(folder, example).rules.crowds
    assert (crowd.name, crowd.per, crowd.over, crowd.at_least) == ("outage", "account", 900, 20)
    assert (crowd.times_usual, crowd.ends_after, crowd.quiet, crowd.notify) == (
        4,
        3600,
        True,
        ("pr",),
    )
    assert crowd.incident == Escalation(priority="urgent", tags=("crisis",))


def test_what_is_left_out_is_the_usual(folder: Path) -> None:
    text = "crowds: [{name: a, when: {kind: dm}, over: 5m, at_least: 2, then: {incident: {}}}]"
    config = read(folder, text)
    (crowd,) = config.rules.crowds
    assert (crowd.per, crowd.times_usual, crowd.hold, crowd.quiet) == (None, None, None, False)
    assert (crowd.ends_after, config.rules.caps.escalations_per_minute) == (3600, 60)


def test_without_crowds_there_are_none(folder: Path) -> None:
    assert read(folder, "").rules.crowds == ()
