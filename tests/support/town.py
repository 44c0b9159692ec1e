"""What customers and agents say in a town (tests/cli/conftest.py), where tests do all the work themselves."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

COMPLAINT = "I want a refund, this is broken!"


def agent_says(
    town: Any, ticket: int, text: str, *, public: bool = True, by: str = "77", number: int = 1
) -> None:
    """A ticket event as Zendesk sends it; *number* tells one from another, and the later from the earlier."""
    at = f"2026-11-22T10:00:{number:02}Z"
    body = {
        "type": "zen:event-type:ticket.comment_added", "id": f"01JD{number}", "subject": f"zen:ticket:{ticket}",
        "time": at, "detail": {"id": str(ticket), "status": "OPEN"},
        "event": {"comment": {"id": str(990 + number), "body": text, "is_public": public,
                              "created_at": at, "author": {"id": by, "is_staff": True, "name": "Sam"}}},
    }  # fmt: skip
    town.deliver("zendesk", json.dumps(body).encode(), f"agent-{number}")


def agent_sets(town: Any, ticket: int, before: str, now: str, at: datetime) -> None:
    """The agent changes the ticket's status, in Zendesk's capitals."""
    name = f"{ticket}-{before}-{now}"
    body = {
        "type": "zen:event-type:ticket.status_changed", "id": f"01JD-{name}", "subject": f"zen:ticket:{ticket}",
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}", "detail": {"id": str(ticket), "status": now, "actor_id": "77"},
        "event": {"previous": before, "current": now},
    }  # fmt: skip
    town.deliver("zendesk", json.dumps(body).encode(), name)
