"""`bridge pause [CONNECTION]`: nothing is done for it until `bridge resume`; what comes in is kept."""

from __future__ import annotations

import argparse
import sys

from bridge.cli import parts

HELP = "stop working for a connection; what comes in is kept"
FOR_EVER = 20 * 365 * 86400.0  # seconds: until somebody says otherwise


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the connection."""
    parts.connection_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Close what is named; 2 for a name that is none."""
    settings = parts.settings()
    store = parts.journal(settings)
    names = parts.chosen("pause", args.connection, parts.names(settings, store))
    if names is None:
        return 2
    for name in names:
        alarm = f"{name} is paused; what comes in is kept: `bridge resume {name}` goes on"
        if store.trouble(name, "paused", FOR_EVER, alarm):
            print(f"{name} is paused: what comes in is kept; `bridge resume {name}` goes on.")
        else:
            print(f"{name} was paused already.")
    if not names:
        print("bridge pause: there is no connection to pause", file=sys.stderr)
    return 0 if names else 1
