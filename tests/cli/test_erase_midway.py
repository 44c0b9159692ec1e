"""`bridge erase` in the middle of something: nothing of theirs goes on, and everybody else gets what was theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.erased import balanced, erase, left
from support.people import feed, page
from support.town import agent_says, agent_sets

from bridge.core.stored import doc_in

RULES = """rules:
  - name: praise
    when: {text: {any_of: [wonderful]}}
    then: {escalate: {priority: low}, reply: {public: acknowledged, approve: true}}
  - name: hello
    when: {text: {any_of: [hello]}}
    then: {escalate: {priority: low}, reply: {public: acknowledged}}
  - name: default
    then:
      escalate: {priority: normal}
      wait: [{after: 30m, then: {note: "Nobody has answered.", reply: {public: acknowledged}}}]
"""
HERS, HIS = "Zuzanna Kowalczyk", "Adam Wolski"
WORD = "violetly"  # which she alone says


class Street:
    """Two people in the same plight, and a worker that works when it is told to."""

    def __init__(self, town: Any, sandbox: Any, work: Callable[[], object]) -> None:
        self.town, self.sandbox, self.work = town, sandbox, work
        self.ids = dict[str, str]()  # of people, by their names
        self.said = dict[str, str]()  # the comments of each
        self.told = 0

    def both(self, text: str) -> None:
        """Both say it, and what comes of it."""
        for name, words in ((HERS, f"{text} {WORD}"), (HIS, text)):
            said = self.sandbox.post("customer/comment", {"text": words, "person": name})
            self.ids[name], self.said[name] = said["person_id"], said["id"]
            who = {"id": said["person_id"], "name": name}
            entry = page(feed("", words, comment_id=said["id"], **{"from": who}))
            body = json.dumps({"object": "page", "entry": [entry]})
            self.town.deliver("meta", body.encode(), said["id"])
        self.work()

    def ticket(self, name: str) -> int:
        (found,) = (
            one["ticket"] for one in self.sandbox.record("ticket") if name in one["subject"]
        )
        return int(found)

    def answered(self, text: str, public: bool = True) -> None:
        """An agent writes on the tickets of both."""
        for name in (HERS, HIS):
            self.agent(name, f"{text} {WORD if name == HERS else ''}".strip(), public=public)

    def agent(self, name: str, text: str, *, public: bool, by: str = "77") -> None:
        self.told += 1
        agent_says(self.town, self.ticket(name), text, public=public, by=by, number=self.told)
        self.work()

    def later(self) -> None:
        """All that waits for its time, has it."""
        past = "2026-01-01T00:00:00+00:00"
        for eid, row in list(self.town.store.events()):
            doc = doc_in(row.get("doc"))
            if row.get("state") == "timer" and "not_before" in doc:
                steps = [{**one, "at": past} for one in doc.get("steps", ())]
                doc |= {"not_before": past, **({"steps": steps} if steps else {})}
                self.town.store.client.hset(f"bridge:e:{eid}", "doc", json.dumps(doc))
        for lane in self.town.store.client.zrange("bridge:due", 0, -1):
            self.town.store.client.zadd("bridge:due", {lane: 0})
        self.work()

    def his(self) -> dict[str, Any]:
        """All that is kept of him."""
        rooms = {name: row for name, row in self.town.store.rooms() if self.ids[HIS] in row["key"]}
        events = {eid: row for eid, row in self.town.store.events() if row.get("room") in rooms}
        assert rooms
        return {**rooms, **events}

    def words(self, **of: Any) -> list[str]:
        """What stands in the sandbox's record."""
        return [one["text"] for one in self.sandbox.record(**of)]

    def aloud(self, name: str) -> list[str]:
        """What *name* was answered in public."""
        said = self.sandbox.record("comment", by="bridge")
        return [one["text"] for one in said if one["parent_id"] == self.said[name]]

    def notes(self, name: str) -> str:
        return "\n".join(
            one["text"]
            for one in self.sandbox.record("ticket_comment", public=False)
            if one["ticket"] == self.ticket(name)
        )

    def traces(self) -> list[str]:
        return left(self.town, self.ids[HERS], "Zuzanna", "Kowalczyk", WORD)

    def close(self, connection: str) -> None:
        """Its breaker is open, for an hour."""
        for _ in range(5):
            self.town.store.trouble(connection, "outage", 3600, f"{connection} is down")
        until = int((self.town.store.time() + 3600) * 1000)
        self.town.store.client.hset(f"bridge:down:{connection}", "until", until)

    def open(self, connection: str) -> None:
        self.town.store.cheer(connection)
        self.later()


@pytest.fixture
def street(town: Any, sandbox: Any) -> Iterator[Street]:
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    desk = town.folder / "mappings" / "zendesk.yaml"
    desk.write_text(desk.read_text().replace("csat: null", "csat: {ask: satisfaction, after: 1h}"))
    with town.working() as work:
        yield Street(town, sandbox, work)


Plight = Callable[[Street], Iterator[None]]


def while_an_answer_is_promised(street: Street) -> Iterator[None]:
    street.both("it is broken")
    assert street.town.store.client.zcard("bridge:waiting:meta") == 2
    yield
    assert street.town.store.client.zcard("bridge:waiting:meta") == 1
    street.later()
    assert "Nobody has answered." in street.notes(HIS)
    assert "Nobody has answered." not in street.notes(HERS)
    assert (len(street.aloud(HIS)), len(street.aloud(HERS))) == (1, 0)


def while_a_step_of_the_wait_is_under_way(street: Street) -> Iterator[None]:
    street.both("it is broken")
    street.close("meta")
    street.town.run("pause", "zendesk")
    street.later()
    yield
    street.town.run("resume", "zendesk")
    street.open("meta")
    assert "Nobody has answered." in street.notes(HIS)
    assert "Nobody has answered." not in street.notes(HERS)
    assert (len(street.aloud(HIS)), len(street.aloud(HERS))) == (1, 0)


def before_they_are_asked_how_content_they_are(street: Street) -> Iterator[None]:
    street.both("it is broken")
    street.answered("Mended.")
    at = datetime.now(UTC)
    for name in (HERS, HIS):
        agent_sets(
            street.town, street.ticket(name), "OPEN", "SOLVED", at + timedelta(seconds=len(name))
        )
        street.work()
    yield
    (asks,) = (row for _, row in street.town.store.events() if '"csat"' in row.get("doc", ""))
    assert asks["state"] == "timer"
    street.later()


def while_words_wait_for_a_yes(street: Street) -> Iterator[None]:
    street.both("wonderful")
    assert street.aloud(HIS) == []
    yield
    for name in (HERS, HIS):
        street.agent(name, "/approve", public=False)
    assert (len(street.aloud(HIS)), len(street.aloud(HERS))) == (1, 0)


def while_an_answer_waits_for_a_second_look(street: Street) -> Iterator[None]:
    street.both("it is broken")
    street.answered("Call Jan on +48 601 234 567.")
    assert "/send" in street.notes(HERS)
    yield
    for name in (HERS, HIS):
        street.agent(name, "/send", public=False)
    assert (street.aloud(HIS), street.aloud(HERS)) == (["Call Jan on +48 601 234 567."], [])


def while_the_platform_is_paused(street: Street) -> Iterator[None]:
    street.both("it is broken")
    street.town.run("pause", "meta")
    street.answered("Mended.")
    yield
    street.town.run("resume", "meta")
    street.later()
    assert (street.aloud(HIS)[:1], street.aloud(HERS)) == (["Mended."], [])


def while_the_platforms_breaker_is_open(street: Street) -> Iterator[None]:
    street.close("meta")
    street.both("hello")
    street.answered("Mended.")
    yield
    street.open("meta")
    assert "Mended." in street.aloud(HIS)
    assert len(street.aloud(HIS)) == 2
    assert street.aloud(HERS) == []


def while_the_helpdesks_breaker_is_open(street: Street) -> Iterator[None]:
    street.close("zendesk")
    street.both("it is broken")
    assert street.sandbox.record("ticket") == []
    yield
    street.open("zendesk")
    assert [HIS in one["subject"] for one in street.sandbox.record("ticket")] == [True]


def among_the_dead_letters(street: Street) -> Iterator[None]:
    fault = {
        "system": "zendesk",
        "method": "POST",
        "path": "/tickets$",
        "effect": "status",
        "status": 422,
        "times": 2,
    }
    street.sandbox.post("faults", fault)
    street.both("it is broken")
    assert len(street.town.store.dead()) == 2
    yield
    (his,) = street.town.store.dead()
    assert street.town.run("dead", "retry", his)[0] == 0
    street.later()
    assert [HIS in one["subject"] for one in street.sandbox.record("ticket")] == [True]


def while_nobody_knows_whether_their_ticket_was_opened(street: Street) -> Iterator[None]:
    fault = {
        "system": "zendesk",
        "method": "POST",
        "path": "/tickets$",
        "effect": "drop_after",
        "times": 2,
    }
    street.sandbox.post("faults", fault)
    street.both("it is broken")
    assert len(list(street.town.store.client.scan_iter("bridge:i:*"))) == 2
    yield
    street.later()
    assert street.ticket(HIS)
    assert street.town.store.client.keys("bridge:i:*") == []


def while_nobody_knows_whether_they_were_answered(street: Street) -> Iterator[None]:
    street.both("it is broken")
    fault = {
        "system": "meta",
        "method": "POST",
        "path": "/comments$",
        "effect": "drop_after",
        "times": 2,
    }
    street.sandbox.post("faults", fault)
    street.answered("Mended.")
    yield
    street.later()
    assert street.aloud(HIS)[:1] == ["Mended."]


PLIGHTS: tuple[Plight, ...] = (
    while_an_answer_is_promised,
    while_a_step_of_the_wait_is_under_way,
    before_they_are_asked_how_content_they_are,
    while_words_wait_for_a_yes,
    while_an_answer_waits_for_a_second_look,
    while_the_platform_is_paused,
    while_the_platforms_breaker_is_open,
    while_the_helpdesks_breaker_is_open,
    among_the_dead_letters,
    while_nobody_knows_whether_their_ticket_was_opened,
    while_nobody_knows_whether_they_were_answered,
)


@pytest.mark.parametrize("plight", PLIGHTS, ids=lambda one: one.__name__)
def test_who_is_erased_is_gone_and_who_shares_the_plight_is_helped(
    street: Street, plight: Plight
) -> None:
    course = plight(street)
    next(course)
    before = street.his()
    assert street.traces()
    told = erase(street.town, who=street.ids[HERS])
    assert told["events"] > 0
    assert street.traces() == []
    assert street.his() == before
    balanced(street.town)
    with pytest.raises(StopIteration):
        next(course)
    street.work()
    assert street.traces() == []
    balanced(street.town)
