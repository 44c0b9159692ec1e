"""What a cell is judged by sees each promise that is broken, and blames nobody for what was kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from matrix.deeds import DOUBT, Case
from matrix.scene import Scene

TICKET = {"what": "ticket", "ticket": 1}
SAID = ["it is broken", "it broke again"]
ANSWER = "We are sorry,"


def words(text: str, **more: Any) -> dict[str, Any]:
    """Words on a ticket."""
    return {"what": "ticket_comment", "public": True, "text": text, **more}


def note(text: str, by: str = "bridge") -> dict[str, Any]:
    return words(text, public=False, by=by)


def spoken(text: str, what: str = "message", number: str = "7") -> dict[str, Any]:
    """Words of the bridge on a platform."""
    return {"what": what, "text": text, "id": number}


def wrong(*record: dict[str, Any], place: str = "messenger", **more: Any) -> list[str]:
    """What is wrong with a case of two messages that left *record*."""
    asked: list[str] = []

    def get(path: str) -> dict[str, Any]:
        asked.append(path)
        return {"entries": [{"by": "bridge", **one} for one in record]}

    scene = SimpleNamespace(
        new_person=lambda: "Ana", seq=lambda: 41, sandbox=SimpleNamespace(get=get),
        unsettled=lambda: more.get("books", {}), ticket=lambda number: more.get("now", {}),
    )  # fmt: skip
    case = Case(cast(Scene, scene), place)
    case.said = list(SAID)
    for name in ("answers", "notices", "status"):
        if name in more:
            setattr(case, name, more[name])
    found = case.wrong()
    assert set(asked) == {"record?since=41"}  # what others did before is none of its business
    return found


GOOD = (TICKET, *map(words, SAID))


def test_one_of_everything_is_right() -> None:
    assert wrong(*GOOD, spoken(ANSWER), answers=[ANSWER]) == []
    assert wrong(TICKET, words("\n\n".join(SAID))) == []


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (GOOD[1:], "0 tickets"),
        ((TICKET, *GOOD), "2 tickets"),
        (GOOD[:2], f"{SAID[1]!r} stands 0 times"),
        ((*GOOD, words(SAID[0])), f"{SAID[0]!r} stands 2 times"),
        ((TICKET, words(SAID[1]), words(SAID[0])), "in another order"),
        ((*GOOD, note("Not delivered."), note("Not delivered.")), "2 times the note"),
        ((*GOOD, spoken("Done?")), "1 notices, not 0"),
    ],
)
def test_each_broken_promise_is_seen(record: tuple[dict[str, Any], ...], told: str) -> None:
    assert any(told in one for one in wrong(*record))


def test_what_stands_in_a_private_note_is_not_on_the_ticket_in_public() -> None:
    assert f"{SAID[1]!r} stands 0 times" in wrong(*GOOD[:2], note(SAID[1]))


def test_colleagues_may_write_the_same_note_twice() -> None:
    assert wrong(*GOOD, note("Seen.", by="agent"), note("Seen.", by="agent")) == []


def test_an_answer_is_said_once_or_the_agent_is_told_once_that_nobody_knows() -> None:
    doubt = note(f"It is {DOUBT} it arrived.")
    asked: dict[str, Any] = {"answers": [ANSWER]}
    for record in ((), (spoken(ANSWER), spoken(ANSWER)), (doubt, note(f"Again {DOUBT}."))):
        assert any("the answer was said" in one for one in wrong(*GOOD, *record, **asked))
    assert wrong(*GOOD, doubt, **asked) == []


def test_a_private_reply_and_the_message_it_makes_are_one() -> None:
    asked: dict[str, Any] = {"answers": [ANSWER]}
    reply = spoken(ANSWER, "private_reply")
    assert wrong(*GOOD, reply, spoken(ANSWER), **asked) == []
    assert wrong(*GOOD, reply, spoken(ANSWER, number="8"), **asked) != []


def test_a_notice_is_said_once_or_doubted() -> None:
    assert wrong(*GOOD, spoken("Done?"), notices=1) == []
    assert wrong(*GOOD, notices=1) != []
    assert wrong(*GOOD, note(f"It is {DOUBT} it arrived."), notices=1) == []
    assert wrong(*GOOD, spoken("Done?"), spoken("Done?"), notices=1) != []


def test_the_line_that_leads_from_public_to_private_counts_only_where_it_is_due() -> None:
    leads = spoken("We have written to you in private.", "comment")
    assert wrong(*GOOD, leads, place="facebook-private") == []
    assert wrong(*GOOD, leads, place="facebook") != []


def test_the_status_is_read_from_the_ticket_by_either_of_its_names() -> None:
    assert wrong(*GOOD, status="open", now={"status": "open"}) == []
    assert wrong(*GOOD, status="open", now={"status": 2, "status_label": "Open"}) == []
    assert wrong(*GOOD, status="open", now={"status": "solved"}) == [
        "the ticket is solved, not open"
    ]


def test_books_that_are_not_settled_are_seen() -> None:
    assert wrong(*GOOD, books={"meta": {"dead": 1}}) == ["the books: {'meta': {'dead': 1}}"]


ROW = {"received": 3, "done": 2, "ignored": 1, "parked": 0, "dead": 0, "in_progress": 0}


@pytest.mark.parametrize(
    ("row", "settled"),
    [
        (ROW, True),
        ({**ROW, "received": 4}, False),
        ({**ROW, "done": 1, "parked": 1}, False),
        ({**ROW, "done": 1, "dead": 1}, False),
        ({**ROW, "done": 1, "in_progress": 1}, False),
    ],
)
def test_books_are_settled_when_they_add_up_and_nothing_is_left(
    row: dict[str, int], settled: bool
) -> None:
    scene = SimpleNamespace(store=SimpleNamespace(books=lambda: {"meta": row}))
    assert (Scene.unsettled(cast(Scene, scene)) == {}) is settled
