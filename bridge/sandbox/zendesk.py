"""The Zendesk API over the desk. Source: the facts and recordings named in docs/sandbox.md, read 2026-11-22."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from bridge.sandbox import desk_shapes as shape
from bridge.sandbox.desk import Desk
from bridge.sandbox.desk_admin import AdminViews
from bridge.sandbox.desk_call import (
    Answered,
    Call,
    Refusal,
    too_many,
)
from bridge.sandbox.desk_hooks import DeskHooks
from bridge.sandbox.desk_records import Invalid, User
from bridge.sandbox.desk_views import DeskViews
from bridge.sandbox.ground import Ground
from bridge.sandbox.http import Request, Response, answer, text
from bridge.sandbox.limits import Spent
from bridge.sandbox.wires import (
    ZENDESK_API_TOKEN,
    ZENDESK_CLIENT_ID,
    ZENDESK_CLIENT_SECRET,
    ZENDESK_EMAIL,
)

UNLIMITED = 1_000_000


@dataclass(slots=True)
class Token:
    """A bearer token; `ends` is in the sandbox's time."""

    scopes: frozenset[str]
    ends: float


class Zendesk:
    """Answers calls to `{base}/zendesk/...`."""

    def __init__(self, ground: Ground, desk: Desk, hooks: DeskHooks) -> None:
        self.ground, self.desk = ground, desk
        self.tokens: dict[str, Token] = {}
        self.views = DeskViews(ground, desk, self._spend)
        self.admin = AdminViews(ground, desk, hooks)
        self._routes = [
            (method, re.compile(f"^/api/v2/{pattern}$"), resource, view)
            for method, pattern, resource, view in self.views.routes() + self.admin.routes()
        ]

    def clear(self) -> None:
        self.views.kept.clear()

    @property
    def base(self) -> str:
        return f"{self.ground.url}/zendesk"

    async def handle(self, request: Request, path: str) -> Response:
        headers = {
            "x-zendesk-api-version": "v2",
            "cache-control": "max-age=0, private, must-revalidate",
        }
        try:
            if path == "/oauth/tokens" and request.method == "POST":
                return answer(self._token(request), 201)
            if path.startswith("/attachments/token/"):
                return self._download(path.split("/")[3])
            status, body = await self._call(request, path, headers)
        except Invalid as error:
            details = {
                name: [{"description": sentence}] for name, sentence in error.details.items()
            }
            status = 422
            body = {
                "error": "RecordInvalid",
                "description": "Record validation errors",
                "details": details,
            }
            self.ground.refuse("zendesk", request, status, "RecordInvalid", str(error))
        except Refusal as error:
            status, body = error.status, error.body
            headers.update(error.headers)
            self.ground.refuse("zendesk", request, status, error.code, str(error))
        if isinstance(body, str):
            response = text(body, status)
        elif status == 204:
            response = Response(204)
        else:
            response = answer(body, status)
        response.headers.update(headers)
        return response

    async def _call(self, request: Request, path: str, headers: dict[str, str]) -> Answered:
        bare = path.rstrip("/")
        if not bare.startswith("/api/v2/webhooks"):
            bare = bare.removesuffix(".json")
        user, scopes = self._caller(request)
        if user is None:
            if bare == "/api/v2/users/me":
                return 200, {"user": shape.ANONYMOUS}
            raise Refusal(401, {"error": "Couldn't authenticate you"})
        self._spend_account(bare, headers)
        if bare == "/api/v2/webhooks/test" and request.method == "POST":
            self._allowed(scopes, "POST", "webhooks")
            return await self.admin.test_webhook(Call(request, user, headers))
        for method, pattern, resource, view in self._routes:
            if method == request.method and (found := pattern.match(bare)):
                self._allowed(scopes, method, resource)
                return view(Call(request, user, headers), *found.groups())
        raise Refusal(404, {"error": "InvalidEndpoint", "description": "Not found"})

    def _token(self, request: Request) -> dict[str, Any]:
        kind = request.headers.get("content-type", "")
        body = (
            request.json()
            if "json" in kind
            else dict(parse_qsl(request.body.decode("utf-8", "replace")))
        )
        if not isinstance(body, dict) or body.get("grant_type") != "client_credentials":
            raise Refusal(400, {"error": "unsupported_grant_type", "error_description": "The authorization grant type is not supported by the authorization server."})  # fmt: skip
        known = secrets.compare_digest(
            str(body.get("client_secret")).encode(), ZENDESK_CLIENT_SECRET.encode()
        )
        usable = self.ground.settings.zendesk_client == "valid"
        if body.get("client_id") != ZENDESK_CLIENT_ID or not known or not usable:
            raise Refusal(401, {"error": "invalid_client", "error_description": "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."})  # fmt: skip
        life = body.get("expires_in", self.ground.settings.zendesk_token_life)
        if not str(life).isdigit() or (("expires_in" in body) and not 300 < int(life) < 172_800):
            raise Refusal(400, {"error": "invalid_request", "error_description": "expires_in must be more than 300 and less than 172800"})  # fmt: skip
        scope = str(body.get("scope", "read write"))
        value = secrets.token_hex(32)
        self.tokens[value] = Token(frozenset(scope.split()), self.ground.clock.now() + int(life))
        self.ground.record.add(
            "zendesk", "token", "bridge", None, id=value[:6], scope=scope, expires_in=int(life)
        )
        return {
            "access_token": value,
            "token_type": "bearer",
            "scope": scope,
            "expires_in": int(life),
        }

    def _caller(self, request: Request) -> tuple[User | None, frozenset[str]]:
        """Who calls and with which scopes; None without valid credentials."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            token = self.tokens.get(value)
            if token is None or token.ends <= self.ground.clock.now():
                self.tokens.pop(value, None)
                raise Refusal(401, {"error": "invalid_token", "error_description": "The access token provided is expired, revoked, malformed or invalid for other reasons."},
                              {"www-authenticate": 'Bearer realm="zendesk", error="invalid_token"'})  # fmt: skip
            return self.desk.bridge, token.scopes
        if scheme.lower() == "basic":
            try:
                pair = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                pair = ""
            good = f"{ZENDESK_EMAIL}/token:{ZENDESK_API_TOKEN}"
            if pair == good and self.ground.settings.zendesk_api_tokens == "valid":
                return self.desk.bridge, frozenset(("read", "write"))
        return None, frozenset()

    def _allowed(self, scopes: frozenset[str], method: str, resource: str) -> None:
        verb = "read" if method == "GET" else "write"
        if not scopes & {verb, f"{resource}:{verb}"}:
            raise Refusal(403, {"error": {"title": "Forbidden", "message": "You do not have access to this page. Please contact the account owner of this help desk for further help."}})  # fmt: skip

    def _spend(self, name: str, total: int, seconds: float) -> Spent:
        if not self.ground.limited:
            return Spent(UNLIMITED, UNLIMITED - 1, 60, False)
        return self.ground.limits.take(f"zendesk {name}", total, seconds)

    def _spend_account(self, path: str, headers: dict[str, str]) -> None:
        own = path.startswith("/api/v2/webhooks")
        rate = "webhooks_per_minute" if own else "account_per_minute"
        spent = self._spend(rate, self.ground.rates["zendesk"][rate], 60)
        total, left = str(spent.total), str(spent.remaining)
        headers.update({"x-rate-limit": total, "x-rate-limit-remaining": left})
        if not own:
            headers.update(
                {
                    "ratelimit-limit": total,
                    "ratelimit-remaining": left,
                    "ratelimit-reset": str(spent.reset),
                }
            )
        if spent.refused:
            raise too_many("API requests", spent)

    def _download(self, token: str) -> Response:
        if (file := self.desk.attachments.get(token)) is None:
            return text("Not found", 404)
        return Response(
            200, file.content, {"content-type": file.kind, "content-disposition": "attachment"}
        )
