"""`bridge doctor`: every part looked at, one line each: fine, or what to do."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from bridge.cli import parts
from bridge.cli.asking import Asking, Open
from bridge.config import Config
from bridge.core.errors import BridgeError, ConfigError
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import Connection
from bridge.helpdesks import HELPDESKS
from bridge.jobs.outside import STATES
from bridge.settings import Settings
from bridge.store import Store
from bridge.wiring import configuration, now

HELP = "check credentials, subscriptions, clocks and queues"
SKEW = 10.0  # seconds two clocks may differ; signatures with a time allow 300
LATE = 60.0  # seconds that work may be overdue
OLDEST = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine (True), to be mended (False), or good to know (None)."""

    about: str
    ok: bool | None
    text: str


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --json."""
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Print the findings as they come; 1 when anything is to be mended."""
    found: list[Finding] = []
    for one in findings():
        found.append(one)
        if not args.json:
            print(parts.harmless(f"{_SIGNS[one.ok]}  {one.about}: {one.text}"), flush=True)
    red = sum(one.ok is False for one in found)
    if args.json:
        print(json.dumps({"ok": not red, "findings": [asdict(one) for one in found]}))
    elif red:
        print(f"\n{red} to mend; docs/doctor.md says more about each.")
    else:
        print("\nall is well")
    return 1 if red else 0


_SIGNS = {True: "ok     ", False: "TO MEND", None: "note   "}


def findings() -> Iterator[Finding]:
    """Everything `bridge doctor` looks at, in the order in which one would mend it."""
    yield _python()
    try:
        settings = parts.settings()
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("settings", False, problem)
        return
    config = None
    for one in _configuration(settings):
        if isinstance(one, Config):
            config = one
        else:
            yield one
    store = None
    for two in _redis(settings):
        if isinstance(two, Store):
            store = two
        else:
            yield two
    if store is not None:
        yield from _engine(store)
        yield from _rules(store, config)
    if config is not None:
        yield from _connections(settings, config, store)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info[:2] >= OLDEST
    return Finding("python", fine, version if fine else f"{version} is too old: 3.11 or newer")


def _configuration(settings: Settings) -> Iterator[Finding | Config]:
    """The mistakes, and the configuration as far as it can be used."""
    try:
        config = configuration(settings, parts.surroundings(settings.mappings))
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("configuration", False, problem)
        try:
            yield parts.config(settings)
        except ConfigError:
            return
    else:
        for warning in config.warnings:
            yield Finding("configuration", None, warning)
        counts = f"{len(config.connections)} connections, {len(config.rules.rules)} rules"
        yield Finding("configuration", True, f"{counts} in {settings.mappings}")
        yield config


# --- Redis and the workers -----------------------------------------------------------------------


def _redis(settings: Settings) -> Iterator[Finding | Store]:
    warned = _Heard()
    log = logging.getLogger("bridge.redis")
    log.addHandler(warned)
    log.propagate = False
    try:
        store = parts.journal(settings, Open)
        skew = store.time() - now().timestamp()
    except ConfigError as error:
        for problem in error.problems:
            yield Finding("redis", False, problem)
        return
    except BridgeError as error:
        yield Finding("redis", False, f"{error.detail}; start it, or set BRIDGE_REDIS_URL")
        return
    finally:
        log.removeHandler(warned)
        log.propagate = True
    for text in warned.said:
        yield Finding("redis", None, text)
    if why := parts.refusal(store):
        yield Finding("redis", False, f"{why}: what comes is answered 503")
    elif not warned.said:
        yield Finding("redis", True, "it answers, keeps an append-only file, and evicts nothing")
    yield _clock("redis", skew)
    yield store


class _Heard(logging.Handler):
    """Keeps what is logged, to be told as findings."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def _clock(about: str, skew: float) -> Finding:
    if abs(skew) <= SKEW:
        return Finding(about, True, "its clock and ours agree")
    way = "ahead of" if skew > 0 else "behind"
    text = f"its clock is {abs(skew):.0f} s {way} ours: set the clocks (NTP)"
    return Finding(about, False, text)


def _rules(store: Store, config: Config | None) -> Iterator[Finding]:
    """Which rules are in force, and whether they are what the files say."""
    try:
        row = store.rules()
    except BridgeError as error:
        yield Finding("rules", False, error.detail)
        return
    if not row:
        yield Finding("rules", None, "none are in force yet: the first worker brings its files")
        return
    told = f"in force: {parts.in_force(row)}"
    if config is None or config.version == row["version"]:
        yield Finding("rules", True, told)
    else:
        yield Finding("rules", None, f"{told}; the files here say otherwise: `bridge rules show`")


def _engine(store: Store) -> Iterator[Finding]:
    try:
        alive = [age for age in store.workers().values() if age < store.SILENT]
        late = max(store.overdue().values())
        dead, alarms = store.queues()["dead_letters"], store.alarms()
    except BridgeError as error:
        yield Finding("redis", False, error.detail)
        return
    if alive:
        yield Finding("workers", True, f"{len(alive)} alive")
    else:
        text = "none is alive: start `bridge up` or `bridge worker`; what comes is kept meanwhile"
        yield Finding("workers", False, text)
    if late > LATE:
        text = (
            f"the oldest work is overdue by {parts.lasted(late)}: more workers, or see the alarms"
        )
        yield Finding("queue", False, text)
    else:
        yield Finding("queue", True, "nothing is overdue")
    if dead:
        text = f"{dead} wait for you: `bridge dead list`"
        yield Finding("dead letters", False, text)
    else:
        yield Finding("dead letters", True, "none")
    for alarm in alarms.values():
        yield Finding("alarm", False, alarm["text"])
    if not alarms:
        yield Finding("alarms", True, "none")


# --- the other side ------------------------------------------------------------------------------


def _connections(settings: Settings, config: Config, store: Store | None) -> Iterator[Finding]:
    asking = Asking(settings, config, store)
    public = (settings.public_url or "").rstrip("/")
    for connection in config.connections.values():
        words = config.maps.get(connection.name)
        yield from _connection(asking, connection, words, public)
        if store is not None:
            yield from _heard(store, connection)
    for host, skew in asking.http.skew.items():
        yield _clock(host, skew)


def _connection(
    asking: Asking, connection: Connection, words: HelpdeskMap | None, public: str
) -> Iterator[Finding]:
    """What the provider itself says, also against our map of it; each sentence once."""
    if public:
        hook = f"{public}/hooks/{connection.name}"
        connection = replace(connection, options={**connection.options, "hook_url": hook})
    name, told = connection.name, set()
    helpdesk = HELPDESKS.get(connection.type)
    record = asking.record(connection)
    rows: list[tuple[bool | None, str]] = []
    if helpdesk:
        rows += [(False, text) for text in helpdesk.warnings(connection)]
    try:
        if record.check is None:
            rows.append((None, "this kind cannot be asked; only what comes in shows that it works"))
        else:
            rows += asking.ask(connection, record.check(connection))
        if helpdesk and helpdesk.check_map and words is not None:
            rows += asking.ask(connection, helpdesk.check_map(connection, words))
    except BridgeError as error:
        rows.append((False, _advice(error)))
    for ok, said in rows:
        text = said.removeprefix(f"{name}: ")
        if text not in told:
            told.add(text)
            yield Finding(name, ok, text)


def _advice(error: BridgeError) -> str:
    advice = {
        "unreachable": "check the address, the network and the firewall",
        "timeout": "it is slow or away; try again",
        "waiting": "it told us to wait; try again later",
        "limit": "it told us to wait; try again later",
        "budget": "our budget of requests is used up; try again in a minute",
    }.get(error.code)
    return f"{error.detail}; {advice}" if advice else error.detail


def _heard(store: Store, connection: Connection) -> Iterator[Finding]:
    """What the journal knows of it: whether it is closed, and when it sent last."""
    try:
        why, last = store.down(connection.name).get("why"), store.hash("last").get(connection.name)
    except BridgeError as error:
        yield Finding("redis", False, error.detail)
        return
    if why:
        told = STATES.get(why, why)
        text = f"it is {told}; once mended, `bridge resume {connection.name}` opens it"
        yield Finding(connection.name, False, text)
    at = parts.at_ms(last)
    if at is None:
        yield Finding(connection.name, None, "it has sent nothing yet")
    else:
        ago = parts.lasted((now() - at).total_seconds())
        yield Finding(connection.name, True, f"it sent something {ago} ago")
