"""Business hours as a helpdesk keeps them, before they are a calendar of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bridge.core.calendars import Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One set of business hours. `zone` is the helpdesk's own word for the time zone.

    `week` are the spans of Monday to Sunday, None where it tells none; `closed` the days on which nobody
    comes, each with its name; `lacks` says in sentences what the helpdesk does not tell.
    """

    name: str
    zone: str
    default: bool = False
    week: tuple[Spans, ...] | None = None
    closed: Mapping[date, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
