"""What holds words back before all can read them: approval, caps, and personal data in an agent's answer.

An automatic text that meets a guard is not said, and its receipt tells why. An agent's answer waits: a
private note tells what was found and how to go on, and the event keeps the words until `/send` or `/dm`; or
until another agent's `/approve`, where a rule wants a second person (approval.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bridge.core import personal, replies, telling
from bridge.core.model import Visibility
from bridge.core.rules import Caps
from bridge.core.stored import moment_in
from bridge.jobs import lately
from bridge.jobs.ingest import name_of
from bridge.jobs.room import DAY, Room, note_event
from bridge.jobs.turn import Hand
from bridge.jobs.ways import voices
from bridge.store import Event

APPROVAL = "approval"  # the code of the objection that a second person ends
CAPPED = ("thread_cap", "post_cap")  # those that are beyond a limit
EARLIER = "personal_data thread_cap post_cap"  # what a release that kept none may have held it for


class Objection(NamedTuple):
    """Why words should not stand in public: `code` for receipts, `why` in words for the agent."""

    code: str
    why: str


class Held(NamedTuple):
    """An agent's answer that waits: its event, its words, who wrote it (id), and since when (text) it waits.

    `codes` are the objections the agent was told; with `second` somebody else has to let it go.
    """

    event: str
    words: str
    by: str = ""
    at: str = ""
    codes: tuple[str, ...] = ()
    second: bool = False


def objections(
    hand: Hand, room: Room, event: Event, text: str, place: Mapping[str, Any], human: bool
) -> Iterator[Objection]:
    """What stands against saying *text* in public at *place*."""
    rule = room.facts.get("approve")
    if human and rule and not event.doc.get("approved"):
        yield Objection(APPROVAL, f"rule {rule} wants another agent to approve it")
    if human and (found := _personal(hand, room, text)):
        yield Objection("personal_data", f"it holds {', '.join(found)}")
    caps = hand.bridge.config.rules.caps
    if event.doc.get("line"):
        return  # one line that it goes on in private ends a public talk, and lengthens none
    most = caps.public_replies_per_thread
    if most is not None and said_aloud(room) >= most:
        often = "once" if most == 1 else f"{most} times"
        yield Objection("thread_cap", f"we have answered this person {often} in public here")
    if beyond := _under_post(hand, room, caps, text, place):
        yield beyond


def _personal(hand: Hand, room: Room, text: str) -> list[str]:
    """What of somebody's personal data an agent's answer holds, masked, each kind and end once."""
    desk_map = hand.bridge.config.maps.get(room.desk)
    if desk_map is None or not desk_map.hold_personal_data:
        return []
    found = personal.foreign(text, desk_map.our_contacts)
    return list(dict.fromkeys(personal.masked(one) for one in found))


def _under_post(
    hand: Hand, room: Room, caps: Caps, text: str, place: Mapping[str, Any]
) -> Objection | None:
    """The cap of a post; and an alarm where the same words have stood there too often."""
    most, same = caps.public_replies_per_post, caps.same_answer_per_post
    if not place.get("post") or (most is None and same is None):
        return None
    post, words = tallies(room, text, place)
    said, alike = hand.bridge.store.tallied(DAY, post, words)
    if most is not None and said >= most:
        return Objection("post_cap", f"we have answered {most} times under this post in a day")
    if same is not None and alike >= same:
        told = (
            f"{room.facts.get('c')}: the same answer was said {alike} times in a day under the post"
            f" {place['post']}, and is about to be said again; platforms take that for spam"
        )
        hand.bridge.store.alarm(f"repeated:{name_of(post)[:8]}", told, DAY)
    return None


def tallies(room: Room, text: str, place: Mapping[str, Any]) -> tuple[str, str]:
    """Under which it is counted what was said under the post of *place*, and who said the same words.

    A first name makes no other words of it.
    """
    where = (room.facts.get("c", ""), place.get("channel"), place.get("account"), place.get("post"))
    name = replies.first_name(room.own_name, room.facts.get("first_name"))
    words = text.replace(name, "") if name else text
    folded = hashlib.sha256(" ".join(words.casefold().split()).encode("utf-8", "replace"))
    post = name_of("aloud", *where)
    return f"aloud:{post}", f"same:{post}:{folded.hexdigest()[:12]}"


# --- how often we have spoken ------------------------------------------------------------------------


def said_aloud(room: Room) -> int:
    """How many public answers this conversation holds since its ticket was opened."""
    ticket, _, count = room.facts.get("aloud", "").rpartition(" ")
    return int(count) if count and ticket == room.ticket else 0


def count_aloud(room: Room) -> None:
    """Remember one more."""
    room.facts["aloud"] = f"{room.ticket} {said_aloud(room) + 1}"


def cools(hand: Hand, room: Room, event: Event) -> bool:
    """Whether an automatic text was said so shortly before that this one is too much.

    What the same words of the customer ask for is one answer, in public and in private.
    """
    last = moment_in(room.facts.get("automatic_at"))
    seconds = hand.bridge.config.rules.caps.cooling
    if not seconds or last is None or event.doc.get("line"):
        return False
    if room.facts.get("automatic_for") == event.doc.get("for", event.id):
        return False
    return (hand.bridge.now() - last).total_seconds() < seconds


# --- what waits for the agent's word ------------------------------------------------------------------


def hold(
    hand: Hand, room: Room, event: Event, text: str, against: Sequence[Objection],
    held: Held | None = None,
) -> None:  # fmt: skip
    """Let an agent's answer wait, and say on the ticket why and how to go on.

    *held*: it waited before, and was let go; what stands against it now is something else.
    """
    comment = event.doc.get("comment") or {}
    codes = [*(held.codes if held else ()), *(one.code for one in against)]
    beyond = hand.bridge.config.rules.caps.second_person and not {*codes}.isdisjoint(CAPPED)
    second = APPROVAL in codes or beyond
    room.facts["waiting"] = held.event if held else event.id
    orders = hand.closing(event, "done", f"held: {against[0].code}")
    told = {"since": written_at(event), "against": " ".join(codes), "second": "1" if second else ""}
    if held:
        orders.touch.append({"e": held.event, "f": told})
    else:
        orders.events[0]["f"] |= {**told, "words": text, "by": writer(event)}
    why = "; and ".join(one.why for one in against)
    note = telling.guarded(why, _ways(hand, room, second), text, room.name)
    orders.push.append(note_event(room, note, "held back", event.id))
    room.spoke(comment, hand.bridge.now())
    if look := lately.first_look(hand, room):
        orders.push.append(look)
    orders.facts = room.changed()
    hand.settle(orders)


def writer(event: Event) -> str:
    """The helpdesk's id of who wrote or did what *event* tells; empty where nobody says."""
    comment = event.doc.get("comment") or {}
    return str(comment.get("author") or ("" if comment else event.doc.get("actor")) or "")


def written_at(event: Event) -> str:
    """When that was, by the helpdesk's clock."""
    return str((event.doc.get("comment") or {}).get("at") or event.doc.get("at") or "")


def _ways(hand: Hand, room: Room, second: bool) -> list[str]:
    places = room.places.values()
    private = any(
        how is Visibility.PRIVATE for place in places for _, how, _ in voices(hand, room, place)
    )
    ways = ["/dm as a private note sends it to the customer in private"] if private else []
    if second:
        ways += [
            "/approve as a private note of another agent than its author posts it in public as it is",
            "/reject as a private note drops it",
        ]
    else:
        ways.append("/send as a private note posts it in public as it is")
    return [*ways, "or write another answer, which takes its place"]


def spoken(room: Room, event: Event) -> None:
    """The agent's word of *event* is out, or was refused with a note: what was held before waits no more.

    Only then: until its result is known the answer may have to be sent again.
    """
    if room.facts.get("waiting") and "fan" not in event.doc:
        room.facts["waiting"] = ""


def withdraw(room: Room, eid: str) -> None:
    """The agent took the answer of the event *eid* back: it waits no more."""
    if room.facts.get("waiting") == eid:
        room.facts["waiting"] = ""


def held(hand: Hand, room: Room) -> Held | None:
    """The answer that waits for an agent's word."""
    eid = room.facts.get("waiting", "")
    kept = hand.bridge.store.event(eid) if eid and " " not in eid else {}
    if kept.get("k") == "s" or not kept.get("words"):
        return None
    return Held(
        event=eid,
        words=kept["words"],
        by=kept.get("by", ""),
        at=kept.get("since", ""),
        codes=tuple(kept.get("against", EARLIER).split()),
        second=bool(kept.get("second")),
    )
