"""Meta's data deletion request: who may ask, what is kept of it, and what everybody may read of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.core.errors import TransientError
from bridge.core.model import Connection, Secret
from bridge.settings import Settings
from bridge.web import create_app

PERSON = "7734501"


class FakeBridge:
    """The parts that are asked for; `asked` is what was kept."""

    def __init__(self, **settings: Any) -> None:
        self.settings = Settings(**settings)
        options = {
            "meta": {"app_secrets": (Secret("old"), Secret("new"))},
            "shop": {"instagram_app_secrets": (Secret("new"),)},
            "other": {"app_secrets": (Secret("theirs"),)},
        }
        connections = {
            name: Connection(name=name, type="meta", options=one) for name, one in options.items()
        }
        connections["bot"] = Connection(
            name="bot", type="telegram", options={"app_secrets": (Secret("new"),)}
        )
        self.config = SimpleNamespace(connections=connections)
        self.asked: dict[str, dict[str, Any]] = {}
        self.away = False
        self.store = SimpleNamespace(
            ask_erasure=self._ask, erasure=lambda code: self.asked.get(code, {})
        )

    def _ask(self, code: str, person: str, connections: list[str], at: str) -> None:
        if self.away:
            raise TransientError("redis_away", "Redis does not answer")
        self.asked.setdefault(code, {"person": person, "connections": connections, "at": at})

    def source(self, connection: Connection) -> None:
        return None

    def helpdesk(self, connection: Connection) -> Any:
        return SimpleNamespace(proof=None)

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def bridge() -> FakeBridge:
    return FakeBridge()


def asks(secret: str = "new", said: Any = None, **more: Any) -> str:
    """A request as Meta signs it."""
    told = {"algorithm": "HMAC-SHA256", "issued_at": 1764000000, "user_id": PERSON, **more}
    raw = json.dumps(told if said is None else said).encode()
    payload = base64.urlsafe_b64encode(raw).rstrip(b"=")
    mark = base64.urlsafe_b64encode(hmac.new(secret.encode(), payload, hashlib.sha256).digest())
    return f"{mark.rstrip(b'=').decode()}.{payload.decode()}"


def post(bridge: FakeBridge, text: str) -> Any:
    return create_app(bridge).test_client().post("/privacy/meta", data={"signed_request": text})  # type: ignore[arg-type]


def test_a_signed_request_is_kept_for_the_connections_of_its_app(bridge: FakeBridge) -> None:
    answer = post(bridge, asks())
    assert answer.status_code == 200
    code = answer.json["confirmation_code"]
    assert answer.json == {
        "url": f"http://localhost/privacy/meta/{code}",
        "confirmation_code": code,
    }
    assert list(bridge.asked) == [code]
    assert bridge.asked[code]["person"] == PERSON
    assert bridge.asked[code]["connections"] == ["meta", "shop"]
    assert PERSON not in answer.text


@pytest.mark.parametrize("secret", ["old", "new"])
def test_both_secrets_pass_while_one_is_replaced(bridge: FakeBridge, secret: str) -> None:
    assert post(bridge, asks(secret)).status_code == 200


def test_the_same_request_is_one_and_another_is_another(bridge: FakeBridge) -> None:
    assert post(bridge, asks()).json == post(bridge, asks()).json
    assert post(bridge, asks(issued_at=1764000001)).status_code == 200
    assert len(bridge.asked) == 2


def test_the_address_for_the_person_is_the_public_one() -> None:
    bridge = FakeBridge(public_url="https://bridge.example.com")
    assert post(bridge, asks()).json["url"].startswith("https://bridge.example.com/privacy/meta/")


@pytest.mark.parametrize(
    "text",
    [
        asks("wrong"), asks("new")[:-2], "." + asks().partition(".")[2], asks().partition(".")[0],
        "x" * 500, "é\ud800.é".encode("utf-8", "replace").decode(), ".", asks(algorithm="none"),
        asks(algorithm=None), asks(said=["user_id"]), asks(user_id=""), asks(user_id=None),
        asks(said="x"), asks().replace(".", ".."),
    ],
)  # fmt: skip
def test_whatever_is_not_signed_or_says_nobody_is_one_and_the_same_401(
    bridge: FakeBridge, text: str
) -> None:
    answer = post(bridge, text)
    assert (answer.status_code, answer.json["error"]) == (401, "unauthorized")
    assert answer.json == post(bridge, asks("wrong")).json
    assert bridge.asked == {}


def test_without_the_field_it_is_a_400(bridge: FakeBridge) -> None:
    assert create_app(bridge).test_client().post("/privacy/meta").status_code == 400  # type: ignore[arg-type]


def test_what_cannot_be_kept_is_no_200(bridge: FakeBridge) -> None:
    bridge.away = True
    answer = post(bridge, asks())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_of_an_absurd_id_as_much_is_kept_as_ids_are_long(bridge: FakeBridge) -> None:
    code = post(bridge, asks(user_id="7" * 1000)).json["confirmation_code"]
    assert bridge.asked[code]["person"] == "7" * 64


def test_how_it_stands_is_told_without_a_name(bridge: FakeBridge) -> None:
    web = create_app(bridge).test_client()  # type: ignore[arg-type]
    code = post(bridge, asks()).json["confirmation_code"]
    page = web.get(f"/privacy/meta/{code}")
    assert (page.status_code, page.mimetype) == (200, "text/plain")
    assert "is being deleted" in page.text
    assert page.headers["Cache-Control"] == "no-store"  # it says another thing in an hour
    bridge.asked[code] = {"done": "2026-11-22T10:01:00+00:00"}
    page = web.get(f"/privacy/meta/{code}")
    assert "was deleted on 2026-11-22" in page.text
    assert PERSON not in page.text
    assert web.get("/privacy/meta/another").status_code == 404
