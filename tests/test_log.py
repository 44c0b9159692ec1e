"""What a log line may hold, and what it may not."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from gunicorn.config import Config

from bridge.core.errors import TransientError
from bridge.log import JsonLines, Plain, configure, trouble
from bridge.web.serve import Told

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


# --- as it is set up


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Gives what stands on stderr; the logging of the test run is put back afterwards."""
    before = logging.root.handlers[:], logging.root.level
    yield lambda: capsys.readouterr().err
    logging.root.handlers[:], logging.root.level = before


@pytest.mark.parametrize("terminal", [True, False])
def test_a_line_goes_to_stderr_in_the_shape_that_fits(
    said: Callable[[], str], terminal: bool
) -> None:
    configure("INFO", terminal=terminal)
    logging.getLogger("x").warning("said %s", FORGED, extra={"event": 7, "name_": "ż"})
    (line,) = said().splitlines()
    assert line.startswith("{") is not terminal
    assert ("event=7" if terminal else '"event": 7') in line
    assert ("ż" in line) is terminal


@pytest.mark.parametrize("terminal", [True, False])
def test_errors_carry_their_trace(said: Callable[[], str], terminal: bool) -> None:
    configure("INFO", terminal=terminal)
    words = "-".join(("what", "a", "customer", "wrote"))
    try:
        raise ValueError(words)
    except ValueError:
        logging.getLogger("x").exception("it failed")
    told = said()
    assert "it failed" in told
    assert "in test_errors_carry_their_trace" in told
    assert "ValueError" in told
    assert words not in told


def test_what_is_below_the_level_is_not_said(said: Callable[[], str]) -> None:
    configure("WARNING", terminal=False)
    logging.getLogger("x").info("quiet")
    assert said() == ""


def test_what_the_server_says_has_the_shape_of_all_the_rest(said: Callable[[], str]) -> None:
    configure("INFO", terminal=False)
    server = logging.getLogger("gunicorn.error")
    before = (server.handlers[:], server.propagate, server.level)
    try:
        Told(Config()).error("a process was sent %s\nforged", "SIGKILL")
        told = json.loads(said())
        assert (told["level"], told["message"]) == ("error", "a process was sent SIGKILL\nforged")
    finally:
        server.handlers[:], server.propagate, _ = before
        server.setLevel(before[2])
