"""How many messages a second reach a helpdesk that takes 300 ms for each answer."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import redis
from rq import Queue

from benchmarks import bodies, machine, stock
from benchmarks.figures import Claim, Findings, Spread, ratios, spread
from benchmarks.stage import Stage

DELAY = 0.3
STOCK_WORKERS = 8
PROCESSES, THREADS = 2, 144


@dataclass(slots=True)
class Found:
    """What one kind of delivery came to, repetition by repetition."""

    rates: list[float] = field(default_factory=list)
    memories: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)  # ms of processor time a message
    asked: Counter[str] = field(default_factory=Counter)
    messages: int = 0

    def requests(self) -> str:
        parts = [f"{count / self.messages:.1f} {name}" for name, count in self.asked.most_common()]
        return ", ".join(parts)


class Peak(threading.Thread):
    """The most memory that processes ever had in common, in MiB PSS."""

    def __init__(self, pids: list[int]) -> None:
        super().__init__(daemon=True)
        self.pids, self.most, self.ended = pids, 0.0, threading.Event()

    def __enter__(self) -> Peak:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ended.set()
        self.join()

    def run(self) -> None:
        while not self.ended.wait(0.7):
            self.most = max(self.most, machine.memory(*self.pids)[1])


def run(quick: bool) -> Findings:
    """Stock workers and ours in turn; each has all its work before it may begin."""
    times, few, many = (1, 60, 300) if quick else (5, 200, 1500)
    with Stage() as stage:
        ours = stage.workers(PROCESSES, THREADS, "benchmarks.lifted")
        stock_pids = _stock_workers(stage)
        stage.ask(f"/_delay/{DELAY}")
        found = {name: Found() for name in ("stock", "stock three", "open", "more")}
        for _ in range(times):
            stage.hold(ours)
            _stock(stage, stock_pids, few, found["stock"])
            _stock(stage, stock_pids, few // 2, found["stock three"], each=3)
            stage.go_on(ours)
            numbers = bodies.numbers(many)
            for name, said in (("open", 0), ("more", 1)):
                _ours(stage, ours, [bodies.comment(one, said) for one in numbers], found[name])
    rates = {name: spread(one.rates) for name, one in found.items()}
    findings = Findings(
        f"delivery: a helpdesk that takes {DELAY * 1000:.0f} ms",
        ("what", "messages/s", "workers' peak MiB PSS", "workers' CPU ms", "requests a message"),
        (
            f"Work waits before the workers may begin; from then to the last answer. Stock: "
            f"{STOCK_WORKERS} rq Workers (fork), modules imported, {few} jobs of one POST, or {few // 2} of "
            f"three. Ours: "
            f"{PROCESSES} workers of {THREADS} threads, {many} webhooks in the journal, a conversation "
            f"each. Rate budgets of the helpdesk lifted. {times} times, interleaved.",
        ),
    )
    told = {
        "stock": "stock RQ: one bare POST a message",
        "stock three": "stock RQ: three bare POSTs a message",
        "open": "ours: a new ticket for each message, its note too",
        "more": "ours: one more message on each ticket",
    }
    for name, one in found.items():
        findings.add(
            told[name], rates[name], spread(one.memories), spread(one.used), one.requests()
        )
    memory = ratios(_most(found["open"], found["more"]), spread(found["stock"].memories))
    findings.claims = [
        Claim(
            "one more message (one request) / stock's one POST",
            ratios(rates["more"], rates["stock"]),
            20,
            unit=" x",
        ),
        Claim(
            "a new ticket (three requests) / stock's three POSTs",
            ratios(rates["open"], rates["stock three"]),
            20,
            unit=" x",
        ),
        Claim(
            "a new ticket (three requests) / stock's one POST",
            ratios(rates["open"], rates["stock"]),
            20,
            unit=" x",
        ),
        Claim("memory, ours / stock", memory, 1, most=True, unit=" x"),
    ]
    return findings


def _most(*several: Found) -> Spread:
    rows = zip(*(one.memories for one in several), strict=True)
    return spread([max(row) for row in rows])


def _stock_workers(stage: Stage) -> list[int]:
    url = stage.environ["BRIDGE_REDIS_URL"]
    pids = [stage.python("benchmarks.stock", url, listens=False)[0] for _ in range(STOCK_WORKERS)]
    _stock(stage, pids, 4 * STOCK_WORKERS, Found(), hold=False)  # the warming up
    return pids


def _stock(
    stage: Stage, pids: list[int], count: int, found: Found, *, each: int = 1, hold: bool = True
) -> None:
    if hold:
        stage.hold(pids)
    with redis.Redis.from_url(stage.environ["BRIDGE_REDIS_URL"]) as client:
        queue = Queue(stock.QUEUE, connection=client)
        stage.ask("/_reset")
        for number in range(count):
            queue.enqueue("benchmarks.stock.handle", stage.stub + "/job", number, each)
    _timed(stage, pids, count, found, lambda: stage.count()["job"] >= count * each)


def _ours(stage: Stage, pids: list[int], several: list[bytes], found: Found) -> None:
    stage.hold(pids)
    count = stage.keep(several)
    stage.ask("/_reset")
    _timed(stage, pids, count, found, stage.quiet)
    stage.finished()
    counted = stage.count()
    if counted["create"] + counted["update"] < count:
        raise RuntimeError(f"{count} messages, but the helpdesk saw {counted}")


def _timed(stage: Stage, pids: list[int], count: int, found: Found, done: object) -> None:
    """Let *pids* begin, and write down how they fared until *done*."""
    assert callable(done)
    before = machine.cpu(*pids)
    with Peak(pids) as peak:
        began = time.monotonic()
        stage.go_on(pids)
        while not done():
            if time.monotonic() - began > 300:
                raise RuntimeError("the workers did not finish")
            time.sleep(0.25)
    asked = stage.asked()
    found.rates.append(count / (asked[-1][0] + DELAY - began))
    found.memories.append(peak.most or machine.memory(*pids)[1])
    found.used.append((machine.cpu(*pids) - before) * 1000 / count)
    found.asked.update(name for _, name in asked)
    found.messages += count
