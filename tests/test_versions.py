"""Which rules are in force: one version for everybody, taken from files or published."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from bridge.config import load
from bridge.core.errors import ConfigError
from bridge.settings import Settings
from bridge.store import Orders, Store
from bridge.versions import Files, Versions, changed
from bridge.wiring import Bridge, providers

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LAST = "  - name: default\n    then: {ignore: nothing-to-do}\n"


def rules(word: str) -> str:
    rule = f"""rules:
  - name: wanted
    when: {{text: {{any_of: ["{word}"]}}}}
    then: {{escalate: {{priority: high}}}}
"""
    return rule + LAST


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    folder = tmp_path / "mappings"
    shutil.copytree(ROOT / "mappings", folder, ignore=shutil.ignore_patterns("connections*"))
    (folder / "rules.yaml").write_text(rules("first"))
    return folder


@pytest.fixture
def store(client: redis.Redis) -> Iterator[Store]:
    built = Store(client, keep=3600, keep_raw=600, clock=lambda: NOW)
    yield built
    built.close()


def process(store: Store, mappings: Path) -> Bridge:
    """As if a process had just started."""
    config = load(mappings, os.environ, providers(), strict=False)
    return Bridge(Settings(mappings=mappings), config, store, http=None)  # type: ignore[arg-type]


def saved(files: Files, path: Path, text: str) -> None:
    """Write a file, and look until it is read: files that have just changed may be half written."""
    path.write_text(text)
    assert files.look()
    assert not files.look()


def first_word(bridge: Bridge) -> Any:
    return bridge.config.files["rules.yaml"].split('["')[1].split('"]')[0]


def test_the_first_process_puts_its_files_in_force(store: Store, mappings: Path) -> None:
    bridge = process(store, mappings)
    Files(bridge).look()
    assert store.rules()["version"] == bridge.config.version
    assert store.rules()["origin"] == "files"
    Files(process(store, mappings)).look()  # another process, the same files
    assert store.rules()["n"] == "1"


def test_what_changes_in_the_files_is_in_force_in_every_process(
    store: Store, mappings: Path
) -> None:
    one, other = process(store, mappings), process(store, mappings)
    files, versions = Files(one), Versions(other)
    files.look()
    saved(files, mappings / "rules.yaml", rules("second time"))
    now = versions.of(store.rules()["version"], other)
    assert first_word(now) == "second time"
    assert versions.latest is now
    assert now.owner == other.owner  # its leases stay its leases
    assert versions.of(store.rules()["version"], other) is now


def test_files_that_are_being_written_are_read_when_they_are_whole(
    store: Store, mappings: Path
) -> None:
    bridge, rulebook = process(store, mappings), mappings / "rules.yaml"
    files = Files(bridge)
    files.look()
    whole = rules("second time")
    for part in (whole[: len(whole) // 2], whole[:-3] + "#"):
        rulebook.write_text(part)
        assert files.look()
        assert store.rules()["n"] == "1"
        assert store.alarms() == {}  # nobody is told of a mistake that nobody made
    saved(files, rulebook, whole)
    assert store.rules()["n"] == "2"
    assert store.alarms() == {}


def test_rules_that_are_cut_off_and_stay_so_are_never_in_force(
    store: Store, mappings: Path
) -> None:
    """However much is missing, the rule without conditions is, with which every file has to end."""
    bridge, whole = process(store, mappings), rules("first").splitlines(keepends=True)
    for lines in range(len(whole)):
        with pytest.raises(ConfigError):
            changed(bridge, {**bridge.config.files, "rules.yaml": "".join(whole[:lines])})
    assert changed(bridge, {**bridge.config.files, "rules.yaml": "".join(whole)})


def test_files_with_mistakes_change_nothing_and_raise_an_alarm(
    store: Store, mappings: Path
) -> None:
    files = Files(process(store, mappings))
    files.look()
    saved(files, mappings / "rules.yaml", "rules:\n  - name: wanted\n    wen: {}\n" + LAST)
    assert store.rules()["n"] == "1"
    told = store.alarms()["rules"]["text"]
    assert "rules.yaml:2: rules > wanted" in told
    assert "stay in force" in told
    saved(files, mappings / "rules.yaml", rules("mended"))
    assert store.alarms() == {}
    assert store.rules()["n"] == "2"


def test_what_was_published_stays_though_the_files_change(store: Store, mappings: Path) -> None:
    bridge = process(store, mappings)
    files = Files(bridge)
    files.look()
    other = changed(bridge, {**bridge.config.files, "rules.yaml": rules("published")})
    assert store.publish(other.version, other.files, "published", "ewa", "for the sale") == 2
    saved(files, mappings / "rules.yaml", rules("of the files"))
    assert store.rules()["version"] == other.version
    assert first_word(Versions(bridge).of(other.version, bridge)) == "published"
    # Until somebody says otherwise.
    assert store.publish("x", {}, "files", over=True) == 3
    assert [row["n"] for row in store.rules_history()] == [3, 2, 1]


def test_files_that_redis_has_lost_are_offered_again(store: Store, mappings: Path) -> None:
    bridge = process(store, mappings)
    files = Files(bridge)
    files.look()
    store.client.flushall()
    assert Versions(bridge).of(store.rules().get("version", ""), bridge) is bridge
    files.look()
    assert store.rules()["version"] == bridge.config.version


def test_a_process_that_cannot_read_a_version_goes_on_and_says_so(
    store: Store, mappings: Path
) -> None:
    bridge = process(store, mappings)
    store.publish("newer", {"rules.yaml": "rules: [{name: a, then: {sing: loudly}}]"}, "published")
    versions = Versions(bridge)
    assert versions.of("newer", bridge) is bridge
    assert "sing" in store.alarms()["rules"]["text"]
    assert versions.of("gone", bridge) is bridge
    assert "not kept" in store.alarms()["rules"]["text"]


def test_a_look_at_a_lane_names_the_version(store: Store) -> None:
    store.publish("abc", {}, "files")
    store.record("", "meta", [{"e": "a", "state": "in_progress", "lane": "in", "st": "r",
                               "room": {"v": "1"}, "f": {"k": "m", "doc": "{}"}}])  # fmt: skip
    assert store.claim("me", 0, 5)[1] == ["in:r"]
    turn = store.load("in:r", "me")
    assert turn is not None
    assert turn.version == "abc"
    _, turn = store.settle_and_look("me", Orders("in:r", "r"))
    assert turn is not None
    assert turn.version == "abc"


def test_a_hundred_versions_are_kept_with_their_files(store: Store) -> None:
    for number in range(103):
        store.publish(f"v{number % 102}", {"rules.yaml": str(number)}, "published")
    assert len(store.rules_history()) == 100
    assert store.rules_files("v1") is None  # left the history
    assert store.rules_files("v0") == {"rules.yaml": "102"}  # came again
    assert store.rules_files("v101") is not None


def test_what_is_connected_is_no_part_of_a_version(store: Store, mappings: Path) -> None:
    bridge = process(store, mappings)
    assert {"rules.yaml", "zendesk.yaml", "replies/en.yaml"} <= set(bridge.config.files)
    assert not any(
        name.startswith(("connections", "sources", "packs")) for name in bridge.config.files
    )
    with pytest.raises(ConfigError):
        changed(bridge, {"rules.yaml": "rules: 7"})
    other = changed(bridge, {**bridge.config.files, "rules.yaml": rules("other")})
    assert other.connections is bridge.config.connections
    assert other.version != bridge.config.version
