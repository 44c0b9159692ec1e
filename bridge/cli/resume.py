"""`bridge resume [CONNECTION]`: work goes on at once, with all that was kept meanwhile."""

from __future__ import annotations

import argparse

from bridge.cli import parts

HELP = "go on working for a connection"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the connection."""
    parts.connection_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Open what is named, whatever closed it; 2 for a name that is none."""
    settings = parts.settings()
    store = parts.journal(settings)
    names = parts.chosen("resume", args.connection, parts.names(settings, store))
    if names is None:
        return 2
    for name in names:
        if store.resume(name):
            print(f"{name} goes on.")
        else:
            print(f"{name} was not stopped.")
    return 0
