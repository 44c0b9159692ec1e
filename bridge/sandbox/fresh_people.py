"""Contacts, agents, groups and the ticket form of the Freshdesk API."""

from __future__ import annotations

from typing import Any

from bridge.sandbox import fresh_shapes as shape
from bridge.sandbox.fresh import Fresh
from bridge.sandbox.fresh_call import Answered, Call, Refusal, View, not_allowed, not_found, only
from bridge.sandbox.fresh_fields import (
    FORM_AT,
    GROUPS,
    MAIL,
    Invalid,
    Problem,
    kinds,
    missing,
)
from bridge.sandbox.fresh_records import IDENTITIES, User
from bridge.sandbox.ground import Ground

CONTACT: dict[str, type] = {
    "name": str, "email": str, "phone": str, "mobile": str, "twitter_id": str, "facebook_id": str,
    "unique_external_id": str, "description": str, "job_title": str, "tags": list, "other_emails": list,
    "custom_fields": dict, "language": str, "time_zone": str, "address": str, "company_id": int,
    "social_handler": list,
}  # fmt: skip
FOUND_BY = ("email", "mobile", "phone", "company_id", "updated_since", "state", "page", "per_page")


class PeopleViews:
    """Answers what concerns people, and what an admin set up."""

    def __init__(self, ground: Ground, fresh: Fresh) -> None:
        self.ground, self.fresh = ground, fresh

    def routes(self) -> list[tuple[str, str, View]]:
        number = r"(\d+)"
        return [
            ("GET", "agents/me", self._me),
            ("GET", "agents", self._agents),
            ("GET", f"agents/{number}", self._agent),
            ("GET", "groups", self._groups),
            ("GET", "business_hours", self._business_hours),
            ("GET", "ticket_fields", self._ticket_fields),
            ("GET", "contacts", self._contacts),
            ("POST", "contacts", self._create),
            ("GET", f"contacts/{number}", self._contact),
            ("PUT", f"contacts/{number}", self._update),
            ("DELETE", f"contacts/{number}", self._delete),
        ]

    # --- the account -------------------------------------------------------------------------------

    def _me(self, call: Call) -> Answered:
        return 200, shape.agent(self.fresh.bridge)

    def _agents(self, call: Call) -> Answered:
        only(call.request.query, "email", "mobile", "phone", "state", "page", "per_page")
        mail = call.request.query.get("email")
        agents = [
            one for one in self.fresh.users.values() if one.agent and mail in (None, one.email)
        ]
        return 200, [shape.agent(one) for one in call.page(agents, "agents")]

    def _agent(self, call: Call, identity: str) -> Answered:
        user = self.fresh.users.get(int(identity))
        if user is None or not user.agent:
            raise not_found()
        return 200, shape.agent(user)

    def _groups(self, call: Call) -> Answered:
        groups: list[dict[str, Any]] = [
            {"id": key, "name": name, "description": None, "escalate_to": None, "unassigned_for": None,
             "business_hour_id": None, "group_type": "support_agent_group", "agent_ids": [],
             "auto_ticket_assign": 0, "created_at": FORM_AT, "updated_at": FORM_AT}
            for key, name in GROUPS.items()
        ]  # fmt: skip
        return 200, call.page(groups, "groups")

    def _business_hours(self, call: Call) -> Answered:
        return 200, call.page(shape.business_hours(), "business_hours")

    def _ticket_fields(self, call: Call) -> Answered:
        only(call.request.query, "type")
        return 200, self.fresh.form.show(call.request.query.get("type"))

    # --- contacts ----------------------------------------------------------------------------------

    def _contacts(self, call: Call) -> Answered:
        """A list by e-mail or telephone; there is no filter by external id."""
        query = call.request.query
        only(query, *FOUND_BY)
        found = [one for one in self.fresh.users.values() if not one.agent and not one.deleted]
        for name in ("email", "mobile", "phone"):
            if (value := query.get(name)) is not None:
                found = [
                    one for one in found if (getattr(one, name) or "").lower() == value.lower()
                ]
        return 200, [shape.contact(one) for one in call.page(found, "contacts")]

    def _known(self, identity: str) -> User:
        user = self.fresh.users.get(int(identity))
        if user is None or user.agent:
            raise not_found()
        return user

    def _contact(self, call: Call, identity: str) -> Answered:
        return 200, shape.contact(self._known(identity))

    def _create(self, call: Call) -> Answered:
        wish = call.json()
        self._check(wish, None)
        if not wish.get("name"):
            raise Invalid(missing("name"))
        if not any(wish.get(name) for name in IDENTITIES):
            raise Invalid(missing("email"))
        user = self.fresh.introduce(wish, "bridge")
        self._fill(user, wish)
        call.headers["location"] = f"{call.base}/api/v2/contacts/{user.id}"
        return 201, shape.contact(user)

    def _update(self, call: Call, identity: str) -> Answered:
        user = self._known(identity)
        if user.deleted:
            raise not_allowed("GET")
        wish = call.json()
        self._check(wish, user)
        self._fill(user, wish)
        user.updated = self.ground.clock.now()
        return 200, shape.contact(user)

    def _delete(self, call: Call, identity: str) -> Answered:
        user = self._known(identity)
        if user.deleted:
            raise not_allowed("GET")
        user.deleted = True
        return 204, None

    def _fill(self, user: User, wish: dict[str, Any]) -> None:
        for name in ("name", *IDENTITIES, "description", "job_title", "tags"):
            if wish.get(name) is not None:
                setattr(user, name, wish[name])
        self.fresh.index(user)

    def _check(self, wish: dict[str, Any], user: User | None) -> None:
        """Raise what is wrong with a contact: a shape of 400, or 409 for what another one has already."""
        if problems := kinds(wish, CONTACT):
            raise Invalid(*problems)
        if wish.get("email") and not MAIL.fullmatch(wish["email"]):
            raise Invalid(Problem("email", "It should be a valid email address"))
        taken = []
        for name in ("email", "mobile", "phone", "twitter_id", "unique_external_id"):
            other = self.fresh.known(name, wish[name]) if wish.get(name) else None
            if other is not None and other is not user:
                taken.append({"field": name, "additional_info": {"user_id": other.id},
                              "message": "It should be a unique value", "code": "duplicate_value"})  # fmt: skip
        if taken:
            raise Refusal(409, {"description": "Validation failed", "errors": taken})
