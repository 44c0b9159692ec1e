"""Tools of the contract tests: canaries for secrets, proofs, fixtures, and the other side played."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from support.given import PLATFORMS, Yes
from support.odd import spoiled

from bridge.channels.base import Channel, Source
from bridge.core.calls import Calls, HttpRequest, HttpResponse, drive
from bridge.core.errors import BridgeError
from bridge.core.model import Account, Connection, Delivery, Message, Secret, Target
from bridge.core.signing import Basic, Bearer, EchoedToken, Hmac, HmacHex, HmacTimestamped
from bridge.helpdesks.base import Helpdesk

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TESTS = Path(__file__).parents[1]
SHARED = TESTS.parents[1] / "shared"

# --- secrets and connections -----------------------------------------------------------------


def canary(option: str, generation: str = "current") -> str:
    """A secret that a test finds wherever it shows. The digits make it a Telegram token as well."""
    return f"700700700:{generation}-{option}-canary"


def connection(
    record: Source | Helpdesk, options: Mapping[str, Any], accounts: tuple[Account, ...] = ()
) -> Connection:
    """A connection with every secret of *record*: the new one first, then the one rotated out."""
    secrets = {
        name: tuple(Secret(canary(name, age)) for age in ("current", "old"))
        for name in record.secrets
    }
    return Connection(
        name=f"our-{record.name}",
        type=record.name,
        options={**record.options, **options, **secrets},
        accounts=accounts,
    )


def shows_a_secret(*shown: object) -> bool:
    """Whether a canary can be read in any of *shown*, plain or percent-encoded."""
    return "canary" in unquote(" ".join(map(str, shown)))


# --- proofs ----------------------------------------------------------------------------------


def proven(proof: Any, body: bytes, secret: str, now: datetime = NOW) -> dict[str, str]:
    """The headers that the other side sends with *body*, made here and not by our own code."""
    key = secret.encode()
    at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    match proof:
        case HmacHex():
            return {proof.header: proof.prefix + hmac.new(key, body, hashlib.sha256).hexdigest()}
        case EchoedToken():
            return {proof.header: secret}
        case HmacTimestamped():
            digest = hmac.new(key, at.encode() + body, hashlib.sha256).digest()
            return {proof.header: base64.b64encode(digest).decode(), proof.timestamp: at}
        case Bearer():
            return {"authorization": f"Bearer {secret}"}
        case Basic():
            pair = f"{proof.user}:{secret}".encode()
            return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
        case Hmac():
            signed = proof.signs.replace("{timestamp}", at).encode()
            digest = hmac.new(key, signed.replace(b"{body}", body), proof.algorithm).digest()
            coded = (
                base64.b64encode(digest).decode() if proof.encoding == "base64" else digest.hex()
            )
            stamp = {proof.timestamp: at} if proof.timestamp else {}
            return {proof.header: proof.prefix + coded, **stamp}
    raise NotImplementedError(f"tests/support/contract.py cannot sign for {type(proof).__name__}")


def covers_body(proof: Any) -> bool:
    """Whether the proof depends on the body; a secret that is only sent along does not."""
    return not isinstance(proof, EchoedToken | Bearer | Basic)


# --- fixtures --------------------------------------------------------------------------------


def payloads(channel: str) -> list[tuple[str, dict[str, Any]]]:
    """(name, fixture) of a channel's own fixtures; a fixture has about, payload, expected."""
    folder = TESTS / "channels" / channel
    return [(path.stem, json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def table(helpdesk: str, name: str) -> list[dict[str, Any]]:
    """The rows of a helpdesk's fixture file: events or answers, each with its idea."""
    path = TESTS / "helpdesks" / helpdesk / f"{name}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    return rows


def recorded(helpdesk: str) -> Iterator[tuple[str, Any]]:
    """(place, body) of every answer recorded beside this repository, where that is."""
    for path in sorted((SHARED / "contracts" / helpdesk).rglob("*.json")):
        yield from _answers(str(path.relative_to(SHARED)), json.loads(path.read_text()))


def _answers(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Whole files, and what stands in them as the body of an answer."""
    yield place, value
    rows = value if isinstance(value, list) else [value]
    for at, row in enumerate(rows):
        if isinstance(row, dict):
            for key in ("response", "body", "answer"):
                if key in row:
                    inner = row[key]
                    inner = inner.get("body", inner) if isinstance(inner, dict) else inner
                    yield f"{place}[{at}].{key}", inner


# --- playing the other side ------------------------------------------------------------------


def answer(given: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """*given* as an answer: a response as it is, bytes as the body, all else as JSON."""
    if isinstance(given, HttpResponse):
        return given
    body = given if isinstance(given, bytes) else json.dumps(given).encode()
    return HttpResponse(status=status, headers=headers or {}, body=body)


class Other:
    """Plays the other side: says *yes* to everything but request number *at*, which gets *no*."""

    def __init__(self, yes: Yes, no: HttpResponse | None = None, at: int = 0) -> None:
        self.yes, self.no, self.at = yes, no, at
        self.asked: list[HttpRequest] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        if self.no is not None and len(self.asked) - 1 == self.at:
            return self.no
        return answer(self.yes(request))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one refused request: the error raised, or None and the result."""

    request: HttpRequest
    first: bool
    error: BridgeError | None
    result: Any = None

    @property
    def shown(self) -> str:
        """All that an error, or the result, may show somewhere."""
        return f"{self.error!r} {self.error} {getattr(self.error, 'detail', '')} {self.result!r}"


def outcomes(do: Callable[[], Calls[Any]], yes: Yes, no: HttpResponse) -> Iterator[Outcome]:
    """What comes of *no* as the answer to each request of *do* in turn, the others answered *yes*."""
    at = 0
    while (outcome := _outcome(do, yes, no, at)) is not None:
        yield outcome
        at += 1


def _outcome(do: Callable[[], Calls[Any]], yes: Yes, no: HttpResponse, at: int) -> Outcome | None:
    """What comes of *no* to request number *at*; None where there is none."""
    other, error, result = Other(yes, no, at), None, None
    try:
        result = drive(do(), other)
    except BridgeError as caught:
        error = caught
    if at >= len(other.asked):
        return None
    return Outcome(request=other.asked[at], first=at == 0, error=error, result=result)


def answers_spoiled(do: Callable[[], Calls[Any]], yes: Yes) -> Iterator[tuple[str, Outcome | None]]:
    """What comes of *do* with every odd value in every place of every answer, one at a time."""
    right = Other(yes)
    with suppress(BridgeError):
        drive(do(), right)
    for at, request in enumerate(right.asked):
        given = yes(request)
        if isinstance(given, dict | list):
            for what, body in spoiled(given):
                yield f"{request}: {what}", _outcome(do, yes, answer(body), at)


def said(request: HttpRequest) -> str:
    """Everything a request says, as one text; JSON and forms without their escapes."""
    parts = [name if isinstance(name, str) else "" for pair in request.parts for name in pair]
    body = (request.body or b"").decode("utf-8", "replace")
    return "\n".join([body, *_texts(request.json), *request.params.values(), *parts,
                      *(request.form or {}).values()])  # fmt: skip


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


# --- parsing and targets ---------------------------------------------------------------------


def parsed(source: Source, payload: Any, **more: Any) -> list[Message]:
    """The events of *payload*, sent as JSON or as the bytes it is."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return source.parse(
        Delivery(
            **{"connection": "our", "source": source.name, "body": body, "received_at": NOW} | more
        )
    )


def target(source: Source, channel: Channel, message: Message, login: Mapping[str, Any]) -> Target:
    """Where an answer to *message* goes, as the engine would say it."""
    given = PLATFORMS[source.name]
    account = Account(
        channel=channel.name,
        id=message.account_id or "700700700",
        name="Acme",
        token=Secret(canary("account")),
        options={**getattr(source, "account_options", {}), **login},
    )
    return Target(
        connection=connection(source, given.options, (account,)),
        account=account,
        channel=channel.name,
        account_id=account.id,
        thread_id=message.thread_id,
        person_id=message.person,
        item_id=message.external_id,
        answer=message.answer,
    )
