"""`bridge rules`: what is in force, others, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

RULES = """rules:
  - name: wanted
    when: {{text: {{any_of: ["{word}"]}}}}
    then: {{escalate: {{priority: high}}}}
    examples:
      - {{text: "my {example} here", gives: wanted}}
  - name: default
    then: {{ignore: nothing-to-do}}
"""


def draft(house: Any, word: str, example: str = "") -> str:
    file: Path = house.folder / f"{word}.yaml"
    file.write_text(RULES.format(word=word, example=example or word), "utf-8")
    return str(file)


def test_before_anything_ran_there_is_nothing_in_force(house: Any) -> None:
    code, out, _ = house.run("rules", "show")
    assert code == 0
    assert "No worker has started" in out
    assert house.run("rules", "history")[1] == "no version was ever in force with this Redis\n"


def test_what_is_published_is_shown_with_who_and_why(house: Any) -> None:
    code, out, err = house.run(
        "rules", "publish", draft(house, "boat"), "--author", "Ewa", "--note", "why"
    )
    assert (code, err) == (0, "")
    assert "Version 1 " in out
    told = house.json("rules", "show")
    assert (told["n"], told["origin"], told["author"], told["note"]) == (
        "1",
        "published",
        "Ewa",
        "why",
    )
    assert told["same"] is False
    assert "others" in house.run("rules", "show")[1]
    assert 'any_of: ["boat"]' in house.run("rules", "show", "--text")[1]
    assert house.json("status")["rules"]["n"] == 1
    assert "version 1 (" in house.run("status")[1]


def test_rules_with_mistakes_are_refused_by_file_and_line(house: Any) -> None:
    wrong = house.folder / "wrong.yaml"
    wrong.write_text("rules:\n  - name: default\n    then: {ignroe: x}\n", "utf-8")
    code, _, err = house.run("rules", "publish", str(wrong))
    assert code == 1
    assert "wrong.yaml:3" in err
    assert "'ignore'" in err
    assert house.json("rules", "show").get("n") is None


def test_rules_whose_examples_fail_are_refused(house: Any) -> None:
    code, _, err = house.run("rules", "publish", draft(house, "boat", "train"))
    assert code == 1
    assert "boat.yaml:6" in err
    assert "not wanted" in err


@pytest.mark.parametrize("words", [("publish", "nowhere.yaml"), ("rollback", "7"), ("diff", "7")])
def test_what_there_is_none_of_is_refused(house: Any, words: tuple[str, ...]) -> None:
    code, _, err = house.run("rules", *words)
    assert code == 1
    assert words[1] in err


def test_the_same_again_is_said(house: Any) -> None:
    file = draft(house, "boat")
    house.run("rules", "publish", file)
    assert "in force already" in house.run("rules", "publish", file)[1]
    assert len(house.json("rules", "history")) == 1


def test_back_and_to_the_files(house: Any) -> None:
    house.run("rules", "publish", draft(house, "boat"))
    house.run("rules", "publish", draft(house, "train"))
    code, out, _ = house.run("rules", "rollback", "1")
    assert (code, "Version 3 " in out) == (0, True)
    assert "boat" in house.run("rules", "show", "--text")[1]
    code, out, _ = house.run("rules", "files")
    assert (code, "version 4" in out) == (0, True)
    assert house.json("rules", "show")["same"] is True
    history = house.json("rules", "history")
    assert [(row["n"], row["origin"]) for row in history] == [
        (4, "files"), (3, "published"), (2, "published"), (1, "published"),
    ]  # fmt: skip
    assert history[1]["note"] == "back to version 1"


def test_a_diff_shows_what_changed(house: Any) -> None:
    house.run("rules", "publish", draft(house, "boat"))
    house.run("rules", "publish", draft(house, "train"))
    _, out, _ = house.run("rules", "diff", "1", "2")
    assert '-    when: {text: {any_of: ["boat"]}}' in out
    assert '+    when: {text: {any_of: ["train"]}}' in out
    assert house.run("rules", "diff", "2")[1] == ""
    _, out, _ = house.run("rules", "diff", draft(house, "plane"))
    assert '+    when: {text: {any_of: ["train"]}}' in out
