"""`bridge signals`: how often the signals are right, on labelled messages."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from bridge import plugins
from bridge.core.accuracy import SETS, labelled, table, tallies
from bridge.settings import Settings

HELP = "show how often the signals are right, on labelled messages"
MESSAGES = Path(__file__).parents[1] / "labelled" / "messages.tsv"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds another file, and --json."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, default=MESSAGES,
        help="messages of your own: set (known, everyday or facts), language, mood, signs, text, with tabs between, a head "
        "first (default: those that come with the bridge)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the counts as one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the tables; 1 when the file cannot be read."""
    try:
        messages = labelled(args.file.read_text("utf-8").splitlines())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        print(f"bridge signals: {args.file} cannot be read: {why}", file=sys.stderr)
        return 1
    strange = sorted({one.set for one in messages} - set(SETS))
    if strange or not messages:
        told = f"'{strange[0]}' is no set" if strange else "it holds no message"
        print(f"bridge signals: {args.file}: {told}; sets: {', '.join(SETS)}", file=sys.stderr)
        return 1
    scorer = plugins.scorer(Settings.from_environ(os.environ).sentiment)
    if not args.json:
        print(table(messages, scorer))
        return 0
    print(
        json.dumps(
            {
                f"{set_}/{language}": {
                    "messages": one.mood.asked,
                    "language": {"right": one.language.right, "unknown": one.language.unknown},
                    "mood": {"right": one.mood.right, "turned": one.mood.turned},
                    "signs": {name: count.found() for name, count in one.signs.items()},
                }
                for (set_, language), one in tallies(messages, scorer).items()
            }
        )
    )
    return 0
