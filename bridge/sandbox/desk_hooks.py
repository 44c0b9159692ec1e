"""Zendesk's webhooks: event subscriptions with their fixed JSON, triggers with the account's own."""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.clock import stamp
from bridge.sandbox.desk_account import default_triggers
from bridge.sandbox.desk_records import BRAND_ID, CUSTOM_STATUS, FORM_ID, STATUSES, Change
from bridge.sandbox.ground import Ground
from bridge.sandbox.hooks import MANNERS, Delivery, Hooks
from bridge.sandbox.wires import ZENDESK_WEBHOOK_SECRET

ACCOUNT_ID = 22129848
TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="
EVENT = "zen:event-type:ticket."
CONDITIONAL = "conditional_ticket_events"


@dataclass(slots=True)
class Webhook:
    """One webhook of the account; `subscriptions` makes it the one kind or the other."""

    id: str
    name: str
    endpoint: str
    secret: str
    subscriptions: list[str]
    method: str = "POST"
    status: str = "active"
    authentication: dict[str, Any] | None = None
    custom_headers: dict[str, str] = field(default_factory=dict)
    at: float = 0.0

    def show(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.id, "name": self.name, "status": self.status, "subscriptions": self.subscriptions,
            "created_at": stamp(self.at), "created_by": "46406145565201", "endpoint": self.endpoint,
            "http_method": self.method, "request_format": "json",
        }  # fmt: skip
        if self.authentication:
            kept = {key: value for key, value in self.authentication.items() if key != "data"}
            shown["authentication"] = kept
        return shown

    def sign(self, body: bytes, invocation: str, at: float) -> dict[str, str]:
        """The headers of one attempt: the signature is over the attempt's own time and the body."""
        when = stamp(at)
        digest = hmac.new(self.secret.encode(), when.encode() + body, "sha256").digest()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zendesk Webhook",
            "X-Zendesk-Account-Id": str(ACCOUNT_ID),
            "X-Zendesk-Webhook-Id": self.id,
            "X-Zendesk-Webhook-Invocation-Id": invocation,
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": when,
        }
        return {**headers, **self._proof(), **self.custom_headers}

    def _proof(self) -> dict[str, str]:
        data = (self.authentication or {}).get("data") or {}
        match (self.authentication or {}).get("type"):
            case "basic_auth":
                pair = f"{data.get('username')}:{data.get('password')}"
                return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
            case "bearer_token":
                return {"Authorization": f"Bearer {data.get('token')}"}
            case "api_key":
                return {str(data.get("name")): str(data.get("value"))}
        return {}


class DeskHooks:
    """The account's webhooks and triggers; `tell` is what the desk calls after every change."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.webhooks: dict[str, Webhook] = {}
        self.triggers: dict[int, dict[str, Any]] = default_triggers()
        self.main: Webhook | None = None  # the one that `connect` makes
        self.hooks = Hooks(
            "zendesk", MANNERS["zendesk"], lambda events: events[0], ground.clock, ground.record, ground.sender
        )  # fmt: skip

    def clear(self) -> None:
        """Only the webhook that `connect` made stays, and what every account starts with."""
        self.triggers = default_triggers()
        self.webhooks = {self.main.id: self.main} if self.main else {}

    def connect(self, url: str | None, secret: str = ZENDESK_WEBHOOK_SECRET) -> None:
        """Have one webhook with every event that concerns the bridge, at *url*."""
        if self.main is not None:
            self.webhooks.pop(self.main.id, None)
            self.main = None
        if url is not None:
            names = ("comment_added", "status_changed", "tags_changed", "merged", "soft_deleted",
                     "permanently_deleted", "marked_as_spam", "undeleted", "comment_made_private",
                     "comment_redacted", "attachment_redacted_from_comment")  # fmt: skip
            self.main = self.add("Escalation bridge", url, [EVENT + name for name in names], secret)

    def add(
        self, name: str, endpoint: str, subscriptions: list[str], secret: str | None = None
    ) -> Webhook:
        secret = secret or base64.b64encode(secrets.token_bytes(32)).decode()
        webhook = Webhook(ulid(), name, endpoint, secret, subscriptions, at=self.ground.clock.now())
        self.webhooks[webhook.id] = webhook
        return webhook

    def tell(self, change: Change) -> None:
        """Send what the change means to whoever listens."""
        told: list[Delivery] = []
        bodies: dict[str, bytes] = {}
        for webhook in self.webhooks.values():
            if webhook.status != "active":
                continue
            for name, event in change.events:
                if EVENT + name in webhook.subscriptions:
                    body = bodies.get(name) or bodies.setdefault(
                        name, event_body(self.ground, change, name, event)
                    )
                    told.append(self.delivery(webhook, name, body, change.ticket.id))
        if self.triggers and change.ticket.status != "closed":
            told += self._triggered(change)
        if told:
            self.hooks.push(told, change.copies)

    def delivery(
        self, webhook: Webhook, kind: str, body: bytes, ticket: int | None = None
    ) -> Delivery:
        invocation = ulid()

        def headers(sent: bytes) -> dict[str, str]:
            # The wall clock: it is the attempt's time, and the bridge compares it with its own.
            return webhook.sign(
                sent, invocation, self.ground.wall() + self.ground.settings.stamp_skew
            )

        return Delivery(
            kind, body, lambda: webhook.endpoint, headers, id=invocation, facts={"ticket": ticket}
        )

    def _triggered(self, change: Change) -> list[Delivery]:
        told = []
        for trigger in self.triggers.values():
            if not trigger["active"] or not holds(trigger["conditions"], change):
                continue
            for action in trigger["actions"]:
                if action.get("field") != "notification_webhook":
                    continue
                identity, template = action["value"]
                if (webhook := self.webhooks.get(identity)) and webhook.status == "active":
                    body = rendered(template, change).encode()
                    told.append(self.delivery(webhook, "trigger", body, change.ticket.id))
        return told


def ulid() -> str:
    """26 letters and digits, as Zendesk names webhooks and invocations."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "01" + "".join(secrets.choice(alphabet) for _ in range(24))


def event_body(ground: Ground, change: Change, name: str, event: dict[str, Any]) -> bytes:
    """Zendesk's own JSON: ids are texts, words of a list are upper case, printed with three spaces."""
    one, now = change.ticket, ground.clock.now()
    if name == "comment_added" and change.comment:
        said = change.comment
        event = {"comment": {
            "id": str(said.id), "body": said.body, "is_public": said.public,
            "author": {"id": str(said.author.id), "is_staff": said.author.staff, "name": said.author.name},
        }}  # fmt: skip
    body = {
        "account_id": ACCOUNT_ID,
        "detail": {
            "actor_id": str(change.actor.id),
            "assignee_id": str(one.assignee_id) if one.assignee_id else None,
            "brand_id": str(BRAND_ID), "created_at": stamp(one.created),
            "custom_status": str(CUSTOM_STATUS[one.status]), "description": one.description,
            "external_id": one.external_id, "form_id": str(FORM_ID),
            "group_id": str(one.group_id) if one.group_id else None, "id": str(one.id),
            "is_public": any(said.public for said in one.comments), "organization_id": "0",
            "priority": one.priority.upper() if one.priority else None,
            "requester_id": str(one.requester.id), "status": one.shown_status.upper(),
            "subject": one.subject, "submitter_id": str(one.submitter.id), "tags": one.tags,
            "type": one.type.upper() if one.type else None,
            "via": {"channel": "web_service" if change.via_api else "web"}, "updated_at": stamp(one.updated),
        },
        "event": event, "id": str(uuid.uuid4()), "subject": f"zen:ticket:{one.id}",
        "time": f"{stamp(now)[:-1]}.{int(now % 1 * 1e9):09d}Z", "type": EVENT + name,
        "zendesk_event_version": "2022-11-06",
    }  # fmt: skip
    text = json.dumps(body, indent=3, sort_keys=True, ensure_ascii=False)
    return (text.replace('"event": {}', '"event": { }') + "\n").encode()


# --- triggers ----------------------------------------------------------------------------------------


def holds(conditions: dict[str, Any], change: Change) -> bool:
    """Whether all of `all` and any of `any` hold; a condition we do not know does not hold."""
    every = [condition_holds(one, change) for one in conditions.get("all") or ()]
    some = [condition_holds(one, change) for one in conditions.get("any") or ()]
    return all(every) and (any(some) or not some)


def condition_holds(condition: dict[str, Any], change: Change) -> bool:
    name, operator, value = (condition.get(key) for key in ("field", "operator", "value"))
    one = change.ticket
    match name:
        case "update_type":
            return compared(operator, "Create" if change.created else "Change", value)
        case "current_tags":
            wanted = set(str(value or "").split())
            return bool(wanted & set(one.tags)) == (operator == "includes")
        case "role":
            actual = "agent" if change.actor.staff else "end_user"
            return compared(
                operator, str(change.actor.id) if str(value).isdigit() else actual, str(value)
            )
        case "current_via_id":
            return compared(operator, "5" if change.via_api else "0", str(value))
        case "requester_id":
            return compared(operator, str(one.requester.id),
                            str(change.actor.id) if value == "current_user" else str(value))  # fmt: skip
        case "comment_is_public":
            if value == "not_relevant":
                return change.comment is not None
            return change.comment is not None and change.comment.public == (str(value) != "false")
        case "status":
            return status_holds(
                str(operator), str(value), one.status, change.previous.get("status")
            )
    return False


LABELS = {"hold": "On-hold"}  # a placeholder renders the label, not the word of the API


def compared(operator: Any, actual: str, value: Any) -> bool:
    return (actual == str(value)) is (operator == "is")


def status_holds(operator: str, value: str, now: str, before: str | None) -> bool:
    match operator:
        case "is" | "is_not":
            return compared(operator, now, value)
        case "changed":
            return before is not None and before != now
        case "not_changed":
            return before is None or before == now
        case "value_previous" | "not_value_previous":
            return (before == value) == (operator == "value_previous")
        case "less_than":
            return STATUSES.index(now) < STATUSES.index(value)
        case "greater_than":
            return STATUSES.index(now) > STATUSES.index(value)
    return False


def rendered(template: str, change: Change) -> str:
    """*template* with its placeholders filled as plain text: nothing is escaped for JSON, as there."""
    one = change.ticket
    public = [said for said in one.comments if said.public]
    values = {
        "ticket.id": one.id, "ticket.title": one.subject, "ticket.status": LABELS.get(one.status, one.status.capitalize()),
        "ticket.external_id": one.external_id or "", "ticket.tags": " ".join(one.tags),
        "ticket.priority": (one.priority or "").capitalize(), "ticket.description": one.description,
        "ticket.latest_comment": one.comments[-1].body if one.comments else "",
        "ticket.latest_public_comment": public[-1].body if public else "",
        "ticket.latest_public_comment_html": public[-1].html if public else "",
        "ticket.updated_at_with_timestamp": stamp(one.updated),
        "ticket.requester.id": one.requester.id, "ticket.requester.name": one.requester.name,
        "ticket.requester.external_id": one.requester.external_id or "",
        "current_user.id": change.actor.id, "current_user.name": change.actor.name,
        "current_user.email": change.actor.email or "",
    }  # fmt: skip
    return re.sub(r"\{\{\s*([\w.]+)\s*\}\}", lambda found: str(values.get(found[1], "")), template)
