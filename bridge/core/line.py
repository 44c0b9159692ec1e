"""One normalised event as a line of JSON: what `bridge normalise` prints and rules read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bridge.core.model import Attachment, Message


def line(message: Message) -> dict[str, Any]:
    """*message* as plain values, keys in the documented order; unknown is null, never left out."""
    author = message.author
    return {
        "channel": message.channel,
        "account_id": message.account_id,
        "kind": message.kind.value,
        "change": message.change.value,
        "external_id": message.external_id,
        "thread_id": message.thread_id,
        "conversation": message.conversation,
        "visibility": message.visibility.value,
        "author": author
        and {
            "id": author.id,
            "name": author.name,
            "username": author.username,
            "followers": author.followers,
            "verified": author.verified,
            "url": author.url,
        },
        "own": message.own,
        "ignored": message.ignored,
        "text": message.text,
        "attachments": [_attachment(one) for one in message.attachments],
        "in_reply_to": message.in_reply_to,
        "permalink": message.permalink,
        "sent_at": when(message.sent_at),
        "language": message.language,
        "sentiment": message.sentiment,
    }


def _attachment(one: Attachment) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": one.type, "url": one.url, "name": one.name}
    return shown if one.id is None else {**shown, "id": one.id}


def when(moment: datetime | None) -> str | None:
    """*moment* in UTC like 2026-11-22T10:00:00Z, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
