"""Which words of a message hold: its webhooks and its edits' overtake each other, get lost, and are read back."""

from __future__ import annotations

from dataclasses import replace

from bridge.core import sequence
from bridge.core.model import Change, Message
from bridge.core.stored import message_in
from bridge.store import Event

KEPT = 500  # characters of a message kept for the note that shows an edit


def overtaken(event: Event, message: Message, says: dict[str, str]) -> str | None:
    """Why a message that was created or edited needs nothing, by what is known of it already.

    One that an agent has asked for is known, and needs nothing only when it stands on a ticket. What is
    read back is called created, and has the words of its last edit: of that, no webhook need have told.
    """
    late = bool(message.extra.get("late"))
    if event.fields.get("asked") and not says.get("deleted"):
        return "on its ticket already" if says.get("on") else None
    if says.get("deleted"):
        return "deleted before it was handled"
    if message.change is not Change.CREATED:
        return None
    if (edited := says.get("edited")) and not (late and seen_at(event) > edited):
        return "its edit came first and was handled"
    if says.get("late") and not late:
        return "read back before its webhook came"
    known = says.get("on") or says.get("seen")
    return "known already" if known and says.get("text") == kept(message.text) else None


def seen_at(event: Event) -> str:
    """When the words of *event* came to us, or were asked for; as text, which sorts."""
    return event.fields.get("seen", "")


def as_edited(message: Message, change: Message) -> Message:
    """*message* with the words of the edit that waits behind it: the ticket says that it was edited."""
    if message.change is not Change.CREATED:
        return message
    files = message.attachments or change.attachments
    return replace(message, change=Change.EDITED, text=change.text, attachments=files)


def as_written(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """*events* with the customer's messages in the order they were written.

    Webhooks overtake each other; what has come together is put right, and everything else stays behind what
    it stood behind. Platforms tell whole seconds: within one, what was delivered first was said first.
    An edit that came ahead of its message stands for it, so it moves with it. A message may be there twice, once
    read back: it was said when it was heard first.
    """
    when = dict[str, tuple[str, str]]()
    for one in events:
        if one.kind == "m" and one.doc.get("change") == str(Change.CREATED):
            name, at = one.fields.get("mid") or one.id, (one.doc.get("at") or "", seen_at(one))
            when[name] = min(when.get(name, at), at)
    made = set[str]()

    def written(one: Event) -> tuple[str, str] | None:
        name = one.fields.get("mid") or one.id
        if one.kind != "m" or name in made:
            return None
        if one.doc.get("change") == str(Change.CREATED):
            made.add(name)
        return when.get(name)

    return sequence.by_time(events, written)


def later_changes(events: tuple[Event, ...]) -> dict[str, tuple[Message, str]]:
    """For each message, the last edit or removal that waits behind its creation, and when it came to us."""
    changes: dict[str, tuple[Message, str]] = {}
    for event in events:
        if event.kind == "m" and (mid := event.fields.get("mid")):
            message = message_in(event.doc)
            if message.change is not Change.CREATED and not message.own:
                known = changes.get(mid)
                if known is None or known[0].change is not Change.DELETED:
                    changes[mid] = message, seen_at(event)
    return changes


def kept(text: str | None) -> str:
    return (text or "")[:KEPT]
