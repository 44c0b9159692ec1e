"""Why an event ended as it did: the rules tried, the values seen, what was done and what came of it.

Receipts are many and alike, so they lie in Redis packed: `z` and base64 of deflated JSON.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.core import targets, telling
from bridge.core.rules import Decision
from bridge.core.stored import doc_in, measures_in, moment_in

SECOND = "lets agents' public answers wait until another agent approves them"
ONCE_APPROVED = ", once a person has approved it"
SHADOW = "shadow "  # before a rule's name: it would have matched; no name holds a space
MOVED = "moved "  # before a rule's name: a ticket that it sent to a group is in another one now


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
        "notify": list(decision.notify),
        "replies": [[one.visibility, one.name] for one in decision.replies],
        **(
            {"held": held}
            if (held := [one.name for one in decision.replies if one.approve])
            else {}
        ),
        **({"approve": decision.approve} if decision.approve else {}),
        **({"unsaid": [list(one) for one in decision.unsaid]} if decision.unsaid else {}),
        "labels": dict(decision.labels),
        **({"promise": targets.plain(decision.promise)} if decision.promise else {}),
        **({"feedback": list(decision.feedback)} if decision.feedback else {}),
        **({"hide": list(decision.hide)} if decision.hide else {}),
        "signals": {name: _short(value) for name, value in decision.signals.items()},
        "told": dict(decision.told),
        "tried": [
            {"rule": rule, "matched": False, "failed": {"condition": asked, "value": _short(value)}}
            if asked is not None
            else {
                "rule": rule,
                "matched": True,
                **({"shadow": True} if shadow else {}),
                "failed": None,
            }
            for rule, _, asked, value, shadow in decision.tried
        ],
    }


def matched(receipt: Mapping[str, Any]) -> list[str]:
    """The rules that are counted for this receipt: by name, those in the shadow as `shadow NAME`."""
    return [
        f"{SHADOW}{one['rule']}" if one.get("shadow") else one["rule"]
        for one in receipt.get("tried", ())
        if one["matched"]
    ]


def action(at: datetime, what: str, result: str) -> dict[str, str]:
    """One thing that was done."""
    return {"at": at.isoformat(), "what": what, "result": result}


def _short(value: Any) -> Any:
    return value[:120] if isinstance(value, str) else value


# --- as people read it -----------------------------------------------------------------------------


def shown(
    eid: str, fields: Mapping[str, str], label: Callable[[str], str] = str.capitalize
) -> dict[str, Any]:
    """One stored event as the console, `bridge why` and the sandbox's page show it.

    *label* gives a channel's name for people.
    """
    doc = doc_in(fields.get("doc"))
    slip = unpack(fields.get("receipt"))
    comment = doc.get("comment") or {}
    author = doc["author"] if isinstance(doc.get("author"), dict) else {}
    what = {
        "m": doc.get("kind"), "u": "ticket", "n": "note", "s": "notice", "d": "delivery",
        "r": "report", "i": "identity", "t": "tag", "c": "crowd", "w": "step", "g": "reroute",
    }  # fmt: skip
    return {
        "id": eid,
        "at": datetime.fromtimestamp(float(fields.get("at") or 0) / 1000, UTC).isoformat(),
        "connection": fields.get("c", ""),
        "channel": doc.get("channel"),
        "kind": "wait"
        if fields.get("k") == "s" and "wait" in doc
        else what.get(fields.get("k", "")),
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
        "signals": slip.get("signals", {}),
        "asked": _asked(slip),
        "unsaid": slip.get("unsaid", []),
        "actions": slip.get("actions", []),
        "ticket": (fields.get("ticket") or slip.get("ticket") or "").rpartition(":")[2]
        or doc.get("ticket"),
        "sentence": sentence(fields, doc, slip, label),
    }


def _asked(slip: Mapping[str, Any]) -> list[str]:
    """What the rules asked for beside a ticket, each in a few words; what came of it is told elsewhere."""
    return [
        *(f"says {name} in {how}{ONCE_APPROVED if name in slip.get('held', ()) else ''}"
          for how, name in slip.get("replies", ())),
        *(f"says {name} to each in the incident, once" for name in slip.get("hold", ())[:1]),
        *([SECOND] if slip.get("approve") else []),
        *(f"hides it under the house rule {house}" for house in slip.get("hide", ())[:1]),
        *(f"labels the author {name} for {time / 86400:g} days"
          for name, time in slip.get("labels", {}).items()),
        *(f"counts it as feedback on {topic}" for topic in slip.get("feedback", ())),
        *(f"notifies {name}" for name in slip.get("notify", ())),
        *(f"has its open ticket routed anew (rule {rule})" for rule in slip.get("reroute", ())[:1]),
    ]  # fmt: skip


def sentence(
    fields: Mapping[str, str], doc: Mapping[str, Any], slip: Mapping[str, Any],
    label: Callable[[str], str] = str.capitalize,
) -> str:  # fmt: skip
    """What became of an event, in one sentence."""
    state, reason = fields.get("state", ""), fields.get("reason", "")
    what = _subject(fields, doc, reason, label)
    if state == "timer" and "wait" in doc:
        return _waiting(doc)
    if state == "timer":
        return f"{what} waits for its time."
    if state == "in_progress":
        return f"{what} is being worked on."
    if state == "parked" and fields.get("held"):
        return f"{what} waits until the customer writes again."
    if state == "parked":
        return f"{what} waits until its connection works again."
    if state == "dead":
        return _ended(f"{what} was put aside for an operator", reason)
    told = reason.partition("not delivered: ")[2]
    if told and fields.get("k") == "r":
        return f"The platform told that an answer did not arrive. {telling.reason(told)}."
    if told:
        return f"{what} could not be delivered. {telling.reason(told)}."
    number = (fields.get("ticket") or slip.get("ticket") or "").rpartition(":")[2]
    if fields.get("k") == "m":
        return _of_message(what, state, reason, number, doc, slip)
    if state == "done" and fields.get("k") == "n":
        return f"{what} was written on ticket {number}." if number else f"{what} was written."
    if state == "done" and reason.startswith("ended by hand"):
        return f"The incident was {reason}."
    if state == "done" and fields.get("k") == "c" and number:
        return f"{what} was opened as ticket {number}."
    if reason == "delivered":
        return f"{what} was {'posted' if fields.get('k') == 'u' else 'sent'} to the customer."
    if state == "done" and fields.get("k") in ("s", "w") and "wait" in doc:
        return _ended(f"{what} {'ended' if fields['k'] == 's' else 'was done'}", reason)
    if state == "done" and fields.get("k") == "g":
        return _ended(f"{what} was done", reason)
    if reason == "private note":
        return f"{what} stays on the ticket."
    if told := reason.partition(" says nothing")[1]:
        return f"{what} is not told to the customer."
    if state == "done":
        return _done(what, reason)
    return _ended(f"{what} was ignored", _IGNORED.get(reason, reason))


def _waiting(doc: Mapping[str, Any]) -> str:
    """What a customer who waits may count on, and what comes next."""
    since, due = moment_in(doc.get("wait")), moment_in(doc.get("due"))
    told = "A customer waits for an answer"
    told += f" since {targets.moment(since)}" if since else ""
    told += f", which is due by {targets.moment(due)}" if due else ""
    for step in (doc.get("steps") or ())[:1]:
        if at := moment_in(step.get("at")):
            told += f"; next, at {targets.moment(at)}: {'; '.join(targets.does(measures_in(step['then'])))}"
    return f"{told}."


def _of_message(
    what: str, state: str, reason: str, number: str, doc: Mapping[str, Any], slip: Mapping[str, Any]
) -> str:
    rule = f"rule {slip['rule']}" if slip.get("rule") else ""
    if number and any(str(one.get("what", "")).startswith("opened") for one in _acts(slip)):
        return _ended(f"{what} opened ticket {number}", rule)
    if state == "done" and slip.get("outcome") == "incident":
        return _ended(f"{what} belongs to an incident and has no ticket of its own", reason)
    if "csat" in slip and slip.get("outcome") != "escalate":
        what = f"{what}, an answer of {slip['csat']} of 5,"
    if state == "done" and number:
        added = "noted on" if doc.get("own") or doc.get("change") != "created" else "added to"
        return f"{what} was {added} ticket {number}."
    if state == "done" and slip.get("outcome") == "hide":
        return _ended(f"{what} is to be hidden, and needed no ticket", rule)
    if state == "done" and slip.get("outcome") == "reply":
        return _ended(f"{what} gets an automatic answer and no ticket", rule)
    if state == "done" and slip.get("outcome") == "feedback":
        return _ended(f"{what} counts as feedback on {', '.join(slip['feedback'])}", rule)
    if state == "done":
        return _ended(f"{what} needed no ticket", rule or reason)
    reason = _IGNORED.get(reason, reason.replace("-", " "))
    return _ended(f"{what} was ignored", reason + (f" ({rule})" if rule else ""))


def _acts(slip: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return slip.get("actions") or []


def _done(what: str, reason: str) -> str:
    """What a helpdesk's event led to, by the words that jobs/answer.py keeps with it."""
    if reason.startswith("notice "):
        return f"{what} will be told to the customer, in the words of '{reason[7:]}'."
    if reason.startswith("hidden: "):
        return f"A comment was hidden on its platform, under the house rule '{reason[8:]}'."
    if reason == "held: approval":
        return f"{what} waits until a person approves it, as the ticket says."
    if reason == "rejected":
        return f"{what} was rejected on the ticket and not sent."
    if reason.startswith("held: "):
        return f"{what} waits for the agent's word before all can read it, as the ticket says."
    if reason.startswith("/"):
        return f"{what} held the command {reason}; the answer to it stands on the ticket."
    if reason.startswith("merged into "):
        return f"The ticket was {reason}."
    if reason == "tagged":
        return f"{what} was left on it as a tag."
    if reason == "the agent was reminded":
        return "The agent was reminded that the time for an answer is about to end."
    if reason == "read":
        return f"{what} came, and the ticket was read for what is new."
    if reason == "taken back after it was sent":
        return "An answer was taken back after it was sent; the agent was told."
    return _ended(f"{what} was taken in", reason)


def _ended(told: str, reason: str) -> str:
    """*told* and its reason, with one full stop."""
    reason = reason.rstrip(". ")
    return f"{told}: {reason}." if reason else f"{told}."


# The reasons that jobs, channels and scripts keep are short and stable; here they are explained.
_IGNORED = {
    "none": "no rule asks for a ticket",
    "own": "the brand wrote it, and no ticket is open",
    "own echo": "the bridge posted it itself",
    "own write": "the bridge wrote it itself",
    "test": "the platform was only testing the webhook",
    "known already": "it was known already",
    "known-already": "it was known already",
    "nobody to tell": "there is no place any more where the customer could read it",
    "nothing to do": "it asks nothing of the bridge",
    "no words": "it has no words",
}

# Whose words they are shows only in why they were left alone.
_NOT_AN_ANSWER = ("own write", "the customer's own words", "not written by staff")


def _subject(
    fields: Mapping[str, str], doc: Mapping[str, Any], reason: str, label: Callable[[str], str]
) -> str:
    kind = fields.get("k")
    if kind == "m":
        named = {"dm": "private message", "other": "event"}.get(str(doc.get("kind")))
        said = f"{named or doc.get('kind') or 'message'} on {label(str(doc.get('channel')))}"
        if doc.get("own"):
            return f"The brand's own {said}"
        change = str(doc.get("change"))
        article = "An" if said[0] in "aeiou" else "A"
        return {"edited": f"An edited {said}", "deleted": f"A deleted {said}"}.get(
            change, f"{article} {said}"
        )
    if kind == "u":
        comment = doc.get("comment")
        if comment and comment.get("public") is True:
            return "A public comment" if reason in _NOT_AN_ANSWER else "An agent's answer"
        if comment and reason.startswith(("delivered", "not delivered")):
            return "The template that a private note asked for"
        if comment:
            return "A private note"
        told = str(doc.get("status") or "").replace("_", " ")
        return f"The ticket's change to {told}" if told else "A change of the ticket"
    if kind == "s" and "wait" in doc:
        return "A customer's wait for an answer"
    if kind == "w":
        return "A step for a customer who waits"
    if kind == "g":
        return f"The routing anew that the rule {doc.get('rule')} asked for"
    if kind == "s" and "remind" in doc:
        return "A reminder for the agent"
    if kind == "s" and "csat" in doc:
        return "The question of how content somebody is"
    if kind == "s" and "hide" in doc:
        return "The hiding of a comment"
    if kind == "s" and doc.get("line"):
        return f"The public line '{doc.get('reply', '')}'"
    if kind == "s":
        what = "notice" if doc.get("status") else "automatic answer"
        return f"The {what} '{doc.get('reply', '')}'"
    if kind == "r":
        return "What the platform told of an answer"
    if kind == "i":
        return "A person's new id"
    if kind == "c":
        does = {None: "An incident", "begin": "An incident", "end": "The end of an incident"}
        return does.get(doc.get("do"), "The watch over an incident")
    if kind == "t":
        return "The name of a conversation that joined the ticket"
    return "A private note of the bridge" if kind == "n" else "A delivery"
