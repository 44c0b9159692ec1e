"""`bridge erase` of somebody who belongs to an incident: nobody else misses a word of the answer to all."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.erased import balanced, erase, left
from support.people import feed, page
from support.town import agent_says

from bridge.core import crowds
from bridge.core.stored import doc_in
from bridge.jobs import erasing, fanout
from bridge.jobs.erasing import Wanted

RULES = """limits: {escalations_per_minute: 1}
crowds:
  - {name: outage, when: {text: {any_of: [outage]}}, over: 15m, at_least: 3, then: {incident: {priority: urgent}}}
rules:
  - name: default
    then: {escalate: {priority: normal}}
"""
WORDS = "/fanout\nIt works again.\n---\nIt works again, sorry!\n---\nIt works again, thank you."
NAMES = ("Ana Nowak", "Tomasz Kowal", "Ewelina Lis", "Jan Zych", "Iga Wrona")


Step = Callable[[], object]


class Members:
    """An incident of five, in the order of NAMES, and a worker that works when it is told to."""

    def __init__(self, town: Any, sandbox: Any, work: Step) -> None:
        self.town, self.sandbox, self.work, self.told = town, sandbox, work, 0
        self.ids = dict[str, str]()  # of people, by their names
        self.names = dict[str, str]()  # by the comments they wrote
        for some in (NAMES[:3], NAMES[3:4], NAMES[4:]):  # three make it an incident
            for name in some:
                self.writes(name)
            self.work()
        self.number = int(self.town.json("crisis", "list")["incidents"][0]["ticket"])

    def writes(self, name: str) -> None:
        """*name* writes of the outage."""
        text = f"an outage at {name}"
        said = self.sandbox.post("customer/comment", {"text": text, "person": name})
        self.ids[name], self.names[said["id"]] = said["person_id"], name
        who = {"id": said["person_id"], "name": name}
        at = int(time.time()) - 60 + len(self.ids)  # or they would stand on the list by their ids
        entry = page(feed("", text, comment_id=said["id"], created_time=at, **{"from": who}))
        body = json.dumps({"object": "page", "entry": [entry]})
        self.town.deliver("meta", body.encode(), said["id"])

    def agent(self, words: str) -> None:
        """A private note on the incident's ticket, and what comes of it at once."""
        self.told += 1
        agent_says(self.town, self.number, words, public=False, number=self.told)
        self.work()

    def answer(self) -> None:
        """All are answered: those of the first portion at once."""
        self.agent(WORDS)
        self.agent("/fanout yes")

    def later(self) -> None:
        """The time for the next ones has come."""
        for eid, row in list(self.town.store.events()):
            if (row.get("state"), row.get("k")) == ("timer", "c"):
                doc = json.dumps({**doc_in(row["doc"]), "not_before": "2026-01-01T00:00:00+00:00"})
                self.town.store.client.hset(f"bridge:e:{eid}", "doc", doc)
        for lane in self.town.store.client.zrange("bridge:due", 0, -1):
            self.town.store.client.zadd("bridge:due", {lane: 0})
        self.work()

    def report(self) -> str:
        """What the ticket tells in the end."""
        for _ in range(9):
            for one in self.sandbox.record("ticket_comment", public=False):
                if "to each once" in one["text"]:
                    return str(one["text"])
            self.later()
        raise AssertionError("no report came")

    def heard(self) -> list[str]:
        """Who was answered, as often as they were."""
        said = self.sandbox.record("comment", by="bridge")
        return sorted(self.names[one["parent_id"]] for one in said)

    def has_ticket(self, name: str) -> bool:
        return any(name in one["subject"] for one in self.sandbox.record("ticket"))

    def gone(self, name: str) -> None:
        """Of *name* nothing is left, and nothing that was to be told them."""
        assert left(self.town, self.ids[name], name, name.split()[1]) == []
        notes = [row["doc"] for _, row in self.town.store.events() if row.get("k") == "n"]
        assert any("Messages 1 to" in one and NAMES[2] in one for one in notes)  # of the others
        rooms = {name for name, _ in self.town.store.rooms()}
        assert all(
            row["room"] in rooms
            for _, row in self.town.store.events()
            if row.get("k") in ("m", "s")
        )


def once(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, after: int, do: Step) -> None:
    """Have *do* done before *where* is called, when it was called *after* times."""
    plain, calls = getattr(where, name), list[int]()

    def called(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == after + 1:
            do()
        return plain(*args)

    monkeypatch.setattr(where, name, called)


@pytest.fixture
def members(town: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Members]:
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    monkeypatch.setattr(fanout, "PORTION", 2)
    with town.working() as work:
        yield Members(town, sandbox, work)
    balanced(town)


@pytest.mark.parametrize(("name", "portions"), [(NAMES[3], 0), (NAMES[0], 1)])
def test_whoever_is_erased_meanwhile_keeps_no_other_from_the_answer(
    members: Members, monkeypatch: pytest.MonkeyPatch, name: str, portions: int
) -> None:
    """Before the first portion, and between two of them: who was told, and who was not yet. Nor does it bring it to others."""

    def gone() -> None:
        erase(members.town, who=members.ids[name])
        members.writes("Ola Mak")  # and joins when it is on its way

    once(monkeypatch, fanout, "hand_out", portions, gone)
    members.answer()
    report = members.report()
    others = sorted(one for one in NAMES if one != name)
    told = members.heard()
    assert [one for one in told if one != name] == others
    assert told.count(name) == (NAMES.index(name) < 2 * portions)
    assert "The answer was said to 4 of 4 people" in report
    assert name not in report
    members.gone(name)


def test_whoever_is_erased_while_a_portion_is_handed_out_hears_nothing(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were read, and are gone before it is written down that they are to be told."""
    name, plain = NAMES[1], fanout._name

    def named(doc: dict[str, Any], one: Any) -> str:
        if one.who == name and members.ids[name] not in gone:
            gone.append(members.ids[name])
            erase(members.town, who=members.ids[name])
        return plain(doc, one)

    gone = list[str]()
    monkeypatch.setattr(fanout, "_name", named)
    members.answer()
    report = members.report()
    assert gone
    assert members.heard() == sorted(one for one in NAMES if one != name)
    assert "The answer was said to 4 of 4 people" in report
    members.gone(name)


def test_whoever_is_being_told_is_told_and_then_erased(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, waits, plain, say = NAMES[1], threading.Event(), erasing._wait, fanout.say

    def wait(until: float, why: str) -> None:
        waits.set()
        plain(until, why)

    monkeypatch.setattr(erasing, "_wait", wait)
    wanted = Wanted(members.ids[name])
    eraser = threading.Thread(target=lambda: erasing.erase(members.town.store, wanted), daemon=True)

    def meanwhile(hand: Any, room: Any, event: Any) -> None:
        if room.own_name == name:
            eraser.start()
            assert waits.wait(60)  # it has met the turn, and lets it end
        say(hand, room, event)

    monkeypatch.setattr(fanout, "say", meanwhile)
    members.answer()
    eraser.join(60)
    members.report()
    assert members.heard() == sorted(NAMES)
    members.gone(name)


def two_without_a_ticket(members: Members) -> tuple[str, str]:
    """Two who stand on the incident's list only: whose words come while a minute begins have a ticket."""
    for more in ("Ola Mak", "Ewa Lipa", "Piotr Dudek", "Marta Sowa"):
        members.writes(more)
        members.work()
        names = [name for name in members.ids if not members.has_ticket(name)]
        if len(names) > 1:
            break
    return names[0], names[1]


def test_a_ticket_that_an_agent_asks_for_brings_no_erased_words_back(
    members: Members, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`/open` takes words up again that stand on the incident's list only."""
    name, other = two_without_a_ticket(members)
    plain = crowds.asked_for

    def asked_for(many: int) -> str:
        gone.append(erase(members.town, who=members.ids[name])["events"])
        return plain(many)

    gone = list[int]()
    monkeypatch.setattr(crowds, "asked_for", asked_for)
    members.agent("/open 5")
    assert gone[0] > 0
    assert members.has_ticket(other)
    assert not members.has_ticket(name)
    members.gone(name)
