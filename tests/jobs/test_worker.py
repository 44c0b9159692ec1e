"""How a worker process ends."""

import logging

import pytest
from redis.exceptions import ConnectionError, OutOfMemoryError, TimeoutError
from rq import SimpleWorker

from bridge.jobs.worker import work


class Ends(SimpleWorker):
    """A worker whose work ends as told."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def work(self, **_: object) -> bool:
        if self.error:
            raise self.error
        return True


@pytest.mark.parametrize(
    "error", [ConnectionError("refused"), TimeoutError("late"), OutOfMemoryError("full")]
)
def test_a_worker_without_redis_ends_with_a_sentence(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert work(Ends(error)) == 1
    (told,) = caplog.records
    assert "Redis went away" in told.getMessage()
    assert told.exc_info is None


def test_a_worker_that_was_told_to_stop_ends_well() -> None:
    assert work(Ends(None)) == 0


def test_a_mistake_of_ours_is_not_taken_for_redis() -> None:
    with pytest.raises(ZeroDivisionError):
        work(Ends(ZeroDivisionError()))
