"""How a tool of anybody's proves itself: what passes, and what does not by one byte."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.errors import Rejected
from bridge.core.model import Connection, Secret
from bridge.core.signing import Basic, Bearer, Closed, EchoedToken, Hmac, Proof

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
BODY = '{"słowa": "Zażółć"}'.encode()
SECRET, OLD = "made-up-secret-1", "made-up-secret-0"
CONNECTION = Connection(
    name="form", type="generic", options={"proof_secret": (Secret(SECRET), Secret(OLD))}
)


def refused(proof: Proof, headers: dict[str, str], body: bytes = BODY) -> str | None:
    """The code it is refused with, or None; the secret is never told."""
    try:
        proof.check(headers, body, CONNECTION, NOW)
    except Rejected as error:
        return error.code if SECRET not in str(error) else "told"
    return None


def pair(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def made(secret: str, signed: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), signed, algorithm).digest()


@pytest.mark.parametrize("secret", [SECRET, OLD])
@pytest.mark.parametrize(
    ("proof", "header", "value"),
    [
        (EchoedToken(header="x-secret", option="proof_secret"), "x-secret", "{}"),
        (Bearer(option="proof_secret"), "authorization", "Bearer {}"),
        (Bearer(option="proof_secret"), "authorization", "bearer   {}"),
    ],
)
def test_a_shared_secret_passes_also_while_it_is_changed(
    proof: Proof, header: str, value: str, secret: str
) -> None:
    assert refused(proof, {header: value.format(secret)}) is None
    assert refused(proof, {header: value.format(secret + "x")}) == "secret_wrong"
    assert refused(proof, {header: value.format(secret[:-1])}) == "secret_wrong"
    assert refused(proof, {}) == "secret_missing"


def test_a_user_with_the_password_passes_and_with_another_does_not() -> None:
    proof = Basic(user="sklep", option="proof_secret")
    assert refused(proof, {"authorization": f"Basic {pair('sklep', SECRET)}"}) is None
    assert refused(proof, {"authorization": f"Basic {pair('sklep', OLD)}"}) is None
    assert refused(proof, {"authorization": f"Basic {pair('shop', SECRET)}"}) == "secret_wrong"
    assert refused(proof, {"authorization": f"Basic {pair('sklep', '')}"}) == "secret_wrong"
    assert refused(proof, {"authorization": "Basic not base64!"}) == "secret_wrong"
    assert refused(proof, {"authorization": f"Bearer {SECRET}"}) == "secret_missing"


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("prefix", ["", "SHA="])
def test_an_hmac_passes_as_it_was_agreed_on(algorithm: str, encoding: str, prefix: str) -> None:
    proof = Hmac(
        header="x-sign", option="proof_secret", algorithm=algorithm, encoding=encoding,
        prefix=prefix,
    )  # fmt: skip
    digest = made(SECRET, BODY, algorithm)
    shown = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert refused(proof, {"x-sign": prefix + shown}) is None
    assert refused(proof, {"x-sign": prefix + shown}, BODY + b" ") == "signature_wrong"
    assert refused(proof, {"x-sign": prefix + "0" + shown[1:]}) == "signature_wrong"
    assert refused(proof, {"x-sign": prefix}) in ("signature_wrong", "signature_missing")
    assert refused(proof, {}) == "signature_missing"
    if prefix:
        assert refused(proof, {"x-sign": shown}) == "signature_wrong"


def test_hex_may_be_written_in_capitals_and_base64_may_not() -> None:
    digest = made(SECRET, BODY)
    plain = Hmac(header="x-sign", option="proof_secret")
    assert refused(plain, {"x-sign": digest.hex().upper()}) is None
    coded = Hmac(header="x-sign", option="proof_secret", encoding="base64")
    shown = base64.b64encode(digest).decode()
    assert refused(coded, {"x-sign": shown.swapcase()}) == "signature_wrong"


TIMED = Hmac(
    header="x-sign", option="proof_secret", timestamp="x-time", signs="v1:{timestamp}.{body}"
)


def timed(at: str, signed: bytes | None = None) -> dict[str, str]:
    signed = b"v1:" + at.encode() + b"." + BODY if signed is None else signed
    return {"x-sign": made(SECRET, signed).hex(), "x-time": at}


@pytest.mark.parametrize("at", [STAMP, f"{STAMP}000", "2026-11-22T10:00:00Z"])
def test_a_time_that_is_signed_and_fresh_passes(at: str) -> None:
    assert refused(TIMED, timed(at)) is None


def test_a_time_that_is_stale_or_none_or_not_signed_does_not_pass() -> None:
    late = str(int((NOW - timedelta(seconds=301)).timestamp()))
    early = str(int((NOW + timedelta(seconds=301)).timestamp()))
    assert refused(TIMED, timed(late)) == refused(TIMED, timed(early)) == "timestamp_stale"
    assert refused(TIMED, timed("yesterday")) == "timestamp_malformed"
    assert refused(TIMED, timed(STAMP, BODY)) == "signature_wrong"
    assert refused(TIMED, {**timed(STAMP), "x-time": early}) == "signature_wrong"
    assert refused(TIMED, {"x-sign": timed(STAMP)["x-sign"]}) == "signature_missing"


def test_a_time_that_looks_like_the_body_signs_nothing_else() -> None:
    # What is put in for {timestamp} must not be read as {body} in its turn.
    forged = b"v1:" + BODY + b".{body}"
    assert refused(TIMED, {"x-sign": made(SECRET, forged).hex(), "x-time": "{body}"}) is not None


@pytest.mark.parametrize("rubbish", ["", " ", "ż" * 4000, "\udcff", "0" * 9000])
@pytest.mark.parametrize(
    "proof",
    [
        EchoedToken(header="x-sign", option="proof_secret"),
        Bearer(option="proof_secret"),
        Basic(user="shop", option="proof_secret"),
        Hmac(header="x-sign", option="proof_secret"),
        TIMED,
    ],
)
def test_rubbish_is_refused_and_nothing_else_is_raised(proof: Proof, rubbish: str) -> None:
    headers = {"x-sign": rubbish, "x-time": rubbish, "authorization": f"Basic {rubbish}"}
    assert refused(proof, headers) is not None
    assert refused(proof, {**headers, "authorization": f"Bearer {rubbish}"}) is not None


def test_without_a_secret_nothing_passes() -> None:
    bare = Connection(name="form", type="generic", options={"proof_secret": Secret("")})
    empty = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    for proof, headers in (
        (Bearer(option="proof_secret"), {"authorization": "Bearer x"}),
        (Basic(user="a", option="proof_secret"), {"authorization": f"Basic {pair('a', '')}"}),
        (Hmac(header="x-sign", option="proof_secret"), {"x-sign": empty}),
    ):
        with pytest.raises(Rejected):
            proof.check(headers, BODY, bare, NOW)


def test_a_source_that_nobody_connected_takes_nothing() -> None:
    assert refused(Closed(), {"authorization": f"Bearer {SECRET}"}) == "closed"


def test_in_words_a_proof_says_what_to_send_and_no_secret() -> None:
    assert str(Hmac(header="x-sign", option="o", prefix="sha256=")) == (
        "the header x-sign: sha256=<HMAC-SHA256 as hex> over {body}"
    )
    assert str(Basic(user="shop", option="o")).endswith("user shop, password <the secret>")
    assert "Bearer <the secret>" in str(Bearer(option="o"))
    assert str(EchoedToken(header="x-secret", option="o")) == "the header x-secret: <the secret>"
