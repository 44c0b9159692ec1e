"""Everything that is kept, read by all processors, for commands that count much of it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from bridge.store import Store

T = TypeVar("T")
PORTION = 500  # events handed to a process at a time

_work: list[Callable[[Sequence[str]], Any]] = []  # what a child finds here when it begins


def through(store: Store, work: Callable[[Sequence[str]], T]) -> Iterator[T]:
    """What *work* makes of the ids of all kept events, a portion each time, in no order.

    It is made before the processes fork; each has a connection of its own to Redis from its first look on.
    """
    _work[:] = [work]
    found = _portions(store)
    first, second = next(found, []), next(found, None)
    processes = _processors()
    if second is None or processes == 1:
        for portion in (first, second or [], *found):
            yield work(portion)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork")) as pool:
        ahead = deque([pool.submit(_done, first), pool.submit(_done, second)])
        for portion in found:
            ahead.append(pool.submit(_done, portion))
            if len(ahead) > 3 * processes:
                yield ahead.popleft().result()
        yield from (one.result() for one in ahead)


def _done(eids: Sequence[str]) -> Any:
    return _work[0](eids)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _portions(store: Store) -> Iterator[list[str]]:
    """The ids of what is kept, so many at a time."""
    portion: list[str] = []
    for eids in store.kept():
        portion += eids
        while len(portion) >= PORTION:
            yield portion[:PORTION]
            del portion[:PORTION]
    if portion:
        yield portion


def progress(count: int) -> None:
    """A line that a person sees while it lasts; 0 takes it away."""
    if sys.stderr.isatty():
        print(f"\r{f'{count:,} messages' if count else '':24}\r", end="", file=sys.stderr)
