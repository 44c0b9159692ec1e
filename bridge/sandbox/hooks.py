"""Sending webhooks: held back, in batches, in copies, in lanes, and again by each system's own rule."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.clock import Clock
from bridge.sandbox.http import BadRequest
from bridge.sandbox.record import Record
from bridge.sandbox.send import Answer, Sender

MAX_BATCH = 1000


@dataclass(slots=True)
class Delivery:
    """One webhook. `headers` is asked at every attempt, because a signature may carry its time.

    `url` is asked too, because it may be set later; None is nowhere. Deliveries of one `lane` go
    one after the other.
    """

    kind: str
    body: bytes
    url: Callable[[], str | None]
    headers: Callable[[bytes], dict[str, str]]
    events: int = 1
    lane: str | None = None
    id: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Manners:
    """How a system delivers: seconds to wait for an answer, and what it does with one.

    `again(tries, answer, age)` gives the seconds until the next try, or None when it is final;
    *answer* is None when none came in time and has status 0 when there was no connection; *age* is
    seconds since the first try.
    """

    timeout: float
    good: Callable[[int], bool]
    again: Callable[[int, Answer | None, float], float | None]
    batch: bool = False
    keeps: bool = False  # what happens while there is no URL is delivered later


class Hooks:
    """The webhooks of one system."""

    def __init__(
        self,
        system: str,
        manners: Manners,
        pack: Callable[[Sequence[Any]], Delivery | None],
        clock: Clock,
        record: Record,
        sender: Sender,
        kin: Callable[[Any], Hashable] = lambda event: None,
    ) -> None:
        self.system = system
        self.manners = manners
        self.held: list[Any] | None = None
        self.lost = False  # whatever happens is told to nobody
        self.last: Delivery | None = None
        self.last_answer: tuple[int | None, str | None, float] | None = None
        self.sending = 0
        self._pack = pack
        self._kin = kin  # what may go in one delivery
        self._clock, self._record, self._sender = clock, record, sender
        self._lanes: dict[str, deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._connected = asyncio.Event()
        self._numbers = itertools.count(1)

    def push(self, events: Sequence[Any], copies: int = 1) -> None:
        """Tell the other side about *events*, now, or when the hold ends; never while they are lost."""
        if self.lost:
            for event in events:
                if (delivery := self._pack([event])) is not None:
                    self._give_up(delivery)
            return
        if self.held is not None:
            self.held.extend(events)
            self._record.touch()
            return
        for event in events:
            self._go([event], copies)

    def hold(self) -> None:
        if self.held is None:
            self.held = []
        self._record.touch()

    def release(self, together: bool, order: str, copies: int) -> tuple[int, int]:
        """Let go what was held; return the number of deliveries and of events."""
        events, self.held = self.held or [], None
        if order == "reversed":
            events.reverse()
        elif order == "shuffled":
            random.shuffle(events)
        elif order != "kept":
            raise BadRequest("order is kept, reversed or shuffled")
        groups = [[event] for event in events]
        if together and self.manners.batch:
            families: dict[Hashable, list[Any]] = {}
            for event in events:
                families.setdefault(self._kin(event), []).append(event)
            groups = [
                family[start : start + MAX_BATCH]
                for family in families.values()
                for start in range(0, len(family), MAX_BATCH)
            ]
        for group in groups:
            self._go(group, copies)
        self._record.touch()
        return len(groups), len(events)

    def drop(self, on: bool) -> int:
        """Give up what is held or waits for its next try; while *on*, also all that happens from now on.

        Returns how many deliveries and events were given up.
        """
        given_up = len(self.held or ()) + self.waiting
        for event in self.held or ():
            if (delivery := self._pack([event])) is not None:
                self._give_up(delivery)
        self.stop()
        self.lost = on
        self._record.touch()
        return given_up

    def _give_up(self, delivery: Delivery) -> None:
        self._record.add(
            self.system, "webhook", "system", webhook=delivery.id or self._name(), url=delivery.url(),
            kind=delivery.kind, events=delivery.events, tries=0, status=None, ok=False,
            error="given up", **delivery.facts,
        )  # fmt: skip

    async def again(self, copies: int) -> list[int | None]:
        """Send the last delivery again, all *copies* at the same time; return the answers' statuses."""
        if self.last is None:
            raise BadRequest(f"{self.system} has sent no webhook yet")
        return await self.once(self.last, copies)

    async def once(self, delivery: Delivery, copies: int) -> list[int | None]:
        """Send *delivery* without a second try; return the answers' statuses."""
        delivery.id = delivery.id or self._name()
        answers = await asyncio.gather(*(self._attempt(delivery, 1) for _ in range(copies)))
        return [answer.status or None if answer else None for answer in answers]

    def connected(self) -> None:
        """Say that there may be a URL now."""
        self._connected.set()
        self._connected = asyncio.Event()
        self._record.touch()

    @property
    def waiting(self) -> int:
        return self.sending + sum(len(lane) for lane in self._lanes.values())

    def stop(self) -> None:
        """Forget what is still to be sent."""
        for task in self._tasks:
            task.cancel()
        self._lanes.clear()
        self.held = self.last = self.last_answer = None
        self.lost = False

    def _name(self) -> str:
        return f"{self.system}-{next(self._numbers)}"

    def _go(self, events: Sequence[Any], copies: int) -> None:
        delivery = self._pack(events)
        if delivery is None or (delivery.url() is None and not self.manners.keeps):
            return
        delivery.id = delivery.id or self._name()
        for number in range(copies):
            if delivery.lane is None or number:
                self._task(self._deliver(delivery))
            elif delivery.lane in self._lanes:
                self._lanes[delivery.lane].append(delivery)
            else:
                self._lanes[delivery.lane] = deque([delivery])
                self._task(self._drain(delivery.lane))

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, lane: str) -> None:
        queue = self._lanes[lane]
        while queue:
            await self._deliver(queue.popleft())
        if self._lanes.get(lane) is queue:
            del self._lanes[lane]

    async def _deliver(self, delivery: Delivery) -> None:
        while delivery.url() is None:
            await self._connected.wait()
        self.sending += 1
        started = self._clock.now()
        try:
            for tries in itertools.count(1):
                answer = await self._attempt(delivery, tries)
                if answer is not None and self.manners.good(answer.status):
                    return
                pause = self.manners.again(tries, answer, self._clock.now() - started)
                if pause is None:
                    return
                await self._clock.sleep(pause)
        finally:
            self.sending -= 1
            self._record.touch()

    async def _attempt(self, delivery: Delivery, tries: int) -> Answer | None:
        """One try, recorded; None when no answer came."""
        url = delivery.url()
        if url is None:
            return None
        self.last = delivery
        answer, error = None, None
        try:
            answer = await self._sender.send(
                "POST", url, delivery.headers(delivery.body), delivery.body, self.manners.timeout
            )
        except TimeoutError:
            error = f"no answer within {self.manners.timeout:g} s"
        except (OSError, ValueError, EOFError) as trouble:
            error = f"{type(trouble).__name__}: {trouble}"
            answer = Answer(0, {}, b"")
        status = (answer.status or None) if answer else None
        self.last_answer = (status, error, self._clock.now())
        self._record.add(
            self.system, "webhook", "system", webhook=delivery.id, url=url, kind=delivery.kind,
            events=delivery.events, tries=tries, status=status,
            ok=status is not None and self.manners.good(status), error=error, **delivery.facts,
        )  # fmt: skip
        return answer


def meta_again(tries: int, answer: Answer | None, age: float) -> float | None:
    """At once, then a few more times, rarer and rarer, over 36 hours."""
    pauses = (0, 10, 30, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 12 * 3600)
    if tries > len(pauses) or age > 36 * 3600:
        return None
    return pauses[tries - 1]


def telegram_again(tries: int, answer: Answer | None, age: float) -> float | None:
    """At once, then doubling from 1 s to about 90 s, for 24 hours; our Retry-After is honoured."""
    if age > 24 * 3600:
        return None
    asked = answer.headers.get("retry-after", "") if answer else ""
    if asked.isdigit() and int(asked) <= 3600:
        return int(asked)
    return 0 if tries == 1 else min(2.0 ** (tries - 2), random.uniform(60, 120))


def zendesk_again(tries: int, answer: Answer | None, age: float) -> float | None:
    """409 three times; 429 and 503 that name less than 60 s; timeouts five times; else never."""
    if answer is None:
        return 5.0 if tries <= 5 else None
    if answer.status == 409:
        return 1.0 if tries <= 3 else None
    asked = answer.headers.get("retry-after", "")
    if answer.status in (429, 503) and asked.isdigit() and int(asked) < 60:
        return float(asked)
    return None


def freshdesk_again(tries: int, answer: Answer | None, age: float) -> float | None:
    """Every half an hour, up to 48 times."""
    return 1800.0 if tries <= 48 else None


MANNERS = {
    "meta": Manners(5.0, lambda status: status == 200, meta_again, batch=True),
    "telegram": Manners(60.0, lambda status: 200 <= status < 300, telegram_again, keeps=True),
    "zendesk": Manners(10.0, lambda status: 200 <= status < 300, zendesk_again),
    "freshdesk": Manners(10.0, lambda status: 200 <= status < 300, freshdesk_again),
}
