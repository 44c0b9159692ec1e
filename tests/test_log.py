"""What a log line may hold, and what it may not."""

from __future__ import annotations

import json
import logging

import pytest

from bridge.core.errors import TransientError
from bridge.log import JsonLines, Plain, trouble

FORGED = 'x\n{"level": "error", "message": "all is lost"}\r\x1b[2J\x85\u2028'


def record(message: str, error: BaseException | None = None, **extra: object) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("bridge.t", logging.ERROR, "f.py", 1, message, (), info)  # type: ignore[arg-type]
    vars(made).update(extra)
    return made


def raised(error: BaseException) -> BaseException:
    try:
        try:
            raise KeyError("the words of Ana Nowak")
        except KeyError:
            raise error from None
    except BaseException as caught:
        return caught


@pytest.mark.parametrize("shape", [JsonLines(), Plain()])
def test_a_value_forges_no_line_and_steers_no_terminal(shape: logging.Formatter) -> None:
    written = shape.format(record(f"told {FORGED}", delivery=FORGED))
    assert len(written.splitlines()) == 1
    assert written.isprintable()


@pytest.mark.parametrize("shape", [JsonLines(), Plain()])
def test_a_mistake_of_ours_is_told_without_what_it_was_given(shape: logging.Formatter) -> None:
    written = shape.format(record("broken", raised(ValueError(f"not an id: {FORGED} EAAtoken"))))
    assert "ValueError" in written
    assert "test_log.py" in written, "where it happened"
    assert not any(word in written for word in ("EAAtoken", "all is lost", "Ana", "\x1b"))


def test_what_is_about_our_code_is_told() -> None:
    assert trouble(raised(TypeError("drain() takes 0 positional arguments"))).endswith(
        "TypeError: drain() takes 0 positional arguments"
    )
    assert trouble(raised(TransientError("redis_away", "Redis does not answer"))).endswith(
        "TransientError: redis_away: Redis does not answer"
    )


def test_what_an_error_came_of_is_told_too_and_a_ring_of_them_ends() -> None:
    first, second = ValueError("a"), OSError("b")
    first.__cause__, second.__cause__ = second, first
    assert trouble(first) == "ValueError\nwhich came of\nOSError"


def test_json_lines_are_read_back_as_they_were() -> None:
    (line,) = JsonLines().format(record(FORGED, ticket=7)).splitlines()
    assert json.loads(line)["message"] == FORGED
    assert json.loads(line)["ticket"] == 7
