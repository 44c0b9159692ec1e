"""`bridge report`: what came of messages, in numbers, of what a worker has decided and done."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.people import feed, page
from support.town import agent_says, agent_sets

RULES = """rules:
  - name: broken
    when: {text: {any_of: [broken]}}
    then: {escalate: {priority: low}, reply: {public: acknowledged}}
  - name: price
    when: {text: {any_of: [price]}}
    then: {ignore: price}
  - name: default
    then: {ignore: nothing-to-do}
"""
WORDS = "This is terrible, my cup is broken"
LINK = "https://www.facebook.com/acme/posts/1"


def says(town: Any, ident: str, text: str, ago: float = 0, **more: Any) -> None:
    """A comment that was written *ago* seconds ago."""
    at = int(time.time() - ago)
    value = feed(ident, text, created_time=at, post={"id": "1_1", "permalink_url": LINK}, **more)
    body = {"object": "page", "entry": [page(value)]}
    town.deliver("meta", json.dumps(body).encode(), f"d-{ident}")


@pytest.fixture
def month(town: Any, sandbox: Any) -> Any:
    """A complaint that was answered, solved, opened again by who complained, and solved; a question; kind words."""
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    desk = town.folder / "mappings" / "zendesk.yaml"
    desk.write_text(re.sub(r"(?m)^debounce:.*", "debounce: 3600", desk.read_text("utf-8")), "utf-8")
    made = sandbox.post("customer/comment", {"text": WORDS, "person": "Ana"})
    ana = {"from": {"id": made["person_id"], "name": "Ana"}}
    says(town, "1", WORDS, 600, comment_id=made["id"], **ana)
    says(town, "2", "what a price")
    says(town, "3", "such lovely, wonderful cups")
    town.work()
    (ticket,) = (one["ticket"] for one in sandbox.record("ticket"))
    agent_says(town, ticket, "We are sorry.")
    town.work()
    now = datetime.now(UTC)
    agent_sets(town, ticket, "OPEN", "SOLVED", now - timedelta(seconds=1))
    town.work()
    below = f"{made['id'].partition('_')[0]}_9"
    says(town, "4", "Still broken!", comment_id=below, parent_id=made["id"], **ana)
    town.work()
    agent_sets(town, ticket, "PENDING", "SOLVED", now + timedelta(hours=2))
    town.work()
    return town


def test_all_that_followed_is_counted_where_it_began(month: Any) -> None:
    told = month.json("report")
    (row,) = told["groups"]
    assert {**row, "group": "all"} == told["all"]
    assert row["group"] == "facebook"
    ends = {"escalated": 1, "appended": 1, "ignored": 2}
    assert (row["messages"], {name: row[name] for name in ends}) == (4, ends)
    assert row["ignored_because"] == {"nothing-to-do": 1, "price": 1}
    assert (row["promised"], row["in_time"], row["late"], row["in_time_share"]) == (2, 1, 0, 1.0)
    assert (row["answers"], row["overdue"]) == (1, 0)
    assert 600 <= row["answer_median"] == row["answer_p90"] < 1200
    assert row["business_median"] <= row["answer_median"]
    assert 7200 < row["solved_median"] < 9000  # for good, not for the first time
    assert (row["tickets"], row["solved"], row["reopened"]) == (1, 1, 1)
    assert (row["automatic"], row["failed_because"]) == (1, {})
    assert row["found_after_p90"] >= 600
    says(month, "5", "broken, too")  # below nothing that the platform knows
    month.work()
    row = month.json("report")["all"]
    assert (row["automatic"], row["failed"], row["failed_because"]) == (1, 1, {"not_found": 1})


def test_each_mood_and_rule_has_its_row_and_what_is_not_known_a_dash(month: Any) -> None:
    told = month.json("report", "--by", "mood")
    rows = {row["group"]: row for row in told["groups"]}
    assert rows["negative"]["answers"] == 1
    assert rows["positive"]["answer_median"] is None
    assert (told["rest"]["answers"], told["rest"]["answer_median"]) == (0, None)
    assert told["rest"]["messages"] + rows["negative"]["messages"] == 4
    rules = {row["group"]: row for row in month.json("report", "--by", "rule")["groups"]}
    assert rules["broken"]["messages"] == 2  # what came on its ticket, too
    assert (rules["price"]["messages"], rules["price"]["reopened"]) == (1, None)
    desks = {
        row["group"]: row["messages"] for row in month.json("report", "--by", "desk")["groups"]
    }
    assert desks == {"zendesk": 2, None: 2}
    out = month.run("report", "--by", "rule")[1].splitlines()
    assert out[0].startswith("4 messages from ")
    price = next(line.split() for line in out if line.startswith("price"))
    in_time, answers, reopened = price[6], price[8:13], price[13]
    assert (in_time, answers, reopened) == ("—", ["—"] * 5, "—")
    assert "ignored: nothing-to-do 1, price 1" in out


def test_a_row_for_each_post_with_its_link_and_nothing_of_the_customers(month: Any) -> None:
    code, out, _ = month.run("report", "--by", "post", "--format", "csv")
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["group"], row["link"], row["messages"]) == ("facebook:1_1", LINK, "4")
    assert (row["ignored_because"], row["failed_because"]) == ("nothing-to-do 1, price 1", "")
    assert (row["escalated"], row["business_p90"] != "") == ("1", True)
    assert "link" not in month.run("report", "--format", "csv")[1].splitlines()[0]
    for form in ("csv", "json", "table"):
        for by in ("post", "channel", "rule", "mood", "desk", "kind"):
            out = month.run("report", "--by", by, "--format", form)[1]
            assert "Ana" not in out
            assert "cup" not in out


def test_of_nothing_there_are_no_numbers(house: Any) -> None:
    told = house.json("report")
    assert (told["groups"], told["all"]["messages"]) == ([], 0)
    assert told["all"]["negative_share"] is None
    assert house.run("report", "--by", "author")[0] == 2
    assert "kept for 30 days" in house.run("report", "--since", "40d")[2]
    assert "BRIDGE_KEEP_DAYS" in house.run("report", "--help")[1]
