"""Tickets, comments and users as Zendesk's API shows them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from bridge.sandbox.clock import stamp
from bridge.sandbox.desk import Desk
from bridge.sandbox.desk_records import (
    BRAND_ID,
    CUSTOM_STATUS,
    FORM_ID,
    Attachment,
    Ticket,
    TicketComment,
    User,
)


def ticket(one: Ticket, base: str) -> dict[str, Any]:
    fields = [{"id": key, "value": value} for key, value in one.custom_fields.items()]
    return {
        "url": f"{base}/api/v2/tickets/{one.id}.json", "id": one.id, "external_id": one.external_id,
        "via": one.via, "created_at": stamp(one.created), "updated_at": stamp(one.updated),
        "generated_timestamp": one.stamped, "type": one.type, "subject": one.subject,
        "raw_subject": one.subject, "description": one.description, "priority": one.priority,
        "status": one.shown_status, "recipient": None, "requester_id": one.requester.id,
        "submitter_id": one.submitter.id, "assignee_id": one.assignee_id, "organization_id": None,
        "group_id": one.group_id, "collaborator_ids": [], "follower_ids": one.followers, "email_cc_ids": [],
        "forum_topic_id": None, "problem_id": one.problem_id, "has_incidents": one.has_incidents,
        "is_public": any(comment.public for comment in one.comments), "due_at": None,
        "tags": one.tags, "custom_fields": fields, "satisfaction_rating": {"score": "unoffered"},
        "sharing_agreement_ids": [], "custom_status_id": CUSTOM_STATUS[one.status],
        "encoded_id": f"SANDBX-{one.id:05X}", "fields": fields, "followup_ids": one.followups,
        "ticket_form_id": FORM_ID, "brand_id": BRAND_ID, "allow_channelback": False,
        "allow_attachments": True, "from_messaging_channel": False, "support_type": "agent",
    }  # fmt: skip


def attachment(one: Attachment, base: str) -> dict[str, Any]:
    url = f"{base}/attachments/token/{one.token}/?name={quote(one.name)}"
    return {
        "url": f"{base}/api/v2/attachments/{one.id}.json", "id": one.id, "file_name": one.name,
        "content_url": url, "mapped_content_url": url, "content_type": one.kind,
        "size": len(one.content), "width": None, "height": None, "inline": False, "deleted": False,
        "malware_access_override": False, "malware_scan_result": "not_scanned", "thumbnails": [],
    }  # fmt: skip


def comment(one: TicketComment, base: str) -> dict[str, Any]:
    return {
        "id": one.id, "type": "Comment", "author_id": one.author.id, "body": one.body,
        "html_body": one.html, "plain_body": one.body, "public": one.public,
        "attachments": [attachment(file, base) for file in one.attachments],
        "audit_id": one.audit_id, "via": one.via, "created_at": stamp(one.at),
        "metadata": {"system": {"client": "sandbox"}, "custom": one.metadata},
    }  # fmt: skip


def user(one: User, base: str) -> dict[str, Any]:
    return {
        "id": one.id, "url": f"{base}/api/v2/users/{one.id}.json", "name": one.name, "email": one.email,
        "created_at": stamp(one.at), "updated_at": stamp(one.at), "time_zone": "Europe/Warsaw",
        "iana_time_zone": "Europe/Warsaw", "phone": None, "shared_phone_number": None, "photo": None,
        "locale_id": 1, "locale": "en-US", "organization_id": None, "role": one.role,
        "verified": one.staff, "external_id": one.external_id, "tags": [], "alias": None, "active": True,
        "shared": False, "shared_agent": False, "last_login_at": None, "two_factor_auth_enabled": False,
        "signature": None, "details": None, "notes": None, "role_type": None, "custom_role_id": None,
        "moderator": one.staff, "ticket_restriction": None if one.staff else "requested",
        "only_private_comments": False, "restricted_agent": not one.staff, "suspended": False,
        "default_group_id": None, "report_csv": False, "user_fields": {},
    }  # fmt: skip


ANONYMOUS = {
    "id": None,
    "name": "Anonymous user",
    "email": "invalid@example.com",
    "role": "end-user",
    "active": None,
}


def shown(desk: Desk, base: str) -> list[dict[str, Any]]:
    """The tickets as the sandbox's page draws them, newest first."""
    return [shown_ticket(one, base) for one in reversed(desk.tickets.values())]


def shown_ticket(one: Ticket, base: str) -> dict[str, Any]:
    return {
        "id": one.id, "subject": one.subject, "status": one.shown_status, "priority": one.priority,
        "type": one.type, "group_id": one.group_id, "tags": one.tags,
        "requester": {"id": one.requester.id, "name": one.requester.name,
                      "external_id": one.requester.external_id},
        "external_id": one.external_id, "followup_of": one.followup_of, "merged_into": one.merged_into,
        "problem_id": one.problem_id,
        "custom_fields": [{"id": key, "value": value} for key, value in one.custom_fields.items()],
        "created_at": stamp(one.created), "updated_at": stamp(one.updated),
        "comments": [
            {"id": said.id, "by": said.by, "author": {"id": said.author.id, "name": said.author.name},
             "public": said.public, "text": said.body, "html": said.html, "at": stamp(said.at),
             "metadata": said.metadata,
             "attachments": [
                 {"name": file.name, "url": attachment(file, base)["content_url"],
                  "content_type": file.kind, "size": len(file.content)} for file in said.attachments]}
            for said in one.comments
        ],
    }  # fmt: skip
