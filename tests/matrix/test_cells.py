"""A cell tells what is wrong, a cell that met no trouble has proved nothing, and a run says so by its exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaos import points
from matrix import __main__ as whole
from matrix import commands, doubts, kills, rows
from matrix.cells import Cell, Result, ran, sample
from matrix.deeds import Deed
from matrix.scene import Scene

# --- one cell ------------------------------------------------------------------------------------------


class Stub(SimpleNamespace):
    """Stands where the running bridge would."""

    def __init__(self, folder: Path) -> None:
        points.prepare(folder)
        sandbox = SimpleNamespace(post=lambda *_: None, delete=lambda _: None)
        super().__init__(
            points=folder, deadline=1.0, sandbox=sandbox, wiped=0, rest=lambda: None,
            wire=SimpleNamespace(lost=0, lose=lambda name, *, done: None),
            fault=lambda *_, **__: None, kept=lambda: "what was said last",
        )  # fmt: skip

    def until(self, look: Callable[[], object], what: str) -> None:
        assert look(), what

    def wipe(self) -> None:
        self.wiped += 1


@pytest.fixture
def stub(tmp_path: Path) -> Stub:
    return Stub(tmp_path)


def met(scene: Stub, times: int) -> list[dict[str, Any]]:
    """What the deed of a cell runs into, so many times: a death, a fault, a lost answer."""
    for one in points.disarm(scene.points):
        for _ in range(times):
            (scene.points / "hit" / f"{one}@{len(points.hit(scene.points))}").touch()
    scene.wire.lost += times
    return [{"what": "fault"}] * times


def run(
    table: str, scene: Stub, patch: pytest.MonkeyPatch, *, troubles: int, wrong: list[str]
) -> list[str]:
    """What a cell of *table* tells whose deed meets so many *troubles* and leaves so much that is *wrong*."""
    record: list[dict[str, Any]] = []
    deed = Deed("a deed", lambda case: None, lambda case: record.extend(met(scene, troubles)))
    case = SimpleNamespace(wrong=lambda: list(wrong), record=lambda: record)
    for module in (kills, doubts, commands):
        patch.setattr(module, "Case", lambda *_: case)
    if table == "kill":
        patch.setitem(kills.DEEDS, "first", deed)
        return kills._run(cast(Scene, scene), "settle.after", "first")
    if table == "doubt":
        patch.setitem(doubts.ACTIONS, "create", (deed, doubts.ACTIONS["create"][1]))
        return doubts._run(cast(Scene, scene), "create", "Zendesk", "reset, done")
    part = SimpleNamespace(place="messenger", before=deed.before, do=deed.do)
    patch.setitem(cast("dict[str, Any]", commands.PARTS), "ticket", part)
    patch.setattr(commands, "_forget", lambda *_, **__: None)
    return commands._run(cast(Scene, scene), "ticket", "settle", True)


TABLES = pytest.mark.parametrize("table", ["kill", "doubt", "lost answer"])


@TABLES
def test_a_cell_tells_what_its_case_found_wrong(
    table: str, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(table, stub, monkeypatch, troubles=1, wrong=["2 tickets"]) == ["2 tickets"]
    assert run(table, stub, monkeypatch, troubles=1, wrong=[]) == []


@TABLES
def test_a_cell_that_met_no_trouble_has_proved_nothing(
    table: str, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AssertionError):
        run(table, stub, monkeypatch, troubles=0, wrong=[])


def test_who_died_twice_at_a_point_did_not_die_as_planned(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    (told,) = run("kill", stub, monkeypatch, troubles=2, wrong=[])
    assert "died at" in told


def cell(told: Callable[..., list[str]], row: str = "a row") -> Cell:
    return Cell("a table", row, "a column", told, ())


def refused(scene: Scene) -> list[str]:
    raise AssertionError("the ticket never came")


def test_a_cell_that_was_wrong_leaves_nothing_behind(stub: Stub) -> None:
    assert ran(cast(Scene, stub), cell(lambda scene: [])).wrong == ()
    assert stub.wiped == 0
    assert ran(cast(Scene, stub), cell(refused)).wrong == (
        "the ticket never came", "what was said last",
    )  # fmt: skip
    assert ran(cast(Scene, stub), cell(lambda scene: ["2 tickets"])).wrong[0] == "2 tickets"
    assert stub.wiped == 2


# --- the whole run -------------------------------------------------------------------------------------

ROW = rows.Row("F-01", "a fault", "a proof", (("core/test_a.py", "test_one"),), ("a table: a row",))
RIGHT, WRONG = (Result(cell(refused), told, 1.0) for told in ((), ("2 tickets",)))


@pytest.mark.parametrize(
    ("results", "test_is_right", "code"),
    [
        ([RIGHT], True, 0),
        ([RIGHT, WRONG], True, 1),
        ([RIGHT], False, 1),
        ([], True, 1),  # nothing was asked
    ],
)
def test_the_exit_code_tells_whether_a_cell_or_a_test_was_wrong(
    results: list[Result], test_is_right: bool, code: int, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["matrix"])
    monkeypatch.setattr(whole, "run", lambda cells, scale: results)
    monkeypatch.setattr(rows, "rows", lambda: [ROW])
    monkeypatch.setattr(rows, "run", lambda some: {ROW.tests[0]: rows.Ran(test_is_right, 1.0)})
    assert whole.main() == code
    assert ("WRONG" in capsys.readouterr().out) is (WRONG in results or not test_is_right)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nosuchcell"], "--list"),
        (["--sample", "0"], "--list"),
        (["--sample", "6", "nosuchcell"], "--list"),
        (["--scale", "0"], "--scale"),
    ],
)
def test_what_would_ask_nothing_is_said_and_not_begun(
    words: list[str], why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["matrix", *words])
    monkeypatch.setattr(whole, "run", lambda *_: pytest.fail("it was begun"))
    with pytest.raises(SystemExit) as ended:
        whole.main()
    assert ended.value.code == 2
    assert why in capsys.readouterr().err


def test_a_sample_larger_than_its_tables_is_all_of_them() -> None:
    some = [replace(cell(refused), table=of) for of in ("one", "one", "two")]
    assert len(sample(some, 100, 7)) == 3
    assert sample([], 6, 7) == []


CASES = """<testsuites><testsuite>
<testcase classname="tests.core.test_a" name="test_good" time="1.5"/>
<testcase classname="tests.core.test_a" name="test_many[bad]" time="1"><failure/></testcase>
<testcase classname="tests.core.test_a" name="test_many[good]" time="2"/>
<testcase classname="tests.core.test_a" name="test_broken" time="1"><error/></testcase>
<testcase classname="tests.core.test_a" name="test_left_out" time="0"><skipped/></testcase>
</testsuite></testsuites>"""


def test_a_test_is_right_when_all_its_parameters_ran_and_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "told.xml").write_text(CASES)
    read = rows._read(tmp_path / "told.xml")
    assert {name: one.right for (_, name), one in read.items()} == {
        "test_good": True, "test_many": False, "test_broken": False, "test_left_out": False,
    }  # fmt: skip
    assert read["core/test_a.py", "test_many"].seconds == 3.0
    monkeypatch.setattr(rows.subprocess, "run", lambda *_, **__: None)  # it told nothing
    assert rows.run([ROW]) == {ROW.tests[0]: rows.Ran(right=False, seconds=0.0)}
