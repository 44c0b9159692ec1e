"""`bridge why`: whatever happened can be asked for, by any of its names."""

from __future__ import annotations

import os
from typing import Any

import pytest

from bridge.sandbox.wires import PAGE_ID, environment


@pytest.fixture
def complained(town: Any, sandbox: Any) -> dict[str, str]:
    """A complaint that became a ticket, and all its names."""
    town.comment("I want a refund, this is broken!", "21")
    town.work()
    ticket = str(sandbox.record("ticket")[0]["ticket"])
    found = town.json("why", f"{PAGE_ID}_21")["events"][0]
    return {
        "event": found["id"],
        "ticket": ticket,
        "external": f"{PAGE_ID}_21",
        "delivery": "delivery-21",
        "room": found["conversation"],
        "url": f"https://acme.zendesk.com/agent/tickets/{ticket}",
    }


@pytest.mark.parametrize("name", ["event", "ticket", "external", "delivery", "room", "url"])
def test_it_is_found_by_every_name(town: Any, complained: dict[str, str], name: str) -> None:
    found = town.json("why", complained[name])["events"]
    assert complained["event"] in [one["id"] for one in found]


def test_a_ticket_shows_all_that_is_on_it_oldest_first(
    town: Any, complained: dict[str, str]
) -> None:
    town.comment("and still broken", "22", under="21")
    town.work()
    found = town.json("why", complained["ticket"])["events"]
    said = [one["external_id"] for one in found if one["kind"] == "comment"]
    assert said == [f"{PAGE_ID}_21", f"{PAGE_ID}_22"]
    assert {one["ticket"] for one in found} == {complained["ticket"]}
    assert "note" in {one["kind"] for one in found}


def test_the_receipt_tells_rules_conditions_values_actions_and_hash(
    town: Any, complained: dict[str, str]
) -> None:
    one = town.json("why", complained["event"])["events"][0]
    assert one["state"] == "done"
    assert one["rules_hash"]
    assert one["signals"] == {"language": "en"}
    assert one["tried"][-1]["rule"] == one["rule"]
    assert one["tried"][-1]["matched"] is True
    failed = [rule["failed"] for rule in one["tried"] if not rule["matched"]]
    assert all(rule["condition"] for rule in failed)
    assert one["actions"][0]["result"] == "ok"
    code, out, _ = town.run("why", complained["event"])
    assert code == 0
    for part in (
        f"opened ticket {complained['ticket']}: rule {one['rule']}", one["rules_hash"],
        "delivery delivery-21", "I want a refund", f"{one['rule']}: matches", ": ok.",
        'Read from it: language "en".',
    ):  # fmt: skip
        assert part in out


def test_it_tells_by_whom_the_rules_were_put_in_force(town: Any) -> None:
    town.run("rules", "files", "--author", "Ewa")
    town.comment("I want a refund, this is broken!", "24")
    town.work()
    (one,) = [row for row in town.json("why", f"{PAGE_ID}_24")["events"] if row["tried"]]
    assert one["rules"]["version"] == one["rules_hash"]
    assert (one["rules"]["n"], one["rules"]["author"]) == (1, "Ewa")
    told = f"The rules (version 1 ({one['rules_hash']}), from the files by Ewa) were tried"
    assert told in town.run("why", one["id"])[1]


def test_rules_put_in_force_again_later_change_no_receipt(town: Any) -> None:
    town.run("rules", "files", "--author", "Ewa")
    town.comment("I want a refund, this is broken!", "24")
    town.work()
    town.run("rules", "rollback", "1", "--author", "Jan")
    (one,) = [row for row in town.json("why", f"{PAGE_ID}_24")["events"] if row["tried"]]
    assert (one["rules"]["n"], one["rules"]["author"]) == (1, "Ewa")


def test_what_a_rule_said_stands_beside_the_message_and_the_ticket(town: Any) -> None:
    (town.folder / "mappings" / "rules.yaml").write_text(
        "rules:\n  - {name: all, then: {escalate: {}, reply: {public: acknowledged}}}\n", "utf-8"
    )
    town.run("rules", "files")
    town.comment("Is anybody there?", "24")
    town.work()
    (one,) = [row for row in town.json("why", f"{PAGE_ID}_24")["events"] if row["tried"]]
    assert "  Asked for: says acknowledged in public.\n" in town.run("why", one["id"])[1]
    for name in (one["id"], one["ticket"]):
        told = [row["sentence"] for row in town.json("why", name)["events"]]
        assert any(one.startswith("The automatic answer 'acknowledged' ") for one in told), told


def test_why_not_is_answered_too(town: Any) -> None:
    town.comment("lovely, thank you", "23")
    town.work()
    _, out, _ = town.run("why", f"{PAGE_ID}_23")
    assert "was ignored" in out
    assert "no, it wants" in out


def test_a_link_that_nobody_knows_is_told_as_it_was_typed(town: Any) -> None:
    _, _, err = town.run("why", "https://example.com/a?b=1")
    assert "nothing is known of 'https://example.com/a?b=1'" in err
    _, _, err = town.run("why", "\x1b[31mred")
    assert "\x1b" not in err


def test_raw_is_printed_only_when_asked_for(town: Any, complained: dict[str, str]) -> None:
    _, out, _ = town.run("why", complained["event"])
    assert '"object": "page"' not in out
    _, out, _ = town.run("why", complained["event"], "--raw")
    assert '"object": "page"' in out
    assert "raw" not in town.json("why", complained["event"])["events"][0]


def test_what_waits_says_for_what(town: Any) -> None:
    town.run("pause", "zendesk")
    town.comment("I want a refund, this is broken!", "24")
    town.work()
    _, out, _ = town.run("why", f"{PAGE_ID}_24")
    assert "It waits: zendesk is paused by an operator." in out


def test_what_failed_says_how(town: Any, sandbox: Any) -> None:
    sandbox.post(
        "faults",
        {"system": "zendesk", "path": "tickets", "times": None, "effect": "status", "status": 503},
    )
    town.comment("I want a refund, this is broken!", "25")
    town.work()
    one = town.json("why", f"{PAGE_ID}_25")["events"][0]
    assert one["waits"].startswith("tried ")
    assert "503" in one["waits"]


def test_a_delivery_that_nobody_read_yet_is_known(house: Any) -> None:
    house.comment("hello", "26")
    code, out, _ = house.run("why", "delivery-26")
    assert code == 0
    assert "waits to be read" in out


@pytest.mark.parametrize("name", ["nothing", "", "*", "e:*", os.fsdecode(b"\xff"), "a" * 5000])
def test_an_unknown_name_is_a_sentence(house: Any, name: str) -> None:
    code, out, err = house.run("why", name)
    assert (code, out) == (1, "")
    assert "nothing is known of" in err


def test_no_secret_shows_and_a_terminal_is_not_tricked(
    town: Any, complained: dict[str, str]
) -> None:
    town.comment("refund \x1b[2J now\u202e", "27", person="41")
    town.work()
    shown = "".join(town.run("why", complained["ticket"], "--raw")[:2][1:])
    shown += town.run("why", f"{PAGE_ID}_27", "--raw")[1]
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    wires = environment("", "")
    secrets = [wires[name] for name in wires if "SECRET" in name or "TOKEN" in name]
    assert not [secret for secret in secrets if secret in shown]
