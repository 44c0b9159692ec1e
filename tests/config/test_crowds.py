"""Crowds as they are written: what the page shows works, and is what it says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from support.mappings import ENVIRON, PROVIDERS

from bridge.config import load
from bridge.config.load import Config
from bridge.core.errors import ConfigError
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
    (crowd,) = read(folder, EXAMPLE[0]).rules.crowds
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
    rules = read(folder, "").rules
    assert (rules.crowds, rules.overflow, rules.lookouts) == ((), None, ())


def test_what_is_beyond_the_cap_is_a_crowd_of_all_who_want_a_ticket(folder: Path) -> None:
    rules = read(folder, EXAMPLE[1]).rules
    crowd = rules.overflow
    assert crowd is not None
    assert rules.lookouts == (crowd,)
    assert (crowd.name, crowd.over, crowd.at_least, crowd.ends_after) == ("overflow", 60, 61, 600)
    assert (crowd.incident.priority, crowd.notify, bool(crowd.hold)) == ("urgent", ("pr",), True)
    assert rules.caps.escalations_per_minute == 60


def test_the_holding_text_of_the_overflow_must_be_there(folder: Path) -> None:
    text = "limits: {overflow: {incident: {}, hold: nowhere}}"
    with pytest.raises(
        ConfigError, match="limits > overflow > hold: the reply 'nowhere' is missing"
    ):
        read(folder, text)
