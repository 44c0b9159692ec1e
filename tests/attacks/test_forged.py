"""Deliveries that are not what they claim: forged, altered, replayed, or proved in the wrong words."""

from __future__ import annotations

import ast
import base64
import dataclasses
import hmac
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.wire import PROOFS, SECRET, at_stamped, at_zendesk, post, raw, request
from support.world import World

import bridge
from bridge.core.signing import same
from bridge.sandbox import wires
from bridge.settings import Settings

BODY = json.dumps({"object": "page", "entry": [], "n": 1}).encode()
every = pytest.mark.parametrize("connection", PROOFS)
signed = pytest.mark.parametrize("connection", [name for name, one in PROOFS.items() if one.signs])
NOBODY = {"error": "unauthentic", "detail": "the delivery does not prove where it comes from"}


def received(world: World) -> int:
    return sum(row["received"] for row in world.store.books().values())


def assert_refused(world: World, connection: str, headers: Mapping[str, str | bytes]) -> None:
    """One and the same 401, whatever was wrong, and nothing kept."""
    answer = post(world.url, connection, BODY, headers)
    assert (answer.status, json.loads(answer.body)) == (401, NOBODY), headers


def test_every_connection_of_the_configuration_is_attacked(world: World) -> None:
    """A-01: a new kind of proof without a line in the table of proofs fails here."""
    assert set(world.config.connections) == set(PROOFS)


@every
def test_the_right_proof_is_taken(world: World, connection: str) -> None:
    """A-01, the twin: otherwise all the refusals prove nothing."""
    assert post(world.url, connection, BODY).status == 200


def variants(headers: dict[str, str]) -> list[dict[str, str | bytes]]:
    """What is nearly the right proof: each header left out, and changed in each of these ways."""
    found: list[dict[str, str | bytes]] = [{}]
    for name, value in headers.items():
        rest = {other: kept for other, kept in headers.items() if other != name}
        found.append(dict(rest))
        prefix, mark, bare = value.rpartition("=" if "=" in value[:7] else " ")
        changed: list[str | bytes] = [
            "", " ", value[:-1], value + "0", value + ", " + value, f"{value},", value[1:], prefix + mark,
            bare if prefix else value[::-1], "sha1=" + bare, "sha256=" + bare[::-1], "sha512=" + bare,
            "none=" + bare, "sha256=" * 2 + bare, value.swapcase(), f'"{value}"', "x" * 8000,
            "null", "0", "true", "*", "%", "' OR ''='", "Bearer ", "Basic Og==", "Negotiate x",
            value.encode().replace(b"a", "а".encode()),  # a Cyrillic letter
            value.encode() + b"\xff", b"\xf0\x9f\x94\x91", "ＳＨＡ２５６=" + bare,
            base64.b64encode(value.encode()).decode(), value.encode().hex(),
        ]  # fmt: skip
        found += [{**rest, name: odd} for odd in changed if odd not in (value, value.encode())]
    return found


# Hex may be written in capitals where a tool of anybody's signs (docs/sources.md), and a scheme's name in any case.
HARMLESS = {"sha1": str.swapcase, "stamped": str.swapcase}


@every
def test_without_exactly_the_right_proof_nobody_gets_in(world: World, connection: str) -> None:
    """A-01, A-02: no proof, half of it, another algorithm, another case, another alphabet, rubbish."""
    right = PROOFS[connection].prove(BODY)
    for headers in variants(right):
        same = HARMLESS.get(connection)
        if same and headers == {name: same(value) for name, value in right.items()}:
            continue
        if connection == "stamped" and headers.get("X-Signature") == same(right["X-Signature"]):  # type: ignore[misc]
            continue
        assert_refused(world, connection, headers)
    assert received(world) == 0


@every
def test_the_secret_in_the_wrong_place_opens_nothing(world: World, connection: str) -> None:
    """A-01: in the address, in the body, in a cookie, or in a header of another scheme."""
    secrets = (SECRET, wires.APP_SECRET, wires.TELEGRAM_SECRET, wires.FRESHDESK_WEBHOOK_SECRET)
    names = (
        "Cookie",
        "X-Api-Key",
        "X-Secret",
        "Proxy-Authorization",
        "X-Hub-Signature",
        "Signature",
    )
    for secret in secrets:
        elsewhere = dict.fromkeys(names, f"secret={secret}")
        kind = {"Content-Type": "application/json"}
        path = f"/hooks/{connection}?secret={secret}&token={secret}&signature={secret}"
        answer = request(world.url, "POST", path, {**kind, **elsewhere}, secret.encode())
        assert answer.status == 401
    assert received(world) == 0


@every
def test_the_proof_of_one_connection_opens_no_other(world: World, connection: str) -> None:
    """A-04: every right proof, also all at once, at every other door."""
    shared = {frozenset({"secret-header"}), frozenset({"bearer"}), frozenset({"basic"})}
    for other, proof in PROOFS.items():
        if other != connection and frozenset({other, connection}) not in shared:
            assert_refused(world, connection, proof.prove(BODY))
    assert received(world) == 0


@signed
def test_any_changed_byte_breaks_the_signature(world: World, connection: str) -> None:
    """A-03: one bit, spaces, the order of keys, an encoding, a byte order mark, a longer body."""
    headers = PROOFS[connection].prove(BODY)
    changed = [
        *(BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :] for at in range(0, len(BODY), 5)),
        BODY + b" ", BODY + b"\n", b" " + BODY, BODY.replace(b": ", b":"), b"\xef\xbb\xbf" + BODY,
        json.dumps(dict(reversed(json.loads(BODY).items()))).encode(), BODY.decode().encode("utf-16"),
        BODY + BODY, BODY[:-1], b"", BODY + b"\x00", BODY.replace(b"page", b"p\\u0061ge"),
    ]  # fmt: skip
    for body in changed:
        assert post(world.url, connection, body, headers).status == 401
    assert post(world.url, connection, BODY, headers).status == 200
    assert received(world) == 1


def test_a_stamp_that_is_no_time_or_not_now_is_refused(world: World) -> None:
    """A-06: nan, inf, other digits, spaces, the past and the future, each rightly signed."""
    now = datetime.now(UTC)
    far = [(now + timedelta(seconds=off)).strftime("%Y-%m-%dT%H:%M:%SZ") for off in (-900, 900)]
    odd = ["nan", "inf", "-inf", "1e999", "0", "-1", "9" * 400, "٢٠٢٦-١١-٢٢T١٠:٠٠:٠٠Z", "null"]
    for at in [*far, *odd, "2026-02-30T10:00:00Z", now.isoformat()]:
        assert_refused(world, "zendesk", at_zendesk(BODY, at))
    tick = int(time.time())
    digits = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
    for at in [str(tick - 900), str(tick + 900), str(tick).translate(digits), *odd, f"1_{tick}"]:
        assert_refused(world, "stamped", at_stamped(BODY, at))
    assert received(world) == 0


def test_a_stamp_from_another_signature_is_refused(world: World) -> None:
    """A-05, A-06: an old signature with a fresh time, and a part of the body moved into the time."""
    old, fresh = at_zendesk(BODY, "2026-01-01T00:00:00Z"), at_zendesk(BODY)
    assert_refused(
        world,
        "zendesk",
        {**fresh, "X-Zendesk-Webhook-Signature": old["X-Zendesk-Webhook-Signature"]},
    )
    at = fresh["X-Zendesk-Webhook-Signature-Timestamp"]
    moved = {**fresh, "X-Zendesk-Webhook-Signature-Timestamp": at + BODY[:5].decode()}
    assert post(world.url, "zendesk", BODY[5:], moved).status == 401


@every
def test_the_same_delivery_again_does_nothing_again(world: World, connection: str) -> None:
    """A-05: replayed at once and again; answered 200, counted, and read once."""
    body = json.dumps({"object": "page", "entry": [], "n": time.time_ns()}).encode()
    headers = PROOFS[connection].prove(body)
    if connection == "zendesk":
        headers["X-Zendesk-Webhook-Invocation-Id"] = "the-same"
    assert [post(world.url, connection, body, headers).status for _ in range(5)] == [200] * 5
    with world.redis.client() as redis:
        kept = len(list(redis.scan_iter("bridge:d:*")))
    if connection == "freshdesk":  # its bodies name nothing: each is a hint to look, and no more
        world.calm()
        assert world.store.books()[connection]["ignored"] == 5
    else:
        assert kept == 1
        assert world.store.books()[connection]["duplicates"] >= 4


def test_a_delivery_played_again_after_its_events_were_done_opens_no_second_ticket(
    world: World,
) -> None:
    """A-05: also under another wrapping, and after what is known of the delivery has run out."""
    world.comment("Ana", "My order is broken, give me a refund")
    ticket = world.until(world.tickets)
    world.calm()
    with world.redis.client() as redis:
        kept = [redis.hgetall(key) for key in redis.scan_iter("bridge:d:*")]
        bodies = [one[b"b"] for one in kept if one[b"c"] == b"meta"]
        for key in redis.scan_iter("bridge:d:*"):
            redis.delete(key)  # as if its week were over
    assert bodies
    for body in bodies:
        assert post(world.url, "meta", body).status == 200
        assert post(world.url, "meta", b" " + body).status == 200
    world.calm()
    assert world.tickets() == ticket


def test_words_for_a_page_that_is_not_ours_become_no_ticket(world: World) -> None:
    """A-04: rightly signed by the app, but of somebody else's Page."""
    value = {
        "item": "comment", "verb": "add", "comment_id": "1_2", "post_id": "999_1", "parent_id": "999_1",
        "message": "refund refund", "from": {"id": "5", "name": "Eve"}, "created_time": int(time.time()),
    }  # fmt: skip
    change = {"field": "feed", "value": value}
    body = json.dumps({"object": "page", "entry": [{"id": "999", "time": 1, "changes": [change]}]})
    assert post(world.url, "meta", body.encode()).status == 200
    world.calm()
    assert world.tickets() == []
    assert received(world) == 1


# --- handshakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "challenge",
    [
        "<script>alert(1)</script>", "%3Cscript%3E", "a%0d%0aSet-Cookie:%20x=1", "a%20b", "é", "a" * 129, "",
        "{{7*7}}", "%00", "a%0a",
    ],
)  # fmt: skip
def test_a_challenge_that_is_no_plain_word_is_not_echoed(world: World, challenge: str) -> None:
    """A-10: markup and line ends in hub.challenge, with the right verify token."""
    query = f"hub.mode=subscribe&hub.verify_token={wires.VERIFY_TOKEN}&hub.challenge={challenge}"
    answer = request(world.url, "GET", f"/hooks/meta?{query.encode('ascii', 'ignore').decode()}")
    if challenge == "é":  # gone on the way: an address is ASCII
        assert answer.status == 403
    assert answer.status == 403
    assert answer.header("set-cookie") is None
    assert answer.header("content-type") == "application/json"


def test_a_good_challenge_is_echoed_as_plain_text_that_no_browser_reads_otherwise(
    world: World,
) -> None:
    """A-10, the twin: text/plain, nosniff, and a word that can do nothing."""
    query = f"hub.mode=subscribe&hub.verify_token={wires.VERIFY_TOKEN}&hub.challenge=1158201444"
    answer = request(world.url, "GET", f"/hooks/meta?{query}")
    assert (answer.status, answer.body) == (200, b"1158201444")
    assert (answer.header("content-type") or "").startswith("text/plain")
    assert answer.header("x-content-type-options") == "nosniff"


def test_nobody_is_told_a_signature_for_words_of_his_own(world: World) -> None:
    """A-10: a handshake never signs what is sent to it (crc_token and kin); only Meta's exists here."""
    for connection in PROOFS:
        for name in ("crc_token", "challenge", "challengeCode", "validationToken", "echostr"):
            answer = request(world.url, "GET", f"/hooks/{connection}?{name}=abc")
            assert answer.status in (403, 405)
            assert b"abc" not in answer.body


@pytest.mark.parametrize(
    "change",
    [
        {"hub.verify_token": "wrong"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"},
        {"hub.verify_token": wires.VERIFY_TOKEN.upper()}, {"hub.verify_token": wires.VERIFY_TOKEN + "%00"},
    ],
    ids=["wrong", "empty", "mode", "case", "longer"],
)  # fmt: skip
def test_a_wrong_verify_token_registers_nothing(world: World, change: dict[str, str]) -> None:
    """A-10: and what was asked is not repeated."""
    right = {
        "hub.mode": "subscribe",
        "hub.verify_token": wires.VERIFY_TOKEN,
        "hub.challenge": "mirror",
    }
    query = "&".join(f"{name}={value}" for name, value in {**right, **change}.items())
    answer = request(world.url, "GET", f"/hooks/meta?{query}")
    assert answer.status == 403
    assert b"mirror" not in answer.body


# --- methods, kinds, paths -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "PROPFIND"]
)
def test_another_method_delivers_nothing(world: World, method: str) -> None:
    """A-11: every method but POST, with the right proof, at every door."""
    for connection, proof in PROOFS.items():
        headers = {"Content-Type": "application/json", **proof.prove(BODY)}
        answer = request(world.url, method, f"/hooks/{connection}", headers, BODY)
        assert answer.status in ((200,) if method == "OPTIONS" else ()) + (400, 403, 405, 501)
        assert answer.header("access-control-allow-origin") is None
    assert received(world) == 0


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
        "application/octet-stream", "application/jsonp", "APPLICATION/JSON5", "image/png", "x",
    ],
)  # fmt: skip
def test_a_kind_that_is_none_of_ours_is_refused_before_it_is_read(world: World, kind: str) -> None:
    """A-11: forms and the like, rightly signed."""
    headers = {**PROOFS["meta"].prove(BODY), "Content-Type": kind}
    assert post(world.url, "meta", BODY, headers).status == 415
    assert received(world) == 0


def test_a_packed_body_is_refused_unread(world: World) -> None:
    """A-14: gzip, deflate, br, several at once; nothing is unpacked for a stranger."""
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "x"):
        headers = {**PROOFS["meta"].prove(BODY), "Content-Encoding": coding}
        assert post(world.url, "meta", BODY, headers).status == 415
    assert received(world) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/", "/hooks", "/hooks/../hooks/none", "/hooks/%2e%2e/healthz", "/hooks/meta/", "/hooks/meta/x",
        "/hooks/META", "/hooks/meta%00", "/hooks/meta%20", "/hooks/%6d%65ta%2f", "//hooks/meta", "/./hooks/meta",
        "/hooks/meta;x=1", "/hooks/none", "/hooks/é", "/hooks/%ff", "/hooks/" + "a" * 3000, "/hooks/__proto__",
        "/hooks/..%5c..%5cetc", "/hooks/%252e%252e", "*", "http://evil.example/hooks/none",
    ],
)  # fmt: skip
def test_an_odd_path_leads_nowhere(world: World, path: str) -> None:
    """A-11, A-22: traversal, encodings, case, slashes, absolute forms; a door has exactly one name."""
    headers = {"Content-Type": "application/json", **PROOFS["meta"].prove(BODY)}
    answer = request(world.url, "POST", path, headers, BODY)
    assert answer.status in (308, 400, 404, 405, 414)
    assert received(world) == 0
    assert b"Traceback" not in answer.body


def test_a_line_that_is_too_long_or_no_line_is_refused_in_words_of_no_use(world: World) -> None:
    """A-02, A-25: 8 KB of path, a NUL, no HTTP at all; nothing of it comes back as markup."""
    for data in (
        b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /<script>alert(1)</script> HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        answer = raw(world.url, data)
        assert 400 <= answer.status < 600
        assert b"<script>" not in answer.body


# --- what stands behind it -------------------------------------------------------------------------


def test_secrets_are_compared_as_digests_of_one_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-07: how long a comparison takes tells neither length nor beginning of what was right."""
    compared: list[tuple[int, int]] = []
    honest = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return honest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    for given, expected in (
        ("", b"secret"),
        ("secret", b"secret"),
        ("x" * 9000, b"s"),
        ("é\ud800", b""),
    ):
        assert same(given, expected) is (given == "secret")
    assert set(compared) == {(32, 32)}


def test_no_line_of_ours_compares_a_secret_otherwise() -> None:
    """A-07: `==` on a signature, a token or a secret would be quicker for the better guess."""
    names = re.compile(r"signature|digest|secret|token|password|given")
    for file in ("core/signing.py", "web/console.py", "web/inbound.py"):
        tree = ast.parse((Path(bridge.__file__).parent / file).read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                sides = {ast.unparse(node.left), *(ast.unparse(one) for one in node.comparators)}
                guessed = {one for one in sides if names.search(one)}
                assert not guessed or sides & {"''", "'Bearer'"}, f"{file}: {ast.unparse(node)}"


def test_no_switch_turns_a_check_off() -> None:
    """A-60: none of the product's variables, options or commands skips a proof, a certificate or a limit."""
    odd = re.compile(
        r"(?i)skip|insecure|unsafe|disable|no_?verify|verify_?(off|false)|test_?mode|debug_?mode|bypass"
    )
    settings = {field.name for field in dataclasses.fields(Settings)}
    assert [name for name in settings if odd.search(name)] == []
    for file in Path(bridge.__file__).parent.rglob("*.py"):
        for name in re.findall(
            r"BRIDGE_[A-Z_]+|add_argument\(\s*[\"'](--[a-z-]+)", file.read_text("utf-8")
        ):
            assert not odd.search(name), f"{file.name}: {name}"
