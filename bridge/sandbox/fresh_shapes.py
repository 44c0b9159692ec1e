"""Tickets, conversations, contacts and agents as Freshdesk's API shows them."""

from __future__ import annotations

import hmac
import uuid
from typing import Any
from urllib.parse import quote

from bridge.sandbox import fresh_html
from bridge.sandbox.clock import stamp
from bridge.sandbox.fresh import Fresh
from bridge.sandbox.fresh_fields import BRIDGE_ID, FORM_AT, PRIORITIES, STATUSES
from bridge.sandbox.fresh_records import DUE_AFTER, Attachment, Conversation, Ticket, User

SIGNED_FOR = 4 * 3600  # seconds for which an attachment_url opens
SIGNING_KEY = b"sandbox-attachment-signing-key"


def listed(one: Ticket, now: float) -> dict[str, Any]:
    """A ticket in a list: without description, tags stay."""
    later = now - one.created >= DUE_AFTER
    return {
        "cc_emails": one.cc_emails, "fwd_emails": [], "reply_cc_emails": one.cc_emails,
        "ticket_cc_emails": one.cc_emails, "fr_escalated": False, "spam": one.spam, "email_config_id": None,
        "group_id": one.group_id, "priority": one.priority, "requester_id": one.requester.id,
        "responder_id": one.responder_id, "source": one.source, "company_id": None, "status": one.status,
        "subject": one.subject, "association_type": None, "support_email": None, "to_emails": None,
        "product_id": None, "id": one.id, "type": one.type,
        "due_by": stamp(one.created + 259_200) if later else None,
        "fr_due_by": stamp(one.created + 86_400) if later else None,
        "is_escalated": False, "custom_fields": one.custom_fields, "created_at": stamp(one.created),
        "updated_at": stamp(one.updated), "associated_tickets_count": None, "tags": one.tags,
        "sentiment_score": None, "initial_sentiment_score": None, "nr_due_by": None, "nr_escalated": False,
        **({"deleted": True} if one.deleted else {}),
    }  # fmt: skip


def ticket(one: Ticket, now: float, base: str) -> dict[str, Any]:
    """A ticket as it is viewed."""
    text = fresh_html.flat(one.description)
    return {
        **listed(one, now), "description": one.description, "description_text": text,
        "structured_description": None, "form_id": None, "source_additional_info": None,
        "attachments": [attachment(file, now, base) for file in one.attachments],
    }  # fmt: skip


def created(one: Ticket, now: float, base: str) -> dict[str, Any]:
    """A ticket in the answer to its create."""
    return {**ticket(one, now, base), "urgent": one.priority == 4}


def stats(one: Ticket) -> dict[str, str | None]:
    names = (
        "agent_responded_at", "requester_responded_at", "first_responded_at", "status_updated_at",
        "reopened_at", "resolved_at", "closed_at", "pending_since",
    )  # fmt: skip
    return {name: stamp(one.stats[name]) if name in one.stats else None for name in names}


def requester(one: User) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "email": one.email, "mobile": one.mobile, "phone": one.phone}  # fmt: skip


def signature(identity: int, expires: int) -> str:
    return hmac.new(SIGNING_KEY, f"{identity} {expires}".encode(), "sha256").hexdigest()


def attachment(one: Attachment, now: float, base: str) -> dict[str, Any]:
    expires = int(now) + SIGNED_FOR
    url = (
        f"{base}/attachments/data/helpdesk/attachments/production/{one.id}/original/{quote(one.name)}"
        f"?response-content-type={quote(one.kind, safe='')}&Expires={expires}&Signature={signature(one.id, expires)}"
    )
    return {
        "id": one.id, "name": one.name, "content_type": one.kind, "size": len(one.content),
        "created_at": stamp(one.at), "updated_at": stamp(one.at), "attachment_url": url,
    }  # fmt: skip


def posted(one: Conversation, now: float, base: str) -> dict[str, Any]:
    """A conversation in the answer to the call that made it: a reply has no `private`, neither has `source`."""
    shown = {
        "body_text": fresh_html.flat(one.body), "body": one.body, "structured_body": None, "id": one.id,
        "user_id": one.user.id, "ticket_id": one.ticket_id, "created_at": stamp(one.at),
        "updated_at": stamp(one.updated),
        "attachments": [attachment(file, now, base) for file in one.attachments],
    }  # fmt: skip
    if one.kind == "reply":
        mail = {"from_email": "support@acme.example", "cc_emails": one.cc_emails, "bcc_emails": []}
        return {**shown, **mail, "replied_to": one.to_emails}
    return {
        **shown, "incoming": one.incoming, "private": one.private, "support_email": None,
        "notified_to": one.to_emails,
    }  # fmt: skip


def conversation(one: Conversation, now: float, base: str) -> dict[str, Any]:
    """A conversation in a list."""
    reply = one.kind == "reply"
    return {
        "body": one.body, "body_text": fresh_html.flat(one.body), "structured_body": None, "id": one.id,
        "incoming": one.incoming, "private": one.private, "user_id": one.user.id, "support_email": None,
        "source": one.source, "category": 1 if one.incoming else 3 if reply else 2,
        "to_emails": one.to_emails if reply else [], "from_email": "support@acme.example" if reply else None,
        "cc_emails": one.cc_emails, "bcc_emails": None, "email_failure_count": None,
        "outgoing_failures": None, "thread_id": None, "thread_message_id": None,
        "created_at": stamp(one.at), "updated_at": stamp(one.updated),
        "last_edited_at": stamp(one.edited) if one.edited else None,
        "last_edited_user_id": None, "automation_id": None, "automation_type_id": None,
        "auto_response": False, "ticket_id": one.ticket_id, "threading_type": None,
        "delivery_details": {"failed_emails": [], "pending_emails": []},
        "attachments": [attachment(file, now, base) for file in one.attachments],
        "source_additional_info": None,
    }  # fmt: skip


def contact(one: User) -> dict[str, Any]:
    first, _, last = one.name.partition(" ")
    return {
        "active": False, "address": None, "company_id": None, "view_all_tickets": False,
        "deleted": one.deleted, "description": one.description, "email": one.email, "id": one.id,
        "contact_type": "contact", "job_title": one.job_title, "language": "en", "mobile": one.mobile,
        "name": one.name, "phone": one.phone, "time_zone": "Warsaw", "twitter_id": one.twitter_id,
        "facebook_id": one.facebook_id, "unique_external_id": one.unique_external_id,
        "social_handler": [], "other_emails": [], "other_companies": [], "other_phone_numbers": [],
        "custom_fields": {}, "tags": one.tags, "avatar": None, "csat_rating": None,
        "preferred_source": None, "first_name": first, "last_name": last or None,
        "visitor_id": str(uuid.UUID(int=one.id)),
        "org_contact_id": 1_848_295_627_395_445_800 + one.id,  # above 2**53
        "created_at": stamp(one.at), "updated_at": stamp(one.updated),
    }  # fmt: skip


def agent(one: User) -> dict[str, Any]:
    at = stamp(one.at)
    return {
        "available": True, "occasional": False, "id": one.id, "ticket_scope": 1, "signature": None,
        "group_ids": [], "role_ids": [501000054321], "skill_ids": [], "available_since": None,
        "type": "support_agent", "focus_mode": True, "deactivated": False, "created_at": at, "updated_at": at,
        "last_active_at": at,
        "contact": {
            "active": True, "email": one.email, "job_title": None, "language": "en", "last_login_at": at,
            "mobile": None, "name": one.name, "phone": None, "time_zone": "Warsaw", "created_at": at,
            "updated_at": at,
        },
    }  # fmt: skip


# --- what the page of the sandbox draws ------------------------------------------------------------


def shown(fresh: Fresh, base: str) -> list[dict[str, Any]]:
    """The tickets, newest first, in the keys of the fake Zendesk's where they mean the same."""
    now = fresh.ground.clock.now()
    return [shown_ticket(one, now, base) for one in reversed(fresh.tickets.values())]


def shown_ticket(one: Ticket, now: float, base: str) -> dict[str, Any]:
    first = {
        "id": one.id, "kind": "description", "by": "agent" if one.requester.agent else "customer",
        "author": {"id": one.requester.id, "name": one.requester.name}, "public": True, "incoming": True,
        "text": fresh_html.plain(one.description), "html": one.description, "at": stamp(one.created),
        "attachments": [shown_file(file, now, base) for file in one.attachments], "metadata": {},
    }  # fmt: skip
    return {
        "id": one.id, "subject": one.subject, "status": one.status, "status_label": STATUSES[one.status][0],
        "priority": one.priority, "priority_label": PRIORITIES[one.priority], "type": one.type,
        "group_id": one.group_id, "tags": one.tags,
        "requester": {"id": one.requester.id, "name": one.requester.name,
                      "external_id": one.requester.unique_external_id},
        "external_id": one.custom_fields.get(BRIDGE_ID), "followup_of": None, "merged_into": one.merged_into,
        "problem_id": None, "parent_id": one.parent_id,
        "custom_fields": one.custom_fields, "created_at": stamp(one.created), "updated_at": stamp(one.updated),
        "deleted": one.deleted, "spam": one.spam, "archived": one.archived(now), "mails": one.mails,
        "comments": [first, *(shown_said(said, now, base) for said in one.conversations)],
    }  # fmt: skip


def shown_said(one: Conversation, now: float, base: str) -> dict[str, Any]:
    return {
        "id": one.id, "kind": one.kind, "by": one.by, "author": {"id": one.user.id, "name": one.user.name},
        "public": not one.private, "incoming": one.incoming, "text": fresh_html.plain(one.body),
        "html": one.body, "at": stamp(one.at), "edited": one.edited is not None, "metadata": {},
        "attachments": [shown_file(file, now, base) for file in one.attachments],
    }  # fmt: skip


def shown_file(one: Attachment, now: float, base: str) -> dict[str, Any]:
    url = attachment(one, now, base)["attachment_url"]
    return {"name": one.name, "url": url, "content_type": one.kind, "size": len(one.content)}


def business_hours() -> list[dict[str, Any]]:
    """The account's two calendars; one closes in the last second of the day. Holidays are not among what it tells."""
    day = {"start_time": "08:00:00 am", "end_time": "05:00:00 pm"}
    warsaw = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday"), day)
    warsaw["friday"] = {"start_time": "08:00:00 am", "end_time": "11:59:59 pm"}
    americas = {"monday": {"start_time": "09:30:00 am", "end_time": "12:00:00 pm"}}
    told = (("Default", "Warsaw", warsaw), ("Americas", "Eastern Time (US & Canada)", americas))
    return [
        {"id": 501000006727 + number, "name": name, "description": f"{name} Business Calendar",
         "time_zone": zone, "is_default": number == 0, "business_hours": hours,
         "created_at": FORM_AT, "updated_at": FORM_AT}
        for number, (name, zone, hours) in enumerate(told)
    ]  # fmt: skip
