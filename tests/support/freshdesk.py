"""What tests ask of the fake Freshdesk, over and over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

Call = Callable[..., requests.Response]


def errors(response: requests.Response) -> tuple[int, list[tuple[str, str]]]:
    """Status, and field and code of each error."""
    return response.status_code, [(one["field"], one["code"]) for one in response.json()["errors"]]


def note(fresh: Call, ticket: dict[str, Any], **wish: Any) -> requests.Response:
    return fresh("POST", f"tickets/{ticket['id']}/notes", {"body": "<div>More</div>", **wish})


def conversations(fresh: Call, ticket: dict[str, Any]) -> list[dict[str, Any]]:
    """What stands on the ticket, oldest first."""
    return fresh("GET", f"tickets/{ticket['id']}/conversations").json()


def wish(**more: Any) -> dict[str, Any]:
    """A ticket as one asks for it."""
    return {"unique_external_id": "instagram:1", "name": "Ana", "subject": "s", "description": "d", **more}  # fmt: skip
