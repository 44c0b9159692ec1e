"""What kept events tell of many messages, each in a few words: how it ended, who waited, what was said.

Small and plain, so that many processes can read for one that counts (`core.figures`). Times are seconds since
1970; None, and "" where a name stands, is what nobody told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple

from bridge.core import heard, receipt
from bridge.core.heard import Item, mood
from bridge.core.model import Change, Status
from bridge.core.sentiment import Scorer
from bridge.core.stored import doc_in, moment_in

OVER = frozenset({Status.SOLVED, Status.CLOSED})
AT_WORK = frozenset({Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD})
LOST = ("not delivered: ", "refused later: ")  # how the reason of words that nobody got begins
DELIVERED = "delivered"


class Said(NamedTuple):
    """One message of a customer, written at `at` and heard of `late` seconds later.

    `end` is a word of `figures.ENDS`, `step` what it did to its ticket (opened, reopened), `ticket` is
    `helpdesk:number`.
    """

    id: str
    at: float
    late: float
    connection: str
    channel: str
    account: str | None
    kind: str
    room: str
    ticket: str
    end: str
    step: str
    reason: str
    rule: str
    mood: str
    post: str
    link: str | None


class Wait(NamedTuple):
    """A customer who waits since `at`, with the words of the event `of`; `result` is "" while it lasts."""

    id: str
    of: str
    at: float
    due: float | None
    answered: float | None
    result: str


class Words(NamedTuple):
    """Words of ours: `of` is the event they are for, `code` why nobody got them, "" where somebody did."""

    room: str
    of: str
    at: float
    automatic: bool
    code: str


class Turn(NamedTuple):
    """A ticket was solved or closed (`over`), or is in work again."""

    ticket: str
    at: float
    over: bool


@dataclass(slots=True)
class Deeds:
    """All of it, in no order."""

    said: list[Said] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)

    def add(self, other: Deeds) -> None:
        for one in fields(self):
            getattr(self, one.name).extend(getattr(other, one.name))

    def take(
        self, eid: str, row: Mapping[str, str], since: datetime, scorer: Scorer | None = None
    ) -> None:
        """Note what the event *eid* tells; of messages those that came *since* then."""
        kind = row.get("k")
        if kind == "m":
            item = heard.item(eid, row, since)
            if item is not None and item.message.change is Change.CREATED:
                self.said.append(_said(item, scorer))
        elif kind == "s":
            doc = doc_in(row.get("doc"))
            if "wait" in doc:
                self.waits += _wait(eid, row, doc)
            elif "reply" in doc:
                self.words += _words(row, str(doc.get("for") or ""), automatic=True)
        elif kind == "u":
            doc = doc_in(row.get("doc"))
            if doc.get("comment"):
                self.words += _words(row, "", automatic=False)
            elif doc.get("previous") and doc.get("status") in (*OVER, *AT_WORK):
                over = doc["status"] in OVER
                self.turns.append(Turn(f"{row.get('c')}:{doc.get('ticket')}", _at(row, doc), over))


def _said(item: Item, scorer: Scorer | None) -> Said:
    message, end = item.message, item.end
    if end == "ticket":
        end = "escalated" if item.step == "opened" else "appended"
    post, link = _post(item)
    return Said(
        id=item.id,
        at=item.at.timestamp(),
        late=max((item.came - item.at).total_seconds(), 0.0),
        connection=item.connection,
        channel=message.channel,
        account=message.account_id,
        kind=str(message.kind),
        room=item.room,
        ticket=item.ticket,
        end=end,
        step=item.step,
        reason=item.reason,
        rule=str(item.slip.get("rule") or ""),
        mood=mood(item.feeling(scorer)),
        post=post,
        link=link,
    )


def _post(item: Item) -> tuple[str, str | None]:
    """The id and the address of the post that it stands under."""
    post = item.message.extra.get("post")
    if not isinstance(post, Mapping) or not post.get("id"):
        return "", None
    link = post.get("permalink_url") or post.get("url")
    return str(post["id"]), link if isinstance(link, str) else None


def _wait(eid: str, row: Mapping[str, str], doc: Mapping[str, Any]) -> list[Wait]:
    since, due = moment_in(doc["wait"]), moment_in(doc.get("due"))
    if since is None:
        return []
    slip = receipt.unpack(row.get("receipt")) if row.get("state") == "done" else {}
    answered = moment_in(slip.get("answered"))
    return [
        Wait(
            id=eid,
            of=str(doc.get("for") or ""),
            at=since.timestamp(),
            due=due.timestamp() if due else None,
            answered=answered.timestamp() if answered else None,
            result=str(slip.get("outcome") or "over") if row.get("state") == "done" else "",
        )
    ]


def _words(row: Mapping[str, str], of: str, *, automatic: bool) -> list[Words]:
    """What became of words; nothing of those that were neither said nor lost."""
    reason = row.get("reason", "")
    code = next((reason.removeprefix(one) for one in LOST if reason.startswith(one)), None)
    if code is None and reason != DELIVERED:
        return []
    return [Words(row.get("room", ""), of, _at(row), automatic, code or "")]


def _at(row: Mapping[str, str], doc: Mapping[str, Any] | None = None) -> float:
    """When it happened, by the helpdesk's clock where that was told."""
    told = moment_in((doc or {}).get("at"))
    return told.timestamp() if told else float(row.get("at") or 0) / 1000
