"""The rows of docs/faults.md: what can break, and the tests and cells that prove it does no harm."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from matrix import ROOT

PAGE: Final = ROOT / "docs" / "faults.md"
ROW: Final = re.compile(r"^\| (F-\d\d) \| (.+?) \| (.+) \|$", re.MULTILINE)
TEST: Final = re.compile(r"`([\w./]+\.py)::(test_\w+)`")
CELL: Final = re.compile(r"`matrix ([^`]+)`")
WHY_NOT: Final = re.compile(r"^No test(?: of its own)?: \S")
LAST: Final = 71


@dataclass(frozen=True, slots=True)
class Row:
    """`tests` are files under tests/ and names; `cells` are what the names of cells begin with."""

    name: str
    fault: str
    proof: str
    tests: tuple[tuple[str, str], ...]
    cells: tuple[str, ...]


def rows() -> list[Row]:
    return [
        Row(name, fault, proof, tuple(TEST.findall(proof)), tuple(CELL.findall(proof)))
        for name, fault, proof in ROW.findall(PAGE.read_text("utf-8"))
    ]


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of one test, with all its parameters."""

    right: bool
    seconds: float


def run(some: Iterable[Row]) -> dict[tuple[str, str], Ran]:
    """Run each test that the rows name, once; a test that did not run was not right."""
    wanted = sorted({one for row in some for one in row.tests})
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider",
                   "--numprocesses", "2", "--dist", "loadfile", f"--junitxml={told}",
                   *(f"tests/{file}::{name}" for file, name in wanted)]  # fmt: skip
        subprocess.run(command, cwd=ROOT, check=False)
        found = _read(told) if told.exists() else {}
    return {one: found.get(one, Ran(right=False, seconds=0.0)) for one in wanted}


def _read(told: Path) -> dict[tuple[str, str], Ran]:
    found: dict[tuple[str, str], Ran] = {}
    for case in ElementTree.parse(told).iter("testcase"):
        module = case.get("classname", "").removeprefix("tests.").replace(".", "/")
        name = case.get("name", "").partition("[")[0]
        bad = any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
        known = found.get((f"{module}.py", name), Ran(right=True, seconds=0.0))
        seconds = known.seconds + float(case.get("time", "0"))
        found[f"{module}.py", name] = Ran(known.right and not bad, seconds)
    return found
