"""The language of a message, told by its payload or detected offline."""

from __future__ import annotations

from bridge.core.model import Message


def detect(text: str) -> str | None:
    """The two-letter code of the language of *text*, or None when it is too short to be sure."""
    return None


def language_of(message: Message) -> str | None:
    """The language the platform told, else the detected one, else None."""
    return message.language or detect(message.text or "")
