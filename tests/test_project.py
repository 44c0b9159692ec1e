"""What everyone relies on: dependencies have a reason and a pin, files name no machine of ours."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUN = PROJECT["dependencies"]
DEV = PROJECT["optional-dependencies"]["dev"]
LOCKS = ("requirements-build.lock", "requirements.lock", "requirements-dev.lock")


def plain(requirement: str) -> str:
    """The name in a requirement, as registries compare it."""
    name = re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, tuple[str, int]]:
    """`{name: (version, number of hashes)}` of a lock file; ValueError for a line that pins nothing."""
    found = {}
    whole = re.sub(r"\\\n", " ", "\n".join(line for line in text.splitlines() if "# " not in line))
    for line in filter(str.strip, whole.splitlines()):
        pin = re.match(
            r"([\w.-]+)==(\S+)(?: ; [^-]+)?((?:\s+--hash=sha256:[0-9a-f]{64})*)\s*\Z", line
        )
        if pin is None:
            raise ValueError(line)
        found[plain(pin[1])] = (pin[2], pin[3].count("--hash"))
    return found


def lock(name: str) -> dict[str, tuple[str, int]]:
    return pins((ROOT / name).read_text())


# --- dependencies -----------------------------------------------------------------------------------


@pytest.mark.parametrize("requirement", [*RUN, *DEV])
def test_every_dependency_has_its_line_in_the_docs(requirement: str) -> None:
    table = (ROOT / "docs" / "dependencies.md").read_text()
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    reasons = {
        plain(name.strip()): row[2].strip() for row in rows for name in row[1].strip().split(",")
    }
    assert reasons.get(plain(requirement))


def test_every_line_in_the_docs_is_a_dependency() -> None:
    table = (ROOT / "docs" / "dependencies.md").read_text()
    rows = re.findall(r"^\| (\w[\w, -]*) \|", table, re.MULTILINE)
    told = {plain(name.strip()) for row in rows for name in row.split(",")} - {"name"}
    assert told - {plain(requirement) for requirement in (*RUN, *DEV)} == set()


@pytest.mark.parametrize("requirement", RUN)
def test_every_dependency_to_run_is_pinned_with_its_hashes(requirement: str) -> None:
    assert lock("requirements.lock")[plain(requirement)][1] > 0


@pytest.mark.parametrize("requirement", DEV)
def test_every_dependency_to_develop_is_pinned_with_its_hashes(requirement: str) -> None:
    assert lock("requirements-dev.lock")[plain(requirement)][1] > 0


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_everything_in_it_with_hashes(name: str) -> None:
    assert [pin for pin, (_, hashes) in lock(name).items() if hashes == 0] == []


def test_the_build_tool_is_pinned_too() -> None:
    assert "setuptools" in lock("requirements-build.lock")


def test_what_runs_in_tests_is_what_runs() -> None:
    run, dev = lock("requirements.lock"), lock("requirements-dev.lock")
    assert {name: pin for name, pin in run.items() if dev.get(name) != pin} == {}


@pytest.mark.parametrize(
    "line",
    [
        "flask>=3",
        "flask",
        "-e .",
        "--index-url https://example.com/simple",
        "flask==3.1.3 --hash=md5:1",
    ],
)
def test_a_line_that_pins_nothing_is_noticed(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(line.split()[0])):
        pins(line)


# --- files ---------------------------------------------------------------------------------------------

# Put together here, so that this file does not name them itself.
FORBIDDEN = {
    "a path of somebody's machine": re.compile(
        r"(?<![\w/.{}-])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "tmp/" + "venv", "home/" + r"\w+")) + r")(?=[/\s'\"`)]|\Z)"
    ),
    "a registry's host": re.compile(
        r"\b(?:" + "|".join(("py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.(?:org|com)", "deb" + r"ian\.org", r"proxy\.go" + r"lang")) + r")\b"
    ),
    "a to-do without its reason": re.compile(r"\bTO" + r"DO\b(?!: (?:\S+ ){4,})"),
}  # fmt: skip


def tracked() -> Iterator[tuple[Path, str]]:
    """Every text file that git tracks, with its text."""
    try:
        told = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no checkout, or git is missing")
    for name in filter(None, told.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_has_it(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1}"
        for path, text in tracked()
        for hit in FORBIDDEN[what].finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text", "forbidden"),
    [
        ("a path of somebody's machine", "see /wo" + "rk/main", True),
        ("a path of somebody's machine", "'/ro" + "ot'", True),
        ("a path of somebody's machine", "web/worker and https://example.com/work/1", False),
        ("a registry's host", "https://py" + "pi.org/simple", True),
        ("a registry's host", "developer.zendesk.com", False),
        ("a to-do without its reason", "# TO" + "DO", True),
        ("a to-do without its reason", "# TO" + "DO: later", True),
        ("a to-do without its reason", "# TO" + "DO: read stories too; nobody sends them yet", False),
    ],
)  # fmt: skip
def test_the_search_knows_what_it_looks_for(what: str, text: str, forbidden: bool) -> None:
    assert bool(FORBIDDEN[what].search(text)) is forbidden


def test_the_page_for_builders_names_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    pages = [(ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md", ".ci/run")]
    named = set(re.findall(r"\bmake (?:--[a-z-]+ )*([a-z]+)\b", "\n".join(pages)))
    assert {"demo", "test", "check", "bench"} <= targets
    assert {name for name in named if name not in targets} <= {"for", "without"}


def test_ci_runs_from_a_fresh_clone() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
