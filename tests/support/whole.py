"""The whole engine in one thread: a real journal, and an outside that says whatever a test likes."""

from __future__ import annotations

import itertools
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import redis
from support import described
from support.given import DESKS, PLATFORMS, Yes

from bridge.core.calls import HttpRequest, HttpResponse
from bridge.core.model import Account, Connection
from bridge.core.rules import Escalation, Outcome, Reply, Rule, Rules
from bridge.core.signing import Bearer
from bridge.http import Http
from bridge.jobs import answer, escalate
from bridge.jobs.ingest import ingest
from bridge.jobs.outside import Outside
from bridge.jobs.suspect import Company
from bridge.jobs.turn import Hand, Leases, work
from bridge.sandbox import wires
from bridge.settings import Settings
from bridge.store import LEASE, PREFIX, Store
from bridge.wiring import Bridge, configuration

MAPPINGS = Path(__file__).parents[2] / "mappings"
NOWHERE = "http://127.0.0.1:9"
YES: dict[str, Yes] = {
    "graph": PLATFORMS["meta"].yes,
    "telegram": PLATFORMS["telegram"].yes,
    "zendesk": DESKS["zendesk"].yes,
    "freshdesk": DESKS["freshdesk"].yes,
}
ALL = Rule(
    name="all",
    then=Outcome(
        escalate=Escalation(tags=("odd",)), replies=(Reply("public", "moved_to_private"),)
    ),
)
Answers = Callable[[HttpRequest, Any], HttpResponse]  # a request, and what a yes would be


class Played:
    """The way out: nothing leaves; *answers* says what comes back."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    def send(self, request: HttpRequest) -> HttpResponse:
        system = urlsplit(request.url).path.split("/")[1]
        return self.answers(request, YES.get(system, lambda _: {})(request))

    def fetch(self, request: HttpRequest, hosts: Iterable[str], loopback: str = "") -> HttpResponse:
        return self.answers(request, {})


class Whole:
    """A bridge with an account and a ticket for everything that may come, worked off by hand."""

    def __init__(self, client: redis.Redis, folder: Path, answers: Answers) -> None:
        mappings = folder / "mappings"
        shutil.copytree(MAPPINGS, mappings, ignore=shutil.ignore_patterns("connections*"))
        (mappings / "connections.yaml").write_text(wires.connections_yaml(NOWHERE), "utf-8")
        environ = {
            **wires.environment(NOWHERE, ""),
            "BRIDGE_MAPPINGS": str(mappings),
            "BRIDGE_SECRET_KEY": "a-key-for-tests-only-0123456789ab",
        }
        settings = Settings.from_environ(environ)
        config = configuration(settings, environ)
        known = {name: _for_all(one) for name, one in config.connections.items()}
        known |= {name: _of_file(name, file.channel) for name, file in described.FILES.items()}
        self.client = client
        self.bridge = Bridge(
            settings=settings,
            config=replace(config, connections=known, rules=Rules(rules=(ALL,))),
            store=Store(client, keep=3600, keep_raw=3600, clock=lambda: datetime.now(UTC)),
            http=cast(Http, Played(answers)),
        )
        self.outside = Outside(self.bridge)
        self._turns = itertools.count()

    def comes(self, connection: str, headers: dict[str, str], body: bytes) -> None:
        self.bridge.accept(self.bridge.config.connections[connection], headers, body)

    def works(self, rounds: int) -> None:
        """Read what came, and give every lane so many turns, whatever it waits for."""
        for delivery in self.bridge.store.claim(self.bridge.owner, 100, 0)[0]:
            ingest(self.bridge, delivery)
        for _ in range(rounds):
            for lane, holder in self._claimed():
                hand = Hand(self.bridge, self.outside, cast(Leases, Held()), lane, holder)
                step = escalate.step if lane.startswith("in:") else answer.step
                work(hand, step, lambda: False, Company())

    def _claimed(self) -> Iterator[tuple[str, str]]:
        """Every lane, as if its time had come and nothing was closed or spent."""
        for pattern in ("rate:*", "down:*", "fails:*"):
            for key in self.client.scan_iter(PREFIX + pattern, count=1000):
                self.client.delete(key)
        for lane in self.client.zrange(PREFIX + "due", 0, -1):
            self.client.zadd(PREFIX + "due", {lane: 0})
        holder = f"h{next(self._turns)}"
        for lane in self.bridge.store.claim(self.bridge.owner, 0, 1000, holder)[1]:
            yield lane, holder

    def dead(self) -> list[str]:
        """Why there are dead letters."""
        return [self.bridge.store.event(eid).get("reason", "") for eid in self.bridge.store.dead()]


class Held:
    """Leases that never end."""

    def left(self, lane: str, holder: str) -> float:
        return LEASE

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def _for_all(connection: Connection) -> Connection:
    """*connection* with accounts that take whatever id there is."""
    return replace(connection, accounts=tuple(replace(one, id=None) for one in connection.accounts))


def _of_file(name: str, channel: str) -> Connection:
    """A connection for a source that a file describes."""
    return Connection(
        name=name,
        type="generic",
        options={"source": name, "proof": Bearer(option="proof_secret")},
        accounts=(Account(channel=channel, helpdesk="zendesk"),),
    )


@contextmanager
def crashes() -> Iterator[list[logging.LogRecord]]:
    """What was logged with a traceback meanwhile: bugs of ours that the engine survived."""
    found: list[logging.LogRecord] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                found.append(record)

    keeper, root = Keeper(), logging.getLogger()
    root.addHandler(keeper)
    try:
        yield found
    finally:
        root.removeHandler(keeper)
