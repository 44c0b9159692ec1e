"""`bridge mute`: what opens no ticket for a while: an author, a post or a phrase."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta

from bridge.cli import parts
from bridge.core.mutes import USUAL, WHATS, Mute, mute_out, wrong
from bridge.jobs import mutes
from bridge.store import Store
from bridge.wiring import now

HELP = "mute an author, a post or a phrase for a while; list and end mutes"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds add, list and end."""
    what = parser.add_subparsers(dest="what", metavar="add|list|end", required=True)
    one = what.add_parser("add", help="nothing of it opens or extends a ticket from now on")
    one.add_argument("of", choices=WHATS, help="what VALUE is")
    one.add_argument(
        "value", metavar="VALUE", type=parts.word,
        help="an author's id, @handle or link; a post's id or link; words, as rules write them",
    )  # fmt: skip
    one.add_argument(
        "--for",
        dest="lasts",
        type=parts.length,
        default=timedelta(seconds=USUAL),
        metavar="7d",
        help="7d, 36h (default 7d)",
    )
    one.add_argument("--because", required=True, metavar="TEXT", type=parts.word, help="why")
    one.add_argument(
        "--by", default=parts.me(), metavar="NAME", type=parts.word, help="who (default: you)"
    )
    one.add_argument(
        "--connection", default="", metavar="NAME", type=parts.word, help="there alone"
    )
    parts.json_flag(one)
    one = what.add_parser("list", help="what is muted, until when, why, and what that held back")
    parts.json_flag(one)
    one = what.add_parser("end", help="end a mute now")
    one.add_argument("id", metavar="ID", type=parts.word, help="as `bridge mute list` shows it")
    one.add_argument(
        "--by", default=parts.me(), metavar="NAME", type=parts.word, help="who (default: you)"
    )


def run(args: argparse.Namespace) -> int:
    """Do as told; 1 when a named mute or connection is not there, 2 for what cannot be muted."""
    settings = parts.settings()
    if args.what == "add" and (told := wrong(args.of, args.value)):
        print(f"bridge mute add: {told}", file=sys.stderr)
        return 2
    store = parts.journal(settings)
    if args.what == "list":
        return _list(store, as_json=args.json)
    if args.what == "end":
        return _end(store, args.id, args.by)
    if args.connection and args.connection not in (known := parts.names(settings, store)):
        print(f"bridge mute add: {parts.unknown(args.connection, known)}", file=sys.stderr)
        return 1
    mute = mutes.new(
        args.of, args.value, int(args.lasts.total_seconds()), now(), because=args.because, by=args.by,
        connection=args.connection,
    )  # fmt: skip
    store.mute(mute.id, mute_out(mute))
    if args.json:
        print(json.dumps(mutes.shown(mute, store.muted().get(mute.id, 0))))
    else:
        print(parts.harmless(f"{_told(mute)}\n`bridge mute end {mute.id}` ends it."))
    return 0


def _list(store: Store, *, as_json: bool) -> int:
    standing, counts = mutes.read(store.mutes()), store.muted()
    if as_json:
        rows = [mutes.shown(one, counts.get(one.id, 0)) for one in standing]
        print(json.dumps({"mutes": rows}, indent=2))
        return 0
    for one in standing:
        print(parts.harmless(f"{one.id}  {_told(one)} Held back: {counts.get(one.id, 0)}."))
    if not standing:
        print("nothing is muted")
    return 0


def _end(store: Store, name: str, by: str) -> int:
    found = next((one for one in mutes.read(store.mutes()) if one.id == name), None)
    if found is None:
        print(f"bridge mute end: {name!r} is no mute (any more)", file=sys.stderr)
        return 1
    many = mutes.end(store, found, now(), by)
    print(f"{name} has ended; it held back {many} message{'' if many == 1 else 's'}.")
    return 0


def _told(mute: Mute) -> str:
    """One mute in a sentence."""
    value = mute.value if mute.room or mute.what == "author" else repr(mute.value)
    where = f" on {mute.connection}" if mute.connection else ""
    by = f" by {mute.by}" if mute.by else ""
    why = f": {mute.because}" if mute.because else ""
    return f"The {mute.what} {value}{where} is muted{by} until {parts.moment(mute.until)}{why}."
