"""`bridge feedback`: what rules counted under a topic, and scores of customers, as a table, CSV or JSON."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from typing import Any

from bridge import plugins
from bridge.cli import kept, parts, sheet
from bridge.core import reports
from bridge.wiring import now

HELP = "export what rules counted as feedback, and how content customers said they were"
COLUMNS = (
    "at", "topics", "mood", "sentiment", "csat", "language", "connection", "channel", "account", "kind", "rule",
    "ticket", "link", "deleted", "id",
)  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    """How far back, which topic, in which form."""
    kept.since_argument(parser, "30d")
    parser.add_argument("--topic", metavar="NAME", type=parts.word, help="this one alone")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table")
    parser.add_argument("--texts", action="store_true", help="with the words of customers")
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Print every piece of feedback, the oldest first."""
    settings = parts.settings()
    scorer = plugins.scorer(settings.sentiment)
    kept.warn_of_what_is_gone(settings, args.since)
    found = kept.read(parts.journal(settings), now() - args.since)
    rows = [
        reports.row(one, scorer, texts=args.texts)
        for one in found
        if (one.topics or "csat" in one.slip) and args.topic in (None, *one.topics)
    ]
    if args.json or args.format == "json":
        print(json.dumps({"feedback": rows}, ensure_ascii=False, indent=2))
    elif args.format == "csv":
        columns = (*COLUMNS, "text") if args.texts else COLUMNS
        sheet.write(columns, ({**row, "topics": " ".join(row["topics"])} for row in rows))
    else:
        _print(rows)
    return 0


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        where = row["link"] or ("deleted" if row["deleted"] else f"bridge why {row['id']}")
        about = " ".join([*row["topics"], *([f"{row['csat']} of 5"] if row["csat"] else [])])
        told = f"{row['at'][:16]}  {about}  {row['mood']}  {row['channel']}  {where}"
        print(parts.harmless(told))
        if row.get("text"):
            print(parts.harmless(f"    {json.dumps(row['text'], ensure_ascii=False)}"))
    if not rows:
        print("no rule has counted anything as feedback (`feedback: TOPIC` in a rule's `then`)")
        return
    topics = Counter(topic for row in rows for topic in row["topics"])
    print(f"\n{len(rows)} in all: {', '.join(f'{name} {n}' for name, n in topics.most_common())}")
