"""`bridge setup`: the other side knows us afterwards, and again changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

PUBLIC = "https://bridge.example.com"


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("telegram", f"Telegram now sends the bot's updates to {PUBLIC}/hooks/telegram."),
        ("meta", "Page Acme: subscribed."),
        ("zendesk", f"-> {PUBLIC}/hooks/zendesk"),
    ],
)
def test_each_step_is_told_and_the_doctor_finds_it(town: Any, name: str, step: str) -> None:
    code, out, err = town.run("setup", name)
    assert (code, err) == (0, "")
    assert step in out
    found = [one for one in town.json("doctor")["findings"] if one["about"] == name]
    assert not [one["text"] for one in found if one["ok"] is False and "setup" in one["text"]]


def test_again_makes_nothing_twice(town: Any) -> None:
    town.run("setup", "zendesk")
    code, out, _ = town.run("setup", "zendesk")
    assert code == 0
    assert "is there already" in out


def test_the_address_given_wins_over_the_variable(town: Any) -> None:
    code, out, _ = town.run("setup", "telegram", "--url", "https://other.example.com/")
    assert code == 0
    assert "https://other.example.com/hooks/telegram" in out


def test_a_dry_run_of_what_is_there_already_says_so(town: Any) -> None:
    town.run("setup", "zendesk")
    code, out, _ = town.run("setup", "zendesk", "--dry-run")
    assert code == 0
    assert "is there already" in out
    assert "would be sent" not in out


@pytest.mark.parametrize("name", ["telegram", "meta", "zendesk"])
def test_a_dry_run_sends_nothing_and_says_what_it_would(town: Any, sandbox: Any, name: str) -> None:
    before = town.json("doctor")["findings"]
    code, out, err = town.run("setup", name, "--dry-run", "--url", "https://dry.example.com")
    assert (code, err) == (0, "")
    assert "would be sent: POST http" in out
    assert "AAHsandbox" not in out
    after = town.json("doctor")["findings"]
    assert [one["text"] for one in after] == [one["text"] for one in before]


def test_without_redis_it_works_too(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRIDGE_REDIS_URL")
    assert town.run("setup", "zendesk")[0] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["zendesc"], "did you mean 'zendesk'?"),
        (["zendesk", "--url", "bridge.example.com"], "must look like https://"),
        (["zendesk", "--url", "http://bridge.example.com"], "https only"),
        (["zendesk", "--url", "https://["], "must look like https://"),
        (["zendesk", "--url", "ftp://x"], "must look like https://"),
    ],
)
def test_a_wrong_name_or_address_is_a_sentence(house: Any, words: list[str], told: str) -> None:
    code, out, err = house.run("setup", *words)
    assert (code, out) == (2, "")
    assert told in err


def test_without_a_public_address_it_says_where_to_set_it(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BRIDGE_PUBLIC_URL")
    code, _, err = house.run("setup", "zendesk")
    assert code == 2
    assert "BRIDGE_PUBLIC_URL" in err


@pytest.mark.parametrize("name", ["telegram", "meta", "zendesk"])
def test_a_refusal_is_a_sentence_and_ends_with_1(town: Any, sandbox: Any, name: str) -> None:
    sandbox.post(
        "faults", {"times": None, "effect": "status", "status": 403, "body": {"ok": False}}
    )
    code, out, err = town.run("setup", name)
    assert code == 1
    assert out + err
    assert "Traceback" not in err


def test_it_can_be_run_before_the_webhook_secret_is_known(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZENDESK_WEBHOOK_SECRET")
    code, out, _ = town.run("setup", "zendesk")
    assert code == 0
    assert "webhook_secrets" in out
