"""What customers and agents say in a town (tests/cli/conftest.py), where tests do all the work themselves."""

from __future__ import annotations

import json
from typing import Any

COMPLAINT = "I want a refund, this is broken!"


def agent_says(town: Any, ticket: int, text: str) -> None:
    """A ticket event as Zendesk sends it."""
    body = {
        "type": "zen:event-type:ticket.comment_added", "id": "01JD", "subject": f"zen:ticket:{ticket}",
        "time": "2026-11-22T10:00:00Z", "detail": {"id": str(ticket), "status": "OPEN"},
        "event": {"comment": {"id": "991", "body": text, "is_public": True,
                              "author": {"id": "77", "is_staff": True, "name": "Sam"}}},
    }  # fmt: skip
    town.deliver("zendesk", json.dumps(body).encode(), "agent-1")
