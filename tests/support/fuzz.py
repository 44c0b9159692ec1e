"""Payloads spoiled at random, always the same for the same seed: dropped, nulled, retyped, doubled, huge."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from support.odd import JUNK, at, places, put

HUGE: list[Callable[[], object]] = [
    lambda: "x" * 20_000,
    lambda: "👩‍👩‍👧‍👦\u0301\u202e" * 2_000,
    lambda: ["y"] * 2_000,
    lambda: [{"id": str(one)} for one in range(500)],
    lambda: {f"k{one}": one for one in range(500)},
    lambda: 10**99,
    lambda: "{{ticket.id}} {% raw %} ![x](http://x) <script>alert(1)</script> @everyone",
]
TEXTS = [
    "0",
    "-1",
    "null",
    "true",
    "2026-13-45T99:00:00Z",
    "1e400",
    "../..",
    "\u2028",
    "\ufffe",
    " ",
]


def spoiled(rng: random.Random, payload: Any, others: list[Any]) -> bytes:
    """The JSON of *payload* with up to six things done to it; now and then broken as bytes, too.

    *others* are values from elsewhere, of which parts may be grafted in.
    """
    value = copy.deepcopy(payload)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        spots = places(value)
        if spots:
            _spoil(rng, value, rng.choice(spots), others)
    body = json.dumps(value, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")
    return _broken(rng, body) if rng.random() < 0.05 else body


def _spoil(rng: random.Random, value: Any, path: tuple[Any, ...], others: list[Any]) -> None:
    here, inside = at(value, path), at(value, path[:-1])
    kind = rng.random()
    if kind < 0.45:
        put(value, path, rng.choice(JUNK))  # dropped, nulled, of another type
    elif kind < 0.6:
        put(value, path, rng.choice(HUGE)())
    elif kind < 0.7:
        put(value, path, rng.choice(TEXTS))
    elif kind < 0.8:
        put(value, path, _retyped(here))
    elif kind < 0.9 and isinstance(inside, list):
        inside.extend(copy.deepcopy(inside) * rng.choice((1, 3)))
    else:
        other = rng.choice(others)
        if spots := places(other):
            put(value, path, at(other, rng.choice(spots)))


def _retyped(value: Any) -> object:
    """The same in another shape: a number as text, one as a list, a list as one."""
    match value:
        case bool() | None:
            return str(value)
        case int() | float():
            return str(value)
        case str():
            return int(value) if value.isascii() and value.isdigit() else [value]
        case list():
            return value[0] if value else {}
        case _:
            return [value]


def _broken(rng: random.Random, body: bytes) -> bytes:
    """*body* as no JSON writer would send it."""
    at = rng.randrange(len(body) + 1)
    return rng.choice(
        (
            body[:at],
            body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :],
            b"\xef\xbb\xbf" + body,
            body.replace(b":", b":[", 1),
            body.replace(b'"', b'"\\ud800', 1),
            b'{"a":1,"a":2,' + body[1:],
            body + body,
            body.decode("utf-8", "replace").encode("utf-16"),
        )
    )
