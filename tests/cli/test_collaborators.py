"""Colleagues whom a rule brings in hear of the ticket in its helpdesk; the customer hears nothing from there."""

from __future__ import annotations

from typing import Any

RULES = """rules:
  - name: press
    when: {text: {any_of: [journalist]}}
    then: {escalate: {collaborators: [sam@acme.example, press@agency.example]}}
  - name: frost
    when: {text: {any_of: [frosty]}}
    then: {escalate: {helpdesk: freshdesk, collaborators: [press@agency.example]}}
  - name: default
    then: {escalate: {}}
"""


def test_agents_follow_in_zendesk_and_anybody_is_in_copy_in_freshdesk(
    town: Any, sandbox: Any
) -> None:
    (town.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    for number, text in enumerate(("I am a journalist", "It is frosty", "It is broken")):
        town.comment(text, f"9{number}", f"3{number}")
    town.work()
    press, broken = sorted(sandbox.record("ticket", system="zendesk"), key=lambda one: one["text"])
    assert (press["followers"], broken["followers"]) == (["sam@acme.example"], [])
    notes = [one["text"] for one in sandbox.record("ticket_comment", public=False)]
    told = [one for one in notes if "Not all of these could be added to the ticket" in one]
    assert len(told) == 1
    assert "sam@acme.example, press@agency.example. Tell them yourself" in told[0]
    (frosty,) = sandbox.record("ticket", system="freshdesk")
    assert frosty["cc_emails"] == ["press@agency.example"]
    assert sandbox.record("email_sent") == []


def test_a_draft_tells_whom_it_would_bring_in(bare: Any) -> None:
    (bare.folder / "mappings" / "rules.yaml").write_text(RULES, "utf-8")
    out = bare.run("explain", "--text", "I am a journalist")[1]
    assert "collaborators sam@acme.example, press@agency.example (rule press)" in out
    told = bare.json("explain", "--text", "I am a journalist")["escalation"]
    assert told["collaborators"] == ["sam@acme.example", "press@agency.example"]
