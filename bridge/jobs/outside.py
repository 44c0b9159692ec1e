"""Every request that leaves the house: budgets and breaker before, credentials with it, lessons after.

Errors raised from here carry the name of the connection they are about, so that whoever holds the
turn knows what to wait for, and that they tell of the call: an error without one came before or after it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from secrets import token_hex
from typing import TypeVar
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken

from bridge.core.calls import Calls, HttpRequest, HttpResponse, drive, retry_after
from bridge.core.errors import Ambiguous, AuthError, BridgeError, PermanentError, TransientError
from bridge.core.model import Connection
from bridge.helpdesks.base import Helpdesk
from bridge.jobs.slots import Slots
from bridge.wiring import Bridge

T = TypeVar("T")
Guard = Callable[[], None]  # raises when an outside write may not start now

# Who may spend how much of a budget: new tickets all of it, updates a little less.
OPEN, UPDATE = 1.0, 0.96
BACK = 0.5  # reading back what may have been missed: whatever else there is goes first

# Seconds between tries. The breaker keeps a provider that is down from being hammered by many lanes.
STEPS = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)


def _no_guard() -> None:
    return None


class Errand:
    """The requests that one call of an adapter makes to a connection, each with leave.

    The first one to a connection that was closed may be a try: when the adapter goes on, or is done, it was
    answered well, and the connection opens at once for the rest of the errand and for everybody.
    """

    def __init__(self, bridge: Bridge, connection: str) -> None:
        self.bridge, self.connection = bridge, connection
        self.wrote = False  # whether a write has gone out
        self._trying = False

    def leave(
        self, request: HttpRequest, share: float, budgets: list[tuple[str, int, float]] | tuple[()]
    ) -> None:
        """Return when *request* may go out now; raises TransientError with the seconds to wait."""
        self.went_well()
        wait, why = self.bridge.store.gate(self.connection, share, budgets)
        self._trying = why == "try"
        if wait:
            error = TransientError(
                "waiting",
                f"{self.connection} is {why}" if why else "",
                retry_after=wait,
                limited=True,
            )
            error.code = why or "waiting"
            error.connection = self.connection
            raise error
        self.wrote = self.wrote or request.write

    def went_well(self) -> None:
        """What was asked so far was answered."""
        if self._trying:
            self._trying = False
            self.bridge.store.cheer(self.connection)


class Outside:
    """The way out of one process. `guard` is asked before each write."""

    def __init__(self, bridge: Bridge, slots: int = 16) -> None:
        self.bridge = bridge
        self.slots = Slots(slots)
        self._tokens: dict[str, tuple[str, float]] = {}

    # -- platforms --------------------------------------------------------------------------------

    def media(self, connection: Connection, calls: Calls[T], hosts: tuple[str, ...]) -> T:
        """Drive a download of an attachment: guarded, from *hosts* only, small and quick."""
        loopback = str(connection.options.get("api_url", ""))
        errand = Errand(self.bridge, connection.name)

        def send(request: HttpRequest) -> HttpResponse:
            errand.leave(request, 1.0, ())
            if request.media:
                return self.bridge.http.fetch(request, hosts, loopback)
            return self.bridge.http.send(request)

        return self._driven(errand, calls, send)

    def platform(
        self,
        connection: Connection,
        calls: Calls[T],
        guard: Guard = _no_guard,
        deadline: float | None = None,
    ) -> T:
        """Drive *calls* to a platform and return their result; each within *deadline* seconds."""
        errand = Errand(self.bridge, connection.name)

        def send(request: HttpRequest) -> HttpResponse:
            if request.write:
                guard()
            errand.leave(request, 1.0, ())
            if deadline is not None:
                request = replace(request, deadline=deadline)
            return self.bridge.http.send(request)

        return self._driven(errand, calls, send)

    # -- helpdesks --------------------------------------------------------------------------------

    def desk(
        self, connection: Connection, calls: Calls[T], guard: Guard = _no_guard,
        share: float = UPDATE,
    ) -> T:  # fmt: skip
        """Drive *calls* to a helpdesk, within its budgets, with its credentials."""
        helpdesk = self.bridge.helpdesk(connection)
        errand = Errand(self.bridge, connection.name)

        def send(request: HttpRequest) -> HttpResponse:
            if request.write:
                guard()
            limits = [
                (name, *limit)
                for name in request.budget
                if (limit := helpdesk.limit(connection.options, name.split(":", 1)[0]))
            ]
            errand.leave(request, share, [one for row in limits for one in paced(row)])
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
                self._told_to_wait(helpdesk, connection.name, request, response)
            return response

        return self._driven(errand, calls, send)

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
        self, errand: Errand, calls: Calls[T], send: Callable[[HttpRequest], HttpResponse]
    ) -> T:
        try:
            with self.slots.one(errand.connection):
                done = drive(calls, send)
        except BridgeError as error:
            # Whose trouble is our own Redis' says nothing of what was written before it.
            if error.code != "redis_away" or not errand.wrote:
                error.connection = error.connection or errand.connection
            raise
        errand.went_well()
        return done

    def _told_to_wait(
        self, helpdesk: Helpdesk, name: str, request: HttpRequest, response: HttpResponse
    ) -> None:
        """A 429: nobody asks again before the time given. Special budgets first, if they are used up.

        Headers tell of budgets that have plenty left, too; only a zero counts. The body names one where
        no header does.
        """
        told = retry_after(response.headers)
        seconds = 10.0 if told is None else max(told, 1.0)
        left = helpdesk.headers(response.headers)
        said = response.body[:500].decode("utf-8", "replace").lower()
        ticket = next((one for one in request.budget if one.startswith("ticket:")), None)
        if ticket and (left.get("ticket") == 0 or "this ticket" in said or "per ticket" in said):
            self.bridge.store.stop(name, ticket, seconds)
        elif "updates" in request.budget and (left.get("updates") == 0 or "update" in said):
            self.bridge.store.stop(name, "updates", seconds)
        else:
            self.bridge.store.stop(name, "account", seconds)

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
            headers = {"Authorization": f"Bearer {self._token(helpdesk, connection, stale, since)}"}
        return replace(request, headers={**request.headers, **headers})

    def _token(self, helpdesk: Helpdesk, connection: Connection, stale: str, since: float) -> str:
        """A token that is not *stale*: ours, the shared one, or a new one that one worker fetches.

        *since*, of the clock, is when the errand had leave: whoever was on the way when another one was
        refused a token is refused with it, and does not ask again.
        """
        mine, until = self._tokens.get(connection.name, ("", 0.0))
        if mine and mine != stale and time.monotonic() < until:
            return mine
        store, lock, me = self.bridge.store, f"renew:{connection.name}", token_hex(8)
        for _ in range(100):
            if token := self._shared(connection, stale):
                return token
            if store.take(lock, me, 15):
                break
            time.sleep(0.05)
        else:
            raise TransientError("renewing", "another worker is renewing the token", retry_after=1)
        try:
            return self._renewed(helpdesk, connection, stale, since)
        finally:
            # Only now: whoever has the lock next must find what we have written.
            store.give_back(lock, me)

    def _renewed(self, helpdesk: Helpdesk, connection: Connection, stale: str, since: float) -> str:
        """A token that is not *stale*, for whoever has the lock: perhaps one came before we had it."""
        if token := self._shared(connection, stale):
            return token
        store, refused = self.bridge.store, f"refused:{connection.name}"
        at, _, why = (store.get(refused) or "0 ").partition(" ")
        if float(at) > since:
            raise AuthError("unauthorised", why)
        try:
            fresh = drive(helpdesk.token(connection), self.bridge.http.send)
        except AuthError as error:
            store.put(refused, f"{time.time()} {error.detail}", 60)
            raise
        except Ambiguous as error:
            raise TransientError(error.code, error.detail) from error  # asking again is harmless
        if not fresh.value or fresh.value == stale:
            raise AuthError("unauthorised", f"{connection.name}: a renewed token is refused")
        life = max((fresh.expires_in or 7200) * 0.9 - 30, 60)
        sealed = self._box(connection).encrypt(fresh.value.encode()).decode()
        store.put(f"token:{connection.name}", sealed, life)
        self._tokens[connection.name] = (fresh.value, time.monotonic() + min(life, 60))
        return fresh.value

    def _shared(self, connection: Connection, stale: str) -> str:
        """The token in Redis, unless it is the stale one; empty when there is none to use."""
        sealed = self.bridge.store.get(f"token:{connection.name}")
        if not sealed:
            return ""
        try:
            token = self._box(connection).decrypt(sealed.encode()).decode()
        except InvalidToken:
            return ""  # sealed with another key: as good as none
        if token == stale:
            return ""
        self._tokens[connection.name] = (token, time.monotonic() + 60)
        return token

    def _box(self, connection: Connection) -> Fernet:
        """Tokens lie in Redis sealed: with BRIDGE_SECRET_KEY, else with the client's own secret."""
        key = self.bridge.settings.secret_key.reveal() or connection.secret("client_secret")
        digest = hashlib.sha256(b"bridge token box\0" + key.encode()).digest()
        return Fernet(base64.urlsafe_b64encode(digest))


def paced(budget: tuple[str, int, float]) -> list[tuple[str, int, float]]:
    """*budget*, and for one ticket's also smaller ones over shorter times.

    A chatty customer would spend a ticket's thirty updates in seconds and then be silent for ten minutes.
    Spread like this the first ones go at once, later ones wait a little and take along what has come.
    """
    name, limit, window = budget
    if not name.startswith("ticket:"):
        return [budget]
    steps = ((1 / 3, 0.1), (1 / 2, 0.3), (3 / 4, 0.6))
    return [
        *((f"{name}:{int(time * 10)}", int(limit * part), window * time) for part, time in steps),
        budget,
    ]


def wait_of(error: TransientError, tries: int, jitter: float) -> float:
    """Seconds until the next try: as told, else by STEPS, then hourly; +-20 % by *jitter* (0..1)."""
    if error.retry_after is not None:
        return min(max(error.retry_after, 0.05), 900.0) * (1 + 0.1 * jitter)
    step = STEPS[tries - 1] if 0 < tries <= len(STEPS) else (3600.0 if tries > 0 else 1.0)
    return step * (0.8 + 0.4 * jitter)
