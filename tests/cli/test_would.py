"""What `explain` says would come of a payload: the ticket, the words, and which rules are in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bridge.config import load_replies
from bridge.sandbox.wires import PAGE_ID

RULES = """rules:
  - name: refund
    when: {text: {any_of: [refund, zwrotu]}}
    then:
      escalate: {priority: urgent, group: Refunds, tags: [Refund]}
      reply: {public: acknowledged}
  - name: default
    then: {ignore: nothing-to-do}
"""
GROUPS = ("groups: {}", "groups: {Refunds: 360001}")


def payload(house: Any, text: str, page: str = PAGE_ID) -> str:
    """A file with a comment as Meta sends it."""
    value = {
        "item": "comment", "verb": "add", "comment_id": f"{page}_9", "post_id": f"{page}_1",
        "parent_id": f"{page}_1", "created_time": 1764000000, "message": text,
        "from": {"id": "31", "name": "Ana Nowak"},
    }  # fmt: skip
    entry = {"id": page, "time": 1764000000, "changes": [{"field": "feed", "value": value}]}
    file: Path = house.folder / "comment.json"
    file.write_text(json.dumps({"object": "page", "entry": [entry]}), "utf-8")
    return str(file)


def given(house: Any) -> None:
    """Rules that escalate and answer, and a group that Zendesk's map knows."""
    mappings = house.folder / "mappings"
    (mappings / "rules.yaml").write_text(RULES, "utf-8")
    desk = mappings / "zendesk.yaml"
    text = desk.read_text("utf-8")
    assert GROUPS[0] in text
    desk.write_text(text.replace(*GROUPS), "utf-8")


def test_the_ticket_is_told_in_the_words_of_its_helpdesk(bare: Any) -> None:
    given(bare)
    file = payload(bare, "I want a refund")
    ticket = bare.json("explain", "meta", file)["ticket"]
    assert ticket["helpdesk"] == "zendesk"
    assert ticket["subject"] == 'Facebook comment from Ana Nowak: "I want a refund"'
    assert (ticket["priority"], ticket["group"]) == ("urgent", "360001")
    assert ticket["tags"] == ["bridge", "facebook", "comment", "refund"]
    out = bare.run("explain", "meta", file)[1]
    assert 'in zendesk: Facebook comment from Ana Nowak: "I want a refund"\n' in out
    assert "priority urgent; group 360001; tags bridge, facebook, comment, refund" in out


def test_what_the_map_has_no_word_for_is_told(bare: Any) -> None:
    given(bare)
    desk = bare.folder / "mappings" / "zendesk.yaml"
    desk.write_text(desk.read_text("utf-8").replace(GROUPS[1], GROUPS[0]), "utf-8")
    (bare.folder / "mappings" / "rules.yaml").write_text(
        RULES.replace("Refunds", "360009"), "utf-8"
    )
    rules = bare.folder / "other.yaml"
    rules.write_text(RULES.replace("Refunds", "Complaints"), "utf-8")
    file = payload(bare, "I want a refund")
    assert bare.json("explain", "meta", file)["ticket"]["group"] == "360009"
    ticket = bare.json("explain", "meta", file, "--rules", str(rules))["ticket"]
    assert (ticket["group"], ticket["unknown"]) == (None, ["group Complaints"])
    out = bare.run("explain", "meta", file, "--rules", str(rules))[1]
    assert "not set, as the helpdesk's map has no word for it: group Complaints" in out


def test_the_words_are_those_that_would_be_said_with_language_and_variant(bare: Any) -> None:
    given(bare)
    file = payload(bare, "Czy mogę prosić o zwrot zwrotu pieniędzy, bo jest już za późno")
    (one,) = bare.json("explain", "meta", file)["replies"]
    kind, number, _, of = str(one["variant"]).split()
    assert (one["language"], kind) == ("pl", "named")
    assert 1 <= int(number) <= int(of)
    texts = load_replies(bare.folder / "mappings").texts["pl"]["acknowledged"]
    chosen = [variant.text for variant in texts if variant.named][int(number) - 1]
    assert chosen.replace("{first_name}", "Ana") == one["text"]
    out = bare.run("explain", "meta", file)[1]
    assert "says in public (acknowledged): " in out
    assert f"[pl, named {number} of {of}]\n" in out


def test_what_a_person_has_to_approve_is_told(bare: Any) -> None:
    given(bare)
    held = RULES.replace("acknowledged}", "acknowledged, approve: true}\n      approve: public")
    rules = bare.folder / "mappings" / "rules.yaml"
    rules.write_text(held, "utf-8")
    file = payload(bare, "I want a refund")
    out = bare.run("explain", "meta", file)[1]
    assert "says in public (acknowledged, once a person has approved it): " in out
    assert "lets agents' public answers wait until another agent approves them (refund)" in out
    told = bare.json("explain", "meta", file)
    assert (told["approve"], told["replies"][0]["approve"]) == ("refund", True)
    rules.write_text(RULES, "utf-8")
    told = bare.json("explain", "meta", file)
    assert (told["approve"], told["replies"][0]["approve"]) == (None, False)


def test_what_opens_no_ticket_tells_of_none(bare: Any) -> None:
    given(bare)
    file = payload(bare, "lovely cups")
    assert bare.json("explain", "meta", file)["ticket"] is None
    assert "in zendesk" not in bare.run("explain", "meta", file)[1]


def test_a_page_nobody_has_configured_has_a_ticket_where_there_is_one_helpdesk(bare: Any) -> None:
    given(bare)
    assert bare.json("explain", "meta", payload(bare, "refund", "77"))["ticket"]["helpdesk"] is None
    connections = bare.folder / "mappings" / "connections.yaml"
    text = connections.read_text("utf-8")
    start = text.index("  freshdesk:\n")
    end = text.index("  zendesk:\n")
    cut = text[:start] + text[end:]
    connections.write_text(cut.replace("helpdesk: freshdesk", "helpdesk: zendesk"), "utf-8")
    found = bare.json("explain", "meta", payload(bare, "refund", "77"))
    assert found["ticket"]["helpdesk"] == "zendesk"


def test_mistakes_in_other_files_do_not_hide_the_decision(bare: Any) -> None:
    given(bare)
    (bare.folder / "mappings" / "freshdesk.yaml").write_text("debounce: [\n")
    found = bare.json("explain", "meta", payload(bare, "I want a refund"))
    assert (found["rule"], found["ticket"]["helpdesk"]) == ("refund", None)
    code, _, err = bare.run("explain", "--text", "refund")
    assert code == 0
    assert "freshdesk.yaml:" in err
    assert "told without accounts, helpdesks and business hours" in err


def test_which_rules_are_in_force_is_told_where_a_redis_answers(house: Any, bare: Any) -> None:
    given(house)
    file = payload(house, "lovely cups")
    assert house.json("explain", "meta", file)["in_force"] is None
    assert "in force" not in house.run("check")[1]
    house.run("rules", "files", "--author", "Ewa", "--note", "a start")
    in_force = house.json("explain", "meta", file)["in_force"]
    assert (in_force["n"], in_force["author"], in_force["same"]) == (1, "Ewa", True)
    out = house.run("explain", "meta", file)[1]
    assert out.startswith("The rules of mappings/rules.yaml are in force: version 1 (")
    assert "from the files by Ewa, since 20" in out
    assert "These files are in force: version 1 (" in house.run("check")[1]
    draft = house.folder / "draft.yaml"
    draft.write_text(RULES.replace("urgent", "high"), "utf-8")
    house.run("rules", "publish", str(draft), "--author", "Tom")
    out = house.run("explain", "meta", file)[1]
    assert out.startswith("The rules of mappings/rules.yaml are not in force: version 2 (")
    assert "published by Tom" in out
    assert "These files are not in force: version 2 (" in house.run("check")[1]
    assert house.json("check")["in_force"]["same"] is False
    assert house.json("explain", "meta", file, "--rules", str(draft))["in_force"]["same"] is True


def test_a_redis_that_does_not_answer_is_no_mistake_of_the_files(
    bare: Any, monkeypatch: Any
) -> None:
    given(bare)
    monkeypatch.setenv("BRIDGE_REDIS_URL", "redis://127.0.0.1:1/0")
    assert bare.json("check")["in_force"] is None
    assert bare.json("explain", "--text", "refund")["in_force"] is None
