"""Fixtures, connections and hand-played platforms for the tests of the channels."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge.core.calls import Calls, HttpRequest, HttpResponse, drive
from bridge.core.model import Account, Connection, Secret, Target

FIXTURES = Path(__file__).parents[1] / "channels"
SOURCE_OF = {
    "facebook": "meta",
    "messenger": "meta",
    "instagram": "meta",
    "whatsapp": "meta",
    "threads": "meta",
    "telegram": "telegram",
}
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PAGE = "1067000000000001"

# Every secret of the connections below; none may show anywhere.
SECRETS = {
    "app": "app-secret-5b1f",
    "old": "rotated-app-secret-77aa",
    "verify": "verify-token-90cc",
    "page": "EAAB-page-token-31fe",
    "bot": "700700700:AA-bot-token-4d2e",
    "hook": "webhook-secret_88ab",
}


def fixtures() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(channel, name, fixture) of every own fixture; a fixture has about, payload, expected."""
    for channel in SOURCE_OF:
        for path in sorted((FIXTURES / channel).glob("*.json")):
            yield channel, path.stem, json.loads(path.read_text())


SHARED = Path(__file__).parents[3] / "shared" / "payloads"
FOLDERS = {
    "facebook_page": "meta",
    "messenger": "meta",
    "instagram": "meta",
    "whatsapp": "meta",
    "threads": "meta",
    "telegram": "telegram",
}


def recorded() -> list[tuple[str, Any]]:
    """(source, payload) of the recorded payloads beside this repository, where they are."""
    return [
        (source, json.loads(path.read_text()))
        for folder, source in FOLDERS.items()
        for path in sorted((SHARED / folder).glob("*.json"))
        if path.name != "expected.json"
    ]


def meta(**options: Any) -> Connection:
    return Connection(
        name="meta",
        type="meta",
        options={
            "app_secrets": (Secret(SECRETS["app"]), Secret(SECRETS["old"])),
            "verify_token": Secret(SECRETS["verify"]),
            **options,
        },
        accounts=(
            Account(channel="facebook", id=PAGE, name="Acme", token=Secret(SECRETS["page"])),
        ),
    )


def telegram(**options: Any) -> Connection:
    return Connection(
        name="bot",
        type="telegram",
        options={
            "token": Secret(SECRETS["bot"]),
            "webhook_secret": Secret(SECRETS["hook"]),
            **options,
        },
        accounts=(Account(channel="telegram"),),
    )


CONNECTIONS: dict[str, Callable[..., Connection]] = {"meta": meta, "telegram": telegram}


def proof(source: str, body: bytes, *, secret: str | None = None) -> dict[str, str]:
    """The headers that prove *body*, as the platform would send them."""
    if source == "telegram":
        return {"x-telegram-bot-api-secret-token": secret or SECRETS["hook"]}
    key = (secret or SECRETS["app"]).encode()
    return {"x-hub-signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}


def target(channel: str, answer: Mapping[str, str], **more: Any) -> Target:
    connection = telegram() if channel == "telegram" else meta()
    return Target(
        connection=connection,
        account=connection.accounts[0],
        channel=channel,
        **{
            "account_id": PAGE,
            "thread_id": None,
            "person_id": "31",
            "item_id": None,
            "answer": answer,
            **more,
        },
    )


def said(status: int, body: object = None, **headers: str) -> HttpResponse:
    """An answer; *body* is JSON unless it is bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=raw,
    )


class Played:
    """Plays the platform: gives the answers in order, keeps the requests."""

    def __init__(self, *answers: HttpResponse | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[HttpRequest] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def drive(self, calls: Calls[Any]) -> Any:
        result = drive(calls, self)
        assert not self.answers, "not all answers were asked for"
        return result
