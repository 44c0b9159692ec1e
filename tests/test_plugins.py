"""A plug-in that reads moods: taken by its name, and never trusted to be well-behaved."""

from __future__ import annotations

import logging
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from bridge import plugins
from bridge.core.errors import ConfigError
from bridge.core.sentiment import Felt


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the plug-in `ours` answers; tests write it in."""
    answers: dict[str, Any] = {}

    class Ours(EntryPoint):
        def load(self) -> Any:
            if "broken" in answers:
                raise ImportError("no module named torch")
            return lambda text, language: answers["told"](text, language)

    def found(*, group: str) -> list[EntryPoint]:
        assert group == plugins.GROUP
        return [Ours(name="ours", group=group, value="a.b:c")]

    monkeypatch.setattr(plugins, "entry_points", found)
    plugins.scorer.cache_clear()
    yield answers
    plugins.scorer.cache_clear()


def test_no_name_is_no_plug_in() -> None:
    assert plugins.scorer("") is None


def test_a_plug_in_is_asked_with_text_and_language(installed: dict[str, Any]) -> None:
    installed["told"] = lambda text, language: -0.754 if (text, language) == ("hi", "en") else None
    ask = plugins.scorer("ours")
    assert ask is not None
    assert ask("hi", "en") == Felt(-0.75, "ours", True)
    assert ask("hi", None) is None


@pytest.mark.parametrize(("told", "kept"), [(7, 1.0), (-3.0, -1.0), (0, 0.0)])
def test_a_score_stays_within_its_scale(
    installed: dict[str, Any], told: float, kept: float
) -> None:
    installed["told"] = lambda *_: told
    found = plugins.scorer("ours")("x", None)  # type: ignore[misc]
    assert found is not None
    assert found.score == kept


@pytest.mark.parametrize("told", ["good", True, float("nan"), [1]])
def test_what_is_no_number_is_unknown_and_logged(
    installed: dict[str, Any], told: Any, caplog: pytest.LogCaptureFixture
) -> None:
    installed["told"] = lambda *_: told
    assert plugins.scorer("ours")("secret words", None) is None  # type: ignore[misc]
    assert "ours told no number" in caplog.text


def test_a_plug_in_that_breaks_tells_nothing_and_the_words_stay_out_of_the_log(
    installed: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    installed["told"] = lambda text, _: {}[text]
    with caplog.at_level(logging.ERROR):
        assert plugins.scorer("ours")("secret words", None) is None  # type: ignore[misc]
    assert "ours failed: KeyError" in caplog.text
    assert "secret" not in caplog.text


def test_a_name_nobody_brings_is_refused_with_those_that_are_there(
    installed: dict[str, Any],
) -> None:
    with pytest.raises(ConfigError, match=r"BRIDGE_SENTIMENT.*did you mean 'ours'"):
        plugins.scorer("our")


def test_one_that_cannot_be_loaded_is_refused_with_its_reason(installed: dict[str, Any]) -> None:
    installed["broken"] = True
    with pytest.raises(ConfigError, match="ImportError: no module named torch"):
        plugins.scorer("ours")
