"""`bridge mute`: set, list, end; what a worker makes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest


def add(house: Any, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = house.json("mute", "add", *words)
    return found


def reasons(house: Any) -> dict[str, str]:
    return {eid: fields.get("reason", "") for eid, fields in house.store.events()}


def test_what_is_muted_is_listed_with_until_when_who_and_why(house: Any) -> None:
    add(house, "author", "@Ana.M", "--for", "2d", "--because", "insults", "--by", "Ewa")
    (row,) = house.json("mute", "list")["mutes"]
    assert (row["what"], row["value"], row["because"], row["by"]) == (
        "author", "@Ana.M", "insults", "Ewa",
    )  # fmt: skip
    lasts = datetime.fromisoformat(row["until"]) - datetime.fromisoformat(row["since"])
    assert lasts.days == 2
    out = house.run("mute", "list")[1]
    assert "@Ana.M is muted by Ewa until" in out
    assert "insults" in out
    assert house.json("status")["mutes"] == 1
    assert "1 muted" in house.run("status")[1]


def test_nothing_is_muted_at_first(house: Any) -> None:
    assert house.run("mute", "list") == (0, "nothing is muted\n", "")
    assert house.json("status")["mutes"] == 0


def test_a_muted_post_opens_nothing_and_is_counted_and_another_post_does(town: Any) -> None:
    mute = add(town, "phrase", "broken phone", "--because", "a chain letter")
    town.comment("my broken phone", "2")
    town.comment("my broken phone, again", "3")
    town.comment("my broken cup", "4")
    town.work()
    told = list(reasons(town).values())
    assert told.count("muted: a chain letter") == 2
    assert len([one for one in told if one.startswith("muted")]) == 2
    assert town.store.books()["meta"]["ignored"] == 2
    (row,) = town.json("mute", "list")["mutes"]
    assert row["muted"] == 2
    town.work()  # again changes nothing
    code, out, _ = town.run("mute", "end", mute["id"])
    assert (code, out) == (0, f"{mute['id']} has ended; it held back 2 messages.\n")
    assert town.store.muted() == {}
    town.comment("my broken phone once more", "5", person="32")
    town.work()
    assert list(reasons(town).values()).count("muted: a chain letter") == 2


def test_muting_again_moves_the_end_and_the_reason(house: Any) -> None:
    first = add(house, "author", "31", "--because", "a")
    again = add(house, "author", "31", "--because", "b", "--for", "30d")
    assert first["id"] == again["id"]
    (row,) = house.json("mute", "list")["mutes"]
    assert (row["because"], row["until"]) == ("b", again["until"])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("phrase", "...", "--because", "x"), 2, "no word"),
        (("author", " ", "--because", "x"), 2, "name the author"),
        (("author", "31"), 2, "--because"),
        (("author", "31", "--because", "x", "--for", "soon"), 2, "12h or 30d"),
        (("author", "31", "--because", "x", "--connection", "meat"), 1, "did you mean 'meta'"),
        (("thread", "31", "--because", "x"), 2, "invalid choice"),
    ],
)
def test_a_mistake_is_a_sentence(house: Any, words: tuple[str, ...], code: int, told: str) -> None:
    got, _, err = house.run("mute", "add", *words)
    assert got == code
    assert told in err
    assert house.store.mutes() == {}


def test_what_is_no_mute_cannot_be_ended(house: Any) -> None:
    code, _, err = house.run("mute", "end", "nothing")
    assert code == 1
    assert "no mute" in err
