"""`bridge doctor`: every part is fine or has its advice; nothing ends in a traceback."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from support.redisbox import RedisBox
from support.sandbox import Sandbox

from bridge.cli import doctor
from bridge.core.calls import HttpRequest, HttpResponse
from bridge.http import Http
from bridge.sandbox.wires import environment
from bridge.wiring import now

PUBLIC = "https://bridge.example.com"


def red(house: Any) -> dict[str, list[str]]:
    """What is to be mended: about -> sentences."""
    out: dict[str, list[str]] = {}
    for one in house.json("doctor")["findings"]:
        if one["ok"] is False:
            out.setdefault(one["about"], []).append(one["text"])
    return out


def worker_beats(house: Any, ago: float) -> None:
    at = datetime.fromtimestamp(house.store.time() - ago, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    house.store.client.hset("rq:worker:one", "last_heartbeat", at)
    house.store.client.sadd("rq:workers", "rq:worker:one")


@pytest.fixture
def healthy(town: Any, sandbox: Any, door: str) -> Any:
    """A town in which all is well."""
    sandbox.post("connect", {"bridge": door})
    for name in ("meta", "telegram", "zendesk"):
        code, out, err = town.run("setup", name)
        assert code == 0, out + err
    worker_beats(town, 1)
    return town


def test_a_healthy_house_is_green_and_ends_with_0(healthy: Any) -> None:
    assert red(healthy) == {}
    code, out, err = healthy.run("doctor")
    assert (code, err) == (0, "")
    assert "all is well" in out
    for line in (
        "redis: it answers, keeps an append-only file, and evicts nothing",
        "meta: Page Acme: subscribed to everything the bridge reads",
        "zendesk: signed in to Zendesk as user",
        "zendesk: the account has what the map names",
        "zendesk: these triggers mail requesters",
        "127.0.0.1: its clock and ours agree",
        "telegram: the token works",
        "redis: its clock and ours agree",
        "workers: 1 alive",
    ):
        assert line in out


def test_no_secret_shows(healthy: Any, sandbox: Any) -> None:
    sandbox.post("faults", {"times": None, "effect": "status", "status": 500})
    out = "".join(map(str, healthy.run("doctor"))) + str(healthy.json("doctor"))
    wires = environment("", "")
    assert not [
        name for name in wires if ("SECRET" in name or "TOKEN" in name) and wires[name] in out
    ]


def test_what_was_not_set_up_says_which_command_does_it(house: Any) -> None:
    worker_beats(house, 1)
    with Sandbox() as fresh:
        house.connect_to(fresh.url)
        found = red(house)
    assert any("bridge setup telegram" in text for text in found["telegram"])
    assert all(about in ("meta", "telegram", "zendesk") for about in found)


@pytest.mark.parametrize(
    ("variable", "about", "part"),
    [
        ("META_PAGE_TOKEN", "meta", "token"),
        ("TELEGRAM_TOKEN", "telegram", ""),
        ("ZENDESK_CLIENT_SECRET", "zendesk", "check url, client_id and client_secret"),
    ],
)
def test_a_refused_credential_is_a_sentence_at_its_connection(
    healthy: Any, monkeypatch: pytest.MonkeyPatch, variable: str, about: str, part: str
) -> None:
    wrong = "110201543:AAHanotheranotheranotheranother0000"
    monkeypatch.setenv(variable, wrong)
    found = red(healthy)
    assert list(found) == [about]
    assert part in " ".join(found[about])
    assert wrong not in str(found)


def test_a_wrong_option_is_told_once(healthy: Any) -> None:
    path = healthy.folder / "mappings" / "connections.yaml"
    path.write_text(
        path.read_text().replace("type: zendesk\n", "type: zendesk\n    notify: mail\n")
    )
    ((said,),) = red(healthy).values()
    assert said.endswith("zendesk > notify: 'mail' is not one of events, trigger")


def test_a_map_that_does_not_fit_the_account_is_told_with_its_place(healthy: Any) -> None:
    path = healthy.folder / "mappings" / "zendesk.yaml"
    path.write_text(
        path.read_text()
        .replace("\ngroups: {}", "\ngroups: {Refunds: 77}")
        .replace("\nfields: {}", "\nfields: {channel: {id: 12345, from: channel}}")
    )
    lost, alone = red(healthy)["zendesk"]
    assert lost == "fields > channel > id 12345: the account has no such ticket field"
    assert alone.startswith("groups > Refunds: the account has no group 77; it has Support")


@pytest.mark.parametrize("variable", ["META_PAGE_TOKEN", "TELEGRAM_TOKEN", "ZENDESK_CLIENT_SECRET"])
def test_a_missing_credential_is_named_and_the_others_are_still_asked(
    healthy: Any, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    assert variable in " ".join(red(healthy)["configuration"])
    fine = {one["about"] for one in healthy.json("doctor")["findings"] if one["ok"]}
    assert len(fine & {"meta", "telegram", "zendesk"}) >= 2


def test_without_redis_the_platforms_are_still_asked(
    healthy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BRIDGE_REDIS_URL")
    found = red(healthy)
    assert list(found) == ["redis"]
    assert "bridge up" in found["redis"][0]
    fine = {one["about"] for one in healthy.json("doctor")["findings"] if one["ok"]}
    assert {"meta", "telegram", "zendesk"} <= fine


def test_a_redis_that_went_away_is_a_sentence(house: Any, redisbox: RedisBox) -> None:
    redisbox.stop()
    code, out, _ = house.run("doctor")
    assert code == 1
    assert "TO MEND  redis: the Redis at unix:" in out


def test_a_redis_that_forgets_is_refused_with_advice(house: Any) -> None:
    client = house.store.client
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert "set maxmemory-policy noeviction" in red(house)["redis"][0]
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_nobody_at_home_is_red_for_each_connection(house: Any) -> None:
    found = red(house)
    for about in ("meta", "telegram", "zendesk"):
        assert "no connection could be made" in " ".join(found[about])
    assert "none is alive" in found["workers"][0]


@pytest.mark.parametrize("effect", ["html", "drop_before", "half"])
def test_rubbish_for_an_answer_is_a_sentence(healthy: Any, sandbox: Any, effect: str) -> None:
    sandbox.post("faults", {"times": None, "effect": effect})
    assert {"meta", "telegram", "zendesk"} <= set(red(healthy))


def test_dead_letters_alarms_late_work_and_silent_workers_are_red(healthy: Any) -> None:
    healthy.deliver("meta", b"rubbish", "one")
    healthy.work()
    healthy.deliver("meta", b"{}", "two")
    long_ago = (healthy.store.time() - 7300) * 1000
    healthy.store.client.zadd("bridge:ingest", {"two": long_ago})
    healthy.store.alarm("fuse", "a conversation was stopped")
    worker_beats(healthy, 3600)
    found = red(healthy)
    assert "bridge dead list" in found["dead letters"][0]
    assert found["alarm"] == ["a conversation was stopped"]
    assert "2 hours" in found["queue"][0]
    assert "bridge worker" in found["workers"][0]


def test_a_closed_connection_is_asked_all_the_same(healthy: Any) -> None:
    healthy.store.trouble("zendesk", "auth", 3600, "refused")
    found = red(healthy)
    assert found["zendesk"] == [
        "it is closed: its credentials are refused; once mended, `bridge resume zendesk` opens it"
    ]
    assert healthy.store.down("zendesk")["why"] == "auth"


@pytest.mark.parametrize(("minutes", "told"), [(5, "ahead of"), (-5, "behind"), (0, None)])
def test_a_clock_that_is_off_is_red_and_says_by_how_much(
    healthy: Any, monkeypatch: pytest.MonkeyPatch, minutes: int, told: str | None
) -> None:
    send = Http.send

    def dated(self: Http, request: HttpRequest) -> HttpResponse:
        answer = send(self, request)
        date = format_datetime(now() + timedelta(minutes=minutes), usegmt=True)
        return replace(answer, headers={**answer.headers, "date": date})

    monkeypatch.setattr(Http, "send", dated)
    found = red(healthy)
    if told is None:
        assert found == {}
        assert "127.0.0.1: its clock and ours agree" in healthy.run("doctor")[1]
    else:
        text = found["127.0.0.1"][0]
        assert f"{told} ours: set the clocks (NTP)" in text
        assert 298 <= int(text.split()[3]) <= 302


def test_the_clock_of_redis_is_compared_too(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "now", lambda: now() - timedelta(minutes=5))
    assert "ahead of ours" in red(house)["redis"][0]


def test_a_mistake_in_the_settings_is_told_first(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "many")
    assert list(red(house)) == ["settings"]


def test_mistakes_in_the_files_come_with_file_and_line(house: Any) -> None:
    (house.folder / "mappings" / "rules.yaml").write_text("rules: 7")
    assert "rules.yaml" in red(house)["configuration"][0]


def test_it_tells_which_rules_are_in_force_and_whether_the_files_say_the_same(house: Any) -> None:
    def rules() -> tuple[bool | None, str]:
        found = house.json("doctor")["findings"]
        return next((one["ok"], one["text"]) for one in found if one["about"] == "rules")

    assert rules() == (None, "none are in force yet: the first worker brings its files")
    house.run("rules", "files", "--author", "Ewa", "--note", "a start")
    ok, told = rules()
    assert (ok, told.startswith("in force: version 1 (")) == (True, True)
    assert "from the files by Ewa, since 20" in told
    file = house.folder / "mappings" / "rules.yaml"
    file.write_text(file.read_text("utf-8") + "\n# a thought\n", "utf-8")
    ok, told = rules()
    assert (ok, "`bridge rules show`" in told) == (None, True)
