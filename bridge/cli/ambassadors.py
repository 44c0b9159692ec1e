"""`bridge ambassadors`: who writes kindly of the brand, often and before many."""

from __future__ import annotations

import argparse
import json
from typing import Any

from bridge import plugins
from bridge.cli import kept, parts
from bridge.core import reports
from bridge.core.labels import labels
from bridge.store import Store
from bridge.wiring import now

HELP = "list authors with many kind words and real reach"
TROLL = "troll"


def arguments(parser: argparse.ArgumentParser) -> None:
    """How far back, and how many kind words make a candidate."""
    kept.since_argument(parser, "90d")
    parser.add_argument(
        "--least", type=_count, default=reports.LEAST, metavar="N",
        help=f"kind words a candidate has written at least (default {reports.LEAST})",
    )  # fmt: skip
    parts.json_flag(parser)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) <= 10_000):
        raise argparse.ArgumentTypeError(f"write a number from 1 to 10000, not {text!r}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Print the candidates, the best first."""
    settings = parts.settings()
    kept.warn_of_what_is_gone(settings, args.since)
    store = parts.journal(settings)
    found = kept.read(store, now() - args.since)
    scorer = plugins.scorer(settings.sentiment)
    rows = [_labelled(store, one) for one in reports.ambassadors(found, scorer, args.least)]
    rows = [one for one in rows if TROLL not in one["labels"]]
    if args.json:
        print(json.dumps({"ambassadors": rows}, ensure_ascii=False, indent=2))
        return 0
    for one in rows:
        print(parts.harmless(_told(one)))
    if not rows:
        print(f"nobody wrote kindly {args.least} times and more in that time")
    return 0


def _labelled(store: Store, one: dict[str, Any]) -> dict[str, Any]:
    """*one* with the labels the person has."""
    person = one.pop("person")
    kept_labels = store.get(f"label:{person}") if person else None
    return {**one, "labels": sorted(labels(kept_labels, now()))}


def _told(one: dict[str, Any]) -> str:
    who = one["url"] or one["username"] or one["id"]
    reach = "reach unknown"
    if one["followers"] is not None:
        reach = f"{one['followers']:,} followers"
    elif one["influence"] is not None:
        reach = f"influence {one['influence']:g}"
    more = [reach, *(["verified"] if one["verified"] else []), *one["labels"]]
    counts = f"{one['positive']} kind of {one['messages']}, {one['negative']} against"
    return f"{one['channel']}  {who}  {counts}; {', '.join(more)}; last {one['last'][:10]}"
