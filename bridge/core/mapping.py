"""Our words to a helpdesk's: what `mappings/<helpdesk>.yaml` says, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpdeskMap:
    """One helpdesk's words for ours. `debounce` is seconds, `reopen_days` days.

    `groups`: name -> id. `fields`: our name -> {"id": theirs, "values": {ours: theirs}, "from":
    fact by dotted name}, the last two optional. `statuses`: their word (or a custom status' id as
    text) -> ours. `notices`: our status -> name in replies, or None.
    """

    priorities: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, int | str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, str | None] = field(default_factory=dict)
    debounce: float = 5.0
    tags: tuple[str, ...] = ("bridge",)
    reopen_days: float = 14.0
    type: str | None = None
    subject_limit: int = 150
    join_dms: bool = True
