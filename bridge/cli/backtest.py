"""`bridge backtest`: old messages through other rules, and what would have been different.

Both sides decide again (`core.again`): the rules in force now, and the rules to try. All processors take part,
each reading the events it decides on. Sends nothing, changes nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bridge import plugins
from bridge.cli import kept, parts, portions
from bridge.config import Config, load_rules
from bridge.core import crowds, receipt, targets
from bridge.core.again import Judge, Past
from bridge.core.calendars import Clock
from bridge.core.errors import ConfigError
from bridge.core.facts import View, view
from bridge.core.model import Change, Message
from bridge.core.rules import OVERFLOW, Decision, Rules, rerouting
from bridge.core.sentiment import Scorer
from bridge.core.stored import doc_in, message_in, moment_in
from bridge.store import Store
from bridge.versions import RULES
from bridge.wiring import calendar_of, now

HELP = "try other rules on old messages, and show what would change"
SHOWN = 10  # messages listed of each kind
KINDS: Final = {
    "more": "a ticket, and was none",
    "fewer": "no ticket, and was one",
    "different": "the same kind of end, by another rule, or with other words, tags, priority or group",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """How far back, and which rules."""
    kept.since_argument(parser, "30d")
    parser.add_argument(
        "--rules", metavar="FILE", type=Path, help="the rules to try (default: the mappings')"
    )
    parser.add_argument("--all", action="store_true", help=f"list all, not {SHOWN} of each kind")
    parts.json_flag(parser)


@dataclass(slots=True)
class Found:
    """What came of it; rows are plain, as `--json` prints them."""

    messages: int = 0
    joined: int = 0
    unread: int = 0
    rerouted: Counter[str] = field(default_factory=Counter)  # of those that joined, by rule
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    crowds: dict[tuple[str, str], list[float]] = field(default_factory=dict)  # moments, by crowd

    def add(self, other: Found) -> None:
        self.messages += other.messages
        self.joined += other.joined
        self.unread += other.unread
        self.rerouted += other.rerouted
        self.before += other.before
        self.after += other.after
        self.rules += other.rules
        self.rows += other.rows
        for crowd, moments in other.crowds.items():
            self.crowds.setdefault(crowd, []).extend(moments)


def run(args: argparse.Namespace) -> int:
    """Print what would have been different; 1 where a file of rules has mistakes."""
    settings = parts.settings()
    store = parts.journal(settings)
    file = args.rules or settings.mappings / RULES
    in_force = store.rules()
    files = store.rules_files(in_force["version"]) if in_force else None
    ours = settings.mappings / RULES
    old, new = (
        Judge(one) for one in (load_rules(ours, (files or {}).get(RULES)), load_rules(file))
    )
    scorer, since = plugins.scorer(settings.sentiment), (now() - args.since).timestamp()
    bench = Bench(store, ours, parts.accounts(settings, "backtest"), old, new, scorer, since)
    began = time.monotonic()
    found = Found()
    for part in portions.through(store, bench.compared):
        found.add(part)
        portions.progress(found.messages)
    portions.progress(0)
    found.rows.sort(key=lambda row: str(row["at"]))
    if args.json:
        incidents = _incidents(found, new.rules)
        print(json.dumps({**_plain(found, in_force, file), "incidents": incidents}))
    else:
        _print(found, in_force, file, args.all, time.monotonic() - began)
        _print_incidents(_incidents(found, new.rules))
    return 0


# --- the work ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Bench:
    """What a process needs to decide: the journal, the rules of both sides, and who reads moods.

    Made before the processes fork; each has a connection of its own to Redis from its first look on.
    """

    store: Store
    file: Path  # of the rules, as mistakes in them are told
    config: Config
    old: Judge
    new: Judge
    scorer: Scorer | None
    since: float  # seconds since 1970
    books: dict[str, Rules | None] = field(default_factory=dict)

    def compared(self, eids: Sequence[str]) -> Found:
        """Both decisions on each message of a customer among *eids*."""
        found = Found()
        rows = self.store.some(eids, ("k", "at", "c", "seen", "doc", "receipt"))
        for eid, fields in zip(eids, rows, strict=True):
            if fields.get("k") == "m" and float(fields.get("at") or 0) / 1000 >= self.since:
                self._compare(found, eid, fields)
        return found

    def _compare(self, found: Found, eid: str, fields: Mapping[str, str]) -> None:
        doc, slip = doc_in(fields.get("doc")), receipt.unpack(fields.get("receipt"))
        try:
            message = message_in(doc)
        except (KeyError, ValueError):
            found.unread += 1
            return
        if message.own or message.ignored or message.change is Change.DELETED:
            return
        clock = self._clock(fields, message)
        if "tried" not in slip:
            found.joined += 1  # it went on its ticket without anybody asking the rules
            seen = view(message, {"has_ticket": True}, self.scorer, clock)
            self._count(found, message, seen, clock)
            if (decision := rerouting(self.new.rules, seen)) and decision.rule:
                found.rerouted[decision.rule] += 1
            return
        found.messages += 1
        then = self._then(slip.get("rules_hash"))
        past = Past(message, slip, then, self.scorer, clock)
        before, after = self.old.decide(past), self.new.decide(past)
        found.before[before.outcome] += 1
        found.after[after.outcome] += 1
        found.rules.update(after.rules)
        if self.new.rules.crowds:
            self._count(found, message, past.view, clock, after.rule)
        if self.new.rules.overflow and after.outcome == "escalate":
            found.crowds.setdefault((OVERFLOW, ""), []).append(clock.moment.timestamp())
        if kind := _kind(before, after):
            found.rows.append(_row(kind, eid, fields, doc, before, after))

    def _count(
        self, found: Found, message: Message, seen: View, clock: Clock, rule: str | None = None
    ) -> None:
        """Note the moment of a message for the crowds it belongs to."""
        for crowd in crowds.meeting(self.new.rules.crowds, seen):
            value = crowds.apart(crowd, message, rule)
            if value is not None:
                moments = found.crowds.setdefault((crowd.name, value), [])
                moments.append(clock.moment.timestamp())

    def _clock(self, fields: Mapping[str, str], message: Message) -> Clock:
        """The business hours as they stood when *message* was said."""
        connection = self.config.connections.get(fields.get("c", ""))
        account = connection.account(message.channel, message.account_id) if connection else None
        said = message.sent_at or moment_in(fields.get("seen")) or parts.at_ms(fields.get("at"))
        return Clock(calendar_of(self.config, account), said or now())

    def _then(self, version: str | None) -> Rules | None:
        """The rules of *version*; None where they are not kept any more, or cannot be read."""
        if not version:
            return None
        if version not in self.books:
            files = self.store.rules_files(version)
            try:
                self.books[version] = load_rules(self.file, files[RULES]) if files else None
            except (ConfigError, KeyError):
                self.books[version] = None
        return self.books[version]


def _kind(before: Decision, after: Decision) -> str:
    was, will = before.outcome == "escalate", after.outcome == "escalate"
    if was != will:
        return "more" if will else "fewer"
    return "" if before == after else "different"


def _row(
    kind: str, eid: str, fields: Mapping[str, str], doc: Mapping[str, Any], before: Decision,
    after: Decision,
) -> dict[str, Any]:  # fmt: skip
    return {
        "kind": kind,
        "id": eid,
        "at": parts.iso(fields.get("at")),
        "connection": fields.get("c"),
        "channel": doc.get("channel"),
        "text": str(doc.get("text") or "")[:120],
        "before": _end(before),
        "after": _end(after),
    }


def _end(one: Decision) -> dict[str, Any]:
    escalation = one.escalation
    return {
        "rule": one.rule,
        "outcome": one.outcome,
        "reason": one.reason,
        "priority": escalation.priority if escalation else None,
        "group": escalation.group if escalation else None,
        "tags": list(escalation.tags) if escalation else [],
        "collaborators": list(escalation.collaborators) if escalation else [],
        "replies": [[reply.visibility, reply.name] for reply in one.replies],
        "held": [reply.name for reply in one.replies if reply.approve],
        "approve": one.approve,
        "hide": one.hide and one.hide.because,
        "promise": targets.plain(one.promise) if one.promise else None,
    }


# --- what is printed -------------------------------------------------------------------------------


def _plain(found: Found, in_force: Mapping[str, str], file: Path) -> dict[str, Any]:
    counts = Counter(row["kind"] for row in found.rows)
    return {
        "version": in_force.get("version"),
        "in_force": {**in_force, "at": parts.iso(in_force["at"])} if in_force else None,
        "rules": str(file),
        "messages": found.messages,
        "joined": found.joined,
        "rerouted": dict(found.rerouted),
        "unread": found.unread,
        "before": dict(found.before),
        "after": dict(found.after),
        "matches": dict(found.rules),
        **{kind: counts[kind] for kind in KINDS},
        "rows": found.rows,
    }


def _print(
    found: Found, in_force: Mapping[str, str], file: Path, every: bool, seconds: float
) -> None:
    by = (
        parts.in_force(in_force) if in_force else "the files of the mappings: no worker has started"
    )
    print(f"In force: {by}")
    print(f"{found.messages:,} messages, decided by these and by {file} ({seconds:.1f} s)")
    if found.joined:
        print(f"{found.joined:,} more went on a ticket there was; rules open nothing for those")
    for name, many in sorted(found.rerouted.items()):
        print(f"  {many:,} of them would have the ticket routed anew by {name}, once each ticket")
    if found.unread:
        print(f"{found.unread:,} cannot be read by this release")
    for outcome in sorted({*found.before, *found.after}):
        was, will = found.before[outcome], found.after[outcome]
        change = f"  ({will - was:+,})" if will != was else ""
        print(f"  {outcome:9} {was:>9,} -> {will:>9,}{change}")
    for kind, told in KINDS.items():
        rows = [row for row in found.rows if row["kind"] == kind]
        if not rows:
            continue
        print(f"\n{kind}: {len(rows):,} would be {told}")
        for row in rows if every else rows[-SHOWN:]:
            words = json.dumps(row["text"], ensure_ascii=False)
            before, after = row["before"], row["after"]
            other = before["promise"] != after["promise"]
            ends = f"{_told(before, other)} -> {_told(after, other)}"
            print(parts.harmless(f"  {row['at'][:16]}  {row['channel']}  {words}\n      {ends}"))
        if not every and len(rows) > SHOWN:
            print(f"  and {len(rows) - SHOWN:,} earlier ones: --all lists them")
    if not found.rows:
        print("\nNothing would be different.")


def _incidents(found: Found, rules: Rules) -> list[dict[str, Any]]:
    """The incidents that the crowds of *rules* would have opened, the earliest first."""
    known = {crowd.name: crowd for crowd in rules.lookouts}
    told = [
        {
            "crowd": name,
            "at": value,
            "begun": parts.iso(str(spell.begun * 1000)),
            "ended": parts.iso(str(spell.ended * 1000)),
            "messages": spell.messages,
        }
        for (name, value), moments in found.crowds.items()
        for spell in crowds.spells(known[name], moments)
    ]
    return sorted(told, key=lambda one: str(one["begun"]))


def _print_incidents(incidents: Sequence[Mapping[str, Any]]) -> None:
    if incidents:
        print(f"\nincidents: {len(incidents):,} would have been opened")
    for one in incidents:
        at = f" at {one['at']}" if one["at"] else ""
        told = f"{one['begun'][:16]} to {one['ended'][:16]}  {one['crowd']}{at}"
        print(parts.harmless(f"  {told}, {one['messages']:,} messages"))


def _told(end: Mapping[str, Any], promised: bool) -> str:
    """How it ended, in words; what was *promised* too."""
    more = [end["reason"] or "", end["priority"] or "", end["group"] or "", *end["tags"]]
    more += end["collaborators"]
    more += [
        f"says {name} in {how}{receipt.ONCE_APPROVED if name in end['held'] else ''}"
        for how, name in end["replies"]
    ]
    more += [receipt.SECOND] if end["approve"] else []
    more += [f"hidden for {end['hide']}"] if end["hide"] else []
    more += [_promised(end["promise"])] if promised and end["promise"] else []
    return f"{end['rule']}: {end['outcome']} {', '.join(filter(None, more))}".rstrip()


def _promised(promise: Mapping[str, Any]) -> str:
    """What was promised: `answer in 1 h of business hours, steps: 2`."""
    target, steps = promise["target"] or {}, len(promise.get("wait", ()))
    steps += sum(name in target for name in ("on_warn", "on_breach"))
    hours = " of business hours" if target.get("clock") == "business" else ""
    due = f"answer in {targets.span(target['first_answer'])}{hours}" if target else "no target"
    return f"{due}, steps: {steps}" if steps else due
