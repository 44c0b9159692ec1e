"""What may be spent of a provider's limits, and what its answers teach of them.

Budgets are counted in Redis by the gate (lua/gate.lua), so all workers share them. An answer may say how
much an account is allowed at all, how much of that is left (others may use it, too), or that it was
one too many: then nobody asks before the time given.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from bridge.core.calls import HttpRequest, HttpResponse, retry_after
from bridge.core.errors import TransientError
from bridge.core.limits import Budget, Told, kind, sixtieth
from bridge.core.model import Connection
from bridge.jobs.rank import Asker
from bridge.store import Leave
from bridge.wiring import Bridge

KNOWN = 60.0  # seconds for which a process trusts what it remembers of an account's limits
NEAR, FULL = 80.0, 100.0  # percent of an account's usage from which on it is spared, or left alone
REST = 300.0  # seconds for which it is left alone where nobody says
LONG = 900.0  # seconds of waiting from which on an operator should know
UNTOLD = 10.0  # seconds to wait after a 429 that names none

# One lane alone ever asks for these: nobody stands in line for them.
OWN = frozenset({"ticket", "pair", "chat", "group"})


class Budgets:
    """The budgets of all connections, as one process knows them."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self._totals: dict[str, tuple[float, dict[str, int]]] = {}

    def of(self, connection: Connection, request: HttpRequest, asker: Asker) -> list[Budget]:
        """What *request* spends, most special first; of the last one *asker* may use its share."""
        provider, totals = self.bridge.provider(connection), self._known(connection.name)
        found: list[Budget] = []
        for name in request.budget:
            if limit := provider.limit(connection.options, kind(name), totals):
                most = limit[0]
                if name == request.budget[-1]:
                    most = max(int(most * asker.share), 1)
                found += paced(Budget(name, most, limit[1], kind(name) not in OWN))
        return found

    def learn(
        self, connection: Connection, request: HttpRequest, answer: HttpResponse,
        spent: list[Budget], leave: Leave,
    ) -> None:  # fmt: skip
        """Correct the budgets by what *answer* says of them."""
        provider = self.bridge.provider(connection)
        for named, told in provider.headers(answer.headers).items():
            name = next((one for one in request.budget if kind(one) == named), None)
            if name is None:
                continue
            if told.total and kind(name) not in OWN:
                self._allowed(connection.name, named, told.total)
            if told.percent is not None:
                self._used(connection.name, name, told)
            limit = provider.limit(connection.options, named, self._known(connection.name))
            for one, left in zip(spent, leave.left, strict=False):
                if one.name == name and limit:
                    # As it is known now, and all of it: the asker may have had a share alone.
                    whole = one._replace(limit=min(limit[0], told.total or limit[0]))
                    ours = left + whole.limit - one.limit
                    self._left(connection.name, whole, told, ours, leave.others)

    @staticmethod
    def late(connection: str, spent: list[Budget], leave: Leave, took: float) -> list[Any]:
        """What has to be counted as of now, as lua/leave.lua takes it, where a request *took* so many seconds.

        Empty where it is all the same. The provider counts a request when it gets there.
        """
        late = [
            part
            for one in spent
            if one.shared and _passed(one, leave.at, took)
            for part in (one.name, int(one.seconds * 1000))
        ]
        return [connection, leave.at, *late] if late else []

    def stop(self, connection: str, budget: str, seconds: float) -> None:
        """Nobody spends *budget* for so long; an operator learns of a long time."""
        self.bridge.store.stop(connection, budget, seconds)
        if seconds >= LONG:
            text = f"{connection} told us to wait for {seconds / 60:.0f} minutes (its limit {kind(budget)})"
            self.bridge.store.alarm(f"limit:{connection}", text, seconds)

    def refused(self, connection: str, request: HttpRequest, error: TransientError) -> None:
        """A platform told us to slow down: the budget of which it speaks rests."""
        if not error.limited or error.code != "rate_limited" or not request.budget:
            return
        scope = next((one for one in request.budget if kind(one) == error.scope), request.budget[0])
        self.stop(connection, scope, error.retry_after or UNTOLD)

    def _used(self, connection: str, name: str, told: Told) -> None:
        """Spare an account that is nearly used up; asking on would make it last longer."""
        if told.percent is None or told.percent < NEAR:
            return
        if told.percent >= FULL:
            self.stop(connection, name, told.reset or REST)
        else:
            gap = 1.0 + 9.0 * (told.percent - NEAR) / (FULL - NEAR)
            self.bridge.store.slow(connection, name, gap, KNOWN)

    def _left(self, name: str, budget: Budget, told: Told, ours: int, others: int) -> None:
        """Count what others spend. Answers that overtake each other differ a little: no matter."""
        if told.left is None:
            return
        near = ours < budget.limit / 5
        if told.left < ours - (0 if near else 4) or (others and told.left > ours):
            self.bridge.store.told(name, budget, told.left, told.reset or budget.seconds)

    def _known(self, connection: str) -> dict[str, int]:
        """What the account's answers said that it is allowed, by budget."""
        until, totals = self._totals.get(connection, (0.0, {}))
        if time.monotonic() >= until:
            totals = json.loads(self.bridge.store.get(f"told:{connection}") or "{}")
            self._totals[connection] = (time.monotonic() + KNOWN, totals)
        return totals

    def _allowed(self, connection: str, budget: str, total: int) -> None:
        totals = self._known(connection)
        if totals.get(budget) != total:
            totals[budget] = total
            self.bridge.store.put(f"told:{connection}", json.dumps(totals), 86400)


def told_to_wait(
    budgets: Budgets, connection: Connection, request: HttpRequest, response: HttpResponse
) -> None:
    """A helpdesk's 429: special budgets first, if they are used up.

    Headers tell of budgets that have plenty left, too; only a zero counts. The body names one where
    no header does.
    """
    asked = retry_after(response.headers)
    seconds = UNTOLD if asked is None else max(asked, 1.0)
    told: Mapping[str, Told] = budgets.bridge.provider(connection).headers(response.headers)
    left = {name: one.left for name, one in told.items()}
    said = response.body[:500].decode("utf-8", "replace").lower()
    ticket = next((one for one in request.budget if kind(one) == "ticket"), None)
    if ticket and (left.get("ticket") == 0 or "this ticket" in said or "per ticket" in said):
        budget = ticket
    elif "updates" in request.budget and (left.get("updates") == 0 or "update" in said):
        budget = "updates"
    else:
        budget = "account"
    budgets.stop(connection.name, budget, seconds)


def _passed(budget: Budget, at: int, took: float) -> bool:
    """Whether the sixtieth of the window in which leave was given may be over."""
    width = sixtieth(budget.seconds)
    return (at + int(took * 1000) + 1) // width != at // width


def paced(budget: Budget) -> list[Budget]:
    """*budget*, and for one ticket's also smaller ones over shorter times.

    A chatty customer would spend a ticket's thirty updates in seconds and then be silent for ten minutes.
    Spread like this the first ones go at once, later ones wait a little and take along what has come.
    """
    if kind(budget.name) != "ticket":
        return [budget]
    steps = ((1 / 3, 0.1), (1 / 2, 0.3), (3 / 4, 0.6))
    return [
        *(
            Budget(
                f"{budget.name}:{int(time * 10)}", int(budget.limit * part), budget.seconds * time
            )
            for part, time in steps
        ),
        budget,
    ]
