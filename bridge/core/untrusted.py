"""Reading what strangers send: strict JSON in, tame values out.

`read_json` refuses what two parsers could read differently (duplicate keys, NaN) or what is only
there to hurt (deep nesting, huge numbers). The accessors below it never raise, whatever they get.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bridge.core.errors import Unreadable

MAX_DEPTH = 32
MAX_VALUES = 200_000  # a Meta batch of 1,000 has up to 24,000
MAX_NUMBER = 100  # characters of one number, without its sign
MAX_ID = 512  # characters of one id
EPOCH, FAR = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

# Strings are skipped whole (also one that never ends), so brackets and commas inside do not count.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{\]},]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


class Broken(Exception):
    """One item of a delivery that cannot be understood; its neighbours can. The text says why."""


def read_json(body: bytes) -> object:
    """Return the value of the JSON text *body*; integers keep every digit.

    Raises Unreadable with one of the codes not_utf8, too_deep, too_many_values, bad_json,
    not_a_number, huge_number, duplicate_key, lone_surrogate. A UTF-8 byte order mark is skipped.
    """
    body = body.removeprefix(b"\xef\xbb\xbf")
    try:
        words = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8", f"byte {error.start} of the body is not UTF-8") from None
    _measure(body)
    try:
        value: object = json.loads(
            words,
            object_pairs_hook=_mapping_once,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        reason = f"not JSON at line {error.lineno}, column {error.colno}" if body else "it is empty"
        raise Unreadable("bad_json", f"the body cannot be read: {reason}") from None
    if _SURROGATE_ESCAPE.search(body):
        _refuse_lone_surrogates(value)
    return value


def _measure(body: bytes) -> None:
    """Refuse bodies too deep or too wide before a recursive parser sees them."""
    depth, values = 0, 1
    for token in _TOKENS.finditer(body):
        sign = body[token.start()]
        if sign in b"[{":
            depth += 1
            values += 1
            if depth > MAX_DEPTH:
                raise Unreadable("too_deep", f"the body is nested deeper than {MAX_DEPTH} levels")
        elif sign in b"]}":
            depth -= 1
        elif sign == 0x2C:  # a comma
            values += 1
        if values > MAX_VALUES:
            raise Unreadable("too_many_values", f"the body holds more than {MAX_VALUES} values")


def _mapping_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("duplicate_key", "an object in the body names the same key twice")
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_NUMBER:
        raise Unreadable("huge_number", f"a number in the body is longer than {MAX_NUMBER} digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits) if len(digits.lstrip("-")) <= MAX_NUMBER else math.inf
    if not math.isfinite(value):
        raise Unreadable("huge_number", "a number in the body is too large or too long")
    return value


def _constant(name: str) -> object:
    raise Unreadable("not_a_number", f"{name} is not a JSON number")


def _refuse_lone_surrogates(value: object) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(one.keys())
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, str):
            try:
                one.encode()
            except UnicodeEncodeError:
                raise Unreadable(
                    "lone_surrogate", "a text in the body holds half a character (a lone surrogate)"
                ) from None


# --- tame values -------------------------------------------------------------------------------

# C0 and C1 controls but tab and line feed, bidirectional embeddings, overrides and isolates, and
# the invisible tags block, which may only spell a flag (England, Scotland, Wales).
_TRICKS = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f)"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """*text* without control characters and bidirectional tricks; line ends become line feeds."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _TRICKS.sub(lambda found: found.group(1) or "", text)


def mapping(value: object) -> Mapping[str, Any]:
    """*value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> Sequence[Any]:
    """*value* if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str | None:
    """The cleaned text of *value*; None for what is no text."""
    return clean(value) if isinstance(value, str) else None


def link_at(domain: str, value: object) -> str | None:
    """*value* if it is an https address at *domain* or below it."""
    link = text(value) or ""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        return None
    fits = host == domain or host.endswith(f".{domain}")
    return link if parts.scheme == "https" and fits else None


def ident(value: object) -> str | None:
    """The id in *value*, given as text or whole number; None for anything else.

    Never a float or a truth value (digits were lost), never empty, at most 512 characters, no
    control characters.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    found = str(value)
    if not 0 < len(found) <= MAX_ID or clean(found) != found or "\n" in found or "\t" in found:
        return None
    return found


def flag(value: object) -> bool:
    """Whether *value* is true, and nothing but true."""
    return value is True


def number(value: object) -> int | float | None:
    """*value* if it is a number, else None; true and false are none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """The time in *value*: seconds, milliseconds (from 1e12 on) or ISO 8601, as number or text.

    Aware UTC; a text without a zone counts as UTC; None for rubbish and for times outside 1970 to
    2100, which would only upset clocks and windows.
    """
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,16}", value):
        try:
            told = datetime.fromisoformat(value[:40])
            found = told.replace(tzinfo=told.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        return found if EPOCH < found < FAR else None
    amount = int(value) if isinstance(value, str) else number(value)
    if amount is None or amount <= 0:
        return None
    seconds = amount / 1000 if 1e12 <= amount < 1e16 else amount
    return datetime.fromtimestamp(seconds, UTC) if seconds < FAR.timestamp() else None


def fingerprint(value: object) -> str:
    """A short name for a JSON value: equal values have equal names."""
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()[:24]
