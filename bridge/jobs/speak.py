"""What is said to a customer, where, and whether it may be said now: answers, notices, templates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from bridge.channels.base import Voice
from bridge.core import compose, opening, plaintext, replies, telling
from bridge.core.commands import Command
from bridge.core.limits import Budget
from bridge.core.model import Target, Template, TicketComment, Visibility
from bridge.jobs import approval, closed, guards, later, once, undelivered
from bridge.jobs.posting import Words, begin, template_voice, voice_at, window
from bridge.jobs.room import DAY, Room
from bridge.jobs.turn import Hand
from bridge.store import Event

Way = tuple[Voice, Target, dict[str, Any], bool]  # voice, where to, the place there, in private
FUSE = ((30, 600.0), (3, 3600.0))  # most pieces a person, and the automaton, may say in one room


def say(hand: Hand, room: Room, event: Event, comment: TicketComment, way: str) -> None:
    """An agent's answer, which goes the *way* they chose (`agent.way`): fitted to the channel."""
    text = plaintext.plain(comment.text)
    links = [(one.name or one.type, one.url) for one in comment.attachments if one.url]
    text = plaintext.with_links(text, links)
    if not text:
        return hand.close(room, event, "ignored", "no words")
    text = replies.signed(text, hand.bridge.map_of(room.desk).signature, comment.author_name)
    return _speak(hand, room, event, text, human=True, visibility=way)


def automatic(hand: Hand, room: Room, event: Event) -> None:
    """A notice or a rule's reply, in the customer's language, never the same words twice in a thread."""
    doc = event.doc
    unsaid = partial(approval.unsaid, hand, room, event)
    # A held notice is opened by the customer's words, which moved the ticket: the last person's word counts.
    status = room.facts.get("told_status") if event.fields.get("held") else str(room.status)
    if doc.get("status") and status != doc["status"]:
        return unsaid("the status changed again")
    said, place = room.said(), room.place(None)
    target = room.target(hand.bridge, place) if place else None
    if place is None or target is None:
        return unsaid("nobody to tell")
    if doc.get("line") and room.facts.get(f"lined {doc['line']}"):
        return unsaid("something was said in public already")
    calendar, now = hand.bridge.calendar(target.account, room.desk), hand.bridge.now()
    if doc.get("when") and (why := closed.over(hand, room, event, calendar)):
        return unsaid(why)
    wanted = {"public": "public", "private": "dm"}.get(doc.get("visibility", ""), "")
    wanted = wanted or room.facts.get("route", "")
    chosen = _way(hand, room, wanted)
    text = doc.get("words") or replies.choose(
        hand.bridge.config.replies,
        doc["reply"],
        language=room.facts.get("language") or target.account.language,
        default_language=target.account.language or "en",
        key=room.id,
        person_name=replies.first_name(room.own_name, room.facts.get("first_name")),
        said=said,
        channel=_spoken_on(hand, chosen, place),
        values={
            "brand": target.account.name or "",
            "status": doc.get("label") or "",
            "link": place.get("link") or "",
        },
        opens=opening.teller(calendar, now),
    )
    if text is None:
        return unsaid(f"no words for {doc['reply']}")
    if text in said:
        return unsaid("said before in this thread")
    if approval.asked(event):
        return approval.ask(hand, room, event, text)
    if guards.cools(hand, room, event):
        return unsaid("another automatic answer went out just before")
    if not once.first(hand, room, event):
        return unsaid("this person has heard it not long ago")
    room.facts["said"] = json.dumps([*said, text][-20:])
    return _speak(hand, room, event, text, human=False, visibility=wanted)


def _spoken_on(hand: Hand, chosen: str | Way, place: Mapping[str, Any]) -> str:
    """The channel on which the words are read: a private answer to a comment may open another one."""
    if isinstance(chosen, str):
        return str(place["channel"])
    _, target, there, private = chosen
    opens = private and there.get("visibility") == Visibility.PUBLIC
    return (opens and hand.bridge.channel(target.channel).private_channel) or target.channel


def to_member(hand: Hand, room: Room, event: Event, text: str) -> None:
    """An agent's words to all of an incident, to one of them: where they wrote."""
    return _speak(hand, room, event, text, human=True, visibility=room.facts.get("route", ""))


def release(
    hand: Hand, room: Room, event: Event, way: str, told: str, held: guards.Held
) -> None:  # fmt: skip
    """Send the answer that was held back the *way* the agent says; *told* is the note that it goes."""
    _speak(hand, room, event, held.words, human=True, visibility=way, held=held, told=told)


def template(hand: Hand, room: Room, event: Event, told: Command) -> str | None:
    """Send the approved template that an agent named; or why not, as a note."""
    place = room.place(Visibility.PRIVATE)
    target = room.target(hand.bridge, place) if place else None
    voice = template_voice(hand, target) if target else None
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
    words = Words(text=shown, pieces=(shown,), human=True, private=True, template=chosen)
    begin(hand, room, event, words, voice, target, place)
    return None


def _speak(
    hand: Hand, room: Room, event: Event, text: str, *, human: bool, visibility: str,
    held: guards.Held | None = None, told: str = "",
) -> None:  # fmt: skip
    """Say *text* to the customer, or tell the agent why not.

    *held*: the answer with these words was held back by a guard, and the agent has decided.
    """
    chosen = _way(hand, room, visibility)
    if isinstance(chosen, str):
        return undelivered.tell(hand, room, event, chosen, "", text, human)
    voice, target, place, private = chosen
    allowed = window(hand, room, voice, place, human)
    if not allowed.allowed:
        if event.kind == "s" and event.doc.get("status") and allowed.code == "window_closed":
            room.facts.pop("said", None)  # nothing was said yet
            return later.hold(hand, room, event)
        return undelivered.tell(hand, room, event, allowed.code or "refused", "", text, human)
    against = list[guards.Objection]()
    if not private:
        # What the agent was told when it was held, they have decided on.
        decided = held.codes if held else ()
        every = guards.objections(hand, room, event, text, place, human)
        against = [one for one in every if one.code not in decided]
    if against and human and "fan" not in event.doc:
        return guards.hold(hand, room, event, text, against, held)
    if against:
        room.facts["said"] = json.dumps(room.said()[:-1])
        once.forget(hand, room, event)
        return approval.unsaid(hand, room, event, f"not said: {against[0].why}")
    if not event.fields.get("counted") and _blown(hand, room, human):
        return undelivered.tell(hand, room, event, "fuse", "", text, human)
    pieces = compose.fit(text, voice.capabilities)
    words = Words(
        text=text, pieces=pieces, human=human, private=private, tag=allowed.tag,
        held=held.event if held else "",
        told=told,
    )  # fmt: skip
    return begin(hand, room, event, words, voice, target, place)


def may_say(hand: Hand, room: Room, visibility: str) -> bool:
    """Whether the platform lets an automatic word through now, this way."""
    chosen = _way(hand, room, visibility)
    if isinstance(chosen, str):
        return False
    voice, _, place, _ = chosen
    return window(hand, room, voice, place, human=False).allowed


def _blown(hand: Hand, room: Room, human: bool) -> bool:
    """Count words that are about to be said; True, with an alarm, when they are too many.

    Those that the platform did not take are not counted again when they are tried again (posting.begin):
    an outage is no conversation that runs away.
    """
    count, seconds = FUSE[0] if human else FUSE[1]
    budget = Budget("person" if human else "automatic", count, seconds)
    wait = hand.bridge.store.gate(f"room:{room.id}", [budget]).wait
    if wait:
        hand.bridge.store.alarm(
            "fuse",
            f"a conversation was stopped: more than {count} answers in {seconds / 60:.0f} minutes",
            DAY,
        )
    return wait > 0


def _way(hand: Hand, room: Room, visibility: str) -> str | Way:
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
    voice = voice_at(hand, target, private=private)
    if voice is None:
        return "unsupported"
    return voice, target, place, private
