"""The body of an action, read with complaints that say what is wrong."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.sandbox.ground import Ground, Person, png
from bridge.sandbox.http import BadRequest


@dataclass(slots=True)
class Wish:
    """The body of an action, read with complaints that say what is wrong."""

    body: dict[str, Any]

    def text(self, name: str) -> str:
        value = self.body.get(name)
        if not isinstance(value, str) or not value:
            raise BadRequest(f"{name} is a text that is needed")
        return value

    def maybe(self, name: str) -> str | None:
        value = self.body.get(name)
        if value is not None and not isinstance(value, str):
            raise BadRequest(f"{name} is a text")
        return value or None

    def number(self, name: str, default: float = 0) -> float:
        value = self.body.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequest(f"{name} is a number")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.body.get(name, default)
        if not isinstance(value, bool):
            raise BadRequest(f"{name} is true or false")
        return value

    def tags(self, name: str) -> list[str]:
        value = self.body.get(name, [])
        if not isinstance(value, list):
            raise BadRequest(f"{name} is a list")
        return [str(one) for one in value]

    def person(self, ground: Ground) -> Person:
        """Whoever acts; a new name makes a new person."""
        return ground.people.named(self.maybe("person") or "Ana")

    def picture(self, ground: Ground) -> str | None:
        """The address of the picture that goes with it, if any."""
        given = self.body.get("image")
        if given in (None, False):
            return None
        if isinstance(given, int):
            return ground.picture(int(given))
        if not isinstance(given, str):
            raise BadRequest("image is true, a number of bytes or an address")
        return given

    @property
    def copies(self) -> int:
        return max(1, int(self.number("copies", 1)))


def attached(given: Any) -> tuple[str, str, bytes]:
    """Name, content type and bytes of the file that an agent attaches; True is a picture."""
    if given is True:
        return "photo.png", "image/png", png()
    if not isinstance(given, dict):
        raise BadRequest('attachment is true or {"name", "content_type", "base64"}')
    try:
        content = base64.b64decode(str(given.get("base64", "")), validate=True)
    except binascii.Error as error:
        raise BadRequest("base64 is not base64") from error
    kind = str(given.get("content_type", "application/octet-stream"))
    return str(given.get("name", "file")), kind, content


Done = dict[str, Any]
Action = Callable[[Wish], Done]
