"""A write that is given up, because the helpdesk has no room for it, takes nothing with it that needed no write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.erased import balanced
from support.people import feed, page

RULES = """rules:
  - name: hello
    when: {text: {any_of: [hello]}}
    then: {reply: {public: acknowledged}}
  - name: broken
    when: {text: {any_of: [broken]}}
    then: {escalate: {priority: normal}}
  - name: default
    then: {ignore: nothing-to-do}
"""


class Talk:
    """What Ana says below her first comment, told in one delivery; a worker that works when it is told to."""

    def __init__(self, town: Any, sandbox: Any, work: Callable[[], object]) -> None:
        self.town, self.sandbox, self._work = town, sandbox, work
        first = sandbox.post("customer/comment", {"text": "hello", "person": "Ana"})
        (row,) = sandbox.record("comment")
        self.ids, self.post, self.person = (
            {"hello": first["id"]},
            row["post_id"],
            first["person_id"],
        )

    def says(self, text: str) -> None:
        """She says it at the platform."""
        wish = {"text": text, "person": "Ana", "reply_to": self.ids["hello"]}
        self.ids[text] = self.sandbox.post("customer/comment", wish)["id"]

    def told(self, *events: tuple[str, str]) -> None:
        """A delivery tells of (verb, what was said) each; and what comes of it."""
        who = {"id": self.person, "name": "Ana"}
        root = self.ids["hello"]
        values = [
            feed("", text, verb, comment_id=self.ids.get(text, f"{root}9"), post_id=self.post,
                 parent_id=self.post if text == "hello" else root, **{"from": who})
            for verb, text in events
        ]  # fmt: skip
        body = json.dumps({"object": "page", "entry": [page(*values)]})
        self.town.deliver("meta", body.encode(), repr(events))
        self._work()

    def full(self, method: str) -> None:
        """The helpdesk has no room for the next ticket (POST), or the next words on one (PUT)."""
        fault = {"system": "zendesk", "path": "/tickets", "effect": "status", "status": 429}
        self.sandbox.post("faults", {**fault, "method": method, "times": 1})

    def later(self) -> None:
        self.town.store.client.delete(*self.town.store.client.scan_iter("bridge:rate:*:stop"))
        for lane in self.town.store.client.zrange("bridge:due", 0, -1):
            self.town.store.client.zadd("bridge:due", {lane: 0})
        self._work()
        assert len(self.sandbox.record("fault")) == 1

    def aloud(self) -> list[str]:
        return [one["parent_id"] for one in self.sandbox.record("comment", by="bridge")]

    def words(self, *, public: bool) -> list[str]:
        return [one["text"] for one in self.sandbox.record("ticket_comment", public=public)]


@pytest.fixture
def talk(town: Any, sandbox: Any) -> Iterator[Talk]:
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    with town.working() as work:
        yield Talk(town, sandbox, work)
    balanced(town)


def test_the_answer_to_words_that_need_no_ticket_is_said_and_the_ticket_shows_them(
    talk: Talk,
) -> None:
    talk.says("it is broken")
    talk.full("POST")
    talk.told(("add", "hello"), ("add", "it is broken"))
    talk.later()
    assert talk.aloud() == [talk.ids["hello"]]
    (opened,) = talk.words(public=True)
    assert opened == "it is broken"
    assert any("hello" in one for one in talk.words(public=False))
    talk.told(("edited", "hello"))
    assert talk.aloud() == [talk.ids["hello"]]


def test_what_was_deleted_stays_deleted_where_its_webhook_comes_last(talk: Talk) -> None:
    talk.says("it is broken")
    talk.full("POST")
    talk.told(("remove", "it was broken before"), ("add", "it is broken"))
    talk.later()
    talk.told(("add", "it was broken before"))
    assert talk.words(public=True) == ["it is broken"]


def test_behind_words_for_the_ticket_nothing_is_lost_either(talk: Talk) -> None:
    """What needs no write, and stands behind what does."""
    talk.says("it is broken")
    talk.told(("add", "it is broken"))
    talk.says("still")
    talk.full("PUT")
    talk.told(("add", "still"), ("remove", "it was broken before"))
    talk.later()
    talk.told(("add", "it was broken before"))
    assert talk.words(public=True) == ["it is broken", "still"]


def test_an_edit_that_came_first_stands_for_its_message(talk: Talk) -> None:
    talk.says("it is broken")
    talk.full("POST")
    talk.told(("edited", "it is broken"), ("add", "it is broken"))
    talk.later()
    assert [one.partition("\n")[0] for one in talk.words(public=True)] == ["it is broken"]
