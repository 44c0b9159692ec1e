"""Rows of docs/faults.md that need processes stopped, starved, or crossing each other."""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from support.people import on_whatsapp, text_on_whatsapp

from chaos import points
from matrix.deeds import ANSWER, FIRST, FURTHER, Case
from matrix.scene import Scene

EVENTS, PEOPLE = 120, 6


def test_a_batch_whose_reader_and_whose_keeper_die_in_its_middle_counts_once(scene: Scene) -> None:
    """F-02: the web process before it can say that the batch is kept, the worker in recording it."""
    began = scene.seq()
    texts = [f"{number:03} of the batch is broken." for number in range(EVENTS)]
    entries = []
    for at, text in enumerate(texts):
        person = f"99900012{at % PEOPLE:04}"
        entries.append(on_whatsapp(text_on_whatsapp(f"batch{at}", text, person), person=person))
    body = json.dumps({"object": "whatsapp_business_account", "entry": entries})
    before = len(points.hit(scene.points))
    for point in ("accept.after", "record.before", "record.after"):
        points.arm(scene.points, point)
    scene.sandbox.post("hooks/raw", {"system": "meta", "body": body, "sign": True})
    scene.until(lambda: len(points.hit(scene.points)) == before + 3, "three deaths")
    scene.rest()
    record = scene.sandbox.get(f"record?since={began}")["entries"]
    assert sum(one["what"] == "ticket" for one in record) == PEOPLE
    public = [one["text"] for one in record if one["what"] == "ticket_comment" and one["public"]]
    everything = "\n".join(public)
    assert [text for text in texts if everything.count(text) != 1] == []
    assert scene.unsettled() == {}


def test_a_worker_that_was_frozen_while_its_turn_passed_on_writes_nothing_more(
    scene: Scene,
) -> None:
    """F-07: its turn is another's by the time it goes on; what it then writes down is refused."""
    case = Case(scene, "messenger")
    scene.fault("zendesk", method="POST", path="/tickets$", effect="delay",
                seconds=scene.deadline / 2, times=1)  # fmt: skip
    FIRST.do(case)
    with scene.redis.client() as client:
        (lease,) = scene.until(lambda: list(client.scan_iter("bridge:lease:in:*")), "a turn")
        holder = client.get(lease) or b""
    slots = {slot.pid: slot for slot in scene.some("worker")}
    frozen = next(slot for pid, slot in slots.items() if holder.startswith(b"%d-" % pid))
    frozen.signal(signal.SIGSTOP)
    try:
        scene.opened(case.said[0])
        scene.until(lambda: not scene.unsettled(), "done by the other one")
    finally:
        frozen.signal(signal.SIGCONT)
    scene.rest()
    assert case.wrong() == []


def test_workers_that_may_open_no_more_files_lose_nothing(scene: Scene) -> None:
    """F-10: what they cannot do waits; nothing is a dead letter."""
    before = [slot.pid for slot in scene.some("worker")]
    for slot in scene.some("worker"):
        slot.signal(signal.SIGKILL)  # its successor has no connections yet

    def begun() -> list[int]:
        found = [slot.pid for slot in scene.some("worker") if slot.pid not in (None, *before)]
        return [pid for pid in found if pid and _listens(scene, pid)]

    scene.until(lambda: len(begun()) == 2, "new workers")
    workers = begun()
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    for pid in workers:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, usual[1]))
    cases = [Case(scene, place) for place in ("messenger", "whatsapp") * 4]
    for case in cases:
        FIRST.do(case)
    time.sleep(1.0)  # of trying in vain
    assert scene.sandbox.record("ticket", since=cases[0].began) == []
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
    for case in cases:
        scene.opened(case.said[0])
    scene.rest()
    assert scene.store.dead() == []
    assert scene.unsettled() == {}


def _listens(scene: Scene, pid: int) -> bool:
    """Whether this worker waits for a wake-up: it has signed on, and has its lines to Redis."""
    with scene.redis.client() as client:
        for name in client.smembers("rq:workers"):
            if client.hget(name, "pid") == b"%d" % pid:
                return client.hget(name, "state") == b"idle"
    return False


def test_workers_that_are_told_to_end_hand_over_what_they_hold(scene: Scene) -> None:
    """F-06: a rolling restart in the middle of calls; no turn is left to run out."""
    scene.fault("zendesk", method="POST", path="/tickets$", effect="delay",
                seconds=scene.deadline / 2, times=6)  # fmt: skip
    cases = [Case(scene, "messenger") for _ in range(6)]
    for case in cases:
        FIRST.do(case)
    with scene.redis.client() as client:
        scene.until(lambda: list(client.scan_iter("bridge:lease:in:*")), "calls under way")
    before = {slot.pid for slot in scene.some("worker")}
    for slot in scene.some("worker"):
        slot.end()
    scene.until(lambda: not before & {slot.pid for slot in scene.some("worker")}, "the end of both")
    with scene.redis.client() as client:
        holders = {client.get(lease) for lease in client.scan_iter("bridge:lease:*")}
    assert not any(
        holder and holder.startswith(b"%d-" % pid) for holder in holders for pid in before if pid
    )
    for case in cases:
        scene.opened(case.said[0])
    scene.rest()
    assert len(scene.sandbox.record("ticket", since=cases[0].began)) == len(cases)
    assert scene.unsettled() == {}


def test_answers_and_customers_words_that_cross_both_arrive_and_start_nothing_else(
    scene: Scene,
) -> None:
    """F-58."""
    cases = [Case(scene, place) for place in ("messenger", "facebook", "telegram")]
    for case in cases:
        case.write("says it is broken")
    for case in cases:
        case.number = scene.opened(case.said[0])
    scene.rest()
    with ThreadPoolExecutor(2 * len(cases)) as both:
        for case in cases:
            both.submit(ANSWER.do, case)
            both.submit(FURTHER.do, case)
    for case in cases:
        assert scene.opened(case.said[1]) == case.number
        scene.until(lambda mine=case: mine.answers[0] in scene.texts(), "the answer")
    scene.rest()
    assert len(scene.sandbox.record("ticket", since=cases[0].began)) == len(cases)
    said = [one for one in scene.spoken() if one["seq"] > cases[0].began]
    assert sorted(one["text"] for one in said) == sorted(case.answers[0] for case in cases)
    assert scene.unsettled() == {}
