"""What rules.yaml says about itself and about the other files: names, groups, fields, channels, examples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.config.findings import Findings
from bridge.config.plain import Document, Where
from bridge.core.conditions import EVIDENCE, All, Condition, Test, finds, tests
from bridge.core.facts import FIELDS, OPEN, field_of
from bridge.core.mapping import HelpdeskMap
from bridge.core.mistakes import nearest
from bridge.core.model import Connection
from bridge.core.rules import OVERFLOW, Escalation, Example, Reply, Rule, Rules
from bridge.core.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The rules' file beside all that it may speak of.

    `maps` are by helpdesk connection, None for one that cannot be read; `channels` are those that
    there can be, `hides` those where a comment can be hidden, None where that is not known; `hours` is whether somebody is not there at all hours.
    """

    document: Document
    findings: Findings
    connections: Mapping[str, Connection]
    maps: Mapping[str, HelpdeskMap | None]
    channels: Collection[str] | None
    hides: Collection[str] | None = None
    hours: bool = True

    def wrong(self, where: Where, sentence: str) -> None:
        self.findings.wrong(self.document, where, sentence)

    def check(self, rules: Rules) -> None:
        """Note what is wrong with *rules*."""
        names = [rule.name for rule in rules.rules]
        self._target(("target",), rules.target)
        for at, rule in enumerate(rules.rules):
            where: Where = ("rules", at)
            if names.index(rule.name) != at:
                self.wrong((*where, "name"), "another rule has this name")
            last = at == len(names) - 1
            if last and rule.when is not None:
                self.wrong(
                    (*where, "when"),
                    "the last rule must have no `when`, so that every message has an owner",
                )
            if last and rule.shadow:
                self.wrong(
                    (*where, "shadow"),
                    "the last rule must not be in the shadow, so that every message has an owner",
                )
            if not last and rule.when is None and not (rule.then.go_on or rule.shadow):
                self.wrong(where, "matches everything, so the rules below it are never tried")
            self._channels((*where, "when"), rule.when)
            self._whole_texts((*where, "when"), rule.when)
            if rule.then.hide is not None:
                self._hiding((*where, "then", "hide"), rule)
            if rule.then.escalate is not None:
                self._escalation((*where, "then", "escalate"), rule.then.escalate)
            if rule.then.target is not None:
                self._target((*where, "then", "target"), rule.then.target)
            for number, wait in enumerate(rule.then.waits):
                self._clock((*where, "then", "wait", number, "clock"), wait.clock)
            for number, example in enumerate(rule.examples):
                self._example((*where, "examples", number), example, names)
        self._crowds(rules)

    def _crowds(self, rules: Rules) -> None:
        """Their names are their own; what they ask for and where their incidents go is there."""
        names = [crowd.name for crowd in rules.crowds]
        for at, crowd in enumerate(rules.crowds):
            where: Where = ("crowds", at)
            if names.index(crowd.name) != at:
                self.wrong((*where, "name"), "another crowd has this name")
            if crowd.name == OVERFLOW:
                self.wrong((*where, "name"), "is the name of what `limits: {overflow: ...}` opens")
            self._channels((*where, "when"), crowd.when)
            self._whole_texts((*where, "when"), crowd.when)
            if any(test.name == "incident" for test in tests(crowd.when)):
                told = "a crowd cannot ask for `incident`: whether there is one hangs on the crowd"
                self.wrong((*where, "when"), told)
            self._escalation((*where, "then", "incident"), crowd.incident)
        if rules.overflow:
            self._escalation(("limits", OVERFLOW, "incident"), rules.overflow.incident)

    def _channels(self, where: Where, when: Condition | None) -> None:
        """It asks for channels there are: a misspelled one would never match, and never tell."""
        if when is None or self.channels is None:
            return
        for test in tests(when):
            if test.name == "channel" and test.operator == "is":
                for channel in test.wanted if isinstance(test.wanted, list) else [test.wanted]:
                    if channel not in self.channels:
                        hint = nearest(str(channel), self.channels)
                        self.wrong(where, f"there is no channel '{channel}'{hint}")

    def _hiding(self, where: Where, rule: Rule) -> None:
        """It stands on something that was said, and on a channel that can show it again."""
        if rule.when is None or not finds(rule.when):
            self.wrong(
                where,
                "hides for a mood alone, or for nothing: no comment is hidden because it is negative;"
                f" ask what it says or who wrote it: {', '.join(sorted(EVIDENCE))} or {OPEN}NAME",
            )
        if not isinstance(rule.when, All) or self.hides is None:
            return
        for test in rule.when.parts:
            if isinstance(test, Test) and test.name == "channel":
                asked = test.wanted if isinstance(test.wanted, list) else [test.wanted]
                if not {*asked} & {*self.hides}:
                    known = f"these can: {', '.join(self.hides)}"
                    self.wrong(where, f"{', '.join(asked)} cannot hide and show again; {known}")

    def _whole_texts(self, where: Where, when: Condition | None) -> None:
        """A word after `text:` is the whole message: hardly what somebody means."""
        for test in tests(when) if when is not None else ():
            if test.name == "text" and test.operator == "is":
                shown = ", ".join(
                    map(str, test.wanted if isinstance(test.wanted, list) else [test.wanted])
                )
                self.findings.doubtful(
                    self.document,
                    where,
                    f"`text: {shown}` holds only for a message that says nothing else; for words in it"
                    f" write text: {{any_of: [{shown}]}}",
                )

    # --- targets ---------------------------------------------------------------------------------

    def _target(self, where: Where, target: Target) -> None:
        """Its warning comes before the answer is late."""
        if not target:
            return
        if target.warn_at >= target.first_answer:
            self.wrong((*where, "warn_at"), "must come before the answer is due (`first_answer`)")
        self._clock((*where, "clock"), target.clock)

    def _clock(self, where: Where, clock: str) -> None:
        """A clock of business hours needs hours."""
        if clock == "business" and not self.hours:
            told = (
                "without calendars.yaml somebody is always there, so this is the calendar's clock"
            )
            self.findings.doubtful(self.document, where, told)

    # --- groups and fields -----------------------------------------------------------------------

    def _escalation(self, where: Where, escalation: Escalation) -> None:
        """Its helpdesk is connected; its group and fields stand in the maps they will meet."""
        helpdesk, maps = escalation.helpdesk, self.maps
        if helpdesk is not None and self.connections and helpdesk not in maps:
            self.wrong(
                (*where, "helpdesk"),
                f"'{helpdesk}' is not a helpdesk connection"
                f" (there is: {', '.join(maps) or 'none'}){nearest(helpdesk, maps)}",
            )
        asked = self._asked(escalation)
        meets = {name: map_ for name, map_ in asked.items() if map_ is not None}
        if not meets or len(meets) < len(asked):
            return  # one of them cannot be read, which is told already
        group = escalation.group
        if group is not None and not group.isdigit():
            groups = {desk: map_.groups for desk, map_ in meets.items()}
            self._word((*where, "group"), group, groups, "a group of")
        for name, value in escalation.fields.items():
            if name.isdigit():
                continue
            place = (*where, "fields", name)
            fields = {desk: map_.fields for desk, map_ in meets.items()}
            self._word(place, name, fields, "a field of")
            values = {
                desk: [str(one) for one in known[name].get("values", {})]
                for desk, known in fields.items()
                if name in known
            }
            if all(values.values()):  # where one takes anything, so does the rule
                self._word(place, str(value), values, f"a value of '{name}' in")

    def _asked(self, escalation: Escalation) -> dict[str, HelpdeskMap | None]:
        """The maps that *escalation* may meet: its own helpdesk's, else those of all accounts."""
        if escalation.helpdesk is not None:
            wanted = {escalation.helpdesk}
        else:
            accounts = (one for each in self.connections.values() for one in each.accounts)
            wanted = {one.helpdesk for one in accounts if one.helpdesk} or set(self.maps)
        return {name: map_ for name, map_ in self.maps.items() if name in wanted}

    def _word(self, where: Where, word: str, known: Mapping[str, Iterable[str]], what: str) -> None:
        """Refuse a *word* that no helpdesk's map has; warn where one of several lacks it."""
        every = list(dict.fromkeys(one for words in known.values() for one in words))
        lacking = [desk for desk, words in known.items() if word not in words]
        if word not in every and known:
            self.wrong(
                where,
                f"'{word}' is not {what} the helpdesk's map"
                f" (there is: {', '.join(every) or 'none'}){nearest(word, every)}",
            )
        elif lacking:
            self.findings.doubtful(
                self.document,
                where,
                f"'{word}' is not {what} the map of {', '.join(lacking)}: a ticket there opens"
                " without it; give the rule a `helpdesk:`, or that map the word",
            )

    # --- examples --------------------------------------------------------------------------------

    def _example(self, where: Where, example: Example, names: list[str]) -> None:
        """Its facts are known and of their type, and it gives a rule that exists."""
        for name, value in example.facts.items():
            fact = field_of(name)
            if fact is None:
                hint = nearest(name, [*FIELDS, "gives"])
                self.wrong((*where, name), f"'{name}' is no fact we know{hint}")
                continue
            told = None if fact.type == "any" else _misfit(fact.type, value)
            if told:
                self.wrong((*where, name), told)
                continue
            for one in value if isinstance(value, list) else [value]:
                if fact.choices and one not in fact.choices:
                    self.wrong(
                        (*where, name),
                        f"'{one}' is not one of {', '.join(fact.choices)}"
                        f"{nearest(str(one), fact.choices)}",
                    )
        gives = (example.gives,) if isinstance(example.gives, str) else example.gives
        if not gives or "" in gives:
            self.wrong(where, "`gives` is missing: the name of a rule")
        for name in gives:
            if name and name not in names:
                self.wrong((*where, "gives"), f"there is no rule '{name}'{nearest(name, names)}")


def _misfit(type_: str, value: Any) -> str | None:
    """Why *value* cannot be a fact of this type; None when it can. Null is unknown, and fits."""
    if value is None:
        return None
    if type_ == "number":
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if fits else "must be a number"
    if type_ == "flag":
        return None if isinstance(value, bool) else "must be true or false"
    if type_ == "list":
        many = value if isinstance(value, list) else [value]
        return None if all(isinstance(one, str) for one in many) else "must be a list of texts"
    return None if isinstance(value, str) else "must be a text; put it in quotes"


def spoken(rules: Rules) -> Iterator[tuple[Where, Reply]]:
    """All that *rules* may say by themselves, and where the file says so."""
    for name in ("on_warn", "on_breach"):
        yield from ((("target", name, "reply"), one) for one in getattr(rules.target, name).replies)
    for at, rule in enumerate(rules.rules):
        then: Where = ("rules", at, "then")
        yield from (((*then, "reply"), one) for one in rule.then.replies)
        for name in ("on_warn", "on_breach"):
            if rule.then.target is not None:
                said = getattr(rule.then.target, name).replies
                yield from (((*then, "target", name, "reply"), one) for one in said)
        for number, wait in enumerate(rule.then.waits):
            yield from (
                ((*then, "wait", number, "then", "reply"), one) for one in wait.then.replies
            )
