"""One look at the words of a message for all rules.

Most rules ask for words, and of a message's words most rules ask for none. So each word is looked up once in an
index of all rules' words, and a rule of whose words none can stand there fails at that condition without
being asked. What a receipt tells is the same: conditions before that one are asked in their order, each
condition once, however many rules share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.core.conditions import All, AnyWord, Condition, Failure, Test
from bridge.core.facts import View

_UNASKED = Failure("", None)


class Scan:
    """The conditions of rules in their order; `failures` asks them of one message."""

    def __init__(self, conditions: Sequence[Condition | None]) -> None:
        self._conditions = conditions
        self._shared: list[Condition] = []  # conditions that stand before words, each once
        # Of each rule that asks for words: the numbers of the conditions before that, and what is asked.
        self._plans: list[tuple[tuple[int, ...], str] | None] = []
        self._words: dict[str, list[int]] = {}  # whole words, the first of a phrase -> rules
        self._stems: dict[str, list[int]] = {}  # how such a word begins -> rules
        numbers: dict[str, int] = {}
        for number, condition in enumerate(conditions):
            self._plans.append(self._plan(number, condition, numbers) if condition else None)
        self._lengths = sorted({len(stem) for stem in self._stems})

    def _plan(
        self, number: int, condition: Condition, numbers: dict[str, int]
    ) -> tuple[tuple[int, ...], str] | None:
        before: list[int] = []
        for part in _parts(condition):
            if isinstance(part, Test) and part.name == "text" and isinstance(part.check, AnyWord):
                for index, beginnings in (
                    (self._words, part.check.firsts),
                    (self._stems, part.check.beginnings),
                ):
                    for word in beginnings:
                        index.setdefault(word, []).append(number)
                return tuple(before), part.told
            key = repr(part)
            if key not in numbers:
                numbers[key] = len(self._shared)
                self._shared.append(part)
            before.append(numbers[key])
        return None

    def _near(self, view: View) -> set[int]:
        """The rules that have a word in this text, at least the first of a phrase."""
        text = view.text("text")
        near: set[int] = set()
        if text is None:
            return near
        for word in text.words:
            if word in self._words:
                near.update(self._words[word])
            for length in self._lengths:
                if length > len(word):
                    break
                if rules := self._stems.get(word[:length]):
                    near.update(rules)
        return near

    def failures(self, view: View) -> Iterable[Failure | None]:
        """For each rule in turn why it fails, or None where it holds; asked when the next one is wanted."""
        near, seen = self._near(view), view.shown("text")
        answered: list[Failure | None] = [_UNASKED] * len(self._shared)
        for number, condition in enumerate(self._conditions):
            plan = self._plans[number]
            if plan is None or number in near:
                yield condition.failure(view) if condition is not None else None
                continue
            before, told = plan
            for one in before:
                failure = answered[one]
                if failure is _UNASKED:
                    failure = answered[one] = self._shared[one].failure(view)
                if failure is not None:
                    yield failure
                    break
            else:
                yield Failure(told, seen)


def _parts(condition: Condition) -> Iterable[Condition]:
    """The conditions that must all hold, in the order in which they are asked."""
    if not isinstance(condition, All):
        yield condition
        return
    for part in condition.parts:
        yield from _parts(part)
