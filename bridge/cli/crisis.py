"""`bridge crisis`: an incident begun or ended by hand, whatever the numbers say."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.cli import parts
from bridge.config import Config
from bridge.core.crowds import by_hand
from bridge.core.mistakes import nearest
from bridge.core.rules import Crowd, Rules
from bridge.jobs import crisis, crowds
from bridge.store import Store
from bridge.versions import rules_in_force
from bridge.wiring import now

HELP = "begin or end an incident by hand, whatever the numbers say; list those that last"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds begin, end and list."""
    what = parser.add_subparsers(dest="what", metavar="begin|end|list", required=True)
    one = what.add_parser("begin", help="one incident from now on; it lasts until somebody ends it")
    _of(one)
    one.add_argument("--reason", required=True, metavar="TEXT", type=parts.word, help="why")
    one = what.add_parser("end", help="it is over now; then as many have to come again")
    _of(one)
    one.add_argument("--reason", default="it is over", metavar="TEXT", type=parts.word, help="why")
    one = what.add_parser("list", help="the incidents that last, and the crowds there are")
    parts.json_flag(one)


def _of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("crowd", metavar="CROWD", type=parts.word, help="its name in rules.yaml")
    parser.add_argument(
        "--at", default="", metavar="VALUE", type=parts.word,
        help="which of those that the crowd counts apart (`per:`): facebook:1067, a rule's name",
    )  # fmt: skip
    parser.add_argument(
        "--by", default=parts.me(), metavar="NAME", type=parts.word, help="who (default: you)"
    )


def run(args: argparse.Namespace) -> int:
    """Do as told; 1 where there is no such crowd, or no incident of it to end."""
    settings = parts.settings()
    store = parts.journal(settings)
    lasting = store.spikes()
    if args.what == "end":
        return _end(store, lasting, args)
    config = parts.config(settings)
    rules = rules_in_force(store, settings.mappings, config, store.rules().get("version"))
    if args.what == "list":
        return _list(lasting, rules, as_json=args.json)
    crowd = next((one for one in rules.crowds if one.name == args.crowd), None)
    if crowd is None:
        print(f"bridge crisis begin: {_unknown(args.crowd, rules)}", file=sys.stderr)
        return 1
    value, wrong = _value(crowd, args.at, rules, config)
    if wrong:
        print(f"bridge crisis begin: {parts.harmless(wrong)}", file=sys.stderr)
        return 1
    known = lasting.get(crowds.name(crowd, value))
    if known is None:
        place = _place(config, value)
        crisis.ask_to_begin(store, crowd, value, place, now(), because=args.reason, by=args.by)
        told = f"The incident {_named(crowd.name, value)} begins; `bridge crisis list` shows its ticket."
    else:
        told = f"It lasts already: {line(shown(known))}"
    print(parts.harmless(told))
    return 0


def _unknown(name: str, rules: Rules) -> str:
    known = [one.name for one in rules.crowds]
    told = f"there is: {', '.join(known)}" if known else "rules.yaml has none: docs/crowd.md"
    return parts.harmless(f"there is no crowd '{name}' ({told}){nearest(name, known)}")


def _value(crowd: Crowd, at: str, rules: Rules, config: Config) -> tuple[str, str]:
    """What of the crowd is meant, and what is wrong with that."""
    if crowd.per is None:
        return "", f"the crowd {crowd.name} counts all together: leave out --at" if at else ""
    known = _known(crowd, rules, config)
    if not at and len(known) == 1:
        return known[0], ""
    if not at:
        such = f" ({', '.join(known)})" if known else ""
        return "", f"the crowd {crowd.name} counts each {crowd.per} apart: say --at VALUE{such}"
    if crowd.per == "rule" and at not in known:
        return "", f"there is no rule '{at}'{nearest(at, known)}"
    if crowd.per != "rule" and not all(at.partition(":")):
        return "", f"'{at}' is not CHANNEL:ID, such as facebook:1067"
    return at, ""


def _known(crowd: Crowd, rules: Rules, config: Config) -> list[str]:
    if crowd.per == "rule":
        return [one.name for one in rules.rules]
    every = [one for connection in config.connections.values() for one in connection.accounts]
    return [f"{one.channel}:{one.id}" for one in every if one.id] if crowd.per == "account" else []


def _place(config: Config, value: str) -> dict[str, Any]:
    """The account whose helpdesk gets the ticket: the one that *value* names, else the first."""
    every = [
        {"c": connection.name, "channel": one.channel, "account": one.id}
        for connection in config.connections.values()
        for one in connection.accounts
    ]
    meant = (one for one in every if f"{one['channel']}:{one['account']}" == value)
    return next(meant, every[0] if every else {})


def _end(store: Store, lasting: Mapping[str, Mapping[str, Any]], args: argparse.Namespace) -> int:
    """End the incident that is meant, if there is one."""
    such = [one for one in lasting.values() if one["crowd"] == args.crowd]
    found = [one for one in such if args.at in ("", one["value"])]
    if len(found) > 1:
        values = ", ".join(str(one["value"]) for one in found)
        told = f"several incidents of {args.crowd} last: say --at with one of {values}"
        print(f"bridge crisis end: {parts.harmless(told)}", file=sys.stderr)
        return 1
    if not found:
        named = _named(args.crowd, args.at)
        print(f"bridge crisis end: no incident {parts.harmless(named)} lasts", file=sys.stderr)
        return 1
    crisis.ask_to_end(store, str(found[0]["room"]), because=args.reason, by=args.by)
    named = _named(args.crowd, str(found[0]["value"]))
    print(parts.harmless(f"The incident {named} ends; its ticket gets a summary in a moment."))
    return 0


def _named(crowd: str, value: str) -> str:
    return f"{crowd} at {value}" if value else crowd


def _list(lasting: Mapping[str, Mapping[str, Any]], rules: Rules, *, as_json: bool) -> int:
    rows = [shown(one) for one in lasting.values()]
    names = [one.name for one in rules.crowds]
    if as_json:
        print(json.dumps({"incidents": rows, "crowds": names}, indent=2))
        return 0
    for one in rows:
        print(parts.harmless(line(one)))
    if not rows:
        print("no incident lasts")
    print(f"crowds: {', '.join(names)}" if names else "rules.yaml has no crowds: docs/crowd.md")
    return 0


def shown(told: Mapping[str, Any]) -> dict[str, Any]:
    """`{crowd, at, since, needed, helpdesk, ticket, by_hand}`; no ticket before it is opened."""
    return {
        "crowd": told["crowd"],
        "at": told["value"],
        "since": parts.iso(str(told["since"])),
        "needed": told["needed"],
        "helpdesk": told.get("desk"),
        "ticket": told.get("ticket"),
        "by_hand": by_hand("begun", told) or None,
    }


def line(one: Mapping[str, Any]) -> str:
    """An incident in a line: since when it lasts, its ticket, and who has begun it by hand."""
    since = parts.moment(datetime.fromisoformat(one["since"]))
    ticket = f"ticket {one['ticket']}" if one["ticket"] else "its ticket is on its way"
    begun = f"; {one['by_hand']}" if one["by_hand"] else ""
    return f"incident {_named(one['crowd'], one['at'])} since {since}: {ticket}{begun}"
