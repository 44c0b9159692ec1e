"""`bridge summary`: what was said in a week, by topic, mood and channel, and what became of it."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timedelta
from typing import Any

from bridge import plugins
from bridge.cli import kept, parts
from bridge.core import reports
from bridge.settings import Settings
from bridge.store import Store
from bridge.wiring import now

HELP = "sum up what was said: topics, moods, channels, how content customers were"


def arguments(parser: argparse.ArgumentParser) -> None:
    """How far back."""
    kept.since_argument(parser, "7d")
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Print the summary."""
    settings = parts.settings()
    kept.warn_of_what_is_gone(settings, args.since)
    told = summary(settings, parts.journal(settings), args.since, now())
    if args.json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        print(parts.harmless("\n".join(reports.sentences(told))))
    return 0


def summary(settings: Settings, store: Store, lasts: timedelta, until: datetime) -> dict[str, Any]:
    """The time of that length before *until*, as `--json` prints it."""
    both = 2 * lasts <= timedelta(days=settings.keep_days)
    found = kept.read(store, until - (2 if both else 1) * lasts)
    scorer = plugins.scorer(settings.sentiment)
    return reports.summary(found, until - lasts, until, scorer, before=both)
