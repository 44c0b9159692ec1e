"""`bridge summary`: what was said in a week, by topic, mood and channel, and what became of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from bridge import plugins
from bridge.cli import kept, parts
from bridge.core import reports
from bridge.settings import Settings
from bridge.store import Store
from bridge.wiring import now

HELP = "sum up what was said: topics, moods, channels, how content customers were"
ENDS: Final = {
    "ticket": "opened a ticket or went on one",
    "answered": "got an automatic answer and no ticket",
    "feedback": "count as feedback",
    "ignored": "ignored, with a reason",
    "muted": "muted",
    "nothing": "no rule asked for anything",
    "waiting": "still being worked on",
    "dead": "put aside for an operator (bridge dead list)",
}


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
        print(parts.harmless("\n".join(sentences(told))))
    return 0


def summary(settings: Settings, store: Store, lasts: timedelta, until: datetime) -> dict[str, Any]:
    """The time of that length before *until*, as `--json` prints it."""
    both = 2 * lasts <= timedelta(days=settings.keep_days)
    found = kept.read(store, until - (2 if both else 1) * lasts)
    scorer = plugins.scorer(settings.sentiment)
    return reports.summary(found, until - lasts, until, scorer, before=both)


def sentences(told: Mapping[str, Any]) -> Iterator[str]:
    """The summary for people, a line each."""
    since, until = (parts.moment(datetime.fromisoformat(told[name])) for name in ("since", "until"))
    yield f"{told['messages']:,} messages from {since} to {until}"
    for name, says in ENDS.items():
        if many := told["ends"].get(name):
            yield f"  {many:>7,}  {says}"
    for title in ("ignored", "muted"):
        if told[title]:
            yield f"{title}: {_counts(told[title])}"
    yield f"mood: {_counts(told['mood'])}"
    for one in told["channels"]:
        yield f"{one['channel']}: {one['messages']:,}, {one['tickets']:,} on tickets; {_counts(one['mood'])}"
    for one in told["topics"]:
        before = "" if one["before"] is None else f" (before: {one['before']:,})"
        yield f"topic {one['topic']}: {one['messages']:,}{before}; {_counts(one['mood'])}; {_counts(one['channels'])}"
        yield from (f"    {link}" for link in one["links"])
    content = told["csat"]
    if content["answers"]:
        scores = ", ".join(f"{score}: {many}" for score, many in content["scores"].items())
        yield f"how content: {content['mean']} of 5 by {content['answers']} answers ({scores})"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {many:,}" for name, many in counts.items() if many) or "none"
