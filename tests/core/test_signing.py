"""Who may come in: each scheme, with what it accepts and all it must refuse."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.errors import Rejected
from bridge.core.model import Connection, Secret
from bridge.core.signing import EchoedToken, HmacHex, HmacTimestamped, HubChallenge, Proof, same

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
BODY = '{"text": "zażółć gęślą jaźń"}'.encode()
KEYS = ("first-secret", "second-secret")
HOUSE = Connection(
    name="house", type="any", options={"keys": tuple(map(Secret, KEYS)), "one": Secret(KEYS[0])}
)
HEX = HmacHex(header="x-sig", option="keys", prefix="sha256=")
TOKEN = EchoedToken(header="x-sig", option="keys")
STAMPED = HmacTimestamped(header="x-sig", timestamp="x-at", option="keys")
AT = "2026-11-22T10:00:00Z"


def hexed(key: str = KEYS[0], body: bytes = BODY) -> str:
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def stamped(at: str = AT, key: str = KEYS[0], body: bytes = BODY) -> dict[str, str]:
    digest = hmac.new(key.encode(), at.encode() + body, hashlib.sha256).digest()
    return {"x-sig": base64.b64encode(digest).decode(), "x-at": at}


RIGHT: dict[str, tuple[Proof, dict[str, str]]] = {
    "hex": (HEX, {"x-sig": f"sha256={hexed()}"}),
    "hex, second secret": (HEX, {"x-sig": f"sha256={hexed(KEYS[1])}"}),
    "token": (TOKEN, {"x-sig": KEYS[0]}),
    "token, second secret": (TOKEN, {"x-sig": KEYS[1]}),
    "stamped": (STAMPED, stamped()),
    "stamped, second secret": (STAMPED, stamped(key=KEYS[1])),
    "stamped with parts of a second": (STAMPED, stamped("2026-11-22T10:00:00.123456Z")),
    "stamped at the edge": (STAMPED, stamped("2026-11-22T09:55:00Z")),
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_proof_passes(name: str) -> None:
    proof, headers = RIGHT[name]
    proof.check(headers, BODY, HOUSE, NOW)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "signature_missing"),
        ({"x-sig": ""}, "signature_missing"),
        ({"x-sig": "sha256="}, "signature_wrong"),
        ({"x-sig": hexed()}, "signature_wrong"),
        ({"x-sig": f"sha1={hexed()}"}, "signature_wrong"),
        ({"x-sig": f"sha256={hexed().upper()}"}, "signature_wrong"),
        ({"x-sig": f"SHA256={hexed()}"}, "signature_wrong"),
        ({"x-sig": f" sha256={hexed()}"}, "signature_wrong"),
        ({"x-sig": f"sha256={hexed()}\n"}, "signature_wrong"),
        ({"x-sig": f"sha256={hexed()},sha256={hexed()}"}, "signature_wrong"),
        ({"x-sig": f"sha256={hexed('')}"}, "signature_wrong"),
        ({"x-sig": f"sha256={hexed('third')}"}, "signature_wrong"),
        ({"x-sig": f"sha256={hexed(body=BODY + b' ')}"}, "signature_wrong"),
        ({"x-sig": "sha256=" + base64.b64encode(bytes.fromhex(hexed())).decode()}, "signature_wrong"),
        ({"x-sig": "sha256=" + "é" * 64}, "signature_wrong"),
        ({"x-sig": "sha256=\ud800\udcff"}, "signature_wrong"),
        ({"x-sig": "\x00" * 8192}, "signature_wrong"),
    ],
)  # fmt: skip
def test_a_signature_that_is_not_exact_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        HEX.check(headers, BODY, HOUSE, NOW)
    assert (refused.value.code, refused.value.status) == (code, 401)


@pytest.mark.parametrize(
    "given", ["", "first", "first-secret ", "FIRST-SECRET", "é", "\udcff", "?"]
)
def test_a_token_that_is_not_exact_is_refused(given: str) -> None:
    with pytest.raises(Rejected):
        TOKEN.check({"x-sig": given}, BODY, HOUSE, NOW)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "signature_missing"),
        ({"x-sig": stamped()["x-sig"]}, "signature_missing"),
        ({"x-at": AT}, "signature_missing"),
        ({**stamped(), "x-at": "2026-11-22T10:00:01Z"}, "signature_wrong"),
        (stamped(key="third"), "signature_wrong"),
        (stamped(body=BODY + b" "), "signature_wrong"),
        ({**stamped(), "x-sig": "é"}, "signature_wrong"),
        ({**stamped(), "x-at": "\ud800"}, "signature_wrong"),
        (stamped("2026-11-22T09:54:59Z"), "timestamp_stale"),
        (stamped("2026-11-22T10:05:01Z"), "timestamp_stale"),
        (stamped("2026-02-30T10:00:00Z"), "timestamp_malformed"),
        (stamped("2026-11-22T23:59:60Z"), "timestamp_malformed"),
        (stamped("2026-11-22 10:00:00Z"), "timestamp_malformed"),
        (stamped("2026-11-22T10:00:00"), "timestamp_malformed"),
        (stamped("٢٠٢٦-11-22T10:00:00Z"), "timestamp_malformed"),
        (stamped("1795341600"), "timestamp_malformed"),
        (stamped("nan"), "timestamp_malformed"),
        (stamped("1e999"), "timestamp_malformed"),
    ],
)
def test_a_stamped_signature_must_be_exact_and_fresh(headers: dict[str, str], code: str) -> None:
    with pytest.raises(Rejected) as refused:
        STAMPED.check(headers, BODY, HOUSE, NOW)
    assert refused.value.code == code


def test_a_stamp_is_fresh_for_the_attempt_not_for_the_event() -> None:
    later = NOW + timedelta(hours=5)
    STAMPED.check(stamped("2026-11-22T15:00:00Z"), BODY, HOUSE, later)
    with pytest.raises(Rejected):
        STAMPED.check(stamped(AT), BODY, HOUSE, later)


@pytest.mark.parametrize("proof", [HEX, TOKEN, STAMPED])
@pytest.mark.parametrize(
    "options", [{}, {"keys": ()}, {"keys": Secret("")}, {"keys": (Secret(""),)}, {"keys": "plain"}]
)
def test_without_a_secret_nothing_passes(proof: Proof, options: dict[str, object]) -> None:
    empty = Connection(name="house", type="any", options=options)
    for headers in ({"x-sig": f"sha256={hexed('')}"}, stamped(key=""), {"x-sig": "x", "x-at": AT}):
        with pytest.raises(Rejected):
            proof.check(headers, BODY, empty, NOW)


def test_a_secret_with_odd_characters_signs_without_an_error() -> None:
    odd = Connection(name="house", type="any", options={"keys": Secret("za\udcffżółć")})
    for proof in (HEX, TOKEN, STAMPED):
        with pytest.raises(Rejected):
            proof.check({"x-sig": "x", "x-at": AT}, BODY, odd, NOW)


@given(header=st.text(max_size=100), at=st.text(max_size=40), body=st.binary(max_size=50))
def test_nothing_but_a_refusal_comes_of_rubbish(header: str, at: str, body: bytes) -> None:
    for proof in (HEX, TOKEN, STAMPED):
        with pytest.raises(Rejected) as refused:
            proof.check({"x-sig": header + ".", "x-at": at}, body, HOUSE, NOW)
        assert not [key for key in KEYS if key in str(refused.value)]


def test_same_means_equal_bytes() -> None:
    assert same("abc", b"abc")
    assert not same("abc", b"abd")
    assert not same("ab", b"abc")
    assert same("ż", "ż".encode())


# --- the handshake -----------------------------------------------------------------------------

HUB = HubChallenge(option="one")
ASKED = {"hub.mode": "subscribe", "hub.verify_token": KEYS[0], "hub.challenge": "1158201444"}


def test_the_handshake_gives_the_challenge_back() -> None:
    assert HUB.answer(ASKED, HOUSE) == "1158201444"


@pytest.mark.parametrize(
    "wrong",
    [
        {"hub.verify_token": "other"},
        {"hub.verify_token": ""},
        {"hub.verify_token": "é\ud800"},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
        {"hub.challenge": ""},
        {"hub.challenge": "<script>alert(1)</script>"},
        {"hub.challenge": "1\r\nSet-Cookie: a=b"},
        {"hub.challenge": "1" * 129},
        {"hub.challenge": "١٢٣"},
        {"hub.challenge": "1\n"},
    ],
)
def test_the_handshake_is_refused_with_403(wrong: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refused:
        HUB.answer({**ASKED, **wrong}, HOUSE)
    assert refused.value.status == 403
    assert KEYS[0] not in str(refused.value)


@pytest.mark.parametrize("missing", ASKED)
def test_the_handshake_needs_every_part(missing: str) -> None:
    with pytest.raises(Rejected):
        HUB.answer({name: value for name, value in ASKED.items() if name != missing}, HOUSE)


def test_the_handshake_is_refused_while_no_token_is_configured() -> None:
    with pytest.raises(Rejected):
        HUB.answer({**ASKED, "hub.verify_token": ""}, Connection(name="house", type="any"))
