"""`bridge reconcile [CONNECTION]`: read back now what nobody told us."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from bridge.cli import parts
from bridge.core.model import Connection
from bridge.jobs.gaps import Found, readable
from bridge.jobs.outside import Outside
from bridge.jobs.watch import reconcile
from bridge.settings import settle
from bridge.wiring import Bridge, build

HELP = "read back what no webhook told: recent words, changed tickets"
MOST = timedelta(days=7)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the connection, --since and --json."""
    parts.connection_argument(parser)
    parser.add_argument(
        "--since",
        metavar="24h",
        type=_length,
        help="so far back, where that is farther than usual: 12h, 3d (at most 7d)",
    )
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Read back what is named; 1 when something could not be read, 2 for a name that is none."""
    bridge = build(settle(), connections=4)
    known = bridge.config.connections
    chosen = parts.chosen("reconcile", args.connection, known)
    if chosen is None:
        return 2
    wanted = bridge.now() - args.since if args.since else None
    outside, told, wrong = Outside(bridge, 2), {}, 0
    for connection in (known[name] for name in chosen):
        if not readable(bridge, connection):
            told[connection.name] = {"readable": False}
            if not args.json:
                print(f"{connection.name}: cannot be asked; what it did not send is gone")
            continue
        found = reconcile(bridge, outside, connection, wanted)
        told[connection.name] = {"readable": True, **_plain(found)}
        wrong = wrong or int(bool(found.errors))
        if not args.json:
            _print(bridge, connection, found)
    if args.json:
        print(json.dumps(told))
    return wrong


def _length(text: str) -> timedelta:
    lasts = parts.length(text)
    if lasts > MOST:
        raise argparse.ArgumentTypeError(f"so far back no platform is read: at most {MOST.days}d")
    return lasts


def _plain(found: Found) -> dict[str, Any]:
    names = ("calls", "seen", "new", "tickets", "errors", "cut")
    return {name: value for name, value in asdict(found).items() if name in names}


def _print(bridge: Bridge, connection: Connection, found: Found) -> None:
    what = "tickets that changed" if bridge.source(connection) is None else "events"
    news = found.tickets if bridge.source(connection) is None else found.new
    later = (
        "; some are so young that their webhook may still come: they are left to it"
        if found.fresh
        else ""
    )
    if found.seen or not found.errors:
        print(
            f"{connection.name}: {parts.counted(found.calls, 'call')}, {found.seen} {what} listed, "
            f"{news or 'none'} that nobody had told us of{later}"
        )
    for where in found.cut:
        print(f"{connection.name}: more was said than is read: {parts.harmless(where)}")
    for error in found.errors:
        print(parts.harmless(f"bridge reconcile: {error}"), file=sys.stderr)
