"""What `make chaos-compare` counts, and that the seed alone decides what is broken."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from chaos import compare
from chaos.compare import TALKS, Found, Run, seconds

EARLIER = 90_000  # said before the storm, and none of its messages


class Side(SimpleNamespace):
    """Stands where the bridge or RQ would; notes what is done to it."""

    def __init__(self, *comments: tuple[int, str]) -> None:
        self.done: list[Any] = []
        entries = [
            {"what": "ticket_comment", "public": True, "ticket": ticket, "text": text}
            for ticket, text in comments
        ]
        entries.append(
            {"what": "ticket_comment", "public": True, "ticket": 9, "text": cup(EARLIER)}
        )
        entries.append(
            {"what": "ticket_comment", "public": False, "ticket": 1, "text": "Cup 00000"}
        )
        super().__init__(
            sandbox=SimpleNamespace(
                get=lambda path: {"entries": entries}, post=lambda *wish: self.done.append(wish)
            ),
            redis=SimpleNamespace(kill=self._note("redis"), start=self._note("start")),
            slots=[SimpleNamespace(kill=self._note(number)) for number in range(3)],
            say=lambda *words: None,
        )

    def _note(self, what: object) -> Any:
        return lambda: self.done.append(what)


def judged(*comments: tuple[int, str], messages: int = 3) -> Found:
    run, found = Run(Side(*comments), 0), Found("x")  # type: ignore[arg-type]
    for number in (*range(messages), EARLIER):
        run.say(number, number // 1000)
    run._judge(messages, found)
    return found


def cup(number: int) -> str:
    return f"Cup {number:05d} is broken"


def test_all_of_it_once_and_in_order_is_nothing_to_complain_of() -> None:
    found = judged((1, cup(0)), (1, f"{cup(1)}\n\n{cup(2)}"))
    assert (found.missing, found.doubled, found.tickets, found.reordered) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("comments", "told"),
    [
        ([(1, cup(0)), (1, cup(2))], (1, 0, 0, 0)),
        ([(1, cup(0)), (1, cup(1)), (1, cup(1)), (1, cup(2))], (0, 1, 0, 0)),
        ([(1, cup(0)), (2, cup(1)), (1, cup(2))], (0, 0, 1, 0)),
        ([(1, cup(0)), (1, cup(2)), (1, cup(1))], (0, 0, 0, 1)),
    ],
    ids=["missing", "doubled", "second ticket", "reordered"],
)
def test_each_broken_promise_is_counted(
    comments: list[tuple[int, str]], told: tuple[int, ...]
) -> None:
    found = judged(*comments)
    assert (found.missing, found.doubled, found.tickets, found.reordered) == told


def test_the_seed_decides_what_is_broken_and_when() -> None:
    def schedule(seed: int) -> list[Any]:
        side, dice = Side(), random.Random(seed)
        run = Run(side, 0)  # type: ignore[arg-type]
        for number in range(300):
            for what in run._troubles(number, 300, dice):
                what()
            side.done.append(dice.randrange(TALKS))
        return side.done

    assert schedule(7) == schedule(7)
    assert schedule(7) != schedule(8)
    assert schedule(7).count("redis") == 2


@pytest.mark.parametrize(
    ("ours", "code"),
    [({}, 0), ({"missing": 1}, 1), ({"doubled": 1}, 1), ({"tickets": 1}, 1), ({"reordered": 1}, 1)],
)
def test_the_exit_code_tells_whether_the_bridge_broke_a_promise(
    ours: dict[str, int], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not whether plain RQ did."""
    both = [Found("the bridge", **ours), Found("plain RQ", missing=9, doubled=9)]
    monkeypatch.setattr(sys, "argv", ["compare"])
    monkeypatch.setattr(compare, "compare", lambda *_: both)
    assert compare.main() == code


def test_what_did_not_happen_in_the_watch_is_said_so() -> None:
    assert seconds([1.26, None]) == "1.3, not in the watch"
