"""How often Redis is asked for a message, from its webhook to its words on the ticket."""

from __future__ import annotations

import threading
import time

from benchmarks import bodies
from benchmarks.figures import Claim, Findings, spread
from benchmarks.stage import Stage

DELAY = 0.3
PEOPLE, EACH = 20, 50  # a burst: so many people, so many messages each
THREADS = 96
WRITES = ("user", "create", "update")
ROWS = 2  # rows that `Stage.quiet` reads


class Asked(threading.Thread):
    """How many commands and scripts clients send to Redis meanwhile (MONITOR).

    What a script does inside Redis is no round trip. RQ's transactions are one each, and are counted
    command by command: on a socket file Redis does not tell whose they are.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self.client = stage.bridge.store.client
        self.count = 0
        self._began, self._ended = threading.Event(), threading.Event()

    def __enter__(self) -> Asked:
        self.start()
        if not self._began.wait(10):
            raise RuntimeError("Redis does not tell what it is asked")
        self.count = 0
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self.client.ping()  # a last line, or the thread would wait for it
        self.join()

    def run(self) -> None:
        with self.client.monitor() as monitor:
            self._began.set()
            while not self._ended.is_set():
                if monitor.next_command()["client_type"] != "lua":
                    self.count += 1


def run(quick: bool) -> Findings:
    """First messages, as many as there are threads; four times as many; then a burst of a few people."""
    times, most = (1, 1) if quick else (5, 4)
    first, more, burst, wrote = [], [], [], []
    with Stage() as stage:
        stage.workers(1, THREADS, "benchmarks.lifted")
        stage.ask(f"/_delay/{DELAY}")
        for _ in range(times):
            for many, found in ((THREADS, first), (THREADS * most, more)):
                one_each = [bodies.comment(one) for one in bodies.numbers(many)]
                found.append(_asked(stage, one_each) / many)
            people = bodies.numbers(PEOPLE)
            several = [bodies.comment(one, said) for said in range(EACH) for one in people]
            burst.append(_asked(stage, several) / len(several))
            wrote.append(1000 * sum(stage.count()[one] for one in WRITES) / len(several))
    findings = Findings(
        "trips: how often Redis and the helpdesk are asked",
        ("what", "round trips to Redis a message", "writes to the helpdesk for 1,000 messages"),
        (
            f"From the webhook until nothing is left to do; 1 worker of {THREADS} threads, a helpdesk that "
            f"takes {DELAY * 1000:.0f} ms, messages as quickly as they are kept. {times} times.",
        ),
    )
    asked = "a first message (requester, ticket, note)"
    findings.add(f"{asked}, {THREADS} at once", spread(first), "3,000")
    findings.add(
        f"the same, {THREADS * most} at once: they wait for threads", spread(more), "3,000"
    )
    findings.add(f"a message in a burst, {EACH} each of {PEOPLE}", spread(burst), spread(wrote))
    findings.claims = [
        Claim("round trips for a first message", spread(first), 12, most=True),
        Claim("round trips for a message in a burst", spread(burst), 4, most=True),
    ]
    return findings


def _asked(stage: Stage, several: list[bytes]) -> int:
    """Keep *several* and wait until all is done; what Redis was asked for it by everybody but this loop."""
    stage.ask("/_reset")
    polls = 0
    with Asked(stage) as asked:
        stage.keep(several)
        until = time.monotonic() + 120
        while not stage.quiet():
            polls += 1
            if time.monotonic() > until:
                raise RuntimeError(f"not finished: {stage.bridge.books()}")
            time.sleep(0.1)
    stage.finished()
    return asked.count - ROWS * (polls + 1)
