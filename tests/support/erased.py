"""Somebody to erase, and the search for what is left of them: in every key of Redis, whatever it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bridge.core import receipt
from bridge.sandbox.wires import PAGE_ID

HER = "7734501"  # an id that is nothing else's
HIS = "8845612"
NAME = "Zuzanna Kowalczyk-Nowak"
WORDS = "my kettle is broken and exploded violetly"
WHOSE = (HER, NAME, "Zuzanna", "kettle", "violetly")


def body(*said: tuple[str, str, str, str]) -> bytes:
    """One webhook with these comments: (id, person, name, words)."""
    changes = [
        {
            "field": "feed",
            "value": {
                "item": "comment", "verb": "add", "comment_id": f"{PAGE_ID}_{ident}",
                "post_id": f"{PAGE_ID}_1", "parent_id": f"{PAGE_ID}_1", "created_time": 1764000000,
                "from": {"id": person, "name": name}, "message": words,
            },
        }
        for ident, person, name, words in said
    ]  # fmt: skip
    entry = {"id": PAGE_ID, "time": 1764000000, "changes": changes}
    return json.dumps({"object": "page", "entry": [entry]}).encode()


def hers(ident: str = "501", words: str = WORDS) -> bytes:
    return body((ident, HER, NAME, words))


def both() -> bytes:
    return body(
        ("501", HER, NAME, WORDS), ("601", HIS, "Adam Wolski", "my parcel never came, refund")
    )


def values(client: Any, key: bytes) -> Iterator[bytes]:
    """The key, and everything in it, whatever it is."""
    yield key
    kind = client.type(key)
    if kind == b"string":
        yield client.get(key) or b""
    elif kind == b"hash":
        for pair in client.hgetall(key).items():
            yield from pair
    elif kind == b"list":
        yield from client.lrange(key, 0, -1)
    elif kind == b"set":
        yield from client.smembers(key)
    elif kind == b"zset":
        yield from client.zrange(key, 0, -1)
    elif kind == b"stream":
        for _, fields in client.xrange(key):
            yield from fields.values()
    else:
        assert kind == b"none", kind


def left(house: Any, *of: str) -> list[str]:
    """The keys in which one of *of* stands; packed receipts are unpacked."""
    client, found = house.store.client, []
    for key in client.scan_iter(count=1000):
        for value in values(client, key):
            slip = value.decode("utf-8", "replace")
            if slip[:3] == "zeJ":  # deflated JSON in base64
                slip = json.dumps(receipt.unpack(slip), ensure_ascii=False)
            if any(one in slip for one in of):
                found.append(f"{key.decode()}: {slip[:200]}")
    return found


def balanced(house: Any) -> dict[str, dict[str, int]]:
    """The books, which balance."""
    books: dict[str, dict[str, int]] = house.store.books()
    ends = ("done", "ignored", "parked", "dead", "in_progress")
    for name, row in books.items():
        assert row["received"] == sum(row[one] for one in ends), (name, row)
    return books


def erase(house: Any, *words: str, who: str = HER) -> dict[str, Any]:
    """What `bridge erase` tells, once it is done."""
    told: dict[str, Any] = house.json("erase", who, "--yes", *words)
    return told
