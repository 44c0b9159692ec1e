"""An alarm where a source says nothing at an hour at which it usually speaks.

A subscription may be gone without an error anywhere. The alarm says what usually comes, what the other
side says when it is asked, and what to do; the source's next event ends it (`store.heard`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from bridge.core.calls import Calls
from bridge.core.errors import BridgeError
from bridge.core.model import Connection
from bridge.core.silence import hours, usual
from bridge.jobs.hearing import TICKETS
from bridge.jobs.outside import Outside
from bridge.wiring import Bridge

SAYS = 3  # sentences of the other side that an alarm repeats

Ask = Callable[[str, datetime], None]  # have a connection read back, from a time on


def listen(bridge: Bridge, outside: Outside, ask: Ask) -> None:
    """Raise an alarm for every source that has been silent for longer than is usual at this hour."""
    standing = bridge.store.alarms()
    for connection in bridge.config.connections.values():
        for source, last, much in silent(bridge, connection):
            alarm = f"silence:{connection.name}:{source}"
            if alarm in standing:
                continue
            since = datetime.fromtimestamp(last, UTC)
            bridge.store.alarm(alarm, _text(bridge, outside, connection, source, since, much))
            ask(connection.name, since)


def silent(bridge: Bridge, connection: Connection) -> Iterator[tuple[str, float, float]]:
    """Sources of *connection* that should have spoken: (source, last heard, how many usually came since)."""
    settings, now = bridge.settings, bridge.now().timestamp()
    known = bridge.store.hash(f"heard:{connection.name}")
    # While no web process was up nobody could have told us anything.
    open_since = float((bridge.store.get("open") or "0 0").split(" ")[0])
    for field, value in known.items():
        what, _, source = field.partition(" ")
        if what != "last" or not _configured(connection, source):
            continue
        last, first = float(value), float(known.get(f"first {source}", value))
        start = max(last, open_since)
        if now - start < settings.silence_minutes * 60:
            continue
        counts = bridge.store.hours(connection.name, source, hours(start, now))
        much = usual(counts, first, start, now)
        if much >= settings.silence_events:
            yield source, last, much


def _configured(connection: Connection, source: str) -> bool:
    if source == TICKETS:
        return True
    channel, _, account = source.partition(":")
    return connection.account(channel, account if account != "-" else None) is not None


def _text(
    bridge: Bridge, outside: Outside, connection: Connection, source: str, since: datetime,
    much: float,
) -> str:  # fmt: skip
    name = connection.name
    what = f"tickets of {name}" if source == TICKETS else f"{source} of {name}"
    told = (
        f"{what}: nothing since {since:%Y-%m-%d %H:%M} UTC, and about {much:.0f} events usually "
        "come in this time."
    )
    wrong = _asked(bridge, outside, connection)
    if wrong is None:
        said = "It cannot be asked; see whether the other side still sends"
    elif wrong:
        said = " ".join(f"{one.rstrip('.')}." for one in wrong[:SAYS])
        said += _mended(bridge, outside, connection)
    else:
        said = "Asked, it says that all is well; see whether anything was said there"
    return f"{told} {said}. `bridge doctor` says more, `bridge setup {name}` subscribes again.".replace(
        "..", "."
    )


def _asked(bridge: Bridge, outside: Outside, connection: Connection) -> list[str] | None:
    """What is wrong, as the other side itself says; None where it cannot be asked."""
    source = bridge.source(connection)
    record = source or bridge.helpdesk(connection)
    if record.check is None:
        return None
    calls: Calls[Any] = record.check(_with_address(bridge, connection))
    try:
        rows = outside.platform(connection, calls) if source else outside.desk(connection, calls)
    except BridgeError as error:
        return [f"it does not answer: {error.detail or error.code}"]
    return [sentence for ok, sentence in rows if ok is False]


def _mended(bridge: Bridge, outside: Outside, connection: Connection) -> str:
    """What became of subscribing again, where a setting wants that; only platforms, not helpdesks."""
    source, public = bridge.source(connection), bridge.settings.public_url
    if not bridge.settings.resubscribe or source is None or source.setup is None or not public:
        return ""
    try:
        steps = outside.platform(connection, source.setup(connection, _address(public, connection)))
    except BridgeError as error:
        return f" Subscribing again failed: {error.detail or error.code}."
    done = [step for step in steps if not step.startswith("By hand")]
    return f" Subscribed again: {' '.join(done)}"


def _with_address(bridge: Bridge, connection: Connection) -> Connection:
    public = bridge.settings.public_url
    if not public:
        return connection
    address = _address(public, connection)
    return replace(connection, options={**connection.options, "hook_url": address})


def _address(public: str, connection: Connection) -> str:
    return f"{public}/hooks/{connection.name}"
