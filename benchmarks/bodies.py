"""Webhooks as Meta sends them: unique, about 500 bytes, signed."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator

from bridge.sandbox.wires import APP_SECRET, PAGE_ID

PATH = "/hooks/meta"
POSTS = 20  # the posts that all comments hang under
_numbers = itertools.count(int(time.time() * 1000) * 1000)


def comment(number: int, said: int = 0, text: str = "My order arrived broken") -> bytes:
    """A comment; every *number* is another person under another comment, *said* counts their words."""
    now, root = int(time.time()), f"{PAGE_ID}_{2000 + number % POSTS}"
    ident = f"{2000 + number % POSTS}_{number}"
    value = {
        "from": {"id": f"24{number}", "name": f"Customer {number}"},
        "post": {
            "id": root,
            "status_type": "mobile_status_update",
            "is_published": True,
            "permalink_url": f"https://www.facebook.com/acme/posts/{2000 + number % POSTS}",
        },
        "message": f"{text} ({said})",
        "post_id": root,
        "comment_id": f"{ident}{said:03}" if said else ident,
        "created_time": now,
        "item": "comment",
        "parent_id": ident if said else root,
        "verb": "add",
    }
    change = {"value": value, "field": "feed"}
    entry = {"id": PAGE_ID, "time": now, "changes": [change]}
    return json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":")).encode()


def numbers(count: int) -> list[int]:
    """As many numbers, never used before."""
    return list(itertools.islice(_numbers, count))


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()


def request(body: bytes, host: str) -> bytes:
    """The signed body as one HTTP request."""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: {signature(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def requests(count: int, host: str) -> Iterator[bytes]:
    return (request(comment(number), host) for number in numbers(count))
