"""One call of the Zendesk API on its way through: what it carries, how it is refused, how lists are paged."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.sandbox.desk_records import User
from bridge.sandbox.http import BadRequest, Request
from bridge.sandbox.limits import Spent


class Refusal(Exception):
    """An error answer: status, body (text or JSON) and headers."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, headers or {}

    @property
    def code(self) -> str:
        error = self.body.get("error") if isinstance(self.body, dict) else self.body
        return str(error.get("title") if isinstance(error, dict) else error)


def not_found() -> Refusal:
    return Refusal(404, {"error": "RecordNotFound", "description": "Not found"})


@dataclass(slots=True)
class Call:
    """A request on its way through: who calls, and what the answer's headers will say."""

    request: Request
    user: User
    headers: dict[str, str]

    def json(self) -> dict[str, Any]:
        try:
            body = self.request.json()
        except BadRequest as error:
            raise Refusal(
                400, {"error": "Unprocessable Entity", "message": "Server could not parse JSON"}
            ) from error
        if not isinstance(body, dict):
            raise Refusal(400, {"error": "InvalidJSON", "description": "The body is not an object"})
        return body

    def part(self, name: str) -> dict[str, Any]:
        part = self.json().get(name)
        if not isinstance(part, dict):
            raise Refusal(
                400, {"error": {"title": "Invalid attribute", "message": f"You passed an invalid value for the {name} attribute. must be an object"}}
            )  # fmt: skip
        return part


Answered = tuple[int, Any]


View = Callable[..., Answered]


def windowed(items: list[Any], query: dict[str, str], url: str) -> tuple[list[Any], dict[str, Any]]:
    """One page of *items*, by cursor when `page[size]` is asked, else by offset; and what tells of the rest."""
    if "page[size]" not in query:
        size = min(int(query["per_page"]) if query.get("per_page", "").isdigit() else 100, 100)
        number = max(1, int(query["page"])) if query.get("page", "").isdigit() else 1
        page = items[(number - 1) * size : number * size]
        further = f"{url}?page={number + 1}" if number * size < len(items) else None
        return page, {"next_page": further, "previous_page": None, "count": len(items)}
    if not query["page[size]"].isdigit() or not 1 <= int(query["page[size]"]) <= 100:
        raise Refusal(
            400,
            {"errors": [{"code": "InvalidPaginationParameter", "title": "page[size] is 1 to 100"}]},
        )
    size = int(query["page[size]"])
    start = 0
    if after := query.get("page[after]"):
        try:
            start = int(base64.urlsafe_b64decode(after).decode())
        except ValueError as error:
            raise Refusal(
                400,
                {
                    "errors": [
                        {"code": "InvalidPaginationParameter", "title": "page[after] is not ours"}
                    ]
                },
            ) from error
    more = start + size < len(items)
    cursor = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    before = base64.urlsafe_b64encode(str(start).encode()).decode()
    following = f"{url}?page[size]={size}&page[after]={cursor}" if more else None
    return items[start : start + size], {
        "meta": {
            "has_more": more,
            "after_cursor": cursor if more else None,
            "before_cursor": before,
        },
        "links": {"next": following, "prev": None},
    }


def too_many(what: str, spent: Spent) -> Refusal:
    said = f"Number of allowed {what} per minute exceeded"
    body: Any = (
        said if what == "API requests" else {"error": "APIRateLimitExceeded", "description": said}
    )
    return Refusal(429, body, {"retry-after": str(spent.reset)})


Spend = Callable[[str, int, float], Spent]
