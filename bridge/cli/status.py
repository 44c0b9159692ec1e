"""`bridge status`: the books, the queues, the limits, the alarms."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge.cli import counted, crisis, parts
from bridge.config import Config
from bridge.core.errors import ConfigError
from bridge.helpdesks import HELPDESKS
from bridge.jobs import mutes
from bridge.jobs.outside import STATES
from bridge.store import Store
from bridge.wiring import now

HELP = "show the books, the queues, the limits and the alarms"
OURS = "bridge"  # the row of our own notes and notices
ENDS = ("done", "ignored", "parked", "dead", "in_progress")
EMPTY = dict.fromkeys(("received", "duplicates", *ENDS), 0)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --json."""
    parts.json_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Print how things stand; 1 when nothing can be kept, or the books do not balance."""
    settings = parts.settings()
    store = parts.journal(settings)
    try:
        config = parts.config(settings)
    except ConfigError:
        config = Config()
        print("the configuration has mistakes: `bridge check` names them", file=sys.stderr)
    told = status(store, config, settings.mappings)
    if args.json:
        print(json.dumps(told))
    else:
        _print(told, now())
    wrong = [name for name, row in told["books"].items() if not balances(row)]
    for name in wrong:
        print(f"bridge status: the books of {name} do not balance", file=sys.stderr)
    if why := told["cannot_keep"]:
        print(f"bridge status: {why}: what comes is answered 503", file=sys.stderr)
    return 1 if wrong or why else 0


def status(store: Store, config: Config, folder: Path) -> dict[str, Any]:
    """How things stand, as `--json` prints it; a row and a state for every configured connection."""
    books, rules = store.books(), store.rules()
    order = [*config.connections, *(one for one in books if one not in config.connections)]
    order = [*(one for one in order if one != OURS), OURS]
    last = store.hash("last")
    return {
        "books": {name: books.get(name, EMPTY) for name in order},
        "cannot_keep": parts.refusal(store),
        "queues": {**store.queues(), **_ages(store)},
        "alarms": store.alarms(),
        "incidents": [crisis.shown(one) for one in store.spikes().values()],
        "mutes": len(mutes.read(store.mutes())),
        "rules": rules_in_force(rules),
        "matches": counted.rows(store, folder, config, rules.get("version")),
        "limits": {
            connection.name: _limits(store, connection.name, connection.options, connection.type)
            for connection in config.connections.values()
            if connection.type in HELPDESKS
        },
        "connections": {
            name: {**_state(store.down(name)), "last_received": parts.iso(last.get(name))}
            for name in order
            if name != OURS
        },
        "answers": store.answers(config.connections),
        "reconcile": {name: gap for name in config.connections if (gap := _gap(store.gap(name)))},
    }


_GAP = ("to", "at", "due", "calls", "seen", "new", "tickets", "errors", "all_calls", "all_new")


def _gap(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the last reading back of a connection found, and all of them."""
    return {name: told[name] for name in _GAP if name in told}


def rules_in_force(rules: Mapping[str, str]) -> dict[str, Any] | None:
    """`{n, version, origin, at, author, note}`; None before any worker has started."""
    return {**rules, "n": int(rules["n"]), "at": parts.iso(rules["at"])} if rules else None


def balances(row: Mapping[str, int]) -> bool:
    """Whether received = done + ignored + parked + dead + in progress."""
    return row["received"] == sum(row[name] for name in ENDS)


def _ages(store: Store) -> dict[str, Any]:
    alive = [age for age in store.workers().values() if age < store.SILENT]
    return {"workers": len(alive), **{f"oldest_{k}": v for k, v in store.overdue().items()}}


def _limits(
    store: Store, name: str, options: Mapping[str, Any], kind: str
) -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = {}
    helpdesk, told = HELPDESKS[kind], json.loads(store.get(f"told:{name}") or "{}")
    waiting = {one.budget: one.lanes for one in store.lines() if one.connection == name}
    for budget in helpdesk.limits:
        limit = helpdesk.limit(options, budget, told)
        if budget == "ticket" or limit is None:
            continue  # one budget a ticket: too many to tell
        most, span = limit
        used, barred = store.spent(name, budget, span)
        out[budget] = {
            "used": used, "limit": most, "seconds": span, "stopped_for": barred,
            "waiting": waiting.get(budget, 0),
        }  # fmt: skip
    return out


def _state(down: Mapping[str, str]) -> dict[str, str | None]:
    """`{state: open | paused | auth | outage, since}`."""
    return {"state": down.get("why", "open"), "since": parts.iso(down.get("since"))}


# --- for people ------------------------------------------------------------------------------------

_SIGNS = ("=", "+", "+", "+", "+", "")


def _print(told: dict[str, Any], at: datetime) -> None:
    books = told["books"]
    total = {name: sum(row[name] for row in books.values()) for name in EMPTY}
    rows = [*books.items(), ("total", total)]
    wide = max(len(parts.harmless(name)) for name, _ in rows)
    columns = ("received", *ENDS)
    sizes = [max(len(one), *(len(str(row[one])) for _, row in rows)) for one in columns]
    heads = (f"{one.replace('_', ' '):>{size}}" for one, size in zip(columns, sizes, strict=True))
    print(f"{'':{wide}}  {'   '.join(heads)}   duplicates")
    for name, row in rows:
        cells = (
            f"{row[one]:>{size}}{f' {sign}' if sign else ''}"
            for one, size, sign in zip(columns, sizes, _SIGNS, strict=True)
        )
        print(f"{parts.harmless(name):{wide}}  {' '.join(cells)}   {row['duplicates']:>10}")
    print(f"Counted in events; the row {OURS} is our own notes and notices.\n")

    for name, one in told["connections"].items():
        print(f"{parts.harmless(name)}: {_sentence(one, at)}")
    for name, one in told["answers"].items():
        print(f"{parts.harmless(name)}: {_answers(one)}")
    for name, gap in told["reconcile"].items():
        print(f"{parts.harmless(name)}: {_read_back(gap, at)}")
    for name, budgets in told["limits"].items():
        for budget, one in budgets.items():
            stop = f", told to wait {one['stopped_for']:.0f} s" if one["stopped_for"] else ""
            if one["waiting"]:
                stop += f", {one['waiting']:.0f} conversations wait for it"
            print(
                f"{name}: {one['used']} of {one['limit']} requests of the budget '{budget}' "
                f"used in {one['seconds']:.0f} s{stop}"
            )
    print(_queues(told["queues"]))
    if rules := told["rules"]:
        print(f"rules: {parts.in_force(rules)}")
    counted.show(told["matches"])
    for one in told["incidents"]:
        print(parts.harmless(crisis.line(one)))
    if told["mutes"]:
        print(f"{told['mutes']} muted: `bridge mute list` says what, why and until when")
    for alarm in told["alarms"].values():
        since = datetime.fromisoformat(alarm["at"])
        print(f"ALARM since {parts.moment(since)}: {parts.harmless(alarm['text'])}")
    if not told["alarms"]:
        print("no alarms")


def _sentence(one: Mapping[str, Any], at: datetime) -> str:
    came = one["last_received"]
    last = (
        f"last delivery {parts.lasted((at - datetime.fromisoformat(came)).total_seconds())} ago"
        if came
        else "no delivery yet"
    )
    if one["state"] == "open":
        return f"open, {last}"
    why = STATES.get(one["state"], one["state"])
    since = f" since {parts.moment(datetime.fromisoformat(one['since']))}" if one["since"] else ""
    return f"{why}{since}, {last}"


def _answers(one: Mapping[str, int]) -> str:
    ended = one["in_time"] + one["late"]
    share = f" of {ended} answers, {100 * one['in_time'] / ended:.0f} %" if ended else " answers"
    told = [f"{one['waiting']} wait for an answer, {one['overdue']} longer than promised"]
    told += [f"{one['in_time']}{share} in time"]
    told += [f"{one['found_late']} that were told of too late"] if one["found_late"] else []
    told += [f"{one['unanswered']} tickets solved without one"] if one["unanswered"] else []
    return "; ".join(told)


def _read_back(gap: Mapping[str, Any], at: datetime) -> str:
    if not gap["at"]:
        return "nothing was read back yet"
    ago = parts.lasted((at - datetime.fromisoformat(gap["at"])).total_seconds())
    found = [f"{gap[name]} {what}" for name, what in _NEWS if gap[name]]
    calls = parts.counted(gap["calls"], "call")
    said = f"read back {ago} ago with {calls}: {', '.join(found) or 'nothing new'}"
    return "; ".join([said, *(parts.harmless(one) for one in gap["errors"])])


_NEWS = (("new", "events nobody had told us of"), ("tickets", "changed tickets to look at"))


def _queues(queues: Mapping[str, Any]) -> str:
    late = max(queues["oldest_deliveries"], queues["oldest_lanes"])
    return (
        f"{queues['deliveries']} deliveries to read, {queues['lanes']} lanes with work, "
        f"{queues['dead_letters']} dead letters, {queues['workers']} workers alive; "
        + (f"the oldest work is overdue by {parts.lasted(late)}" if late else "nothing is overdue")
    )
