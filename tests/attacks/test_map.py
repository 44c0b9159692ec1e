"""README.md names a test or a reason for each of the sixty attacks, and every test here belongs to a row."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROW = re.compile(r"^\| (A-[0-9]{2}|more) \| (.+?) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w./]+\.py)::(test_\w+)`")


def rows() -> dict[str, str]:
    """The last column of README.md's table, by number."""
    return {row[1]: row[3] for row in ROW.finditer((HERE / "README.md").read_text("utf-8"))}


def written(file: Path) -> dict[str, str]:
    """The tests of a file, methods of classes included, with their docstrings."""
    tree = ast.walk(ast.parse(file.read_text("utf-8")))
    found = [
        one for one in tree if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
    ]
    return {one.name: ast.get_docstring(one) or "" for one in found}


def attacks(docstring: str) -> set[str]:
    """The rows a test says it belongs to: `A-15 to A-19, A-21: ...`."""
    found = set()
    for first, last in re.findall(r"A-([0-9]{2})(?: to A-([0-9]{2}))?", docstring):
        found |= {f"A-{number:02}" for number in range(int(first), int(last or first) + 1)}
    return found or {"more"}


def test_every_attack_has_a_test_that_exists_or_a_reason() -> None:
    found = rows()
    assert set(found) == {*(f"A-{number:02}" for number in range(1, 61)), "more"}
    for number, cell in found.items():
        named = NAMED.findall(cell)
        told = NAMED.sub("", cell).strip(" ,;")
        assert named or told.endswith("."), f"{number} has neither a test nor a sentence"
        for file, name in named:
            assert name in written((HERE / file).resolve()), f"{number}: {file} has no {name}"


def test_every_test_here_says_which_attack_it_is_and_is_named_there() -> None:
    found = rows()
    for file in sorted(HERE.glob("test_*.py")):
        if file != Path(__file__):
            for name, docstring in written(file).items():
                assert docstring, f"{file.name}: {name} does not say which attack it is"
                for number in attacks(docstring):
                    assert f"`{file.name}::{name}`" in found[number], f"{name} is not in {number}"
