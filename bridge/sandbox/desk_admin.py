"""What an account has and an admin sets up: groups, fields, webhooks, triggers."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from bridge.sandbox.clock import stamp
from bridge.sandbox.desk import Desk
from bridge.sandbox.desk_account import (
    custom_statuses,
    holidays,
    schedules,
    ticket_fields,
    ticket_form,
)
from bridge.sandbox.desk_call import (
    Answered,
    Call,
    Refusal,
    View,
    not_found,
)
from bridge.sandbox.desk_hooks import CONDITIONAL, TEST_SECRET, DeskHooks, Webhook
from bridge.sandbox.desk_records import GROUPS, Invalid
from bridge.sandbox.ground import Ground


class AdminViews:
    """Answers what `bridge doctor` and `bridge setup` ask."""

    def __init__(self, ground: Ground, desk: Desk, hooks: DeskHooks) -> None:
        self.ground, self.desk, self.hooks = ground, desk, hooks

    @property
    def base(self) -> str:
        return f"{self.ground.url}/zendesk"

    def routes(self) -> list[tuple[str, str, str, View]]:
        """Method, path, the resource whose scope it needs, and what answers it."""
        number = r"(\d+)"
        return [
            ("GET", "groups", "tickets", self._groups),
            ("GET", "ticket_fields", "tickets", self._ticket_fields),
            ("GET", "ticket_forms", "tickets", self._ticket_forms),
            ("GET", "custom_statuses", "tickets", self._custom_statuses),
            ("GET", "business_hours/schedules", "schedules", self._schedules),
            ("GET", f"business_hours/schedules/{number}/holidays", "schedules", self._holidays),
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
        fields = ticket_fields()
        return 200, {
            "ticket_fields": fields,
            "next_page": None,
            "previous_page": None,
            "count": len(fields),
        }

    def _ticket_forms(self, call: Call) -> Answered:
        return 200, {"ticket_forms": [ticket_form()], "next_page": None, "count": 1}

    def _custom_statuses(self, call: Call) -> Answered:
        return 200, {"custom_statuses": custom_statuses()}

    def _schedules(self, call: Call) -> Answered:
        return 200, {"schedules": schedules(), "next_page": None, "count": len(schedules())}

    def _holidays(self, call: Call, identity: str) -> Answered:
        if int(identity) not in (one["id"] for one in schedules()):
            raise not_found()
        return 200, {"holidays": holidays(int(identity)), "next_page": None}

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
        for name in ("name", "endpoint", "http_method", "request_format", "status"):
            if not isinstance(wish.get(name), str):
                raise invalid("InvalidWebhook", f"{name} is required")
        subscriptions = subscribed(wish.get("subscriptions") or [CONDITIONAL])
        webhook = self.hooks.add(wish["name"], wish["endpoint"], subscriptions)
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
        webhook, wish = self._find_webhook(identity), call.part("webhook")
        if "subscriptions" in wish:
            subscriptions = subscribed(wish["subscriptions"])
            if (CONDITIONAL in subscriptions) != (CONDITIONAL in webhook.subscriptions):
                raise invalid("InvalidSubscription", "a webhook is of one kind for life")
            webhook.subscriptions = subscriptions
        self._fill(webhook, wish)
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

    async def test_webhook(self, call: Call) -> Answered:
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


def invalid(code: str, title: str) -> Refusal:
    return Refusal(400, {"errors": [{"code": code, "title": title}]})


def subscribed(names: Any) -> list[str]:
    """The subscriptions *names*, all of one kind. Raises Refusal."""
    named = [str(one) for one in names] if isinstance(names, list) else []
    if not named or any(
        one != CONDITIONAL and not one.startswith("zen:event-type:") for one in named
    ):
        raise invalid("InvalidSubscription", "unknown subscription")
    if CONDITIONAL in named and len(named) > 1:
        raise invalid("InvalidSubscription", "one kind of subscription only")
    return named


TRIGGER_KEYS = ("title", "active", "actions", "conditions", "description", "category_id")
