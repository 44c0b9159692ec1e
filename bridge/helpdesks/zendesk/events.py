"""Zendesk's webhooks: event subscriptions in Zendesk's own JSON, or a trigger with our template.

An event says what happened. A trigger's body is a hint: its placeholders may be late or empty, so
only a read tells. Ids are texts or numbers, "none" is null, "" or "0", statuses are in capitals.
Source: "Ticket events", "Webhooks", developer.zendesk.com, and captured bodies, read 2026-11.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from bridge.core.errors import Unreadable
from bridge.core.model import Delivery, Status, TicketComment, TicketUpdate, tags_of
from bridge.core.untrusted import items, mapping, moment, read_json
from bridge.helpdesks.zendesk.api import identity, status
from bridge.helpdesks.zendesk.comments import attachments_of

INVOCATION = "x-zendesk-webhook-invocation-id"
ATTEMPT = "x-zendesk-webhook-signature-timestamp"
PREFIX = "zen:event-type:ticket."

# What we ask Zendesk to tell us.
SUBSCRIPTIONS = tuple(
    PREFIX + name
    for name in (
        "comment_added",
        "comment_made_private",
        "comment_redacted",
        "attachment_redacted_from_comment",
        "status_changed",
        "tags_changed",
        "merged",
        "soft_deleted",
        "permanently_deleted",
        "marked_as_spam",
        "undeleted",
    )
)

# The body of our trigger: ids and status only, for texts in placeholders need not be valid JSON.
TEMPLATE = (
    '{"bridge": 1, "ticket_id": "{{ticket.id}}", "external_id": "{{ticket.external_id}}", '
    '"status": "{{ticket.status}}", "actor_id": "{{current_user.id}}"}'
)


# How our template begins. A status of the account's own may be named with quotes, which break the
# JSON behind it; the ticket's number always comes through.
_BEGINS = re.compile(rb'\s*\{"bridge": 1, "ticket_id": "([0-9]{1,19})"')


def parse(delivery: Delivery) -> list[TicketUpdate]:
    """What a delivery tells; raises Unreadable when it is no JSON object.

    What concerns nobody comes back with the reason why it is ignored.
    """
    if not delivery.body.strip():
        # What Zendesk sends when it tries a webhook without content.
        return [TicketUpdate(dedupe=_hint(delivery), ticket_id=None, ignored="a try")]
    begins = _BEGINS.match(delivery.body)
    try:
        body = read_json(delivery.body)
    except Unreadable:
        if begins is None:
            raise
        body = {"ticket_id": begins[1].decode()}
    if not isinstance(body, dict):
        raise Unreadable("not_an_object", "the body is JSON, but no object")
    kind = body.get("type")
    if isinstance(kind, str) and kind.startswith("zen:event-type:"):
        return [_event(body, kind, delivery)]
    return [_trigger(body, delivery)]


def _digest(delivery: Delivery, *more: str) -> str:
    return hashlib.sha256(b"\n".join([delivery.body, *(m.encode() for m in more)])).hexdigest()[:32]


def _stamp(facts: Mapping[str, Any]) -> str | None:
    """The external id: None when the body does not speak of it, "" when it says there is none."""
    if "external_id" not in facts:
        return None
    value = facts["external_id"]
    return value.strip() if isinstance(value, str) else ""


# --- event subscriptions -------------------------------------------------------------------------

Facts = dict[str, Any]


def _event(body: Mapping[str, Any], kind: str, delivery: Delivery) -> TicketUpdate:
    detail, event = mapping(body.get("detail")), mapping(body.get("event"))
    if not kind.startswith(PREFIX):
        name = f"event:{identity(body.get('id')) or _digest(delivery)}"
        return TicketUpdate(dedupe=name, ticket_id=None, ignored=kind[:80])
    name = kind.removeprefix(PREFIX)
    # `subject` names the ticket even where `detail` is thin: "zen:ticket:5158".
    subject = str(body.get("subject") or "").removeprefix("zen:ticket:")
    facts: Facts = {
        "dedupe": f"event:{identity(body.get('id')) or _digest(delivery)}",
        "ticket_id": identity(detail.get("id")) or identity(subject),
        "stamp": _stamp(detail),
        "actor_id": identity(detail.get("actor_id")),
        "at": moment(body.get("time")) or moment(detail.get("updated_at")),
        "status": status(detail.get("status")),
        "status_word": identity(detail.get("custom_status")),
        "tags": tags_of(items(detail.get("tags"))),
    }
    reader = _EVENTS.get(name)
    if facts["ticket_id"] is None:
        facts["ignored"] = "no ticket id"
    elif reader is None:
        facts["ignored"] = name[:80]
    else:
        facts |= reader(event, facts)
    return TicketUpdate(**facts)


def _comment_added(event: Mapping[str, Any], facts: Facts) -> Facts:
    said = mapping(event.get("comment"))
    author = mapping(said.get("author"))
    comment_id, public, staff = (
        identity(said.get("id")), said.get("is_public"), author.get("is_staff")
    )  # fmt: skip
    if comment_id is None:
        return {"hint": True}
    text, name = said.get("body"), author.get("name")
    return {
        # A read of the ticket finds the same comment: it must have the same name there.
        "dedupe": comment_name(facts["ticket_id"], comment_id),
        "comment": TicketComment(
            id=comment_id,
            text=text if isinstance(text, str) else "",
            public=public if isinstance(public, bool) else None,
            author_id=identity(author.get("id")) or facts["actor_id"],
            author_name=name if isinstance(name, str) else None,
            staff=staff if isinstance(staff, bool) else None,
            created_at=moment(said.get("created_at")) or facts["at"],
            attachments=attachments_of(said.get("attachments")),
        ),
    }


def comment_name(ticket_id: str, comment_id: str) -> str:
    """The de-duplication name of a comment, whether an event told of it or a read found it."""
    return f"comment:{ticket_id}:{comment_id}"


def _withdrawn(event: Mapping[str, Any], facts: Facts) -> Facts:
    comment_id = identity(mapping(event.get("comment")).get("id"))
    comment_id = comment_id or identity(event.get("comment_id"))
    if comment_id is None:
        return {"withdrawn": True}
    return {"withdrawn": True, "comment": TicketComment(id=comment_id, text="", public=False)}


def _status_changed(event: Mapping[str, Any], facts: Facts) -> Facts:
    return {
        "status": status(event.get("current")) or facts["status"],
        "previous": status(event.get("previous")),
    }


def _tags_changed(event: Mapping[str, Any], facts: Facts) -> Facts:
    return {"tags_added": tags_of(items(event.get("tags_added")))}


def _merged(event: Mapping[str, Any], facts: Facts) -> Facts:
    target = identity(event.get("target_ticket_id"))
    return {"merged_into": target} if target else {"hint": True}


def _deleted(event: Mapping[str, Any], facts: Facts) -> Facts:
    return {"deleted": True, "status": Status.DELETED}


def _undeleted(event: Mapping[str, Any], facts: Facts) -> Facts:
    return {"hint": True}  # `detail.status` may still be the one it had as a deleted ticket


_EVENTS: dict[str, Callable[[Mapping[str, Any], Facts], Facts]] = {
    "comment_added": _comment_added,
    "comment_made_private": _withdrawn,
    "comment_redacted": _withdrawn,
    "attachment_redacted_from_comment": _withdrawn,
    "status_changed": _status_changed,
    "tags_changed": _tags_changed,
    "merged": _merged,
    "soft_deleted": _deleted,
    "permanently_deleted": _deleted,
    "marked_as_spam": _deleted,
    "undeleted": _undeleted,
}


# --- triggers ------------------------------------------------------------------------------------


def _trigger(body: Mapping[str, Any], delivery: Delivery) -> TicketUpdate:
    """A hint. The body names no event, so the invocation does; the same body may be sent again."""
    ticket_id = identity(body.get("ticket_id"))
    return TicketUpdate(
        dedupe=_hint(delivery),
        ticket_id=ticket_id,
        stamp=_stamp(body),
        actor_id=identity(body.get("actor_id")),
        at=moment(delivery.headers.get(ATTEMPT)),
        status=status(body.get("status")),
        hint=ticket_id is not None,
        ignored=None if ticket_id else "no ticket id",
    )


def _hint(delivery: Delivery) -> str:
    received = delivery.received_at.isoformat() if delivery.received_at else ""
    invocation = identity(delivery.headers.get(INVOCATION))
    return f"hint:{invocation or _digest(delivery, delivery.headers.get(ATTEMPT) or received)}"
