"""The benchmarks run, and count what they say they count; nothing here looks at a clock."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import bodies, normalise
from benchmarks import rules as deciding
from benchmarks.budget import beyond_the_first
from benchmarks.figures import Claim, Findings, ratios, spread
from benchmarks.stage import Stage
from benchmarks.stub import Desk
from bridge.channels import CHANNELS
from bridge.core.facts import View
from bridge.core.rules import decide
from bridge.core.signing import same
from bridge.helpdesks import HELPDESKS


@pytest.mark.parametrize(
    ("found", "goal", "most", "met"),
    [
        (2.0, 1.8, False, True),
        (1.7, 1.8, False, False),
        (40, 50, True, True),
        (51, 50, True, False),
    ],
)
def test_a_claim_is_met_by_its_median(found: float, goal: float, most: bool, met: bool) -> None:
    claim = Claim("it", spread([found, found / 100, found * 100]), goal, most=most)
    assert claim.met is met
    assert ("not met" in str(claim)) is not met


def test_of_those_answered_429_the_first_in_a_minute_is_allowed() -> None:
    assert beyond_the_first([]) == beyond_the_first([5.0, 65.0]) == 0
    assert beyond_the_first([64.0, 5.0, 66.0, 130.0]) == 1


def test_ratios_compare_neighbours_in_time() -> None:
    assert ratios(spread([10, 40]), spread([5, 10])).values == (2, 4)


def test_a_table_is_as_wide_as_its_words() -> None:
    findings = Findings("title", ("what", "n"))
    findings.add("something long", 1)
    assert {len(line) for line in str(findings).splitlines() if line.startswith("|")} == {22}


def test_no_two_webhooks_are_the_same_and_each_is_signed() -> None:
    several = list(bodies.requests(50, "host"))
    assert len(set(several)) == 50
    head, _, body = several[0].partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert bodies.signature(body).encode() in head
    assert not same(bodies.signature(body + b" "), bodies.signature(body).encode())
    assert 400 < len(body) < 600


def test_the_stub_knows_a_person_again() -> None:
    desk, path = Desk(), "/zendesk/api/v2/users/create_or_update"
    ana, jan = (b'{"user": {"external_id": "%s"}}' % name for name in (b"ana", b"jan"))
    first, again, other = (desk.answer("POST", path, body) for body in (ana, ana, jan))
    assert (first[1], again[1], other[1]) == (201, 200, 201)
    assert first[2]["user"]["id"] == again[2]["user"]["id"] != other[2]["user"]["id"]


@pytest.mark.parametrize("adapter", list(normalise.adapters()), ids=lambda one: one.name)
def test_every_adapter_is_measured_with_payloads_of_one_event(adapter: normalise.Adapter) -> None:
    assert adapter.payloads
    for payload in adapter.payloads:
        assert len(adapter.read(json.dumps(payload).encode())) == 1
    if adapter.together is not None:
        several = adapter.together([adapter.payloads[0]] * 3)
        assert len(adapter.read(json.dumps(several).encode())) == 3


def test_no_adapter_is_left_out() -> None:
    measured = {one.name.removeprefix("sources/") for one in normalise.adapters()}
    assert {*CHANNELS, *HELPDESKS} <= measured


@pytest.mark.parametrize("size", [10, 200])
def test_every_rule_is_tried_and_every_signal_worked_out(size: int) -> None:
    view = View(
        {"text": "Where is my order? It is urgent", "kind": "comment", "channel": "facebook"}
    )
    decision = decide(deciding.rules(size, deciding.MOODS), view)
    assert (len(decision.tried), decision.rule) == (size, "last")
    assert set(deciding.MOODS) <= set(decision.signals)


@pytest.mark.slow
def test_real_workers_bring_each_message_to_the_stub_once() -> None:
    with Stage() as stage:
        stage.workers(1, 4, "benchmarks.lifted")
        stage.ask("/_reset")
        assert stage.keep(bodies.comment(number) for number in bodies.numbers(5)) == 5
        stage.finished()
        assert stage.count() == {"platform": 5, "user": 5, "create": 5, "update": 5}
