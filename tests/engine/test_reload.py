"""Other rules while everything runs: from the files, and published; in all processes at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from support.command import run
from support.world import World

LAST = "  - name: default\n    then: {ignore: nothing-to-do}\n"


def rules(word: str, name: str = "wanted") -> str:
    return (
        f'rules:\n  - name: {name}\n    when: {{text: {{any_of: ["{word}"]}}}}\n'
        f"    then: {{escalate: {{priority: high}}}}\n{LAST}"
    )


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with World(workers=2, rules=rules("rocket")) as world:
        yield world


@pytest.fixture
def world(running: World) -> World:
    running.fresh()
    return running


def file(world: World) -> Path:
    return Path(world.environ["BRIDGE_MAPPINGS"]) / "rules.yaml"


def ready(world: World) -> dict[str, Any]:
    told: dict[str, Any] = requests.get(f"{world.url}/readyz", timeout=20).json()
    return told


def command(world: World, *words: str) -> str:
    """What `bridge rules` says, where it does what it is asked for."""
    code, out, err = run(world.environ, "rules", *words)
    assert code == 0, err
    return out


def version(world: World) -> str:
    return str((ready(world)["rules"] or {}).get("version"))


def saved(world: World, text: str) -> None:
    """Write the rules' file, and wait until it is in force."""
    before = version(world)
    file(world).write_text(text, "utf-8")
    world.until(lambda: version(world) != before, "other rules in force")


def decided(world: World, words: str) -> str | None:
    """Say *words*, and return the rule that decided on them."""
    said = world.comment("Ana", words)
    found: list[dict[str, Any]] = []

    def seen() -> bool:
        rows = (one for one in world.bridge.decisions() if one["external_id"] == said)
        found[:] = [one for one in rows if one["state"] in ("done", "ignored")]
        return bool(found)

    world.until(seen, "the decision")
    rule = found[0]["rule"]
    return None if rule is None else str(rule)


def test_a_changed_file_is_in_force_without_a_restart_in_every_worker(world: World) -> None:
    world.until(lambda: ready(world)["rules"]["n"], "rules in force")
    assert decided(world, "a rocket 0") == "wanted"
    saved(world, rules("teapot", "changed"))
    # Whichever worker takes it: from now on nobody decides by the old ones.
    told = {decided(world, f"a teapot {number}") for number in range(8)}
    assert told == {"changed"}
    assert decided(world, "a rocket 1") == "default"
    saved(world, rules("rocket"))


def test_a_file_with_mistakes_changes_nothing_and_everybody_hears_of_it(world: World) -> None:
    world.until(lambda: ready(world)["rules"]["n"], "rules in force")
    before = version(world)
    file(world).write_text(rules("rocket") + "nonsense: 1\n", "utf-8")
    world.until(lambda: "rules" in world.store.alarms(), "the alarm")
    # The other worker may have read the file just before, and say that all is well once more.
    world.until(lambda: any("rules.yaml" in one for one in ready(world)["reasons"]), "the reason")
    assert ready(world)["ready"]
    assert version(world) == before
    assert decided(world, "a rocket 2") == "wanted"
    file(world).write_text(rules("rocket"), "utf-8")
    world.until(lambda: "rules" not in world.store.alarms(), "the end of the alarm")


def test_sighup_reads_files_whose_time_did_not_change(world: World) -> None:
    world.until(lambda: ready(world)["rules"]["n"], "rules in force")
    about = file(world).stat()
    file(world).write_text(rules("rackat"), "utf-8")  # as long as before
    os.utime(file(world), ns=(about.st_atime_ns, about.st_mtime_ns))
    assert file(world).stat().st_size == about.st_size
    for worker in world.workers:
        worker.send_signal(signal.SIGHUP)
    world.until(lambda: decided(world, "a rackat") == "wanted", "the new rules")
    saved(world, rules("rocket"))


def test_published_rules_are_in_force_at_once_until_the_files_are_again(
    world: World, tmp_path: Path
) -> None:
    world.until(lambda: ready(world)["rules"]["n"], "rules in force")
    draft = tmp_path / "draft.yaml"
    draft.write_text(rules("umbrella", "rainy"), "utf-8")
    told = command(world, "publish", str(draft), "--note", "rain", "--author", "Ewa")
    assert "in force in all processes" in told
    assert {decided(world, f"an umbrella {number}") for number in range(6)} == {"rainy"}
    assert ready(world)["rules"]["origin"] == "published"
    assert "published by Ewa" in command(world, "show")
    command(world, "files")
    assert decided(world, "an umbrella 9") == "default"
    assert decided(world, "a rocket 3") == "wanted"
    command(world, "rollback", "2")
    assert decided(world, "an umbrella 10") == "rainy"
    assert "back to version 2" in command(world, "history")
    command(world, "files")


def test_receipts_name_the_rules_that_were_in_force(world: World) -> None:
    world.until(lambda: ready(world)["rules"]["n"], "rules in force")
    said = world.comment("Ana", "a rocket 4")
    world.opened("a rocket 4")
    saved(world, rules("rocket", "other"))
    more = world.comment("Tom", "a rocket 5")
    world.opened("a rocket 5")
    world.calm()
    by = {one["external_id"]: one["rules_hash"] for one in world.bridge.decisions()}
    assert by[said] != by[more]
    saved(world, rules("rocket"))
