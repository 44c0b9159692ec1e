"""`bridge backtest`: what other rules would have made of what was said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.config import load_rules
from bridge.core import receipt
from bridge.core.facts import view
from bridge.core.model import Change, Kind, Message, Visibility
from bridge.core.rules import decide
from bridge.core.stored import message_out

NOW = datetime.now(UTC)
OLD = """rules:
  - name: broken
    when: {text: {any_of: [broken]}}
    then: {escalate: {priority: high}}
  - name: default
    then: {ignore: nothing-to-do}
"""


def message(number: int, text: str, **more: Any) -> Message:
    return Message(
        channel="facebook", account_id="1", kind=Kind.COMMENT, change=more.pop("change", Change.CREATED),
        external_id=str(number), thread_id=str(number), visibility=Visibility.PUBLIC, text=text,
        sent_at=NOW, author=None, dedupe=str(number), **more,
    )  # fmt: skip


def told(
    house: Any, number: int, text: str, known: dict[str, Any] | None = None, **more: Any
) -> None:
    """A message that was decided on, as the engine leaves it behind."""
    said = message(number, text, **more)
    rules = load_rules(house.folder / "mappings" / "rules.yaml")
    slip = receipt.of_decision(decide(rules, view(said, known or {})), "v")
    slip["told"] = known or {}
    fields = {"k": "m", "doc": json.dumps(message_out(said)), "receipt": receipt.pack(slip)}
    house.store.record("", "meta", [{"e": f"e{number}", "state": "done", "lane": "", "f": fields}])


@pytest.fixture
def kept(house: Any) -> Any:
    (house.folder / "mappings" / "rules.yaml").write_text(OLD, "utf-8")
    for number, text in enumerate(
        ["It is broken", "Broken again", "I want a refund", "Lovely cups"]
    ):
        told(house, number, text)
    return house


def draft(house: Any, text: str) -> str:
    file: Path = house.folder / "draft.yaml"
    file.write_text(text, "utf-8")
    return str(file)


REFUNDS = OLD.replace("[broken]", "[refund, 'broken again']")


def test_it_tells_what_would_be_more_fewer_and_different(kept: Any) -> None:
    text = REFUNDS.replace(
        "  - name: default",
        """  - name: cups
    when: {text: {any_of: [cups]}}
    then: {ignore: praise}
  - name: default""",
    )
    found = kept.json("backtest", "--rules", draft(kept, text))
    assert (found["messages"], found["more"], found["fewer"], found["different"]) == (4, 1, 1, 1)
    assert found["before"] == {"escalate": 2, "ignore": 2}
    assert found["after"] == {"escalate": 2, "ignore": 2}
    ends = {
        row["text"]: (row["kind"], row["before"]["rule"], row["after"]["rule"])
        for row in found["rows"]
    }
    assert ends == {
        "It is broken": ("fewer", "broken", "default"),
        "I want a refund": ("more", "default", "broken"),
        "Lovely cups": ("different", "default", "cups"),
    }
    code, out, _ = kept.run("backtest", "--rules", draft(kept, text))
    assert code == 0
    assert "more: 1 would be a ticket, and was none" in out
    assert '"I want a refund"' in out
    assert "default: ignore nothing-to-do -> broken: escalate high" in out


def test_another_target_is_told_where_there_is_a_ticket_and_nowhere_else(kept: Any) -> None:
    text = "target: {first_answer: 30m, on_breach: {tags: [late]}}\n" + OLD
    found = kept.json("backtest", "--rules", draft(kept, text))
    assert (found["more"], found["fewer"], found["different"]) == (0, 0, 2)
    assert found["rows"][0]["after"]["promise"]["target"]["first_answer"] == 1800
    _, out, _ = kept.run("backtest", "--rules", draft(kept, text))
    assert (
        "escalate high, answer in 1 h -> broken: escalate high, answer in 30 min, steps: 1" in out
    )


def test_the_same_rules_change_nothing(kept: Any) -> None:
    code, out, _ = kept.run("backtest")
    assert code == 0
    assert "4 messages" in out
    assert "In force: the files of the mappings: no worker has started" in out
    assert "Nothing would be different." in out


def test_what_is_in_force_is_compared_not_what_the_files_say(kept: Any) -> None:
    kept.run("rules", "publish", draft(kept, REFUNDS))
    found = kept.json("backtest")  # the files, against what was published
    assert (found["more"], found["fewer"]) == (1, 1)
    assert found["version"] == kept.json("rules", "show")["version"]
    assert (found["in_force"]["n"], found["in_force"]["origin"]) == ("1", "published")
    assert "In force: version 1 (" in kept.run("backtest")[1]


def test_what_was_found_out_then_is_not_asked_again(kept: Any) -> None:
    """A rule that asks the same as then has the same answer; one that asks otherwise is asked."""
    kept.run("rules", "publish", draft(kept, OLD))
    version = kept.json("rules", "show")["version"]
    for eid, held in (("e0", False), ("e2", True)):  # what the words alone would not give
        tried = [{"rule": "broken", "matched": held}, {"rule": "default", "matched": True}]
        slip = receipt.pack({"v": 1, "rules_hash": version, "tried": tried})
        kept.store.client.hset(f"bridge:e:{eid}", "receipt", slip)
    found = kept.json("backtest", "--rules", draft(kept, OLD))
    assert (found["before"], found["rows"]) == ({"ignore": 2, "escalate": 2}, [])
    found = kept.json("backtest", "--rules", draft(kept, OLD.replace("[broken]", "[broken, x]")))
    assert {row["text"]: row["kind"] for row in found["rows"]} == {
        "It is broken": "more", "I want a refund": "fewer",
    }  # fmt: skip


def test_a_signal_that_was_read_is_not_read_again_also_where_it_was_unknown(house: Any) -> None:
    rules = OLD.replace("text: {any_of: [broken]}", "language: {unknown: true}")
    (house.folder / "mappings" / "rules.yaml").write_text(rules, "utf-8")
    told(house, 1, "Where are all the lovely cups that I saw here?")
    slip = {"v": 1, "tried": [{"rule": "default", "matched": True}], "signals": {"language": None}}
    house.store.client.hset("bridge:e:e1", "receipt", receipt.pack(slip))
    assert house.json("backtest")["after"] == {"escalate": 1}


def test_rules_with_mistakes_are_refused(kept: Any) -> None:
    code, _, err = kept.run("backtest", "--rules", draft(kept, OLD.replace("when:", "wenn:")))
    assert code == 1
    assert "draft.yaml:" in err


@pytest.mark.parametrize("length", ["", "30", "d", "0d", "30 dais", "-1d"])
def test_a_length_that_is_none_is_refused(kept: Any, length: str) -> None:
    code, _, err = kept.run("backtest", f"--since={length}")
    assert code == 2
    assert "30d" in err


def test_what_is_older_is_left_out(kept: Any) -> None:
    then = int((NOW - timedelta(days=40)).timestamp() * 1000)
    kept.store.client.hset("bridge:e:e0", "at", then)
    assert kept.json("backtest")["messages"] == 3
    assert kept.json("backtest", "--since", "6w")["messages"] == 4


def test_what_was_known_then_counts(house: Any) -> None:
    text = OLD.replace("text: {any_of: [broken]}", "author.label: [vip]")
    (house.folder / "mappings" / "rules.yaml").write_text(text, "utf-8")
    told(house, 1, "hello", {"author.label": ["vip"]})
    told(house, 2, "hello")
    assert house.json("backtest")["after"] == {"escalate": 1, "ignore": 1}


def test_messages_that_joined_a_ticket_and_our_own_are_not_decided_anew(kept: Any) -> None:
    told(kept, 10, "ours", own=True)
    told(kept, 11, "gone", change=Change.DELETED)
    slip = receipt.pack({"v": 1, "outcome": "append"})
    fields = {"k": "m", "doc": json.dumps(message_out(message(12, "more"))), "receipt": slip}
    kept.store.record("", "meta", [{"e": "e12", "state": "done", "lane": "", "f": fields}])
    damaged = {"k": "m", "doc": '{"v": 1}', "receipt": slip}
    kept.store.record("", "meta", [{"e": "e13", "state": "done", "lane": "", "f": damaged}])
    found = kept.json("backtest")
    assert (found["messages"], found["joined"], found["unread"]) == (4, 1, 1)
    assert "1 more went on a ticket there was" in kept.run("backtest")[1]
    assert found["rerouted"] == {}
    more = OLD.replace("rules:\n", 'rules:\n  - name: more\n    when: {text: {any_of: [more]}}\n'
                       "    then: {escalate: {priority: urgent, reroute: true}}\n")  # fmt: skip
    file = draft(kept, more)
    assert kept.json("backtest", "--rules", file)["rerouted"] == {"more": 1}
    told_so = kept.run("backtest", "--rules", file)[1]
    assert "1 of them would have the ticket routed anew by more, once each ticket" in told_so


def test_many_are_shared_among_processors(kept: Any) -> None:
    rows = []
    for number in range(1100):
        said = message(1000 + number, f"number {number} is broken")
        slip = receipt.pack({"v": 1, "tried": []})
        fields = {"k": "m", "doc": json.dumps(message_out(said)), "receipt": slip}
        rows.append({"e": f"m{number}", "state": "done", "lane": "", "f": fields})
    kept.store.record("", "meta", rows)
    found = kept.json("backtest", "--rules", draft(kept, OLD.replace("[broken]", "[nothing]")))
    assert (found["messages"], found["fewer"]) == (1104, 1102)
    out = kept.run("backtest", "--rules", draft(kept, OLD.replace("[broken]", "[nothing]")))[1]
    assert "and 1,092 earlier ones: --all lists them" in out


CALENDARS = """calendars:
  default: {time_zone: UTC, hours: {mon-sun: "09:00-17:00"}}
"""


def test_a_message_is_judged_by_the_clock_of_when_it_was_said(house: Any) -> None:
    (house.folder / "mappings" / "rules.yaml").write_text(OLD, "utf-8")
    (house.folder / "mappings" / "calendars.yaml").write_text(CALENDARS, "utf-8")
    for number, hour in enumerate((3, 12)):
        at = NOW.replace(hour=hour) - timedelta(days=2)
        said = message(number, f"hello at {hour}")
        doc = {**message_out(said), "at": at.isoformat()}
        slip = receipt.pack({"v": 1, "tried": []})
        fields = {"k": "m", "doc": json.dumps(doc), "receipt": slip}
        row = {"e": f"e{number}", "state": "done", "lane": "", "f": fields}
        house.store.record("", "meta", [row])
    text = OLD.replace("text: {any_of: [broken]}", "business_hours: closed")
    found = house.json("backtest", "--rules", draft(house, text))
    assert [row["text"] for row in found["rows"]] == ["hello at 3"]


CROWD = """crowds:
  - name: complaints
    when: {text: {any_of: [broken, refund]}}
    over: 15m
    at_least: %d
    then: {incident: {}}
"""


def test_it_tells_which_incidents_a_crowd_would_have_opened(kept: Any) -> None:
    file = draft(kept, OLD + CROWD % 3)
    (one,) = kept.json("backtest", "--rules", file)["incidents"]
    assert (one["crowd"], one["at"], one["messages"]) == ("complaints", "", 3)
    assert one["begun"][:16] == NOW.isoformat()[:16]
    _, out, _ = kept.run("backtest", "--rules", file)
    assert "incidents: 1 would have been opened" in out
    assert "complaints, 3 messages" in out


def test_it_tells_when_more_tickets_than_a_minute_may_have_would_have_been_wanted(
    kept: Any,
) -> None:
    limits = "limits: {escalations_per_minute: %d, overflow: {incident: {}}}"
    (one,) = kept.json("backtest", "--rules", draft(kept, OLD + limits % 1))["incidents"]
    assert one["crowd"] == "overflow"
    assert one["messages"] >= 2
    file = draft(kept, OLD + limits % 1000)
    assert kept.json("backtest", "--rules", file)["incidents"] == []


def test_too_few_open_none(kept: Any) -> None:
    file = draft(kept, OLD + CROWD % 4)
    assert kept.json("backtest", "--rules", file)["incidents"] == []
    assert "incidents" not in kept.run("backtest", "--rules", file)[1]
