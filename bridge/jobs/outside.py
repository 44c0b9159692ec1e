"""Every request that leaves the house: budgets and breaker before, credentials with it, lessons after.

Errors raised from here carry the name of the connection they are about, so that whoever holds the
turn knows what to wait for, and that they tell of the call: an error without one came before or after it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import TypeVar
from urllib.parse import urlsplit

from bridge.core.calls import Calls, HttpRequest, HttpResponse, drive
from bridge.core.errors import BridgeError, PermanentError, TransientError
from bridge.core.limits import Budget
from bridge.core.model import Connection
from bridge.helpdesks.base import Helpdesk
from bridge.jobs.budgets import Budgets, told_to_wait
from bridge.jobs.rank import Asker
from bridge.jobs.slots import Slots
from bridge.jobs.tokens import Tokens
from bridge.store import Leave
from bridge.wiring import Bridge

T = TypeVar("T")
Guard = Callable[[], None]  # raises when an outside write may not start now
Ask = Callable[[str, list[Budget]], Leave]  # leave to spend budgets of a connection, by its name
Refused = Callable[[str, HttpRequest, TransientError], None]  # what a platform's refusal teaches

# Seconds between tries. The breaker keeps a provider that is down from being hammered by many lanes.
STEPS = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
LONGEST = 6 * 3600.0  # seconds after which even a wait that we were told is asked after

STATES = {  # of a connection that is not open, for people
    "paused": "paused by an operator",
    "auth": "closed: its credentials are refused",
    "outage": "closed: it does not answer properly",
}


def _no_guard() -> None:
    return None


class Errand:
    """The requests that one call of an adapter makes to a connection, each with leave.

    *ask* is how leave for the first one is asked, where that is more than the gate's. The first one to a connection
    that was closed may be a try: when the adapter goes on, or is done, it was answered well, and the
    connection opens at once for the rest of the errand and for everybody.
    """

    def __init__(
        self, budgets: Budgets, connection: Connection, asker: Asker, guard: Guard, ask: Ask | None
    ) -> None:
        self.budgets, self.connection, self.asker = budgets, connection, asker
        self.wrote = False  # whether a write has gone out
        self.last: HttpRequest | None = None
        self._guard, self._ask = guard, ask
        self._trying = False

    def sent(
        self, request: HttpRequest, send: Callable[[HttpRequest], HttpResponse]
    ) -> HttpResponse:
        """The answer to *request*, once it may go out; raises TransientError with the seconds to wait."""
        self.went_well()
        self.last = request
        spends = self.budgets.of(self.connection, request, self.asker)
        asked = time.monotonic()
        leave = self._leave(spends)
        self._trying = leave.why == "try"
        if leave.wait:
            raise not_now(self.connection.name, leave)
        if request.write:
            self._guard()  # last, for Redis may have taken its time
            self.wrote = True
        try:
            answer = send(request)
        finally:
            self._spent(spends, leave, time.monotonic() - asked)
        self.budgets.learn(self.connection, request, answer, spends, leave)
        return answer

    def _spent(self, spends: list[Budget], leave: Leave, took: float) -> None:
        """Have it counted from the answer on, as soon as what came of it is written down."""
        late = self.budgets.late(self.connection.name, spends, leave, took)
        if late and self.asker.lane:
            self.asker.late.append(late)

    def _leave(self, spends: list[Budget]) -> Leave:
        if self._ask:
            ask, self._ask = self._ask, None
            return ask(self.connection.name, spends)
        asker, store = self.asker, self.budgets.bridge.store
        return store.gate(self.connection.name, spends, asker.lane, asker.order)

    def went_well(self) -> None:
        """What was asked so far was answered."""
        if self._trying:
            self._trying = False
            self.budgets.bridge.store.cheer(self.connection.name)


def not_now(connection: str, leave: Leave) -> TransientError:
    """What says that *connection* gave no leave to ask, and where to wait for it."""
    why = f"{connection} is {STATES.get(leave.why, leave.why)}" if leave.why else ""
    error = TransientError("waiting", why, retry_after=leave.wait, limited=True)
    error.code = leave.why or "waiting"
    error.connection, error.line = connection, leave.line
    return error


class Outside:
    """The way out of one process.

    `guard` is asked before each write, `ask` for leave for the first request, if not the gate alone is.
    """

    def __init__(self, bridge: Bridge, slots: int = 16) -> None:
        self.bridge = bridge
        self.slots = Slots(slots)
        self.budgets = Budgets(bridge)
        self.tokens = Tokens(bridge)
        self.asker = Asker()

    def of(self, asker: Asker) -> Outside:
        """The same way out, where what is asked for has *asker*'s place in the lines."""
        mine = copy(self)
        mine.asker = asker
        return mine

    # -- platforms --------------------------------------------------------------------------------

    def media(self, connection: Connection, calls: Calls[T], hosts: tuple[str, ...]) -> T:
        """Drive a download of an attachment: guarded, from *hosts* only, small and quick."""
        loopback = str(connection.options.get("api_url", ""))

        def send(request: HttpRequest) -> HttpResponse:
            if request.media:
                return self.bridge.http.fetch(request, hosts, loopback)
            return self.bridge.http.send(request)

        return self._driven(connection, calls, send, refused=self.budgets.refused)

    def platform(
        self,
        connection: Connection,
        calls: Calls[T],
        guard: Guard = _no_guard,
        ask: Ask | None = None,
        deadline: float | None = None,
    ) -> T:
        """Drive *calls* to a platform and return their result; each within *deadline* seconds."""

        def send(request: HttpRequest) -> HttpResponse:
            if deadline is not None:
                request = replace(request, deadline=deadline)
            return self.bridge.http.send(request)

        return self._driven(connection, calls, send, guard, ask, self.budgets.refused)

    # -- helpdesks --------------------------------------------------------------------------------

    def desk(
        self,
        connection: Connection,
        calls: Calls[T],
        guard: Guard = _no_guard,
        ask: Ask | None = None,
    ) -> T:
        """Drive *calls* to a helpdesk, within its budgets, with its credentials."""
        helpdesk = self.bridge.helpdesk(connection)

        def send(request: HttpRequest) -> HttpResponse:
            since = time.time()
            signed = self._signed(helpdesk, connection, request, "", since)
            response = self.bridge.http.send(signed)
            for _ in range(2):  # the one that the others use now may be refused as well
                if response.status != 401 or helpdesk.authorise(connection) is not None:
                    break
                # The token that was refused, not the one we hold now: another thread may have renewed it.
                stale = signed.headers.get("Authorization", "").removeprefix("Bearer ")
                signed = self._signed(helpdesk, connection, request, stale, since)
                response = self.bridge.http.send(signed)
            if response.status == 429:
                told_to_wait(self.budgets, connection, request, response)
            return response

        return self._driven(connection, calls, send, guard, ask)

    def whoami(self, connection: Connection) -> str:
        """The helpdesk's id of the user we write as; asked once, then remembered for a day."""
        known = self.bridge.store.get(f"me:{connection.name}")
        if known is None:
            helpdesk = self.bridge.helpdesk(connection)
            known = self.desk(connection, helpdesk.whoami(connection))
            self.bridge.store.put(f"me:{connection.name}", known, 86400)
        return known

    def status_names(self, connection: Connection, word: str | None) -> tuple[str, ...]:
        """What the helpdesk calls the status *word*, customers' name last; asked once an hour."""
        helpdesk = self.bridge.helpdesk(connection)
        if helpdesk.status_names is None or not word:
            return ()
        key = f"names:{connection.name}"
        known = self.bridge.store.get(key)
        if known is None:
            try:
                known = json.dumps(self.desk(connection, helpdesk.status_names(connection)))
            except PermanentError:
                known = "{}"  # a notice without the account's own name for it
            self.bridge.store.put(key, known, 3600)
        return tuple(json.loads(known).get(word, ()))

    # -- inside -----------------------------------------------------------------------------------

    def _driven(
        self, connection: Connection, calls: Calls[T], send: Callable[[HttpRequest], HttpResponse],
        guard: Guard = _no_guard, ask: Ask | None = None, refused: Refused | None = None,
    ) -> T:  # fmt: skip
        errand = Errand(self.budgets, connection, self.asker, guard, ask)
        try:
            with self.slots.one(connection.name):
                done = drive(calls, lambda request: errand.sent(request, send))
        except BridgeError as error:
            if refused and errand.last and isinstance(error, TransientError):
                refused(connection.name, errand.last, error)
            # Whose trouble is our own Redis' says nothing of what was written before it.
            if error.code != "redis_away" or not errand.wrote:
                error.connection = error.connection or connection.name
            raise
        errand.went_well()
        return done

    def _signed(
        self, helpdesk: Helpdesk, connection: Connection, request: HttpRequest, stale: str,
        since: float = 0.0,
    ) -> HttpRequest:  # fmt: skip
        home = urlsplit(str(connection.options.get("url", "")))
        there = urlsplit(request.url)
        if (home.scheme, home.netloc) != (there.scheme, there.netloc):
            return request  # an attachment kept elsewhere: never with our credentials
        headers = helpdesk.authorise(connection)
        if headers is None:
            token = self.tokens.get(helpdesk, connection, stale, since)
            headers = {"Authorization": f"Bearer {token}"}
        return replace(request, headers={**request.headers, **headers})


def wait_of(error: TransientError, tries: int, jitter: float) -> float:
    """Seconds until the next try: as told, else by STEPS, then hourly; +-20 % by *jitter* (0..1)."""
    if error.retry_after is not None:
        return min(max(error.retry_after, 0.05), LONGEST) * (1 + 0.1 * jitter)
    step = STEPS[tries - 1] if 0 < tries <= len(STEPS) else (3600.0 if tries > 0 else 1.0)
    return step * (0.8 + 0.4 * jitter)
