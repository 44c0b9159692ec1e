"""`bridge calendars CONNECTION`: a helpdesk's business hours, so that nobody types them twice."""

from __future__ import annotations

import argparse
import sys

from bridge.cli import parts
from bridge.cli.asking import Asking, perhaps_journal
from bridge.config.hours import written
from bridge.helpdesks.base import Helpdesk
from bridge.wiring import now

HELP = "print a helpdesk's business hours as a calendars.yaml to look through"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the connection."""
    parser.add_argument("connection", metavar="CONNECTION", help="a helpdesk in connections.yaml")


def run(args: argparse.Namespace) -> int:
    """Ask and print; 1 where there is nothing, or something to be added by hand; 2 for what is no helpdesk."""
    settings = parts.settings()
    config = parts.config(settings)
    name = args.connection
    connection = config.connections.get(name)
    if connection is None:
        print(f"bridge calendars: {parts.unknown(name, config.connections)}", file=sys.stderr)
        return 2
    asking = Asking(settings, config, perhaps_journal(settings))
    record = asking.record(connection)
    if not isinstance(record, Helpdesk) or record.hours is None:
        print(f"bridge calendars: {name} is no helpdesk, so it keeps no hours", file=sys.stderr)
        return 2
    found = asking.ask(connection, record.hours(connection))
    if not found:
        print(f"bridge calendars: {name} has no business hours", file=sys.stderr)
        return 1
    lines, whole = written(found, now().date())
    print(
        f"# The business hours of {name}, read on {now():%Y-%m-%d} by `bridge calendars {name}`. Look them through,"
    )
    print(
        "# put them into mappings/calendars.yaml, and run `bridge check`. Later changes there come over only when you do so again."
    )
    print(parts.harmless("\n".join(lines)))
    if not whole:
        told = "a calendar is not whole: see its remarks, and what `bridge check` says"
        print(f"bridge calendars: {told}", file=sys.stderr)
    return 0 if whole else 1
