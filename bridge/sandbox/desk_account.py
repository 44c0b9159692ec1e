"""What the fake account came with: its fields, form, statuses and the triggers that send mail.

Shapes as in Zendesk's Support API description and recorded exchanges, read 2026-11.
"""

from __future__ import annotations

from typing import Any

from bridge.sandbox.desk_records import CUSTOM_STATUS, FORM_ID

REASON, ORDER, RETIRED = 46406130060001, 46406130060129, 46406130060257
_FIRST = 46406130043793
_SYSTEM = ("subject", "description", "status", "tickettype", "priority", "group", "assignee")
_WORDS = {
    "status": ("Open", "Pending", "Solved"),
    "tickettype": ("Question", "Incident", "Problem", "Task"),
    "priority": ("Low", "Normal", "High", "Urgent"),
}


def ticket_fields() -> list[dict[str, Any]]:
    """The system's fields, a drop-down (Reason), a text that solving needs, and a retired one."""
    system = [
        _field(_FIRST + 128 * number, kind, kind.capitalize(), removable=False,
               required=kind in ("subject", "status"),
               system_field_options=[{"name": word, "value": word.lower()} for word in _WORDS.get(kind, ())])
        for number, kind in enumerate(_SYSTEM)
    ]  # fmt: skip
    options = [
        {"id": REASON + number, "name": name, "value": f"reason_{name.lower()}", "default": False}
        for number, name in enumerate(("Refund", "Outage", "Praise"), start=1)
    ]
    return [
        *system,
        _field(REASON, "tagger", "Reason", custom_field_options=options),
        _field(ORDER, "text", "Order number", required=True),
        _field(RETIRED, "text", "Old channel", active=False),
    ]


def _field(identity: int, kind: str, title: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identity, "type": kind, "title": title, "active": True, "removable": True,
        "required": False, "required_in_portal": False, "visible_in_portal": False, **more,
    }  # fmt: skip


def ticket_form() -> dict[str, Any]:
    """The one form; who picks *Refund* must give the order number before solving."""
    child = {"id": ORDER, "is_required": True,
             "required_on_statuses": {"type": "SOME_STATUSES", "statuses": ["solved"]}}  # fmt: skip
    condition = {
        "parent_field_id": REASON,
        "parent_field_type": "tagger",
        "value": "reason_refund",
        "child_fields": [child],
    }
    return {
        "id": FORM_ID, "name": "Default Ticket Form", "active": True, "default": True,
        "ticket_field_ids": [field["id"] for field in ticket_fields()],
        "agent_conditions": [condition], "end_user_conditions": [],
    }  # fmt: skip


def custom_statuses() -> list[dict[str, Any]]:
    """The default status of each category."""
    return [
        {"id": identity, "status_category": name, "agent_label": name.capitalize(),
         "end_user_label": name.capitalize(), "active": True, "default": True}
        for name, identity in CUSTOM_STATUS.items() if name != "closed"
    ]  # fmt: skip


SCHEDULE, NIGHTS = 46406170060001, 46406170060129
_DAY = 24 * 60


def schedules() -> list[dict[str, Any]]:
    """Two schedules: weekdays with a lunch break and Saturday, and Friday's night, cut at midnight."""
    weekdays = [
        {"start_time": day * _DAY + start, "end_time": day * _DAY + end}
        for day in range(1, 6)
        for start, end in ((540, 720), (780, 1020))
    ]
    saturday = {"start_time": 6 * _DAY + 600, "end_time": 6 * _DAY + 840}
    nights = [{"start_time": 5 * _DAY + 1320, "end_time": 6 * _DAY},
              {"start_time": 6 * _DAY, "end_time": 6 * _DAY + 360}]  # fmt: skip
    made = {"created_at": "2024-03-01T09:00:00Z", "updated_at": "2026-01-12T09:00:00Z"}
    return [
        {"id": SCHEDULE, "name": "Support", "time_zone": "Warsaw", "intervals": [*weekdays, saturday], **made},
        {"id": NIGHTS, "name": "Night shift", "time_zone": "Warsaw", "intervals": nights, **made},
    ]  # fmt: skip


def holidays(schedule: int) -> list[dict[str, Any]]:
    """The days off of a schedule."""
    told = (("Christmas", "2099-12-24", "2099-12-26"), ("New Year", "2099-01-01", "2099-01-01"),
            ("Stocktaking", "2024-01-31", "2024-01-31"))  # fmt: skip
    return [
        {"id": SCHEDULE + 2 + number, "name": name, "start_date": first, "end_date": last}
        for number, (name, first, last) in enumerate(told)
        if schedule == SCHEDULE
    ]


def default_triggers() -> dict[int, dict[str, Any]]:
    """The triggers of a new account that mail customers; here nobody gets mail."""
    public = {"field": "comment_is_public", "operator": "is", "value": "true"}
    mails = (
        ("Notify requester of new proactive ticket", "Create", "agent"),
        ("Notify requester and CCs of comment update", "Change", "agent"),
    )
    made = {}
    for number, (title, kind, role) in enumerate(mails, start=1):
        identity = 46406158342033 + 128 * number
        conditions = [{"field": "update_type", "operator": "is", "value": kind}, public,
                      {"field": "role", "operator": "is", "value": role}]  # fmt: skip
        made[identity] = {
            "id": identity, "title": title, "raw_title": title, "active": True, "default": True,
            "description": None, "position": number, "category_id": "6130869158682",
            "conditions": {"all": conditions, "any": []},
            "actions": [{"field": "notification_user",
                         "value": ["requester_and_ccs", "[{{ticket.account}}] Re: {{ticket.title}}",
                                   "{{ticket.comments_formatted}}"]}],
        }  # fmt: skip
    return made
