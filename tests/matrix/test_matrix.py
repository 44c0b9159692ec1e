"""`make matrix`: nothing is left out of it, and a seeded sample of its cells is right."""

from __future__ import annotations

import os
import re

import pytest

from bridge.channels import CHANNELS
from bridge.helpdesks import HELPDESKS
from bridge.store.scripts import SCRIPTS
from chaos.points import POINTS
from matrix import ROOT, commands, doubts, kills, rows
from matrix.__main__ import every
from matrix.cells import ran, sample, seed_of
from matrix.named import written
from matrix.scene import Scene
from matrix.wire import name_of

SAMPLE = int(os.environ.get("MATRIX_SAMPLE", "6"))
# Parts of the flow that take seconds, or that must begin at rest: a command that is theirs alone has its cell there.
PATIENT = (
    "outage", "slow helpdesk", "limit", "answer in WhatsApp", "status in Freshdesk",
    "colleagues", "summary", "incident", "absence", "silence", "forgotten ticket",
    "echo before its answer", "turn lost", "under way", "between two lists",
    "erasing", "request to be erased",
)  # fmt: skip


# --- the rows ------------------------------------------------------------------------------------------


def test_every_row_is_there_once() -> None:
    assert [row.name for row in rows.rows()] == [f"F-{n:02}" for n in range(1, rows.LAST + 1)]


@pytest.mark.parametrize("row", rows.rows(), ids=lambda row: row.name)
def test_a_row_names_tests_and_cells_that_exist_or_says_why_not(row: rows.Row) -> None:
    assert row.tests or row.cells or rows.WHY_NOT.match(row.proof), row.proof
    for file, name in row.tests:
        text = (ROOT / "tests" / file).read_text("utf-8")
        assert re.search(rf"^def {name}\(", text, re.MULTILINE), f"{file} has no {name}"
    cells = [str(cell) for cell in every()]
    for start in row.cells:
        assert any(cell.startswith(start) for cell in cells), f"no cell begins with {start!r}"


# --- nothing is left out -------------------------------------------------------------------------------


def test_every_named_point_has_its_cells() -> None:
    assert {cell.row for cell in kills.cells()} == set(POINTS)


def test_every_script_of_the_journal_has_its_entry() -> None:
    assert set(SCRIPTS) <= commands.known()


def test_every_command_that_the_code_names_has_its_entry() -> None:
    """Also where no part of the flow comes by, so that MONITOR never shows it."""
    assert {"HSET bridge:notices", "GET bridge:gap", "SET bridge:probe"} <= written()
    assert written() - commands.known() == set()


def test_every_helpdesk_and_every_channel_that_speaks_is_brought_into_doubt() -> None:
    written = {system.lower() for action in ("create", "comment", "status")
               for system in doubts.ACTIONS[action][1]}  # fmt: skip
    assert written == set(HELPDESKS)
    spoken = {
        place.partition("-")[0]
        for action in ("public reply", "message")
        for place, *_ in doubts.ACTIONS[action][1].values()
    }
    assert spoken == {name for name, one in CHANNELS.items() if one.public or one.private}


def test_every_cell_has_a_name_of_its_own() -> None:
    names = [str(cell) for cell in every()]
    assert len(names) == len(set(names))


def test_the_same_seed_is_the_same_sample() -> None:
    cells = every()
    assert sample(cells, 8, 7) == sample(cells, 8, 7)
    assert sample(cells, 8, 7) != sample(cells, 8, 8)
    assert {cell.table for cell in sample(cells, 8, 7)} == {cell.table for cell in cells}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([b"hset", b"bridge:alarms", b"a", b"1"], "HSET bridge:alarms"),
        ([b"SET", b"bridge:token:zendesk", b"x", b"PX", b"9"], "SET bridge:token"),
        ([b"EVALSHA", b"ab12", b"0"], "settle"),
        ([b"CLIENT", b"SETINFO", b"LIB-NAME", b"x"], "CLIENT SETINFO"),
        ([b"SCAN", b"0", b"MATCH", b"bridge:e:*"], "SCAN bridge:e"),
        ([b"MULTI"], "MULTI"),
        ([b"MGET", b"bridge:join:1", b"bridge:sent:2"], "MGET"),
        ([b"\xff"], "\ufffd"),
    ],
)
def test_a_command_is_called_by_what_it_does_and_to_what(words: list[bytes], name: str) -> None:
    assert name_of(words, {"ab12": "settle"}) == name


# --- on real processes ---------------------------------------------------------------------------------


def test_every_command_that_the_code_issues_has_its_entry(scene: Scene) -> None:
    """F-19: found by MONITOR, and nothing goes around the wire on which answers are lost."""
    monitored, passed = commands.found(scene, without=PATIENT)
    assert (monitored | passed) - commands.known() == set()
    assert monitored - passed == set()
    assert len(monitored) > 50


def test_a_sample_of_the_cells_is_right(scene: Scene) -> None:
    """Another one: MATRIX_SEED=..., a larger one: MATRIX_SAMPLE=...; all of them: `make matrix`."""
    seed = seed_of()
    print(f"MATRIX_SEED={seed}")
    results = [ran(scene, cell) for cell in sample(every(), SAMPLE, seed)]
    for one in results:
        print(f"{one.seconds:5.1f} s  {one.cell}")
    wrong = [(str(one.cell), *one.wrong) for one in results if one.wrong]
    assert wrong == [], f"MATRIX_SEED={seed}"
