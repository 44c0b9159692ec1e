"""A worker process works until it is told to stop, whatever Redis does."""

from __future__ import annotations

import logging
import threading
from types import SimpleNamespace
from typing import cast

import pytest
import redis
from rq import SimpleWorker
from rq.exceptions import StopRequested

from bridge.core.errors import TransientError
from bridge.jobs import worker
from bridge.jobs.worker import NotOfRedis, work
from bridge.wiring import Bridge


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "AGAIN", 0)
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)


class Hired:
    """One after the other works as told: an error is raised, None comes back; the last one is told to stop."""

    def __init__(self, *fates: Exception | None) -> None:
        self.fates = list(fates)
        self.stopping = threading.Event()

    def __call__(self) -> SimpleWorker:
        return self  # type: ignore[return-value]

    def work(self, **_: object) -> bool:
        if not self.fates:
            self.stopping.set()
            return True
        if fate := self.fates.pop(0):
            raise fate
        return False


def usable() -> None:
    """Redis takes what it is given."""


@pytest.mark.parametrize(
    "fate",
    [
        redis.ConnectionError("refused"),
        redis.TimeoutError("late"),
        redis.OutOfMemoryError("full"),
        redis.ReadOnlyError("a replica"),
        redis.ResponseError("MISCONF errors writing to the AOF file"),
        None,  # RQ's loop swallows most errors, and ends
    ],
    ids=lambda fate: type(fate).__name__,
)
def test_a_loop_that_redis_ended_is_begun_again(fate: Exception | None) -> None:
    hired = Hired(fate, fate)
    work(hired, usable, hired.stopping)
    assert hired.fates == []


def test_a_redis_that_stays_away_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    full, gone = (TransientError("redis_away", why) for why in ("full", "gone"))
    answers = [full, full, full, gone, gone, None]
    hired = Hired()

    def asked() -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    with caplog.at_level("INFO", logger="bridge.jobs.worker"):
        work(hired, asked, hired.stopping)
    assert [one.getMessage().rpartition(" ")[2] for one in caplog.records] == ["full", "gone"]


def test_nobody_signs_on_before_redis_takes_something() -> None:
    answers = [TransientError("redis_away", "Redis is full (maxmemory)"), None]
    hired = Hired()

    def asked() -> None:
        if (answer := answers.pop(0)) is not None:
            assert not hired.stopping.is_set()
            raise answer

    work(hired, asked, hired.stopping)
    assert answers == []


def test_told_to_stop_it_ends_though_redis_is_away() -> None:
    hired = Hired(redis.ConnectionError("refused"))

    def never() -> None:
        hired.stopping.set()
        raise TransientError("redis_away")

    work(hired, never, hired.stopping)
    assert len(hired.fates) == 1


def test_told_to_stop_while_it_waits_for_work_it_ends() -> None:
    hired = Hired(StopRequested(), None)
    work(hired, usable, hired.stopping)
    assert len(hired.fates) == 1


def test_a_mistake_of_ours_is_not_taken_for_redis() -> None:
    hired = Hired(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        work(hired, usable, hired.stopping)


def record(*args: object, raised: Exception | None = None) -> logging.LogRecord:
    told = (type(raised), raised, None) if raised else None
    return logging.LogRecord("rq.worker", logging.ERROR, "", 1, "%s %s", args, told)


def test_of_rqs_log_only_what_is_about_redis_is_left_out() -> None:
    away = redis.ConnectionError("refused")
    assert not NotOfRedis().filter(record("x", away))
    assert not NotOfRedis().filter(record("x", raised=away))
    assert NotOfRedis().filter(record("x", raised=ValueError("a bug")))
    assert NotOfRedis().filter(record("x", "y"))


class Full:
    """A journal without room for a while, which a sweep that has nothing to do does not see."""

    def __init__(self) -> None:
        full = TransientError("redis_away", "full")
        self.sweeps, self.writes = [full, None, None], [full, full, None]
        self.swept = threading.Event()

    def sweep(self) -> None:
        self._next(self.sweeps)
        if not self.sweeps:
            self.swept.set()

    def writable(self) -> None:
        self._next(self.writes)

    def _next(self, fates: list[TransientError | None]) -> None:
        if (fate := fates.pop(0)) is not None:
            raise fate


def test_the_work_rests_until_something_can_be_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "SWEEP", 0)
    store = Full()
    sweep = worker.Sweep(cast(Bridge, SimpleNamespace(store=store)))
    sweep.ended = store.swept
    sweep.run()
    told = [one.getMessage() for one in caplog.records]
    assert told == ["the work rests: full", "the work goes on"]
    assert store.writes == []
