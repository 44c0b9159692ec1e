"""`bridge erase` where others talk in the same conversation, because the platform tells no ids: theirs stays, each once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from support.erased import balanced, erase, left

from bridge.cli import parts
from bridge.core.model import Author, Change, Kind, Message, Visibility
from bridge.jobs.ingest import of_message
from bridge.sandbox.wires import PAGE_ID
from bridge.wiring import build

RULES = """rules:
  - {name: broken, when: {text: {any_of: [broken]}}, then: {escalate: {priority: normal}}}
  - {name: default, then: {ignore: nothing-to-do}}
"""
HERS, HIS = "my kettle is broken, violetly", "my cup is broken"


class Thread:
    """A thread in which people are known by their usernames alone; a worker that works when it is told to."""

    def __init__(self, town: Any, sandbox: Any, work: Callable[[], object]) -> None:
        self.town, self.sandbox, self.work = town, sandbox, work

    def say(self, *said: tuple[str, str]) -> None:
        """Who says what, told at once; and what comes of it."""
        bridge, rows = build(parts.settings()), []
        for who, words in said:
            ident = f"1_{len(words)}"
            message = Message(
                channel="facebook", account_id=PAGE_ID, kind=Kind.COMMENT, change=Change.CREATED,
                external_id=ident, thread_id="1_1", visibility=Visibility.PUBLIC, text=words,
                author=Author(username=who), dedupe=ident,
            )  # fmt: skip
            rows.append(
                of_message(bridge, bridge.config.connections["meta"], message, datetime.now(UTC))
            )
        self.town.store.record("", "meta", rows)
        bridge.store.close()
        self.work()

    def both(self) -> None:
        self.say(("zuzanna.kn", HERS), ("adam", HIS))

    def fails(self, method: str, effect: str) -> None:
        """The answer to the next write on a ticket is lost, before or after it is done."""
        fault = {"system": "zendesk", "method": method, "path": "/tickets", "effect": effect}
        self.sandbox.post("faults", {**fault, "times": 1})

    def later(self) -> None:
        """The time to look has come."""
        for key in self.town.store.client.scan_iter("bridge:i:*"):
            self.town.store.client.hset(key, "at", "2026-01-01T00:00:00+00:00")
        for lane in self.town.store.client.zrange("bridge:due", 0, -1):
            self.town.store.client.zadd("bridge:due", {lane: 0})
        self.work()

    def erase(self) -> None:
        erase(self.town, who="@zuzanna.kn")
        assert left(self.town, "zuzanna", "kettle", "violetly") == []
        balanced(self.town)

    def states(self) -> list[str]:
        """What became of what he said."""
        rows = [row for _, row in self.town.store.events() if row.get("k") == "m"]
        return [row["state"] for row in rows if HIS in row["doc"]]

    def written(self) -> list[str]:
        return [one["text"] for one in self.sandbox.record("ticket_comment", public=True)]


@pytest.fixture
def thread(town: Any, sandbox: Any) -> Iterator[Thread]:
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    with town.working() as work:
        yield Thread(town, sandbox, work)
    balanced(town)
    assert left(town, "zuzanna", "kettle", "violetly") == []


def test_their_words_leave_the_earlier_ones_and_the_others_stay(thread: Thread) -> None:
    thread.say(("zuzanna.kn", "a kettle, violetly"), ("adam", "a cup"))
    assert left(thread.town, "violetly")
    thread.erase()
    ((_, room),) = thread.town.store.rooms()
    assert [one["text"] for one in json.loads(room["earlier"])] == ["a cup"]


def test_the_notes_of_a_ticket_that_is_not_theirs_alone_name_them_no_more(thread: Thread) -> None:
    thread.both()
    thread.erase()
    assert any("my cup is broken" in one for one in left(thread.town, "cup"))
    assert len(thread.sandbox.record("ticket")) == 1


@pytest.mark.parametrize("happened", [True, False])
def test_a_ticket_for_both_that_may_have_been_opened_is_looked_for_and_holds_his_words_once(
    thread: Thread, happened: bool
) -> None:
    thread.fails("POST", "drop_after" if happened else "drop_before")
    thread.both()
    assert thread.states() == ["in_progress"]
    thread.erase()
    assert thread.states() == ["in_progress"]
    thread.later()
    thread.later()
    assert thread.states() == ["done"]
    assert len(thread.sandbox.record("ticket")) == 1
    (words,) = thread.written()
    assert words.count(HIS) == 1
    assert (HERS in words) is happened  # the ticket is the helpdesk's
    ((_, room),) = thread.town.store.rooms()
    assert room["ticket"]
    assert json.loads(room["places"])  # he can be answered


@pytest.mark.parametrize("happened", [True, False])
def test_words_of_both_that_may_stand_on_the_ticket_are_looked_for(
    thread: Thread, happened: bool
) -> None:
    thread.say(("eva", "it is broken"))
    thread.fails("PUT", "drop_after" if happened else "drop_before")
    thread.both()
    thread.erase()
    thread.later()
    thread.later()
    assert thread.states() == ["done"]
    assert "\n".join(thread.written()).count(HIS) == 1
    assert (HERS in "\n".join(thread.written())) is happened


def test_a_dead_letter_of_both_keeps_what_may_have_been_done_and_not_their_words(
    thread: Thread,
) -> None:
    thread.fails("POST", "drop_after")
    thread.both()
    (lane,) = (key.decode()[9:] for key in thread.town.store.client.scan_iter("bridge:i:*"))
    long_ago = {"n": "99", "first": "1"}
    thread.town.store.client.hset(f"bridge:s:{lane}", mapping=long_ago)
    fault = {"system": "zendesk", "method": "GET", "effect": "status", "status": 500, "times": 3}
    thread.sandbox.post("faults", fault)
    thread.later()
    assert len(thread.town.store.dead()) == 2
    thread.sandbox.delete("faults")
    thread.erase()
    (his,) = thread.town.store.dead()
    assert thread.town.run("dead", "retry", his)[0] == 0
    thread.later()
    thread.later()
    assert thread.states() == ["done"]
    assert len(thread.sandbox.record("ticket")) == 1
