"""Whether a helpdesk's limits are used to the full and never passed, and a new case goes first.

The sandbox counts as Zendesk and Freshdesk document it. Its clock runs faster than the wall's, and the
windows of the workers' budgets are shorter by the same factor (hastened.py): an hour of backlog takes minutes.
What the product itself takes is not hastened, so its own slowness weighs that much more here than in life.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from benchmarks import bodies
from benchmarks.figures import Claim, Findings, spread
from benchmarks.stage import Stage

FACTORS = {"zendesk": 10, "freshdesk": 6}
PROCESSES, THREADS = 2, 16
URGENT = 5  # new cases while the backlog lasts
RATES: dict[str, dict[str, Any]] = {
    "zendesk": {"account_per_minute": 700, "updates_per_minute": 100},
    "freshdesk": {"plan": "enterprise"},  # 700 in all, 280 updates
}
UPDATES = {"zendesk": 100, "freshdesk": 280}


@dataclass(slots=True)
class Found:
    """What became of one backlog; times in seconds of the sandbox's clock."""

    at: list[float] = field(default_factory=list)  # when each update was made
    refused: list[float] = field(default_factory=list)  # when a request was answered 429
    urgent: list[float] = field(default_factory=list)  # from the webhook to the ticket

    def used(self, limit: int) -> float:
        """The share of the limit, from the first to the last; a whole window is there to begin with."""
        minutes = (self.at[-1] - self.at[0]) / 60
        return (len(self.at) - limit) / (limit * minutes)

    def minutes(self) -> list[int]:
        """The updates in each full minute after the first."""
        counted = Counter(int((at - self.at[0]) // 60) for at in self.at)
        return [counted[minute] for minute in range(1, max(counted))]


def beyond_the_first(refused: list[float]) -> int:
    """Of those answered 429 the ones that were not the first in a minute."""
    first, more = float("-inf"), 0
    for at in sorted(refused):
        if at - first < 60:
            more += 1
        else:
            first = at
    return more


def run(quick: bool) -> Findings:
    backlog = 900 if quick else 5000
    findings = Findings(
        "budget: a backlog within the helpdesk's limits",
        ("helpdesk", "x", "updates", "minutes", "of the limit used", "updates in a minute",
         "answered 429", "a new urgent ticket after, s"),
        (
            f"{backlog} conversations with a ticket each have one more message when the workers start; those of "
            f"Freshdesk are pending, so that each is an update and not only a note. The sandbox's clock and the "
            f"windows of our budgets run faster than the wall's (x); all times are the sandbox's. {PROCESSES} "
            f"workers of {THREADS} threads.",
        ),
    )  # fmt: skip
    for helpdesk, limit in UPDATES.items():
        found = _run(helpdesk, backlog)
        used, each = found.used(limit), found.minutes() or [0]
        findings.add(
            f"{helpdesk}, {limit} updates a minute", FACTORS[helpdesk], len(found.at),
            f"{(found.at[-1] - found.at[0]) / 60:.1f}", f"{used:.1%}", f"{min(each)} to {max(each)}",
            len(found.refused), spread(found.urgent),
        )  # fmt: skip
        findings.claims += [
            Claim(f"{helpdesk}: share of the limit", spread([used]), 0.95),
            Claim(f"{helpdesk}: requests answered 429", spread([len(found.refused)]), 0, most=True),
            Claim(
                f"{helpdesk}: of them, beyond the first in a minute",
                spread([beyond_the_first(found.refused)]), 0, most=True,
            ),
            Claim(
                f"{helpdesk}: the slowest new urgent ticket", spread([max(found.urgent)]), 5,
                most=True, unit=" s of the sandbox's",
            ),
        ]  # fmt: skip
    return findings


def _run(helpdesk: str, backlog: int) -> Found:
    factor = FACTORS[helpdesk]
    with Stage(helpdesk) as stage:
        numbers = bodies.numbers(backlog)
        lifted = stage.workers(PROCESSES, THREADS, "benchmarks.lifted")
        stage.keep(bodies.comment(number) for number in numbers)
        stage.finished(1200)
        stage.end(lifted)
        for key in stage.client.scan_iter("bridge:rate:*", count=1000):
            stage.client.delete(key)
        stage.client.delete(f"bridge:told:{helpdesk}")
        if helpdesk == "freshdesk":
            # Words alone are a note there, which only the account's 700 count.
            for key in stage.client.scan_iter("bridge:r:*", count=1000):
                stage.client.hset(key, "status", "pending")
        stage.keep(bodies.comment(number, 1) for number in numbers)
        began = stage.ask("/_sandbox/record?what=none")["seq"]
        stage.ask("/_sandbox/limits", {"on": True, helpdesk: RATES[helpdesk]})
        stage.ask("/_sandbox/clock", {"factor": factor})
        stage.start(PROCESSES, THREADS, "benchmarks.hastened", str(factor))
        found = Found()
        expected = backlog / UPDATES[helpdesk] * 60 / factor
        while stage.client.zcard("bridge:ingest"):
            time.sleep(0.1)
        for _ in range(URGENT):
            found.urgent.append(_urgent(stage) * factor)
            time.sleep(expected / (URGENT + 2))
        stage.finished(3 * expected + 120)
        entries = stage.ask(f"/_sandbox/record?since={began}")["entries"]
        found.at = sorted(
            datetime.fromisoformat(one["at"]).timestamp()
            for one in entries
            if one["what"] == "ticket_comment" and "(1)" in (one["text"] or "")
        )
        found.refused = [
            datetime.fromisoformat(one["at"]).timestamp()
            for one in entries
            if one["what"] == "refused" and one["status"] == 429 and one["system"] == helpdesk
        ]
        return found


def _urgent(stage: Stage) -> float:
    """Seconds of the wall's clock from the webhook of somebody in danger to their ticket."""
    since = stage.ask("/_sandbox/record?what=none")["seq"]
    began = time.monotonic()
    stage.keep([bodies.comment(bodies.numbers(1)[0], 0, "Nobody answers, I want to die")])
    while not stage.ask(f"/_sandbox/record?what=ticket&since={since}")["entries"]:
        if time.monotonic() - began > 60:
            raise RuntimeError("the urgent ticket was not made within a minute")
        time.sleep(0.01)
    return time.monotonic() - began
