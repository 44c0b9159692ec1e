"""How long numbers after the fact take: 100,000 messages, and the waits, answers and tickets of a tenth of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from benchmarks.backtest import COUNT, events, fill, used_by_children
from benchmarks.figures import Claim, Findings, spread
from benchmarks.stage import Stage
from bridge.config import Config
from bridge.core import receipt

EACH = 10  # one message in so many has a ticket, and was answered
MINUTES = 20  # after which it was


def run(quick: bool) -> Findings:
    """Fill a journal as workers leave it, then run the command on it."""
    count, times = (5_000, 1) if quick else (COUNT, 3)
    findings = Findings(
        "report: numbers after the fact",
        ("what", "seconds", "CPU s", "answers"),
        (
            f"{count:,} messages with their receipts, {3 * count // EACH:,} events of waits, answers and statuses; "
            f"`bridge report --json` from its start to its end, all processors; {times} times.",
        ),
    )
    with Stage() as stage:
        fill(stage, _events(stage.bridge.config, count))
        for by in ("channel", "post"):
            rows = [_once(stage, by, count) for _ in range(times)]
            lasted = spread([row[0] for row in rows])
            findings.add(f"by {by}", lasted, spread([row[1] for row in rows]), count // EACH)
            findings.claims.append(
                Claim(f"{count:,} messages by {by}", lasted, 60, most=True, unit=" s")
            )
    return findings


def _once(stage: Stage, by: str, count: int) -> tuple[float, float]:
    """Seconds, and seconds of processors."""
    words = [sys.executable, "-m", "bridge", "report", "--json", "--by", by]
    began, used = time.monotonic(), used_by_children()
    done = subprocess.run(words, env=stage.environ, capture_output=True, check=True)
    lasted, found = time.monotonic() - began, json.loads(done.stdout)["all"]
    if (found["messages"], found["answers"], found["solved"]) != (
        count,
        count // EACH,
        count // EACH,
    ):
        raise RuntimeError(
            f"{found['messages']} messages and {found['answers']} answers were found"
        )
    return lasted, used_by_children() - used


def _events(config: Config, count: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Events as the engine leaves them."""
    for number, (eid, fields) in enumerate(events(config, count)):
        if number % EACH:
            yield eid, fields
            continue
        slip = receipt.unpack(fields["receipt"])
        done = {"at": fields["seen"], "what": "opened by rule default", "result": "ok"}
        slip |= {"outcome": "escalate", "actions": [done]}
        yield eid, {**fields, "receipt": receipt.pack(slip), "ticket": f"zendesk:{number}"}
        yield from _followed(number, eid, fields)


def _followed(
    number: int, eid: str, fields: dict[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The wait for an answer, the answer, and the ticket solved."""
    since = datetime.fromisoformat(fields["seen"])
    answered = (since + timedelta(minutes=MINUTES)).isoformat()
    wait = {
        "v": 1,
        "wait": since.isoformat(),
        "for": eid,
        "due": (since + timedelta(hours=1)).isoformat(),
        "steps": [],
    }
    slip = receipt.pack({"v": 1, "outcome": "in_time", "answered": answered})
    yield f"w{eid}", _row(fields, "s", wait, "answered after 20 min, in time", slip)
    said = {
        "v": 1,
        "ticket": str(number),
        "comment": {"id": eid, "text": "We are sorry.", "public": True},
    }
    yield (
        f"u{eid}",
        _row(fields, "u", said, "delivered", receipt.pack({"v": 1, "outcome": "delivered"})),
    )
    solved = {"v": 1, "ticket": str(number), "status": "solved", "previous": "open", "at": answered}
    yield f"t{eid}", _row(fields, "u", solved, "notice solved", receipt.pack({"v": 1}))


def _row(
    fields: dict[str, str], kind: str, doc: dict[str, Any], reason: str, slip: str
) -> dict[str, str]:
    return {
        "v": "1", "c": "zendesk", "at": fields["at"], "state": "done", "reason": reason, "room": fields["room"],
        "lane": "out", "k": kind, "doc": json.dumps(doc), "receipt": slip,
    }  # fmt: skip
