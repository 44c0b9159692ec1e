"""Whom a rule wants to look: an alarm of that name, and where a setting gives an address, a message there.

Messages are digests: one to each name in ten minutes at most, with all that was noted for it since. A name's
notes wait in Redis until they were taken; who takes them twice has asked for it by not answering.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from bridge.core.calls import HttpRequest
from bridge.core.errors import BridgeError
from bridge.core.harmless import line
from bridge.core.model import Secret
from bridge.jobs.room import DAY
from bridge.wiring import Bridge

log = logging.getLogger(__name__)

RESTS = 600.0  # seconds between two messages to one name
MOST = 20  # notes that one message repeats
LONGEST = 3500  # characters of a message; Slack takes 4,000
ANYBODY = "*"  # in the setting: every name that has no address of its own


def notice(bridge: Bridge, name: str, about: str, text: str) -> None:
    """Raise the alarm of *name*, and note it for their address; the same *about* is noted once."""
    bridge.store.alarm(f"notify:{name}", text, DAY)
    if address(bridge, name) is not None:
        bridge.store.note(name, about, text, DAY)


def address(bridge: Bridge, name: str) -> Secret | None:
    """Where *name* is told; None where an alarm is all."""
    known = bridge.settings.notify
    return known.get(name) or known.get(ANYBODY)


def tell(bridge: Bridge) -> None:
    """Send what was noted, name by name; what cannot be sent stays for the next time."""
    if not bridge.settings.notify:
        return
    for name, notes in bridge.store.notes().items():
        if bridge.store.get(f"notified:{name}") is not None:
            continue
        if sent(bridge, name, digest(notes.values(), "bridge status")):
            bridge.store.put(f"notified:{name}", "1", RESTS)
            bridge.store.noted(name, notes)


def digest(told: Iterable[str], rest: str) -> list[str]:
    """*told* as lines, as many as one message holds, and how many more the command *rest* shows."""
    lines = [line(one, 500) for one in told]
    room, shown = LONGEST - 60, 0
    while shown < min(len(lines), MOST) and len(lines[shown]) < room:
        room -= len(lines[shown]) + 1
        shown += 1
    left = len(lines) - shown
    return [*lines[:shown], *([f"and {left} more: {rest}"] if left else [])]


def sent(bridge: Bridge, name: str, lines: Iterable[str]) -> bool:
    """Whether the address of *name* took these lines; an alarm says so where it did not."""
    url = address(bridge, name)
    if url is None:
        return True  # nobody wants them any more
    request = HttpRequest(
        method="POST",
        url=url.reveal(),
        shown=f"the address of {name}",
        json={"text": "\n".join(lines)[:LONGEST]},
        max_bytes=100_000,
    )
    try:
        answer = bridge.http.send(request)
        why = "" if answer.ok else f"it answers {answer.status}"
    except BridgeError as error:
        why = error.code.replace("_", " ")
    bridge.store.alarm(f"unsent:{name}", f"{name} cannot be told: {why}" if why else None, DAY)
    if why:
        log.warning("%s cannot be told: %s", name, why)
    return not why
