"""The Freshdesk API over its state. Source: the facts and recordings named in docs/sandbox.md, read 2026-11."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import Any

from bridge.sandbox.fresh import Blocked, Fresh
from bridge.sandbox.fresh_call import Answered, Call, Refusal, View, not_allowed, not_found
from bridge.sandbox.fresh_fields import Invalid
from bridge.sandbox.fresh_people import PeopleViews
from bridge.sandbox.fresh_shapes import signature
from bridge.sandbox.fresh_views import TicketViews
from bridge.sandbox.ground import Ground
from bridge.sandbox.http import Request, Response, answer, text
from bridge.sandbox.wires import FRESHDESK_API_KEY

LOCKED_AFTER, LOCKED_FOR = 10, 1800.0  # wrong keys in a row; seconds (ours: not documented)
UNLIMITED = 1_000_000
# Which calls have a share of their own of the account's budget.
SHARES = {
    ("POST", "tickets"): "creates_per_minute",
    ("PUT", r"tickets/(\d+)"): "updates_per_minute",
    ("GET", "tickets"): "ticket_lists_per_minute",
    ("GET", "contacts"): "contact_lists_per_minute",
}
NOT_FOUND_PAGE = "<!DOCTYPE html>\n<html><head><title>Page not found</title></head><body>Oops</body></html>\n"  # fmt: skip


class Freshdesk:
    """Answers calls to `{base}/freshdesk/...`."""

    def __init__(self, ground: Ground, fresh: Fresh) -> None:
        self.ground, self.fresh = ground, fresh
        self._wrong = 0  # bad credentials in a row
        self._locked = 0.0  # until then
        self._key = "valid"  # as the settings had it at the last call
        routes = TicketViews(ground, fresh).routes() + PeopleViews(ground, fresh).routes()
        self._routes: list[tuple[str, re.Pattern[str], str | None, View]] = [
            (method, re.compile(f"^/api/v2/{pattern}$"), SHARES.get((method, pattern)), view)
            for method, pattern, view in routes
        ]

    def clear(self) -> None:
        self._wrong, self._locked = 0, 0.0

    @property
    def base(self) -> str:
        return f"{self.ground.url}/freshdesk"

    async def handle(self, request: Request, path: str) -> Response:
        if path.startswith("/attachments/"):
            return self._download(request, path)
        if not path.startswith("/api/v2/"):
            return text(NOT_FOUND_PAGE, 404, "text/html; charset=utf-8")
        headers = {
            "x-freshdesk-api-version": "latest=v2; requested=v2",
            "cache-control": "must-revalidate, no-cache, no-store, private, max-age=0",
        }
        try:
            status, body = self._call(request, path.rstrip("/"), headers)
        except Blocked:
            status, body = 405, None
            self.ground.refuse("freshdesk", request, status, None, "the contact is deleted")
        except Invalid as error:
            status = 400
            errors = [{"field": one.field, "message": one.message, "code": one.code} for one in error.problems]  # fmt: skip
            body = {"description": "Validation failed", "errors": errors}
            self.ground.refuse("freshdesk", request, status, errors[0]["code"], str(error))
        except Refusal as error:
            status, body = error.status, error.body
            headers.update(error.headers)
            self.ground.refuse("freshdesk", request, status, error.code, str(error))
        if body is None:  # what is not found, not allowed or too much is told without a word
            response = Response(status, b"", {"content-type": "application/json; charset=utf-8"})
        else:
            response = answer(body, status)
        response.headers.update(headers)
        return response

    def _call(self, request: Request, path: str, headers: dict[str, str]) -> Answered:
        accepted = request.headers.get("accept", "*/*").lower()
        if not any(one in accepted for one in ("application/json", "*/*")):
            raise Refusal(406)
        view, found, share = self._route(request.method, path)
        self._spend(request, share, headers)  # whatever becomes of it: invalid calls count
        self._known(request)
        self._kind(request)
        if view is None or found is None:
            others = sorted(method for method, pattern, _, _ in self._routes if pattern.match(path))
            raise not_allowed(*others) if others else not_found()
        return view(Call(request, self.base, headers), *found.groups())

    def _route(
        self, method: str, path: str
    ) -> tuple[View | None, re.Match[str] | None, str | None]:
        for known, pattern, share, view in self._routes:
            if known == method and (found := pattern.match(path)):
                return view, found, share
        return None, None, None

    def _kind(self, request: Request) -> None:
        """Refuse what is neither JSON nor a form. Raises Refusal."""
        if request.method in ("GET", "DELETE"):
            if request.body:
                raise Refusal(400, {"code": "no_content_required", "message": "No content required for this request"})  # fmt: skip
            return
        kind = request.headers.get("content-type", "").lower()
        if request.body and not kind.startswith(("application/json", "multipart/form-data")):
            raise Refusal(415)

    def _known(self, request: Request) -> None:
        """Let pass who has the key. Raises Refusal: 401, and 403 once there were too many of those."""
        now, key = self.ground.clock.now(), self.ground.settings.freshdesk_key
        if key != self._key:  # whoever mends a key has the account let in again, too
            self._key = key
            self.clear()
        if now < self._locked:
            raise Refusal(403, {"code": "password_lockout", "message": "You have exceeded the maximum number of failed login attempts. Try again later."})  # fmt: skip
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            pair = base64.b64decode(value, validate=True).decode() if scheme.lower() == "basic" else ""  # fmt: skip
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        given, mark, _ = pair.partition(":")  # any text is good for a password
        known = secrets.compare_digest(given.encode(), FRESHDESK_API_KEY.encode())
        if known and mark and key == "valid":
            self._wrong = 0
            return
        self._wrong += 1
        if self._wrong >= LOCKED_AFTER:
            self._wrong, self._locked = 0, now + LOCKED_FOR
        raise Refusal(401, {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."})  # fmt: skip

    def _spend(self, request: Request, share: str | None, headers: dict[str, str]) -> None:
        """Take the call's credits from the account's minute, and from its share. Raises Refusal."""
        asked = len([one for one in request.query.get("include", "").split(",") if one])
        cost = 1 + asked * (2 if share == "ticket_lists_per_minute" else 1)
        rates = self.ground.rates["freshdesk"]
        total, left, reset, refused = UNLIMITED, UNLIMITED, 60, False
        if self.ground.limited:
            total = rates["account_per_minute"]
            limits = self.ground.limits
            spent = limits.take("freshdesk account", total, 60, cost)
            left, reset, refused = spent.remaining, spent.reset, spent.refused
            if share is not None and not refused:
                own = limits.take(f"freshdesk {share}", rates[share], 60)
                reset, refused = own.reset, own.refused
        headers.update({
            "x-ratelimit-total": str(total), "x-ratelimit-remaining": str(left),
            "x-ratelimit-used-currentrequest": str(cost),
        })  # fmt: skip
        if refused:
            raise Refusal(429, headers={"retry-after": str(reset)})

    def _download(self, request: Request, path: str) -> Response:
        """A file, for whoever has a link that is still good."""
        found = re.match(r"^/attachments/data/helpdesk/attachments/production/(\d+)/", path)
        file = self.fresh.attachments.get(int(found[1])) if found else None
        if file is None:
            return text("Not found", 404)
        query: dict[str, Any] = request.query
        expires = query.get("Expires", "")
        signed = expires.isdigit() and secrets.compare_digest(
            query.get("Signature", "").encode(), signature(file.id, int(expires)).encode()
        )
        if not signed or int(expires) <= self.ground.clock.now():
            told = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>'
            return text(told, 403, "application/xml")
        return Response(
            200, file.content, {"content-type": file.kind, "content-disposition": "attachment"}
        )
