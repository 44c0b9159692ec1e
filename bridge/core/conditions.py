"""Conditions of rules: tests of facts, and what joins them.

A condition is a tree: leaves are `Test`s of one fact by one operator, and `All`, `AnyOf` and `Not`
join them. Each tells the first condition that failed and the value it saw, so that every decision can
be explained.

Unknown is not a value: a test of a fact nobody knows fails, whatever it asks, except
`{unknown: true}`. So `not` around it holds. A message without text has the empty text, which is known.
A new way to test a fact is one entry in OPERATORS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import re2

from bridge.core import advice, words
from bridge.core.facts import FIELDS, OPEN, Field, View, field_of
from bridge.core.mistakes import Mistake, nearest

MATCHED = 10_000  # characters of a text that a regular expression looks at

# --- operators ---------------------------------------------------------------------------------


def _many(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One way to test a fact. `make` turns what the rule says into a check of a known value."""

    types: tuple[str, ...]
    make: Callable[[Any], Callable[[Any], bool]]
    says: str
    example: str


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


class AnyWord:
    """A check of many phrases that costs little where none stands in the text, as in most rules.

    Whole words are looked up together: only where the first word of a phrase occurs is it looked for.
    No phrase stands in a text that has neither a word of `firsts` nor one that begins like one of `beginnings`.
    """

    __slots__ = ("_patterns", "_stems", "_whole", "beginnings", "firsts")

    def __init__(self, phrases: Iterable[words.Phrase]) -> None:
        told = tuple(phrases)
        self._whole = [one for one in told if one.first]
        self._stems = [one.needle for one in told if not one.first and one.pattern is None]
        self._patterns = [one for one in told if not one.first and one.pattern is not None]
        self.firsts = frozenset(one.first for one in self._whole)
        self.beginnings = frozenset(one.beginning for one in told if not one.first)

    def __call__(self, text: Any) -> bool:
        spaced = text.spaced
        if not self.firsts.isdisjoint(text.words) and any(
            one.within(spaced) for one in self._whole
        ):
            return True
        for stem in self._stems:
            if stem in spaced:
                return True
        return any(one.within(spaced) for one in self._patterns)


def _any_of(wanted: Any) -> Callable[[Any], bool]:
    return AnyWord(_phrases(wanted))


def _all_of(wanted: Any) -> Callable[[Any], bool]:
    phrases = _phrases(wanted)
    return lambda text: all(one.within(text.spaced) for one in phrases)


def _none_of(wanted: Any) -> Callable[[Any], bool]:
    stands = _any_of(wanted)
    return lambda text: not stands(text)


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


# --- conditions --------------------------------------------------------------------------------


class Failure(NamedTuple):
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
    told: str = field(init=False, compare=False, repr=False)  # in words, for every receipt

    def __post_init__(self) -> None:
        told = f"{self.name} {self.operator} {_shown(self.wanted)}"
        object.__setattr__(self, "told", told)

    def __str__(self) -> str:
        return self.told

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
        return None if held else Failure(self.told, view.shown(self.name))


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
        return Failure(str(self), view.shown(names.pop()) if len(names) == 1 else None)


Condition = Test | All | AnyOf | Not


def tests(condition: Condition) -> list[Test]:
    """All tests in *condition*, in order."""
    if isinstance(condition, Test):
        return [condition]
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return [test for part in parts for test in tests(part)]


# Facts of what was said, or of who said it, that a house rule can stand on. Moods, stars and places are none.
EVIDENCE = frozenset({"text", "personal_data", "safety", "tags", "author.label", "author.id"})
_ABSENCE = frozenset({"none_of", "unknown", "empty", "question"})


def finds(condition: Condition) -> bool:
    """Whether *condition* can hold only where something of EVIDENCE was found in the message."""
    if isinstance(condition, Test):
        known = condition.name in EVIDENCE or condition.name.startswith(OPEN)
        return known and condition.operator not in _ABSENCE and condition.wanted is not False
    if isinstance(condition, Not):
        return False
    parts = (finds(part) for part in condition.parts)
    return any(parts) if isinstance(condition, All) else all(parts)


def _shown(wanted: Any, most: int = 6) -> str:
    """What a rule wants, in words; a long list is cut."""
    if isinstance(wanted, bool):
        return "true" if wanted else "false"
    many = [_shown(one) if isinstance(one, bool) else str(one) for one in _many(wanted)]
    many = [one if len(one) <= 60 else f"{one[:59]}…" for one in many]
    more = f" and {len(many) - most} more" if len(many) > most else ""
    return ", ".join(many[:most]) + more


# --- as they are written -----------------------------------------------------------------------

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
    fact = field_of(name, known)
    if fact is None:
        hint = nearest(name, [*known, *JOINTS]) or f" (a fact of your own tool is {OPEN}{name})"
        raise Mistake(f"'{name}' is no fact we know{hint}")
    if not isinstance(wanted, Mapping):
        return _test(name, fact, "is", wanted)
    if not wanted:
        raise Mistake(f"needs an operator: one of {', '.join(_allowed(fact))}")
    least, most = wanted.get("at_least"), wanted.get("at_most")
    if isinstance(least, (int, float)) and isinstance(most, (int, float)) and least > most:
        raise Mistake(f"can never hold: nothing is at least {least:g} and at most {most:g}")
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
            f"{advice.operator(operator, allowed)}"
        )
    if operator == "is":
        _fits(name, fact, wanted)
    if fact.range and operator in ("is", "at_least", "at_most"):
        _within(fact.range, wanted)
    return Test(name, operator, wanted, known.make(wanted))


def _within(range_: tuple[float, float], wanted: Any) -> None:
    """Refuse a number that the fact can never be: such a rule never holds, or always. Raises Mistake."""
    least, most = range_
    for one in _many(wanted):
        if isinstance(one, (int, float)) and not least <= one <= most:
            raise Mistake(f"{one:g} can never be: it is a number from {least:g} to {most:g}")


def _fits(name: str, fact: Field, wanted: Any) -> None:
    """Refuse values that the fact can never have. Raises Mistake."""
    for one in _many(wanted):
        if told := advice.misvalue(name, one):
            raise Mistake(told)
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
