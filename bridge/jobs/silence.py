"""An alarm where a source says nothing, or hardly anything, at an hour at which it usually speaks.

A subscription may be gone, or one of several fields of it, without an error anywhere. The alarm says what
usually comes, what the other side says when it is asked, and what to do. That of a silence is ended by the
source's next event (`store.heard`), that of a quiet source by half of what is usual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bridge.core.calls import Calls
from bridge.core.errors import BridgeError
from bridge.core.model import Connection
from bridge.core.silence import HOUR, LOOKED, MANY, WEEK, Quiet, hours, quiet, usual
from bridge.jobs.hearing import TICKETS
from bridge.jobs.outside import Outside
from bridge.wiring import Bridge

SAYS = 3  # sentences of the other side that an alarm repeats

Ask = Callable[[str, datetime], None]  # have a connection read back, from a time on


def listen(bridge: Bridge, outside: Outside, ask: Ask) -> None:
    """Raise an alarm for every source that is silent, or says far less than is usual at this hour."""
    standing = set(bridge.store.alarms())
    for connection in bridge.config.connections.values():
        name, missed = connection.name, set()
        for source, last, much in silent(bridge, connection):
            missed.add(source)
            if (alarm := f"silence:{name}:{source}") not in standing:
                since = datetime.fromtimestamp(last, UTC)
                told = (
                    f"nothing since {since:%Y-%m-%d %H:%M} UTC, and about {much:.0f} events usually"
                )
                bridge.store.alarm(alarm, _text(bridge, outside, connection, source, told))
                ask(name, since)
        for source, seen in lately(bridge, connection):
            alarm = f"quiet:{name}:{source}"
            if seen is None or seen.is_over or source in missed:
                if alarm in standing:
                    bridge.store.alarm(alarm, None)
            elif seen.begins and alarm not in standing:
                span = "full hour" if seen.hours == 1 else f"{seen.hours} full hours"
                told = f"{seen.heard} events in the last {span}, and about {seen.usual:.0f} usually"
                bridge.store.alarm(alarm, _text(bridge, outside, connection, source, told))
                ask(name, bridge.now() - timedelta(hours=seen.hours + 1))


def lately(bridge: Bridge, connection: Connection) -> Iterator[tuple[str, Quiet | None]]:
    """Each source of *connection* that is known for a week, with what its last full hours brought."""
    now, least = bridge.now().timestamp(), bridge.settings.silence_events * MANY
    wanted = [*hours(now - LOOKED * HOUR, now), *range(int(now // HOUR) - LOOKED, int(now // HOUR))]
    for field, value in bridge.store.hash(f"heard:{connection.name}").items():
        what, _, source = field.partition(" ")
        known = what == "first" and now - float(value) >= WEEK * HOUR
        if known and _configured(connection, source):
            counts = bridge.store.hours(connection.name, source, wanted)
            yield source, quiet(counts, float(value), _open_since(bridge), now, least)


def _open_since(bridge: Bridge) -> float:
    """Since when a web process has been up: before nobody could have told us anything."""
    return float((bridge.store.get("open") or "0 0").split(" ")[0])


def silent(bridge: Bridge, connection: Connection) -> Iterator[tuple[str, float, float]]:
    """Sources of *connection* that should have spoken: (source, last heard, how many usually came since)."""
    settings, now = bridge.settings, bridge.now().timestamp()
    known = bridge.store.hash(f"heard:{connection.name}")
    open_since = _open_since(bridge)
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
    bridge: Bridge, outside: Outside, connection: Connection, source: str, told: str
) -> str:  # fmt: skip
    name = connection.name
    what = f"tickets of {name}" if source == TICKETS else f"{source} of {name}"
    told = f"{what}: {told} come in this time."
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
