"""What people do in a cell, each time somebody new; and what must be true afterwards: one of everything.

A deed has a `before`, which the cell's trouble must not meet, and a `do`, which it must.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from support.people import say

from matrix.scene import Scene

DOUBT = "not known whether"  # what the note says where nobody can look


@dataclass
class Case:
    """Somebody new in *place*, and what must come of what is done.

    `place` is one of support.people's, `-group` is where everybody reads and `-private` the private way
    from a comment.
    """

    scene: Scene
    place: str
    person: str = ""
    said: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    notices: int = 0
    tickets: int = 1
    number: int = 0
    status: str = ""
    began: int = 0
    first: str = ""
    latest: str = ""

    def __post_init__(self) -> None:
        self.person = self.scene.new_person()
        self.began = self.scene.seq()

    # -- doing ------------------------------------------------------------------------------------

    def write(self, words: str) -> None:
        text = f"{self.person} {words}"
        self.said.append(text)
        channel, _, kind = self.place.partition("-")
        more: dict[str, Any] = {}
        if kind == "group":
            more["chat"] = "group"
        elif channel in ("facebook", "instagram", "threads") and kind != "chat" and self.first:
            more["reply_to"] = self.first
        where = channel if kind in ("group", "private") else self.place
        said = say(self.scene, where, text, self.person, **more)
        self.first, self.latest = self.first or said, said

    def open(self) -> None:
        """Have a ticket, and everything at rest."""
        self.write("says it is broken")
        self.number = self.scene.opened(self.said[0])
        self.scene.rest()
        if self.place.endswith("-private"):
            self.scene.answer(self.number, "/dm", public=False)
            self.scene.noted(self.number, "From now on")
            self.scene.rest()

    def answer(self, words: str) -> None:
        text = f"{words} {self.person}"
        self.answers.append(text)
        self.scene.answer(self.number, text)

    def set(self, status: str) -> None:
        fresh = self.scene.ticket(self.number).get("status_label") is not None
        label = {"solved": "Resolved", "pending": "Pending"}[status] if fresh else status
        self.scene.sandbox.post("agent/status", {"ticket": self.number, "status": label})

    # -- looking ------------------------------------------------------------------------------------

    def record(self) -> list[dict[str, Any]]:
        return list(self.scene.sandbox.get(f"record?since={self.began}")["entries"])

    def wrong(self) -> list[str]:
        """What is not as it should be, by the sandbox's own record; nothing else happens meanwhile."""
        record = self.record()
        found = [*self._on_tickets(record), *self._said_to_customers(record)]
        if left := self.scene.unsettled():
            found.append(f"the books: {left}")
        return found

    def _on_tickets(self, record: list[dict[str, Any]]) -> list[str]:
        tickets = [one["ticket"] for one in record if one["what"] == "ticket"]
        found = [] if len(tickets) == self.tickets else [f"{len(tickets)} tickets"]
        comments = [one for one in record if one["what"] == "ticket_comment"]
        public = "\n".join(one["text"] or "" for one in comments if one["public"])
        places = [public.find(text) for text in self.said]
        for text in self.said:
            if (count := public.count(text)) != 1:
                found.append(f"{text!r} stands {count} times")
        if places != sorted(places):
            found.append("in another order")
        notes = Counter(
            one["text"] for one in comments if not one["public"] and one["by"] == "bridge"
        )
        found += [f"{n} times the note {text[:80]!r}" for text, n in notes.items() if n > 1]
        if self.status and tickets:
            now = self.scene.ticket(tickets[0])
            if (is_now := now.get("status_label") or now["status"]).lower() != self.status:
                found.append(f"the ticket is {is_now}, not {self.status}")
        return found

    def doubts(self, record: list[dict[str, Any]]) -> int:
        """How often the agent was told that nobody knows whether the answer arrived."""
        notes = [one for one in record if one["what"] == "ticket_comment" and not one["public"]]
        return sum(DOUBT in (one["text"] or "") for one in notes)

    def _said_to_customers(self, record: list[dict[str, Any]]) -> list[str]:
        private = {one["id"] for one in record if one["what"] == "private_reply"}
        spoken = [
            one["text"]
            for one in record
            if one["by"] == "bridge"
            and one["what"] in ("comment", "message", "private_reply")
            and not (one["what"] == "message" and one["id"] in private)
        ]
        told = Counter(spoken)
        doubts = self.doubts(record)
        found = []
        for text in self.answers:
            count = told.pop(text, 0)
            if count > 1 or (count == 0 and doubts != 1):
                found.append(f"the answer was said {count} times, and {doubts} notes doubt it")
        if self.place.endswith("-private"):
            told = Counter({text: n for text, n in told.items() if not _public_line(text)})
        others = sum(told.values())
        if not (others == self.notices or (others < self.notices and doubts == self.notices)):
            found.append(f"{others} notices, not {self.notices}: {list(told)}")
        return found


def _public_line(text: str) -> bool:
    """The one line that says in public where the talk goes on."""
    return "private" in text or "your messages" in text


Do = Callable[[Case], None]


@dataclass(frozen=True, slots=True)
class Deed:
    name: str
    before: Do
    do: Do


def _nothing(case: Case) -> None:
    return None


def _first(case: Case) -> None:
    case.write("says it is broken")


def _further(case: Case) -> None:
    case.write("writes again that it is broken")


def _answer(case: Case) -> None:
    case.answer("We are sorry,")


def _solve(case: Case) -> None:
    case.notices += 1
    case.set("solved")


def _open_and_solve(case: Case) -> None:
    case.open()
    _solve(case)
    case.scene.until(lambda: notices(case) == 1, "the notice")
    case.scene.rest()


def notices(case: Case) -> int:
    spoken = [one for one in case.record() if one["by"] == "bridge"]
    return sum(one["what"] in ("comment", "message") for one in spoken)


def _reopen(case: Case) -> None:
    case.write("writes that it broke once more")
    case.status = "open"


FIRST = Deed("first message", _nothing, _first)
FURTHER = Deed("further message", Case.open, _further)
ANSWER = Deed("agent's answer", Case.open, _answer)
STATUS = Deed("status", Case.open, _solve)
REOPEN = Deed("status of the ticket", _open_and_solve, _reopen)
