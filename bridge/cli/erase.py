"""`bridge erase PERSON`: everything that is kept of one person goes; their tickets are the helpdesk's."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bridge.cli import parts
from bridge.cli.normalise import shown
from bridge.jobs import erasing
from bridge.jobs.erasing import Found, Wanted
from bridge.settings import settle
from bridge.wiring import build

HELP = "erase all that is kept of one person; says first what that is"
NAMED = "A person is named by the platform's id, the @handle or the profile link, not by what they are called."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the person, where to look, --yes and --json."""
    parser.add_argument(
        "person", metavar="PERSON", type=parts.word,
        help="the platform's id, @handle or link of the person; an event or a conversation of theirs",
    )  # fmt: skip
    parser.add_argument(
        "--connection", default="", metavar="NAME", type=parts.word,
        help="there alone: two people may have the same id or handle at two platforms",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="do it; without it nothing is changed")
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Say what would go, or erase it; 1 where there is nothing, 2 where it is not clear who is meant."""
    if not args.person.strip():
        print("bridge erase: name the person to erase", file=sys.stderr)
        return 2
    settings = parts.settings()
    store = parts.journal(settings)
    if args.connection and args.connection not in (known := parts.names(settings, store)):
        print(f"bridge erase: {parts.unknown(args.connection, known)}", file=sys.stderr)
        return 2
    wanted = Wanted(args.person, [args.connection] if args.connection else None)
    if args.yes and store.unread():
        erasing.read_first(build(settle(), connections=4))
    found = erasing.find(store, wanted)
    read, unread = store.mentioned(found.traces())
    if len(found.connections) > 1:
        several = " and ".join(found.connections)
        print(
            f"bridge erase: {shown(args.person)} is known at {several}, where they may be two people: "
            "say --connection NAME",
            file=sys.stderr,
        )
        return 2
    told = _told(found, read, unread)
    if args.yes:
        _add(told, _told(erasing.erase(store, wanted, found), 0, 0))
        told["rewritten"] = store.rewrite()
    there = bool(found or read or unread)
    told = {"person": args.person, "erased": args.yes and there, **told}
    if args.json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        print(parts.harmless("\n".join(_lines(told, args.person))))
    return 0 if there else 1


def _told(found: Found, read: int, unread: int) -> dict[str, Any]:
    """What there is, in numbers and names of ours; no words."""
    done = ("done", "ignored")
    return {
        "people": [
            {"connection": connection, "account": account, "id": name}
            for connection, account, name in sorted(found.people)
        ],
        "conversations": sorted(one for one, fields in found.rooms.items() if fields),
        "events": len(found.events),
        "unfinished": sum(state not in done for state, _ in found.events.values()),
        "deliveries": read,
        "unread": unread,
        "mutes": sorted({one.id for one in found.mutes}),
        "tickets": [
            {"helpdesk": desk, "ticket": ticket, "url": about.get("url") or None,
             "requester": about.get("requester") or None}
            for (desk, ticket), about in sorted(found.tickets.items())
        ],
    }  # fmt: skip


def _add(told: dict[str, Any], done: dict[str, Any]) -> None:
    """What came while it was looked for counts, too."""
    for name in ("people", "conversations", "events", "unfinished", "mutes", "tickets"):
        told[name] = max(told[name], done[name], key=_size)


def _size(value: Any) -> int:
    return value if isinstance(value, int) else len(value)


def _lines(told: dict[str, Any], person: str) -> list[str]:
    known = told["people"] or told["conversations"] or told["events"] or told["mutes"]
    if not (known or told["deliveries"] or told["unread"]):
        return [f"Nothing is kept of {shown(person)}.", NAMED]
    lines = [] if known else [f"Nobody is known as {shown(person)}; others may be meant.", NAMED]
    lines += [
        ("Erased: " if told["erased"] else "This would be erased: ")
        + ", ".join(
            [
                parts.counted(len(told["conversations"]), "conversation"),
                f"{parts.counted(told['events'], 'event')} ({told['unfinished']} not finished)",
                parts.counted(told["deliveries"], "raw payload"),
                parts.counted(len(told["mutes"]), "mute"),
            ]
        )
        + "."
    ]
    lines += [f"  {one['id']} at {one['connection']}" for one in told["people"]]
    if told["unread"]:
        lines.append(
            f"{parts.counted(told['unread'], 'delivery')} that may hold more will be read first."
        )
    if told["tickets"]:
        lines.append("What the helpdesk keeps is deleted there, by you:")
    for one in told["tickets"]:
        asker = f", requester {one['requester']}" if one["requester"] else ""
        lines.append(
            f"  {one['helpdesk']}: ticket {one['ticket']}{asker}  {one['url'] or ''}".rstrip()
        )
    if not told["erased"]:
        lines.append("Nothing was changed. With --yes it is done, and cannot be undone.")
    elif not told["rewritten"]:
        lines.append(
            "Redis does not rewrite its file for us now: the words leave its disk with its next rewrite "
            "(BGREWRITEAOF)."
        )
    lines.append("Backups of Redis, and logs of other programs, are yours to look after.")
    return lines
