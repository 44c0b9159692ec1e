"""`bridge report`: numbers after the fact, by channel, helpdesk, rule, kind, post or mood; a table, CSV or JSON.

All processors read what is kept. Sends nothing, changes nothing; no words of customers are in it, and no names.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge import plugins
from bridge.cli import kept, parts, portions, sheet
from bridge.config import Config
from bridge.core import figures, targets
from bridge.core.calendars import ALWAYS, Calendar
from bridge.core.deeds import Deeds, Said
from bridge.core.heard import FIELDS
from bridge.core.sentiment import Scorer
from bridge.settings import Settings
from bridge.store import Store
from bridge.wiring import calendar_of, now

HELP = "count what came of messages and how soon people answered, by channel, rule, post, mood"
UNKNOWN = "—"  # in the table; empty in CSV, null in JSON
EXPLAINED = """\
Counted are the messages that came in that time, and what followed from them. What is not known is a dash in
the table, empty in CSV and null in JSON, and never zero:

  answers      of customers to whom one was promised (a target or steps); who has none is not waited for
  business     only where calendars.yaml has hours for the account
  solved       from the words that opened a ticket until it was solved for good; only what the helpdesk told
  negative     of messages whose mood is known
  rule         of a message on a ticket there was: the rule that opened it, if that was in the same time

Finished events are kept for BRIDGE_KEEP_DAYS (30 days where nobody says otherwise): nothing older is counted.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """How far back, by what, in which form."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXPLAINED
    kept.since_argument(parser, "30d")
    parser.add_argument(
        "--by",
        choices=tuple(figures.BY),
        default="channel",
        help="a row for each (default channel)",
    )
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table")
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Print the numbers."""
    settings = parts.settings()
    kept.warn_of_what_is_gone(settings, args.since)
    config = parts.accounts(settings, "report")
    told = report(settings, parts.journal(settings), config, args.by, args.since, now())
    if args.json or args.format == "json":
        print(json.dumps(told, ensure_ascii=False, indent=2))
    elif args.format == "csv":
        rows = [{name: _flat(value) for name, value in row.items()} for row in told["groups"]]
        sheet.write([name for name in told["all"] if name != "link" or args.by == "post"], rows)
    else:
        print(parts.harmless("\n".join(_lines(told))))
    return 0


def report(
    settings: Settings, store: Store, config: Config, by: str, lasts: timedelta, until: datetime
) -> dict[str, Any]:
    """The time of that length before *until*, as `--json` prints it."""
    since = until - lasts
    reader, deeds = Reader(store, since, plugins.scorer(settings.sentiment)), Deeds()
    for part in portions.through(store, reader.read):
        deeds.add(part)
        portions.progress(len(deeds.said))
    portions.progress(0)
    head = {"by": by, "since": since.isoformat(), "until": until.isoformat()}
    return {**head, **figures.figures(deeds, by, until, _hours(config))}


@dataclass(frozen=True, slots=True)
class Reader:
    """What a process needs to read events."""

    store: Store
    since: datetime
    scorer: Scorer | None

    def read(self, eids: Sequence[str]) -> Deeds:
        """What these events tell."""
        deeds = Deeds()
        for eid, row in zip(eids, self.store.some(eids, FIELDS), strict=True):
            deeds.take(eid, row, self.since, self.scorer)
        return deeds


def _hours(config: Config) -> Callable[[Said], Calendar | None]:
    """The business hours of whom a message was said to; None where nobody has set any."""

    @functools.cache
    def known(name: str, channel: str, account_id: str | None, desk: str) -> Calendar | None:
        connection = config.connections.get(name)
        account = connection.account(channel, account_id) if connection else None
        calendar = calendar_of(config, account, desk)
        return None if calendar is ALWAYS else calendar

    return lambda one: known(one.connection, one.channel, one.account, one.ticket.partition(":")[0])


def _flat(value: Any) -> Any:
    """Counts by name as one cell."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {many}" for name, many in value.items())
    return value


# --- for people ------------------------------------------------------------------------------------


def _span(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else targets.span(seconds)


def _part(share: float | None) -> str:
    return UNKNOWN if share is None else f"{share:.0%}"


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


COLUMNS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("messages", lambda row: _count(row["messages"])),
    ("escalated", lambda row: _count(row["escalated"])),
    ("appended", lambda row: _count(row["appended"])),
    ("ignored", lambda row: _count(row["ignored"])),
    ("negative", lambda row: _part(row["negative_share"])),
    ("in time", lambda row: _part(row["in_time_share"])),
    ("overdue", lambda row: _count(row["overdue"])),
    ("answer", lambda row: _span(row["answer_median"])),
    ("9 in 10", lambda row: _span(row["answer_p90"])),
    ("business", lambda row: _span(row["business_median"])),
    ("9 in 10", lambda row: _span(row["business_p90"])),
    ("solved", lambda row: _span(row["solved_median"])),
    ("reopened", lambda row: _count(row["reopened"])),
    ("automatic", lambda row: _count(row["automatic"])),
    ("failed", lambda row: _count(row["failed"])),
)
WHY = (("ignored", "ignored_because"), ("words that nobody got", "failed_because"))


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The table: a row for each group, then all of them; why things were ignored and words were lost."""
    names = ("since", "until")
    since, until = (targets.moment(datetime.fromisoformat(told[name])) for name in names)
    whole = told["all"]
    yield f"{whole['messages']:,} messages from {since} to {until}; times are medians, and within which nine in ten were"
    rows = [*told["groups"], *([told["rest"]] if "rest" in told else []), whole]
    cells = [[told["by"], *(title for title, _ in COLUMNS)]]
    cells += [[_name(row), *(show(row) for _, show in COLUMNS)] for row in rows]
    wide = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for name, *rest in cells:
        numbers = (f"{one:>{width}}" for one, width in zip(rest, wide[1:], strict=True))
        yield "  ".join((f"{name:{wide[0]}}", *numbers))
    for title, key in WHY:
        if whole[key]:
            yield f"{title}: {_flat(whole[key])}"
    if late := whole["found_late"]:
        yield f"found when it was too late already, and in no time above: {late:,}"


def _name(row: Mapping[str, Any]) -> str:
    return str(row["link"] or row["group"] or UNKNOWN)
