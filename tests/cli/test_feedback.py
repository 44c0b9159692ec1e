"""`bridge feedback`, `summary`, `ambassadors` and `unanswered`, of what a worker has decided."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

RULES = """rules:
  - name: delivery
    when: {text: {any_of: [courier, "=1"]}}
    then: {feedback: delivery}
  - name: dear
    when: {text: {any_of: [price]}}
    then: {feedback: [price, shop], continue: true}
  - name: broken
    when: {text: {any_of: [broken]}}
    then: {escalate: {priority: low}}
  - name: angry
    when: {text: {any_of: [grr]}}
    then: {label: angry}
  - name: default
    then: {ignore: nothing-to-do}
"""


@pytest.fixture
def shop(town: Any) -> Any:
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    said = (
        "the courier was wonderful", "a high price for a broken cup", "=1+1 courier", "grr", "lovely weather",
    )  # fmt: skip
    for number, text in enumerate(said, 2):
        town.comment(text, str(number), person=str(30 + number))
    town.work()
    return town


def test_feedback_is_exported_with_topic_mood_and_link_and_without_words(shop: Any) -> None:
    rows = shop.json("feedback")["feedback"]
    topics = {tuple(row["topics"]) for row in rows}
    assert (len(rows), topics) == (3, {("delivery",), ("price", "shop")})
    kind = next(row for row in rows if row["mood"] == "positive")
    assert kind["topics"] == ["delivery"]
    assert kind["link"]
    (dear,) = [row for row in rows if row["topics"] == ["price", "shop"]]
    assert dear["ticket"]
    assert "courier" not in json.dumps(rows)
    assert "Nowak" not in json.dumps(rows)
    assert [row["topics"] for row in shop.json("feedback", "--topic", "shop")["feedback"]] == [
        ["price", "shop"]
    ]
    code, out, _ = shop.run("feedback")
    assert code == 0
    assert "3 in all: delivery 2, price 1, shop 1" in out
    assert "courier was" not in out
    assert '"the courier was wonderful"' in shop.run("feedback", "--texts")[1]


def test_a_table_programme_calculates_nothing_of_what_strangers_wrote(shop: Any) -> None:
    out = shop.run("feedback", "--format", "csv", "--texts")[1]
    rows = list(csv.DictReader(io.StringIO(out)))
    texts = {row["text"] for row in rows}
    assert "'=1+1 courier" in texts
    assert not [text for text in texts if text[:1] in "=+-@"]
    assert {row["topics"] for row in rows} == {"delivery", "price shop"}
    assert "text" not in shop.run("feedback", "--format", "csv")[1].splitlines()[0]


def test_a_summary_adds_up(shop: Any) -> None:
    told = shop.json("summary")
    assert told["messages"] == 5 == sum(told["ends"].values())
    assert told["ends"] == {"feedback": 2, "ticket": 1, "nothing": 1, "ignored": 1}
    assert {one["topic"]: one["messages"] for one in told["topics"]} == {
        "delivery": 2, "price": 1, "shop": 1,
    }  # fmt: skip
    assert {one["before"] for one in told["topics"]} == {0}
    out = shop.run("summary")[1]
    assert "topic delivery: 2 (before: 0)" in out
    assert "facebook: 5, 1 on tickets" in out
    assert "ignored: nothing-to-do 1" in out


def test_more_than_is_kept_is_said_and_not_compared(shop: Any) -> None:
    code, _, err = shop.run("summary", "--since", "40d")
    assert code == 0
    assert "kept for 30 days" in err
    assert shop.json("summary", "--since", "20d")["topics"][0]["before"] is None


def test_who_wrote_kindly_again_and_again_may_become_an_ambassador(shop: Any) -> None:
    assert "nobody" in shop.run("ambassadors")[1]
    for number in range(3):
        shop.comment("I love this shop, wonderful!", f"9{number}", person="77")
    shop.work()
    (row,) = shop.json("ambassadors")["ambassadors"]
    assert (row["id"], row["positive"], row["followers"]) == ("77", 3, None)
    assert "reach unknown" in shop.run("ambassadors")[1]
    assert shop.json("ambassadors", "--least", "4")["ambassadors"] == []
    assert shop.run("ambassadors", "--least", "0")[0] == 2


def test_what_nobody_looked_after_is_listed_with_why(shop: Any) -> None:
    told = shop.json("unanswered", "--since", "2w")
    assert [one["why"] for one in told["items"]] == ["no rule asks for anything"]
    assert len(told["tickets"]) == 1
    out = shop.run("unanswered")[1]
    assert "no rule asks for anything" in out
    assert "the customer on facebook waits" in out
    assert "grr" not in out
    assert '"grr"' in shop.run("unanswered", "--texts")[1]


def test_of_nothing_there_is_nothing_to_say(house: Any) -> None:
    assert (
        "nothing as feedback" in house.run("feedback")[1] or "no rule" in house.run("feedback")[1]
    )
    assert house.run("unanswered") == (0, "nobody waits for longer than 1 day\n", "")
    _, out, _ = house.run("unanswered", "--older", "30m")
    assert out == "nobody waits for longer than 30 minutes\n"
    assert house.json("summary")["messages"] == 0
    assert house.run("feedback", "--since", "soon")[0] == 2
