"""Rows of docs/faults.md about two machines: two doors at once, and clocks that do not agree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests
from support.people import on_whatsapp, text_on_whatsapp
from support.platforms import proof

from bridge.sandbox import wires
from matrix.deeds import ANSWER, FIRST, FURTHER, Case, Deed
from matrix.scene import Scene

ROUNDS = 100
HOUR = 3600.0


@pytest.fixture(scope="module")
def odd() -> Iterator[Scene]:
    """Two web processes; of two workers one is an hour ahead, the other an hour behind."""
    with Scene(webs=2, clock=HOUR) as scene:
        yield scene


@pytest.mark.parametrize("deed", [FIRST, FURTHER, ANSWER], ids=lambda one: one.name)
def test_clocks_an_hour_ahead_and_behind_change_nothing(odd: Scene, deed: Deed) -> None:
    """F-52: whose turn it is and what is due goes by Redis' clock."""
    for _ in range(2):  # workers: whoever comes first
        case = Case(odd, "messenger")
        deed.before(case)
        deed.do(case)
        for text in case.said:
            odd.opened(text)
        for answer in case.answers:
            odd.until(lambda words=answer: words in odd.texts(), "the answer")
        odd.rest()
        assert case.wrong() == []


def test_the_same_delivery_at_two_doors_in_the_same_moment_is_kept_once(odd: Scene) -> None:
    """F-56."""
    before = odd.store.books()["meta"]
    doors = list(odd.postman.doors)
    assert len(doors) == 2
    barrier = Barrier(2)

    def knock(door: str) -> Counter[int]:
        answers: Counter[int] = Counter()
        with requests.Session() as session:
            session.trust_env = False
            for number in range(ROUNDS):
                entry = on_whatsapp(text_on_whatsapp(f"door{number}", "Thank you!"))
                body = json.dumps(
                    {"object": "whatsapp_business_account", "entry": [entry]}
                ).encode()
                headers = {"content-type": "application/json",
                           **proof("meta", body, secret=wires.APP_SECRET)}  # fmt: skip
                barrier.wait(30)
                answer = session.post(f"{door}/hooks/meta", data=body, headers=headers, timeout=30)
                answers[answer.status_code] += 1
        return answers

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(knock, doors)) == [{200: ROUNDS}, {200: ROUNDS}]
    odd.rest()
    after = odd.store.books()["meta"]
    assert after["received"] - before["received"] == ROUNDS
    assert after["duplicates"] - before["duplicates"] == ROUNDS
