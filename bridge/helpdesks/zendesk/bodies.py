"""What we send about a ticket, as values: built once, kept, and sent again unchanged.

One comment goes with one request. Our marker travels in `metadata`; it comes back as the
comment's `metadata.custom` and tells whether a write whose answer was lost arrived.
Source: Zendesk's Support API description, read 2026-11.
"""

from __future__ import annotations

from typing import Any

from bridge.core.errors import PermanentError
from bridge.core.model import Draft
from bridge.helpdesks.zendesk.api import STATUSES, integer

MAX_BODY = 65_535  # characters of one comment
MAX_SUBJECT = 150


def _metadata(draft: Draft) -> dict[str, Any]:
    return {"bridge": {"marker": draft.marker, "conversation": draft.conversation}}


def _comment(draft: Draft, text: str, *, public: bool) -> dict[str, Any]:
    if len(text) > MAX_BODY:
        raise PermanentError("too_long", f"a comment of {len(text)} characters; {MAX_BODY} fit")
    # `public` left out would take over the first comment's setting, so it is always said.
    comment: dict[str, Any] = {"body": text, "public": public}
    if public and draft.requester_id is not None:
        comment["author_id"] = integer(draft.requester_id)
    if draft.uploads:
        comment["uploads"] = list(draft.uploads)
    return comment


def _facts(draft: Draft) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if draft.priority:
        facts["priority"] = draft.priority
    if draft.type:
        facts["type"] = draft.type
    if draft.group and isinstance(integer(draft.group), int):
        facts["group_id"] = integer(draft.group)
    if draft.status in STATUSES:
        facts["status"] = STATUSES[draft.status]
    if draft.problem:
        facts |= {"type": "incident", "problem_id": integer(draft.problem)}
    if draft.fields:
        facts["custom_fields"] = [
            {"id": integer(str(key)), "value": value} for key, value in draft.fields.items()
        ]
    return facts


def create_body(draft: Draft) -> dict[str, Any]:
    """The body that opens a ticket with the customer's words, said by the customer.

    A request holds one comment: where there are no words at all the note is the first.
    """
    public = bool(draft.text)
    comment = _comment(draft, draft.text or draft.note, public=public)
    ticket: dict[str, Any] = {
        "subject": draft.subject[:MAX_SUBJECT],
        "comment": comment,
        "external_id": draft.stamp,
        **_facts(draft),
        "metadata": _metadata(draft),
    }
    if draft.requester_id is not None:
        ticket["requester_id"] = integer(draft.requester_id)
        if public:
            ticket["submitter_id"] = integer(draft.requester_id)
    if draft.tags:
        ticket["tags"] = list(draft.tags)
    if draft.collaborators:
        # Followers are agents whom the requester never sees; CCs would stand on mails to everybody.
        people = [{"user_email": one, "action": "put"} for one in draft.collaborators]
        ticket["followers"] = people
    if draft.followup_of is not None:
        ticket["via_followup_source_id"] = integer(draft.followup_of)
    return {"ticket": ticket}


def update_body(draft: Draft) -> dict[str, Any]:
    """The body that adds the customer's words, or else the private note, and sets what the draft sets.

    Never `tags`: they would replace what agents have set.
    """
    ticket = _facts(draft)
    if draft.text or draft.note:
        ticket["comment"] = _comment(draft, draft.text or draft.note, public=bool(draft.text))
    return {"ticket": {**ticket, "metadata": _metadata(draft)}}
