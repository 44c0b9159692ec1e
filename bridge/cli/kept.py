"""What customers wrote and is kept, for the reports: read without stopping anything, with a line of progress."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from bridge.cli import parts
from bridge.core.heard import FIELDS, Item, items
from bridge.settings import Settings
from bridge.store import Store

SHOWN = 500  # events between two lines of progress


def since_argument(parser: argparse.ArgumentParser, usual: str) -> None:
    """Adds --since."""
    parser.add_argument(
        "--since", type=parts.length, default=parts.length(usual), metavar=usual,
        help=f"how far back: 12h, 30d, 4w (default {usual}; what is kept: BRIDGE_KEEP_DAYS)",
    )  # fmt: skip


def read(store: Store, since: datetime) -> list[Item]:
    """What customers wrote since then, the oldest first."""
    return sorted(items(watched(store), since), key=lambda one: one.at)


def watched(store: Store) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every kept event, as far as the reports ask; a person sees how many were read."""
    seen, number = sys.stderr.isatty(), 0
    for number, row in enumerate(store.every(FIELDS), 1):
        yield row
        if seen and number % SHOWN == 0:
            print(f"\r{number:,} events read", end="", file=sys.stderr, flush=True)
    if seen:
        print(f"\r{'':32}\r", end="", file=sys.stderr)


def warn_of_what_is_gone(settings: Settings, wanted: timedelta) -> None:
    """Say on stderr that less is kept than was asked for."""
    if wanted > timedelta(days=settings.keep_days):
        print(
            f"finished events are kept for {settings.keep_days} days (BRIDGE_KEEP_DAYS): what is older "
            "does not count here",
            file=sys.stderr,
        )
