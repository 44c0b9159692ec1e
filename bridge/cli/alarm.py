"""`bridge alarm`: the alarms by their names, and the end of one that nobody needs any more."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime

from bridge.cli import parts
from bridge.core.mistakes import nearest
from bridge.versions import ALARM

HELP = "list the alarms with their names; end one that was seen to"

# What they speak of is as it is until something else is done: by their names' beginnings.
LASTING = {
    "down:": "its connection is closed: it ends when that works again, or with `bridge resume`",
    ALARM: "the rules cannot be read: it ends when the line it names is mended",
    "crowd:": "its incident lasts: `bridge crisis end`, or `/over` on its ticket, ends both",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds list and end."""
    what = parser.add_subparsers(dest="what", metavar="list|end", required=True)
    parts.json_flag(what.add_parser("list", help="each with its name, and since when"))
    one = what.add_parser("end", help="end one now; it comes again if its cause does")
    one.add_argument(
        "name", metavar="NAME", type=parts.word, help="as `bridge alarm list` shows it"
    )


def run(args: argparse.Namespace) -> int:
    """Do as told; 1 for a name that is none, or of an alarm that something else has to end."""
    store = parts.journal(parts.settings())
    alarms = store.alarms()
    if args.what == "list":
        if args.json:
            print(json.dumps({"alarms": alarms}, indent=2))
            return 0
        for each, alarm in alarms.items():
            since = parts.moment(datetime.fromisoformat(alarm["at"]))
            print(parts.harmless(f"{each}  since {since}: {alarm['text']}"))
        if not alarms:
            print("no alarms")
        return 0
    name = args.name
    if name not in alarms:
        told = f"there is no alarm '{name}' (any more){nearest(name, alarms)}"
    elif not (told := _lasts(name, [str(one["room"]) for one in store.spikes().values()])):
        store.alarm(name, None)
        print(f"the alarm {parts.harmless(name)} has ended; it comes again if its cause does")
        return 0
    print(f"bridge alarm end: {parts.harmless(told)}", file=sys.stderr)
    return 1


def _lasts(name: str, incidents: list[str]) -> str:
    """Why the alarm cannot end by itself; empty where it can. *incidents* are the rooms of those that last."""
    kind = next((one for one in LASTING if name.startswith(one)), "")
    if kind == "crowd:" and not any(room.startswith(name[len(kind) :]) for room in incidents):
        return ""
    return LASTING.get(kind, "")
