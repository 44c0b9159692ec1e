"""Who deserves a ticket: rules tried in order, the first match wins.

`decide` walks the rules and keeps, for each, the first condition that failed and the value it saw, so
that every decision can be explained. What a condition is: `core.conditions`; what it may ask about:
`core.facts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from bridge.core.conditions import Condition
from bridge.core.facts import OPEN, View
from bridge.core.scan import Scan
from bridge.core.targets import USUAL, Promise, Target, Wait

PRIORITIES = ("low", "normal", "high", "urgent")
UNASKED = "there is no ticket on which a person could approve it"
OVERFLOW = "overflow"  # the crowd of all who want a ticket, beyond the cap
HOUSE_RULES = ("hate", "personal_data", "spam", "illegal")  # what a comment may be hidden for


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """What a ticket should hold, in our words; `core.mapping` says it in the helpdesk's.

    `collaborators` are addresses of colleagues who hear of it.
    `reroute`: a ticket that is open already when the rule matches goes there, too.
    """

    helpdesk: str | None = None
    priority: str | None = None
    group: str | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    reroute: bool = False
    collaborators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """Words to be said by themselves: public or private, and their name in replies/.

    An author hears them `once` in so many seconds; 0 is each time. `line` is said in public where they
    go in private under a comment: a name in replies/, "" for nothing, None as the helpdesk's map says.
    `when` "closed": outside business hours alone, once in a thread `until` these begin (`core.closed`). For
    `cooldown` seconds after them the author hears nothing else that has one. With `approve` they wait on the
    ticket until a person lets them go.
    """

    visibility: str
    name: str
    once: int = 0
    line: str | None = None
    when: str = ""
    cooldown: int = 0
    until: datetime | None = None
    approve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rule does when it matches. Without a `target` of its own, that of the file counts."""

    escalate: Escalation | None = None
    ignore: str | None = None
    replies: tuple[Reply, ...] = ()
    notify: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(
        default_factory=dict
    )  # for the author, and for how many seconds
    target: Target | None = None
    waits: tuple[Wait, ...] = ()
    feedback: tuple[str, ...] = ()  # topics under which it is counted
    hide: str | None = None  # under this house rule
    approve: bool = False  # agents' public answers on the ticket wait for a second person
    go_on: bool = False  # `continue: true`


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message a rule was written for, and the rule (or all the rules, in order) it must give."""

    facts: Mapping[str, Any]
    gives: str | tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named condition with its outcome; without `when` it matches everything.

    One in the `shadow` is tried and remembered, and does nothing.
    """

    name: str
    then: Outcome
    when: Condition | None = None
    examples: tuple[Example, ...] = ()
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much may be said at most, `limits` in the file; None is no cap.

    Public answers in one thread (to one person), and under one post in a day; how often the same words
    may stand under one post in a day before an alarm. `cooling`: seconds between two automatic answers.
    With `second_person` somebody else than its author lets go what is beyond. Tickets a minute for messages
    that belong to an incident.
    Tickets a minute for messages that belong to an incident; for all where the rules have an `overflow`.
    """

    public_replies_per_thread: int | None = None
    public_replies_per_post: int | None = None
    same_answer_per_post: int | None = None
    cooling: int = 0
    second_person: bool = False
    escalations_per_minute: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Many messages of one kind in a short time, and what becomes of them: one incident.

    At least `at_least` that match `when` in `over` seconds, and `times_usual` times what usually comes at
    that hour, counted together, or apart for each `per` (rule, post, account). `ends_after` seconds below
    that it is over. While it lasts, `hold` is said once to each who writes, and with `quiet` no other
    automatic words.
    """

    name: str
    when: Condition
    over: int
    at_least: int
    ends_after: int
    per: str | None = None
    times_usual: float | None = None
    incident: Escalation = field(default_factory=Escalation)
    hold: str | None = None
    notify: tuple[str, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules in their order, the crowds they look out for, their caps, and the hash of their file.

    `overflow` is the crowd of all who want a ticket: what is beyond the cap stands on its incident. `target` is that of every ticket whose rule has none.
    """

    rules: tuple[Rule, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    overflow: Crowd | None = None
    target: Target = USUAL
    caps: Caps = field(default_factory=Caps)
    hash: str = ""
    _scan: list[Scan] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def lookouts(self) -> tuple[Crowd, ...]:
        """All that may become an incident."""
        return (*self.crowds, self.overflow) if self.overflow else self.crowds

    @property
    def scan(self) -> Scan:
        """What asks the conditions of all rules; made when first needed."""
        if not self._scan:
            self._scan.append(Scan([rule.when for rule in self.rules]))
        return self._scan[0]

    @property
    def reroute(self) -> bool:
        """Whether any of them is asked about what comes to an open ticket."""
        return any(one.then.escalate and one.then.escalate.reroute for one in self.rules)


def rerouting(rules: Rules, view: View) -> Decision | None:
    """What the rules say of *view*, which belongs to an open ticket, where that moves the ticket."""
    if not rules.reroute:
        return None
    decision = decide(rules, view)
    return decision if decision.escalation and decision.escalation.reroute else None


class Hide(NamedTuple):
    """That a message is to be hidden on its platform: under which house rule, and by which rule."""

    because: str
    rule: str


class Tried(NamedTuple):
    """One rule that was tried; when it did not match, its first failing condition and the value."""

    rule: str
    matched: bool
    condition: str | None = None
    value: Any = None
    shadow: bool = False  # it matched, and did nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done with a message, and why.

    `rule` is the one that settled the outcome, `rules` all that matched, in order. `outcome` is
    escalate, ignore, reply, notify, hide, label, feedback or none, or incident (`jobs.crowds`); the later ones
    may stand beside the first two. `promise` is what the customer may count on, None without a ticket.
    `unsaid` are replies that a rule has and that are not said now: their names, and why. `approve` is the rule
    that wants agents' public answers approved by a second person, None without a ticket. `signals` are those
    that had to be worked out on the way, `told` what the engine knew beside the message.
    """

    rule: str | None
    outcome: str
    escalation: Escalation | None = None
    reason: str | None = None
    replies: tuple[Reply, ...] = ()
    unsaid: tuple[tuple[str, str], ...] = ()
    notify: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    promise: Promise | None = None
    feedback: tuple[str, ...] = ()
    hide: Hide | None = None
    approve: str | None = None
    tried: tuple[Tried, ...] = ()
    rules: tuple[str, ...] = ()
    signals: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)


def decide(rules: Rules, view: View) -> Decision:
    """The first rule that matches *view* decides; rules that say `continue` let later ones add."""
    tried: list[Tried] = []
    matched: list[Rule] = []
    for rule, failure in zip(rules.rules, rules.scan.failures(view), strict=True):
        if failure is not None:
            tried.append(Tried(rule.name, False, failure.condition, failure.value))
            continue
        tried.append(Tried(rule.name, True, shadow=rule.shadow))
        if rule.shadow:
            continue
        matched.append(rule)
        if not rule.then.go_on:
            break
    if any(rule.then.feedback for rule in matched):
        view.get("sentiment")  # kept with it, whether or not a rule has asked
    return replace(together(rules, matched), tried=tuple(tried), signals=dict(view.read))


def together(rules: Rules, matched: Sequence[Rule]) -> Decision:
    """What the matching rules say together: the first ticket wins, and then the first reason."""
    opened = next((rule for rule in matched if rule.then.escalate is not None), None)
    ignored = next((rule for rule in matched if rule.then.ignore is not None), None)
    wanted = dict.fromkeys(one for rule in matched for one in rule.then.replies)
    replies = tuple(one for one in wanted if opened is not None or not one.approve)
    unsaid = tuple((one.name, UNASKED) for one in wanted if one not in replies)
    notify = tuple(dict.fromkeys(one for rule in matched for one in rule.then.notify))
    feedback = tuple(dict.fromkeys(one for rule in matched for one in rule.then.feedback))
    labels = {name: time for rule in reversed(matched) for name, time in rule.then.labels.items()}
    hide = next((Hide(rule.then.hide, rule.name) for rule in matched if rule.then.hide), None)
    escalation = None
    settled: Rule | None
    if opened is not None:
        outcome, settled = "escalate", opened
        escalation = _one([rule.then.escalate for rule in matched if rule.then.escalate])
    elif ignored is not None:
        outcome, settled = "ignore", ignored
    else:
        said = {
            "reply": replies,
            "notify": notify,
            "hide": hide,
            "label": labels,
            "feedback": feedback,
        }
        outcome = next((name for name, what in said.items() if what), "none")
        then = ((rule, rule.then) for rule in matched)
        settled = next((rule for rule, one in then if one.replies or one.notify or one.hide), None)
        settled = settled or (matched[-1] if matched else None)
    return Decision(
        rule=settled.name if settled else None,
        outcome=outcome,
        escalation=escalation,
        reason=ignored.then.ignore if ignored is not None and opened is None else None,
        replies=replies,
        unsaid=unsaid,
        notify=notify,
        hide=hide,
        approve=next((one.name for one in matched if one.then.approve), None) if opened else None,
        rules=tuple(rule.name for rule in matched),
        promise=_promise(rules, matched) if opened is not None else None,
        labels=labels,
        feedback=feedback,
    )


def _promise(rules: Rules, matched: Sequence[Rule]) -> Promise:
    """The first target that a rule has, else that of the file; and the steps of all."""
    own = (rule.then.target for rule in matched if rule.then.target is not None)
    waits = tuple(wait for rule in matched for wait in rule.then.waits)
    return Promise(target=next(own, rules.target), waits=waits)


def _one(escalations: Sequence[Escalation]) -> Escalation:
    """The first escalation, with the tags and collaborators of all and the fields it did not set itself."""
    first = escalations[0]
    fields: dict[str, Any] = {}
    for one in escalations:
        fields = {**one.fields, **fields}
    return Escalation(
        helpdesk=first.helpdesk,
        priority=first.priority,
        group=first.group,
        type=first.type,
        tags=tuple(dict.fromkeys(tag for one in escalations for tag in one.tags)),
        fields=fields,
        reroute=first.reroute,
        collaborators=tuple(dict.fromkeys(who for one in escalations for who in one.collaborators)),
    )


def proves(decision: Decision, rules: Rules, gives: str | tuple[str, ...]) -> bool:
    """Whether *decision* is what an example promised.

    A name is the rule that settled it, or a `continue` rule that took part; several names are all
    the rules that matched, in order.
    """
    if not isinstance(gives, str):
        return decision.rules == gives
    passing = {rule.name for rule in rules.rules if rule.then.go_on}
    return decision.rule == gives or (gives in decision.rules and gives in passing)


# What an example leaves out: it is a new public comment on Facebook, while somebody is there.
_USUAL = {
    "kind": "comment", "channel": "facebook", "change": "created", "business_hours": "open",
}  # fmt: skip


def example_view(facts: Mapping[str, Any]) -> View:
    """An example as rules see it; what it leaves out is that of a new comment on Facebook in open hours."""
    told = {name.removeprefix(OPEN): value for name, value in facts.items()}
    usual: dict[str, Any] = {**_USUAL, **told}
    usual.setdefault("visibility", "private" if usual["kind"] == "dm" else "public")
    usual.setdefault("attachments", ())
    return View(usual)


def failing(rules: Rules) -> list[tuple[Rule, Example, Decision]]:
    """The examples that do not give what they promise, with what they give instead."""
    found = []
    for rule in rules.rules:
        for example in rule.examples:
            # A rule in the shadow is tried out here as if it were not.
            tried = Rules(rules=tuple(replace(one, shadow=one.shadow and one is not rule)
                                      for one in rules.rules)) if rule.shadow else rules  # fmt: skip
            decision = decide(tried, example_view(example.facts))
            if not proves(decision, rules, example.gives):
                found.append((rule, example, decision))
    return found
