"""The Zendesk API over the desk. Source: the facts and recordings named in docs/sandbox.md, read 2026-11-22."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from bridge.sandbox import desk_shapes as shape
from bridge.sandbox.clock import stamp
from bridge.sandbox.desk import GROUPS, STATUSES, Desk, Invalid, Ticket, User, clean_tags
from bridge.sandbox.desk_hooks import CONDITIONAL, TEST_SECRET, DeskHooks, Webhook
from bridge.sandbox.ground import Ground
from bridge.sandbox.http import BadRequest, Request, Response, answer, text
from bridge.sandbox.limits import Spent
from bridge.sandbox.wires import (
    ZENDESK_API_TOKEN,
    ZENDESK_CLIENT_ID,
    ZENDESK_CLIENT_SECRET,
    ZENDESK_EMAIL,
)

DAY = 86400
MAX_UPLOAD = 50 * 1024 * 1024
UNLIMITED = 1_000_000


class Refusal(Exception):
    """An error answer: status, body (text or JSON) and headers."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, headers or {}

    @property
    def code(self) -> str:
        error = self.body.get("error") if isinstance(self.body, dict) else self.body
        return str(error.get("title") if isinstance(error, dict) else error)


def not_found() -> Refusal:
    return Refusal(404, {"error": "RecordNotFound", "description": "Not found"})


def too_many(what: str, spent: Spent) -> Refusal:
    said = f"Number of allowed {what} per minute exceeded"
    body: Any = (
        said if what == "API requests" else {"error": "APIRateLimitExceeded", "description": said}
    )
    return Refusal(429, body, {"retry-after": str(spent.reset)})


@dataclass(slots=True)
class Token:
    """A bearer token; `ends` is in the sandbox's time."""

    scopes: frozenset[str]
    ends: float


@dataclass(slots=True)
class Kept:
    """An answer kept under an Idempotency-Key."""

    digest: str
    at: float
    status: int
    body: Any
    headers: dict[str, str]


@dataclass(slots=True)
class Call:
    """A request on its way through: who calls, and what the answer's headers will say."""

    request: Request
    user: User
    headers: dict[str, str]

    def json(self) -> dict[str, Any]:
        try:
            body = self.request.json()
        except BadRequest as error:
            raise Refusal(
                400, {"error": "Unprocessable Entity", "message": "Server could not parse JSON"}
            ) from error
        if not isinstance(body, dict):
            raise Refusal(400, {"error": "InvalidJSON", "description": "The body is not an object"})
        return body

    def part(self, name: str) -> dict[str, Any]:
        part = self.json().get(name)
        if not isinstance(part, dict):
            raise Refusal(
                400, {"error": {"title": "Invalid attribute", "message": f"You passed an invalid value for the {name} attribute. must be an object"}}
            )  # fmt: skip
        return part


Answered = tuple[int, Any]
View = Callable[..., Answered]


class Zendesk:
    """Answers calls to `{base}/zendesk/...`."""

    def __init__(self, ground: Ground, desk: Desk, hooks: DeskHooks) -> None:
        self.ground, self.desk, self.hooks = ground, desk, hooks
        self.tokens: dict[str, Token] = {}
        self.kept: dict[str, Kept] = {}
        self._routes = [
            (method, re.compile(f"^/api/v2/{pattern}$"), resource, view)
            for method, pattern, resource, view in self._table()
        ]

    def clear(self) -> None:
        self.kept.clear()

    @property
    def base(self) -> str:
        return f"{self.ground.url}/zendesk"

    def _table(self) -> list[tuple[str, str, str, View]]:
        number = r"(\d+)"
        return [
            ("GET", "users/me", "users", self._me),
            ("POST", "users", "users", self._create_user),
            ("POST", "users/create_or_update", "users", self._create_or_update_user),
            ("GET", "users/search", "users", self._search_users),
            ("GET", f"users/{number}", "users", self._user),
            ("POST", "tickets", "tickets", self._create),
            ("GET", "tickets", "tickets", self._list),
            ("GET", f"tickets/{number}", "tickets", self._ticket),
            ("PUT", f"tickets/{number}", "tickets", self._update),
            ("DELETE", f"tickets/{number}", "tickets", self._delete),
            ("GET", f"tickets/{number}/comments", "tickets", self._comments),
            (
                "PUT",
                f"tickets/{number}/comments/{number}/make_private",
                "tickets",
                self._make_private,
            ),
            ("GET", f"tickets/{number}/audits", "tickets", self._audits),
            ("GET", f"tickets/{number}/tags", "tickets", self._tags),
            ("PUT", f"tickets/{number}/tags", "tickets", self._change_tags),
            ("POST", f"tickets/{number}/tags", "tickets", self._change_tags),
            ("DELETE", f"tickets/{number}/tags", "tickets", self._change_tags),
            ("POST", f"tickets/{number}/merge", "tickets", self._merge),
            ("PUT", f"deleted_tickets/{number}/restore", "tickets", self._restore),
            ("POST", "uploads", "tickets", self._upload),
            ("GET", "search", "tickets", self._search),
            ("GET", "groups", "tickets", self._groups),
            ("GET", "ticket_fields", "tickets", self._ticket_fields),
            ("GET", "custom_statuses", "tickets", self._custom_statuses),
            ("GET", "triggers", "triggers", self._triggers),
            ("POST", "triggers", "triggers", self._add_trigger),
            ("GET", f"triggers/{number}", "triggers", self._trigger),
            ("PUT", f"triggers/{number}", "triggers", self._change_trigger),
            ("DELETE", f"triggers/{number}", "triggers", self._delete_trigger),
            ("GET", "webhooks", "webhooks", self._webhooks),
            ("POST", "webhooks", "webhooks", self._add_webhook),
            ("GET", r"webhooks/(\w+)", "webhooks", self._webhook),
            ("PATCH", r"webhooks/(\w+)", "webhooks", self._change_webhook),
            ("PUT", r"webhooks/(\w+)", "webhooks", self._change_webhook),
            ("DELETE", r"webhooks/(\w+)", "webhooks", self._delete_webhook),
            ("GET", r"webhooks/(\w+)/signing_secret", "webhooks", self._signing_secret),
            ("POST", r"webhooks/(\w+)/signing_secret", "webhooks", self._signing_secret),
        ]

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

    # --- at the door -------------------------------------------------------------------------------

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
            return await self._test_webhook(Call(request, user, headers))
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

    # --- users -------------------------------------------------------------------------------------

    def _me(self, call: Call) -> Answered:
        return 200, {"user": shape.user(call.user, self.base)}

    def _user(self, call: Call, identity: str) -> Answered:
        if (user := self.desk.users.get(int(identity))) is None:
            raise not_found()
        return 200, {"user": shape.user(user, self.base)}

    def _create_user(self, call: Call) -> Answered:
        wish = call.part("user")
        external = wish.get("external_id")
        if external and str(external).lower() in self.desk.by_external:
            raise Invalid({"external_id": "External: has already been taken"})
        user, _ = self.desk.person(wish, "bridge")
        call.headers["location"] = f"{self.base}/api/v2/users/{user.id}.json"
        return 201, {"user": shape.user(user, self.base)}

    def _create_or_update_user(self, call: Call) -> Answered:
        user, made = self.desk.person(call.part("user"), "bridge")
        call.headers["location"] = f"{self.base}/api/v2/users/{user.id}.json"
        return 201 if made else 200, {"user": shape.user(user, self.base)}

    def _search_users(self, call: Call) -> Answered:
        user = self.desk.by_external.get(call.request.query.get("external_id", "").lower())
        users = [shape.user(user, self.base)] if user else []
        return 200, {"users": users, "next_page": None, "previous_page": None, "count": len(users)}

    # --- tickets -----------------------------------------------------------------------------------

    def _find(self, identity: str) -> Ticket:
        ticket = self.desk.tickets.get(int(identity))
        if ticket is None or ticket.deleted:
            raise not_found()
        return ticket

    def _create(self, call: Call) -> Answered:
        key = call.request.headers.get("idempotency-key")
        digest = hashlib.sha256(call.request.body).hexdigest()
        now = self.ground.clock.now()
        if key is not None:
            if len(key) > 255:
                raise Refusal(
                    400,
                    {
                        "error": "IdempotentRequestError",
                        "description": "The idempotency key is too long",
                    },
                )
            kept = self.kept.get(key)
            if kept and now - kept.at < 2 * 3600:
                call.headers["x-idempotency-lookup"] = "hit"
                if kept.digest != digest:
                    raise Refusal(400, {"error": "IdempotentRequestError", "description": "Request parameters don't match the given idempotency key"})  # fmt: skip
                call.headers.update(kept.headers)
                return kept.status, kept.body
            call.headers["x-idempotency-lookup"] = "miss"
        spent = self._spend("creates", self.ground.rates["zendesk"]["creates_per_minute"], 60)
        call.headers["zendesk-ratelimit-ticket-request-create-by-user-and-ip"] = spent.header()
        if spent.refused:
            raise too_many("ticket creations", spent)
        ticket, audit = self.desk.create(call.part("ticket"), call.user, "bridge", key)
        body = {"ticket": shape.ticket(ticket, self.base), "audit": audit}
        ticket.stamped = int(now)
        place = {"location": f"{self.base}/api/v2/tickets/{ticket.id}.json"}
        call.headers.update(place)
        if key is not None:
            self.kept[key] = Kept(digest, now, 201, body, place)
        return 201, body

    def _update(self, call: Call, identity: str) -> Answered:
        rates = self.ground.rates["zendesk"]
        spent = self._spend("updates", rates["updates_per_minute"], 60)
        if spent.refused:
            raise too_many("ticket updates", spent)
        each = self._spend(
            f"updates of {identity}", rates["updates_per_ticket_per_10_minutes"], 600
        )
        call.headers["zendesk-ratelimit-per-ticket-updates"] = each.header()
        if each.refused:
            raise too_many("ticket updates per 10 minutes for this ticket", each)
        ticket = self._find(identity)
        wish = call.part("ticket")
        self._safe(ticket, wish)
        if unknown := sorted(set(wish) - KNOWN):
            names = ", ".join(f'"ticket.{name}"' for name in unknown)
            call.headers["x-zendesk-api-warn"] = (
                '{:allowed_parameters=>{:controller=>"tickets", :action=>"update", '
                f":unpermitted_keys=>[{names}], :invalid_values=>[]}}}}"
            )
        audit = self.desk.update(ticket, wish, call.user, "bridge")
        return 200, {"ticket": shape.ticket(ticket, self.base), "audit": audit}

    def _safe(self, ticket: Ticket, wish: dict[str, Any]) -> None:
        asked = str(wish.get("safe_update", "")).lower() == "true"
        if asked and wish.get("updated_stamp") != stamp(ticket.updated):
            raise Refusal(409, {"error": "UpdateConflict", "description": "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket and try again."})  # fmt: skip

    def _ticket(self, call: Call, identity: str) -> Answered:
        return 200, {"ticket": shape.ticket(self._find(identity), self.base)}

    def _list(self, call: Call) -> Answered:
        external = call.request.query.get("external_id")
        if external is not None:
            found = self.desk.by_external_ticket.get(external.lower(), [])
        else:
            found = list(self.desk.tickets.values())
        standing = [ticket for ticket in found if not ticket.deleted]
        page, more = windowed(
            standing, call.request.query, "tickets", f"{self.base}/api/v2/tickets.json"
        )
        return 200, {"tickets": [shape.ticket(ticket, self.base) for ticket in page], **more}

    def _delete(self, call: Call, identity: str) -> Answered:
        self.desk.delete(self._find(identity), call.user, "bridge")
        return 204, None

    def _restore(self, call: Call, identity: str) -> Answered:
        ticket = self.desk.tickets.get(int(identity))
        if ticket is None or not ticket.deleted:
            raise not_found()
        self.desk.restore(ticket, call.user, "bridge")
        return 200, {}

    def _comments(self, call: Call, identity: str) -> Answered:
        ticket = self._find(identity)
        query = call.request.query
        newest_first = query.get("sort") == "-created_at" or query.get("sort_order") == "desc"
        comments = ticket.comments[::-1] if newest_first else ticket.comments
        url = f"{self.base}/api/v2/tickets/{identity}/comments.json"
        page, more = windowed(comments, query, "comments", url)
        return 200, {"comments": [shape.comment(comment, self.base) for comment in page], **more}

    def _make_private(self, call: Call, identity: str, comment_id: str) -> Answered:
        ticket = self._find(identity)
        for comment in ticket.comments:
            if comment.id == int(comment_id):
                self.desk.make_private(ticket, comment, call.user, "bridge")
                return 200, {}
        raise not_found()

    def _audits(self, call: Call, identity: str) -> Answered:
        url = f"{self.base}/api/v2/tickets/{identity}/audits.json"
        page, more = windowed(self._find(identity).audits, call.request.query, "audits", url)
        return 200, {"audits": page, **more}

    def _tags(self, call: Call, identity: str) -> Answered:
        return 200, {"tags": self._find(identity).tags}

    def _change_tags(self, call: Call, identity: str) -> Answered:
        ticket, body = self._find(identity), call.json()
        self._safe(ticket, body)
        given = clean_tags(body.get("tags") or [])
        match call.request.method:
            case "PUT":
                tags = clean_tags([*ticket.tags, *given])
            case "DELETE":
                tags = [tag for tag in ticket.tags if tag not in given]
            case _:
                tags = given
        self.desk.update(ticket, {"tags": tags}, call.user, "bridge")
        return 201 if call.request.method == "POST" else 200, {"tags": ticket.tags}

    def _merge(self, call: Call, identity: str) -> Answered:
        target, body = self._find(identity), call.json()
        sources = [self._find(str(one)) for one in body.get("ids") or [] if str(one).isdigit()]
        if not sources or target in sources:
            raise Invalid({"base": "Sources: are missing or the target itself"})
        for source in sources:
            self.desk.merge(source, target, call.user, "bridge")
        job = secrets.token_hex(16)
        return 200, {"job_status": {
            "id": job, "url": f"{self.base}/api/v2/job_statuses/{job}.json", "total": len(sources),
            "progress": len(sources), "status": "completed", "message": None, "results": [],
        }}  # fmt: skip

    # --- files, search, what an account has ----------------------------------------------------------

    def _upload(self, call: Call) -> Answered:
        name = call.request.query.get("filename")
        if not name:
            raise Refusal(400, {"error": "ParameterMissing", "description": "filename is required"})
        if len(call.request.body) > MAX_UPLOAD:
            raise Refusal(
                413, {"error": "AttachmentTooLarge", "description": "The file is larger than 50 MB"}
            )
        kind = call.request.headers.get("content-type", "application/octet-stream")
        file = self.desk.store(name, kind, call.request.body)
        token = call.request.query.get("token") or secrets.token_urlsafe(20)
        self.desk.uploads.setdefault(token, []).append(file)
        self.ground.record.add(
            "zendesk", "upload", "bridge", None, id=file.id, name=name, size=len(file.content)
        )
        files = [shape.attachment(one, self.base) for one in self.desk.uploads[token]]
        call.headers["content-type"] = "text/plain; charset=utf-8"  # as recorded; it is JSON
        expires = stamp(self.ground.clock.now() + 3 * DAY)
        return 201, {
            "upload": {
                "token": token,
                "expires_at": expires,
                "attachments": files,
                "attachment": files[-1],
            }
        }

    def _download(self, token: str) -> Response:
        if (file := self.desk.attachments.get(token)) is None:
            return text("Not found", 404)
        return Response(
            200, file.content, {"content-type": file.kind, "content-disposition": "attachment"}
        )

    def _search(self, call: Call) -> Answered:
        query = call.request.query.get("query", "")
        if not query:
            raise Invalid({"query": "Invalid search: query is missing"})
        newest = self.ground.clock.now() - self.ground.settings.zendesk_search_lag
        found = [
            {**shape.ticket(ticket, self.base), "result_type": "ticket"}
            for ticket in reversed(self.desk.tickets.values())
            if not ticket.deleted and ticket.created <= newest and searched(query, ticket)
        ]  # fmt: skip
        return 200, {
            "results": found[:100],
            "facets": None,
            "next_page": None,
            "previous_page": None,
            "count": len(found),
        }

    def _groups(self, call: Call) -> Answered:
        groups = [
            {"id": key, "name": name, "deleted": False, "default": name == "Support"}
            for key, name in GROUPS.items()
        ]
        return 200, {
            "groups": groups,
            "next_page": None,
            "previous_page": None,
            "count": len(groups),
        }

    def _ticket_fields(self, call: Call) -> Answered:
        kinds = ("subject", "description", "status", "tickettype", "priority", "group", "assignee")
        fields = [{"id": 46406130043793 + 128 * number, "type": kind, "title": kind.capitalize(), "active": True,
                   "removable": False} for number, kind in enumerate(kinds)]  # fmt: skip
        return 200, {
            "ticket_fields": fields,
            "next_page": None,
            "previous_page": None,
            "count": len(fields),
        }

    def _custom_statuses(self, call: Call) -> Answered:
        statuses = [{"id": 46406158222225 + 128 * number, "status_category": name, "agent_label": name.capitalize(),
                     "end_user_label": name.capitalize(), "active": True, "default": True}
                    for number, name in enumerate(STATUSES) if name != "closed"]  # fmt: skip
        return 200, {"custom_statuses": statuses}

    # --- webhooks and triggers -----------------------------------------------------------------------

    def _webhooks(self, call: Call) -> Answered:
        wanted = call.request.query.get("filter[name_contains]", "").lower()
        found = [one.show() for one in self.hooks.webhooks.values() if wanted in one.name.lower()]
        return 200, {
            "webhooks": found,
            "meta": {"has_more": False, "after_cursor": None},
            "links": {},
        }

    def _add_webhook(self, call: Call) -> Answered:
        wish = call.part("webhook")
        subscriptions = wish.get("subscriptions") or [CONDITIONAL]
        for name in ("name", "endpoint", "http_method", "request_format", "status"):
            if not isinstance(wish.get(name), str):
                raise Refusal(
                    400, {"errors": [{"code": "InvalidWebhook", "title": f"{name} is required"}]}
                )
        if any(
            one != CONDITIONAL and not one.startswith("zen:event-type:") for one in subscriptions
        ):
            raise Refusal(
                400, {"errors": [{"code": "InvalidSubscription", "title": "unknown subscription"}]}
            )
        if CONDITIONAL in subscriptions and len(subscriptions) > 1:
            raise Refusal(
                400,
                {
                    "errors": [
                        {"code": "InvalidSubscription", "title": "one kind of subscription only"}
                    ]
                },
            )
        webhook = self.hooks.add(wish["name"], wish["endpoint"], list(subscriptions))
        self._fill(webhook, wish)
        return 201, {"webhook": webhook.show()}

    def _fill(self, webhook: Webhook, wish: dict[str, Any]) -> None:
        for key, name in (
            ("name", "name"),
            ("endpoint", "endpoint"),
            ("status", "status"),
            ("http_method", "method"),
        ):
            if isinstance(wish.get(key), str):
                setattr(webhook, name, wish[key])
        if isinstance(wish.get("authentication"), dict):
            webhook.authentication = wish["authentication"]
        if isinstance(wish.get("custom_headers"), dict):
            webhook.custom_headers = {
                str(key): str(value) for key, value in wish["custom_headers"].items()
            }

    def _find_webhook(self, identity: str) -> Webhook:
        if (webhook := self.hooks.webhooks.get(identity)) is None:
            raise Refusal(
                404, {"errors": [{"code": "WebhookNotFound", "title": "Webhook not found"}]}
            )
        return webhook

    def _webhook(self, call: Call, identity: str) -> Answered:
        return 200, {"webhook": self._find_webhook(identity).show()}

    def _change_webhook(self, call: Call, identity: str) -> Answered:
        self._fill(self._find_webhook(identity), call.part("webhook"))
        return 204, None

    def _delete_webhook(self, call: Call, identity: str) -> Answered:
        del self.hooks.webhooks[self._find_webhook(identity).id]
        return 204, None

    def _signing_secret(self, call: Call, identity: str) -> Answered:
        webhook = self._find_webhook(identity)
        if call.request.method == "POST":
            webhook.secret = base64.b64encode(secrets.token_bytes(32)).decode()
        status = 201 if call.request.method == "POST" else 200
        return status, {"signing_secret": {"secret": webhook.secret, "algorithm": "SHA256"}}

    async def _test_webhook(self, call: Call) -> Answered:
        identity = call.request.query.get("webhook_id")
        if identity:
            webhook = self._find_webhook(identity)
        else:
            wish = call.part("webhook")
            webhook = Webhook("test", "test", str(wish.get("endpoint")), TEST_SECRET, [CONDITIONAL])
        request = call.json().get("request") or {}
        payload = str(request.get("payload") or "").encode()
        delivery = self.hooks.delivery(webhook, "test", payload)
        await self.hooks.hooks.once(delivery, 1)
        status, error, _ = self.hooks.hooks.last_answer or (None, None, 0.0)
        return 200, {
            "response": {"status_code": status or 0, "headers": [], "payload": error or ""}
        }

    def _triggers(self, call: Call) -> Answered:
        found = list(self.hooks.triggers.values())
        return 200, {
            "triggers": found,
            "next_page": None,
            "previous_page": None,
            "count": len(found),
        }

    def _find_trigger(self, identity: str) -> dict[str, Any]:
        if (trigger := self.hooks.triggers.get(int(identity))) is None:
            raise not_found()
        return trigger

    def _trigger(self, call: Call, identity: str) -> Answered:
        return 200, {"trigger": self._find_trigger(identity)}

    def _add_trigger(self, call: Call) -> Answered:
        identity, now = self.desk.number(), stamp(self.ground.clock.now())
        trigger: dict[str, Any] = {
            "url": f"{self.base}/api/v2/triggers/{identity}.json", "id": identity, "title": "", "active": True,
            "updated_at": now, "created_at": now, "default": False, "actions": [],
            "conditions": {"all": [], "any": []}, "description": None,
            "position": len(self.hooks.triggers) + 1, "raw_title": "", "category_id": "6130869158682",
        }  # fmt: skip
        self._fill_trigger(trigger, call.part("trigger"))
        self.hooks.triggers[identity] = trigger
        call.headers["location"] = trigger["url"]
        return 201, {"trigger": trigger}

    def _change_trigger(self, call: Call, identity: str) -> Answered:
        trigger = self._find_trigger(identity)
        self._fill_trigger(trigger, call.part("trigger"))
        return 200, {"trigger": trigger}

    def _fill_trigger(self, trigger: dict[str, Any], wish: dict[str, Any]) -> None:
        merged = {**trigger, **{key: wish[key] for key in TRIGGER_KEYS if key in wish}}
        conditions = merged["conditions"]
        for name in ("all", "any"):
            if isinstance(wish.get(name), list):
                conditions = {**conditions, name: wish[name]}
        if not merged["title"] or not merged["actions"] or not any(conditions.values()):
            raise Invalid({"base": "A trigger needs a title, an action and a condition"})
        for action in merged["actions"]:
            value = action.get("value")
            told = action.get("field") == "notification_webhook"
            if told and not (isinstance(value, list) and value and value[0] in self.hooks.webhooks):
                raise Invalid({"actions": "Actions: the webhook does not exist"})
        trigger.update(
            merged, conditions={"all": [], "any": [], **conditions}, raw_title=merged["title"]
        )

    def _delete_trigger(self, call: Call, identity: str) -> Answered:
        self._find_trigger(identity)
        del self.hooks.triggers[int(identity)]
        return 204, None


TRIGGER_KEYS = ("title", "active", "actions", "conditions", "description", "category_id")
KNOWN = frozenset((
    "comment", "status", "priority", "type", "tags", "subject", "external_id", "group_id", "assignee_id",
    "requester_id", "custom_fields", "fields", "metadata", "safe_update", "updated_stamp", "custom_status_id",
    "due_at", "ticket_form_id", "brand_id", "problem_id", "collaborator_ids", "follower_ids", "email_ccs",
))  # fmt: skip


def windowed(
    items: list[Any], query: dict[str, str], name: str, url: str
) -> tuple[list[Any], dict[str, Any]]:
    """One page of *items*, by cursor when `page[size]` is asked, else by offset; and what tells of the rest."""
    if "page[size]" not in query:
        size = min(int(query["per_page"]) if query.get("per_page", "").isdigit() else 100, 100)
        number = max(1, int(query["page"])) if query.get("page", "").isdigit() else 1
        page = items[(number - 1) * size : number * size]
        further = f"{url}?page={number + 1}" if number * size < len(items) else None
        return page, {"next_page": further, "previous_page": None, "count": len(items)}
    if not query["page[size]"].isdigit() or not 1 <= int(query["page[size]"]) <= 100:
        raise Refusal(
            400,
            {"errors": [{"code": "InvalidPaginationParameter", "title": "page[size] is 1 to 100"}]},
        )
    size = int(query["page[size]"])
    start = 0
    if after := query.get("page[after]"):
        try:
            start = int(base64.urlsafe_b64decode(after).decode())
        except ValueError as error:
            raise Refusal(
                400,
                {
                    "errors": [
                        {"code": "InvalidPaginationParameter", "title": "page[after] is not ours"}
                    ]
                },
            ) from error
    more = start + size < len(items)
    cursor = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    before = base64.urlsafe_b64encode(str(start).encode()).decode()
    following = f"{url}?page[size]={size}&page[after]={cursor}" if more else None
    return items[start : start + size], {
        "meta": {
            "has_more": more,
            "after_cursor": cursor if more else None,
            "before_cursor": before,
        },
        "links": {"next": following, "prev": None},
    }


def searched(query: str, ticket: Ticket) -> bool:
    """Whether all words of a search hold: type, external_id, tags, status, requester, or plain words."""
    for word in re.findall(r'(?:[\w]+[:<>]+)?(?:"[^"]*"|\S+)', query):
        found = re.match(r'^(\w+)(:|<=?|>=?)"?([^"]*)"?$', word)
        if found is None:
            if word.strip('"').lower() not in f"{ticket.subject} {ticket.description}".lower():
                return False
            continue
        name, operator, value = found.groups()
        actual = {"type": "ticket", "external_id": ticket.external_id or "", "requester": str(ticket.requester.id),
                  "status": ticket.status, "priority": ticket.priority or ""}.get(name)  # fmt: skip
        if name == "tags":
            if value not in ticket.tags:
                return False
        elif name == "status" and operator != ":" and value in STATUSES:
            rank, limit = STATUSES.index(ticket.status), STATUSES.index(value)
            below = rank < limit if operator[0] == "<" else rank > limit
            if not (below or (len(operator) == 2 and rank == limit)):
                return False
        elif actual is None or actual.lower() != value.lower():
            return False
    return True
