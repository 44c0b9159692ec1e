"""What a customer wrote, as the reports count it: where, in what mood, and what became of it.

An item is made of a kept event. Deleted words are not shown, edited ones as they are now; a mood is the one
that was read then, and read now where nobody asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bridge.core import receipt
from bridge.core.facts import view
from bridge.core.model import Change, Kind, Message
from bridge.core.sentiment import Scorer
from bridge.core.signals import KIND
from bridge.core.stored import doc_in, message_in

# The fields of a kept event that an item is made of.
FIELDS = ("k", "c", "at", "state", "reason", "doc", "receipt", "mid", "pk", "room", "ticket")
# What of a receipt is counted; the rules that were tried would be most of the memory.
_SLIP = ("outcome", "rule", "replies", "signals", "feedback", "csat")
# Outcomes of rules that end the matter without a ticket.
_ENDS = {"reply": "answered", "feedback": "feedback", "hide": "hidden", "incident": "incident"}
MOODS = ("positive", "neutral", "negative", "unknown")


@dataclass(frozen=True, slots=True)
class Item:
    """One message with what became of it: written `at`, and heard of when it `came`.

    `slip` is what counts of its receipt; `deleted` is it by whoever wrote it.
    """

    id: str
    at: datetime
    came: datetime
    connection: str
    message: Message
    state: str
    reason: str
    ticket: str
    person: str
    room: str
    slip: Mapping[str, Any] = field(repr=False)
    step: str = ""  # what it did to its ticket: opened, reopened
    deleted: bool = False
    text: str = field(default="", repr=False)

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self.slip.get("feedback", ()))

    @property
    def link(self) -> str | None:
        """Where it stands; None where it has no address, or stands there no more."""
        return None if self.deleted else self.message.permalink

    @property
    def muted(self) -> bool:
        return self.state == "ignored" and self.reason.startswith("muted: ")

    @property
    def end(self) -> str:
        """What became of it, in a word of `reports.ENDS`."""
        if self.state == "dead":
            return "dead"
        if self.state not in ("done", "ignored"):
            return "waiting"
        if self.ticket or "csat" in self.slip:
            return "ticket"
        if self.muted:
            return "muted"
        if known := _ENDS.get(str(self.slip.get("outcome"))):
            return known
        named = self.state == "ignored" and self.reason not in ("", "none")
        return "ignored" if named else "nothing"

    def feeling(self, scorer: Scorer | None = None) -> float | None:
        """Its mood from -1 to 1; None where it has none that we can read."""
        signals = self.slip.get("signals") or {}
        if "sentiment" in signals or self.message.sentiment is not None:
            told = signals.get("sentiment", self.message.sentiment)
        else:
            known = {"language": spoken} if (spoken := self.language()) else None
            told = view(self.message, known, scorer).get("sentiment")
        return float(told) if isinstance(told, int | float) else None

    def language(self) -> str | None:
        told = (self.slip.get("signals") or {}).get("language") or self.message.language
        return str(told) if told else None


def mood(score: float | None) -> str:
    """The word for a sentiment, one of `MOODS`."""
    if score is None:
        return "unknown"
    return "positive" if score >= KIND else "negative" if score <= -KIND else "neutral"


def items(
    rows: Iterable[tuple[str, Mapping[str, str]]], since: datetime,
    wanted: Callable[[Item], bool] = lambda item: True,
) -> Iterator[Item]:  # fmt: skip
    """What came from customers *since* then, of the kept events *rows*, each once; in no order.

    Only those that are *wanted* are held in memory, before it is known what was edited and deleted.
    """
    found: dict[str, Item] = {}
    names: dict[str, str] = {}  # of what was said -> of the event that brought it
    later: dict[str, tuple[datetime, str | None]] = {}  # its words now; None where they are deleted
    for eid, fields in rows:
        one = item(eid, fields, since)
        if one is None:
            continue
        mid = fields.get("mid") or eid
        if one.message.change is Change.CREATED:
            if wanted(one):
                found[eid] = one
                names[mid] = eid
            continue
        text = None if one.message.change is Change.DELETED else one.text
        known = later.get(mid)
        if known is None or (known[1] is not None and (text is None or known[0] <= one.came)):
            later[mid] = one.came, text
    for mid, (_, text) in later.items():
        if eid := names.get(mid, ""):
            found[eid] = replace(found[eid], text=text or "", deleted=text is None)
    yield from found.values()


def item(eid: str, fields: Mapping[str, str], since: datetime) -> Item | None:
    """What a customer said *since* then, or did to it, by its event; None for all other events."""
    came = _came(fields)
    if fields.get("k") != "m" or came < since:
        return None
    try:
        message = message_in(doc_in(fields.get("doc")))
    except (KeyError, ValueError):
        return None  # of a release that wrote it otherwise
    if message.own or message.ignored or message.kind is Kind.OTHER:
        return None
    slip = receipt.unpack(fields.get("receipt"))
    return Item(
        id=eid,
        at=message.sent_at or came,
        came=came,
        connection=fields.get("c", ""),
        message=message,
        state=fields.get("state", ""),
        reason=fields.get("reason", ""),
        ticket=fields.get("ticket") or str(slip.get("ticket") or ""),
        person=fields.get("pk", ""),
        room=fields.get("room", ""),
        slip={name: slip[name] for name in _SLIP if name in slip},
        step=_step(slip),
        text=message.text or "",
    )


def _step(slip: Mapping[str, Any]) -> str:
    for one in slip.get("actions") or ():
        if one["what"].startswith("opened "):
            return "opened"
        if one["what"].endswith(" opened it again"):
            return "reopened"
    return ""


def _came(fields: Mapping[str, str]) -> datetime:
    """When we heard of it."""
    return datetime.fromtimestamp(float(fields.get("at") or 0) / 1000, UTC)
