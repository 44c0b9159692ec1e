"""Asking the providers themselves, for `bridge doctor` and `bridge setup`.

Also without Redis, and also where a connection is closed, since that is when one asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from bridge.channels.base import Source
from bridge.cli import parts
from bridge.config import Config
from bridge.core.calls import Calls, HttpRequest, HttpResponse
from bridge.core.errors import BridgeError
from bridge.core.limits import Budget
from bridge.core.model import Connection
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk
from bridge.http import Http
from bridge.jobs.outside import Outside, T
from bridge.settings import Settings
from bridge.store import Leave, Store
from bridge.wiring import Bridge, now

_CLOSED = ("auth", "outage", "paused")
NOT_SENT = "a dry run sends nothing"


class Open(Store):
    """The journal, to whom no connection is closed; its budgets are kept all the same.

    Access tokens are not shared with it: what is asked shows today's credentials and their rights,
    and a token with the rights of a set-up stays here.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._tokens: dict[str, str] = {}

    def get(self, key: str) -> str | None:
        return self._tokens.get(key) if key.startswith("token:") else super().get(key)

    def put(self, key: str, value: str, seconds: float) -> None:
        if key.startswith("token:"):
            self._tokens[key] = value
        else:
            super().put(key, value, seconds)

    def gate(
        self, connection: str, budgets: Iterable[Budget], lane: str = "", order: int = 0
    ) -> Leave:
        leave = super().gate(connection, budgets, lane, order)
        return Leave(0.0) if leave.why in _CLOSED else leave


class Alone(Store):
    """What the way out needs of the journal, in memory, for one command while Redis is away."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def gate(
        self, connection: str, budgets: Iterable[Budget], lane: str = "", order: int = 0
    ) -> Leave:
        return Leave(0.0)

    def stop(self, connection: str, budget: str, seconds: float) -> None:
        return None

    def slow(self, connection: str, budget: str, gap: float, seconds: float) -> None:
        return None

    def alarm(self, name: str, text: str | None, lasts: float | None = None) -> None:
        return None

    def get(self, key: str) -> str | None:
        return self._kept.get(key)

    def put(self, key: str, value: str, seconds: float) -> None:
        self._kept[key] = value

    def forget(self, key: str) -> None:
        self._kept.pop(key, None)

    def take(self, key: str, owner: str, seconds: float) -> bool:
        return True

    def give_back(self, key: str, owner: str) -> None:
        return None


class Refrained(BridgeError):
    """A dry run: the write was not sent."""


class Watched(Http):
    """The way out, seen: what each host's clock said, which writes were made or failed.

    `written` shows a write's body, too, without the *hidden* words.
    """

    def __init__(self, *, dry: bool = False, hidden: Iterable[str] = ()) -> None:
        super().__init__(pool=4)
        self.dry = dry
        self.hidden = frozenset(hidden)
        self.skew: dict[str, float] = {}  # host -> seconds its clock is ahead of ours
        self.written: list[str] = []
        self.failed = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        if request.write:
            self.written.append(self._told(request))
            if self.dry:
                raise Refrained("dry_run", NOT_SENT)
        asked = now()
        try:
            response = super().send(request)
        except BridgeError:
            self.failed += request.write
            raise
        self.failed += request.write and not response.ok
        self._compare(request, response, asked.timestamp())
        return response

    def _told(self, request: HttpRequest) -> str:
        body = request.json if request.json is not None else request.form
        told = f"{request.method} {request.shown or request.url}"
        if body:
            told += " " + json.dumps(self._veiled(body), ensure_ascii=False)
        return told

    def _veiled(self, value: Any) -> Any:
        """*value* with each secret in its texts as ***."""
        if isinstance(value, Mapping):
            return {key: self._veiled(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._veiled(inner) for inner in value]
        if isinstance(value, str):
            for secret in self.hidden:
                value = value.replace(secret, "***")
        return value

    def _compare(self, request: HttpRequest, response: HttpResponse, asked: float) -> None:
        """Both clocks, in the middle of the call; the header tells whole seconds, cut off."""
        try:
            said = parsedate_to_datetime(response.headers["date"]).timestamp() + 0.5
        except (KeyError, ValueError, TypeError):
            return
        host = urlsplit(request.url).hostname or "?"
        self.skew[host] = said - (asked + now().timestamp()) / 2


class Asking:
    """Drives calls of any connection, with its credentials."""

    def __init__(
        self, settings: Settings, config: Config, store: Store | None, *, dry: bool = False
    ) -> None:
        self.http = Watched(dry=dry, hidden=_secrets(config))
        self._bridge = Bridge(settings, config, store or Alone(), self.http)
        self._outside = Outside(self._bridge)

    def record(self, connection: Connection) -> Source | Helpdesk:
        """The product behind *connection*, whichever side it is on."""
        return self._bridge.source(connection) or self._bridge.helpdesk(connection)

    def ask(self, connection: Connection, calls: Calls[T]) -> T:
        """The result of *calls*; raises the BridgeError that ended them."""
        if connection.type in HELPDESKS:
            return self._outside.desk(connection, calls)
        return self._outside.platform(connection, calls)


def perhaps_journal(settings: Settings) -> Store | None:
    """The journal where there is one: its access tokens are shared with the workers."""
    try:
        return parts.journal(settings, Open)
    except BridgeError:
        return None


def _secrets(config: Config) -> Iterator[str]:
    """Every secret of the configuration."""
    for connection in config.connections.values():
        for option in connection.options:
            yield from connection.secrets(option)
        for account in connection.accounts:
            if account.token:
                yield account.token.reveal()
