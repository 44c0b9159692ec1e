"""The ticket form of the fake Freshdesk account, and what it says against a ticket that does not fit it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

OPEN, PENDING, RESOLVED, CLOSED = 2, 3, 4, 5
# Number -> what agents and what customers read. Source: the example of the API page's ticket fields.
STATUSES = {
    OPEN: ("Open", "Being Processed"),
    PENDING: ("Pending", "Awaiting your Reply"),
    RESOLVED: ("Resolved", "This ticket has been Resolved"),
    CLOSED: ("Closed", "This ticket has been Closed"),
    6: ("Waiting on Customer", "Awaiting your Reply"),
    7: ("Waiting on Third Party", "Being Processed"),
    8: ("With the roaster", "On the roaster's desk"),  # of the account's own
}
PRIORITIES = {1: "Low", 2: "Medium", 3: "High", 4: "Urgent"}
SOURCES = {"Email": 1, "Portal": 2, "Phone": 3, "Forum": 4, "Twitter": 5, "Facebook": 6, "Chat": 7, "Feedback Widget": 9}  # fmt: skip
TAKEN_SOURCES = (1, 2, 3, 7, 9, 10)  # those that a create takes
TYPES = ("Question", "Incident", "Problem", "Feature Request", "Refund")
GROUPS = {501000128910: "Support", 501000128911: "Refunds"}
MAX_TAG, MAX_TEXT, MAX_SUBJECT = 32, 255, 255
FORM_AT = "2024-10-21T09:00:00Z"


@dataclass(frozen=True, slots=True)
class Custom:
    """A field that the account's admin made; `name` is how the API calls it."""

    name: str
    label: str
    kind: str  # text | dropdown | number | checkbox
    choices: tuple[str, ...] = ()


BRIDGE_ID = "cf_bridge_id"
REASON = "cf_reason"
CUSTOM = {
    one.name: one
    for one in (
        Custom(BRIDGE_ID, "Bridge id", "text"),
        Custom("cf_channel", "Channel", "text"),
        Custom(REASON, "Reason", "dropdown", ("Refund", "Outage", "Delivery", "Other")),
        Custom("cf_followers", "Followers", "number"),
        Custom("cf_vip", "VIP", "checkbox"),
    )
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of `errors` in a 400."""

    field: str
    message: str
    code: str = "invalid_value"


class Invalid(Exception):
    """What was sent does not fit."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{one.field}: {one.message}" for one in problems))
        self.problems = problems


def missing(name: str) -> Problem:
    return Problem(name, "Mandatory attribute missing", "missing_field")


def unexpected(name: str) -> Problem:
    return Problem(name, "Unexpected/invalid field in request", "invalid_field")


def one_of(name: str, allowed: Iterable[Any]) -> Problem:
    shown = ",".join(str(one) for one in allowed)
    return Problem(name, f"It should be one of these values: '{shown}'")


def too_long(name: str, length: int, most: int) -> Problem:
    return Problem(name, f"Has {length} characters, it can have maximum of {most} characters")


def no_match(what: str, name: str) -> Problem:
    return Problem(name, f"There is no {what} matching the given {name}")


RUBY = {str: "String", bool: "Boolean", int: "Integer", float: "Float", list: "Array", dict: "Hash", type(None): "Null"}  # fmt: skip
WANTED = {str: "String", bool: "Boolean", int: "Positive Integer", list: "Array", dict: "key/value pair"}  # fmt: skip


def mismatch(name: str, value: Any, wanted: type) -> Problem:
    given = RUBY.get(type(value), "String")
    return Problem(
        name, f"Value set is of type {given}.It should be a/an {WANTED[wanted]}", "datatype_mismatch"
    )  # fmt: skip


def kinds(wish: dict[str, Any], known: dict[str, type]) -> list[Problem]:
    """What is wrong with the names and the kinds of values in *wish*; null is none."""
    found = [unexpected(name) for name in wish if name not in known]
    for name, wanted in known.items():
        value = wish.get(name)
        if value is None:
            continue
        right = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
        if not right or (wanted is int and value < 1):
            found.append(mismatch(name, value, wanted))
    return found


REQUESTERS = ("requester_id", "email", "phone", "twitter_id", "facebook_id", "unique_external_id")
UPDATED: dict[str, type] = {
    "name": str, "requester_id": int, "email": str, "phone": str, "twitter_id": str, "facebook_id": str,
    "unique_external_id": str, "subject": str, "type": str, "status": int, "priority": int, "description": str,
    "responder_id": int, "attachments": list, "custom_fields": dict, "due_by": str, "fr_due_by": str,
    "email_config_id": int, "group_id": int, "product_id": int, "source": int, "tags": list, "company_id": int,
}  # fmt: skip
CREATED = {**UPDATED, "cc_emails": list, "parent_id": int, "related_ticket_ids": list, "lookup_parameter": str}  # fmt: skip
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(slots=True)
class Form:
    """What the form asks for; `required` is what the setting freshdesk_required says."""

    required: str = ""  # "" | agents | closure: when the reason must be given
    agents: dict[int, str] = field(default_factory=dict)

    def show(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The answer of GET /ticket_fields, of one type only when asked."""
        shown = [
            self._default("requester", "Search a requester", "default_requester", True, portal_cc=False, portal_cc_to="company"),
            self._default("subject", "Subject", "default_subject", True),
            self._default("ticket_type", "Type", "default_ticket_type", choices=list(TYPES)),
            self._default("source", "Source", "default_source", choices=SOURCES),
            self._default("status", "Status", "default_status", True, choices={str(key): list(names) for key, names in STATUSES.items()}),
            self._default("priority", "Priority", "default_priority", True, choices={name: key for key, name in PRIORITIES.items()}),
            self._default("group", "Group", "default_group", choices={name: key for key, name in GROUPS.items()}),
            self._default("agent", "Agent", "default_agent", choices={name: key for key, name in self.agents.items()}),
            self._default("description", "Description", "default_description", True),
            *(self._custom(one) for one in CUSTOM.values()),
        ]  # fmt: skip
        for place, one in enumerate(shown, 1):
            one["id"], one["position"] = 501000540710 + place, place
        return [one for one in shown if kind in (None, one["type"])]

    def _default(self, name: str, label: str, kind: str, required: bool = False, **more: Any) -> dict[str, Any]:  # fmt: skip
        return {
            "name": name, "label": label, "description": f"Ticket {name}", "type": kind, "default": True,
            "required_for_closure": False, "required_for_agents": required, "required_for_customers": False,
            "label_for_customers": label, "customers_can_edit": False, "displayed_to_customers": True,
            "created_at": FORM_AT, "updated_at": FORM_AT, **more,
        }  # fmt: skip

    def _custom(self, one: Custom) -> dict[str, Any]:
        shown = self._default(one.name, one.label, f"custom_{one.kind}")
        shown.update(default=False, description="", displayed_to_customers=False)
        if one.name == REASON:
            shown["required_for_agents"] = self.required == "agents"
            shown["required_for_closure"] = self.required == "closure"
        if one.choices:
            shown["choices"] = list(one.choices)
        return shown

    def problems(self, wish: dict[str, Any], before: dict[str, Any] | None) -> list[Problem]:
        """What is wrong with *wish*; *before* are status and custom fields of the ticket, None for a new one."""
        found = kinds(wish, CREATED if before is None else UPDATED)
        if found:
            return found
        for name in ("subject", "description"):
            if before is None and wish.get(name) is None:
                found.append(missing(name))
            elif isinstance(wish.get(name), str) and not wish[name].strip():
                found.append(Problem(name, "It should not be blank as this is a mandatory field"))
        if len(wish.get("subject") or "") > MAX_SUBJECT:
            found.append(too_long("subject", len(wish["subject"]), MAX_SUBJECT))
        found += self._chosen(wish) + self._people(wish, before is None) + self._tags(wish)
        custom = wish.get("custom_fields") or {}
        for name, value in custom.items():
            found += custom_problems(name, value)
        return found + self._demanded(wish, custom, before)

    def _chosen(self, wish: dict[str, Any]) -> list[Problem]:
        allowed: dict[str, Iterable[Any]] = {
            "status": STATUSES, "priority": PRIORITIES, "source": TAKEN_SOURCES, "type": TYPES,
        }  # fmt: skip
        found = [
            one_of(name, values)
            for name, values in allowed.items()
            if wish.get(name) is not None and wish[name] not in values
        ]
        if wish.get("group_id") is not None and wish["group_id"] not in GROUPS:
            found.append(no_match("group", "group_id"))
        if wish.get("responder_id") is not None and wish["responder_id"] not in self.agents:
            found.append(no_match("agent", "responder_id"))
        return found

    def _people(self, wish: dict[str, Any], create: bool) -> list[Problem]:
        given = [name for name in REQUESTERS if wish.get(name)]
        if create and not given:
            return [missing("requester_id")]
        if create and given == ["phone"] and not wish.get("name"):
            return [missing("name")]
        mails = [("email", wish["email"])] if wish.get("email") else []
        mails += [("cc_emails", one) for one in wish.get("cc_emails") or ()]
        return [
            Problem(name, "It should be a valid email address")
            for name, mail in mails
            if not isinstance(mail, str) or not MAIL.fullmatch(mail)
        ]

    def _tags(self, wish: dict[str, Any]) -> list[Problem]:
        found = []
        for tag in wish.get("tags") or ():
            if not isinstance(tag, str):
                found.append(mismatch("tags", tag, str))
            elif len(tag) > MAX_TAG:
                found.append(too_long("tags", len(tag), MAX_TAG))
        return found

    def _demanded(
        self, wish: dict[str, Any], custom: dict[str, Any], before: dict[str, Any] | None
    ) -> list[Problem]:
        """The form is enforced on updates too: a field that is still empty counts, though it is not sent."""
        status = wish.get("status") or (before or {}).get("status") or OPEN
        asked = self.required == "agents" or (
            self.required == "closure" and status in (RESOLVED, CLOSED)
        )
        value = custom.get(REASON, ((before or {}).get("custom_fields") or {}).get(REASON))
        return [missing(f"custom_fields.{REASON}")] if asked and value is None else []  # fmt: skip


def custom_problems(name: str, value: Any) -> list[Problem]:
    place = f"custom_fields.{name}"
    if (one := CUSTOM.get(name)) is None:
        return [unexpected(place)]
    if value is None:
        return []
    wanted: type = {"number": int, "checkbox": bool}.get(one.kind, str)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        return [mismatch(place, value, wanted)]
    if one.kind == "text" and isinstance(value, str) and len(value) > MAX_TEXT:
        return [too_long(place, len(value), MAX_TEXT)]
    if one.choices and value not in one.choices:
        return [one_of(place, one.choices)]
    return []
