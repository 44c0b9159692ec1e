"""One call of the Freshdesk API on its way through: its fields and files, how it is refused, how lists are paged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bridge.sandbox.fresh_fields import Invalid, Problem
from bridge.sandbox.fresh_records import File
from bridge.sandbox.http import Request

MAX_PAGE, MAX_PAGES = 100, 300


class Refusal(Exception):
    """An error answer: status, body (None is an empty one) and headers."""

    def __init__(
        self, status: int, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, headers or {}

    @property
    def code(self) -> str | None:
        return self.body.get("code") if isinstance(self.body, dict) else None


def not_found() -> Refusal:
    return Refusal(404)


def not_allowed(*methods: str) -> Refusal:
    return Refusal(405, headers={"allow": ", ".join(methods)} if methods else {})


@dataclass(slots=True)
class Call:
    """A request on its way through; `headers` are the answer's."""

    request: Request
    base: str
    headers: dict[str, str]

    def body(self) -> tuple[dict[str, Any], list[File]]:
        """The fields and the files that were sent, as JSON or as a form. Raises Refusal."""
        kind = self.request.headers.get("content-type", "")
        if kind.lower().startswith("multipart/form-data"):
            return form(kind, self.request.body)
        try:
            sent = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            sent = None
        if not isinstance(sent, dict):
            raise Refusal(400, {"code": "invalid_json", "message": "Request body has invalid json format"})  # fmt: skip
        return sent, []

    def json(self) -> dict[str, Any]:
        return self.body()[0]

    def page(self, items: list[Any], path: str) -> list[Any]:
        """The page of *items* that is asked for; the answer's Link header names the next one. Raises Invalid."""
        query = self.request.query
        size = whole(query, "per_page", 30, MAX_PAGE)
        number = whole(query, "page", 1, MAX_PAGES)
        if number * size < len(items):
            further = urlencode({**query, "page": number + 1})
            self.headers["link"] = f'<{self.base}/api/v2/{path}?{further}>; rel="next"'
        return items[(number - 1) * size : number * size]


def whole(query: dict[str, str], name: str, default: int, most: int) -> int:
    """A number from 1 to *most*. Raises Invalid."""
    given = query.get(name, str(default))
    if not given.isdigit() or not 1 <= int(given) <= most:
        raise Invalid(Problem(name, f"It should be a Positive Integer less than or equal to {most}"))  # fmt: skip
    return int(given)


def only(query: dict[str, str], *known: str) -> None:
    """Refuse parameters that a list does not know. Raises Invalid."""
    unknown = [Problem(name, "Unexpected/invalid field in request", "invalid_field") for name in query if name not in known]  # fmt: skip
    if unknown:
        raise Invalid(*unknown)


INTEGERS = frozenset((
    "status", "priority", "source", "group_id", "responder_id", "requester_id", "company_id", "product_id",
    "email_config_id", "user_id", "parent_id", "cf_followers",
))  # fmt: skip
FLAGS = frozenset(("private", "incoming", "cf_vip"))


def form(kind: str, body: bytes) -> tuple[dict[str, Any], list[File]]:
    """The parts of a multipart form: `tags[]` make a list, `custom_fields[cf_x]` an object. Raises Refusal."""
    found = re.search(r'boundary="?([^";]+)"?', kind)
    if found is None:
        raise Refusal(400, {"code": "invalid_value", "message": "The form has no boundary"})
    fields: dict[str, Any] = {}
    files: list[File] = []
    for part in body.split(b"--" + found[1].encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        words = head.decode("utf-8", "replace")
        name = re.search(r'\bname="([^"]*)"', words)
        if name is None:
            raise Refusal(400, {"code": "invalid_value", "message": "A part of the form has no name"})  # fmt: skip
        content = content.removesuffix(b"\r\n")
        filename = re.search(r'\bfilename="((?:[^"\\]|\\.)*)"', words)
        if filename is not None and name[1] in ("attachments[]", "attachments"):
            told = re.search(r"(?im)^content-type:\s*(\S+)", words)
            files.append((filename[1], told[1] if told else "application/octet-stream", content))
        else:
            put(fields, name[1], content.decode("utf-8", "replace"))
    return fields, files


def put(fields: dict[str, Any], name: str, text: str) -> None:
    """Add a part's text where its name says, as a number or a flag where the field is one."""
    if name.endswith("[]"):
        fields.setdefault(name[:-2], []).append(text)
    elif found := re.fullmatch(r"(\w+)\[(\w+)\]", name):
        fields.setdefault(found[1], {})[found[2]] = typed(found[2], text)
    else:
        fields[name] = typed(name, text)


def typed(name: str, text: str) -> Any:
    if name in INTEGERS and text.isdigit():
        return int(text)
    if name in FLAGS and text in ("true", "false"):
        return text == "true"
    return text


Answered = tuple[int, Any]
View = Callable[..., Answered]
