"""Who is told at an address: a digest to each name, the summary once a week, and no flood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import redis

from bridge.core.calls import HttpRequest, HttpResponse
from bridge.core.errors import ConfigError, TransientError
from bridge.core.model import Secret
from bridge.jobs import digests, notify
from bridge.settings import Settings
from bridge.store import PREFIX, Store
from bridge.wiring import Bridge

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
TEAM = {"team": Secret("https://hooks.example.com/T0/secret-key")}


class Outside:
    """What is sent, and how the address answers."""

    def __init__(self) -> None:
        self.sent: list[HttpRequest] = []
        self.answers: HttpResponse | Exception = HttpResponse(status=200)

    def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        if isinstance(self.answers, Exception):
            raise self.answers
        return self.answers

    def texts(self) -> list[str]:
        return [request.json["text"] for request in self.sent]


def bridge_of(client: redis.Redis, addresses: Mapping[str, Secret]) -> tuple[Bridge, Outside]:
    outside = Outside()
    store = Store(client, keep=30 * 86400, keep_raw=86400, clock=lambda: MONDAY)
    settings = Settings(notify=addresses)
    plain: Any = SimpleNamespace(store=store, settings=settings, http=outside, owner="me")
    return cast(Bridge, plain), outside


def again(bridge: Bridge, name: str = "team") -> None:
    """Ten minutes later."""
    bridge.store.forget(f"notified:{name}")
    notify.tell(bridge)


def test_a_name_gets_one_message_with_all_that_was_noted(client: redis.Redis) -> None:
    bridge, outside = bridge_of(client, TEAM)
    for number in range(3):
        notify.notice(
            bridge, "team", f"e{number}", f"rule r wants team to look: bridge why e{number}"
        )
    notify.notice(bridge, "team", "e0", "rule r wants team to look: bridge why e0")  # again
    notify.tell(bridge)
    (text,) = outside.texts()
    assert text.count("bridge why") == 3
    assert outside.sent[0].url == "https://hooks.example.com/T0/secret-key"
    assert "secret-key" not in repr(outside.sent[0])
    again(bridge)
    assert len(outside.sent) == 1  # nothing new
    assert bridge.store.alarms().keys() == {"notify:team"}


def test_between_two_messages_lie_ten_minutes(client: redis.Redis) -> None:
    bridge, outside = bridge_of(client, TEAM)
    notify.notice(bridge, "team", "a", "first")
    notify.tell(bridge)
    notify.notice(bridge, "team", "b", "second")
    notify.tell(bridge)
    assert outside.texts() == ["first"]
    assert 0 < client.pttl(PREFIX + "notified:team") <= notify.RESTS * 1000
    again(bridge)
    assert outside.texts() == ["first", "second"]


def test_a_flood_is_one_short_message(client: redis.Redis) -> None:
    bridge, outside = bridge_of(client, TEAM)
    for number in range(50):
        notify.notice(bridge, "team", f"e{number}", f"note {number} " + "x" * 400)
    notify.tell(bridge)
    (text,) = outside.texts()
    assert len(text) <= notify.LONGEST
    assert text.endswith(f"and {50 - text.count('note ')} more: bridge status")
    assert bridge.store.notes() == {}


def test_a_name_without_an_address_is_an_alarm_alone_unless_one_is_for_all(
    client: redis.Redis,
) -> None:
    bridge, outside = bridge_of(client, TEAM)
    notify.notice(bridge, "pr", "a", "look")
    notify.tell(bridge)
    assert (outside.sent, bridge.store.notes()) == ([], {})
    assert "notify:pr" in bridge.store.alarms()
    bridge, outside = bridge_of(client, {"*": Secret("https://all.example.com/")})
    notify.notice(bridge, "pr", "a", "look")
    notify.tell(bridge)
    assert outside.texts() == ["look"]


@pytest.mark.parametrize(
    "answer", [HttpResponse(status=404), TransientError("unreachable", "no route to secret-key")]
)
def test_what_cannot_be_sent_is_an_alarm_and_sent_later(
    client: redis.Redis, answer: HttpResponse | Exception
) -> None:
    bridge, outside = bridge_of(client, TEAM)
    notify.notice(bridge, "team", "a", "look")
    outside.answers = answer
    notify.tell(bridge)
    told = bridge.store.alarms()["unsent:team"]["text"]
    assert "team cannot be told" in told
    assert "secret-key" not in told
    outside.answers = HttpResponse(status=200)
    notify.tell(bridge)
    assert outside.texts() == ["look", "look"]
    assert "unsent:team" not in bridge.store.alarms()


def test_the_summary_is_sent_on_mondays_once_and_not_in_the_first_week(client: redis.Redis) -> None:
    bridge, outside = bridge_of(client, {"summary": Secret("https://hooks.example.com/s")})
    digests.send(bridge, MONDAY)
    digests.send(bridge, MONDAY + timedelta(days=6))
    assert outside.sent == []
    early = MONDAY + timedelta(days=7, hours=-2)  # seven in the morning
    digests.send(bridge, early)
    assert outside.sent == []
    for _ in range(2):
        digests.send(bridge, early + timedelta(hours=2))
    (text,) = outside.texts()
    assert text.startswith("0 messages from 2026-11-23 09:00 UTC to 2026-11-30 09:00 UTC")


def customer_waits(client: redis.Redis) -> None:
    """Somebody has written on a ticket three days ago, and nobody answered."""
    place = {"channel": "messenger", "last_in": (MONDAY - timedelta(days=3)).isoformat()}
    room = {"ticket": "7", "desk": "zendesk", "status": "open", "places": json.dumps({"a": place})}
    client.hset(PREFIX + "r:room", mapping=dict[Any, Any](room))


def test_who_was_not_answered_is_told_each_day_once(client: redis.Redis) -> None:
    bridge, outside = bridge_of(client, {"unanswered": Secret("https://hooks.example.com/u")})
    customer_waits(client)
    digests.send(bridge, MONDAY)  # it begins
    early = MONDAY + timedelta(hours=22)  # seven in the morning
    digests.send(bridge, early)
    assert outside.sent == []
    for _ in range(2):
        digests.send(bridge, early + timedelta(hours=2))
    (text,) = outside.texts()
    assert text.splitlines() == [
        "Not answered for 1 d and longer: 0 messages and 1 ticket",
        "4 d ago ticket zendesk 7 (open): the customer on messenger waits",
    ]


def test_a_day_on_which_nobody_waits_is_not_told(client: redis.Redis) -> None:
    bridge, outside = bridge_of(client, {"unanswered": Secret("https://hooks.example.com/u")})
    digests.send(bridge, MONDAY)
    digests.send(bridge, MONDAY + timedelta(days=1))
    assert outside.sent == []
    assert bridge.store.get("digested:unanswered") == "2026-11-24"
    customer_waits(client)  # too late for this day
    digests.send(bridge, MONDAY + timedelta(days=1, hours=1))
    assert outside.sent == []


def test_what_could_not_be_told_of_a_day_is_told_later(client: redis.Redis) -> None:
    bridge, outside = bridge_of(client, {"unanswered": Secret("https://hooks.example.com/u")})
    customer_waits(client)
    digests.send(bridge, MONDAY)
    outside.answers = HttpResponse(status=500)
    digests.send(bridge, MONDAY + timedelta(days=1))
    assert "unsent:unanswered" in bridge.store.alarms()
    outside.answers = HttpResponse(status=200)
    client.delete(PREFIX + "digesting:unanswered")  # an hour later
    digests.send(bridge, MONDAY + timedelta(days=1, hours=1))
    assert len(outside.sent) == 2
    assert "unsent:unanswered" not in bridge.store.alarms()


def test_nobody_who_did_not_ask_gets_a_digest(client: redis.Redis) -> None:
    bridge, outside = bridge_of(client, {**TEAM, "*": Secret("https://all.example.com/")})
    digests.send(bridge, MONDAY)
    digests.send(bridge, MONDAY + timedelta(days=7))
    assert outside.sent == []
    assert bridge.store.get("digested:summary") is None


def test_addresses_are_read_and_never_shown() -> None:
    text = "team-lead=https://a.example.com/key1, *=http://127.0.0.1:9/key2"
    found = Settings.from_environ({"BRIDGE_NOTIFY": text})
    assert found.notify["team-lead"].reveal() == "https://a.example.com/key1"
    assert set(found.notify) == {"team-lead", "*"}
    assert "key1" not in repr(found)


@pytest.mark.parametrize(
    "text", ["https://a.example.com/key1", "Team=https://a.example.com/key1", "a=http://a.example.com/key1", "a=key1"]
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_environ({"BRIDGE_NOTIFY": text})
    (told,) = caught.value.problems
    assert told.startswith("BRIDGE_NOTIFY: entry 1")
    assert "key1" not in told
