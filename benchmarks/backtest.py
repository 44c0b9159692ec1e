"""How long other rules take over what was kept: 100,000 messages with their receipts."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import Claim, Findings, short, spread
from benchmarks.stage import Stage
from bridge.cli.signals import MESSAGES
from bridge.config import Config
from bridge.core import receipt
from bridge.core.accuracy import labelled
from bridge.core.facts import view
from bridge.core.model import Author, Change, Kind, Message, Visibility
from bridge.core.rules import decide
from bridge.core.stored import message_out
from bridge.store import PREFIX, flat

COUNT = 100_000
APART = 2_000  # messages that are decided; the others have their words and receipts, and names of their own
DAYS = 30
DRAFT = """  - name: parcels
    when: {text: {any_of: [parcel, delivery, paczka, Paket, colis, pedido]}}
    then: {escalate: {priority: low, tags: [parcel]}}
"""


def run(quick: bool) -> Findings:
    """Fill a journal as workers leave it, then run the command on it."""
    count, times = (5_000, 1) if quick else (COUNT, 3)
    findings = Findings(
        "backtest: other rules over what was kept",
        ("what", "seconds", "messages/s", "CPU s", "would be different"),
        (
            f"{count:,} messages ({APART:,} of them decided by the shipped rules, all signals they ask for), each "
            "with its receipt; `bridge backtest --json` from its start to its end, all processors; "
            f"{times} times.",
        ),
    )
    with Stage() as stage:
        config = stage.bridge.config
        number = stage.bridge.store.publish(config.version, config.files, "files")
        assert number == 1
        size = fill(stage, events(config, count)) / count
        draft = Path(stage.folder) / "draft.yaml"
        draft.write_text(
            config.files["rules.yaml"].replace("rules:\n", f"rules:\n{DRAFT}", 1), "utf-8"
        )
        told = {"one new rule": [_once(stage, draft, count) for _ in range(times)]}
        # As if the rules had been decided by other ones, of which nothing is known: all are asked again.
        stage.client.hset(f"{PREFIX}rules", "version", "another")
        stage.client.rename(f"{PREFIX}rulebook:{config.version}", f"{PREFIX}rulebook:another")
        told["the rules of then forgotten"] = [_once(stage, draft, count) for _ in range(times)]
    for what, rows in told.items():
        findings.add(
            what,
            spread([row[0] for row in rows]),
            spread([count / row[0] for row in rows]),
            spread([row[1] for row in rows]),
            rows[0][2],
        )
    findings.add(
        "memory of Redis",
        f"{short(size)} bytes a message",
        f"{size * count / 2**20:.0f} MiB",
        "",
        "",
    )
    findings.claims = [
        Claim(f"{count:,} messages, {what}", spread([row[0] for row in rows]), 60, most=True, unit=" s")
        for what, rows in told.items()
    ]  # fmt: skip
    return findings


def _once(stage: Stage, draft: Path, count: int) -> tuple[float, float, int]:
    """Seconds, seconds of processors, and how many messages would be different."""
    words = [sys.executable, "-m", "bridge", "backtest", "--json", "--rules", str(draft)]
    began, used = time.monotonic(), used_by_children()
    done = subprocess.run(words, env=stage.environ, capture_output=True, check=True)
    lasted, found = time.monotonic() - began, json.loads(done.stdout)
    if found["messages"] != count:
        raise RuntimeError(f"{found['messages']} of {count} messages were found")
    return lasted, used_by_children() - used, found["more"] + found["fewer"] + found["different"]


def used_by_children() -> float:
    """Seconds of processors that processes which have ended took."""
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


def fill(stage: Stage, rows: Iterable[tuple[str, dict[str, str]]]) -> int:
    """Keep these finished events; bytes of Redis."""
    before = int(stage.client.info("memory")["used_memory"])
    pipe = stage.client.pipeline(transaction=False)
    for number, (eid, fields) in enumerate(rows, 1):
        pipe.hset(f"{PREFIX}e:{eid}", items=flat(fields))
        pipe.pexpire(f"{PREFIX}e:{eid}", DAYS * 86_400_000)
        if number % 1_000 == 0:
            pipe.execute()
    pipe.execute()
    return int(stage.client.info("memory")["used_memory"]) - before


def events(config: Config, count: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Events as the engine leaves them, spread over the last days."""
    texts = [one.text for one in labelled(MESSAGES.read_text("utf-8").splitlines())]
    now, known = datetime.now(UTC), list[tuple[dict[str, Any], str, str]]()
    for number in range(min(APART, count)):
        at = now - timedelta(days=DAYS) * (0.99 * number / APART)
        message = _message(number, f"{texts[number % len(texts)]} ({number})", at)
        told = {"author.messages": [0.0]}
        slip = receipt.of_decision(decide(config.rules, view(message, told)), config.version)
        slip["told"] = told
        known.append((message_out(message), receipt.pack(slip), str(int(at.timestamp() * 1000))))
    for number in range(count):
        doc, slip_, at_ms = known[number % len(known)]
        name = f"{number:020x}"
        doc = {**doc, "id": name, "thread": name, "dedupe": name}
        yield name, {
            "v": "1", "c": "meta", "d": f"{number:032x}", "at": at_ms, "state": "done", "reason": "",
            "room": f"{number:032x}", "lane": "in", "k": "m", "mid": name, "pk": name, "seen": doc["at"],
            "doc": json.dumps(doc), "receipt": slip_,
        }  # fmt: skip


def _message(number: int, text: str, at: datetime) -> Message:
    return Message(
        channel="facebook", account_id="1067280970047460", kind=Kind.COMMENT, change=Change.CREATED,
        external_id=f"122_{number}", thread_id=f"122_{number}", visibility=Visibility.PUBLIC,
        author=Author(id=f"77{number}", name="Ana Nowak"), text=text, sent_at=at, dedupe=str(number),
        permalink=f"https://www.facebook.com/permalink.php?id=122_{number}",
        extra={"post": {"id": "1067_55"}},
    )  # fmt: skip
