"""Talking to the web process as strangers do: byte by byte, with proofs that are right, wrong or none."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from bridge.sandbox import wires

SECRET = "a-secret-made-up-for-attacks-81c7"
CONNECTIONS = """
  secret-header:
    type: generic
    source: contact-form
    proof: {header_secret: {name: X-Bridge-Secret, value: "${ATTACK_SECRET}"}}
    helpdesk: zendesk
  basic:
    type: generic
    source: contact-form
    proof: {basic: {user: tool, password: "${ATTACK_SECRET}"}}
    helpdesk: zendesk
  bearer:
    type: generic
    source: contact-form
    proof: {bearer: "${ATTACK_SECRET}"}
    helpdesk: zendesk
  sha1:
    type: generic
    source: contact-form
    proof: {hmac: {header: X-Signature, secret: "${ATTACK_SECRET}", algorithm: sha1, prefix: "sha1="}}
    helpdesk: zendesk
  sha512:
    type: generic
    source: contact-form
    proof: {hmac: {header: X-Signature, secret: "${ATTACK_SECRET}", algorithm: sha512, encoding: base64}}
    helpdesk: zendesk
  stamped:
    type: generic
    source: contact-form
    proof: {hmac: {header: X-Signature, secret: "${ATTACK_SECRET}", signs: "v0:{timestamp}:{body}",
                   timestamp: X-Timestamp, prefix: "v0="}}
    helpdesk: zendesk
"""


def stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hex(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), body, algorithm).hexdigest()


def _base64(secret: str, body: bytes, algorithm: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, algorithm).digest()).decode()


def _zendesk(body: bytes, at: str = "") -> dict[str, str]:
    at = at or stamp()
    signed = _base64(wires.ZENDESK_WEBHOOK_SECRET, at.encode() + body, "sha256")
    return {
        "X-Zendesk-Webhook-Signature": signed, "X-Zendesk-Webhook-Signature-Timestamp": at,
    }  # fmt: skip


def _stamped(body: bytes, at: str = "") -> dict[str, str]:
    at = at or str(int(time.time()))
    signed = _hex(SECRET, b"v0:%s:%s" % (at.encode(), body))
    return {"X-Signature": f"v0={signed}", "X-Timestamp": at}


@dataclass(frozen=True, slots=True)
class Proof:
    """How one connection's deliveries prove themselves; `signs` says whether over the body."""

    prove: Callable[[bytes], dict[str, str]]
    signs: bool


def _basic(_: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"tool:{SECRET}".encode()).decode()}


PROOFS: Mapping[str, Proof] = {
    "meta": Proof(
        lambda body: {"X-Hub-Signature-256": f"sha256={_hex(wires.APP_SECRET, body)}"}, True
    ),
    "telegram": Proof(lambda _: {"X-Telegram-Bot-Api-Secret-Token": wires.TELEGRAM_SECRET}, False),
    "zendesk": Proof(_zendesk, True),
    "freshdesk": Proof(lambda _: {"X-Bridge-Secret": wires.FRESHDESK_WEBHOOK_SECRET}, False),
    "secret-header": Proof(lambda _: {"X-Bridge-Secret": SECRET}, False),
    "basic": Proof(_basic, False),
    "bearer": Proof(lambda _: {"Authorization": f"Bearer {SECRET}"}, False),
    "sha1": Proof(lambda body: {"X-Signature": f"sha1={_hex(SECRET, body, 'sha1')}"}, True),
    "sha512": Proof(lambda body: {"X-Signature": _base64(SECRET, body, "sha512")}, True),
    "stamped": Proof(_stamped, True),
}
at_zendesk, at_stamped = _zendesk, _stamped


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: str
    body: bytes

    def header(self, name: str) -> str | None:
        found = re.search(rf"(?im)^{re.escape(name)}: *(.*?)\r?$", self.head)
        return found[1] if found else None


caller = ""
"""Whose address calls, for what is counted by address; "" is the machine's own."""


def dial(url: str, seconds: float = 30.0) -> socket.socket:
    place = urlsplit(url)
    port = 0  # any
    return socket.create_connection(
        (place.hostname or "", place.port or 80), seconds, (caller, port) if caller else None
    )


def read_answer(sock: socket.socket, *, bare: bool = False) -> Answer:
    """One answer; status 0 when the server hung up without any. *bare*: it has no body, as for HEAD."""
    data = b""
    try:
        while b"\r\n\r\n" not in data and (piece := sock.recv(65536)):
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
        while (
            not bare
            and (length is None or len(body) < int(length[1]))
            and (piece := sock.recv(65536))
        ):
            body += piece
    except ConnectionError:
        head, _, body = data.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.[01] ([0-9]{3})", head)
    return Answer(int(status[1]) if status else 0, head.decode("latin-1"), body)


def raw(url: str, data: bytes, seconds: float = 30.0, *, bare: bool = False) -> Answer:
    """What comes back for exactly these bytes."""
    with dial(url, seconds) as sock:
        with contextlib.suppress(ConnectionError):  # cut off, and an answer may have come even so
            sock.sendall(data)
        return read_answer(sock, bare=bare)


def request(
    url: str,
    method: str,
    path: str,
    headers: Mapping[str, str | bytes] | list[tuple[str, str | bytes]] = (),  # type: ignore[assignment]
    body: bytes = b"",
) -> Answer:
    """One request with these headers exactly as given, non-ASCII and all."""
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    names = {name.lower() for name, _ in pairs}
    lines = [f"{method} {path} HTTP/1.1".encode()]
    if "host" not in names:
        lines.append(b"Host: bridge.example.com")
    if (body or method == "POST") and not names & {"content-length", "transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    for name, value in pairs:
        given = value if isinstance(value, bytes) else value.encode("utf-8")
        lines.append(name.encode() + b": " + given)
    return raw(url, b"\r\n".join([*lines, b"", b""]) + body, bare=method == "HEAD")


def post(
    url: str, connection: str, body: bytes, headers: Mapping[str, str | bytes] | None = None
) -> Answer:
    """A delivery; *headers* None: with the right proof."""
    given = PROOFS[connection].prove(body) if headers is None else headers
    return request(
        url, "POST", f"/hooks/{connection}", {"Content-Type": "application/json", **given}, body
    )


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
