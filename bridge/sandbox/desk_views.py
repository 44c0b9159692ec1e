"""Users, tickets, comments, tags, uploads and search of the Zendesk API."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bridge.sandbox import desk_shapes as shape
from bridge.sandbox.clock import stamp
from bridge.sandbox.desk import Desk
from bridge.sandbox.desk_call import (
    Answered,
    Call,
    Refusal,
    Spend,
    View,
    not_found,
    too_many,
    windowed,
)
from bridge.sandbox.desk_records import STATUSES, Invalid, Ticket, TicketComment
from bridge.sandbox.desk_words import clean_tags
from bridge.sandbox.ground import Ground

DAY = 86400
MAX_UPLOAD = 50 * 1024 * 1024
MOST_FOUND = 1000  # results of one search


@dataclass(slots=True)
class Kept:
    """An answer kept under an Idempotency-Key."""

    digest: str
    at: float
    status: int
    body: Any
    headers: dict[str, str]


class DeskViews:
    """Answers what concerns tickets and the people who wrote them."""

    def __init__(self, ground: Ground, desk: Desk, spend: Spend) -> None:
        self.ground, self.desk, self._spend = ground, desk, spend
        self.kept: dict[str, Kept] = {}

    @property
    def base(self) -> str:
        return f"{self.ground.url}/zendesk"

    def routes(self) -> list[tuple[str, str, str, View]]:
        """Method, path, the resource whose scope it needs, and what answers it."""
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
            ("PUT", f"tickets/{number}/comments/{number}/redact", "tickets", self._redact),
            ("GET", f"tickets/{number}/audits", "tickets", self._audits),
            ("GET", f"tickets/{number}/tags", "tickets", self._tags),
            ("PUT", f"tickets/{number}/tags", "tickets", self._change_tags),
            ("POST", f"tickets/{number}/tags", "tickets", self._change_tags),
            ("DELETE", f"tickets/{number}/tags", "tickets", self._change_tags),
            ("POST", f"tickets/{number}/merge", "tickets", self._merge),
            ("PUT", f"deleted_tickets/{number}/restore", "tickets", self._restore),
            ("POST", "uploads", "tickets", self._upload),
            ("GET", "search", "tickets", self._search),
            ("GET", "incremental/tickets/cursor", "tickets", self._incremental),
        ]

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
        page, more = windowed(standing, call.request.query, f"{self.base}/api/v2/tickets.json")
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
        page, more = windowed(comments, query, url)
        if "users" in query.get("include", "").split(","):
            authors = {comment.author.id: comment.author for comment in page}
            more["users"] = [shape.user(one, self.base) for one in authors.values()]
        return 200, {"comments": [shape.comment(comment, self.base) for comment in page], **more}

    def _comment(self, ticket: Ticket, comment_id: str) -> TicketComment:
        for comment in ticket.comments:
            if comment.id == int(comment_id):
                return comment
        raise not_found()

    def _make_private(self, call: Call, identity: str, comment_id: str) -> Answered:
        ticket = self._find(identity)
        comment = self._comment(ticket, comment_id)
        self.desk.make_private(ticket, comment, call.user, "bridge")
        return 200, {}

    def _redact(self, call: Call, identity: str, comment_id: str) -> Answered:
        ticket, words = self._find(identity), call.json().get("text")
        comment = self._comment(ticket, comment_id)
        if not isinstance(words, str) or not words or ticket.status == "closed":
            raise Invalid({"text": "Text: names what is to be redacted in an open ticket"})
        self.desk.redact(ticket, comment, words, call.user, "bridge")
        return 200, {"comment": shape.comment(comment, self.base)}

    def _audits(self, call: Call, identity: str) -> Answered:
        url = f"{self.base}/api/v2/tickets/{identity}/audits.json"
        page, more = windowed(self._find(identity).audits, call.request.query, url)
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

    def _search(self, call: Call) -> Answered:
        query = call.request.query.get("query", "")
        if not query:
            raise Invalid({"query": "Invalid search: query is missing"})
        newest = self.ground.clock.now() - self.ground.settings.zendesk_search_lag
        found = [
            ticket for ticket in reversed(self.desk.tickets.values())
            if not ticket.deleted and ticket.created <= newest and searched(query, ticket)
        ]  # fmt: skip
        if "updated" in query:  # the index knows a change as late as a new ticket
            found = [one for one in found if one.updated <= newest]
        asked = call.request.query
        if (order := asked.get("sort_by")) in ("created_at", "updated_at"):
            found.sort(key=lambda one: one.updated if order == "updated_at" else one.created)
            if asked.get("sort_order", "desc") == "desc":
                found.reverse()
        page, size = whole(asked.get("page"), 1), min(whole(asked.get("per_page"), 100), 100)
        if page * size > MOST_FOUND:
            raise Refusal(422, {"error": "InsufficientResource", "description": "Number of results is limited"})  # fmt: skip
        shown = found[(page - 1) * size : page * size]
        more = len(found) > page * size
        return 200, {
            "results": [{**shape.ticket(one, self.base), "result_type": "ticket"} for one in shown],
            "facets": None,
            "next_page": f"{self.base}/api/v2/search.json?page={page + 1}" if more else None,
            "previous_page": f"{self.base}/api/v2/search.json?page={page - 1}"
            if page > 1
            else None,
            "count": len(found),
        }

    def _incremental(self, call: Call) -> Answered:
        """Every ticket that changed since, deleted ones too, oldest change first. For admins only."""
        asked = call.request.query
        if call.user.role != "admin":
            raise Refusal(403, {"error": "Forbidden", "description": "You do not have access to this page."})  # fmt: skip
        now = self.ground.clock.now()
        start = str(asked.get("cursor") or asked.get("start_time") or "")
        if not start.isdigit():
            raise Refusal(400, {"error": "StartTimeMissing", "description": "Missing parameter: start_time"})  # fmt: skip
        if "cursor" not in asked and int(start) > now - 60:
            raise Refusal(422, {"error": "StartTimeTooRecent", "description": "Too recent start_time. Use a start_time older than 60 seconds."})  # fmt: skip
        changed = sorted(
            (one for one in self.desk.tickets.values() if int(start) <= one.updated),
            key=lambda one: one.updated,
        )
        size = max(1, min(whole(asked.get("per_page"), 1000), 1000))
        shown = changed[:size]
        after = str(int(shown[-1].updated) + 1) if shown else start
        return 200, {
            "tickets": [shape.ticket(one, self.base) for one in shown],
            "after_cursor": after, "before_cursor": None, "end_of_stream": len(changed) <= size,
            "after_url": f"{self.base}/api/v2/incremental/tickets/cursor.json?cursor={after}",
            "before_url": None,
        }  # fmt: skip


def whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() and int(text) else otherwise


KNOWN = frozenset((
    "comment", "status", "priority", "type", "tags", "subject", "external_id", "group_id", "assignee_id",
    "requester_id", "custom_fields", "fields", "metadata", "safe_update", "updated_stamp", "custom_status_id",
    "due_at", "ticket_form_id", "brand_id", "problem_id", "collaborator_ids", "follower_ids", "followers", "email_ccs",
))  # fmt: skip


def searched(query: str, ticket: Ticket) -> bool:
    """Whether all words of a search hold: type, external_id, tags, status, requester, or plain words.

    A word behind a minus must not hold.
    """
    for word in re.findall(r'-?(?:[\w]+[:<>]+)?(?:"[^"]*"|\S+)', query):
        if word.startswith("-") and len(word) > 1:
            if searched(word[1:], ticket):
                return False
            continue
        found = re.match(r'^(\w+)(:|<=?|>=?)"?([^"]*)"?$', word)
        if found is None:
            if word.strip('"').lower() not in f"{ticket.subject} {ticket.description}".lower():
                return False
            continue
        name, operator, value = found.groups()
        actual = {"type": "ticket", "external_id": ticket.external_id or "", "requester": str(ticket.requester.id),
                  "status": ticket.status, "priority": ticket.priority or ""}.get(name)  # fmt: skip
        if name in ("updated", "created"):
            if not compared(getattr(ticket, name), operator, value):
                return False
        elif name == "tags":
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


def compared(at: float, operator: str, value: str) -> bool:
    """Whether the time *at* stands in this relation to a date or time of ISO 8601."""
    try:
        told = datetime.fromisoformat(value)
    except ValueError:
        return False
    limit = told.replace(tzinfo=told.tzinfo or UTC).timestamp()
    if operator == ":":
        return limit <= at < limit + DAY
    # Times are of whole seconds there.
    now = int(at)
    return {"<": now < limit, "<=": now <= limit, ">": now > limit, ">=": now >= limit}[operator]
