"""What waits for a person's yes: an agent's public answer for another agent, a rule's own words for any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from support.town import agent_says

RULES = """limits: {public_replies_per_thread: 2, second_person: true}
rules:
  - name: press
    when: {text: {any_of: [journalist]}}
    then: {escalate: {priority: high}, approve: public}
  - name: kind-words
    when: {text: {any_of: [wonderful]}}
    then: {escalate: {priority: low}, reply: {public: acknowledged, approve: true}}
  - name: default
    then: {escalate: {priority: normal}}
"""
AUTHOR, OTHER = "77", "78"
Say = Callable[..., list[str]]


@pytest.fixture
def room(town: Any, sandbox: Any) -> Iterator[Callable[[str], Say]]:
    """Opens a ticket with a customer's words; then says an agent's, and tells what is new in the notes."""
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    with town.working() as work:

        def opened(text: str) -> Say:
            said = sandbox.post("customer/comment", {"text": text, "person": "Ana"})
            town.comment(text, said["id"], said["person_id"])
            work()
            ticket, numbers = sandbox.record("ticket")[0]["ticket"], count(1)

            def say(words: str, *, by: str = AUTHOR, number: int = 0) -> list[str]:
                before, public = len(notes(sandbox)), not words.startswith("/")
                number = number or next(numbers)
                agent_says(town, ticket, words, public=public, by=by, number=number)
                work()
                return notes(sandbox)[before:]

            return say

        yield opened
    for row in town.json("status")["books"].values():
        ends = ("done", "ignored", "parked", "in_progress")
        assert row["received"] == sum(row[end] for end in ends), row


def notes(sandbox: Any) -> list[str]:
    return [one["text"] for one in sandbox.record("ticket_comment", public=False)]


def aloud(sandbox: Any) -> list[str]:
    """What customers can read."""
    return [one["text"] for one in sandbox.record("comment", by="bridge")]


# --- an agent's answer, by another agent -----------------------------------------------------------------


def test_an_answer_waits_for_another_agent_and_goes_once(room: Any, sandbox: Any) -> None:
    say = room("I am a journalist")
    assert any(
        "Rule press: a public comment here waits until another agent" in one
        for one in notes(sandbox)
    )
    (note,) = say("No comment.")
    assert "rule press wants another agent to approve it" in note
    assert "/approve as a private note of another agent" in note
    assert "The words for Ana Nowak:\n| No comment." in note
    assert aloud(sandbox) == []
    (done,) = say("/approve", by=OTHER)
    assert done.startswith("Approved")
    assert aloud(sandbox) == ["No comment."]
    (again,) = say("/approve", by=OTHER)
    assert "no answer is held back here" in again
    assert aloud(sandbox) == ["No comment."]


def test_neither_its_author_nor_who_is_unknown_can_approve_it(room: Any, sandbox: Any) -> None:
    say = room("I am a journalist")
    say("No comment.")
    for command in ("/approve", "/send"):
        (note,) = say(command)
        assert f"{command} was not carried out: another agent than the author" in note
    (note,) = say("/approve", by="")
    assert "does not tell who wrote it" in note
    assert aloud(sandbox) == []
    say("/send", by=OTHER)
    assert aloud(sandbox) == ["No comment."]


def test_a_rejected_answer_is_dropped_and_its_author_told_why(
    room: Any, sandbox: Any, town: Any
) -> None:
    say = room("I am a journalist")
    say("No comment.")
    (note,) = say("/reject too short", by=OTHER)
    assert note.startswith("Rejected by Sam: too short. This is not sent:\n| No comment.")
    (again,) = say("/approve", by=OTHER)
    assert "no answer is held back here" in again
    assert aloud(sandbox) == []
    told = [
        one["sentence"]
        for one in town.json("why", str(sandbox.record("ticket")[0]["ticket"]))["events"]
    ]
    assert "An agent's answer was rejected on the ticket and not sent." in told


def test_an_approval_is_of_the_words_that_stood_there_when_it_was_written(
    room: Any, sandbox: Any
) -> None:
    say = room("I am a journalist")
    say("No comment.")
    say("We never comment.", number=9)
    say("/approve", by=OTHER, number=8)
    assert "another answer was written after it" in notes(sandbox)[-1]
    assert aloud(sandbox) == []


def test_an_approver_decides_on_what_they_were_told(room: Any, sandbox: Any) -> None:
    say = room("I am a journalist")
    (note,) = say("Call Jan on +48 601 234 567.")
    assert "approve it; and it holds a phone number" in note
    say("/approve", by=OTHER)
    assert aloud(sandbox) == ["Call Jan on +48 601 234 567."]


def test_what_stands_against_it_since_then_is_told_before_it_goes(room: Any, sandbox: Any) -> None:
    say = room("I am a journalist")
    for words in ("One.", "Two."):
        say(words)
        say("/approve", by=OTHER)
    (note,) = say("Three.")
    assert "we have answered this person 2 times in public" in note
    assert aloud(sandbox) == ["One.", "Two."]
    say("/approve", by=OTHER)
    assert aloud(sandbox) == ["One.", "Two.", "Three."]


def test_beyond_a_limit_a_second_person_is_wanted_where_the_limits_say_so(
    room: Any, sandbox: Any
) -> None:
    say = room("It is broken")
    assert not any("/approve" in one for one in notes(sandbox))
    say("One.")
    say("Two.")
    assert aloud(sandbox) == ["One.", "Two."]
    say("Three.")
    (note,) = say("/send")
    assert "another agent than the author" in note
    assert aloud(sandbox) == ["One.", "Two."]
    say("/approve", by=OTHER)
    assert aloud(sandbox) == ["One.", "Two.", "Three."]


# --- a rule's own words, by any agent ----------------------------------------------------------------------


def asked(notes: list[str]) -> list[str]:
    return [one for one in notes if "acknowledged is said once a person has approved it" in one]


def test_a_rules_words_wait_for_a_yes_and_are_said_once(room: Any, sandbox: Any, town: Any) -> None:
    say = room("You are wonderful")
    (note,) = asked(notes(sandbox))
    words = note.rpartition("The words for Ana Nowak:\n| ")[2]
    assert "/reject as a private note drops them" in note
    assert aloud(sandbox) == []
    ticket = sandbox.record("ticket")[0]["ticket"]
    told = town.json("why", str(ticket))["events"]
    assert "says acknowledged in public, once a person has approved it" in told[0]["asked"]
    assert any("waits until a person approves it" in one["sentence"] for one in told)
    say("/approve")
    assert aloud(sandbox) == [words]
    (again,) = say("/approve")
    assert "no answer is held back here" in again
    assert aloud(sandbox) == [words]


def test_a_rules_words_that_are_rejected_are_not_said(room: Any, sandbox: Any) -> None:
    say = room("You are wonderful")
    (note,) = say("/reject")
    assert note.startswith("Rejected by Sam. This is not sent:\n| ")
    say("/approve")
    assert aloud(sandbox) == []


def test_an_agents_own_words_take_the_place_of_a_rules(room: Any, sandbox: Any) -> None:
    say = room("You are wonderful")
    say("How kind of you!")
    (note,) = say("/approve")
    assert "no answer is held back here" in note
    assert aloud(sandbox) == ["How kind of you!"]


def test_a_limit_that_is_reached_before_the_yes_is_told(room: Any, sandbox: Any, town: Any) -> None:
    say = room("You are wonderful")
    (key,) = town.store.client.keys("bridge:r:*")
    number = sandbox.record("ticket")[0]["ticket"]
    town.store.client.hset(key, "aloud", f"{number} 2")
    told = "".join(say("/approve"))
    assert "Not delivered to the customer. Not said: we have answered this person 2 times" in told
    assert aloud(sandbox) == []
