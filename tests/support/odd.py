"""Odd JSON: every place in a value, and what may stand there instead."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterator
from typing import Any

DEEP: Any = {"id": 0}
for _ in range(6):
    DEEP = [DEEP]
GONE = object()
JUNK: list[object] = [
    GONE, None, True, 0, 1.5, 10**60, "", "\x00", "9" * 600, "\u202e\x1b[31m\r\n",
    [], {}, [None, 1], {"id": {}}, DEEP,
]  # fmt: skip


FEW: list[object] = [GONE, None, 0, "", {}]


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside *value*."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    found = [path] if path else []
    for key, one in inner:
        found += places(one, (*path, key))
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: tuple[Any, ...], junk: object) -> None:
    """*junk* stands at *path* in *value*; GONE takes away what stood there."""
    inside = at(value, path[:-1])
    if junk is GONE:
        del inside[path[-1]]
    else:
        inside[path[-1]] = copy.deepcopy(junk)


def spoiled(value: Any, known: Collection[tuple[Any, ...]] = ()) -> Iterator[tuple[str, bytes]]:
    """(what was done, the JSON) of *value* with every kind of junk in every place, one at a time.

    Places that are *known*, because another value has them too, get a few kinds only.
    """
    value = copy.deepcopy(value)
    for path in places(value):
        inside, key = at(value, path[:-1]), path[-1]
        kept = inside[key]
        for junk in FEW if path in known else JUNK:
            put(value, path, junk)
            yield f"{path} is {junk!r}", json.dumps(value).encode()
            if junk is GONE and isinstance(inside, list):
                inside.insert(key, kept)
            inside[key] = kept


def renamed(value: Any) -> Any:
    """*value* with a new name for each of its keys."""
    if isinstance(value, dict):
        return {f"unheard_of_{key}": renamed(inner) for key, inner in value.items()}
    return [renamed(inner) for inner in value] if isinstance(value, list) else value
