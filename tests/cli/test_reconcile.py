"""`bridge reconcile`: what nobody told is read back when somebody asks."""

from __future__ import annotations

import re
from typing import Any

import pytest


def test_it_says_for_each_connection_what_it_asked_and_found(town: Any) -> None:
    code, out, err = town.run("reconcile")
    assert (code, err) == (0, "")
    assert "meta: 6 calls, " in out
    assert "zendesk: 1 call, " in out
    assert "none that nobody had told us of" in out
    assert "telegram: cannot be asked" in out


def test_one_connection_is_read_alone_and_machines_may_read_it(town: Any) -> None:
    told = town.json("reconcile", "zendesk", "--since", "3h")
    assert set(told) == {"zendesk"}
    assert told["zendesk"]["calls"] == 1
    assert told["zendesk"]["errors"] == []
    status = town.json("status")["reconcile"]
    assert status["zendesk"]["calls"] == 1
    assert "meta" not in status
    assert re.search(
        r"^zendesk: read back \d+ seconds? ago with 1 call:", town.run("status")[1], re.M
    )


def test_what_cannot_be_asked_ends_with_1_and_says_why(town: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("META_PAGE_TOKEN", "another-token")
    code, out, err = town.run("reconcile", "meta")
    assert (code, "none that nobody had told us of" in out) == (1, False)
    assert "the access token is refused" in err
    assert "another-token" not in err


def test_a_name_that_is_none_is_a_mistake_with_advice(town: Any) -> None:
    code, _, err = town.run("reconcile", "zendsk")
    assert code == 2
    assert "did you mean 'zendesk'" in err


@pytest.mark.parametrize("length", ["0h", "-1d", "169h", "24", "a"])
def test_a_length_that_is_none_or_too_long_is_a_mistake(town: Any, length: str) -> None:
    assert town.run("reconcile", f"--since={length}")[0] == 2
