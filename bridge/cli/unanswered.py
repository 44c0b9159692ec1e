"""`bridge unanswered`: what nobody looked after, and tickets whose customer waits."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from typing import Any

from bridge.cli import kept, parts
from bridge.core import unanswered
from bridge.jobs.digests import waiting
from bridge.wiring import now

HELP = "list what was neither answered nor ignored with a reason, and tickets whose customer waits"


def arguments(parser: argparse.ArgumentParser) -> None:
    """How old, how far back."""
    parser.add_argument(
        "--older", type=parts.length, default=parts.length("24h"), metavar="24h",
        help="what has waited for so long and longer (default 24h)",
    )  # fmt: skip
    kept.since_argument(parser, "30d")
    parser.add_argument("--texts", action="store_true", help="with the words of customers")
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Print both lists, the longest first."""
    settings = parts.settings()
    kept.warn_of_what_is_gone(settings, args.since)
    at = now()
    store = parts.journal(settings)
    told = waiting(store, kept.watched(store), at, args.older, args.since, texts=args.texts)
    if args.json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print(told, at)
        if not any(told.values()):
            print(f"nobody waits for longer than {parts.lasted(args.older.total_seconds())}")
    return 0


def _print(told: dict[str, list[dict[str, Any]]], at: datetime) -> None:
    for one in (*told["items"], *told["tickets"]):
        print(parts.harmless(unanswered.sentence(one, at)))
        if one.get("text"):
            print(parts.harmless(f"    {json.dumps(one['text'], ensure_ascii=False)}"))
