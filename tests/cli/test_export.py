"""`bridge export`: all that is kept of one conversation, found by whatever names it."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.sandbox.wires import PAGE_ID

WORDS = "my parcel is broken, refund " + "and more words " * 20


@pytest.fixture
def ticketed(town: Any) -> Any:
    town.comment(WORDS, "7")
    town.comment("another thing is broken, refund", "8", person="32")
    town.work()
    return town


def test_it_has_the_whole_words_what_was_decided_and_what_is_known(ticketed: Any) -> None:
    (told,) = ticketed.json("export", f"{PAGE_ID}_7")["conversations"]
    said = [one for one in told["events"] if one["external_id"] == f"{PAGE_ID}_7"]
    assert [one["text"] for one in said] == [WORDS]
    assert said[0]["tried"]
    assert told["ticket"]
    assert told["helpdesk"] == "zendesk"
    assert told["known"]["author"]["name"] == "Ana Nowak"
    assert "another thing" not in str(told)


def test_every_name_of_a_conversation_leads_to_it(ticketed: Any) -> None:
    (told,) = ticketed.json("export", f"{PAGE_ID}_7")["conversations"]
    for name in (told["id"], told["key"], told["ticket"], told["events"][0]["id"], told["url"]):
        assert ticketed.json("export", str(name))["conversations"] == [told], name


def test_people_read_it_in_order_and_a_terminal_takes_no_harm(ticketed: Any) -> None:
    ticketed.comment("\x1b[2J and a curse, refund", "9")
    ticketed.work()
    code, out, _ = ticketed.run("export", f"{PAGE_ID}_7")
    assert code == 0
    assert f"Ana Nowak: {WORDS}".strip() in out
    assert "\x1b" not in ticketed.run("export", f"{PAGE_ID}_9")[1]


def test_what_nobody_knows_is_told(town: Any) -> None:
    code, out, err = town.run("export", "nothing")
    assert (code, out) == (1, "")
    assert "nothing is known of 'nothing'" in err
