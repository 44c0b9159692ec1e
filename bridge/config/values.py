"""The kinds of values that files may hold, as marshmallow fields, and how a schema refuses a key nobody reads.

A mistake is told with what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields

from bridge.core.commands import duration
from bridge.core.mistakes import nearest

NAME = re.compile(r"[a-z0-9-]{1,64}")
REPLY = re.compile(r"[a-z0-9_-]{1,64}")
CONNECTION = re.compile(r"[a-z0-9_-]{1,64}")
LANGUAGE = re.compile(r"[a-z]{2,3}")
TAG = re.compile(r"\S{1,255}")
ADDRESS = re.compile(r"[^\s@,;:<>()\"{}]{1,64}@(?:[^\W_][\w-]{0,62}\.)+[^\W\d_]{2,63}")
_UNKNOWN = "\0unknown"


class Strict(Schema):
    """A schema that names unknown keys together with the nearest known one."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012 -- marshmallow's way
        "unknown": _UNKNOWN,
        "type": "needs keys with values below it (`key: value`)",
    }
    looks = ""  # what somebody writes here who has not looked it up should have been

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.looks:
            self.error_messages["type"] = f"needs keys with values, as in `{self.looks}`"

    def handle_error(self, error: ValidationError, data: Any, *, many: bool, **_: Any) -> None:
        """Put a sentence in the place of marshmallow's bare 'unknown field'."""
        messages: Any = error.messages
        known = [field.data_key or name for name, field in self.fields.items()]
        for entry in messages.values() if many else (messages,):
            for key, told in entry.items() if isinstance(entry, dict) else ():
                if told == [_UNKNOWN]:
                    entry[key] = [unknown_key(str(key), known)]


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The sentence for a key that nobody reads."""
    known = list(known)
    return f"'{key}' is not known here{nearest(key, known) or '; known: ' + ', '.join(known)}"


REQUIRED: dict[str, Any] = {"required": "is missing", "null": "is empty"}


class Keys(fields.Nested):
    """Keys with values, as a schema reads them; nothing at all behind the colon is told."""

    default_error_messages = REQUIRED


class Text(fields.String):
    """A text; a number or true is refused with the advice to quote it."""

    default_error_messages = {**REQUIRED, "invalid": "must be a text"}  # noqa: RUF012

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, (bool, int, float)):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            raise ValidationError(f'is {shown}, not a text; put it in quotes: "{shown}"')
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text.strip():
            raise ValidationError("is empty")
        return text


class Flag(fields.Field[bool]):
    """true or false, and nothing that only looks like it."""

    default_error_messages = REQUIRED

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class Amount(fields.Field[float]):
    """A number from *least* to *most*; whole where *whole*."""

    default_error_messages = REQUIRED

    def __init__(self, least: float, most: float, *, whole: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most, self.whole = least, most, whole

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        kinds: tuple[type, ...] = (int,) if self.whole else (int, float)
        fits = isinstance(value, kinds) and not isinstance(value, bool)
        if not fits or not self.least <= value <= self.most:
            kind = "whole number" if self.whole else "number"
            raise ValidationError(f"must be a {kind} from {self.least:g} to {self.most:g}")
        return int(value) if self.whole else float(value)


class Span(fields.Field[int]):
    """A length of time such as 30m, 12h or "1d 12h", in seconds; at least *least* of them."""

    default_error_messages = REQUIRED

    def __init__(self, least: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least = least

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        seconds = duration(value) if isinstance(value, str) else None
        if seconds is None:
            raise ValidationError(f"'{value}' is no time like 30d, 12h or 15m")
        if seconds < self.least:
            raise ValidationError(f"'{value}' is too short: {self.least} seconds at least")
        return seconds


class Texts(fields.Field[tuple[str, ...]]):
    """A list of texts; a single one counts as a list of one. A mistake names its place."""

    default_error_messages = REQUIRED

    def __init__(self, check: Callable[[str], None] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> tuple[str, ...]:
        many = value if isinstance(value, list) else [value]
        wrong: dict[str | int, Any] = {}
        for number, one in enumerate(many):
            try:
                Text().deserialize(one)
                if self.check is not None:
                    self.check(one)
            except ValidationError as error:
                wrong[number] = error.messages
        if wrong:
            raise ValidationError(wrong if isinstance(value, list) else wrong[0])
        return tuple(many)


class Table(fields.Field[dict[str, Any]]):
    """Keys of anybody's choice, each value read by *values*, each key checked by *key*."""

    default_error_messages = REQUIRED

    def __init__(
        self,
        values: fields.Field[Any],
        key: Callable[[str], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.values, self.key = values, key

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("needs keys with values below it (`key: value`)")
        found: dict[str, Any] = {}
        wrong: dict[str | int, Any] = {}
        for name, one in value.items():
            try:
                if self.key is not None:
                    self.key(name)
                found[name] = self.values.deserialize(one, name, value)
            except ValidationError as error:
                wrong[name] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return found


def one_of(*choices: str) -> Callable[[Any], None]:
    """A check that a value is one of *choices*; names the nearest."""

    def check(value: Any) -> None:
        if value not in choices:
            raise ValidationError(
                f"'{value}' is not one of {', '.join(choices)}{nearest(str(value), choices)}"
            )

    return check


def spelled(pattern: re.Pattern[str], advice: str) -> Callable[[str], None]:
    """A check that a value is spelled as *pattern* says."""

    def check(value: str) -> None:
        if not pattern.fullmatch(value):
            raise ValidationError(f"'{value[:80]}' {advice}")

    return check


is_name = spelled(NAME, "may hold small letters, digits and - only, 64 at most")
is_reply = spelled(REPLY, "may hold small letters, digits, - and _ only, 64 at most")
is_address = spelled(ADDRESS, "is no e-mail address such as press@acme.example")
is_tag = spelled(TAG, "is no tag: no spaces, 255 characters at most")
