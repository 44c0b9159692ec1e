"""Words on their way to a platform: at most once.

Each piece of words is recorded before it is sent; a worker that finds a recorded piece without its
result looks on the platform first, and where nobody can look, it does not speak again but tells the agent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bridge.channels.base import Voice
from bridge.core import compose, fanout, receipt, telling
from bridge.core.errors import AuthError, Done, PermanentError, TransientError, Unsupported
from bridge.core.model import Outgoing, Target, Template, Visibility, conversation_key, stamp
from bridge.core.stored import moment_in, moment_out
from bridge.jobs import guards, lately, once, undelivered, waiting
from bridge.jobs.ingest import name_of, words_name
from bridge.jobs.outside import Ask
from bridge.jobs.room import DAY, LINKED, LIVE, Room, note_event, our_event
from bridge.jobs.turn import Hand
from bridge.store import Event, Orders, Turn

ECHOES = 600  # seconds in which the echo of words comes
SETTLED = 4.0  # seconds after which a post that arrived can be seen by looking


@dataclass(frozen=True, slots=True)
class Words:
    """What is to be said, fitted already."""

    text: str
    pieces: tuple[str, ...]
    human: bool
    private: bool
    tag: str | None = None
    template: Template | None = None
    held: str = ""  # the event of the answer that was held back before
    told: str = ""  # what the agent is told when it goes


def begin(
    hand: Hand, room: Room, event: Event, words: Words, voice: Voice, target: Target,
    place: dict[str, Any],
) -> None:  # fmt: skip
    """Say *words*; what is about to be said is recorded before."""
    intent = {
        "v": "1",
        "kind": "post",
        "id": event.id,
        "events": json.dumps([event.id]),
        "connection": target.connection.name,
        "pieces": json.dumps(words.pieces),
        "part": "0",
        "text": words.pieces[0],
        "marker": f"{event.id}.0",
        "private": "1" if words.private else "",
        "human": "1" if words.human else "",
        "tag": words.tag or "",
        "template": json.dumps(asdict(words.template)) if words.template else "",
        "place": next(key for key, value in room.places.items() if value is place),
        # Where it goes now: the place moves on with the customer's next words.
        "item": place.get("item") or "",
        "answer": json.dumps(place.get("answer") or {}),
        "whole": words.text[:4000],
        "ids": "[]",
        "at": moment_out(hand.bridge.now()) or "",
        "said": room.facts.get("said", ""),
        "held": words.held,
    }
    orders = hand.orders()
    orders.intent = dict(intent)
    if words.human:
        orders.facts = room.changed()
    if words.told:
        orders.push.append(note_event(room, words.told, "command", event.id))
    orders.touch.append({"e": event.id, "f": {"counted": "1"}})
    orders.set += _saying(hand, intent, target)
    if words.private and place.get("visibility") == Visibility.PUBLIC:
        # Its echo belongs here too, and may come before the answer to our call.
        _join_private(hand, room, orders, target, None)
    return _post(hand, room, event, intent, voice, target, hand.intending(orders))


def _place(room: Room, intent: Mapping[str, str]) -> dict[str, Any]:
    """The place of the recorded words, with the item that they answer; empty where the room has it no more."""
    place = room.places.get(intent["place"])
    if not place or "answer" not in intent:
        return place or {}
    return {**place, "item": intent["item"] or None, "answer": json.loads(intent["answer"])}


def window(
    hand: Hand, room: Room, voice: Voice, place: dict[str, Any], human: bool
) -> compose.Window:
    """Whether this voice is open for *place* at this moment."""
    last = moment_in(place.get("last_in"))
    return compose.window(
        voice.capabilities,
        now=hand.bridge.now(),
        last_in=last,
        item_at=last,
        human=human,
        used=room.used(place),
    )


def _voice_of(hand: Hand, target: Target, intent: dict[str, str]) -> Voice | None:
    """The voice in which the recorded words are said."""
    if intent.get("template"):
        return template_voice(hand, target)
    return voice_at(hand, target, private=bool(intent["private"]))


def template_voice(hand: Hand, target: Target) -> Voice | None:
    voice = hand.bridge.channel(target.channel).template
    return voice.of(target.account) if voice else None


def voice_at(hand: Hand, target: Target, *, private: bool) -> Voice | None:
    visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
    return hand.bridge.channel(target.channel).voice(visibility, target.answer, target.account)


def _post(
    hand: Hand, room: Room, event: Event, intent: dict[str, str], voice: Voice, target: Target,
    ask: Ask | None = None,
) -> None:  # fmt: skip
    """Send the pieces that are still to be sent, each recorded before and after; the first by *ask*."""
    out, pieces, human = hand.outside, json.loads(intent["pieces"]), bool(intent["human"])
    while int(intent["part"]) < len(pieces):
        piece = _piece(intent)
        allowed = window(hand, room, voice, _place(room, intent), human)
        if not allowed.allowed:
            code, said = allowed.code or "refused", int(intent["part"])
            return undelivered.tell(hand, room, event, code, "", intent["whole"], human, said=said)
        try:
            calls, record, ask = voice.post(target, piece), ask, None
            posted = out.platform(target.connection, calls, hand.guard, record)
        except Done as done:
            posted = done.found
        except (PermanentError, Unsupported) as error:
            whole, said = intent["whole"], int(intent["part"])
            return undelivered.tell(
                hand, room, event, error.code, error.detail, whole, human, said=said
            )
        except (AuthError, TransientError) as error:
            if human:
                left = " ".join(pieces[int(intent["part"]) :])
                undelivered.tell_waits(hand, room, event, error, left)
            raise
        if not _recorded(hand, room, event, intent, target, posted):
            return None
    return None


def _piece(intent: dict[str, str]) -> Outgoing:
    approved = json.loads(intent.get("template") or "null")
    return Outgoing(
        template=approved and Template(**{**approved, "values": tuple(approved["values"])}),
        text=intent["text"],
        marker=intent["marker"],
        tag=intent["tag"] or None,
        since=moment_in(intent["at"]),
    )


def _recorded(
    hand: Hand, room: Room, event: Event, intent: dict[str, str], target: Target, posted: str
) -> bool:
    """Write down that a piece arrived; True when another one follows."""
    orders, now = hand.orders(), hand.bridge.now()
    pieces, part = json.loads(intent["pieces"]), int(intent["part"]) + 1
    ids = [*json.loads(intent["ids"]), posted]
    orders.cheer = [target.connection.name]
    if posted:
        for channel in _spoken_at(hand, intent, target):
            key = _sent_key(target, channel, posted)
            orders.set.append((key, f"{room.id} {event.id}", 30 * 86400))
    if part < len(pieces):
        intent.update(
            {
                "part": str(part),
                "text": pieces[part],
                "marker": f"{event.id}.{part}",
                "ids": json.dumps(ids),
                "at": moment_out(now) or "",
            }
        )
        orders.intent = intent
        orders.set += _saying(hand, intent, target)
        hand.settle(orders)
        return True
    _finished(hand, room, event, intent, target, orders, ids)
    return False


def _finished(
    hand: Hand, room: Room, event: Event, intent: dict[str, str], target: Target, orders: Orders,
    ids: list[str],
) -> None:  # fmt: skip
    """Write down that the last piece arrived, and what follows from it; *ids* are those of all pieces."""
    place, now = _place(room, intent), hand.bridge.now()
    room.facts["answered_at"] = moment_out(now) or ""
    if intent["human"]:
        room.facts.update({"answered_by": "agent", "human_at": moment_out(now) or ""})
    else:
        said_for = event.doc.get("for", event.id)
        room.facts.update({"automatic_at": moment_out(now) or "", "automatic_for": said_for})
    if intent.get("said"):
        room.facts["said"] = intent["said"]
    opened = intent["private"] and place.get("visibility") == Visibility.PUBLIC
    if opened:
        room.use(place)
        _join_private(hand, room, orders, target, getattr(ids[-1], "person", None))
        if line := _public_line(hand, room, target, place, event.doc.get("lined")):
            orders.push.append(line)
    if intent.get("template"):
        told = telling.command_done("template", intent["text"])
        orders.push.append(note_event(room, told, "template", event.id))
    if "fan" in event.doc:
        told = fanout.heard(str(event.doc.get("incident", "")), intent["whole"])
        orders.push.append(note_event(room, told, "fan", event.id))
    if not intent["private"]:
        room.facts[f"lined {place.get('item')}"] = "1"
        if not event.doc.get("line"):
            guards.count_aloud(room)
            if place.get("post"):
                counted = guards.tallies(room, intent["whole"], place)
                orders.tally = [(key, event.id, DAY) for key in counted]
    room.spoke(event.doc.get("comment") or {}, now)
    if ticket := event.doc.get("csat"):
        # The answer comes in the other lane: it knows by this what it answers.
        asked = {"v": 1, "ticket": ticket, "place": intent["place"], "at": moment_out(now)}
        room.facts["asked"] = json.dumps(asked)
    if look := lately.first_look(hand, room):
        orders.push.append(look)
    slip = {
        "v": 1,
        "outcome": "delivered",
        "actions": [receipt.action(now, "posted", one or "already there") for one in ids],
    }
    orders.events = [
        {
            "e": event.id,
            "state": "done",
            "f": {
                "receipt": receipt.pack(slip),
                "reason": "delivered",
                "posted": json.dumps(ids),
                "where": intent["place"],
                "opened": "1" if opened else "",
            },
        },
        *waiting.ended(hand, room),
    ]
    if intent["human"]:
        guards.spoken(room, event)
    if intent.get("held"):
        posted = {name: orders.events[0]["f"][name] for name in ("posted", "where", "opened")}
        orders.touch.append({"e": intent["held"], "f": {**posted, "reason": "delivered"}})
    orders.set += once.marks(room, event)
    orders.intent, orders.tries, orders.facts = "", "", room.changed()
    hand.settle(orders)
    hand.bridge.store.forget(f"found:{intent['marker']}")


def _public_line(
    hand: Hand, room: Room, target: Target, place: dict[str, Any], name: str | None
) -> dict[str, Any] | None:
    """One line under the comment that it goes on in private; none where something was said there.

    *name* is what the rule that speaks wants it to be, "" for none, None as the helpdesk's map says.
    """
    if name is None:
        name = hand.bridge.map_at(room.desk, target.account).public_line
    item = place.get("item")
    public = hand.bridge.channel(target.channel).public
    if not name or public is None or not item:
        return None
    doc = {"v": 1, "reply": name, "visibility": "public", "line": item}
    return our_event("out", room.id, "s", name_of("line", room.id, item), doc)


def unsay(hand: Hand, room: Room, said: Mapping[str, str]) -> str:
    """Delete on the platform what the event *said* has posted; returns the note for the agent."""
    place = room.places.get(said.get("where", ""))
    target = room.target(hand.bridge, place) if place else None
    channel = hand.bridge.channel(target.channel) if target else None
    if channel and said.get("opened") and channel.private_channel:
        channel = hand.bridge.channel(channel.private_channel)
    if target is None or channel is None or channel.delete is None:
        return telling.taken_back(False, telling.reason("unsupported"))
    for posted in filter(None, json.loads(said["posted"])):
        try:
            hand.outside.platform(target.connection, channel.delete(target, posted), hand.guard)
        except (PermanentError, Unsupported) as error:
            if not getattr(error, "gone", False):
                return telling.taken_back(False, telling.reason(error.code, error.detail))
    return telling.taken_back(True)


def _spoken_at(hand: Hand, intent: dict[str, str], target: Target) -> set[str]:
    """The channels by which the echo of what is said may come."""
    private = hand.bridge.channel(target.channel).private_channel if intent["private"] else None
    return {target.channel, private or target.channel}


def _saying(
    hand: Hand, intent: dict[str, str], target: Target
) -> list[tuple[str, str, int] | tuple[str, str, int, bool]]:
    """What tells the words that are about to be said from a colleague's, in whatever room their echo ends.

    An echo may overtake the answer to our call, and not tell to which customer it speaks.
    """
    names = (
        words_name(target.connection.name, channel, target.account_id, intent["text"])
        for channel in sorted(_spoken_at(hand, intent, target))
    )
    return [(f"saying:{name}", intent["marker"], ECHOES) for name in names]


def _sent_key(target: Target, channel: str, posted: str) -> str:
    """Under which it is remembered that we said this; its echo looks here."""
    return f"sent:{name_of(target.connection.name, channel, target.account_id, posted)}"


def _join_private(
    hand: Hand, room: Room, orders: Orders, target: Target, person: str | None
) -> None:
    """After a private reply the private talk of the same person belongs to this room.

    A talk that has an open ticket of its own stays there.
    """
    other = hand.bridge.channel(target.channel).private_channel
    person = person or target.person_id
    if not other or not person or not hand.bridge.map_at(room.desk, target.account).join_dms:
        return
    thread = f"{target.account_id}:{person}"
    key = conversation_key(other, target.account_id, thread, person)
    there = hand.bridge.store.hash(f"r:{stamp(key)}")
    if not there.get("ticket") or there.get("status") not in LIVE:
        orders.set.append((f"join:{stamp(key)}", room.id, LINKED))


def resolve(hand: Hand, turn: Turn, room: Room) -> bool | float:
    """A piece whose outcome is unknown: look before speaking, or let it be and tell the agent."""
    intent = dict(turn.intent)
    event = next((one for one in turn.events if one.id == intent["id"]), None)
    place = _place(room, intent)
    target = room.target(hand.bridge, place) if place else None
    if event is None or target is None:
        orders = hand.orders()
        orders.intent = ""
        hand.settle(orders)
        return True
    voice = _voice_of(hand, target, intent)
    if voice is None:
        raise PermanentError("unsupported", f"{target.channel} has no such voice any more")
    if intent.get("sure"):
        # The last try certainly did nothing: no need to look, and nothing to fear.
        orders = hand.orders()
        orders.intent = {"sure": ""}
        hand.settle(orders)
        _post(hand, room, event, {**intent, "sure": ""}, voice, target)
        return True
    # Its echo, or the platform's report of it, may have overtaken its answer.
    found = hand.bridge.store.get(f"found:{intent['marker']}")
    if found is None:
        age = (hand.bridge.now() - _since(intent)).total_seconds()
        if voice.look is None and age < voice.echo:
            return min(SETTLED, voice.echo - age)
        if voice.look is None:
            whole, said = intent["whole"], int(intent["part"])
            if intent.get("said"):
                room.facts["said"] = intent["said"]
            undelivered.tell(
                hand, room, event, "unconfirmed", "", whole, bool(intent["human"]), said=said
            )
            return True
        if age < SETTLED:
            return SETTLED - age
        found = hand.outside.platform(target.connection, voice.look(target, _piece(intent)))
        if found and hand.bridge.store.get(_sent_key(target, target.channel, found)):
            found = None  # the same words said before, and known
    if found is None or _recorded(hand, room, event, intent, target, found):
        _post(hand, room, event, intent, voice, target)
    return True


def _since(intent: dict[str, str]) -> datetime:
    at = moment_in(intent["at"])
    if at is None:
        raise PermanentError("broken", "an intent without its time")
    return at
