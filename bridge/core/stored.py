"""What waits in Redis, to and from plain values. Every value carries a version (`v`).

A reader accepts the version it writes and the one before; today there is only 1. Unknown keys are
left alone and missing ones get their default, so that neighbouring releases can read each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from bridge.core.model import (
    Attachment,
    Author,
    Change,
    Kind,
    Message,
    Report,
    Status,
    TicketComment,
    TicketUpdate,
    Visibility,
)
from bridge.core.rules import Reply
from bridge.core.targets import Measures, Promise, Target, Wait

VERSION = 1


def doc_in(text: str | None) -> dict[str, Any]:
    """What an event is about; nothing where it is damaged, so that it fails alone and not its lane."""
    try:
        doc = json.loads(text or "{}")
    except ValueError:
        return {}
    return doc if isinstance(doc, dict) else {}


def moment_out(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None


def moment_in(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None


def _lean(values: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: stored a million times, it costs."""
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


def attachment_out(one: Attachment) -> dict[str, Any]:
    return _lean({"type": one.type, "url": one.url, "name": one.name, "id": one.id})


def attachment_in(value: Mapping[str, Any]) -> Attachment:
    return Attachment(
        type=value.get("type", "file"),
        url=value.get("url"),
        name=value.get("name"),
        id=value.get("id"),
    )


def author_out(author: Author | None) -> dict[str, Any] | None:
    if author is None:
        return None
    return _lean({name: getattr(author, name) for name in Author.__slots__})


def author_in(value: Mapping[str, Any] | None) -> Author | None:
    if value is None:
        return None
    return Author(**{name: value.get(name) for name in Author.__slots__})


def message_out(message: Message) -> dict[str, Any]:
    """*message* as JSON-ready values."""
    return {
        "v": VERSION,
        **_lean(
            {
                "channel": message.channel,
                "account": message.account_id,
                "kind": str(message.kind),
                "change": str(message.change),
                "id": message.external_id,
                "thread": message.thread_id,
                "visibility": str(message.visibility),
                "own": message.own,
                "ignored": message.ignored,
                "attachments": [attachment_out(one) for one in message.attachments],
                "in_reply_to": message.in_reply_to,
                "permalink": message.permalink,
                "at": moment_out(message.sent_at),
                "language": message.language,
                "sentiment": message.sentiment,
                "dedupe": message.dedupe,
                "customer": message.customer_id,
                "answer": dict(message.answer),
                "extra": dict(message.extra),
                "aliases": list(message.aliases),
                "renamed": list(message.renamed or ()),
                "report": report_out(message.report),
                "alarm": message.alarm,
            }
        ),
        # "" (no words) and None (the webhook did not say; the platform is asked) are two things.
        "text": message.text,
        "author": author_out(message.author),
    }


def report_out(report: Report | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return _lean({name: getattr(report, name) for name in Report.__slots__})


def report_in(value: Mapping[str, Any] | None) -> Report | None:
    return (
        Report(**{name: value[name] for name in Report.__slots__ if name in value})
        if value
        else None
    )


def message_in(value: Mapping[str, Any]) -> Message:
    """The message that `message_out` wrote."""
    return Message(
        channel=value["channel"],
        account_id=value.get("account"),
        kind=Kind(value["kind"]),
        change=Change(value["change"]),
        external_id=value.get("id"),
        thread_id=value.get("thread"),
        visibility=Visibility(value["visibility"]),
        author=author_in(value.get("author")),
        own=value.get("own"),
        ignored=value.get("ignored"),
        text=value.get("text"),
        attachments=tuple(attachment_in(one) for one in value.get("attachments", ())),
        in_reply_to=value.get("in_reply_to"),
        permalink=value.get("permalink"),
        sent_at=moment_in(value.get("at")),
        language=value.get("language"),
        sentiment=value.get("sentiment"),
        dedupe=value.get("dedupe", ""),
        customer_id=value.get("customer"),
        answer=value.get("answer", {}),
        extra=value.get("extra", {}),
        aliases=tuple(value.get("aliases", ())),
        renamed=tuple(value["renamed"]) if value.get("renamed") else None,
        report=report_in(value.get("report")),
        alarm=value.get("alarm"),
    )


def comment_out(comment: TicketComment | None) -> dict[str, Any] | None:
    if comment is None:
        return None
    return _lean(
        {
            "id": comment.id,
            "text": comment.text,
            "public": comment.public,
            "author": comment.author_id,
            "name": comment.author_name,
            "staff": comment.staff,
            "at": moment_out(comment.created_at),
            "attachments": [attachment_out(one) for one in comment.attachments],
            "marker": comment.marker,
        }
    )


def comment_in(value: Mapping[str, Any] | None) -> TicketComment | None:
    if value is None:
        return None
    return TicketComment(
        id=value.get("id", ""),
        text=value.get("text", ""),
        public=value.get("public"),
        author_id=value.get("author"),
        author_name=value.get("name"),
        staff=value.get("staff"),
        created_at=moment_in(value.get("at")),
        attachments=tuple(attachment_in(one) for one in value.get("attachments", ())),
        marker=value.get("marker"),
    )


def update_out(update: TicketUpdate) -> dict[str, Any]:
    """*update* as JSON-ready values."""
    return {
        "v": VERSION,
        **_lean(
            {
                "dedupe": update.dedupe,
                "ticket": update.ticket_id,
                "actor": update.actor_id,
                "at": moment_out(update.at),
                "status": update.status and str(update.status),
                "previous": update.previous and str(update.previous),
                "status_word": update.status_word,
                "status_label": update.status_label,
                "merged_into": update.merged_into,
                "deleted": update.deleted,
                "withdrawn": update.withdrawn,
                "tags": list(update.tags),
                "tags_added": list(update.tags_added),
                "hint": update.hint,
                "read": update.read,
                "late": update.late,
                "ignored": update.ignored,
            }
        ),
        # "" (the ticket has none) and None (nobody said) are two things.
        "stamp": update.stamp,
        "comment": comment_out(update.comment),
    }


def update_in(value: Mapping[str, Any]) -> TicketUpdate:
    """The update that `update_out` wrote."""
    return TicketUpdate(
        dedupe=value.get("dedupe", ""),
        ticket_id=value.get("ticket"),
        stamp=value.get("stamp"),
        actor_id=value.get("actor"),
        at=moment_in(value.get("at")),
        comment=comment_in(value.get("comment")),
        status=Status(value["status"]) if value.get("status") else None,
        previous=Status(value["previous"]) if value.get("previous") else None,
        status_word=value.get("status_word"),
        status_label=value.get("status_label"),
        merged_into=value.get("merged_into"),
        deleted=value.get("deleted", False),
        withdrawn=value.get("withdrawn", False),
        tags=tuple(value.get("tags", ())),
        tags_added=tuple(value.get("tags_added", ())),
        hint=value.get("hint", False),
        read=value.get("read", False),
        late=value.get("late", False),
        ignored=value.get("ignored"),
    )


# --- what a customer was promised ----------------------------------------------------------------


def measures_out(measures: Measures) -> dict[str, Any]:
    plain = _lean({name: getattr(measures, name) for name in Measures.__slots__})
    return {**plain, "replies": [asdict(one) for one in measures.replies]}


def measures_in(value: Mapping[str, Any]) -> Measures:
    said = _known(Measures, value, tags=tuple, notify=tuple)
    replies = value.get("replies", ())
    return Measures(**{**said, "replies": tuple(Reply(**_known(Reply, one)) for one in replies)})


def promise_out(promise: Promise) -> dict[str, Any]:
    target = promise.target
    return {
        "v": VERSION,
        "target": {
            **{name: getattr(target, name) for name in Target.__slots__},
            "on_warn": measures_out(target.on_warn),
            "on_breach": measures_out(target.on_breach),
        },
        "waits": [
            {"after": one.after, "clock": one.clock, "then": measures_out(one.then)}
            for one in promise.waits
        ],
    }


def promise_in(value: Mapping[str, Any]) -> Promise:
    target = value.get("target", {})
    return Promise(
        target=Target(**_known(Target, target, on_warn=measures_in, on_breach=measures_in)),
        waits=tuple(Wait(**_known(Wait, one, then=measures_in)) for one in value.get("waits", ())),
    )


def _known(record: type, value: Mapping[str, Any], **read: Callable[[Any], Any]) -> dict[str, Any]:
    """What *record* knows of *value*, each read as *read* says: a newer release may have written more."""
    names = [one.name for one in fields(record) if one.name in value]
    return {name: read.get(name, lambda one: one)(value[name]) for name in names}
