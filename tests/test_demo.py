"""`bridge demo`: its day ends as told, and what ends otherwise is not hidden."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridge import demo
from bridge.core.errors import TransientError
from bridge.demo import stage
from bridge.demo.day import DAY


def test_the_day_ends_as_told(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    played = subprocess.run(
        [sys.executable, "-m", "bridge", "demo", "--once"],
        env=environ, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    told = played.stdout + played.stderr
    assert played.returncode == 0, told
    assert "Everything ended as told" in told
    assert re.findall(r"^ ?(\d+)\. ", told, re.MULTILINE) == [
        str(number) for number in range(1, len(DAY) + 1)
    ]
    assert list(tmp_path.iterdir()) == []  # nothing of it is left


def nothing_happens(made: demo.Stage) -> str:
    return "Fine."


def otherwise(made: demo.Stage) -> str:
    raise demo.Otherwise("told: a ticket; there is none")


def out_of_reach(made: demo.Stage) -> str:
    raise TransientError("unreachable", "nobody answers")


@pytest.mark.parametrize(("ends", "told"), [(otherwise, "there is none"), (out_of_reach, "nobody answers")])  # fmt: skip
def test_a_scene_that_ends_otherwise_is_told_and_the_day_goes_on(
    monkeypatch: pytest.MonkeyPatch, ends: object, told: str
) -> None:
    monkeypatch.setattr(demo, "DAY", [("One", nothing_happens), ("Two", ends), ("Three", nothing_happens)])  # fmt: skip
    lines: list[str] = []
    made = demo.Stage(sandbox="", bridge="", token="", reviews="")
    assert demo.play(made, time.monotonic(), lines.append) is False
    assert any("OTHERWISE" in line and told in line for line in lines)
    assert lines[-2:] == [" 3. Three.", "    Fine."]


def test_a_day_that_ends_as_told_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DAY", [("One", nothing_happens)])
    lines: list[str] = []
    made = demo.Stage(sandbox="", bridge="", token="", reviews="")
    assert demo.play(made, time.monotonic(), lines.append) is True
    assert not any("OTHERWISE" in line for line in lines)


def test_what_does_not_happen_in_time_is_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "PATIENCE", 0.0)
    made = demo.Stage(sandbox="", bridge="", token="", reviews="")
    with pytest.raises(demo.Otherwise, match="told: a ticket; it did not happen"):
        made.until("a ticket", lambda: None)
