"""`bridge` itself: what it says to somebody who does not know it."""

from __future__ import annotations

from typing import Any

import pytest

from bridge import __version__
from bridge.cli import COMMANDS


def test_alone_it_lists_its_commands(bare: Any) -> None:
    code, out, err = bare.run()
    assert (code, out) == (2, "")
    assert [name for name in COMMANDS if name not in err] == []


@pytest.mark.parametrize(
    "words", [("nonsense",), ("up", "--nonsense"), ("why",), ("why", "a", "b")]
)
def test_what_it_does_not_understand_is_a_sentence_and_exit_2(bare: Any, words: tuple[str]) -> None:
    code, out, err = bare.run(*words)
    assert (code, out) == (2, "")
    assert "error: " in err
    assert "Traceback" not in err


def test_it_says_its_version(bare: Any) -> None:
    assert bare.run("--version")[:2] == (0, f"bridge {__version__}\n")
