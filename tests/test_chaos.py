"""`make chaos`: the plan is the seed's, the judge sees what is wrong, and the bridge survives 300 messages of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis
import requests

sys.path.insert(0, str(Path(__file__).parents[1]))

from bridge.core.calls import HttpRequest
from bridge.sandbox import faults as sandbox
from bridge.sandbox import wires
from bridge.store import Store
from bridge.store.scripts import SCRIPTS
from chaos import judge, leaks, points
from chaos.plan import BREAKS, CHANNELS, EFFECTS, LONG, OUTAGES, SYSTEMS, Bring, plan
from chaos.play import Play
from chaos.points import COMMITS, POINTS, WRITES
from chaos.postman import Postman, Times
from chaos.stage import Stage
from chaos.truth import Truth

ROOT = Path(__file__).parents[1]

# --- the plan ----------------------------------------------------------------------------------------


def test_the_same_number_and_seed_are_the_same_plan() -> None:
    assert plan(300, 7) == plan(300, 7)
    assert plan(300, 7).fingerprint == plan(300, 7).fingerprint


def test_another_seed_is_another_plan() -> None:
    assert plan(300, 7).fingerprint != plan(300, 8).fingerprint


def test_the_schedule_is_the_same_in_another_process() -> None:
    command = [sys.executable, "-m", "chaos", "200", "--seed", "7", "--schedule"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert plan(200, 7).fingerprint in told
    assert told.count("before message ") == len(plan(200, 7).troubles)


def test_every_message_is_said_once_and_every_token_is_new() -> None:
    made = plan(1000, 7)
    said = [one.token for one in made.doings if one.what == "say"]
    tokens = [one.token for one in made.doings if one.token]
    assert len(said) == 1000
    assert len(set(tokens)) == len(tokens)
    assert all(one.token in one.text for one in made.doings if one.token)


def test_a_thousand_messages_meet_every_channel_point_and_kind_of_trouble() -> None:
    made = plan(1000, 7)
    assert set(made.talks) == set(CHANNELS)
    assert {one.what for one in made.troubles if one.kind == "revoked"} == set(SYSTEMS)
    assert {one.what for one in made.troubles if one.kind == "batch"} == set(SYSTEMS)
    assert {one.what for one in made.troubles if one.kind == "outage"} == set(SYSTEMS)
    faults = {(one.what, one.how) for one in made.troubles if one.kind == "fault"}
    assert faults == {(system, how) for system in SYSTEMS for how in EFFECTS}
    assert {one.how for one in made.troubles if one.kind == "outage"} == set(OUTAGES)
    assert {(one.kind, one.what) for one in made.troubles} > {
        (kind, what) for _, kind, what, _ in BREAKS
    }


def test_no_point_is_to_die_at_twice_before_all_were() -> None:
    first = [one.what for one in plan(1000, 7).troubles if one.kind == "kill-at"][: len(POINTS)]
    assert sorted(first) == sorted(POINTS)


def test_some_answers_are_longer_than_their_channel_takes_at_once() -> None:
    made = plan(1000, 7)
    long = [one for one in made.doings if one.tail]
    assert {made.talks[one.talk] for one in long} == set(LONG)
    assert all(one.text.endswith(one.tail) and one.token in one.text for one in long)


def test_calls_that_fail_are_told_by_how_they_fail() -> None:
    assert len(EFFECTS) == len({repr(facts) for facts in EFFECTS.values()})
    assert {facts["effect"] for facts in EFFECTS.values()} == set(sandbox.EFFECTS)
    late = next(one for one in plan(1000, 7).troubles if one.how == "429 with a date")
    assert ": 429 with a date times=" in str(late)


# --- points to die at ---------------------------------------------------------------------------------


def test_every_commit_of_the_journal_is_a_point() -> None:
    """But those that only an operator makes, who sees whether they were done, and one that only corrects a count.

    Erasing is done again until nothing is found (tests/cli/test_erase.py dies after each of its scripts).
    """
    named = {name.partition("-")[0] for name in COMMITS}
    assert set(SCRIPTS) - {"revive", "publish", "told", "mute", "erase"} == named - {"command"}


def test_a_process_dies_where_it_is_told_to_and_nowhere_else(tmp_path: Path) -> None:
    points.prepare(tmp_path)
    points.arm(tmp_path, "settle.after")
    words = (
        f"from chaos.points import passes; passes({str(tmp_path)!r}, 'settle.{{}}'); print('lives')"
    )

    def ran(side: str) -> int:
        return subprocess.run([sys.executable, "-c", words.format(side)], cwd=ROOT).returncode

    assert ran("before") == 0
    assert ran("after") == -9
    assert points.hit(tmp_path) == ["settle.after"]
    assert ran("after") == 0  # once
    assert points.disarm(tmp_path) == []


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("/zendesk/api/v2/tickets", "zendesk-create"),
        ("/zendesk/api/v2/tickets/7", "zendesk-update"),
        ("/zendesk/api/v2/users/create_or_update", "zendesk-else"),
        ("/freshdesk/api/v2/tickets", "freshdesk-create"),
        ("/freshdesk/api/v2/tickets/7/notes", "freshdesk-update"),
        ("/graph/v24.0/7/comments", "meta-say"),
        ("/telegram/botX/sendMessage", "telegram-say"),
    ],
)
def test_a_write_is_known_by_its_address(url: str, name: str) -> None:
    request = HttpRequest(method="POST", url=f"http://127.0.0.1:1{url}?a=b")
    assert points._write(None, request) == name
    assert name in WRITES
    assert points._write(None, HttpRequest(method="GET", url=request.url, write=False)) == ""


def test_what_a_script_is_run_by_is_no_single_command() -> None:
    store = Store.__new__(Store)
    store._do = lambda call: call  # type: ignore[method-assign,misc]
    store._scripts, store._line = {"sweep": SimpleNamespace(sha="", script="")}, cast("Any", None)
    assert points._single(store, store._run("sweep")) == ""
    assert points._single(store, lambda: None) == "command"


# --- the postman --------------------------------------------------------------------------------------


class Door(BaseHTTPRequestHandler):
    """A web process that cannot keep the first delivery it gets."""

    answers: list[int]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        self.send_header("content-length", "0")
        self.send_header("connection", "close")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def door() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def brought(door: str, answers: list[int], way: Bring | None = None) -> Postman:
    """A postman who has brought one webhook."""
    Door.answers = answers
    postman = Postman({"m00001": way} if way else {})
    postman.doors.append(door)
    postman.start()
    try:
        with requests.Session() as http:
            http.trust_env = False
            got = http.post(f"{postman.url}/hooks/telegram", data=b'{"text": "m00001"}', timeout=20)
            assert got.status_code == 200
    finally:
        postman.stop()
    return postman


def test_what_cannot_be_kept_is_brought_again(door: str) -> None:
    postman = brought(door, [503, 500, 200])
    assert postman.answers == {"503": 1, "500": 1, "200": 1}
    assert postman.times["m00001"].taken is not None
    assert postman.refused == []


def test_what_is_refused_is_remembered_and_not_brought_again(door: str) -> None:
    postman = brought(door, [401])
    assert len(postman.refused) == 1
    assert postman.times["m00001"].taken is None


def test_copies_go_at_once_and_one_who_hangs_up_comes_again(door: str) -> None:
    assert brought(door, [200], Bring(copies=8)).answers == {"200": 8}
    assert brought(door, [200], Bring(deaf=True)).answers == {"200": 1, "hung up": 1}


# --- the judge ----------------------------------------------------------------------------------------

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
    times = {"m00001": Times(1.0, 2.0), "m00002": Times(more.pop("brought", 3.0), 4.0)}
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
    assert judged(TICKET, words("m00002"), words("m00001"), brought=1.5) == set()


SOLVED = {"what": "ticket_status", "by": "agent", "text": None, "ticket": 1, "current": "solved"}


@pytest.mark.parametrize(
    ("between", "whose", "wrong"),
    [
        ((SOLVED,), "Ana", set()),
        ((), "Ana", {"duplicate tickets"}),
        ((SOLVED, {**SOLVED, "current": "open"}), "Ana", {"duplicate tickets"}),
        ((SOLVED,), "Ben", {"duplicate tickets"}),
    ],
)
def test_a_talk_may_leave_a_solved_ticket_for_that_of_the_same_persons_comment(
    between: tuple[dict[str, Any], ...], whose: str, wrong: set[str]
) -> None:
    plan = SimpleNamespace(talks=("messenger", "facebook"), people=("Ana", whose), brings={})
    comment = ({**TICKET, "ticket": 2, "external_id": "b" * 32}, words("m00003", ticket=2))
    talk = (TICKET, words("m00001"), *comment, *between, words("m00002", ticket=2))
    order = {0: ["m00001", "m00002"], 1: ["m00003"]}
    assert judged(*talk, plan=plan, order=order) == wrong


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


def test_the_latest_words_stand_on_the_ticket() -> None:
    edited = {"edited": {"m00002": "e00001"}}
    assert judged(*GOOD, **edited) == {"untold changes"}
    assert judged(TICKET, words("m00001"), *[words("m00002 e00001")] * 2, **edited) == {
        "duplicate messages"
    }
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


SECRET = wires.FRESHDESK_API_KEY


@pytest.mark.parametrize(
    ("where", "said", "wrong"),
    [
        ("worker.log", "refused 42", set()),
        ("worker.log", f"refused {SECRET}", {"leaked secrets"}),
        ("web.log", "late: Person 00007", {"leaked words"}),
        ("web.log", "late: My order is broken", {"leaked words"}),
        ("rq", f"bridge.jobs.wake('{SECRET}')", {"leaked secrets"}),
        ("rq", "bridge.jobs.wake('Person 00007')", {"leaked words"}),
        ("redis/a.aof", "Person 00007: My order is broken", set()),
        ("redis/a.aof", SECRET, {"leaked secrets"}),
    ],
)
def test_what_a_run_says_and_keeps_is_searched_for_secrets_and_people(
    tmp_path: Path, client: redis.Redis, door: str, where: str, said: str, wrong: set[str]
) -> None:
    Door.answers = [200]
    (tmp_path / "redis").mkdir()
    (tmp_path / "worker.log").write_text("started")
    if where == "rq":
        client.hset("rq:job:wake-1", "description", said)
    else:
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


# --- all of it ------------------------------------------------------------------------------------------


def test_300_messages_survive_everything() -> None:
    """About 70 s on two cores. Another seed: `make chaos N=300 SEED=...`."""
    seed = os.environ.get("CHAOS_SEED", "7")
    command = [sys.executable, "-m", "chaos", "300", "--seed", seed, "--rate", "8"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    told = ran.stdout[-20_000:] + ran.stderr[-5_000:]
    assert ran.returncode == 0, told
