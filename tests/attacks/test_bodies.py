"""Bodies and heads as weapons: authentic ones that break readers, and heads that two servers read differently."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from support.wire import PROOFS, post, raw, request
from support.world import World

from bridge.sandbox.wires import PAGE_ID


def comment(**more: Any) -> dict[str, Any]:
    """One comment on our Page, as Meta tells of it."""
    number = time.time_ns()
    value = {
        "item": "comment", "verb": "add", "comment_id": f"{PAGE_ID}_{number}", "post_id": f"{PAGE_ID}_1",
        "parent_id": f"{PAGE_ID}_1", "message": "I want a refund", "from": {"id": "24", "name": "Ana"},
        "created_time": int(time.time()), **more,
    }  # fmt: skip
    change = {"field": "feed", "value": value}
    return {"object": "page", "entry": [{"id": PAGE_ID, "time": 1, "changes": [change]}]}


def deliver(world: World, body: bytes, connection: str = "meta") -> None:
    """An authentic body is always answered 200: platforms punish anything else."""
    assert post(world.url, connection, body).status == 200
    world.calm()


def reasons(world: World) -> list[str]:
    return [world.store.event(eid).get("reason", "") for eid in world.store.dead()]


BROKEN = {
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "nan": b'{"object": "page", "entry": [NaN]}',
    "infinity": b'{"object": "page", "entry": [-Infinity]}',
    "a number too large": b'{"object": "page", "entry": [1e999]}',
    "a number too long": b'{"n": %s}' % (b"9" * 5000),
    "a key twice": b'{"object": "page", "object": "user", "entry": []}',
    "half a character": b'{"object": "\\ud800"}',
    "utf-16": '{"object": "page"}'.encode("utf-16"),
    "latin-1": b'{"object": "caf\xe9"}',
    "two million objects": b"[" + b"{}," * 1_500_000 + b"{}]",
    "no json": b"object=page&entry=1",
    "nothing": b"",
    "only a brace": b"{",
    "a comment in it": b'{"object": "page" /* x */}',
    "pickle": b"\x80\x04\x95\x00cos\nsystem\n(S'true'\ntR.",
    "yaml": b"!!python/object/apply:os.system ['true']",
    "xml": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
}  # fmt: skip


@pytest.mark.parametrize("connection", ["meta", "telegram", "secret-header"])
def test_an_authentic_body_that_cannot_be_read_is_a_dead_letter_and_breaks_nothing(
    world: World, connection: str
) -> None:
    """A-11, A-15 to A-19, A-21: nesting, numbers, keys, alphabets, width; what comes after is read."""
    for body in BROKEN.values():
        assert post(world.url, connection, body).status == 200
    deliver(world, json.dumps(comment()).encode())
    found = reasons(world)
    assert len(found) == len(BROKEN), found
    assert all(reason and "Traceback" not in reason for reason in found)
    assert len(world.tickets()) == 1


WRONG = {
    "null": None, "list": [1], "number": 7, "true": True, "object": {"a": 1}, "empty": "",
    "long": "x" * 300_000, "path": "../../etc/passwd", "proto": "__proto__", "key": "a:b c\n*?[]{}",
    "nul": "a\x00b", "ansi": "\x1b[2J", "quote": "';--\"",
}  # fmt: skip
FIELDS = ("comment_id", "post_id", "parent_id", "from", "message", "created_time", "verb", "item")


def test_a_field_of_the_wrong_kind_hurts_its_own_item_and_no_other(world: World) -> None:
    """A-22: every field of a comment nulled, retyped, huge, path-like; books balance, others are read."""
    for wrong in WRONG.values():
        changes = []
        for field in FIELDS:
            changes += comment(**{field: wrong})["entry"][0]["changes"]
        for field in ("id", "name"):
            author = {"id": "25", "name": "Eve", field: wrong}
            changes += comment(**{"from": author})["entry"][0]["changes"]
        body = comment(message="and this one is right, refund")
        body["entry"][0]["changes"] = changes + body["entry"][0]["changes"]
        assert post(world.url, "meta", json.dumps(body).encode()).status == 200
    world.calm()
    shown = [one["text"] for one in world.sandbox.record("ticket_comment", public=True)]
    assert sum((text or "").count("and this one is right") for text in shown) == len(WRONG)
    assert world.balanced()
    with world.redis.client() as redis:
        keys = list(redis.scan_iter("bridge:*", count=1000))
    assert all(len(key) < 1200 for key in keys)
    assert not any(b"\n" in key or b"\x00" in key or b" " in key for key in keys)


# --- heads that two servers could read differently -------------------------------------------------

BODY = b'{"entry_id": 5, "message": "smuggled"}'


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: %d\r\nTransfer-Encoding: chunked" % len(BODY),
        b"Transfer-Encoding: chunked\r\nContent-Length: %d" % len(BODY),
        b"Content-Length: %d\r\nContent-Length: 0" % len(BODY),
        b"Content-Length: %d, %d" % (len(BODY), len(BODY)),
        b"Content-Length: +%d" % len(BODY),
        b"Content-Length: 0x26",
        b"Content-Length: -1",
        b"Content-Length : %d" % len(BODY),
        b" Content-Length: %d" % len(BODY),
        b"Content-Length:\r\n %d" % len(BODY),
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding:\x0bchunked",
        b"Transfer_Encoding: chunked\r\nContent-Length : 3",
        b"Content-Length: %d\r\nHost: other" % len(BODY),
        b"Content-Length: %d\r\nX: a\x00b" % len(BODY),
        b"Content-Length: %d\r\nX: a\rb" % len(BODY),
        b"Content-Length: %d\nX: y" % len(BODY),
        b"Content-Length: %d\r\nX" % len(BODY),
        b"Content-Length: %d\r\n: y" % len(BODY),
        b"Content-Length: %d\r\n\xc4\xb0: y" % len(BODY),
        b"Content-Length: %d\r\nX: %s" % (len(BODY), b"y" * 9000),
        b"Content-Length: %d\r\n" % len(BODY) + b"\r\n".join(b"X-%d: y" % n for n in range(200)),
        b"Content-Length: %d\r\n" % len(BODY) + b"\r\n".join(b"X-%d: %s" % (n, b"y" * 4000) for n in range(40)),
    ],
)  # fmt: skip
def test_a_head_that_can_be_read_in_two_ways_is_refused(world: World, head: bytes) -> None:
    """A-25: two lengths, a length and chunks, signs, spaces, bare line ends, folding, many headers."""
    proof = b"".join(f"{n}: {v}\r\n".encode() for n, v in PROOFS["bearer"].prove(BODY).items())
    start = b"POST /hooks/bearer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    hidden = b"POST /hooks/bearer HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(world.url, start + proof + head + b"\r\n\r\n" + BODY + hidden)
    assert answer.status in (400, 431, 501)
    assert b"<script" not in answer.body
    assert sum(row["received"] for row in world.store.books().values()) == 0


def test_the_twin_of_a_header_is_not_the_header(world: World) -> None:
    """A-26: X_Bridge_Secret for X-Bridge-Secret, and the same one twice."""
    secret = PROOFS["secret-header"].prove(BODY)["X-Bridge-Secret"]
    kind = ("Content-Type", "application/json")
    for pairs in (
        [("X_Bridge_Secret", secret)],
        [("X-Bridge_Secret", secret)],
        [("X-Bridge-Secret", "wrong"), ("X_Bridge_Secret", secret)],
        [("X-Bridge-Secret", "wrong"), ("X-Bridge-Secret", secret)],
        [("X-Bridge-Secret", secret), ("X-Bridge-Secret", secret)],
    ):
        answer = request(world.url, "POST", "/hooks/secret-header", [kind, *pairs], BODY)
        assert answer.status in (400, 401), pairs


def test_what_a_stranger_says_of_his_address_is_not_believed(world: World) -> None:
    """A-26: forwarded headers change no scheme, no host and nobody's guesses; the cookie stays as it is."""
    told = {
        "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=127.0.0.1;host=evil.example;proto=https", "X-Real-IP": "127.0.0.1", "Front-End-Https": "on",
        "X-Original-URL": "/metrics", "X-Rewrite-URL": "/metrics", "X-HTTP-Method-Override": "DELETE",
        "Script-Name": "/console", "Path-Info": "/metrics",
    }  # fmt: skip
    answer = request(world.url, "GET", "/console?token=console-token-for-tests", told)
    assert answer.status == 303
    assert answer.header("location") == "/console"
    assert "Secure" not in (answer.header("set-cookie") or ""), "a header made it https"
    assert request(world.url, "GET", "/healthz", told).status == 200
