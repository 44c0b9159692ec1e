"""Whether a run has told anything that it must not: what it said and kept is searched for secrets and people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import requests
from support import leaks

from chaos.judge import Verdict
from chaos.stage import FORM_SECRET, Stage

# Names of customers, and what nobody but a customer or an agent of a run writes.
PERSON: Final = re.compile(rb"Person \d{5}|Between us|is broken|Nadal zepsute|We are sorry")


def ask(stage: Stage, verdict: Verdict) -> None:
    """Search logs, RQ's jobs, the file of Redis, and what the web process shows, and say where something stands."""
    secrets = leaks.secrets(
        {
            "FORM_SECRET": FORM_SECRET,
            "secret key": stage.environ["BRIDGE_SECRET_KEY"],
            "console token": stage.environ["BRIDGE_CONSOLE_TOKEN"],
        }
    )
    for place, data in _told(stage):
        for name in leaks.found(data, secrets):
            verdict.blame("leaked secrets", f"{name} stands in {place}")
        if "append-only file" not in place and (one := PERSON.search(data)):
            around = data[max(one.start() - 100, 0) : one.end() + 100]
            verdict.blame("leaked words", f"{place}: {around!r}")
        verdict.figures["bytes searched for secrets"] += len(data)


def _told(stage: Stage) -> Iterator[tuple[str, bytes]]:
    """All that a run has said or kept, by where it stands; customers' words may stand in Redis alone."""
    for log in sorted(Path(stage.folder).glob("*.log")):
        yield f"the log {log.name}", log.read_bytes()
    with stage.redis.client() as client:
        for key in client.scan_iter("rq:*", count=1000):
            fields = client.hgetall(key) if client.type(key) == b"hash" else {}
            parts = b" ".join(part for pair in fields.items() for part in pair)
            yield f"{key.decode()} of RQ", (client.dump(key) or b"") + parts
    for file in sorted(Path(stage.redis.folder).rglob("*.aof")):
        yield f"the append-only file {file.name}", file.read_bytes()
    with requests.Session() as http:
        http.trust_env = False
        for path in ("/readyz", "/metrics", "/healthz", "/console"):
            yield (
                f"the answer at {path}",
                http.get(stage.postman.doors[0] + path, timeout=20).content,
            )
