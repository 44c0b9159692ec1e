"""`bridge explain SOURCE FILE...`: what the rules would do with payloads, and why. Sends nothing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge import plugins
from bridge.channels import CHANNELS
from bridge.cli import parts, promised, standing, would
from bridge.cli.normalise import SOURCE_HELP, events, find, folder_beside, shown, unknown, written
from bridge.cli.would import Here
from bridge.config import load_replies, load_rules
from bridge.core import closed, crowds, opening, receipt
from bridge.core.calendars import Calendar, Clock
from bridge.core.facts import View, view
from bridge.core.model import Account, Change, Kind, Message, Visibility, stamp
from bridge.core.replies import Replies, Wording, first_name, wording
from bridge.core.rules import Crowd, Decision, Escalation, Reply, Rules, decide, example_view
from bridge.settings import Settings
from bridge.versions import RULES
from bridge.wiring import now

HELP = "show what the rules would do with payloads, and why"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the source, the files, and what may stand in their place."""
    parser.add_argument("source", metavar="SOURCE", nargs="?", help=SOURCE_HELP)
    parser.add_argument("files", metavar="FILE", nargs="*", help="a payload; - is standard input")
    parser.add_argument("--text", help="words to explain, instead of a payload")
    parser.add_argument(
        "--kind", default="comment", choices=[kind.value for kind in Kind], metavar="KIND",
        help="what the words are: comment (default), dm, review, mention, post, ...",
    )  # fmt: skip
    parser.add_argument("--rules", metavar="FILE", type=Path, help="other rules than the mappings'")
    parser.add_argument(
        "--at", type=_moment, metavar="TIME",
        help='when it was said, such as "2026-12-24 20:00", by your calendar\'s clock (default: '
        "when it was sent, else now)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object per event")


def run(args: argparse.Namespace) -> int:
    """Print the decision for every event; 1 if a file could not be read, 2 for wrong arguments."""
    folder = folder_beside(args.rules)
    source = find(args.source, folder) if args.source else None
    if args.source and source is None:
        print(f"bridge explain: {unknown(args.source, folder)}", file=sys.stderr)
        return 2
    if args.text is None and not (source and args.files):
        print("bridge explain: needs a SOURCE and a FILE, or --text WORDS", file=sys.stderr)
        return 2
    scorer = plugins.scorer(Settings.from_environ(os.environ).sentiment)
    file = args.rules or folder / RULES
    rules, replies, here = load_rules(file), load_replies(folder), Here.of(folder)
    if here.problem:
        told = f"{here.problem}: told without accounts, helpdesks and business hours"
        print(f"bridge explain: {parts.harmless(told)}", file=sys.stderr)
    stands = standing.look()
    same = stands is not None and stands.has(file.read_text("utf-8"))
    if stands and not args.json:
        print(f"{stands.told(f'The rules of {shown(str(file))} are', same)}\n")
    in_force = stands.shown(same) if stands else None

    def out(name: str, message: Message | None, seen: View) -> None:
        decision = _decided(message, seen, rules)
        told = Told(
            name, message, seen, decision, replies, here, _crowds(message, seen, rules),
            rules.overflow is not None, in_force,
        )  # fmt: skip
        (_json if args.json else _sentences)(told)

    if args.text is not None:
        channel = next(iter(source.channels)) if source else "facebook"
        facts = {"text": args.text, "kind": args.kind, "channel": channel}
        seen = example_view(facts)
        seen.scorer = scorer
        seen.clock = _clock(here.calendar(channel, None), args.at, None)
        del seen.facts["business_hours"]
        out("--text", None, seen)
    found_wrong = False
    if source is not None:
        for name in args.files:
            messages = events("explain", source, name)
            found_wrong = found_wrong or messages is None
            for message in messages or ():
                hours = here.calendar(message.channel, message.account_id)
                clock = _clock(hours, args.at, message.sent_at)
                out(name, message, view(message, scorer=scorer, clock=clock))
    return int(found_wrong)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'write a time such as "2026-12-24 20:00", not {text!r}'
        ) from None


def _clock(hours: Calendar, wanted: datetime | None, sent: datetime | None) -> Clock:
    """The clock of when it was said; a time without a zone is that of the calendar."""
    if wanted is not None and wanted.tzinfo is None:
        wanted = wanted.replace(tzinfo=hours.zone)
    return Clock(hours, wanted or sent or now())


def _decided(message: Message | None, seen: View, rules: Rules) -> Decision:
    """The rules' decision, or that of the bridge where rules are not asked at all."""
    if message is not None and message.ignored:
        return Decision(rule=None, outcome="ignore", reason=message.ignored)
    if message is not None and message.change is Change.DELETED:
        reason = "deleted: no ticket is opened, and an open one gets a note"
        return Decision(rule=None, outcome="ignore", reason=reason)
    decision = decide(rules, seen)
    return closed.fitting(decision, seen, seen.clock.moment) if seen.clock else decision


@dataclass(frozen=True, slots=True)
class Told:
    """One event with its decision, and what is needed to tell what would come of it."""

    name: str  # of the file
    message: Message | None  # None for words on the command line
    seen: View
    decision: Decision
    replies: Replies
    here: Here
    crowds: tuple[Crowd, ...]  # that it counts for
    overflows: bool  # whether tickets beyond the cap stand on an incident
    in_force: dict[str, Any] | None

    @property
    def may_overflow(self) -> bool:
        """Whether its ticket would not be opened where it is one too many a minute."""
        escalation = self.decision.escalation
        return self.overflows and escalation is not None and escalation.priority != "urgent"

    @property
    def account(self) -> Account | None:
        """The account it was said to, where it is configured."""
        return self.here.account(self.seen.get("channel"), self.seen.get("account_id"))

    @property
    def ticket(self) -> dict[str, Any] | None:
        """The ticket that would be opened; None where none would be."""
        return self.here.ticket(self.message or _spoken(self.seen), self.seen, self.decision)


def _spoken(seen: View) -> Message:
    """Words on the command line as a message of somebody unknown."""
    return Message(
        channel=seen.get("channel"), account_id=None, kind=Kind(seen.get("kind")), change=Change.CREATED,
        external_id="-", thread_id="-", visibility=Visibility(seen.get("visibility")), author=None,
        text=seen.get("text"), dedupe="-",
    )  # fmt: skip


# --- for machines --------------------------------------------------------------------------------


def _json(told: Told) -> None:
    decision = told.decision
    print(
        written(
            {
                "rule": decision.rule,
                "outcome": decision.outcome,
                "tried": [
                    {
                        "rule": one.rule,
                        "matched": one.matched,
                        **({"shadow": True} if one.shadow else {}),
                        "failed": None
                        if one.matched
                        else {"condition": one.condition, "value": one.value},
                    }
                    for one in decision.tried
                ],
                "file": told.name,
                "external_id": told.message.external_id if told.message else None,
                "reason": decision.reason,
                "rules": list(decision.rules),
                "escalation": _escalation(decision.escalation),
                "replies": [
                    {
                        "visibility": reply.visibility,
                        "name": reply.name,
                        "approve": reply.approve,
                        "text": words.text if words else None,
                        "language": words.language if words else None,
                        "variant": _variant(words) if words else None,
                    }
                    for reply, words in _said(told)
                ],
                "ticket": told.ticket,
                "approve": decision.approve,
                "promise": promised.plain(decision, told.seen),
                "unsaid": [{"name": one, "why": why} for one, why in decision.unsaid],
                "notify": list(decision.notify),
                "labels": dict(decision.labels),
                "feedback": list(decision.feedback),
                "hide": decision.hide and list(decision.hide),
                "signals": dict(decision.signals),
                "in_force": told.in_force,
                "crowds": [one.name for one in told.crowds],
                "may_overflow": told.may_overflow,
            }
        )
    )


def _crowds(message: Message | None, seen: View, rules: Rules) -> tuple[Crowd, ...]:
    """The crowds that it counts for."""
    new = message is None or not (message.ignored or message.change is Change.DELETED)
    return crowds.meeting(rules.crowds, seen) if new else ()


def _escalation(escalation: Escalation | None) -> dict[str, Any] | None:
    if escalation is None:
        return None
    return {
        "helpdesk": escalation.helpdesk,
        "priority": escalation.priority,
        "group": escalation.group,
        "type": escalation.type,
        "tags": list(escalation.tags),
        "fields": dict(escalation.fields),
        "reroute": escalation.reroute,
        "collaborators": list(escalation.collaborators),
    }


# --- for people ----------------------------------------------------------------------------------


def _sentences(told: Told) -> None:
    decision = told.decision
    print(f"{shown(told.name)}: {_what(told.seen)}")
    for one in decision.tried:
        if one.shadow:
            print(f"  {one.rule}: would match, but it is in the shadow and does nothing")
        elif one.matched:
            print(f"  {one.rule}: matches")
        else:
            print(f"  {one.rule}: no, it wants {one.condition}; seen: {_quoted(one.value)}")
    if decision.signals:
        read = (f"{signal} {_quoted(value)}" for signal, value in decision.signals.items())
        print(f"  read from it: {', '.join(read)}")
    print(f"  -> {_outcome(decision)}")
    for line in would.told(told.ticket) if told.ticket else ():
        print(parts.harmless(f"     {line}"))
    for line in promised.told(decision, told.seen):
        print(parts.harmless(f"     {line}"))
    if decision.approve:
        print(f"     {receipt.SECOND} ({decision.approve})")
    for reply, words in _said(told):
        often = f", once in {reply.once / 86400:g} days" if reply.once else ""
        often += f", at most one such in {crowds.lasting(reply.cooldown)}" if reply.cooldown else ""
        often += receipt.ONCE_APPROVED if reply.approve else ""
        text = _quoted(words.text) if words else "nothing, for there is no such text"
        which = f" [{words.language}, {_variant(words)}]" if words else ""
        print(f"     says in {reply.visibility} ({reply.name}{often}): {text}{which}")
    if decision.hide:
        print(
            f"     hidden on its platform: house rule {decision.hide.because} ({decision.hide.rule})"
        )
    for unsaid, why in decision.unsaid:
        print(f"     does not say {unsaid}, for {why}")
    for label, seconds in decision.labels.items():
        print(f"     labels the author {label} for {seconds / 86400:g} days")
    if decision.feedback:
        print(f"     counts as feedback on {', '.join(decision.feedback)}")
    for notified in decision.notify:
        print(f"     notifies {notified}")
    for crowd in told.crowds:
        many = f"{crowd.at_least:g} within {crowds.lasting(crowd.over)}"
        print(f"     counts for the crowd {crowd.name}: {many} are an incident")
    if told.may_overflow:
        print("     beyond the tickets a minute: no ticket, but the list of the incident overflow")
    print()


def _what(seen: View) -> str:
    """The event in a sentence: a new comment on facebook by Ana, in en: "words"."""
    changes = {"created": "a new", "edited": "an edited", "deleted": "a deleted"}
    author = seen.get("author.name") or seen.get("author.username") or seen.get("author.id")
    parts = [f"{changes[seen.get('change')]} {seen.get('kind')} on {seen.get('channel')}"]
    parts += [f"by {_bare(author)}" if author else "by somebody unknown"]
    language = seen.get("language")
    parts += [f"in {language}"] if language else []
    files = seen.get("attachments")
    parts += [f"with {', '.join(map(_bare, files))}"] if files else []
    text = seen.get("text")
    return f"{' '.join(parts)}: {_quoted(text)}" if text else f"{' '.join(parts)}, no words"


def _outcome(decision: Decision) -> str:
    by = f" (rule {decision.rule})" if decision.rule else ""
    escalation = decision.escalation
    if escalation is not None:
        parts = [f"a ticket, priority {escalation.priority or 'as the helpdesk sets it'}"]
        parts += [f"at {escalation.helpdesk}"] if escalation.helpdesk else []
        parts += [f"group {escalation.group}"] if escalation.group else []
        parts += [f"type {escalation.type}"] if escalation.type else []
        parts += [f"tags {', '.join(escalation.tags)}"] if escalation.tags else []
        parts += [f"{name} = {value}" for name, value in escalation.fields.items()]
        people = escalation.collaborators
        parts += [f"collaborators {', '.join(people)}"] if people else []
        parts += ["and so is one that is open already"] if escalation.reroute else []
        return ", ".join(parts) + by
    if decision.outcome == "ignore":
        return f"ignored: {decision.reason}{by}"
    others = {
        "reply": "an answer, and no ticket",
        "notify": "a notification, and no ticket",
        "hide": "hidden on its platform, and no ticket",
        "label": "a label for the author, and no ticket",
        "feedback": "feedback, and no ticket",
    }
    return others.get(decision.outcome, "nothing: no rule says what to do") + by


def _said(told: Told) -> Iterator[tuple[Reply, Wording | None]]:
    """Each reply with the words that would be said, None where there are none."""
    seen, account = told.seen, told.account
    spoken = account.language if account else None
    for reply in told.decision.replies:
        words = wording(
            told.replies,
            reply.name,
            language=seen.get("language") or spoken,
            default_language=spoken or "en",
            key=stamp(told.message.conversation) if told.message else "-",
            person_name=first_name(seen.get("author.name"), seen.get("first_name")),
            values={
                "brand": (account.name if account else None) or "[the account's name]",
                "link": "[the link]",
            },
            channel=_read_on(seen, reply),
            opens=opening.teller(seen.clock.calendar, seen.clock.moment) if seen.clock else None,
        )
        yield reply, words


def _variant(words: Wording) -> str:
    """Which wording it is, by its place in the file: `named 2 of 4`."""
    return f"{words.kind} {words.number} of {words.of}"


def _read_on(seen: View, reply: Reply) -> str:
    """The channel on which *reply* is read: a private answer to a comment may open another one."""
    channel = CHANNELS.get(str(seen.get("channel")))
    opens = reply.visibility == "private" and seen.get("visibility") == "public"
    return (opens and channel and channel.private_channel) or str(seen.get("channel"))


def _quoted(value: Any) -> str:
    """*value* in quotes, short, and harmless on a terminal."""
    if value is None:
        return "unknown"
    if isinstance(value, str) and len(value) > 160:
        value = f"{value[:159]}…"
    return written(value)


def _bare(value: Any) -> str:
    return _quoted(str(value))[1:-1]
