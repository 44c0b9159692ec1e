"""What reading costs: a typical payload of every adapter, a thousand events in one, and a worker that knows all."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.figures import Claim, Findings, Spread, short, spread
from benchmarks.stage import Stage
from bridge.channels import SOURCES, generic
from bridge.channels.base import Source
from bridge.config import load_source, source_files
from bridge.core.model import Connection, Delivery
from bridge.demo import shipped_mappings
from bridge.helpdesks import HELPDESKS

FIXTURES = Path(__file__).parents[1] / "tests"
MANY = 1000


def _entries(several: Sequence[Any]) -> Any:
    """Meta's envelope with the entries of all; Threads has none, an array of its payloads is read too."""
    if "entry" not in several[0]:
        return list(several)
    entries = [entry for payload in several for entry in payload["entry"]]
    return {"object": several[0]["object"], "entry": entries}


def _under(key: str) -> Callable[[Sequence[Any]], Any]:
    return lambda several: {key: [one for payload in several for one in listed(payload)]}


# How several payloads of one event each go into one delivery; who is not here sends one at a time.
TOGETHER: dict[str, Callable[[Sequence[Any]], Any]] = {
    "meta": _entries,
    "contact-form": list,
    "zapier": list,
    "make": _under("items"),
    "reviews": _under("events"),
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """One thing that reads: its name, its payloads with one event each, how it reads and collects."""

    name: str
    read: Callable[[bytes], Sequence[Any]]
    payloads: Sequence[Any]
    together: Callable[[Sequence[Any]], Any] | None = None


def listed(payload: Any) -> list[Any]:
    """The events of a payload that has them in a list, or the payload as the only one."""
    found = payload.get("items", payload.get("events")) if isinstance(payload, dict) else payload
    return found if isinstance(found, list) else [payload]


def run(quick: bool) -> Findings:
    """Processor time, so that a busy machine changes little; then a real worker's memory."""
    rounds, times = (3, 20) if quick else (7, 200)
    findings = Findings(
        "normalise: from a delivery's bytes to events",
        ("adapter", "payload, us CPU", "the dearest", "1,000 events, ms CPU"),
        (
            f"Every payload of tests/ that is one event and not ignored, {times} times in each of {rounds} "
            "rounds: strict JSON, reading, recognising. The median payload, and the dearest.",
        ),
    )
    dearest, batches = [], []
    for adapter in adapters():
        costs = [_cost(adapter.read, _bytes(one), rounds, times) for one in adapter.payloads]
        ranked = sorted(costs, key=lambda cost: cost.median)
        dearest.append(ranked[-1])
        batch = None
        if adapter.together is not None:
            body = _bytes(adapter.together([_middle(adapter.payloads)] * MANY))
            assert len(adapter.read(body)) >= MANY
            batch = _cost(adapter.read, body, rounds, 1)
            batches.append(Spread(tuple(value / 1000 for value in batch.values)))
        findings.add(
            f"{adapter.name} ({len(costs)})",
            ranked[len(ranked) // 2],
            short(ranked[-1].median),
            batches[-1] if batch else "one at a time",
        )
    _worker(findings, 2 if quick else 5)
    worst = max(dearest, key=lambda cost: cost.median)
    thousand = max(batches, key=lambda cost: cost.median)
    findings.claims = [
        Claim("the dearest payload of any adapter", worst, 200, most=True, unit=" us"),
        Claim("1,000 events in one delivery", thousand, 100, most=True, unit=" ms"),
        *findings.claims,
    ]
    return findings


def adapters() -> Iterator[Adapter]:
    """Every channel, every file in mappings/sources/, every helpdesk's webhooks."""
    for source in SOURCES.values():
        for channel in source.channels:
            files = sorted((FIXTURES / "channels" / channel).glob("*.json"))
            payloads = [json.loads(path.read_text("utf-8"))["payload"] for path in files]
            together = TOGETHER.get(source.name)
            yield Adapter(channel, _reader(source), _single(source, payloads), together)
    folder = shipped_mappings()
    for name in source_files(folder):
        described = load_source(folder, name)
        assert described is not None
        source = generic.source(described)
        payloads = [json.loads(sample.payload) for sample in described.samples]
        alone = [TOGETHER[name]([one]) for payload in payloads for one in listed(payload)]
        yield Adapter(f"sources/{name}", _reader(source), _single(source, alone), TOGETHER[name])
    for desk in HELPDESKS.values():
        rows = json.loads((FIXTURES / "helpdesks" / desk.name / "events.json").read_text("utf-8"))

        def read(body: bytes, parse: Any = desk.parse, name: str = desk.name) -> Sequence[Any]:
            found: Sequence[Any] = parse(Delivery(connection="our", source=name, body=body))
            return found

        yield Adapter(desk.name, read, [row["body"] for row in rows])


def _reader(source: Source) -> Callable[[bytes], Sequence[Any]]:
    ours = Connection(name="our", type=source.name, options=dict(source.options))

    def read(body: bytes) -> Sequence[Any]:
        found = source.parse(Delivery(connection="our", source=source.name, body=body))
        return [source.recognise(ours, message) for message in found]

    return read


def _single(source: Source, payloads: Sequence[Any]) -> list[Any]:
    """Those of *payloads* that bring one event which somebody will work on."""
    read = _reader(source)
    found = [(one, read(_bytes(one))) for one in payloads]
    return [one for one, events in found if len(events) == 1 and not events[0].ignored]


def _middle(payloads: Sequence[Any]) -> Any:
    return sorted(payloads, key=lambda one: len(_bytes(one)))[len(payloads) // 2]


def _bytes(payload: Any) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def _cost(read: Callable[[bytes], object], body: bytes, rounds: int, times: int) -> Spread:
    """Microseconds of processor time for one reading, round by round."""
    read(body)
    found = []
    for _ in range(rounds):
        began = time.process_time_ns()
        for _ in range(times):
            read(body)
        found.append((time.process_time_ns() - began) / times / 1000)
    return spread(found)


# --- a worker that knows all ---------------------------------------------------------------------

STARTS = """
import os, time
began = time.process_time()
import bridge.jobs.worker
from bridge.settings import Settings
from bridge.wiring import configuration
imported = time.process_time()
for _ in range(2):
    read = time.process_time()
    configuration(Settings.from_environ(dict(os.environ)))
print(imported - began, time.process_time() - read)
"""


def _worker(findings: Findings, times: int) -> None:
    """What a worker costs before it has done anything, and how much it holds once it is warm."""
    with Stage() as stage:
        told = []
        for _ in range(times):
            command = [sys.executable, "-c", STARTS]
            out = subprocess.run(
                command, env=stage.environ, capture_output=True, text=True, check=True
            )
            told.append([float(word) * 1000 for word in out.stdout.split()])
        imports, reads = zip(*told, strict=True)
        threads = stage.bridge.settings.worker_threads
        workers = stage.workers(1, threads)
        resident = machine.memory(*workers)[0]
    findings.add("(a worker's imports, ms CPU)", spread(imports), "", "")
    findings.add("(its configuration with all files, ms CPU)", spread(reads), "", "")
    findings.add(f"(a warm worker of {threads} threads, MiB resident)", short(resident), "", "")
    findings.claims = [
        Claim("a worker with all adapters loaded", spread([resident]), 120, most=True, unit=" MiB")
    ]
