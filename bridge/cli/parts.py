"""What the commands for daily work share: the settings, the journal, the names, and plain words."""

from __future__ import annotations

import argparse
import difflib
import getpass
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bridge import embedded
from bridge.cli.normalise import shown
from bridge.config import Config, load
from bridge.core.commands import duration
from bridge.core.errors import BridgeError, ConfigError
from bridge.settings import Settings, environment
from bridge.store import Store
from bridge.wiring import now, providers


def settings() -> Settings:
    """The product's own variables, a `.env` here included."""
    return Settings.from_environ(environment())


def journal(these: Settings, kind: type[Store] = Store) -> Store:
    """The journal, without a configuration. Raises a BridgeError with a sentence when Redis is away."""
    day = 86400
    client = embedded.connect(these)
    return kind(client, keep=these.keep_days * day, keep_raw=these.keep_raw_days * day, clock=now)


def refusal(store: Store) -> str | None:
    """Why Redis takes no writes, though it answers."""
    try:
        store.writable()
    except BridgeError as error:
        return error.detail
    return None


def surroundings(folder: Path) -> dict[str, str]:
    """The environment, over .env here, over .env beside the mappings."""
    return {**environment(folder.resolve().parent), **environment()}


def config(these: Settings) -> Config:
    """The configuration, missing secrets forgiven. Raises ConfigError for all else."""
    return load(these.mappings, surroundings(these.mappings), providers(), strict=False)


def accounts(these: Settings, command: str) -> Config:
    """The accounts and their business hours; none where the files have mistakes, which *command* says."""
    try:
        return config(these)
    except ConfigError as error:
        told = f"{error.problems[0]}: business hours are left out"
        print(f"bridge {command}: {harmless(told)}", file=sys.stderr)
        return Config()


def names(these: Settings, store: Store) -> list[str]:
    """The connections: the configured ones; where the files are broken, those that brought anything."""
    try:
        return list(config(these).connections)
    except ConfigError:
        print(
            "the configuration has mistakes (`bridge check` names them); "
            "these are the connections that Redis knows",
            file=sys.stderr,
        )
        return [name for name in store.connections() if name != "bridge"]


def unknown(name: str, known: Iterable[str]) -> str:
    """A sentence about a connection that there is none of, with what was probably meant."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    if near:
        return f"there is no connection {shown(name)!r}; did you mean {near[0]!r}?"
    return f"there is no connection {shown(name)!r}; there are: {', '.join(known) or 'none yet'}"


def chosen(command: str, name: str | None, known: Iterable[str]) -> list[str] | None:
    """The connections that *name* means: all, without one. None where it is none, which is then said."""
    if name is None:
        return list(known)
    if name in known:
        return [name]
    print(f"bridge {command}: {unknown(name, known)}", file=sys.stderr)
    return None


def json_flag(parser: argparse.ArgumentParser) -> None:
    """Adds --json."""
    parser.add_argument("--json", action="store_true", help="one JSON object, for machines")


def connection_argument(parser: argparse.ArgumentParser) -> None:
    """Adds the name of one connection, or of all where it is left out."""
    parser.add_argument(
        "connection", metavar="CONNECTION", nargs="?", help="its name; without one, all of them"
    )


def me() -> str:
    """Who gives the command, by the name of the machine's user; empty where that has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def length(text: str) -> timedelta:
    """A length of time as rules know it, such as 30m, 12h or 30d, for argparse."""
    seconds = duration(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"write a length such as 30m, 12h or 30d, not {text!r}")
    return timedelta(seconds=seconds)


def word(text: str) -> str:
    """*text* of the command line as Redis can look it up; bytes that are no UTF-8 match nothing."""
    return text.encode("utf-8", "replace").decode()


# --- plain words -----------------------------------------------------------------------------------


def counted(many: int, what: str) -> str:
    """`1 event`, `2 events`, `3 deliveries`."""
    plural = what[:-1] + "ies" if what.endswith("y") else what + "s"
    return f"{many} {what if many == 1 else plural}"


def lasted(seconds: float) -> str:
    """A length of time, as people say it."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'' if count == 1 else 's'}"
    count = max(int(seconds), 0)
    return f"{count} second{'' if count == 1 else 's'}"


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def at_ms(text: str | None) -> datetime | None:
    """The time that Redis' milliseconds stand for."""
    return datetime.fromtimestamp(float(text) / 1000, UTC) if text else None


def iso(text: str | None) -> str | None:
    """The time that Redis' milliseconds stand for, as `--json` prints it."""
    at = at_ms(text)
    return at.isoformat() if at else None


def version(row: Mapping[str, Any]) -> str:
    """A version of the rules: its number, its name, and where it comes from."""
    origin = "published" if row["origin"] == "published" else "from the files"
    by = f" by {row['author']}" if row.get("author") else ""
    return f"version {row['n']} ({row['version']}), {origin}{by}"


def in_force(row: Mapping[str, Any]) -> str:
    """A version of the rules, since when it is in force and why, as a terminal may show it."""
    at = row["at"]
    when = datetime.fromisoformat(at) if isinstance(at, str) and "T" in at else at_ms(at)
    since = f", since {moment(when)}" if when else ""
    note = f": {row['note']}" if row.get("note") else ""
    return harmless(f"{version(row)}{since}{note}")


def harmless(text: str) -> str:
    """*text* as a terminal may show it: whatever it would obey is written out."""
    return "".join(
        one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode()
        for one in text
    )


def raw(store: Store, delivery: str | None) -> str | None:
    """The body of a delivery as text, bytes that are none written out; None when it is not kept."""
    body = store.raw(delivery) if delivery else None
    return None if body is None else body.decode("utf-8", "backslashreplace")
