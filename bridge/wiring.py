"""The parts, built once from settings and configuration, and the only clock.

Everything above (jobs, web, cli) is handed a `Bridge` and never builds a part by itself.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from bridge import embedded, plugins
from bridge.channels import CHANNELS, SOURCES, generic
from bridge.channels.base import Channel, Source
from bridge.config import Config, Providers, load
from bridge.core import calendars, receipt
from bridge.core.calendars import Calendar
from bridge.core.errors import ConfigError
from bridge.core.mapping import HelpdeskMap
from bridge.core.model import Account, Connection
from bridge.core.sentiment import Scorer
from bridge.helpdesks import HELPDESKS
from bridge.helpdesks.base import Helpdesk
from bridge.http import Http
from bridge.settings import Settings
from bridge.store import Store

# Seconds to wait for Redis. LINE gives up a delivery after 2 s, LinkedIn after 3, Messenger after 5: an
# answer in time that it cannot be kept brings the delivery back.
PATIENCE: Final = 5.0
HASTE: Final = 1.5


def now() -> datetime:
    """The time, aware and in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one clock


def providers() -> Providers:
    """What the configuration must know of the providers, as plain data."""
    return Providers.of(SOURCES, HELPDESKS)


def configuration(settings: Settings, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration in force, or ConfigError."""
    return load(Path(settings.mappings), environ, providers())


def described(config: Config) -> dict[str, Source]:
    """The sources that files in sources/ describe, by the name of the connection that uses them."""
    return {
        connection.name: generic.source(
            config.sources[connection.options["source"]], connection.options["proof"]
        )
        for connection in config.connections.values()
        if connection.type == generic.TYPE
    }


def calendar_of(config: Config, account: Account | None, desk: str = "") -> Calendar:
    """The business hours of *account*: its own, else those of its ticket's helpdesk, else the default."""
    desk_map = config.maps.get(desk or (account.helpdesk if account else None) or "")
    of_account = account.calendar if account else None
    of_desk = desk_map.calendar if desk_map else None
    return calendars.at(config.calendars, of_account, of_desk)


@dataclass(frozen=True)
class Bridge:
    """Settings, configuration, the journal and the way out, for one process."""

    settings: Settings
    config: Config
    store: Store
    http: Http

    def now(self) -> datetime:
        return now()

    @cached_property
    def owner(self) -> str:
        """The name this process signs its leases with; another one after every start."""
        return f"{os.getpid()}-{secrets.token_hex(6)}"

    def with_config(self, config: Config) -> Bridge:
        """The same parts and the same owner under another configuration."""
        other = replace(self, config=config)
        other.__dict__["owner"] = self.owner
        return other

    # -- who is who -------------------------------------------------------------------------------

    def source(self, connection: Connection) -> Source | None:
        """What reads the connection's deliveries; None for a helpdesk."""
        return self._described.get(connection.name) or SOURCES.get(connection.type)

    @cached_property
    def _described(self) -> dict[str, Source]:
        return described(self.config)

    def helpdesk(self, connection: Connection) -> Helpdesk:
        """The product behind a helpdesk connection; the configuration refuses unknown types."""
        return HELPDESKS[connection.type]

    def provider(self, connection: Connection) -> Source | Helpdesk:
        """The product behind any connection: what limits it has, and what its answers tell of them."""
        return self.source(connection) or self.helpdesk(connection)

    def channel(self, name: str) -> Channel:
        """The place *name*; one whose file is gone has no voice, and is called as it was named."""
        return CHANNELS.get(name) or self._places.get(name) or Channel(name=name, label=name)

    def label(self, name: str) -> str:
        """What people call the channel *name*."""
        return self.channel(name).label or name

    @cached_property
    def _places(self) -> dict[str, Channel]:
        return {file.channel: generic.channel(file) for file in self.config.sources.values()}

    def desk_for(self, wanted: str | None, account: Account | None) -> Connection:
        """The helpdesk connection a ticket goes to: the rule's, the account's, else the only one."""
        named = wanted or (account.helpdesk if account else None)
        if named:
            return self.config.connections[named]
        desks = [one for one in self.config.connections.values() if one.type in HELPDESKS]
        if len(desks) == 1:
            return desks[0]
        raise ConfigError(
            ["connections.yaml: several helpdesks, and neither rule nor account names one"]
        )

    def joins(self, account: Account) -> bool:
        """Whether a private talk joins the open ticket of the same person's public words."""
        desk_map = self.config.maps.get(account.helpdesk or "")
        return desk_map.join_dms if desk_map else all(m.join_dms for m in self.config.maps.values())

    def map_of(self, desk: str) -> HelpdeskMap:
        return self.config.maps[desk]

    def map_at(self, desk: str, account: Account) -> HelpdeskMap:
        """The map of the ticket's helpdesk; before there is a ticket, of the account's."""
        return self.config.maps.get(desk or account.helpdesk or "") or HelpdeskMap()

    def calendar(self, account: Account | None, desk: str = "") -> Calendar:
        """The business hours of *account*: its own, else those of its ticket's helpdesk, else the default."""
        return calendar_of(self.config, account, desk)

    @cached_property
    def scorer(self) -> Scorer | None:
        """What reads moods in place of our own words; None where no plug-in is set."""
        return plugins.scorer(self.settings.sentiment)

    # -- looking ------------------------------------------------------------------------------------

    def books(self) -> dict[str, dict[str, int]]:
        return self.store.books()

    def decisions(self, since: str = "") -> list[dict[str, Any]]:
        """What was decided after the position *since* (of the last one seen), oldest first."""
        found: dict[str, dict[str, Any]] = {}
        for position, eid in self.store.feed(since):
            fields = self.store.event(eid)
            if fields:
                found.pop(eid, None)  # an event decided twice shows where it ended
                found[eid] = {"seq": position, **receipt.shown(eid, fields, self.label)}
        return list(found.values())

    # -- the way in -------------------------------------------------------------------------------

    def accept(self, connection: Connection, headers: Mapping[str, str], body: bytes) -> bool:
        """Keep a delivery, durably, before it is answered; False when it was here already.

        Raises TransientError when Redis cannot keep it.
        """
        kept: Mapping[str, str] = {}
        if (source := self.source(connection)) is not None:
            named = b"" if source.names_event else None
        else:
            helpdesk = self.helpdesk(connection)
            kept = {name: headers[name] for name in helpdesk.kept_headers if name in headers}
            attempt = headers.get(helpdesk.delivery_header or "")
            named = attempt.encode("utf-8", "replace") if attempt else None
        if named is None:
            # A body that does not name its event may come twice and mean two things: always read it.
            name = secrets.token_hex(16)
        else:
            whole = b"\0".join((connection.name.encode(), named, body))
            name = hashlib.sha256(whole).hexdigest()[:32]
        return self.store.accept(name, connection.name, connection.type, kept, body, now())


def build(
    settings: Settings, *, config: Config | None = None, connections: int = 64, hasty: bool = False
) -> Bridge:
    """The parts of one process. Raises ConfigError or BridgeError with a sentence for people.

    *hasty* is who must answer at once, also that Redis does not.
    """
    config = config or configuration(settings)
    plugins.scorer(settings.sentiment)  # one that nobody brings is told at the start
    client = embedded.connect(settings, patience=HASTE if hasty else PATIENCE)
    store = Store(
        client, keep=settings.keep_days * 86400, keep_raw=settings.keep_raw_days * 86400, clock=now,
        hasty=hasty,
    )  # fmt: skip
    return Bridge(settings=settings, config=config, store=store, http=Http(pool=connections))
