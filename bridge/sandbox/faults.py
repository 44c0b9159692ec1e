"""Faults on request: which calls go wrong, and how."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from bridge.sandbox.http import BadRequest, Response

EFFECTS = (
    "delay", "status", "status_after", "html", "drop_before", "drop_after", "half", "hang", "drip",
)  # fmt: skip
KINDS: dict[str, type | tuple[type, ...]] = {
    "system": str, "method": str, "path": str, "after": int, "times": int, "seconds": (int, float),
    "status": int, "headers": dict,
}  # fmt: skip
HTML = (
    b"<!doctype html>\n<html><head><title>Maintenance</title></head><body>Back soon</body></html>\n"
)


@dataclass(slots=True)
class Fault:
    """One rule; the fields are those of docs/sandbox.md."""

    id: str
    effect: str
    system: str | None = None
    method: str | None = None
    path: str | None = None
    after: int = 0
    times: int | None = 1
    seconds: float = 0.3
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    hits: int = 0
    seen: int = 0

    def hit(self, system: str, method: str, path: str) -> bool:
        """Whether this call is one that goes wrong; counts it."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.system not in (None, system) or self.method not in (None, method):
            return False
        if self.path is not None and not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        self.hits += 1
        return True

    def show(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "seen"}


Note = Callable[[Fault, bool], None]


class Faults:
    """The rules in force, in the order in which they were made."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self._made = 0

    def add(self, wish: dict[str, Any]) -> Fault:
        known = set(Fault.__dataclass_fields__) - {"id", "hits", "seen"}
        if unknown := set(wish) - known:
            raise BadRequest(f"unknown keys in a fault: {', '.join(sorted(unknown))}")
        if wish.get("effect") not in EFFECTS:
            raise BadRequest(f"effect is one of {', '.join(EFFECTS)}")
        if wish.get("path") is not None:
            try:
                re.compile(str(wish["path"]))
            except re.error as error:
                raise BadRequest(f"path is not a regular expression: {error}") from error
        for key, kind in KINDS.items():
            value = wish.get(key)
            if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
                raise BadRequest(f"{key} of a fault has the wrong kind of value")
        if wish["effect"] == "hang":
            wish = {"seconds": 60, **wish}
        self._made += 1
        fault = Fault(id=str(self._made), **wish)
        self.rules.append(fault)
        return fault

    async def around(
        self, system: str, method: str, path: str, do: Callable[[], Awaitable[Response]], note: Note
    ) -> Response:
        """The answer to the call that *do* answers, with whatever is to go wrong about it."""
        last: Fault | None = None
        for fault in tuple(self.rules):
            # One call goes wrong in one way, though it may be late as well.
            if (last is None or fault.effect == "delay") and fault.hit(system, method, path):
                if fault.effect == "delay":
                    await asyncio.sleep(fault.seconds)
                else:
                    last = fault
        if last is None:
            return await do()
        if last.effect in ("drop_after", "half", "drip", "status_after"):
            response = await do()
            if last.effect == "status_after":
                response = await spoilt(last)
            response.manner = {"drop_after": "drop"}.get(last.effect, last.effect)
            response.seconds = last.seconds
            note(last, True)
            return response
        note(last, False)
        return await spoilt(last)


async def spoilt(fault: Fault) -> Response:
    """The answer of a call that has no effect."""
    if fault.effect == "hang":
        await asyncio.sleep(fault.seconds)
        return Response(manner="drop")
    if fault.effect == "drop_before":
        return Response(manner="drop")
    if fault.effect == "html":
        return Response(fault.status or 200, HTML, {"content-type": "text/html", **fault.headers})
    if isinstance(fault.body, str):
        body, kind = fault.body.encode(), "text/plain; charset=utf-8"
    else:
        body = b"" if fault.body is None else json.dumps(fault.body).encode()
        kind = "application/json; charset=utf-8"
    return Response(fault.status or 500, body, {"content-type": kind, **fault.headers})
