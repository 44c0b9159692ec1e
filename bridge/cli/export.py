"""`bridge export CONVERSATION`: all that is kept of one conversation, to be handed to whoever asks for it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.cli import parts
from bridge.cli.normalise import shown, written
from bridge.cli.why import receipts
from bridge.core.model import stamp
from bridge.core.stored import doc_in
from bridge.store import Store

HELP = "print all that is kept of one conversation"
# What a conversation is known by that is ours alone and tells nothing of the person.
_PLAIN = ("v", "c", "key")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the conversation and --json."""
    parser.add_argument(
        "conversation", metavar="CONVERSATION", type=parts.word,
        help="its id or key, its ticket, a message of it or its link: what `bridge why` takes",
    )  # fmt: skip
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Print it, the oldest first; 1 when there is none."""
    store = parts.journal(parts.settings())
    rooms = _rooms(store, args.conversation)
    if not rooms:
        print(
            f"bridge export: nothing is known of {shown(args.conversation)!r}: it never was, or it was "
            "finished longer ago than BRIDGE_KEEP_DAYS",
            file=sys.stderr,
        )
        return 1
    told = {"conversations": list(_told(store, rooms))}
    if args.json:
        print(written(told))
    else:
        for one in told["conversations"]:
            _print(one)
    return 0


def _rooms(store: Store, wanted: str) -> list[str]:
    """The conversations that *wanted* means."""
    by_key = store.get(f"join:{stamp(wanted)}") or stamp(wanted)
    if known := [one for one in (wanted, by_key) if store.hash(f"r:{one}")]:
        return known[:1]
    found = (str(one["conversation"]) for one in receipts(store, wanted))
    return sorted({one for one in found if one})


def _told(store: Store, rooms: list[str]) -> Iterator[dict[str, Any]]:
    for room in rooms:
        facts = store.hash(f"r:{room}")
        rows = receipts(store, room)
        yield {
            "id": room,
            "key": facts.get("key"),
            "connection": facts.get("c"),
            "ticket": facts.get("ticket") or None,
            "helpdesk": facts.get("desk") or None,
            "url": facts.get("url") or None,
            "known": {k: _plain(v) for k, v in sorted(facts.items()) if k not in _PLAIN and v},
            "events": [_whole(store, one) for one in rows],
        }


def _plain(text: str) -> Any:
    """A fact as a value: lists and objects lie there as JSON."""
    try:
        return json.loads(text) if text[:1] in ("{", "[") else text
    except ValueError:
        return text


def _whole(store: Store, one: Mapping[str, Any]) -> dict[str, Any]:
    """A receipt with all of its words, where it cuts them, and its files."""
    doc = doc_in(store.event(one["id"]).get("doc"))
    comment = doc["comment"] if isinstance(doc.get("comment"), dict) else {}
    files = doc.get("attachments") or comment.get("attachments") or []
    return {**one, "text": doc.get("text") or comment.get("text") or "", "attachments": files}


def _print(told: Mapping[str, Any]) -> None:
    ticket = f", ticket {told['ticket']} of {told['helpdesk']}" if told["ticket"] else ""
    lines = [f"Conversation {told['key'] or told['id']}{ticket}"]
    for one in told["events"]:
        at = parts.moment(datetime.fromisoformat(one["sent_at"] or one["at"]))
        who = f"{one['who']}: " if one["who"] else ""
        if one["text"]:
            lines.append(f"{at}  {who}{one['text']}")
        lines += [f"    file: {file.get('name') or file.get('url') or file.get('type')}"
                  for file in one["attachments"] if isinstance(file, dict)]  # fmt: skip
        lines.append(f"    {one['sentence']}")
    for name, value in told["known"].items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines.append(f"  {name}: {text}")
    print(parts.harmless("\n".join(lines)))
