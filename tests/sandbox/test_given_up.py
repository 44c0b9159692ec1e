"""What the sandbox gives up is over, also when what it waited for comes in that very moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bridge.sandbox.clock import Clock
from bridge.sandbox.send import Answer, Sender

MOMENTS = range(6)  # turns of the loop between what was waited for and the end


def run(play: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
    """What *play* comes to, in a thread of its own: one that drives a browser has a loop already."""
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(lambda: asyncio.run(play())).result()


async def ended(task: asyncio.Task[Any], turns: int) -> bool:
    """End *task* after so many turns of the loop; whether it was over before, or heard of it."""
    for _ in range(turns):
        await asyncio.sleep(0)
    over = task.done()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return not over
    return over


@pytest.mark.parametrize("turns", MOMENTS)
def test_a_delivery_whose_answer_comes_as_it_is_given_up_is_given_up(turns: int) -> None:
    async def play() -> bool:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        async def asked(*request: object) -> Answer:
            return await answer

        sender = Sender()
        sender._send = asked  # type: ignore[assignment,method-assign]
        task = asyncio.create_task(sender.send("POST", "http://127.0.0.1:9", {}, b"", 60))
        await asyncio.sleep(0.01)
        answer.set_result(Answer(500, {}, b""))
        return await ended(task, turns)

    assert run(play)


@pytest.mark.parametrize("turns", MOMENTS)
def test_a_wait_that_is_given_up_as_the_clock_is_moved_is_given_up(turns: int) -> None:
    async def play() -> bool:
        clock = Clock()
        task = asyncio.create_task(clock.sleep(3600))
        await asyncio.sleep(0.01)
        clock.move(7200 if turns % 2 else 60)
        return await ended(task, turns)

    async def in_time() -> bool:
        async with asyncio.timeout(20):
            return await play()

    assert run(in_time)
