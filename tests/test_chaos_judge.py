"""The judge of `make chaos` sees each broken promise in what a run has left, and blames nobody for a kept one."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos import judge
from chaos.play import Play
from chaos.postman import Times
from chaos.truth import Truth

TICKET = {
    "what": "ticket", "by": "bridge", "text": "", "ticket": 1, "external_id": "a" * 32,
    "system": "zendesk",
}  # fmt: skip


def words(text: str, **more: Any) -> dict[str, Any]:
    """Words on a ticket."""
    return {
        "what": "ticket_comment", "by": "bridge", "system": "zendesk", "public": True, "ticket": 1,
        "text": text, **more,
    }  # fmt: skip


def said(text: str, **more: Any) -> dict[str, Any]:
    """Words of the bridge on a platform."""
    return {"what": "comment", "by": "bridge", "system": "meta", "text": text, **more}


def answered(token: str) -> dict[str, Any]:
    return words(f"sorry {token}", by="agent")


def judged(*record: dict[str, Any], channel: str = "facebook", **more: Any) -> set[str]:
    """What is wrong with a run of two messages that left *record*."""
    truth = Truth()
    entries = [{"seq": number, **one} for number, one in enumerate(record, 1)]
    truth.read({"entries": entries, "seq": len(entries)})
    books = {"received": 2, "done": 2, "ignored": 0, "parked": 0, "dead": 0, "in_progress": 0}
    row = {**books, "duplicates": 0, **more.pop("books", {})}
    times = {
        "m00001": Times(1.0, more.pop("taken", 2.0)),
        "m00002": Times(more.pop("brought", 3.0), 4.0),
        "a00001": Times(5.0, 6.0),
        "a00002": Times(more.pop("answer_brought", 7.0), 8.0),
    }
    dead, event = more.pop("dead", []), more.pop("event", {})
    client = SimpleNamespace(lrange=lambda *_: [], zscore=lambda *_: None, exists=lambda _: 0)
    store = SimpleNamespace(
        books=lambda: {"meta": row}, dead=lambda: dead, event=lambda eid: event,
        events=lambda: [("e1", event)],
    )  # fmt: skip
    postman = SimpleNamespace(times=times, refused=more.pop("refused", []))
    rested = more.pop("rested", True)
    play = SimpleNamespace(
        plan=SimpleNamespace(talks=(channel,), people=("Ana",), brings={}),
        truth=truth, order={0: ["m00001", "m00002"]}, removed=set(), edited={}, answers={}, tails={},
        statuses=Counter(), stage=SimpleNamespace(
            postman=postman, store=store, redis=SimpleNamespace(client=lambda: nullcontext(client))
        ), calm_after=0.0,
        left=lambda: "", began=0.0,
    )  # fmt: skip
    for name, value in more.items():
        setattr(play, name, value)
    return {kind for kind, cases in judge.judge(cast(Play, play), rested).wrong.items() if cases}


GOOD = (TICKET, words("broken m00001"), words("broken m00002"))
FAILED = words("Not delivered to the customer.\n| sorry a00009", public=False)


def test_a_good_run_is_not_blamed() -> None:
    replies = (answered("a00001"), said("sorry a00001"))
    assert judged(*GOOD, *replies, answers={0: ["a00001"]}) == set()


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        ((TICKET, words("m00001")), "lost"),
        ((TICKET, words("m00001"), words("m00002", public=False)), "lost"),
        ((TICKET, words("m00001"), words("m00002", public=None)), "lost"),
        ((TICKET, words("m00001"), words("m00002", by="agent")), "lost"),
        ((*GOOD, words("m00002")), "duplicate messages"),
        ((TICKET, words("m00001 and m00002 m00002")), "duplicate messages"),
        ((TICKET, words("m00002"), words("m00001")), "reordered messages"),
        ((TICKET, words("m00002\nm00001")), "reordered messages"),
        ((*GOOD, TICKET), "duplicate tickets"),
        ((*GOOD, {**TICKET, "ticket": 2, "external_id": None}), "duplicate tickets"),
        ((TICKET, words("m00001"), words("m00002", ticket=2)), "duplicate tickets"),
        ((*GOOD, said("between us n00001")), "leaked notes"),
        ((*GOOD, FAILED, FAILED), "duplicate notes"),
        ((*GOOD, said("sorry a00009")), "invented words"),
        ((*GOOD, said("We think this is sorted now.")), "invented words"),
    ],
)
def test_each_broken_promise_is_seen(record: tuple[dict[str, Any], ...], wrong: str) -> None:
    assert judged(*record) == {wrong}


def test_a_note_of_our_own_on_a_platform_is_seen() -> None:
    notice = {"statuses": Counter({0: 1})}
    assert judged(*GOOD, said("We think this is sorted now."), **notice) == set()
    for note in (
        "The customer has deleted this.", "Not delivered to the customer.", "Held back, not sent again.",
        "Only 1 of 2 parts reached the customer.",
    ):  # fmt: skip
        assert judged(*GOOD, said(note), **notice) == {"leaked notes"}


def test_what_a_colleague_notes_twice_is_no_duplicate_of_ours() -> None:
    seen = words("between us n00001", by="agent", public=False)
    assert judged(*GOOD, seen, seen) == set()


def test_the_record_is_read_on_from_where_the_last_look_ended() -> None:
    truth = Truth()
    truth.read({"entries": [], "seq": 41})
    assert truth.seen == 41


def test_a_private_reply_and_the_message_it_makes_are_one_but_a_note_leaks_by_either() -> None:
    record = (*GOOD, answered("a00001"))
    reply, message = (said("a00001", what=what) for what in ("private_reply", "message"))
    assert judged(*record, reply, message, answers={0: ["a00001"]}) == set()
    assert judged(*record, message, message, answers={0: ["a00001"]}) == {"duplicate replies"}
    for what in ("private_reply", "post"):
        # Also what stands there in somebody else's name: a tool of ours may have posted it.
        leaked = said("between us n00001", what=what, by="brand")
        assert judged(*GOOD, leaked) == {"leaked notes"}


def test_notes_that_say_different_things_of_the_same_words_are_no_duplicates() -> None:
    waits = words("Not delivered yet.\n| sorry a00009", public=False)
    assert judged(*GOOD, waits, FAILED) == set()


def test_the_same_note_may_stand_on_two_tickets() -> None:
    """Of one person's talk and of the incident that it belongs to."""
    other = {**TICKET, "ticket": 2, "external_id": "b" * 32}
    record = (*GOOD, other, words("m00003", ticket=2), FAILED, {**FAILED, "ticket": 2})
    assert judged(*record, order={0: ["m00001", "m00002"], 1: ["m00003"]}) == set()


def test_order_is_asked_only_of_what_was_taken_in_order() -> None:
    other_way = (TICKET, words("m00002"), words("m00001"))
    assert judged(*other_way, brought=1.5) == set()
    assert judged(*other_way, taken=None) == set()  # nobody ever said that it was taken


SOLVED = {"what": "ticket_status", "by": "agent", "text": None, "ticket": 1, "current": "solved"}


@pytest.mark.parametrize(
    ("between", "whose", "where", "wrong"),
    [
        ((SOLVED,), "Ana", "facebook", set()),
        ((), "Ana", "facebook", {"duplicate tickets"}),
        ((SOLVED, {**SOLVED, "current": "open"}), "Ana", "facebook", {"duplicate tickets"}),
        ((SOLVED,), "Ben", "facebook", {"duplicate tickets"}),
        ((SOLVED,), "Ana", "telegram", {"duplicate tickets"}),
        (({**SOLVED, "ticket": 2},), "Ana", "facebook", {"duplicate tickets"}),
    ],
)
def test_a_talk_may_leave_a_solved_ticket_for_that_of_the_same_persons_comment(
    between: tuple[dict[str, Any], ...], whose: str, where: str, wrong: set[str]
) -> None:
    plan = SimpleNamespace(talks=("messenger", where), people=("Ana", whose), brings={})
    comment = ({**TICKET, "ticket": 2, "external_id": "b" * 32}, words("m00003", ticket=2))
    talk = (TICKET, words("m00001"), *comment, *between, words("m00002", ticket=2))
    order = {0: ["m00001", "m00002"], 1: ["m00003"]}
    assert judged(*talk, plan=plan, order=order) == wrong


def test_a_ticket_solved_after_its_talk_has_left_excuses_nothing() -> None:
    plan = SimpleNamespace(talks=("messenger", "facebook"), people=("Ana", "Ana"), brings={})
    comment = ({**TICKET, "ticket": 2, "external_id": "b" * 32}, words("m00003", ticket=2))
    record = (TICKET, words("m00001"), *comment, words("m00002", ticket=2), SOLVED)
    order = {0: ["m00001", "m00002"], 1: ["m00003"]}
    assert judged(*record, plan=plan, order=order) == {"duplicate tickets"}


def test_a_talk_that_leaves_a_solved_ticket_may_not_move_on() -> None:
    plan = SimpleNamespace(
        talks=("messenger", "facebook", "threads"), people=["Ana"] * 3, brings={}
    )
    others = [
        part
        for number, token in ((2, "m00003"), (3, "m00004"))
        for part in (
            {**TICKET, "ticket": number, "external_id": str(number) * 32},
            words(token, ticket=number),
        )
    ]
    talk = (TICKET, words("m00001"), *others, SOLVED, words("m00002", ticket=2))
    further = ({**SOLVED, "ticket": 2}, words("m00005", ticket=3))
    order = {0: ["m00001", "m00002"], 1: ["m00003"], 2: ["m00004"]}
    assert judged(*talk, plan=plan, order=order) == set()
    order[0].append("m00005")
    assert judged(*talk, *further, plan=plan, order=order) == {"duplicate tickets"}


def test_an_answer_said_twice_or_never_is_seen() -> None:
    answers = {0: ["a00001"]}
    twice = (said("sorry a00001"), said("sorry a00001"))
    assert judged(*GOOD, answered("a00001"), *twice, answers=answers) == {"duplicate replies"}
    assert judged(*GOOD, answered("a00001"), answers=answers) == {"reply lost"}


def test_answers_are_said_in_the_order_in_which_they_were_taken() -> None:
    answers = {"answers": {0: ["a00001", "a00002"]}}
    asked = (*GOOD, answered("a00001"), answered("a00002"))
    one, other = said("sorry a00001"), said("sorry a00002")
    assert judged(*asked, one, other, **answers) == set()
    assert judged(*asked, other, one, **answers) == {"reordered replies"}
    assert judged(*asked, other, one, answer_brought=5.5, **answers) == set()


def test_answers_that_were_only_hinted_at_are_said_in_the_order_of_the_ticket() -> None:
    answers = {"answers": {0: ["a00003", "a00004"]}}
    asked = (*GOOD, answered("a00003"), answered("a00004"))
    one, other = said("sorry a00003"), said("sorry a00004")
    assert judged(*asked, one, other, **answers) == set()
    assert judged(*asked, other, one, **answers) == {"reordered replies"}


def test_a_long_answer_is_said_to_its_end_once_and_in_order() -> None:
    long = {"answers": {0: ["a00001"]}, "tails": {"a00001": "z00001"}}
    asked = (*GOOD, answered("a00001 ... z00001"))
    begins, ends = said("(1/2) a00001"), said("(2/2) z00001")
    piece = said("(2/3) We have looked into case 00001, and")
    assert judged(*asked, begins, ends, **long) == set()
    assert judged(*asked, begins, piece, ends, **long) == set()
    assert judged(*asked, begins, piece, piece, ends, **long) == {"duplicate replies"}
    assert judged(*asked, said("a00001 ... z00001"), **long) == set()
    assert judged(*asked, begins, ends, ends, **long) == {"duplicate replies"}
    assert judged(*asked, ends, begins, **long) == {"reordered replies"}
    assert judged(*asked, begins, **long) == {"reply lost"}
    assert judged(*asked, ends, HELD, channel="telegram", **long) == {"reordered replies"}
    held = words("Held back, not sent again.\n| z00001", public=False)
    assert judged(*asked, begins, held, channel="telegram", **long) == set()
    assert judged(*asked, begins, channel="telegram", **long) == {"reply lost"}
    partly = words("Only 1 of 2 parts reached the customer.\n| z00001", public=False)
    assert judged(*asked, begins, partly, **long) == {"reply lost"}
    assert judged(*asked, begins, partly, channel="telegram", **long) == set()


HELD = words("Held back, not sent again.\n| sorry a00001", public=False)


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
def test_where_nobody_can_look_an_answer_may_be_held_if_the_ticket_says_so(channel: str) -> None:
    answers = {0: ["a00001"]}
    assert judged(*GOOD, HELD, channel=channel, answers=answers) == set()
    assert judged(*GOOD, channel=channel, answers=answers) == {"reply lost"}


def test_where_one_can_look_nothing_may_be_held() -> None:
    assert judged(*GOOD, HELD, answers={0: ["a00001"]}) == {"reply lost"}


def test_a_note_that_an_answer_did_not_go_out_must_be_true() -> None:
    failed = words("Not delivered to the customer.\n| sorry a00001", public=False)
    record = (*GOOD, answered("a00001"), said("sorry a00001"), failed)
    assert judged(*record, answers={0: ["a00001"]}) == {"untrue notes"}
    asked = (*GOOD, answered("a00001"), said("sorry a00001"), HELD)
    assert judged(*asked, answers={0: ["a00001"]}) == {"untrue notes"}
    assert judged(*asked, channel="telegram", answers={0: ["a00001"]}) == set()  # nobody could know


def test_only_what_the_customer_removed_may_go_unanswered_and_only_if_the_ticket_says_so() -> None:
    answers = {"answers": {0: ["a00001"]}}
    asked = (TICKET, words("m00001"), words("m00002"), words("deleted: m00002", public=False))
    refused = words("Not delivered to the customer.\n| sorry a00001", public=False)
    gone = {"removed": {"m00002"}}
    assert judged(*asked, answered("a00001"), refused, **answers, **gone) == set()
    assert judged(*asked, answered("a00001"), **answers, **gone) == {"reply lost"}
    assert judged(*asked, answered("a00001"), refused, **answers) == {"reply lost"}
    long = {"tails": {"a00001": "z00001"}}
    partly = words("Only 1 of 2 parts reached the customer.\n| z00001", public=False)
    begun = (*asked, answered("a00001 ... z00001"), said("(1/2) a00001"))
    assert judged(*begun, partly, **answers, **long, **gone) == set()
    assert judged(*begun, **answers, **long, **gone) == {"reply lost"}


def test_notes_that_went_onto_the_ticket_as_one_are_told_apart() -> None:
    both = words("Not delivered to the customer.\n| a00009\n\n---\n\nfor a00001", public=False)
    record = (*GOOD, answered("a00001"), said("sorry a00001"), both)
    assert judged(*record, answers={0: ["a00001"]}) == set()


def test_what_was_removed_may_be_missing_or_must_be_told() -> None:
    gone = {"removed": {"m00002"}}
    assert judged(TICKET, words("m00001"), **gone) == set()
    assert judged(*GOOD, **gone) == {"untold changes"}
    assert judged(*GOOD, words("deleted: m00002", public=False), **gone) == set()
    assert judged(TICKET, words("m00001"), **gone, edited={"m00002": "e00001"}) == set()


def test_the_latest_words_stand_on_the_ticket() -> None:
    edited = {"edited": {"m00002": "e00001"}}
    assert judged(*GOOD, **edited) == {"untold changes"}
    assert judged(TICKET, words("m00001"), *[words("m00002 e00001")] * 2, **edited) == {
        "duplicate messages"
    }
    assert judged(*GOOD, words("e00001"), words("e00001"), **edited) == {"duplicate messages"}
    assert judged(*GOOD, words("edited: m00002 e00001", public=False), **edited) == set()


def test_a_note_of_a_colleague_that_was_our_own_answer_is_seen() -> None:
    note = words("Somebody answered directly on Facebook: a00001", public=False)
    replies = (answered("a00001"), said("sorry a00001"))
    assert judged(*GOOD, *replies, note, answers={0: ["a00001"]}) == {"invented words"}


def test_books_refusals_and_unrest_are_seen() -> None:
    assert judged(*GOOD, books={"done": 1}) == {"books"}
    for part in ("in_progress", "parked", "dead"):
        assert judged(*GOOD, books={"done": 1, part: 1}) == {"books"}
    assert judged(*GOOD, event={"state": "done"}) == set()
    for state in ("in_progress", "parked"):
        assert judged(*GOOD, event={"state": state}) == {"not at rest"}
    assert judged(*GOOD, dead=["e1"], event={"reason": "it was refused"}) == {"lost"}
    assert judged(*GOOD, refused=["/hooks/meta m00001: 401"]) == {"refused deliveries"}
    assert judged(*GOOD, rested=False) == {"not at rest"}
