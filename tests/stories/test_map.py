"""README.md names a test for every story, and every test here belongs to one."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
ROW = re.compile(r"^\| (\d+|reserve) \|.*$", re.MULTILINE)
NAMED = re.compile(r"`([\w./]+\.py)::(test_\w+)`")


def named() -> dict[str, set[tuple[Path, str]]]:
    """The tests in README.md by story: file and name."""
    found: dict[str, set[tuple[Path, str]]] = {}
    for row in ROW.finditer((HERE / "README.md").read_text("utf-8")):
        tests = {((HERE / file).resolve(), name) for file, name in NAMED.findall(row[0])}
        found.setdefault(row[1], set()).update(tests)
    return found


def written(file: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)\(", file.read_text("utf-8"), re.MULTILINE))


def test_every_story_has_a_test_that_exists() -> None:
    stories = named()
    assert set(stories) == {*map(str, range(1, 21)), "reserve"}
    for story, tests in stories.items():
        assert tests, f"story {story} has no test"
        for file, name in tests:
            assert name in written(file), f"story {story}: {file.name} has no {name}"


def test_every_test_here_tells_a_story_and_says_which() -> None:
    known = set.union(*named().values())
    for file in sorted(HERE.glob("test_*.py")):
        if file.name != Path(__file__).name:
            assert {(file, name) for name in written(file)} <= known
            assert file.read_text("utf-8").count('"""Stor') + file.read_text("utf-8").count(
                '"""Reserve list'
            ) >= len(written(file))
