"""`bridge dead`: nothing is lost for good, and nothing is done twice by trying again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.sandbox.wires import PAGE_ID


def balanced(house: Any) -> dict[str, int]:
    """The books of the Page, which balance."""
    row: dict[str, int] = house.json("status")["books"]["meta"]
    ends = ("done", "ignored", "parked", "dead", "in_progress")
    assert row["received"] == sum(row[name] for name in ends), row
    return row


@pytest.fixture
def unreadable(house: Any) -> str:
    """A dead letter: a delivery that is no JSON."""
    house.deliver("meta", b"{not json \x1b[2J \xff", "rubbish")
    house.work()
    found = house.json("dead", "list")["dead"]
    assert len(found) == 1
    return str(found[0]["id"])


def test_the_list_says_what_why_and_how_old(house: Any, unreadable: str) -> None:
    one = house.json("dead", "list")["dead"][0]
    assert (one["connection"], one["kind"], one["delivery"]) == ("meta", "delivery", "rubbish")
    assert one["reason"]
    assert 0 <= one["age"] < 60
    code, out, _ = house.run("dead", "list")
    assert code == 0
    assert unreadable in out
    assert "0 letters" not in out


def test_an_empty_box_says_so(house: Any) -> None:
    assert house.json("dead", "list") == {"dead": []}
    assert house.run("dead", "list")[:2] == (0, "there are no dead letters\n")
    assert house.run("dead", "retry", "--all")[:2] == (0, "there are no dead letters\n")


def test_show_has_the_payload_as_it_came_and_harms_no_terminal(house: Any, unreadable: str) -> None:
    code, out, _ = house.run("dead", "show", unreadable)
    assert code == 0
    assert "{not json" in out
    assert "\x1b" not in out
    assert "\\xff" in out
    assert f"bridge dead retry {unreadable}" in out
    assert house.json("dead", "show", unreadable)["raw"].startswith("{not json")


def test_an_unreadable_delivery_is_read_again_and_dies_again(house: Any, unreadable: str) -> None:
    code, out, _ = house.run("dead", "retry", unreadable)
    assert code == 0
    assert "read again" in out
    assert balanced(house)["in_progress"] == 1
    house.work()
    row = balanced(house)
    assert (row["received"], row["dead"]) == (1, 1)
    assert house.json("dead", "list")["dead"][0]["id"] == unreadable


def test_dropped_is_ignored_with_its_reason(house: Any, unreadable: str) -> None:
    assert house.run("dead", "drop", unreadable)[0] == 0
    row = balanced(house)
    assert (row["ignored"], row["dead"]) == (1, 0)
    assert house.store.event(unreadable)["reason"] == "dropped by an operator"
    assert 0 < house.store.client.pttl(f"bridge:e:{unreadable}") <= house.store.keep_ms
    code, _, err = house.run("dead", "drop", unreadable)
    assert code == 1
    assert "is no dead letter: it is ignored" in err


def test_what_came_is_gone_then_it_can_only_be_dropped(house: Any, unreadable: str) -> None:
    house.store.client.delete("bridge:d:rubbish")
    code, _, err = house.run("dead", "retry", unreadable)
    assert code == 1
    assert "not kept any more" in err
    assert balanced(house)["dead"] == 1
    assert house.run("dead", "drop", unreadable)[0] == 0


def test_broken_parts_of_a_batch_are_read_again_and_their_neighbours_are_not_repeated(
    town: Any, sandbox: Any
) -> None:
    def change(ident: str | None, text: Any) -> dict[str, Any]:
        value = {
            "item": "comment", "verb": "add", "post_id": f"{PAGE_ID}_1",
            "parent_id": f"{PAGE_ID}_1", "from": {"id": ident or "7", "name": "Ana"},
            "comment_id": f"{PAGE_ID}_{ident}" if ident else {"no": text}, "message": text,
        }  # fmt: skip
        return {"field": "feed", "value": value}

    changes = [change("71", "I want a refund, it is broken!"), change(None, "a"), change(None, "b")]
    body = {"object": "page", "entry": [{"id": PAGE_ID, "time": 1764000000, "changes": changes}]}
    town.deliver("meta", json.dumps(body).encode(), "batch")
    town.work()
    row = balanced(town)
    assert (row["received"], row["done"], row["dead"]) == (3, 1, 2)
    for _ in range(2):
        assert town.run("dead", "retry", "--all")[0] == 0
        balanced(town)
        town.work()
        row = balanced(town)
        assert (row["received"], row["done"], row["dead"], row["in_progress"]) == (3, 1, 2, 0)
    assert len(sandbox.record("ticket")) == 1


def test_a_refused_ticket_is_opened_once_the_cause_is_mended(town: Any, sandbox: Any) -> None:
    fault = {
        "system": "zendesk", "method": "POST", "path": "tickets", "times": None,
        "effect": "status", "status": 422, "body": {"error": "RecordInvalid"},
    }  # fmt: skip
    sandbox.post("faults", fault)
    town.comment("I want a refund, this is broken!", "72")
    town.work()
    one = town.json("dead", "list")["dead"][0]
    assert one["external_id"] == f"{PAGE_ID}_72"
    assert "refused" in one["reason"]
    assert '"object": "page"' in town.run("dead", "show", one["id"])[1]
    sandbox.delete("faults")
    assert town.run("dead", "retry", one["id"])[0] == 0
    town.work()
    row = balanced(town)
    assert (row["done"], row["dead"]) == (1, 0)
    assert town.json("why", one["id"])["events"][0]["state"] == "done"
    assert len(sandbox.record("ticket")) == 1
    assert town.run("dead", "retry", one["id"])[0] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 2),
        (["burn"], 2),
        (["show"], 2),
        (["drop"], 2),
        (["retry"], 2),
        (["retry", "x", "--all"], 2),
        (["show", "nothing"], 1),
        (["retry", "nothing"], 1),
        (["drop", "nothing", "*"], 1),
    ],
)
def test_what_is_no_letter_is_a_sentence(house: Any, words: list[str], code: int) -> None:
    got, out, err = house.run("dead", *words)
    assert (got, out) == (code, "")
    assert err
    assert "Traceback" not in err
