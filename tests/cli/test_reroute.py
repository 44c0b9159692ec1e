"""A rule with `reroute` moves a ticket that is open already, unless somebody has taken it over."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.config.plain import parse
from bridge.config.rulebook import rules_of
from bridge.config.schemas import RULES as RULE_FILE
from bridge.core import telling
from bridge.core.facts import View
from bridge.core.rules import rerouting
from bridge.sandbox.desk_records import AGENT_ID
from bridge.sandbox.desk_records import GROUPS as ZENDESK
from bridge.sandbox.fresh_fields import GROUPS as FRESHDESK
from bridge.sandbox.wires import FRESHDESK_API_KEY, ZENDESK_API_TOKEN, ZENDESK_EMAIL
from bridge.wiring import now

RULES = """\
rules:
  - name: legal
    when: {text: {any_of: [lawyer, "prawnik*"]}}
    then: {escalate: {group: Refunds, priority: urgent, tags: [legal], reroute: true}}
  - name: press
    when: {text: {any_of: [journalist]}}
    then: {escalate: {group: Refunds, reroute: true}}
  - name: money
    when: {text: {any_of: [refund]}}
    then: {escalate: {group: Refunds}}
  - name: everything
    then: {escalate: {group: Support, priority: low}}
"""


@dataclass
class Desk:
    """One of the helpdesks, as its own agents see it."""

    name: str
    town: Any
    sandbox: Any

    @property
    def groups(self) -> dict[str, int]:
        ids = ZENDESK if self.name == "zendesk" else FRESHDESK
        return {name: number for number, name in ids.items()}

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        zendesk = self.name == "zendesk"
        answer = self.sandbox.http.request(
            method,
            f"{self.sandbox.url}/{self.name}/api/v2/{path}",
            json=({"ticket": body} if zendesk else body) if body else None,
            auth=(f"{ZENDESK_EMAIL}/token", ZENDESK_API_TOKEN)
            if zendesk
            else (FRESHDESK_API_KEY, "X"),
        )
        assert answer.ok, answer.text
        return answer.json()["ticket"] if zendesk else answer.json()

    def comment(self, text: str, ident: str, under: str = "1") -> None:
        self.town.comment(text, ident, under=under)
        self.town.work()

    @property
    def ticket(self) -> int:
        (opened,) = self.sandbox.record("ticket")
        return int(opened["ticket"])

    @property
    def state(self) -> tuple[str | None, str]:
        """The group and the priority of the ticket, in words of rules."""
        now = self.call("GET", f"tickets/{self.ticket}")
        names = {number: name for name, number in self.groups.items()}
        words = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
        return names.get(now["group_id"]), words.get(now["priority"], now["priority"])

    @property
    def notes(self) -> list[str]:
        """The notes that tell why the ticket was moved, or was not."""
        said = [one["text"] for one in self.sandbox.record("ticket_comment", public=False)]
        bare = [re.sub("<[^>]+>", "", one).partition("bridge ref")[0].strip() for one in said]
        return [one for one in bare if one.startswith("What came last")]

    def give_to_an_agent(self) -> None:
        if self.name == "zendesk":
            self.call("PUT", f"tickets/{self.ticket}", {"assignee_id": AGENT_ID})
            return
        answer = self.sandbox.http.get(
            f"{self.sandbox.url}/freshdesk/api/v2/agents", auth=(FRESHDESK_API_KEY, "X")
        )
        agent = answer.json()[0]["id"]
        self.call("PUT", f"tickets/{self.ticket}", {"responder_id": agent})

    def move(self, group: str) -> None:
        self.call("PUT", f"tickets/{self.ticket}", {"group_id": self.groups[group]})

    def route(self) -> None:
        """Let the map know the groups."""
        words = self.town.folder / "mappings" / f"{self.name}.yaml"
        groups = ", ".join(f"{name}: {number}" for name, number in self.groups.items())
        words.write_text(words.read_text().replace("groups: {}", f"groups: {{{groups}}}"))

    def rewrite(self, rules: str) -> None:
        (self.town.folder / "mappings" / "rules.yaml").write_text(rules)


def opened(name: str, town: Any, sandbox: Any) -> Desk:
    """A helpdesk with an open ticket in the group Support."""
    made = Desk(name, town, sandbox)
    wires = town.folder / "mappings" / "connections.yaml"
    wires.write_text(wires.read_text().replace("helpdesk: zendesk", f"helpdesk: {name}"))
    made.route()
    made.rewrite(RULES)
    made.comment("Where is my coffee?", "31")
    assert made.state == ("Support", "low")
    return made


@pytest.fixture(params=["zendesk", "freshdesk"])
def either(request: Any, town: Any, sandbox: Any) -> Desk:
    return opened(request.param, town, sandbox)


@pytest.fixture
def desk(town: Any, sandbox: Any) -> Desk:
    return opened("zendesk", town, sandbox)


def test_later_words_move_the_ticket_once_and_a_note_says_why(either: Desk) -> None:
    either.comment("My lawyer will write to you", "32", under="31")
    assert either.state == ("Refunds", "urgent")
    (note,) = either.notes
    assert note == (
        "What came last matches the rule legal: the ticket belongs to the group Refunds now;"
        " the priority is urgent at least."
    )
    assert "legal" in either.call("GET", f"tickets/{either.ticket}")["tags"]
    either.move("Support")
    either.comment("Did you hear me? My lawyer!", "33", under="31")
    assert either.state == ("Support", "urgent")  # somebody knows better
    assert len(either.notes) == 1


def test_words_of_a_rule_that_does_not_reroute_move_nothing(desk: Desk) -> None:
    desk.comment("I want a refund", "32", under="31")
    assert desk.state == ("Support", "low")
    assert desk.notes == []


def test_an_agent_who_has_the_ticket_keeps_it_and_is_told(either: Desk) -> None:
    either.give_to_an_agent()
    either.comment("My lawyer will write to you", "32", under="31")
    assert either.state == ("Support", "urgent")
    (note,) = either.notes
    assert "it wants the group Refunds; the ticket stays with the agent who has it;" in note


def test_a_ticket_that_somebody_moved_stays_where_it_was_moved_to(either: Desk) -> None:
    either.comment("My lawyer will write to you", "32", under="31")
    either.move("Support")
    either.comment("And I know a journalist", "33", under="31")
    assert either.state == ("Support", "urgent")
    assert (
        "press: it wants the group Refunds; the ticket stays where it was moved to."
        in either.notes[1]
    )


TOOL = """\
label: Listening
channel: listening
fields:
  kind: {always: mention}
  change: {from: event, values: {updated: edited}, default: created}
  external_id: id
  author: {id: author}
  text: text
  extra: {tags: tags}
"""


@pytest.mark.parametrize(("tags", "moved"), [(["pr"], True), (["misc"], False)])
def test_a_tag_that_is_set_later_in_the_source_tool_moves_the_ticket(
    town: Any, sandbox: Any, tags: list[str], moved: bool
) -> None:
    made, folder = Desk("zendesk", town, sandbox), town.folder / "mappings"
    wires = folder / "connections.yaml"
    wires.write_text(
        wires.read_text() + "  listening: {type: generic, source: listening, helpdesk: zendesk,\n"
        '    proof: {bearer: "${META_APP_SECRET}"}}\n'
    )
    (folder / "sources" / "listening.yaml").write_text(TOOL)
    made.route()
    asked = "{text: {any_of: [journalist]}}"
    made.rewrite(RULES.replace(asked, "{tags: [pr]}"))
    said = {"id": "m1", "author": "7", "text": "Cold coffee again", "tags": []}
    town.deliver("listening", json.dumps(said).encode(), "first")
    town.work()
    assert made.state == ("Support", "low")
    later = {**said, "event": "updated", "tags": tags}
    town.deliver("listening", json.dumps(later).encode(), "second")
    town.work()
    assert made.state == ("Refunds" if moved else "Support", "low")
    assert [one for one in made.notes if "rule press" in one] == made.notes
    assert len(made.notes) == moved


def test_the_rule_that_opened_the_ticket_does_not_ask_for_it_again(desk: Desk) -> None:
    desk.rewrite(RULES.replace("{escalate: {group: Support, priority: low}}",
                               "{escalate: {group: Support, priority: low, reroute: true}}"))  # fmt: skip
    desk.town.comment("Another one, a lawyer", "51", "44")
    desk.town.work()
    first, second = (int(one["ticket"]) for one in desk.sandbox.record("ticket"))
    desk.call("PUT", f"tickets/{second}", {"group_id": desk.groups["Support"]})
    desk.town.comment("the lawyer again", "52", "44", under="51")
    desk.town.work()
    assert desk.call("GET", f"tickets/{second}")["group_id"] == desk.groups["Support"]
    assert desk.notes == []
    assert first != second


def test_a_solved_ticket_is_not_moved_by_thanks(desk: Desk) -> None:
    desk.rewrite(RULES.replace("any_of: [lawyer,", "any_of: [thanks, lawyer,"))
    desk.call("PUT", f"tickets/{desk.ticket}", {"status": "solved"})
    (key,) = desk.town.store.client.scan_iter("bridge:r:*")
    desk.town.store.client.hset(key, "status", "solved")
    desk.comment("Thanks!", "32", under="31")
    assert desk.state == ("Support", "low")
    assert desk.notes == []


def test_it_is_seen_beforehand_and_afterwards(desk: Desk) -> None:
    code, out, _ = desk.town.run("explain", "--text", "my lawyer will write")
    assert code == 0
    assert "group Refunds, tags legal, and so is one that is open already (rule legal)" in out
    desk.comment("My lawyer will write to you", "32", under="31")
    told = desk.town.run("why", str(desk.ticket))[1]
    assert "has its open ticket routed anew (rule legal)" in told
    assert (
        "The routing anew that the rule legal asked for was done: the ticket belongs to the group"
        " Refunds now; the priority is urgent at least." in told
    )
    assert desk.town.store.matches()["legal"][0] == 1


# --- tickets that were sent wrong ------------------------------------------------------------------------


def read_back(desk: Desk, number: str) -> None:
    """A hint that makes the bridge read the ticket."""
    body = {"bridge": 1, "ticket_id": str(desk.ticket), "status": "open", "actor_id": "77"}
    desk.town.store.accept(
        f"hint-{number}", desk.name, desk.name,
        {"x-zendesk-webhook-invocation-id": f"I{number}"}, json.dumps(body).encode(), now(),
    )  # fmt: skip
    desk.town.work()


def moved(desk: Desk) -> dict[str, int]:
    """The tickets that people moved, by the rule that had sent them there."""
    told = desk.town.json("status")["matches"]
    return {name: one["moved"] for name, one in told.items() if one["moved"]}


def test_a_ticket_that_people_move_is_counted_once_for_the_rule_that_sent_it(desk: Desk) -> None:
    read_back(desk, "1")
    assert moved(desk) == {}
    desk.move("Refunds")
    read_back(desk, "2")
    assert moved(desk) == {"everything": 1}
    desk.move("Support")
    desk.move("Refunds")
    read_back(desk, "3")
    assert moved(desk) == {"everything": 1}


def test_a_ticket_that_a_rule_moved_is_not_counted_until_people_move_it(desk: Desk) -> None:
    desk.comment("My lawyer will write to you", "32", under="31")
    read_back(desk, "1")
    assert moved(desk) == {}
    desk.move("Support")
    read_back(desk, "2")
    assert moved(desk) == {"legal": 1}


# --- what a rule may say ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "told"),
    [
        (
            "escalate: {reroute: true}",
            "escalate > reroute: moves an open ticket, so say where: `group`",
        ),
        ("escalate: {group: Refunds, reroute: maybe}", "reroute: must be true or false"),
        ("escalate: {group: Refunds, rerout: true}", "did you mean 'reroute'"),
    ],
)
def test_a_reroute_that_cannot_be_is_refused_with_its_line(bare: Any, then: str, told: str) -> None:
    rules = bare.folder / "mappings" / "rules.yaml"
    rules.write_text(RULES.replace("escalate: {group: Refunds}", then))
    code, out, _ = bare.run("check")
    assert code == 1
    (line,) = [one for one in out.splitlines() if "rerout" in one]
    assert "rules.yaml:10" in line
    assert told in line


def test_what_an_incident_is_cannot_be_rerouted(bare: Any) -> None:
    rules = bare.folder / "mappings" / "rules.yaml"
    crowd = """\
crowds:
  - name: outage
    when: {text: {any_of: [down]}}
    over: 15m
    at_least: 20
    then: {incident: {priority: urgent, reroute: true}}
"""
    rules.write_text(crowd + RULES)
    code, out, _ = bare.run("check")
    assert code == 1
    assert "incident > reroute" in out


def test_the_manual_shows_the_note_as_it_is() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
    assert telling.rerouted("legal", telling.rerouting("Legal", "there", "urgent")) in manual


def test_rules_are_asked_about_open_tickets_only_where_one_reroutes() -> None:
    words = View({"text": "my lawyer", "kind": "comment", "channel": "facebook"})

    def first(text: str) -> Any:
        document = parse(text.encode(), "rules.yaml")
        return rerouting(rules_of(document, RULE_FILE.load(document.data), "x"), words)

    found = first(RULES)
    assert (found.rule, found.escalation.group) == ("legal", "Refunds")
    assert first(RULES.replace(", reroute: true", "")) is None
    above = RULES.replace(
        "rules:\n", "rules:\n  - {name: mine, when: {text: {any_of: [my]}}, then: {ignore: mine}}\n"
    )
    assert first(above) is None  # the first rule that holds decides here, too
