"""`bridge why ID`: what came, what the rules made of it, what was done and what came of that."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bridge.cli import parts
from bridge.cli.normalise import shown, written
from bridge.core import receipt
from bridge.core.stored import doc_in
from bridge.jobs.outside import STATES
from bridge.store import Store

HELP = "show the receipt of something that happened"
_TICKET = re.compile(r"\Ahttps?://.*/tickets/([0-9]{1,19})(?:\.json)?(?:[/?#].*)?\Z")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the id, --json and --raw."""
    parser.add_argument(
        "id",
        metavar="ID",
        type=parts.word,
        help="an event, a ticket, a delivery, the platform's own id or a link",
    )
    parts.json_flag(parser)
    parser.add_argument("--raw", action="store_true", help="the payload too, as it came")


def run(args: argparse.Namespace) -> int:
    """Print every receipt that has to do with the id; 1 when there is none."""
    store = parts.journal(parts.settings())
    found = receipts(store, args.id)
    if args.raw:
        for one in found:
            one["raw"] = parts.raw(store, one["delivery"])
    if args.json:
        print(written({"id": args.id, "events": found}))
    else:
        for one in found:
            _print(one)
    if found:
        return 0
    if waiting := store.delivery(args.id):
        print(
            f"The delivery {shown(args.id)} of {waiting['connection']} came at {waiting['at']}; "
            + ("what it held is not kept any more." if "events" in waiting else "it waits to be read.")
        )  # fmt: skip
        return 0
    print(
        f"bridge why: nothing is known of {shown(args.id)!r}: it never came, or it was finished "
        "longer ago than BRIDGE_KEEP_DAYS",
        file=sys.stderr,
    )
    return 1


def receipts(store: Store, wanted: str) -> list[dict[str, Any]]:
    """Every event *wanted* names or has to do with, oldest first."""
    if fields := store.event(wanted):
        rows = [(wanted, fields)]
    else:
        ticket = _TICKET.match(wanted)
        names = {wanted, ticket[1]} if ticket else {wanted}
        rows = [row for row in store.events() if not names.isdisjoint(_names(row[1]))]
    rows += _said_for(store, rows)
    rows.sort(key=lambda row: float(row[1].get("at") or 0))
    history = store.rules_history() if rows else []
    return [_receipt(store, eid, fields, history) for eid, fields in rows]


def _said_for(
    store: Store, rows: list[tuple[str, dict[str, str]]]
) -> list[tuple[str, dict[str, str]]]:
    """The automatic words that rules asked for, or an incident: events of their own, which name no ticket."""
    slips = {eid: receipt.unpack(fields.get("receipt")) for eid, fields in rows}
    asked = {eid for eid, slip in slips.items() if slip.get("replies")}
    held = {slip["hold"][1] for slip in slips.values() if "hold" in slip}
    incidents = {fields.get("room") for _, fields in rows if fields.get("k") == "c"}
    if not (asked or held or incidents):
        return []
    found = []
    for eid, fields in store.events():
        doc = doc_in(fields.get("doc"))
        if eid in held or doc.get("for") in asked or doc.get("hold") in incidents:
            found.append((eid, fields))
    return [row for row in found if row[0] not in slips]


def _names(fields: Mapping[str, str]) -> set[str]:
    """All that an event may be asked for by, beside its own id."""
    doc = doc_in(fields.get("doc"))
    slip = receipt.unpack(fields.get("receipt"))
    ticket = fields.get("ticket") or slip.get("ticket") or ""
    names = {ticket, ticket.rpartition(":")[2], fields.get("d"), fields.get("room")}
    names |= {doc.get("id"), doc.get("permalink"), doc.get("ticket")}
    names |= set(json.loads(fields.get("posted") or "[]"))
    return {str(name) for name in names if name}


def _receipt(
    store: Store, eid: str, fields: Mapping[str, str], history: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The receipt as `--json` prints it; `waits` says what stands in the way of what is not done."""
    one = receipt.shown(eid, fields)
    version = _version(history, one)
    one["rules"] = {**version, "at": parts.iso(version["at"])} if version else None
    doc = doc_in(fields.get("doc"))
    one["delivery"] = fields.get("d") or None
    one["sent_at"] = doc.get("at")
    one["waits"] = _waits(store, fields) if one["state"] in ("in_progress", "parked") else None
    return one


def _version(
    history: Sequence[Mapping[str, Any]], one: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The version that decided. The same rules may have been in force several times: as they were then."""
    same = [row for row in history if row["version"] == one["rules_hash"]]  # the latest first
    decided = datetime.fromisoformat(one["actions"][0]["at"] if one["actions"] else one["at"])
    by_then = [row for row in same if float(row["at"]) <= decided.timestamp() * 1000]
    return by_then[0] if by_then else same[-1] if same else None


def _waits(store: Store, fields: Mapping[str, str]) -> str | None:
    lane = f"{fields.get('lane', '')}:{fields.get('room', '')}"
    if stands := store.place(lane):
        connection, budget, place = stands
        if budget:
            return f"{connection}'s limit ({budget}) is used up; it is number {place} in line"
        if why := store.down(connection).get("why"):
            return f"{connection} is {STATES.get(why, why)}"
        return f"{connection} is open again, and lets them go one after the other"
    tries = store.hash(f"s:{lane}")
    if tries.get("why"):
        return f"tried {tries.get('n', '1')} times, last: {tries['why']}"
    return None


# --- for people ------------------------------------------------------------------------------------


def _print(one: Mapping[str, Any]) -> None:
    lines = [f"{one['id']}: {one['sentence']}"]
    came = parts.moment(datetime.fromisoformat(one["at"]))
    by = f" by {one['connection']}" if one["connection"] else ""
    delivery = f", delivery {one['delivery']}" if one["delivery"] else ", made by the bridge itself"
    lines.append(f"  It came at {came}{by}{delivery}.")
    if one["sent_at"]:
        said = parts.moment(datetime.fromisoformat(one["sent_at"]))
        who = f" by {one['who']}" if one["who"] else ""
        lines.append(f"  It was written at {said}{who}.")
    if one["text"]:
        lines.append(f"  It says: {json.dumps(one['text'], ensure_ascii=False)}")
    if one["external_id"]:
        link = f", {one['permalink']}" if one["permalink"] else ""
        lines.append(f"  The platform calls it {one['external_id']}{link}.")
    if one["tried"]:
        known = one["rules"]
        told = parts.version(known) if known else f"hash {one['rules_hash']}, forgotten since"
        lines.append(f"  The rules ({told}) were tried in this order:")
        lines += [f"    {_tried(rule)}" for rule in one["tried"]]
    if one["signals"]:
        lines.append(
            f"  Read from it: {', '.join(_signal(*pair) for pair in one['signals'].items())}."
        )
    if one["asked"]:
        lines.append(f"  Asked for: {'; '.join(one['asked'])}.")
    lines += [f"  Not said: {name}, for {why}." for name, why in one["unsaid"]]
    for act in one["actions"]:
        done = parts.moment(datetime.fromisoformat(act["at"]))
        lines.append(f"  At {done}: {act['what']}: {act['result']}.")
    if one["ticket"]:
        lines.append(f"  Its ticket is {one['ticket']}.")
    if one["waits"]:
        lines.append(f"  It waits: {one['waits']}.")
    if one["state"] == "dead":
        lines.append(f"  Once the cause is mended: bridge dead retry {one['id']}")
    if "raw" in one:
        lines.append(f"  As it came: {one['raw'] or 'not kept any more'}")
    print(parts.harmless("\n".join(lines)))


def _signal(name: str, value: Any) -> str:
    return f"{name} {'unknown' if value is None else json.dumps(value, ensure_ascii=False)}"


def _tried(rule: Mapping[str, Any]) -> str:
    if rule.get("shadow"):
        return f"{rule['rule']}: would match, but it is in the shadow and does nothing"
    if rule["matched"]:
        return f"{rule['rule']}: matches"
    failed = rule.get("failed") or {}
    seen = json.dumps(failed.get("value"), ensure_ascii=False)
    return f"{rule['rule']}: no, it wants {failed.get('condition')}; seen: {seen}"
