"""One line to Redis for all threads: quick, and never out of step with its answers."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator

import pytest
import redis
from support.redisbox import RedisBox

from bridge.redisclient import Line, away, client, fit

ECHO = "return ARGV[1]"
COUNT = "return redis.call('INCR', 'count')"


def ask(line: Line, source: str, *args: str) -> object:
    return line.script(hashlib.sha1(source.encode()).hexdigest(), source, *args)


@pytest.fixture
def box() -> Iterator[RedisBox]:
    with RedisBox() as one:
        yield one


def test_a_script_the_server_does_not_know_is_brought_along(box: RedisBox) -> None:
    line = Line(box.client())
    assert ask(line, ECHO, "hello") == b"hello"
    assert ask(line, ECHO, "again") == b"again"


def test_a_script_that_fails_is_told_and_the_line_goes_on(box: RedisBox) -> None:
    line = Line(box.client())
    with pytest.raises(redis.ResponseError):
        ask(line, "return redis.call('NONSENSE')")
    assert ask(line, ECHO, "hello") == b"hello"


def test_a_server_that_came_back_is_met_at_the_first_call(box: RedisBox) -> None:
    line = Line(box.client())
    assert ask(line, ECHO, "before") == b"before"
    box.restart()
    assert ask(line, ECHO, "after") == b"after"


def test_a_server_that_is_away_is_told_and_met_when_it_is_back(box: RedisBox) -> None:
    line = Line(box.client())
    assert ask(line, ECHO, "before") == b"before"
    box.stop()
    for _ in range(2):
        with pytest.raises(redis.ConnectionError):
            ask(line, ECHO, "nobody")
    box.start()
    assert ask(line, ECHO, "after") == b"after"


def test_an_answer_that_came_too_late_is_not_taken_for_the_next_one(box: RedisBox) -> None:
    line = Line(client(box.url, timeout=0.3))
    assert ask(line, ECHO, "first") == b"first"
    box.pause()
    with pytest.raises(redis.TimeoutError):
        ask(line, ECHO, "late")
    box.resume()
    assert ask(line, ECHO, "next") == b"next"


def test_a_command_is_sent_once_whatever_becomes_of_its_answer(box: RedisBox) -> None:
    line = Line(client(box.url, timeout=0.3))
    assert ask(line, COUNT) == 1
    box.pause()
    with pytest.raises(redis.TimeoutError):
        ask(line, COUNT)
    box.resume()
    assert ask(line, COUNT) == 3


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (redis.ConnectionError("10.0.0.7 refused"), "Redis does not answer"),
        (redis.TimeoutError("10.0.0.7"), "Redis does not answer"),
        (redis.AuthenticationError("hush"), "Redis refuses our user or password"),
        (redis.OutOfMemoryError("x"), "Redis is full (maxmemory)"),
        (redis.ReadOnlyError("x"), "Redis is a replica and takes no writes"),
        (redis.ResponseError("MISCONF x"), "Redis cannot write to its disk (MISCONF)"),
        (
            redis.ResponseError("Error running script (call to f_1): @user_script:1: -MISCONF x"),
            "Redis cannot write to its disk (MISCONF)",
        ),
        (redis.ResponseError("WRONGTYPE x"), ""),  # mistakes of ours are no outage
        (redis.ResponseError("ERR the OOM of it"), ""),
        (redis.DataError("x"), ""),
    ],
)
def test_why_redis_cannot_be_used_is_a_sentence_without_addresses(
    error: redis.RedisError, why: str
) -> None:
    assert away(error) == why


def test_a_server_that_keeps_a_log_is_not_warned_of_where_others_would_be_allowed(
    box: RedisBox,
) -> None:
    with box.client() as one:
        assert fit(one, "box", volatile=True) == []


def test_a_client_sends_once_as_well(box: RedisBox) -> None:
    """redis-py would try again by itself, and a counter count twice."""
    with client(box.url, timeout=0.3) as one:
        assert one.incr("count") == 1
        box.pause()
        with pytest.raises(redis.TimeoutError):
            one.incr("count")
        box.resume()
        assert one.incr("count") == 3


def test_threads_do_not_read_each_others_answers(box: RedisBox) -> None:
    line, wrong = Line(box.client()), []

    def chatter(name: str) -> None:
        for number in range(200):
            if ask(line, ECHO, f"{name}{number}") != f"{name}{number}".encode():
                wrong.append(name)

    threads = [threading.Thread(target=chatter, args=(name,)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_thread_that_is_passed_the_lead_before_it_waits_for_it(box: RedisBox) -> None:
    """As if it had been held up between standing in line and waiting for its turn."""
    line = Line(box.client())

    class Lock:
        def __enter__(self) -> None:
            return None

        def __exit__(self, *_: object) -> None:
            if line._waiting and not line._waiting[0].leads:
                line._pass_on()  # what the one before does at its end

    assert ask(line, ECHO, "hello") == b"hello"
    line._busy, line._lock = True, Lock()  # type: ignore[assignment]
    assert ask(line, ECHO, "again") == b"again"


def test_nobody_waits_longer_for_a_server_that_hangs_than_the_first(box: RedisBox) -> None:
    line = Line(client(box.url, timeout=0.5))
    assert ask(line, ECHO, "first") == b"first"
    box.pause()
    errors: list[object] = []

    def call() -> None:
        try:
            ask(line, ECHO, "nobody")
        except (redis.TimeoutError, redis.ConnectionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    box.resume()
    assert len(errors) == 20
    assert len({id(error) for error in errors}) == 20
    assert ask(line, ECHO, "next") == b"next"


@pytest.fixture
def failed(box: RedisBox) -> tuple[Line, list[object]]:
    """A hasty line that has just met a server that hangs, and what its calls came to."""
    line = Line(client(box.url, timeout=1.0), hasty=True)
    assert ask(line, ECHO, "first") == b"first"
    box.pause()
    with pytest.raises(redis.TimeoutError):
        ask(line, ECHO, "nobody")
    return line, []


def at_once(line: Line, answers: list[object], count: int) -> list[threading.Thread]:
    def call() -> None:
        try:
            answers.append(ask(line, ECHO, "here"))
        except redis.RedisError as error:
            answers.append(error)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_a_hasty_line_does_not_wait_for_who_asks_whether_the_server_is_back(
    box: RedisBox, failed: tuple[Line, list[object]]
) -> None:
    line, answers = failed
    threads = at_once(line, answers, 20)
    for thread in threads:
        thread.join()
    box.resume()
    told = [str(one) for one in answers]
    assert sum("who asks for it" in one for one in told) >= 10, told


def test_a_hasty_line_lets_nobody_down_when_the_server_is_back(
    box: RedisBox, failed: tuple[Line, list[object]]
) -> None:
    line, answers = failed
    box.resume()
    for thread in at_once(line, answers, 20):
        thread.join()
    assert answers == [b"here"] * 20


def test_a_thread_that_is_torn_away_leaves_the_line_to_the_others(box: RedisBox) -> None:
    line = Line(box.client())
    assert ask(line, ECHO, "first") == b"first"

    class TornAwayError(BaseException):
        pass

    real = line._line.send_packed_command

    def torn(*_: object) -> None:
        line._line.send_packed_command = real
        raise TornAwayError

    line._line.send_packed_command = torn
    with pytest.raises(TornAwayError):
        ask(line, ECHO, "gone")
    assert ask(line, ECHO, "next") == b"next"


def test_a_child_process_has_a_line_of_its_own(box: RedisBox) -> None:
    line = Line(box.client())
    assert ask(line, COUNT) == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if ask(line, COUNT) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert ask(line, COUNT) == 3


def test_more_threads_than_the_library_expects_are_served(box: RedisBox) -> None:
    many, gate, failed = box.client(), threading.Barrier(150), []

    def ping() -> None:
        gate.wait()
        try:
            many.blpop(["nothing"], timeout=1)
        except redis.RedisError as error:
            failed.append(error)

    threads = [threading.Thread(target=ping) for _ in range(150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
