"""What one step of the `in` lane does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.core import sync
from bridge.core.model import Message
from bridge.core.rules import Crowd, Decision, Reply
from bridge.core.stored import moment_out
from bridge.jobs import hiding
from bridge.jobs.ingest import name_of
from bridge.jobs.room import Room, our_event
from bridge.store import Event


@dataclass(slots=True)
class Said:
    """One message on its way to the ticket, with the text as it is now."""

    event: Event
    message: Message
    place: str  # where it was said, as the payload told it; who said it may be learned later
    decision: Decision | None = None


@dataclass(slots=True)
class Plan:
    """What one step does: words for the ticket, or one private note; and outcomes that need no write.

    The write may be given up, because there is no room for it, and planned anew. Those outcomes are not: what belongs
    to them is kept apart (`facts`, `pushed`), and written down before.
    """

    said: list[Said] = field(default_factory=list)
    notes: list[tuple[Event, str]] = field(default_factory=list)
    opening: Decision | None = None
    step: sync.Next = "append"  # what the words do to the ticket there is
    followup: bool = False
    after: str = ""  # the ticket this one continues
    outcomes: list[tuple[Event, str, str, Decision | None]] = field(default_factory=list)
    muted: dict[str, str] = field(default_factory=dict)  # which mute has held back an event
    more: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # what the receipt of an event says beside the rest
    push: list[dict[str, Any]] = field(default_factory=list)  # automatic replies the rules ask for
    says: list[dict[str, Any]] = field(
        default_factory=list
    )  # what is true of messages once they stand on the ticket
    facts: dict[str, str] = field(
        default_factory=dict
    )  # what is new of the room by the outcomes that need no write
    pushed: int = 0  # how many of *push* are theirs
    people: dict[str, tuple[str, int]] = field(
        default_factory=dict
    )  # what is new of who wrote, to keep for seconds
    spikes: Mapping[str, str] = field(default_factory=dict)  # incidents that last, by their crowd
    met: dict[str, tuple[Crowd, ...]] = field(default_factory=dict)  # crowds of an event
    crowds: list[dict[str, Any]] = field(default_factory=list)  # what is to be counted
    kept: dict[str, tuple[str, str]] = field(
        default_factory=dict
    )  # the crowd and the incident on whose list an event stands, in place of a ticket
    problem: tuple[str, str, str] | None = None  # helpdesk, ticket, crowd of the incident it joins

    def written(self) -> list[Event]:
        """The events that go on the ticket."""
        return [one.event for one in self.said] + [event for event, _ in self.notes]

    @property
    def writes(self) -> bool:
        """Whether it does anything on a ticket; else all of it is written down at once."""
        return bool(self.said or self.notes)

    def decision(self, event: Event) -> Decision | None:
        """What the rules said of *event*; None where nobody asked them."""
        told = [(one.event, one.decision) for one in self.said]
        told += [(other, decision) for other, _, _, decision in self.outcomes]
        return next((decision for other, decision in told if other is event), None)


def automatic_events(room: Room, event: Event, decision: Decision) -> list[dict[str, Any]]:
    """The automatic replies and the hiding that *decision* asks for, as events of the room's `out` lane.

    None where another app holds the talk: it is the one that answers by itself there.
    """
    if (event.doc.get("extra") or {}).get("standby"):
        return []
    person = event.fields.get("pk") or ""
    return [
        our_event("out", room.id, "s", _name(room, event, one), said_doc(one, person, event.id))
        for one in decision.replies
    ] + hiding.asked(room, event, decision)


def _name(room: Room, event: Event, reply: Reply) -> str:
    """The event's name: of words for closed hours there is one in a thread until somebody is there."""
    if reply.until is not None:
        return name_of("closed", room.id, moment_out(reply.until))
    return name_of("automatic", event.id, reply.visibility, reply.name)


def said_doc(reply: Reply, who: str, about: str) -> dict[str, Any]:
    """What the other lane needs to say *reply* to *who*, by the person's key; *about* is the event it is for."""
    doc: dict[str, Any] = {
        "v": 1, "reply": reply.name, "visibility": reply.visibility, "for": about,
    }  # fmt: skip
    if reply.once or reply.cooldown:
        doc |= {"once": reply.once, "cooldown": reply.cooldown, "who": who}
    if reply.when:
        doc |= {"when": reply.when, "until": moment_out(reply.until)}
    if reply.line is not None:
        doc["lined"] = reply.line
    if reply.approve:
        doc["approve"] = True
    return doc
