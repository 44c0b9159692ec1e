"""Who deserves a ticket: rules tried in order, the first match wins.

A message is looked at through a `View`: its facts by dotted name (`kind`, `author.followers`), what
the adapter knows beyond them (`rating`, `post.id`) and the signals passed in (`has_ticket`). A
condition is a tree: leaves are `Test`s of one fact by one operator, and `All`, `AnyOf` and `Not` join
them. `decide` walks the rules and keeps, for each, the first condition that failed and the value it
saw, so that every decision can be explained.

Unknown is not a value: a test of a fact nobody knows fails, whatever it asks, except
`{unknown: true}`. So `not` around it holds. A message without text has the empty text, which is known.

A new condition is one entry in FIELDS (a fact) or OPERATORS (a way to test one).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from bridge.core import language, words
from bridge.core.model import Change, Kind, Message, Visibility

MATCHED = 10_000  # characters of a text that a regular expression looks at
PRIORITIES = ("low", "normal", "high", "urgent")


class Mistake(ValueError):
    """A condition that cannot stand: where in it (keys from the top), and a sentence."""

    def __init__(self, sentence: str, *path: str | int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.path = path


# --- what can be asked -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One fact rules may ask about. `type` is text, word, number, flag or list."""

    type: str
    says: str  # for docs/rules.md
    example: str
    choices: tuple[str, ...] = ()  # the closed vocabulary, where there is one


def _field(type_: str, says: str, example: str, choices: Iterable[str] = ()) -> Field:
    return Field(type=type_, says=says, example=example, choices=tuple(choices))


FIELDS: dict[str, Field] = {
    "text": _field("text", "the words of the message", 'text: {any_of: ["refund", "zwrot*"]}'),
    "channel": _field("word", "where it was said", "channel: [facebook, messenger]"),
    "account_id": _field("word", "the page, number or bot it was said to", 'account_id: "1067"'),
    "kind": _field("word", "what it is", "kind: [comment, dm]", Kind),
    "change": _field("word", "whether it is new, edited or deleted", "change: created", Change),
    "visibility": _field("word", "who can read it", "visibility: public", Visibility),
    "author.id": _field("word", "the platform's id of the person", 'author.id: "24"'),
    "author.name": _field("text", "the person's name", "author.name: {any_of: [Ana]}"),
    "author.username": _field("text", "the person's handle", "author.username: ana.m"),
    "author.followers": _field(
        "number", "how many follow the person", "author.followers: {at_least: 1000}"
    ),
    "author.verified": _field("flag", "whether the platform verified them", "author.verified: true"),
    "author.url": _field("text", "the person's page", "author.url: {unknown: true}"),
    "language": _field(
        "word", "two-letter code, told by the platform or detected", "language: [pl, en]"
    ),
    "sentiment": _field(
        "number", "-1 (angry) to 1 (happy), where a tool tells it", "sentiment: {at_most: -0.5}"
    ),
    "attachments": _field(
        "list", "kinds of the files that came along; at_least counts them", "attachments: image"
    ),
    "external_id": _field("word", "the platform's id of the message", 'external_id: "1067_99"'),
    "thread_id": _field("word", "the comment, post or chat it stands in", 'thread_id: "1067_99"'),
    "in_reply_to": _field("word", "the id of what it answers", "in_reply_to: {unknown: true}"),
    "permalink": _field("text", "the link to it", "permalink: {unknown: true}"),
    "conversation": _field(
        "word", "the conversation's key", 'conversation: "telegram:77:24:24"'
    ),
    "sent_at": _field("text", "when it was sent, UTC", "sent_at: {unknown: true}"),
    "rating": _field("number", "stars of a review", "rating: {at_most: 2}"),
    "recommendation": _field(
        "word", "positive or negative, of a Facebook review", "recommendation: negative"
    ),
    "post.id": _field("word", "the post a comment stands under", 'post.id: "1067_55"'),
    "post.text": _field("text", "the words of that post", "post.text: {any_of: [contest]}"),
    "first_name": _field("text", "the person's first name", "first_name: {unknown: true}"),
    "chat_type": _field(
        "word", "kind of chat: private, group, supergroup, channel", "chat_type: private"
    ),
    "standby": _field("flag", "whether another app holds the talk now", "standby: false"),
    "has_ticket": _field("flag", "whether a ticket is open already", "has_ticket: false"),
    "author.label": _field("list", "labels your team gave the person", "author.label: [vip]"),
}  # fmt: skip

OPEN = "extra."  # any further fact an adapter delivers: extra.NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One way to test a fact. `make` turns what the rule says into a check of a known value."""

    types: tuple[str, ...]
    make: Callable[[Any], Callable[[Any], bool]]
    says: str
    example: str


def _many(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]


def _same(value: Any) -> Any:
    """What equality compares: texts without case, true apart from 1."""
    if isinstance(value, bool):
        return ("flag", value)
    return words.fold(value).strip() if isinstance(value, str) else value


def _is(wanted: Any) -> Callable[[Any], bool]:
    if not _many(wanted) or any(not isinstance(one, (str, int, float)) for one in _many(wanted)):
        raise Mistake("is a value, or a list of them of which any will do")
    known = {_same(one) for one in _many(wanted)}
    return lambda value: any(_same(one) in known for one in _many(value))


def _amount(value: Any) -> float:
    """A number to compare; of a list, how many are in it."""
    return len(value) if isinstance(value, (list, tuple)) else float(value)


def _number(wanted: Any) -> float:
    if isinstance(wanted, bool) or not isinstance(wanted, (int, float)):
        raise Mistake("needs a number")
    return wanted


def _at_least(wanted: Any) -> Callable[[Any], bool]:
    limit = _number(wanted)
    return lambda value: _amount(value) >= limit


def _at_most(wanted: Any) -> Callable[[Any], bool]:
    limit = _number(wanted)
    return lambda value: _amount(value) <= limit


def _phrases(wanted: Any) -> tuple[words.Phrase, ...]:
    if not _many(wanted):
        raise Mistake("needs at least one word or phrase")
    found = []
    for number, one in enumerate(_many(wanted)):
        if not isinstance(one, str):
            raise Mistake(f'{one!r} is not a text; put it in quotes: "{one}"', number)
        try:
            found.append(words.phrase(one))
        except ValueError as error:
            raise Mistake(str(error), number) from None
    return tuple(found)


def _any_of(wanted: Any) -> Callable[[Any], bool]:
    phrases = _phrases(wanted)
    return lambda text: any(one.within(text.spaced) for one in phrases)


def _all_of(wanted: Any) -> Callable[[Any], bool]:
    phrases = _phrases(wanted)
    return lambda text: all(one.within(text.spaced) for one in phrases)


def _none_of(wanted: Any) -> Callable[[Any], bool]:
    phrases = _phrases(wanted)
    return lambda text: not any(one.within(text.spaced) for one in phrases)


def _matches(wanted: Any) -> Callable[[Any], bool]:
    if not isinstance(wanted, str):
        raise Mistake("needs a regular expression, in quotes")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 2 << 20
    try:
        pattern = re2.compile(wanted, options)
    except re2.error as error:
        told = error.args[0] if error.args else ""
        told = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise Mistake(
            f"'{wanted}' is not a regular expression RE2 takes: {told}"
            " (look-ahead, look-behind and back-references do not exist there)"
        ) from None
    return lambda text: pattern.search(text.raw[:MATCHED].encode("utf-8", "replace").decode())\
        is not None  # fmt: skip


def _flag(ask: Callable[[Any], bool]) -> Callable[[Any], Callable[[Any], bool]]:
    def make(wanted: Any) -> Callable[[Any], bool]:
        if not isinstance(wanted, bool):
            raise Mistake("needs true or false")
        return lambda text: ask(text) is wanted

    return make


_ALL = ("text", "word", "number", "flag", "list", "any")
OPERATORS: dict[str, Operator] = {
    "is": Operator(
        types=_ALL, make=_is, says="is this value, or one of a list; case does not matter",
        example="kind: {is: [comment, dm]}   # the same as kind: [comment, dm]",
    ),
    "at_least": Operator(
        types=("number", "list", "any"), make=_at_least, says="is this number or more",
        example="author.followers: {at_least: 1000}",
    ),
    "at_most": Operator(
        types=("number", "list", "any"), make=_at_most, says="is this number or less",
        example="rating: {at_most: 2}",
    ),
    "unknown": Operator(
        types=_ALL, make=_flag(lambda value: value is None), says="nobody told us (true), or it is known (false)",
        example="author.id: {unknown: true}",
    ),
    "any_of": Operator(
        types=("text", "any"), make=_any_of, says="at least one of these words or phrases stands in it",
        example='text: {any_of: ["refund", "charge back", "zwrot*"]}',
    ),
    "all_of": Operator(
        types=("text", "any"), make=_all_of, says="all of these words or phrases stand in it",
        example='text: {all_of: ["order", "late"]}',
    ),
    "none_of": Operator(
        types=("text", "any"), make=_none_of, says="none of these words or phrases stands in it",
        example='text: {none_of: ["refunded"]}',
    ),
    "matches": Operator(
        types=("text", "any"), make=_matches, says="a regular expression (RE2) is found in it, as written",
        example="text: {matches: '(?i)order\\s+#?\\d{6}'}",
    ),
    "question": Operator(
        types=("text",), make=_flag(lambda text: words.is_question(text.raw)), says="it asks something",
        example="text: {question: true}",
    ),
    "empty": Operator(
        types=("text", "any"), make=_flag(lambda text: not text.raw.strip()), says="there is no text at all",
        example="text: {empty: true}",
    ),
}  # fmt: skip


# --- what is looked at -------------------------------------------------------------------------


class Text:
    """A text under test: as written, and as words in a row (worked out once, when asked for)."""

    __slots__ = ("_spaced", "raw")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self._spaced: str | None = None

    @property
    def spaced(self) -> str:
        if self._spaced is None:
            self._spaced = words.spaced(self.raw)
        return self._spaced


class View:
    """The facts of one message by dotted name. None, or no entry, is unknown.

    The language is detected when a rule first asks for it and nobody told it.
    """

    __slots__ = ("_texts", "facts")

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.facts = dict(facts)
        self._texts: dict[str, Text] = {}

    def get(self, name: str) -> Any:
        """The value of the fact *name*, or None when it is unknown."""
        if name == "text":
            return self.facts.get("text") or ""
        if name == "language" and self.facts.get("language") is None:
            self.facts["language"] = language.detect(self.get("text"))
        return self.facts.get(name.removeprefix(OPEN))

    def text(self, name: str) -> Text | None:
        """The fact *name* as a text under test, or None when it is unknown."""
        if name not in self._texts:
            value = self.get(name)
            if value is None:
                return None
            self._texts[name] = Text(value if isinstance(value, str) else str(value))
        return self._texts[name]


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested facts by dotted name, two levels of nesting at most: `{"post": {"id": ..}}` is `post.id`."""
    found: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping) and prefix.count(".") < 2:
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found


def view(message: Message, signals: Mapping[str, Any] | None = None) -> View:
    """*message* as rules see it: its line, what the adapter told beyond it, and *signals*.

    What the line knows cannot be overruled; what it does not know, a signal may tell (`language`).
    """
    author = message.author
    line = {
        "text": message.text,
        "channel": message.channel,
        "account_id": message.account_id,
        "kind": message.kind.value,
        "change": message.change.value,
        "visibility": message.visibility.value,
        "external_id": message.external_id,
        "thread_id": message.thread_id,
        "conversation": message.conversation,
        "in_reply_to": message.in_reply_to,
        "permalink": message.permalink,
        "sent_at": message.sent_at.isoformat() if message.sent_at else None,
        "language": message.language,
        "sentiment": message.sentiment,
        "attachments": tuple(one.type for one in message.attachments),
        "author.id": author.id if author else None,
        "author.name": author.name if author else None,
        "author.username": author.username if author else None,
        "author.followers": author.followers if author else None,
        "author.verified": author.verified if author else None,
        "author.url": author.url if author else None,
    }
    known = {name: value for name, value in line.items() if value is not None}
    return View({**_flat(message.extra), **_flat(signals or {}), **known})


# --- conditions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failure:
    """The first condition that did not hold, in words, and the value it saw."""

    condition: str
    value: Any


@dataclass(frozen=True, slots=True)
class Test:
    """One fact tested by one operator."""

    name: str
    operator: str
    wanted: Any
    check: Callable[[Any], bool] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.name} {self.operator} {_shown(self.wanted)}"

    def failure(self, view: View) -> Failure | None:
        """Why it does not hold for *view*, or None when it does."""
        value = view.get(self.name)
        if self.operator == "unknown":
            held = self.check(value)
        elif value is None:
            held = False
        else:
            asked = view.text(self.name) if self.operator in _OF_TEXT else value
            try:
                held = self.check(asked)
            except (TypeError, ValueError):
                held = False  # a fact of another type than the rule expects: not what it asks for
        return None if held else Failure(str(self), _seen(value))


_OF_TEXT = frozenset({"any_of", "all_of", "none_of", "matches", "question", "empty"})


@dataclass(frozen=True, slots=True)
class All:
    """Holds when all its parts do."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " and ".join(str(part) for part in self.parts)

    def failure(self, view: View) -> Failure | None:
        """The failure of the first part that does not hold, or None."""
        for part in self.parts:
            failure = part.failure(view)
            if failure is not None:
                return failure
        return None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when one of its parts does."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return "any of (" + "; ".join(str(part) for part in self.parts) + ")"

    def failure(self, view: View) -> Failure | None:
        """None when a part holds; else all of it failed, and the value the first part saw."""
        first: Failure | None = None
        for part in self.parts:
            failure = part.failure(view)
            if failure is None:
                return None
            first = first or failure
        return Failure(str(self), first.value if first else None)


@dataclass(frozen=True, slots=True)
class Not:
    """Holds when its part does not."""

    part: Condition

    def __str__(self) -> str:
        return f"not ({self.part})"

    def failure(self, view: View) -> Failure | None:
        """None when the part fails; else this, and the value it saw where it is about one fact."""
        if self.part.failure(view) is not None:
            return None
        names = {test.name for test in tests(self.part)}
        return Failure(str(self), _seen(view.get(names.pop())) if len(names) == 1 else None)


Condition = Test | All | AnyOf | Not


def tests(condition: Condition) -> list[Test]:
    """All tests in *condition*, in order."""
    if isinstance(condition, Test):
        return [condition]
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return [test for part in parts for test in tests(part)]


def _shown(wanted: Any, most: int = 6) -> str:
    """What a rule wants, in words; a long list is cut."""
    if isinstance(wanted, bool):
        return "true" if wanted else "false"
    many = [_shown(one) if isinstance(one, bool) else str(one) for one in _many(wanted)]
    many = [one if len(one) <= 60 else f"{one[:59]}…" for one in many]
    more = f" and {len(many) - most} more" if len(many) > most else ""
    return ", ".join(many[:most]) + more


def _seen(value: Any) -> Any:
    """*value* as a receipt keeps it: plain, and short."""
    if isinstance(value, str):
        clean = value.encode("utf-8", "replace").decode()
        return clean if len(clean) <= 200 else f"{clean[:199]}…"
    if isinstance(value, (list, tuple)):
        return [_seen(one) for one in value[:20]]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)[:200]


def nearest(word: str, among: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest of *among*, or nothing."""
    close = difflib.get_close_matches(word, list(among), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


JOINTS = ("not", "any", "all")


def condition(written: Any, known: Mapping[str, Field] = FIELDS) -> All:
    """The condition that the mapping *written* stands for. Raises Mistake."""
    if not isinstance(written, Mapping) or not written:
        raise Mistake("needs conditions, each `fact: what it must be`")
    parts: list[Condition] = []
    for name, wanted in written.items():
        try:
            parts.append(_part(name, wanted, known))
        except Mistake as mistake:
            raise Mistake(mistake.sentence, name, *mistake.path) from None
    return All(tuple(parts))


def _part(name: str, wanted: Any, known: Mapping[str, Field]) -> Condition:
    if name == "not":
        return Not(_joined(wanted, known, AnyOf))
    if name in ("any", "all"):
        if not isinstance(wanted, list):
            raise Mistake(f"needs a list of conditions: `{name}: [{{...}}, {{...}}]`")
        return _joined(wanted, known, AnyOf if name == "any" else All)
    if name not in known and not name.startswith(OPEN):
        hint = nearest(name, [*known, *JOINTS]) or f" (a fact of your own tool is {OPEN}{name})"
        raise Mistake(f"'{name}' is no fact we know{hint}")
    fact = known.get(name) or Field(type="any", says="", example="")
    if not isinstance(wanted, Mapping):
        return _test(name, fact, "is", wanted)
    if not wanted:
        raise Mistake(f"needs an operator: one of {', '.join(_allowed(fact))}")
    tests: list[Condition] = []
    for operator, operand in wanted.items():
        try:
            tests.append(_test(name, fact, operator, operand))
        except Mistake as mistake:
            raise Mistake(mistake.sentence, operator, *mistake.path) from None
    return tests[0] if len(tests) == 1 else All(tuple(tests))


def _joined(wanted: Any, known: Mapping[str, Field], joint: type[AnyOf] | type[All]) -> AnyOf | All:
    """The conditions of a list under *joint*; a single mapping is its own `all`."""
    if isinstance(wanted, Mapping):
        return condition(wanted, known)
    if not isinstance(wanted, list) or not wanted:
        raise Mistake("needs conditions, each `fact: what it must be`")
    parts: list[Condition] = []
    for number, one in enumerate(wanted):
        try:
            parts.append(condition(one, known))
        except Mistake as mistake:
            raise Mistake(mistake.sentence, number, *mistake.path) from None
    return joint(tuple(parts))


def _allowed(fact: Field) -> list[str]:
    return [name for name, operator in OPERATORS.items() if fact.type in operator.types]


def _test(name: str, fact: Field, operator: str, wanted: Any) -> Test:
    known = OPERATORS.get(operator)
    if known is None or fact.type not in known.types:
        allowed = _allowed(fact)
        about = "exists" if known is None else f"fits {name}, which is a {fact.type}"
        raise Mistake(
            f"'{operator}' is no operator that {about}: one of {', '.join(allowed)}"
            f"{nearest(operator, allowed)}"
        )
    if operator == "is":
        _fits(name, fact, wanted)
    return Test(name, operator, wanted, known.make(wanted))


def _fits(name: str, fact: Field, wanted: Any) -> None:
    """Refuse values that the fact can never have. Raises Mistake."""
    for one in _many(wanted):
        if fact.choices and one not in fact.choices:
            raise Mistake(
                f"{one!r} is not one of {', '.join(fact.choices)}{nearest(str(one), fact.choices)}"
            )
        if fact.type == "flag" and not isinstance(one, bool):
            raise Mistake("needs true or false")
        if fact.type == "number" and (isinstance(one, bool) or not isinstance(one, (int, float))):
            raise Mistake("needs a number")
        if fact.type in ("text", "word", "list") and not isinstance(one, str):
            raise Mistake(f'{_shown(one)} is not a text; put it in quotes: "{_shown(one)}"')


# --- rules and decisions -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """What a ticket should hold, in our words; `core.mapping` says it in the helpdesk's."""

    helpdesk: str | None = None
    priority: str | None = None
    group: str | None = None
    type: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a rule does when it matches. `replies` are (public | private, name)."""

    escalate: Escalation | None = None
    ignore: str | None = None
    replies: tuple[tuple[str, str], ...] = ()
    notify: tuple[str, ...] = ()
    go_on: bool = False  # `continue: true`


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message a rule was written for, and the rule (or all the rules, in order) it must give."""

    facts: Mapping[str, Any]
    gives: str | tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named condition with its outcome; without `when` it matches everything."""

    name: str
    then: Outcome
    when: Condition | None = None
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules in their order, and the hash of the file they came from."""

    rules: tuple[Rule, ...] = ()
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One rule that was tried; when it did not match, its first failing condition and the value."""

    rule: str
    matched: bool
    condition: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done with a message, and why.

    `rule` is the one that settled the outcome, `rules` all that matched, in order. `outcome` is
    escalate, ignore, reply, notify or none; replies and notify may stand beside the first two.
    """

    rule: str | None
    outcome: str
    escalation: Escalation | None = None
    reason: str | None = None
    replies: tuple[tuple[str, str], ...] = ()
    notify: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    rules: tuple[str, ...] = ()


def decide(rules: Rules, view: View) -> Decision:
    """The first rule that matches *view* decides; rules that say `continue` let later ones add."""
    tried: list[Tried] = []
    matched: list[Rule] = []
    for rule in rules.rules:
        failure = rule.when.failure(view) if rule.when is not None else None
        if failure is not None:
            tried.append(
                Tried(
                    rule=rule.name, matched=False, condition=failure.condition, value=failure.value
                )
            )
            continue
        tried.append(Tried(rule=rule.name, matched=True))
        matched.append(rule)
        if not rule.then.go_on:
            break
    return _decision(matched, tuple(tried))


def _decision(matched: Sequence[Rule], tried: tuple[Tried, ...]) -> Decision:
    """What the matching rules say together: the first ticket wins, and then the first reason."""
    opened = next((rule for rule in matched if rule.then.escalate is not None), None)
    ignored = next((rule for rule in matched if rule.then.ignore is not None), None)
    replies = tuple(dict.fromkeys(one for rule in matched for one in rule.then.replies))
    notify = tuple(dict.fromkeys(one for rule in matched for one in rule.then.notify))
    escalation = None
    settled: Rule | None
    if opened is not None:
        outcome, settled = "escalate", opened
        escalation = _together([rule.then.escalate for rule in matched if rule.then.escalate])
    elif ignored is not None:
        outcome, settled = "ignore", ignored
    else:
        outcome = "reply" if replies else "notify" if notify else "none"
        settled = next((rule for rule in matched if rule.then.replies or rule.then.notify), None)
        settled = settled or (matched[-1] if matched else None)
    return Decision(
        rule=settled.name if settled else None,
        outcome=outcome,
        escalation=escalation,
        reason=ignored.then.ignore if ignored is not None and opened is None else None,
        replies=replies,
        notify=notify,
        tried=tried,
        rules=tuple(rule.name for rule in matched),
    )


def _together(escalations: Sequence[Escalation]) -> Escalation:
    """The first escalation, with the tags of all and the fields it did not set itself."""
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


# What an example leaves out: it is a new public comment on Facebook.
_USUAL = {"kind": "comment", "channel": "facebook", "change": "created"}


def example_view(facts: Mapping[str, Any]) -> View:
    """An example as rules see it; what it leaves out is that of a new comment on Facebook."""
    usual: dict[str, Any] = {**_USUAL, **facts}
    usual.setdefault("visibility", "private" if usual["kind"] == "dm" else "public")
    usual.setdefault("attachments", ())
    return View(usual)


def failing(rules: Rules) -> list[tuple[Rule, Example, Decision]]:
    """The examples that do not give what they promise, with what they give instead."""
    found = []
    for rule in rules.rules:
        for example in rule.examples:
            decision = decide(rules, example_view(example.facts))
            if not proves(decision, rules, example.gives):
                found.append((rule, example, decision))
    return found
