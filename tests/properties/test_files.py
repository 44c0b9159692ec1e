"""Whatever an operator writes into a file: a configuration, or sentences that say where it is wrong."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.many import many
from support.mappings import ENVIRON, PROVIDERS
from support.odd import JUNK, places, put

from bridge.config import load
from bridge.core.errors import ConfigError
from bridge.core.mistakes import Mistake
from bridge.core.paths import LARGEST, path
from bridge.core.untrusted import Broken

GOOD = Path(__file__).parents[1] / "config" / "good"
FILES = sorted(str(one.relative_to(GOOD)) for one in GOOD.rglob("*.yaml"))
SECRETS = [value for value in ENVIRON.values() if len(value) > 6]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(GOOD, tmp_path_factory.mktemp("files") / "mappings"))


def _value(rng: random.Random, text: str) -> str:
    """A value taken out, or something else in its place."""
    value = yaml.safe_load(text)
    for _ in range(rng.choice((1, 1, 2))):
        if spots := places(value):
            put(value, rng.choice(spots), rng.choice(JUNK))
    return yaml.safe_dump(value, allow_unicode=True, sort_keys=False)


def _line(rng: random.Random, text: str) -> str:
    """A line lost, doubled, indented differently, or cut off."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    lines[at : at + 1] = rng.choice(
        (
            [],
            [lines[at]] * 2,
            ["  " + lines[at]],
            [lines[at][1:]],
            [lines[at][: len(lines[at]) // 2]],
        )
    )
    return "\n".join(lines)


def _character(rng: random.Random, text: str) -> str:
    """A slip of the finger."""
    at = rng.randrange(len(text))
    return text[:at] + rng.choice("\t:-'\"{}[]&*!|>%@`#,\x00\u2028 é0") + text[at + 1 :]


SLIPS: tuple[Callable[[random.Random, str], str], ...] = (_value, _line, _character)


@many(70)
@given(name=st.sampled_from(FILES), slip=st.sampled_from(SLIPS), seed=st.integers(0, 10**9))
def test_a_slip_in_a_file_is_told_with_its_file_and_line(
    folder: Path, name: str, slip: Callable[[random.Random, str], str], seed: int
) -> None:
    good = (GOOD / name).read_text("utf-8")
    file = folder / name
    file.write_text(slip(random.Random(seed), good), "utf-8")
    try:
        load(folder, ENVIRON, PROVIDERS)
    except ConfigError as error:
        problems = error.problems
    else:
        problems = []
    finally:
        file.write_text(good, "utf-8")
    assert all(problem.startswith(str(folder)) for problem in problems), problems
    assert not [value for value in SECRETS if value in "\n".join(problems)]


# --- expressions ---------------------------------------------------------------------------------------

PIECES = (
    "a", "b.c", "items", "[*]", "[0]", "[]", "[?a=='x']", "{a: a, b: b}", "[a, b]", "@", "&a", "|", ".", "*",
    "to_string(", "join(', ', ", "sort_by(", "length(", "map(&a, ", "not_null(", "max_by(", "merge(", "a", ")", ", ", "`1`", "'x'", "!", "==", "<", "||", "&&",
)  # fmt: skip
EXPRESSIONS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join) | st.text(
    max_size=12
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "c", "items"]), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@many(200)
@given(text=EXPRESSIONS, value=VALUES)
def test_an_expression_is_refused_or_gives_something_of_a_bounded_size(
    text: str, value: Any
) -> None:
    try:
        found = path(text).of(value)
    except (Mistake, Broken):
        return
    # Its own literals count beside what it is given; the rest is quotes and brackets.
    assert len(repr(found)) <= LARGEST * (len(repr(value)) + len(text) + 20)
