"""`bridge setup`: the other side knows us afterwards, and again changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.channels import SOURCES
from bridge.cli import parts
from bridge.core.calls import HttpRequest, HttpResponse
from bridge.helpdesks import HELPDESKS
from bridge.http import Http
from bridge.sandbox.wires import (
    ZENDESK_API_TOKEN,
    ZENDESK_EMAIL,
    ZENDESK_WEBHOOK_SECRET,
    environment,
)

PUBLIC = "https://bridge.example.com"
FORM = """\
  form:
    type: generic
    source: contact-form
    proof: {header_secret: {name: X-Bridge-Secret, value: "${FORM_SECRET}"}}
    helpdesk: zendesk
"""


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
    assert not [
        one["text"] for one in found if one["ok"] is False and "run `bridge setup" in one["text"]
    ]


def zendesk(sandbox: Any, method: str, path: str, body: Any = None) -> Any:
    """Zendesk's own API, as an admin's script would use it."""
    answer = sandbox.http.request(
        method,
        f"{sandbox.url}/zendesk/api/v2/{path}",
        json=body,
        auth=(f"{ZENDESK_EMAIL}/token", ZENDESK_API_TOKEN),
    )
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


@pytest.mark.parametrize("name", ["meta", "telegram", "zendesk"])
def test_again_makes_nothing_twice(town: Any, sandbox: Any, name: str, door: str) -> None:
    sandbox.post("connect", {"bridge": door})
    first = town.run("setup", name)
    assert first[0] == 0
    before = zendesk(sandbox, "GET", "webhooks")
    code, out, err = town.run("setup", name)
    assert (code, err) == (0, "")
    assert zendesk(sandbox, "GET", "webhooks") == before
    assert {"telegram": "as before", "zendesk": "as it should be"}.get(name, "") in out


def test_zendesk_is_tried_and_what_was_lost_is_mended(town: Any, sandbox: Any, door: str) -> None:
    sandbox.post("connect", {"bridge": door})
    town.run("setup", "zendesk")
    (hook,) = zendesk(sandbox, "GET", "webhooks")["webhooks"]
    spoilt = {"status": "inactive", "subscriptions": ["zen:event-type:ticket.merged"]}
    zendesk(sandbox, "PATCH", f"webhooks/{hook['id']}", {"webhook": spoilt})
    code, out, _ = town.run("setup", "zendesk", "--dry-run")
    assert code == 0
    assert "would be sent: PATCH http" in out
    assert '"status": "active"' in out
    assert zendesk(sandbox, "GET", "webhooks")["webhooks"][0]["status"] == "inactive"
    code, out, err = town.run("setup", "zendesk")
    assert (code, err) == (0, "")
    assert "mended the webhook" in out
    assert f"tried: Zendesk reaches the bridge at {door}/hooks/zendesk" in out
    (now,) = zendesk(sandbox, "GET", "webhooks")["webhooks"]
    assert now.pop("status") == hook.pop("status") == "active"
    assert sorted(now.pop("subscriptions")) == sorted(hook.pop("subscriptions"))
    assert now == hook


def test_the_trigger_way_from_nothing_to_green(
    town: Any, sandbox: Any, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.post("connect", {"bridge": door})
    path = town.folder / "mappings" / "connections.yaml"
    path.write_text(
        path.read_text().replace("    type: zendesk\n", "    type: zendesk\n    notify: trigger\n")
    )
    code, out, _ = town.run("setup", "zendesk", "--dry-run")
    assert code == 0
    assert out.count("would be sent: POST") == 2
    assert "(the new webhook)" in out
    code, out, err = town.run("setup", "zendesk", "--show-secret")
    assert (code, err) == (0, "")
    assert "made the trigger" in out
    assert "everything comes twice" in out
    told = out.splitlines()
    secrets = [told[at + 1] for at, line in enumerate(told) if line.startswith("the secret of")]
    (new,) = [one for one in secrets if one != ZENDESK_WEBHOOK_SECRET]
    monkeypatch.setenv("ZENDESK_WEBHOOK_SECRET", new)
    code, out, err = town.run("setup", "zendesk")
    assert (code, err) == (0, "")
    assert "switched off the webhook" in out
    found = [one for one in town.json("doctor")["findings"] if one["about"] == "zendesk"]
    assert [one["text"] for one in found if one["ok"] is False] == []
    assert any("tells of our tickets" in one["text"] for one in found)
    code, out, _ = town.run("setup", "zendesk")
    assert out.count("is there already, and is as it should be") == 2


def test_a_try_that_nobody_answers_ends_with_1(
    town: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "http://127.0.0.1:9"
    monkeypatch.setenv("BRIDGE_PUBLIC_URL", nobody)
    sandbox.post("connect", {"bridge": nobody})
    code, out, _ = town.run("setup", "zendesk")
    assert code == 1
    assert "nothing answered at http://127.0.0.1:9/hooks/zendesk: is the bridge up" in out


def test_the_secret_is_printed_only_when_asked_for(town: Any, sandbox: Any, door: str) -> None:
    sandbox.post("connect", {"bridge": door})
    assert ZENDESK_WEBHOOK_SECRET not in "".join(map(str, town.run("setup", "zendesk")))
    code, out, _ = town.run("setup", "zendesk", "--show-secret", "--dry-run")
    assert code == 0
    assert ZENDESK_WEBHOOK_SECRET in out.splitlines()
    code, out, _ = town.run("setup", "telegram", "--show-secret")
    assert code == 0
    assert "of your own choosing" in out


def test_a_secret_that_cannot_be_seen_is_a_sentence(town: Any) -> None:
    code, _, err = town.run(
        "setup", "zendesk", "--show-secret", "--dry-run", "--url", "https://no.example"
    )
    assert code == 1
    assert "no secret can be seen for https://no.example/hooks/zendesk" in err


def test_the_address_given_wins_over_the_variable(town: Any) -> None:
    code, out, _ = town.run("setup", "telegram", "--url", "https://other.example.com/")
    assert code == 0
    assert "https://other.example.com/hooks/telegram" in out


def test_a_dry_run_of_what_is_there_already_says_so(town: Any, sandbox: Any, door: str) -> None:
    sandbox.post("connect", {"bridge": door})
    town.run("setup", "zendesk")
    code, out, _ = town.run("setup", "zendesk", "--dry-run")
    assert code == 0
    assert "is there already" in out
    (line,) = [line for line in out.splitlines() if line.startswith("would be sent")]
    assert "/webhooks/test?" in line


@pytest.mark.parametrize("name", ["telegram", "meta", "zendesk"])
def test_a_dry_run_sends_nothing_and_says_what_it_would(town: Any, sandbox: Any, name: str) -> None:
    before = town.json("doctor")["findings"]
    code, out, err = town.run("setup", name, "--dry-run", "--url", "https://dry.example.com")
    assert (code, err) == (0, "")
    assert "would be sent: POST http" in out
    assert "AAHsandbox" not in out
    assert not [
        value for name, value in environment("", "").items() if "SECRET" in name and value in out
    ]
    after = town.json("doctor")["findings"]
    assert [one["text"] for one in after] == [one["text"] for one in before]


def test_every_kind_of_connection_can_be_set_up_or_says_that_it_cannot(
    town: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run never writes, whatever the kind: the way out sees each request."""
    sent: list[HttpRequest] = []
    send = Http.send

    def seen(self: Http, request: HttpRequest) -> HttpResponse:
        sent.append(request)
        return send(self, request)

    monkeypatch.setattr(Http, "send", seen)
    monkeypatch.setenv("FORM_SECRET", "a-secret-of-the-form-0123456789abcdef")
    with (town.folder / "mappings" / "connections.yaml").open("a") as file:
        file.write(FORM)
    connections = parts.config(parts.settings()).connections
    assert {one.type for one in connections.values()} >= {*SOURCES, *HELPDESKS, "generic"}
    for name in connections:
        code, out, err = town.run("setup", name, "--dry-run")
        assert (code, err) == (0, ""), name
        assert f"/hooks/{name}" in out
        assert "a-secret-of-the-form" not in out
    assert sent
    assert not [request for request in sent if request.write]


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
