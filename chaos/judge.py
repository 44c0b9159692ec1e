"""What is asked of a run that has come to rest, each broken promise with its evidence.

Everything is read from the sandbox's own record and from the postman's; of the bridge only the books and,
as evidence, the receipts.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bridge.core import receipt
from chaos.plan import COMMENTS
from chaos.play import Play
from chaos.postman import TOKEN

# Nobody can look there whether words have arrived (WhatsApp reports it, if the report comes).
UNSEEN = ("telegram", "whatsapp")
CASE = re.compile(
    r"case \d{5}"
)  # in each piece of a long answer, also between the first and the last
# What our own notes say, and no customer may read.
OURS = ("Not delivered", "Held back, not sent", "The customer has", "parts reached the customer")


@dataclass(slots=True)
class Verdict:
    """The figures, and what was found wrong by kind: each with the conversation it is about."""

    figures: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[tuple[str, int | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def blame(self, kind: str, what: str, talk: int | None = None) -> None:
        self.wrong[kind].append((what, talk))


KINDS = (
    "lost", "duplicate tickets", "duplicate messages", "reordered messages", "reply lost",
    "duplicate replies", "reordered replies", "duplicate notes", "untrue notes", "leaked notes",
    "untold changes", "invented words", "refused deliveries", "leaked secrets", "leaked words", "books",
    "not at rest",
)  # fmt: skip


def judge(play: Play, rested: bool) -> Verdict:
    """All questions, asked."""
    verdict = Verdict()
    if not rested:
        verdict.blame("not at rest", f"work is left after {play.calm_after:.0f} s: {play.left()}")
    for refused in play.stage.postman.refused:
        verdict.blame("refused deliveries", refused)
    for talk, tokens in play.order.items():
        _messages(play, verdict, talk, tokens)
    _tickets(play, verdict)
    _answers(play, verdict)
    _notes(play, verdict)
    _books(play, verdict)
    return verdict


# --- to the ticket ------------------------------------------------------------------------------------


def _messages(play: Play, verdict: Verdict, talk: int, tokens: list[str]) -> None:
    truth, tickets, stands = play.truth, set(), []
    for token in tokens:
        places = truth.public.get(token, [])
        tickets |= {place[0] for place in places}
        if len(places) > 1:
            verdict.blame(
                "duplicate messages", f"{token} stands {len(places)} times: {places}", talk
            )
        if places:
            stands.append((token, places[0][1:]))
        elif token not in play.removed:
            verdict.blame("lost", f"{token} is on no ticket", talk)
        if token in play.removed and places and not truth.private.get(token):
            verdict.blame(
                "untold changes", f"{token} was removed, and the ticket does not say so", talk
            )
        latest = play.edited.get(token)
        if latest and len(truth.public[latest]) > 1:
            verdict.blame(
                "duplicate messages", f"{latest} stands twice: {truth.public[latest]}", talk
            )
        if (
            latest
            and token not in play.removed
            and not (truth.public[latest] or truth.private[latest])
        ):
            verdict.blame(
                "untold changes", f"{token} was edited to {latest}, which stands nowhere", talk
            )
    if len(tickets) > 1 and _went_on(play, talk, tokens):
        name = "talks that went on at the person's other ticket"
        verdict.figures[name] += 1
    elif len(tickets) > 1:
        verdict.blame(
            "duplicate tickets", f"one conversation is on the tickets {sorted(tickets)}", talk
        )
    for later, earlier in _overtaken(play, verdict, stands, "overtaken on the way"):
        verdict.blame(
            "reordered messages", f"{later} stands before {earlier}, taken in order", talk
        )


def _overtaken(
    play: Play, verdict: Verdict, stands: list[tuple[str, Any]], excused: str
) -> Iterator[tuple[str, str]]:
    """Who stands before somebody earlier, (later, earlier), though both were taken in order; others are *excused*."""
    for earlier, later in _pairs(stands):
        if earlier[1] <= later[1]:
            continue
        if _in_order(play, earlier[0], later[0]):
            yield later[0], earlier[0]
        else:
            verdict.figures[excused] += 1


def _went_on(play: Play, talk: int, tokens: list[str]) -> bool:
    """Whether a talk only left a solved ticket for the one that the same person's comment has, and stayed.

    So it is meant to be (docs/answering.md, `join_dms`); anything else that stands on two tickets is wrong.
    """
    truth, people = play.truth, play.plan.people
    places = sorted(
        (place[1], place[0]) for token in tokens for place in truth.public.get(token, ())
    )
    others = {
        truth.ticket_of.get(token)
        for other, said in play.order.items()
        if other != talk and people[other] == people[talk] and play.plan.talks[other] in COMMENTS
        for token in said
    }
    moves = [(before, now, seq) for (_, before), (seq, now) in pairwise(places) if before != now]
    return (
        all(truth.status(before, seq) == "solved" and now in others for before, now, seq in moves)
        and len(moves) == 1
    )


def _pairs(stands: list[Any]) -> Iterator[tuple[Any, Any]]:
    for number, later in enumerate(stands):
        for earlier in stands[:number]:
            yield earlier, later


def _in_order(play: Play, earlier: str, later: str) -> bool:
    """Whether *earlier* was taken before *later* was first brought: then their order was the bridge's to keep.

    So it is where neither came by: a webhook that only hints has the ticket read, in its order.
    """
    one, other = play.stage.postman.times.get(earlier), play.stage.postman.times.get(later)
    if one is None and other is None:
        return True
    if one is None or other is None or one.taken is None:
        return False
    return one.taken < other.brought


def _tickets(play: Play, verdict: Verdict) -> None:
    truth = play.truth
    stamps = Counter(one["external_id"] for one in truth.tickets if one["external_id"])
    for stamp, count in stamps.items():
        if count > 1:
            numbers = [one["ticket"] for one in truth.tickets if one["external_id"] == stamp]
            verdict.blame("duplicate tickets", f"{numbers} carry the same stamp {stamp}")
    held = {place[0] for places in truth.public.values() for place in places}
    for one in truth.tickets:
        if one["ticket"] not in held:
            verdict.blame(
                "duplicate tickets", f"ticket {one['ticket']} holds no customer's words: {one}"
            )
    for system, count in sorted(Counter(one["system"] for one in truth.tickets).items()):
        verdict.figures[f"tickets in {system}"] = count
    answers = Counter(one["system"] for one in truth.entries if _is_answer(one))
    for system, count in sorted(answers.items()):
        verdict.figures[f"answers given in {system}"] = count


def _is_answer(entry: dict[str, Any]) -> bool:
    return entry["what"] == "ticket_comment" and entry["by"] == "agent" and bool(entry["public"])


# --- to the customer ----------------------------------------------------------------------------------


def _answers(play: Play, verdict: Verdict) -> None:
    truth, said = play.truth, defaultdict(list)
    notices: Counter[str] = Counter()
    between: Counter[str] = Counter()
    for entry in truth.spoken:
        tokens = TOKEN.findall(entry["text"] or "")
        if not tokens and CASE.search(entry["text"] or ""):
            between[entry["text"]] += 1
            continue
        for token in tokens:
            said[token].append(entry)
        if not tokens:
            notices[str(entry.get("person") or entry.get("chat") or entry.get("parent_id"))] += 1
    talk_of = {token: talk for talk, tokens in play.answers.items() for token in tokens}
    for token, talk in talk_of.items():
        _answer(play, verdict, token, talk, said[token])
        if tail := play.tails.get(token):
            _end(play, verdict, token, tail, talk, said)
    for text, count in between.items():
        if count > 1:
            verdict.blame("duplicate replies", f"a piece was said {count} times: {text[:80]}")
    known = {*talk_of, *play.tails.values(), *(one for one in said if one[0] == "n")}
    for token in sorted(set(said) - known):
        verdict.blame("invented words", f"{token} was said by the bridge: {said[token]}")
    for talk, tokens in play.answers.items():
        stands = [(token, said[token][0]["seq"]) for token in tokens if said[token]]
        for later, earlier in _overtaken(play, verdict, stands, "replies overtaken on the way"):
            verdict.blame("reordered replies", f"{later} was said before {earlier}", talk)
    verdict.figures["replies said"] = sum(bool(said[token]) for token in talk_of)
    verdict.figures["notices said"] = sum(notices.values())
    if sum(notices.values()) > sum(play.statuses.values()):
        verdict.blame(
            "invented words",
            f"{sum(notices.values())} notices for {sum(play.statuses.values())} changes of status",
        )


def _answer(play: Play, verdict: Verdict, token: str, talk: int, said: list[Any]) -> None:
    channel = play.plan.talks[talk]
    if len(said) > 1:
        verdict.blame("duplicate replies", f"{token} was said {len(said)} times: {said}", talk)
    told = " ".join(_told(play, token))
    if said:
        doubt = "Held back" in told and channel not in UNSEEN
        if doubt or "Not delivered to the customer" in told:
            verdict.blame("untrue notes", f"{token} was said; the ticket says {told!r}", talk)
        return
    if "Held back" in told and channel in UNSEEN:
        count = f"held and told ({channel})"
    elif "Not delivered to the customer" in told and play.removed & set(play.order[talk]):
        count = "refused and told (removed by the customer)"
    else:
        verdict.blame(
            "reply lost", f"{token} ({channel}) was never said; the ticket says {told!r}", talk
        )
        return
    verdict.figures[count] += 1


def _end(
    play: Play, verdict: Verdict, token: str, tail: str, talk: int, said: dict[str, list[Any]]
) -> None:
    """The end of a long answer, which goes out in pieces: once, after its beginning, or told about."""
    begun, ends = said[token], said[tail]
    verdict.figures["long answers said to their end"] += bool(ends)
    if len(ends) > 1:
        verdict.blame("duplicate replies", f"{tail} was said {len(ends)} times: {ends}", talk)
    elif ends and (not begun or ends[0]["seq"] < begun[0]["seq"]):
        verdict.blame("reordered replies", f"{tail} was said, and {token} not before it", talk)
    elif begun and not ends:
        told = " ".join((*_told(play, token), *_told(play, tail)))
        excused = play.plan.talks[talk] in UNSEEN or bool(play.removed & set(play.order[talk]))
        if not excused or not ("Held back" in told or "parts reached the customer" in told):
            about = f"{tail} was never said, {token} was; the ticket says {told!r}"
            verdict.blame("reply lost", about, talk)


def _told(play: Play, token: str) -> list[str]:
    """Our notes about *token*."""
    return [part for _, part in _parts(play, token)]


def _parts(play: Play, token: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Our notes about *token*, each with its entry; several may go onto the ticket as one."""
    for note in {one["seq"]: one for one in play.truth.told.get(token, ())}.values():
        for part in note["text"].split("---"):
            if token in part:
                yield note, part.strip()


def _notes(play: Play, verdict: Verdict) -> None:
    """Private notes: each once, none on a platform, and no echo of ours was taken for a colleague's words."""
    for entry in play.truth.heard:
        text = entry["text"] or ""
        for token in TOKEN.findall(text):
            if token.startswith("n"):
                verdict.blame("leaked notes", f"{token} stands on {entry['system']}: {entry}")
        if any(ours in text for ours in OURS):
            verdict.blame("leaked notes", f"a note of ours stands on {entry['system']}: {entry}")
    for token in list(play.truth.told):
        parts = Counter((one["ticket"], part) for one, part in _parts(play, token))
        for (ticket, part), count in parts.items():
            if count > 1:
                verdict.blame("duplicate notes", f"{count} times on ticket {ticket}: {part!r}")
    for talk, tokens in play.answers.items():
        for token in tokens:
            if found := [one for one in _told(play, token) if "answered directly on" in one]:
                about = f"{token} was taken for a colleague's words: {found}"
                verdict.blame("invented words", about, talk)


# --- the books -----------------------------------------------------------------------------------------


def _books(play: Play, verdict: Verdict) -> None:
    parts = ("done", "ignored", "parked", "dead", "in_progress")
    books = play.stage.store.books()
    for name, row in books.items():
        if row["received"] != sum(row[part] for part in parts):
            verdict.blame("books", f"{name} does not add up: {row}")
        if row["in_progress"] or row["dead"] or row["parked"]:
            verdict.blame("books", f"{name} is not finished: {row}")
    for eid, event in play.stage.store.events():
        if event.get("state") in ("in_progress", "parked"):
            verdict.blame("not at rest", f"event {eid} {_where(play, eid, event)}: {event}")
    for eid in play.stage.store.dead():
        event = play.stage.store.event(eid)
        verdict.blame(
            "lost", f"dead letter {eid}: {event.get('reason')} {event.get('doc', '')[:300]}"
        )
    verdict.figures["events received"] = sum(row["received"] for row in books.values())
    verdict.figures["duplicates absorbed"] = sum(row["duplicates"] for row in books.values())


def _where(play: Play, eid: str, event: dict[str, str]) -> str:
    """Which lane an event waits in, and when that is due."""
    lane = f"{event.get('lane')}:{event.get('room')}"
    with play.stage.redis.client() as client:
        listed = eid.encode() in client.lrange(f"bridge:l:{lane}", 0, -1)
        due = client.zscore("bridge:due", lane)
        rests = client.exists(f"bridge:w:{lane}")
    at = round(due / 1000 - time.time()) if due else None
    return f"in {lane} (listed {listed}, due in {at} s, rests {rests})"


# --- evidence --------------------------------------------------------------------------------------------


def evidence(play: Play, talk: int) -> Iterator[str]:
    """Everything that is known of one conversation, for whoever looks for the cause."""
    plan, truth = play.plan, play.truth
    tokens = {*play.order.get(talk, ()), *play.answers.get(talk, ())}
    tokens |= {play.edited[one] for one in tokens if one in play.edited}
    tickets = {truth.ticket_of[one] for one in tokens if one in truth.ticket_of}
    yield f"conversation {talk} on {plan.talks[talk]} with {plan.people[talk]}, tickets {sorted(tickets)}"
    for token in sorted(tokens):
        times = play.stage.postman.times.get(token)
        when = (
            f"brought {times.brought - play.began:.2f}, taken {times.taken and round(times.taken - play.began, 2)}"
            if times
            else ""
        )
        yield f"  {token} {when} {plan.brings.get(token, '')}"
    for entry in truth.entries:
        about = entry.get("ticket") in tickets and entry["what"] != "webhook"
        if about or set(TOKEN.findall(entry["text"] or "")) & tokens:
            brief = {**entry, "text": (entry["text"] or "")[:120]}
            yield "  record " + json.dumps(brief, ensure_ascii=False)[:500]
    yield f"  alarms {play.stage.store.alarms()}"
    events = dict(play.stage.store.events())
    ours = {
        eid for eid, event in events.items() if tokens & set(TOKEN.findall(event.get("doc", "")))
    }
    rooms = {events[eid].get("room") for eid in ours}
    for eid, event in events.items():
        if eid in ours or (event.get("room") in rooms and event.get("room")):
            told = ("k", "state", "reason", "lane", "room", "d", "at", "seen")
            shown = {name: event.get(name) for name in told}
            yield f"  event {eid} {shown} {event.get('doc', '')[:700]}"
            if slip := event.get("receipt"):
                yield f"    receipt {receipt.unpack(slip)}"
