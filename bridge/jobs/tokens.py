"""Access tokens of helpdesks: one for all workers, sealed in Redis, renewed by one of them."""

from __future__ import annotations

import base64
import hashlib
import time
from secrets import token_hex

from cryptography.fernet import Fernet, InvalidToken

from bridge.core.calls import drive
from bridge.core.errors import Ambiguous, AuthError, TransientError
from bridge.core.model import Connection
from bridge.helpdesks.base import Helpdesk
from bridge.wiring import Bridge


class Tokens:
    """The tokens that this process knows."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self._known: dict[str, tuple[str, float]] = {}

    def get(self, helpdesk: Helpdesk, connection: Connection, stale: str, since: float) -> str:
        """A token that is not *stale*: ours, the shared one, or a new one that one worker fetches.

        *since*, of the clock, is when the errand had leave: whoever was on the way when another one was
        refused a token is refused with it, and does not ask again.
        """
        mine, until = self._known.get(connection.name, ("", 0.0))
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
        self._known[connection.name] = (fresh.value, time.monotonic() + min(life, 60))
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
        self._known[connection.name] = (token, time.monotonic() + 60)
        return token

    def _box(self, connection: Connection) -> Fernet:
        """Tokens lie in Redis sealed: with BRIDGE_SECRET_KEY, else with the client's own secret."""
        key = self.bridge.settings.secret_key.reveal() or connection.secret("client_secret")
        digest = hashlib.sha256(b"bridge token box\0" + key.encode()).digest()
        return Fernet(base64.urlsafe_b64encode(digest))
