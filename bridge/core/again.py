"""Deciding again what was decided once: by the message, by what was known then, by what was read from it then.

A receipt says of each rule that was tried whether it matched. A rule that asks the same today has the same
answer, so of most messages only what has changed in the rules is worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.core import closed
from bridge.core.calendars import Clock
from bridge.core.facts import View, view
from bridge.core.model import Message
from bridge.core.rules import Decision, Rule, Rules, together
from bridge.core.sentiment import Scorer


class Past:
    """A message that was decided, by its receipt; its facts are put together when somebody asks.

    `then` are the rules that decided it, None where they are not kept any more; *clock* is that of when it was
    said.
    """

    __slots__ = ("_message", "_scorer", "_slip", "_view", "clock", "matched", "then")

    def __init__(
        self, message: Message, slip: Mapping[str, Any], then: Rules | None,
        scorer: Scorer | None = None, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self._message, self._slip, self._scorer, self.clock = message, slip, scorer, clock
        self._view: View | None = None
        self.then = then
        self.matched: dict[str, bool] = {one["rule"]: one["matched"] for one in slip["tried"]}

    @property
    def view(self) -> View:
        """The message as rules saw it; signals that were read then are not read again."""
        if self._view is None:
            told = {"has_ticket": False, **self._slip.get("told", {})}
            self._view = view(self._message, told, self._scorer, self.clock)
            self._view.read.update(self._slip.get("signals") or {})
        return self._view


class Judge:
    """Rules that decide again."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._same: dict[str, frozenset[str]] = {}
        self._ends: dict[tuple[str, ...], Decision] = {}

    def decide(self, past: Past) -> Decision:
        """What these rules say of *past*, without the trail and the signals."""
        same = self._as_then(past.then)
        matched: list[Rule] = []
        for rule in self.rules.rules:
            held = past.matched.get(rule.name) if rule.name in same else None
            if held is None:
                held = rule.when is None or rule.when.failure(past.view) is None
            if held and not rule.shadow:
                matched.append(rule)
                if not rule.then.go_on:
                    break
        names = tuple(rule.name for rule in matched)
        if names not in self._ends:
            self._ends[names] = together(self.rules, matched)
        decided = self._ends[names]
        if past.clock is not None and any(reply.when for reply in decided.replies):
            return closed.fitting(decided, past.view, past.clock.moment)
        return decided

    def _as_then(self, then: Rules | None) -> frozenset[str]:
        """The rules that ask the same as those of that name did *then*."""
        if then is None:
            return frozenset()
        if then.hash not in self._same:
            asked = {rule.name: rule.when for rule in then.rules}
            self._same[then.hash] = frozenset(
                rule.name
                for rule in self.rules.rules
                if rule.name in asked and asked[rule.name] == rule.when
            )
        return self._same[then.hash]
