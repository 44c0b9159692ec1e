"""Why an event ended as it did: the rules tried, the values seen, what was done and what came of it.

Receipts are many and alike, so they lie in Redis packed: `z` and base64 of deflated JSON.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.core.rules import Decision


def pack(receipt: dict[str, Any]) -> str:
    """*receipt* as a short text."""
    plain = json.dumps(receipt, separators=(",", ":"), ensure_ascii=False, default=str)
    return "z" + base64.b64encode(zlib.compress(plain.encode("utf-8", "replace"), 6)).decode()


def unpack(text: str | None) -> dict[str, Any]:
    """The receipt *text* holds; empty when there is none."""
    if not text:
        return {}
    plain = zlib.decompress(base64.b64decode(text[1:])) if text[:1] == "z" else text
    return json.loads(plain)  # type: ignore[no-any-return]


def of_decision(decision: Decision, rules_hash: str) -> dict[str, Any]:
    """The part of a receipt that says how the rules decided."""
    return {
        "v": 1,
        "rule": decision.rule,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "rules_hash": rules_hash,
        "tried": [
            {
                "rule": one.rule,
                "matched": one.matched,
                "failed": None
                if one.condition is None
                else {"condition": one.condition, "value": _short(one.value)},
            }
            for one in decision.tried
        ],
    }


def action(at: datetime, what: str, result: str) -> dict[str, str]:
    """One thing that was done."""
    return {"at": at.isoformat(), "what": what, "result": result}


def _short(value: Any) -> Any:
    return value[:120] if isinstance(value, str) else value


# --- as people read it -----------------------------------------------------------------------------

_STATES = {
    "in_progress": "is being worked on",
    "parked": "waits",
    "dead": "was put aside for an operator",
}


def shown(eid: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """One stored event as the console, `bridge why` and the sandbox's page show it."""
    doc = json.loads(fields.get("doc") or "{}")
    slip = unpack(fields.get("receipt"))
    comment = doc.get("comment") or {}
    author = doc.get("author") if isinstance(doc.get("author"), dict) else {}
    what = {"m": doc.get("kind"), "u": "ticket", "n": "note", "s": "notice", "d": "delivery"}
    return {
        "id": eid,
        "at": datetime.fromtimestamp(float(fields.get("at") or 0) / 1000, UTC).isoformat(),
        "connection": fields.get("c", ""),
        "channel": doc.get("channel"),
        "kind": what.get(fields.get("k", "")),
        "change": doc.get("change"),
        "external_id": doc.get("id"),
        "permalink": doc.get("permalink"),
        "conversation": fields.get("room", ""),
        "who": author.get("name") or author.get("username") or comment.get("name"),
        "text": _short(doc.get("text") or comment.get("text") or ""),
        "state": fields.get("state"),
        "reason": fields.get("reason") or None,
        "rule": slip.get("rule"),
        "rules_hash": slip.get("rules_hash"),
        "tried": slip.get("tried", []),
        "actions": slip.get("actions", []),
        "ticket": (fields.get("ticket") or slip.get("ticket") or "").rpartition(":")[2]
        or doc.get("ticket"),
        "sentence": sentence(fields, doc, slip),
    }


def sentence(fields: Mapping[str, str], doc: Mapping[str, Any], slip: Mapping[str, Any]) -> str:
    """What became of an event, in one sentence."""
    state, reason = fields.get("state", ""), fields.get("reason", "")
    what = _subject(fields, doc)
    if state in _STATES:
        return f"{what} {_STATES[state]}{f': {reason}' if reason else ''}."
    number = (fields.get("ticket") or slip.get("ticket") or "").rpartition(":")[2]
    if fields.get("k") == "m":
        if slip.get("outcome") == "escalate":
            return f"{what} opened ticket {number}: rule {slip.get('rule')}."
        if state == "done" and number:
            return f"{what} was added to ticket {number}."
        if state == "done" and doc.get("change") in ("edited", "deleted"):
            return f"{what} was noted on its ticket."
        rule = f" (rule {slip['rule']})" if slip.get("rule") else ""
        return f"{what} was ignored: {reason.replace('-', ' ')}{rule}."
    if fields.get("k") == "u":
        if reason == "delivered":
            return f"{what} was posted to the customer."
        return f"{what}: {reason}."
    if reason == "delivered":
        return f"{what} was sent to the customer."
    return f"{what}: {reason or state}."


def _subject(fields: Mapping[str, str], doc: Mapping[str, Any]) -> str:
    kind = fields.get("k")
    if kind == "m":
        change = {"edited": "An edited ", "deleted": "A deleted "}.get(str(doc.get("change")), "A ")
        named = f"{doc.get('channel', '')} {doc.get('kind', '')}"
        return f"{change}{named.replace('facebook', 'Facebook').replace('telegram', 'Telegram').replace('messenger', 'Messenger')}"
    if kind == "u":
        comment = doc.get("comment")
        if comment:
            return "An agent's answer" if comment.get("public") else "A private note"
        return (
            f"A change of the status to {doc['status']}" if doc.get("status") else "A ticket event"
        )
    if kind == "s":
        return f"The notice '{doc.get('reply', '')}'"
    if kind == "n":
        return "A private note of ours"
    return "A delivery"
