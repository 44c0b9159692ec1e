"""A comment that is edited, whichever of its webhooks are lost or late, and whenever it is read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.erased import balanced, erase, left
from support.people import feed, page

from bridge.cli import parts
from bridge.jobs import gaps, watch
from bridge.jobs.outside import Outside
from bridge.wiring import build

A, B, C = "It is broken", "It is broken, and it leaks", "It is broken, it leaks, and smells"


class Comment:
    """One comment of Ana's at the platform, and what the bridge is told of it."""

    def __init__(self, town: Any, sandbox: Any, work: Callable[[], object]) -> None:
        self.town, self.sandbox, self.work = town, sandbox, work
        self.bridge = build(parts.settings())
        said = sandbox.post("customer/comment", {"text": A, "person": "Ana"})
        self.id, self.person = said["id"], said["person_id"]
        (row,) = sandbox.record("comment")
        self.at, self.post, self.told = datetime.fromisoformat(row["at"]), row["post_id"], 0

    def edited(self, words: str) -> None:
        """Ana edits it, and no webhook tells of it."""
        self.sandbox.post("customer/comment/edit", {"id": self.id, "text": words})

    def tells(self, verb: str, words: str) -> None:
        """A webhook of it comes."""
        value = feed(
            "", words, verb, comment_id=self.id, post_id=self.post, parent_id=self.post,
            created_time=int(self.at.timestamp()), **{"from": {"id": self.person, "name": "Ana"}},
        )  # fmt: skip
        self.told += 1
        body = json.dumps({"object": "page", "entry": [page(value)]})
        self.town.deliver("meta", body.encode(), f"{verb}-{self.told}")
        self.work()

    def read(self) -> None:
        """All is read back."""
        meta, since = self.bridge.config.connections["meta"], self.at - timedelta(hours=2)
        found = watch.reconcile(self.bridge, Outside(self.bridge, 2), meta, since)
        assert found.errors == []
        self.work()

    def go(self, steps: str) -> None:
        """`add A`, `edited B`: so a webhook tells; `B`: so Ana edits it; `read`: it is read back."""
        words = {"A": A, "B": B, "C": C}
        for step in steps.split(", "):
            verb, _, text = step.rpartition(" ")
            if step == "read":
                self.read()
            elif verb:
                self.tells(verb, words[text])
            else:
                self.edited(words[text])

    def ticket(self) -> list[str]:
        """The words that its ticket was opened with, and those of each edit that was noted there."""
        (opened,) = self.sandbox.record("ticket_comment", public=True)
        notes = [one["text"] for one in self.sandbox.record("ticket_comment", public=False)]
        edits = [one.rpartition("Now:\n| ")[2] for one in notes if "Now:" in one]
        return [opened["text"].partition("\n")[0], *edits]


@pytest.fixture
def comment(town: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Comment]:
    monkeypatch.setenv("BRIDGE_RECONCILE_GRACE", "0")
    sandbox.post("limits", {"meta": {"conversations_per_second": 50}})
    with town.working() as work:
        one = Comment(town, sandbox, work)
        yield one
        one.bridge.http.close()
        one.bridge.store.close()
    balanced(town)


@pytest.mark.parametrize(
    ("steps", "late", "ticket"),
    [
        # The webhook of the edit is lost; that of the comment; both.
        ("add A, B, read, read", "edited B", [A, B]),
        ("B, edited B, read", "add A", [B]),
        ("B, read, read", "add A, edited B", [B]),
        # Of two edits, that of the later one is lost.
        ("B, edited B, C, read", "edited C, add A, read", [B, C]),
        # The first words are put back, and then the others, and the first.
        ("add A, B, edited B, A, read, B, read, A, read", "read", [A, B, A, B, A]),
    ],
)
def test_the_ticket_holds_the_words_as_they_are_and_late_webhooks_change_nothing(
    comment: Comment, steps: str, late: str, ticket: list[str]
) -> None:
    comment.go(steps)
    assert comment.ticket() == ticket
    comment.go(late)
    assert comment.ticket() == ticket


def test_an_edit_that_is_told_after_a_later_one_was_read_stands_until_the_next_reading(
    comment: Comment,
) -> None:
    """No platform says when words were edited, so that what is told last is taken for the last."""
    comment.go("add A, B, C, read, edited B")
    assert comment.ticket() == [A, C, B]
    comment.go("read, read")
    assert comment.ticket() == [A, C, B, C]


def test_words_that_were_read_before_a_later_edit_was_told_do_not_take_it_back(
    comment: Comment, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, told = gaps.of_message, list[str]()

    def of_message(*args: Any) -> Any:
        if not told:  # the list is here, and nothing of it is written down
            told.append(C)
            comment.go("C, edited C")
        return plain(*args)

    monkeypatch.setattr(gaps, "of_message", of_message)
    comment.go("add A, B, read")
    assert comment.ticket() == [A, C]
    comment.go("read")
    assert comment.ticket() == [A, C]


def test_words_that_no_rule_wanted_are_looked_at_again_when_only_the_reading_tells_of_an_edit(
    comment: Comment,
) -> None:
    (comment.town.folder / "mappings" / "rules.yaml").write_text(
        "rules:\n"
        "  - {name: smell, when: {text: {any_of: [smells]}}, then: {escalate: {}}}\n"
        "  - {name: default, then: {ignore: nothing-to-do}}\n"
    )
    with comment.town.working() as comment.work:
        comment.go("add A, B, edited B")
        assert comment.sandbox.record("ticket") == []
        comment.go("C, read, read")
        assert comment.ticket() == [C]
        comment.go("edited C")
    assert comment.ticket() == [C]


def test_of_somebody_who_was_erased_nothing_is_read_back(comment: Comment) -> None:
    """What was edited has another name in the list than in its webhook, and is theirs all the same."""
    comment.go("add A, B, edited B")
    erase(comment.town, who=comment.person)
    comment.go("read, C, read")
    assert left(comment.town, comment.person, A, "leaks") == []
