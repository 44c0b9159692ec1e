"""`bridge unanswered`: what nobody looked after, and tickets whose customer waits."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from bridge.cli import kept, parts
from bridge.core import unanswered
from bridge.core.heard import Item
from bridge.jobs.ingest import name_of
from bridge.store import Store
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
    told = listed(parts.journal(settings), at, args.older, args.since, texts=args.texts)
    if args.json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print(told, at)
    return 0


def listed(
    store: Store, at: datetime, older: timedelta, since: timedelta, *, texts: bool
) -> dict[str, list[dict[str, Any]]]:
    """`{"items", "tickets"}`, as `--json` prints them."""
    found = unanswered.candidates(kept.read(store, at - since), at - older)
    rooms = {one: store.hash(f"r:{one}") for one in {one.room for one in found} if one}
    return {
        "items": unanswered.loose(found, rooms, _delivered(store, found), texts=texts),
        "tickets": unanswered.waiting(store.rooms(), at - older),
    }


def _delivered(store: Store, found: Iterable[Item]) -> set[str]:
    """The items of which an automatic answer has arrived."""
    return {
        one.id
        for one in found
        for how, name, *_ in one.slip.get("replies", ())
        if store.event(name_of("automatic", one.id, how, name)).get("reason") == "delivered"
    }


def _print(told: dict[str, list[dict[str, Any]]], at: datetime) -> None:
    for one in told["items"]:
        where = one["link"] or f"bridge why {one['id']}"
        print(parts.harmless(f"{_ago(one['at'], at)}  {one['channel']}  {where}: {one['why']}"))
        if one.get("text"):
            print(parts.harmless(f"    {json.dumps(one['text'], ensure_ascii=False)}"))
    for one in told["tickets"]:
        where = one["url"] or f"{one['helpdesk']} {one['ticket']}"
        told_of = f"ticket {where} ({one['status']}): the customer on {one['channel']} waits"
        print(parts.harmless(f"{_ago(one['since'], at)}  {told_of}"))
    if not any(told.values()):
        print("nobody waits")


def _ago(moment: str, at: datetime) -> str:
    return f"{parts.lasted((at - datetime.fromisoformat(moment)).total_seconds())} ago"
