"""Events of kind other: kept and counted, but they open and extend nothing."""

from __future__ import annotations

import re
from typing import Any

from bridge.core.model import Kind, Message, Visibility
from bridge.core.untrusted import fingerprint


def other(channel: str, account_id: str | None, reason: str, item: object, **more: Any) -> Message:
    """An event that is ignored for *reason*; *item* is what came, *more* what is known of it."""
    known: dict[str, Any] = {
        "external_id": None,
        "thread_id": None,
        "visibility": Visibility.PRIVATE,  # unknown counts as private
        "author": None,
        "dedupe": f"other:{fingerprint(item)}",
    }
    return Message(
        channel=channel, account_id=account_id, kind=Kind.OTHER, ignored=reason, **(known | more)
    )


def broken(channel: str, account_id: str | None, reason: str, item: object) -> Message:
    """An event for an item that cannot be understood; alone it becomes a dead letter."""
    return other(channel, account_id, f"broken item: {reason}", item, extra={"broken": True})


def word(value: object) -> str:
    """A provider's word, made short and harmless, for use inside a reason."""
    return re.sub(r"[^A-Za-z0-9_.:-]+", "?", value)[:40] if isinstance(value, str) else "none"
