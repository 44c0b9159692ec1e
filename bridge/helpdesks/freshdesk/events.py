"""Freshdesk's webhooks: what an admin's automation rule sends, whatever they made of its content.

They are unsigned (a header of ours proves them), late, out of order and repeated, and what they say
of a comment is only "the latest". So each is a hint: it names a ticket, and a read tells the rest.
Source: "Using Webhooks in automation rules", Freshdesk's help centre, and captured bodies, read 2026-11.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from bridge.core.errors import Unreadable
from bridge.core.model import Delivery, TicketUpdate
from bridge.core.untrusted import mapping, read_json
from bridge.helpdesks.freshdesk.api import identity

PROOF = "x-bridge-secret"  # the header that the rule sends our secret in

# Every placeholder in quotes: an empty number without them is no JSON.
TEMPLATE = (
    '{"bridge": 1, "ticket_id": "{{ticket.id}}", "event": "{{triggered_event}}", '
    '"actor": "{{event_performer.email}}", "modified_on": "{{ticket.modified_on}}"'
)


def content(field: str | None) -> str:
    """The JSON to paste into the rule; with the placeholder of the field that holds our stamp."""
    stamp = f', "bridge_id": "{{{{ticket.{field.removeprefix("cf_")}}}}}"' if field else ""
    return f"{TEMPLATE}{stamp}}}"


def parse(delivery: Delivery) -> list[TicketUpdate]:
    """The one hint a delivery gives; raises Unreadable when it names no ticket in any way we read.

    Our own content, the one of widespread integrations (`freshdesk_webhook`, captured) and simple
    content are read. A placeholder that was left empty without quotes breaks the JSON: then the
    ticket's id alone is read, where it stands there once.
    """
    try:
        body = read_json(delivery.body)
    except Unreadable as error:
        ticket_id = _named_once(delivery.body) if error.code == "bad_json" else None
        if ticket_id is None:
            raise Unreadable(
                error.code,
                f"{error.detail}; the rule's webhook must send JSON with every placeholder in "
                "quotes, as docs/helpdesks/freshdesk.md shows",
            ) from None
        return [TicketUpdate(dedupe=_name(delivery), ticket_id=ticket_id, hint=True)]
    if not isinstance(body, dict):
        raise Unreadable("not_an_object", "the body is JSON, but no object")
    return [_hint(delivery, mapping(body.get("freshdesk_webhook")) or body)]


def _hint(delivery: Delivery, body: Mapping[str, Any]) -> TicketUpdate:
    ticket_id = _ticket_id(body.get("ticket_id"))
    return TicketUpdate(
        dedupe=_name(delivery),
        ticket_id=ticket_id,
        stamp=_stamp(body.get("bridge_id")),
        actor_id=_email(body.get("actor")),
        hint=ticket_id is not None,
        ignored=None if ticket_id else "no ticket id",
    )


def _name(delivery: Delivery) -> str:
    """A name for this very delivery: no two are the same event, for none names its event."""
    at = delivery.received_at.isoformat() if delivery.received_at else ""
    return f"hint:{hashlib.sha256(at.encode() + b' ' + delivery.body).hexdigest()[:32]}"


def _ticket_id(value: object) -> str | None:
    """The number of the ticket; some accounts show it as `#12` or `INC-12`."""
    if not isinstance(value, str):
        return identity(value)
    found = re.fullmatch(r"\s*(?:#|[A-Za-z]{1,10}-)?([1-9][0-9]{0,18})\s*", value)
    return found[1] if found else None


def _stamp(value: object) -> str | None:
    """Our stamp. An empty one says nothing: the placeholder's name may be wrong (not confirmed)."""
    text = value.strip().lower() if isinstance(value, str) else ""
    return text if re.fullmatch(r"[0-9a-f]{32}", text) else None


def _email(value: object) -> str | None:
    text = value.strip().lower() if isinstance(value, str) else ""
    return text if re.fullmatch(r"[^\s@{}]{1,200}@[^\s@{}]{1,200}", text) else None


_TICKET = re.compile(rb'"ticket_id"\s*:\s*"?#?([1-9][0-9]{0,18})"?\s*[,}]')


def _named_once(body: bytes) -> str | None:
    found = set(_TICKET.findall(body[:200_000]))
    return found.pop().decode() if len(found) == 1 else None
