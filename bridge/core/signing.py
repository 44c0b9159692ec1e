"""How a webhook proves itself, as data: one small class a scheme, compared in constant time.

Signatures are over the raw bytes. A proof returns nothing or raises `Rejected`; it never raises
anything else, whatever the headers hold (non-ASCII, nonsense timestamps, 8 KB of rubbish).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from bridge.core.errors import BridgeError, Rejected
from bridge.core.model import Connection
from bridge.core.untrusted import moment, read_json


class Proof(Protocol):
    """A signature scheme. *headers* have lower-case names; *now* is aware UTC."""

    def check(
        self, headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime
    ) -> None:
        """Return if the delivery is authentic; raise Rejected otherwise."""


class Handshake(Protocol):
    """How a platform makes sure that a URL is ours: a GET with a question."""

    def answer(self, query: Mapping[str, str], connection: Connection) -> str:
        """Return the text to answer with (200, text/plain); raise Rejected with status 403 otherwise."""


def same(given: str, expected: bytes) -> bool:
    """Whether *given* is *expected*, in time that does not depend on where they differ."""
    return hmac.compare_digest(
        hashlib.sha256(octets(given)).digest(), hashlib.sha256(expected).digest()
    )


def octets(words: str) -> bytes:
    """The bytes of *words*, whatever they are: a header or an environment may hold half characters."""
    return words.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacHex:
    """`<prefix><hex HMAC-SHA256 of the raw body>` in a header (Meta: X-Hub-Signature-256).

    `also` names further options whose secrets are as good: one address may serve several apps.
    """

    header: str
    option: str
    prefix: str = ""
    also: tuple[str, ...] = ()

    def check(
        self, headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime
    ) -> None:
        given = headers.get(self.header, "")
        if not given:
            raise Rejected("signature_missing", f"the header {self.header} is missing")
        matched = False
        options = (self.option, *self.also)
        for secret in (one for option in options for one in connection.secrets(option)):
            digest = hmac.new(octets(secret), body, hashlib.sha256).hexdigest()
            matched |= same(given, (self.prefix + digest).encode())
        if not matched:
            raise Rejected("signature_wrong", f"{self.header} does not match the body")


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoedToken:
    """A shared secret sent back as it is in a header (Telegram, Freshdesk)."""

    header: str
    option: str

    def __str__(self) -> str:
        return f"the header {self.header}: <the secret>"

    def check(
        self, headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime
    ) -> None:
        given = headers.get(self.header, "")
        if not given:
            raise Rejected("secret_missing", f"the header {self.header} is missing")
        matched = False
        for secret in connection.secrets(self.option):
            matched |= same(given, octets(secret))
        if not matched:
            raise Rejected("secret_wrong", f"{self.header} is not the configured secret")


_RFC3339 = re.compile(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacTimestamped:
    """base64 HMAC-SHA256 over timestamp header + raw body, fresh within `window` seconds (Zendesk).

    The stamp is that of the attempt, so the window holds for retries that come hours later.
    """

    header: str
    timestamp: str
    option: str
    window: float = 300.0

    def check(
        self, headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime
    ) -> None:
        given, at = headers.get(self.header, ""), headers.get(self.timestamp, "")
        if not given or not at:
            raise Rejected("signature_missing", f"{self.header} or {self.timestamp} is missing")
        stamp = octets(at)
        matched = False
        for secret in connection.secrets(self.option):
            digest = hmac.new(octets(secret), stamp + body, hashlib.sha256).digest()
            matched |= same(given, base64.b64encode(digest))
        if not matched:
            raise Rejected("signature_wrong", f"{self.header} does not match timestamp and body")
        if not _RFC3339.match(at):
            raise Rejected(
                "timestamp_malformed", f"{self.timestamp} is not a time like 2026-11-22T10:00:00Z"
            )
        try:
            sent = datetime.strptime(at[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            raise Rejected("timestamp_malformed", f"{self.timestamp} is no real time") from None
        if abs((now - sent).total_seconds()) > self.window:
            raise Rejected(
                "timestamp_stale",
                f"{self.timestamp} is more than {self.window:.0f} s off; check the clock",
            )


_CHALLENGE = re.compile(r"\A[A-Za-z0-9_.\-]{1,128}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubChallenge:
    """Meta's handshake: the verify token in, the challenge back. The challenge is untrusted text."""

    option: str

    def answer(self, query: Mapping[str, str], connection: Connection) -> str:
        token, challenge = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
        matched = False
        for secret in connection.secrets(self.option):
            matched |= same(token, octets(secret))
        if query.get("hub.mode") != "subscribe" or not matched:
            raise Rejected(
                "handshake_refused", "hub.verify_token is not the configured one", status=403
            )
        if not _CHALLENGE.match(challenge):
            raise Rejected(
                "handshake_malformed", "hub.challenge is missing or malformed", status=403
            )
        return challenge


# --- what a tool of anybody's may prove itself with (docs/sources.md) --------------------------------


class Closed:
    """Nothing gets in: a source that nobody has connected."""

    def check(
        self, headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime
    ) -> None:
        raise Rejected("closed", "no proof is agreed on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """`Authorization: Bearer <token>` (RFC 6750)."""

    option: str

    def __str__(self) -> str:
        return "the header Authorization: Bearer <the secret>"

    def check(
        self, headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime
    ) -> None:
        token = _credentials(headers, "bearer")
        matched = False
        for secret in connection.secrets(self.option):
            matched |= same(token, octets(secret))
        if not matched:
            raise Rejected("secret_wrong", "the bearer token is not the configured secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """`Authorization: Basic <base64 of user:password>` (RFC 7617, UTF-8)."""

    user: str
    option: str

    def __str__(self) -> str:
        return f"basic authentication: user {self.user}, password <the secret>"

    def check(
        self, headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime
    ) -> None:
        given = _credentials(headers, "basic")
        matched = False
        for secret in connection.secrets(self.option):
            pair = base64.b64encode(octets(f"{self.user}:{secret}"))
            matched |= same(given, pair)
        if not matched:
            raise Rejected("secret_wrong", "user or password is not the configured one")


def _credentials(headers: Mapping[str, str], scheme: str) -> str:
    """What follows the scheme's name in Authorization; raises Rejected when it is not there."""
    name, _, rest = headers.get("authorization", "").partition(" ")
    if name.lower() != scheme or not rest.strip():
        raise Rejected("secret_missing", f"the header authorization is missing or not {scheme}")
    return rest.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac:
    """`<prefix><HMAC>` in a header, as the other side was set to make it.

    `algorithm` is sha256, sha1 or sha512, `encoding` hex or base64. `signs` says what is signed:
    `{body}` is the raw body and `{timestamp}` the header `timestamp`, which must then lie within
    `window` seconds of now.
    """

    header: str
    option: str
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""
    signs: str = "{body}"
    timestamp: str = ""
    window: float = 300.0

    def __str__(self) -> str:
        made = f"{self.prefix}<HMAC-{self.algorithm.upper()} as {self.encoding}>"
        also = f" and the header {self.timestamp}" if self.timestamp else ""
        return f"the header {self.header}: {made} over {self.signs}{also}"

    def check(
        self, headers: Mapping[str, str], body: bytes, connection: Connection, now: datetime
    ) -> None:
        given, at = headers.get(self.header, "").strip(), headers.get(self.timestamp, "")
        if not given or (self.timestamp and not at):
            raise Rejected("signature_missing", f"{self.header} or {self.timestamp} is missing")
        before, _, after = (
            octets(piece.replace("{timestamp}", at)) for piece in self.signs.partition("{body}")
        )
        signed = before + body + after
        matched = False
        for secret in connection.secrets(self.option):
            digest = hmac.new(octets(secret), signed, self.algorithm).digest()
            if self.encoding == "base64":
                matched |= same(given, octets(self.prefix) + base64.b64encode(digest))
            else:
                matched |= same(given.lower(), octets(self.prefix.lower() + digest.hex()))
        if not matched:
            raise Rejected("signature_wrong", f"{self.header} does not match the body")
        if not self.timestamp:
            return
        sent = moment(at)
        if sent is None:
            raise Rejected("timestamp_malformed", f"{self.timestamp} is no time")
        if abs((now - sent).total_seconds()) > self.window:
            raise Rejected(
                "timestamp_stale",
                f"{self.timestamp} is more than {self.window:.0f} s off; check the clock",
            )


def signed_request(text: str, secret: str) -> dict[str, object]:
    """What Meta's `<signature>.<payload>` says, both base64url; Rejected where *secret* did not sign it.

    The signature is over the payload as it is written. Nothing of it is read before that is known.
    """
    given, _, payload = text.partition(".")
    digest = hmac.new(octets(secret), octets(payload), hashlib.sha256).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=")
    if not same(given.rstrip("="), expected):
        raise Rejected("signature_wrong", "the signature does not match the payload")
    try:
        told = read_json(base64.urlsafe_b64decode(octets(payload + "=" * (-len(payload) % 4))))
    except (BridgeError, ValueError):
        raise Rejected("unreadable", "the payload is no JSON") from None
    if not isinstance(told, dict) or str(told.get("algorithm", "")).upper() != "HMAC-SHA256":
        raise Rejected("algorithm", "the payload names another algorithm than HMAC-SHA256")
    return told
