"""Saying words on a platform: at most once.

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
from bridge.core import compose, plaintext, receipt, replies, telling
from bridge.core.commands import Command
from bridge.core.errors import AuthError, BridgeError, Done, PermanentError, Unsupported
from bridge.core.model import (
    Outgoing,
    Target,
    Template,
    TicketComment,
    Visibility,
    conversation_key,
    stamp,
)
from bridge.core.stored import moment_in, moment_out
from bridge.jobs import later
from bridge.jobs.ingest import name_of
from bridge.jobs.room import DAY, LINKED, OURS, Room, note_event
from bridge.jobs.turn import Hand
from bridge.jobs.ways import ways
from bridge.store import Event, Orders, Turn

FUSE = ((30, 600.0), (3, 3600.0))  # most pieces a person, and the automaton, may say in one room
SETTLED = 4.0  # seconds after which a post that arrived can be seen by looking


def say(hand: Hand, room: Room, event: Event, comment: TicketComment) -> None:
    """An agent's answer: fitted to the channel, piece by piece."""
    text = plaintext.plain(comment.text)
    links = [(one.name or one.type, one.url) for one in comment.attachments if one.url]
    text = plaintext.with_links(text, links)
    if not text:
        return hand.close(room, event, "ignored", "no words")
    return _speak(hand, room, event, text, human=True, visibility=room.facts.get("route", ""))


def automatic(hand: Hand, room: Room, event: Event) -> None:
    """A notice or a rule's reply, in the customer's language, never the same words twice in a thread."""
    doc = event.doc
    # A held notice is opened by the customer's words, which moved the ticket: the last person's word counts.
    status = room.facts.get("told_status") if event.fields.get("held") else str(room.status)
    if doc.get("status") and status != doc["status"]:
        return hand.close(room, event, "ignored", "the status changed again")
    said, place = room.said(), room.place(None)
    target = room.target(hand.bridge, place) if place else None
    if place is None or target is None:
        return hand.close(room, event, "ignored", "nobody to tell")
    if doc.get("line") and room.facts.get(f"lined {doc['line']}"):
        return hand.close(room, event, "ignored", "something was said in public already")
    text = replies.choose(
        hand.bridge.config.replies,
        doc["reply"],
        language=room.facts.get("language") or target.account.language,
        default_language=target.account.language or "en",
        key=room.id,
        person_name=replies.first_name(room.own_name, room.facts.get("first_name")),
        said=said,
        values={"brand": target.account.name or "", "status": doc.get("label") or ""},
    )
    if text is None:
        return hand.close(room, event, "ignored", f"no words for {doc['reply']}")
    if text in said:
        return hand.close(room, event, "ignored", "said before in this thread")
    room.facts["said"] = json.dumps([*said, text][-20:])
    wanted = {"public": "public", "private": "dm"}.get(doc.get("visibility", ""), "")
    return _speak(
        hand, room, event, text, human=False, visibility=wanted or room.facts.get("route", "")
    )


def template(hand: Hand, room: Room, event: Event, told: Command) -> str | None:
    """Send the approved template that an agent named; or why not, as a note."""
    place = room.place(Visibility.PRIVATE)
    target = room.target(hand.bridge, place) if place else None
    voice = _template_voice(hand, target) if target else None
    name, _, language = told.argument.partition(" ")
    if place is None or target is None or voice is None:
        return telling.command_refused(
            "template", "this conversation is on no channel that has them"
        )
    if not name:
        return telling.command_refused("template", "it needs the template's name")
    language = language or room.facts.get("language") or target.account.language or "en"
    chosen = Template(name=name, language=language.replace("-", "_"), values=told.lines)
    shown = f"[template {name} ({chosen.language})] {' | '.join(told.lines)}".strip()
    say = _Say(text=shown, pieces=(shown,), human=True, private=True, template=chosen)
    _begin(hand, room, event, say, voice, target, place)
    return None


@dataclass(frozen=True, slots=True)
class _Say:
    """What is to be said, fitted already."""

    text: str
    pieces: tuple[str, ...]
    human: bool
    private: bool
    tag: str | None = None
    template: Template | None = None


def _speak(
    hand: Hand, room: Room, event: Event, text: str, *, human: bool, visibility: str
) -> None:
    """Say *text* to the customer, or tell the agent why not."""
    chosen = _voice(hand, room, visibility)
    if isinstance(chosen, str):
        return _undelivered(hand, room, event, chosen, "", text, human)
    voice, target, place, private = chosen
    allowed = _window(hand, room, voice, place, human)
    if not allowed.allowed:
        if event.kind == "s" and event.doc.get("status") and allowed.code == "window_closed":
            room.facts.pop("said", None)  # nothing was said yet
            return later.hold(hand, room, event)
        return _undelivered(hand, room, event, allowed.code or "refused", "", text, human)
    count, seconds = FUSE[0] if human else FUSE[1]
    wait, _ = hand.bridge.store.gate(
        f"room:{room.id}", 1.0, [("person" if human else "automatic", count, seconds)]
    )
    if wait:
        hand.bridge.store.alarm(
            "fuse",
            f"a conversation was stopped: more than {count} answers in {seconds / 60:.0f} minutes",
            DAY,
        )
        return _undelivered(hand, room, event, "fuse", "", text, human)
    pieces = compose.fit(text, voice.capabilities)
    say = _Say(text=text, pieces=pieces, human=human, private=private, tag=allowed.tag)
    return _begin(hand, room, event, say, voice, target, place)


def _begin(
    hand: Hand, room: Room, event: Event, say: _Say, voice: Voice, target: Target,
    place: dict[str, Any],
) -> None:  # fmt: skip
    """Record what is about to be said, then say it."""
    intent = {
        "v": "1",
        "kind": "post",
        "id": event.id,
        "events": json.dumps([event.id]),
        "connection": target.connection.name,
        "pieces": json.dumps(say.pieces),
        "part": "0",
        "text": say.pieces[0],
        "marker": f"{event.id}.0",
        "private": "1" if say.private else "",
        "human": "1" if say.human else "",
        "tag": say.tag or "",
        "template": json.dumps(asdict(say.template)) if say.template else "",
        "place": next(key for key, value in room.places.items() if value is place),
        "whole": say.text[:4000],
        "ids": "[]",
        "at": moment_out(hand.bridge.now()) or "",
        "said": room.facts.get("said", ""),
    }
    orders = hand.orders()
    orders.intent = intent
    if say.private and place.get("visibility") == Visibility.PUBLIC:
        # Its echo belongs here too, and may come before the answer to our call.
        _join_private(hand, room, orders, target, None)
    hand.settle(orders)
    return _post(hand, room, event, intent, voice, target)


def _window(
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


def _voice(
    hand: Hand, room: Room, visibility: str
) -> str | tuple[Voice, Target, dict[str, Any], bool]:
    """The way to speak: where the customer wrote last, unless the agent chose; or why there is none."""
    if visibility == "dm":
        place = room.place(Visibility.PRIVATE) or room.place(Visibility.PUBLIC)
    elif visibility == "public":
        place = room.place(Visibility.PUBLIC)
    else:
        place = room.place(None)
    if place is None:
        return "unsupported"
    target = room.target(hand.bridge, place)
    if target is None:
        return "no_account"
    private = visibility == "dm" or place.get("visibility") == Visibility.PRIVATE
    voice = _voice_at(hand, target, private=private)
    if voice is None:
        return "unsupported"
    return voice, target, place, private


def _voice_of(hand: Hand, target: Target, intent: dict[str, str]) -> Voice | None:
    """The voice in which the recorded words are said."""
    if intent.get("template"):
        return _template_voice(hand, target)
    return _voice_at(hand, target, private=bool(intent["private"]))


def _template_voice(hand: Hand, target: Target) -> Voice | None:
    voice = hand.bridge.channel(target.channel).template
    return voice.of(target.account) if voice else None


def _voice_at(hand: Hand, target: Target, *, private: bool) -> Voice | None:
    visibility = Visibility.PRIVATE if private else Visibility.PUBLIC
    return hand.bridge.channel(target.channel).voice(visibility, target.answer, target.account)


def _post(
    hand: Hand, room: Room, event: Event, intent: dict[str, str], voice: Voice, target: Target
) -> None:
    """Send the pieces that are still to be sent, each recorded before and after."""
    pieces, human = json.loads(intent["pieces"]), bool(intent["human"])
    while int(intent["part"]) < len(pieces):
        piece = _piece(intent)
        allowed = _window(hand, room, voice, room.places[intent["place"]], human)
        if not allowed.allowed:
            code, said = allowed.code or "refused", int(intent["part"])
            return _undelivered(hand, room, event, code, "", intent["whole"], human, said=said)
        try:
            posted = hand.outside.platform(target.connection, voice.post(target, piece), hand.guard)
        except Done as done:
            posted = done.found
        except (PermanentError, Unsupported) as error:
            whole, said = intent["whole"], int(intent["part"])
            return _undelivered(
                hand, room, event, error.code, error.detail, whole, human, said=said
            )
        except AuthError as error:
            _tell_held(hand, room, event, error, intent["whole"])
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
        spoken = hand.bridge.channel(target.channel)
        where = (spoken.private_channel or target.channel) if intent["private"] else target.channel
        for channel in {where, target.channel}:
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
        hand.settle(orders)
        return True
    place = room.places.get(intent["place"], {})
    room.facts["answered_at"] = moment_out(now) or ""
    if intent["human"]:
        room.facts["answered_by"] = "agent"
    if intent.get("said"):
        room.facts["said"] = intent["said"]
    opened = intent["private"] and place.get("visibility") == Visibility.PUBLIC
    if opened:
        room.use(place)
        _join_private(hand, room, orders, target, getattr(posted, "person", None))
        if line := _public_line(hand, room, target, place):
            orders.push.append(line)
    if intent.get("template"):
        told = telling.command_done("template", intent["text"])
        orders.push.append(note_event(room, told, "template", event.id))
    if not intent["private"]:
        room.facts[f"lined {place.get('item')}"] = "1"
    _remember(room, event, now)
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
        }
    ]
    orders.intent, orders.tries, orders.facts = "", "", room.changed()
    hand.settle(orders)
    hand.bridge.store.forget(f"found:{intent['marker']}")
    return False


def _remember(room: Room, event: Event, now: datetime) -> None:
    """Keep the last answers that went out, to see when one is taken back on the ticket."""
    comment = event.doc.get("comment") or {}
    if comment.get("id"):
        spoken = json.loads(room.facts.get("spoken") or "[]")
        spoken.append({"id": comment["id"], "at": comment.get("at") or moment_out(now)})
        room.facts["spoken"] = json.dumps(spoken[-10:])


def _public_line(
    hand: Hand, room: Room, target: Target, place: dict[str, Any]
) -> dict[str, Any] | None:
    """One line under the comment that it goes on in private; none where something was said there."""
    name = hand.bridge.map_at(room.desk, target.account).public_line
    item = place.get("item")
    public = hand.bridge.channel(target.channel).public
    if name is None or public is None or not item:
        return None
    doc = {"v": 1, "reply": name, "visibility": "public", "line": item}
    return {
        "e": name_of("line", room.id, item),
        "lane": "out",
        "room": room.id,
        "c": OURS,
        "f": {"k": "s", "doc": json.dumps(doc)},
    }


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


def failed_later(hand: Hand, room: Room, event: Event) -> None:
    """The platform took words of ours, and tells now that they did not arrive."""
    code, detail = str(event.doc.get("code") or "refused"), str(event.doc.get("detail") or "")
    about = event.fields.get("about", "")
    said = hand.bridge.store.event(about)
    doc = json.loads(said.get("doc") or "{}")
    orders = hand.closing(event, "done", f"not delivered: {code}")
    orders.touch.append({"e": about, "f": {"reason": f"refused later: {code}"}})
    if said.get("k") == "s" and doc.get("status") and code == "window_closed":
        again = {"k": "s", "doc": said["doc"], **later.held(room, hand.bridge.now())}
        orders.push.append(
            {
                "e": name_of("again", about),
                "lane": "out",
                "room": room.id,
                "c": OURS,
                "state": "parked",
                "f": again,
            }
        )
    elif room.ticket:
        words = (doc.get("comment") or {}).get("text") or doc.get("reply") or ""
        note = telling.failed(code, detail, left(hand, room, code), plaintext.plain(words))
        orders.push.append(note_event(room, note, "failed later", about))
    orders.facts = room.changed()
    hand.settle(orders)


def _sent_key(target: Target, channel: str, posted: str) -> str:
    """Under which it is remembered that we said this; its echo looks here."""
    return f"sent:{name_of(target.connection.name, channel, target.account_id, posted)}"


def _join_private(
    hand: Hand, room: Room, orders: Orders, target: Target, person: str | None
) -> None:
    """After a private reply the private talk of the same person belongs to this room."""
    other = hand.bridge.channel(target.channel).private_channel
    person = person or target.person_id
    if not other or not person or not hand.bridge.map_at(room.desk, target.account).join_dms:
        return
    thread = f"{target.account_id}:{person}"
    key = conversation_key(other, target.account_id, thread, person)
    if not hand.bridge.store.hash(f"r:{stamp(key)}"):
        orders.set.append((f"join:{stamp(key)}", room.id, LINKED))


def resolve(hand: Hand, turn: Turn, room: Room) -> bool | float:
    """A piece whose outcome is unknown: look before speaking, or let it be and tell the agent."""
    intent = dict(turn.intent)
    event = next((one for one in turn.events if one.id == intent["id"]), None)
    place = room.places.get(intent["place"])
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
            _undelivered(
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


def _undelivered(
    hand: Hand, room: Room, event: Event, code: str, detail: str, text: str, human: bool,
    said: int = 0,
) -> None:  # fmt: skip
    """Words that did not go out: the ticket says so, with the reason and the ways left."""
    orders = hand.closing(event, "done" if human else "ignored", f"not delivered: {code}")
    orders.intent, orders.tries = "", ""
    orders.facts = room.changed()
    orders.facts.pop("said", None)
    if room.ticket and (human or code in ("fuse", "unconfirmed")):
        if said:
            pieces = json.loads(hand.load().intent.get("pieces", "[]"))
            note = telling.partly(said, len(pieces), code, detail, " ".join(pieces[said:]))
        elif code == "unconfirmed":
            note = telling.held(code, detail, text)
        else:
            note = telling.failed(code, detail, left(hand, room, code), text)
        orders.push.append(note_event(room, note, "undelivered", event.id))
    hand.settle(orders)


def left(hand: Hand, room: Room, code: str) -> list[str]:
    """What the agent can still do."""
    left = [
        f"{way} (start a private note with /dm or /public to choose)" for way in ways(hand, room)
    ]
    if code == "fuse":
        return ["wait ten minutes, then answer again"]
    if code in ("blocked", "person_unavailable"):
        return ["reach the person in another way, if you know one"]
    return left or ["look at the conversation on the platform itself"]


def _tell_held(hand: Hand, room: Room, event: Event, error: BridgeError, whole: str) -> None:
    """The platform refuses our credentials: the agent learns that the answer waits."""
    orders = hand.orders()
    orders.push.append(note_event(room, telling.waits(error.code, whole), "held", event.id))
    hand.settle(orders)
