"""Faults on request: what the caller sees, and whether the call took effect."""

import pytest
import requests

TICKET = {"ticket": {"comment": {"body": "b"}}}


@pytest.fixture
def create(desk):
    return lambda: desk("POST", "/api/v2/tickets", TICKET)


def made(sandbox):
    return len(sandbox.record("ticket"))


@pytest.mark.parametrize(("effect", "tickets"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_call_has_no_answer(sandbox, create, effect, tickets):
    sandbox.post(
        "faults", {"system": "zendesk", "method": "POST", "path": "/tickets$", "effect": effect}
    )
    with pytest.raises(requests.ConnectionError):
        create()
    assert made(sandbox) == tickets
    (entry,) = sandbox.record("fault")
    assert (entry["effect"], entry["did"]) == (effect, bool(tickets))
    assert create().status_code == 201  # it was to happen once


def test_half_an_answer_breaks_off(sandbox, create):
    sandbox.post("faults", {"system": "zendesk", "effect": "half"})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        create()
    assert made(sandbox) == 1


def test_a_status_is_answered_with_its_headers_and_body(sandbox, create):
    wish = {
        "effect": "status",
        "status": 503,
        "headers": {"Retry-After": "7"},
        "body": {"error": "unavailable"},
    }
    sandbox.post("faults", {"system": "zendesk", **wish})
    answer = create()
    assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (
        503,
        "7",
        {"error": "unavailable"},
    )
    assert made(sandbox) == 0


def test_a_status_may_come_after_the_call_took_effect(sandbox, create):
    sandbox.post("faults", {"system": "zendesk", "effect": "status_after", "status": 502})
    assert create().status_code == 502
    assert made(sandbox) == 1
    (entry,) = sandbox.record("fault")
    assert (entry["effect"], entry["did"]) == ("status_after", True)
    assert create().status_code == 201


def test_a_status_may_have_no_body_or_text(sandbox, create):
    sandbox.post("faults", {"effect": "status", "status": 429, "body": "Slow down"})
    sandbox.post("faults", {"effect": "status", "status": 500})
    assert [create().text for _ in range(2)] == ["Slow down", ""]


def test_a_page_comes_instead_of_json(sandbox, create):
    sandbox.post("faults", {"effect": "html"})
    answer = create()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert made(sandbox) == 0


def test_a_slow_call_is_answered_in_the_end(sandbox, create):
    sandbox.post("faults", {"effect": "delay", "seconds": 0.05})
    assert create().status_code == 201


def test_a_delay_and_a_drop_come_together(sandbox, create):
    sandbox.post("faults", {"effect": "delay", "seconds": 0.05})
    sandbox.post("faults", {"effect": "drop_after"})
    with pytest.raises(requests.ConnectionError):
        create()
    assert made(sandbox) == 1


def test_a_hanging_call_does_nothing(sandbox, create):
    sandbox.post("faults", {"effect": "hang", "seconds": 0.05})
    with pytest.raises(requests.ConnectionError):
        create()
    assert made(sandbox) == 0


def test_a_dripping_answer_is_whole(sandbox, create):
    sandbox.post("faults", {"effect": "drip", "seconds": 0.1})
    assert create().json()["ticket"]["id"]


def test_a_fault_hits_the_nth_calls_it_names_and_no_other(sandbox, desk, create):
    wish = {
        "system": "zendesk",
        "method": "POST",
        "path": "/tickets$",
        "after": 1,
        "times": 2,
        "effect": "status",
        "status": 500,
    }
    identity = sandbox.post("faults", wish)["id"]
    assert desk("GET", "/api/v2/tickets").status_code == 200
    assert [create().status_code for _ in range(4)] == [201, 500, 500, 201]
    (fault,) = sandbox.get("faults")["faults"]
    assert (fault["id"], fault["hits"]) == (identity, 2)


def test_a_fault_without_an_end_lasts_until_removed(sandbox, graph, create):
    identity = sandbox.post(
        "faults", {"system": "zendesk", "effect": "status", "status": 500, "times": None}
    )["id"]
    assert [create().status_code for _ in range(3)] == [500] * 3
    assert graph("GET", "me").status_code == 200
    sandbox.delete(f"faults/{identity}")
    assert create().status_code == 201


def test_telegrams_token_stays_out_of_the_record(sandbox, bot):
    sandbox.post("faults", {"system": "telegram", "effect": "drop_before"})
    with pytest.raises(requests.ConnectionError):
        bot("getMe")
    assert sandbox.record("fault")[0]["path"] == "/bot<TOKEN>/getMe"


@pytest.mark.parametrize(
    "wish", [{}, {"effect": "explode"}, {"effect": "html", "path": "("}, {"effect": "html", "colour": "red"}, {"effect": "delay", "seconds": "long"}]
)  # fmt: skip
def test_a_fault_that_makes_no_sense_is_refused(sandbox, wish):
    answer = sandbox.http.post(f"{sandbox.url}/_sandbox/faults", json=wish, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")
    assert sandbox.get("faults")["faults"] == []
