"""The judge of `make chaos` sees each broken promise in what a run has left, and blames nobody for a kept one."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest
import redis
from support import leaks as told

sys.path.insert(0, str(Path(__file__).parents[1]))

from bridge.sandbox import wires
from chaos import __main__ as whole
from chaos import judge, leaks
from chaos.plan import plan
from chaos.play import Play
from chaos.postman import Times
from chaos.stage import FORM_SECRET, Stage
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
    }
    store = SimpleNamespace(
        books=lambda: {"meta": row}, dead=list, event=lambda eid: {}, events=list
    )
    postman = SimpleNamespace(times=times, refused=more.pop("refused", []))
    rested = more.pop("rested", True)
    play = SimpleNamespace(
        plan=SimpleNamespace(talks=(channel,), people=("Ana",), brings={}),
        truth=truth, order={0: ["m00001", "m00002"]}, removed=set(), edited={}, answers={}, tails={},
        statuses=Counter(), stage=SimpleNamespace(postman=postman, store=store), calm_after=0.0,
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
    assert judged(*GOOD, said("The customer has deleted this."), **notice) == {"leaked notes"}


def test_notes_that_say_different_things_of_the_same_words_are_no_duplicates() -> None:
    waits = words("Not delivered yet.\n| sorry a00009", public=False)
    assert judged(*GOOD, waits, FAILED) == set()


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
    assert judged(*GOOD, books={"done": 1, "in_progress": 1}) == {"books"}
    assert judged(*GOOD, refused=["/hooks/meta m00001: 401"]) == {"refused deliveries"}
    assert judged(*GOOD, rested=False) == {"not at rest"}


# --- what was told ------------------------------------------------------------------------------------

SECRET = wires.FRESHDESK_API_KEY


class Pages(BaseHTTPRequestHandler):
    """A web process that shows what it must not."""

    shown: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        body = self.shown.get(self.path, "{}").encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def door() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("where", "said", "wrong"),
    [
        ("worker.log", "refused 42", set()),
        ("worker.log", f"refused {SECRET}", {"leaked secrets"}),
        ("worker.log", f"refused {FORM_SECRET}", {"leaked secrets"}),
        ("worker.log", "refused key-9", {"leaked secrets"}),
        ("worker.log", "refused token-9", {"leaked secrets"}),
        ("web.log", "late: Person 00007", {"leaked words"}),
        ("web.log", "late: My order is broken", {"leaked words"}),
        ("rq", f"bridge.jobs.wake('{SECRET}')", {"leaked secrets"}),
        ("rq", "bridge.jobs.wake('Person 00007')", {"leaked words"}),
        ("redis/a.aof", "Person 00007: My order is broken", set()),
        ("redis/a.aof", SECRET, {"leaked secrets"}),
        ("redis/appendonlydir/b.aof", SECRET, {"leaked secrets"}),
        ("/metrics", f'last{{error="{SECRET}"}} 1', {"leaked secrets"}),
        ("/console", "Person 00007", {"leaked words"}),
        ("/readyz", "ready", set()),
    ],
)
def test_what_a_run_says_keeps_and_shows_is_searched_for_secrets_and_people(
    tmp_path: Path, client: redis.Redis, door: str, where: str, said: str, wrong: set[str]
) -> None:
    (tmp_path / "redis" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "worker.log").write_text("started")
    Pages.shown = {where: said}
    if where == "rq":
        client.hset("rq:job:wake-1", "description", said)
    elif not where.startswith("/"):
        (tmp_path / where).write_text(said)
    stage = SimpleNamespace(
        folder=tmp_path, environ={"BRIDGE_SECRET_KEY": "key-9", "BRIDGE_CONSOLE_TOKEN": "token-9"},
        redis=SimpleNamespace(folder=tmp_path / "redis", client=lambda: nullcontext(client)),
        postman=SimpleNamespace(doors=[door]),
    )  # fmt: skip
    verdict = judge.Verdict()
    leaks.ask(cast(Stage, stage), verdict)
    assert set(verdict.wrong) == wrong
    assert verdict.figures["bytes searched for secrets"] > 0


@pytest.mark.parametrize("shape", ['a/b c"d', "a%2Fb%20c%22d", 'a/b c\\"d'])
def test_a_secret_is_found_as_it_is_in_an_address_and_as_json_writes_it(shape: str) -> None:
    wanted = {"TOKEN": 'a/b c"d', "OTHER": "e/f"}
    assert told.found(f"said {shape} once".encode(), wanted) == ["TOKEN"]


# --- the run as a whole --------------------------------------------------------------------------------


class Nothing:
    """A stage on which nothing happens."""

    keep = False

    def __enter__(self) -> Nothing:
        return self

    def __exit__(self, *error: object) -> None:
        return None


@pytest.mark.parametrize(
    ("rested", "leaked", "code"), [(True, False, 0), (False, False, 1), (True, True, 1)]
)
def test_the_exit_code_tells_whether_a_promise_was_broken(
    rested: bool, leaked: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the messages, of the rest that never came, and of what was said aloud."""

    def judged(play: Any, rested: bool) -> judge.Verdict:
        verdict = judge.Verdict()
        if not rested:
            verdict.blame("not at rest", "work is left")
        return verdict

    def ask(stage: Any, verdict: judge.Verdict) -> None:
        if leaked:
            verdict.blame("leaked secrets", "TOKEN stands in the log")

    stage = Nothing()
    monkeypatch.setattr(whole, "Postman", lambda brings: None)
    monkeypatch.setattr(whole, "Stage", lambda postman: stage)
    monkeypatch.setattr(
        whole, "Play", lambda *_: SimpleNamespace(run=lambda: rested, calm_after=0.0)
    )
    monkeypatch.setattr(whole, "counts", lambda *_: ())
    monkeypatch.setattr(judge, "judge", judged)
    monkeypatch.setattr(leaks, "ask", ask)
    assert whole.run(plan(1, 7), rate=5.0, quiet=True) == code
    assert stage.keep is bool(code)  # what is left of a run that went wrong is to be looked at
