"""`bridge dead`: what could not be done by itself; look at it, give it another life, or let it be."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bridge.cli import parts
from bridge.cli.normalise import shown, written
from bridge.core import receipt
from bridge.core.stored import doc_in
from bridge.store import Store

HELP = "list, show, retry or drop dead letters"
ALL = 1_000_000  # letters that --all and the list take at most


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds list, show, retry and drop."""
    what = parser.add_subparsers(dest="what", metavar="list|show|retry|drop", required=True)
    one = what.add_parser("list", help="what there is, newest first")
    parts.json_flag(one)
    one = what.add_parser("show", help="one of them, with the payload as it came")
    one.add_argument("id", metavar="ID", type=parts.word)
    parts.json_flag(one)
    one = what.add_parser("retry", help="do it again; what was done already is not repeated")
    one.add_argument("ids", metavar="ID", type=parts.word, nargs="*")
    one.add_argument("--all", action="store_true", help="every one there is")
    one = what.add_parser("drop", help="let it be; it counts as ignored then")
    one.add_argument("ids", metavar="ID", type=parts.word, nargs="+")


def run(args: argparse.Namespace) -> int:
    """Do as told; 1 when a named letter is not there."""
    if args.what == "retry" and bool(args.ids) == args.all:
        print("bridge dead retry: name the letters, or say --all", file=sys.stderr)
        return 2
    store = parts.journal(parts.settings())
    if args.what == "list":
        return _list(store, as_json=args.json)
    if args.what == "show":
        return _show(store, args.id, as_json=args.json)
    every = args.what == "retry" and args.all
    ids = store.dead(ALL) if every else args.ids
    # Oldest first, so that a conversation's messages keep their order.
    done = [_revive(store, eid, args.what) for eid in (reversed(ids) if every else ids)]
    if every and not ids:
        print("there are no dead letters")
    return 0 if all(done) else 1


def letter(store: Store, eid: str) -> dict[str, Any] | None:
    """One dead letter as `--json` prints it; None when *eid* is none. `age` is in seconds."""
    fields = store.event(eid)
    if fields.get("state") != "dead":
        return None
    one = receipt.shown(eid, fields)
    kept = ("id", "at", "connection", "channel", "kind", "external_id", "ticket", "reason")
    age = max(store.time() - float(fields.get("at") or 0) / 1000, 0.0)
    return {**{name: one[name] for name in kept}, "age": age, "delivery": fields.get("d") or None}


def _list(store: Store, *, as_json: bool) -> int:
    letters = [one for eid in store.dead(ALL) if (one := letter(store, eid))]
    if as_json:
        print(written({"dead": letters}))
        return 0
    for one in letters:
        print(parts.harmless(f"{one['id']}  {_line(one)}"))
    if letters:
        print("\n`bridge dead show ID` shows one, `bridge dead retry ID` tries again.")
    else:
        print("there are no dead letters")
    return 0


def _line(one: dict[str, Any]) -> str:
    what = " ".join(filter(None, (one["channel"], one["kind"])))
    return f"{one['connection']}, {parts.lasted(one['age'])} ago, {what}: {one['reason']}"


def _show(store: Store, eid: str, *, as_json: bool) -> int:
    one = letter(store, eid)
    if one is None:
        return _missing(store, eid, "show")
    one["raw"] = parts.raw(store, one["delivery"])
    if as_json:
        print(written(one))
        return 0
    print(parts.harmless(f"{one['id']}: {_line(one)}"))
    for name in ("external_id", "ticket", "delivery"):
        if one[name]:
            print(parts.harmless(f"  {name.replace('_', ' ')}: {one[name]}"))
    print(f"  try again: bridge dead retry {eid}")
    print(f"  let it be: bridge dead drop {eid}")
    if one["delivery"]:
        print(parts.harmless(f"As it came:\n{one['raw'] or '(not kept any more)'}"))
    else:
        doc = doc_in(store.event(eid).get("doc"))
        print(parts.harmless(f"Made by the bridge itself:\n{json.dumps(doc, ensure_ascii=False)}"))
    return 0


def _revive(store: Store, eid: str, what: str) -> bool:
    one = letter(store, eid)
    if one is None:
        _missing(store, eid, what)
        return False
    if store.revive(eid, what):
        if what == "drop":
            print(f"{eid} is dropped; it counts as ignored.")
        elif store.event(eid):
            print(f"{eid} is tried again; `bridge why {eid}` tells what comes of it.")
        else:
            delivery = one["delivery"]
            print(f"{eid}: its delivery is read again; `bridge why {delivery}` tells what it held.")
        return True
    print(
        f"bridge dead {what}: {eid} cannot be tried again: what came is not kept any more; "
        f"`bridge dead drop {eid}` clears it away",
        file=sys.stderr,
    )
    return False


def _missing(store: Store, eid: str, what: str) -> int:
    state = store.event(eid).get("state")
    why = f"it is {state.replace('_', ' ')}" if state else "nothing is known of it"
    print(f"bridge dead {what}: {shown(eid)} is no dead letter: {why}", file=sys.stderr)
    return 1
