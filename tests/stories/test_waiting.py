"""Stories 10, 14 and 15: limits, refused credentials, and sources that fall silent."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from support.command import run
from support.people import BOTH, case, say
from support.world import World

from bridge.sandbox import wires

TOLD = 3  # seconds for which a helpdesk asks us to wait


def told_to_wait(form: str) -> dict[str, str]:
    """The headers of a 429: seconds, a date, or nothing."""
    now = datetime.now(UTC)
    later = now + timedelta(seconds=TOLD)
    return {
        "seconds": {"Retry-After": str(TOLD)},
        "date": {"Retry-After": format_datetime(later, usegmt=True), "Date": format_datetime(now, usegmt=True)},
        "nothing": {},
    }[form]  # fmt: skip


def at(entry: dict[str, Any]) -> float:
    return datetime.fromisoformat(entry["at"]).timestamp()


@pytest.mark.parametrize(
    ("form", "system"), [("seconds", "zendesk"), ("date", "freshdesk"), ("nothing", "freshdesk")]
)
def test_a_helpdesk_that_asks_us_to_wait_is_left_alone_and_the_other_one_flows(
    world: World, form: str, system: str
) -> None:
    """Story 10: no hammering, no worker asleep, nobody else held up."""
    mine, other = ("facebook", "instagram") if system == "zendesk" else ("instagram", "facebook")
    fault = world.fault(system, method="POST", path="/tickets$", effect="status", status=429,
                        times=None, headers=told_to_wait(form))  # fmt: skip
    for number in range(6):
        say(world, mine, f"{number}: it is broken", f"Person {number}")
    world.until(lambda: world.sandbox.record("fault"), "the limit")
    say(world, other, "Mine is broken, elsewhere", "Tom")
    world.opened("Mine is broken, elsewhere")
    assert len(world.tickets()) == 1  # the other one did not wait
    world.sandbox.delete(f"faults/{fault}")
    limited = world.sandbox.record("fault")
    if form == "nothing":  # then it is left alone for ten seconds
        with world.redis.client() as client:
            stops = [client.pttl(key) for key in client.scan_iter(f"bridge:rate:{system}:*:stop")]
        assert max(stops, default=0) > 2 * TOLD * 1000 - (time.time() - at(limited[0])) * 1000
        world.until(lambda: world.sooner() and len(world.tickets()) == 7, "all tickets")
    for number in range(6):
        world.opened(f"{number}: it is broken")
    world.calm()
    assert len(world.sandbox.record("fault")) <= 6  # those that were on their way, each once
    late = [one for one in world.sandbox.record("ticket") if one["system"] == system]
    if form != "nothing":
        assert at(late[0]) - at(limited[0]) >= TOLD - 1  # whole seconds are recorded
    assert len(world.tickets()) == 7
    assert world.store.dead() == []


LIMITS = {
    "page": (32, {}), "sends": (613, {}), "app": (4, {}),
    "usage": (80002, {"X-Business-Use-Case-Usage": json.dumps({wires.PAGE_ID: [
        {"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 5}]})}),
}  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS)
def test_a_platform_that_asks_us_to_wait_gets_the_answer_when_it_said(
    world: World, limit: str
) -> None:
    """Story 10: Meta's limits; the answer waits in its lane and no worker with it."""
    number, _ = case(world, "messenger")
    code, headers = LIMITS[limit]
    error = {"error": {"message": "limit", "type": "OAuthException", "code": code}}
    fault = world.fault("meta", method="POST", path="/messages$", effect="status", status=400,
                        times=None, headers=headers, body=error)  # fmt: skip
    world.answer(number, "We are sorry.")
    world.until(lambda: world.sandbox.record("fault"), "the limit")
    say(world, "telegram", "Mine is broken", "Tom")
    other = world.opened("Mine is broken")
    world.answer(other, "Tom, we look.")
    world.until(lambda: "Tom, we look." in world.texts())

    def lane() -> float:
        with world.redis.client() as client:
            rows = client.zrange("bridge:due", 0, -1, withscores=True)
        return max((due for name, due in rows if name.startswith(b"out:")), default=0.0)

    least = 4 * 60 if limit == "usage" else 5  # told in minutes, or not at all: then ten seconds
    world.until(lambda: lane() / 1000 - time.time() > least, "the wait that was told")
    assert len(world.sandbox.record("fault")) <= 6
    assert "We are sorry." not in world.texts()
    world.sandbox.delete(f"faults/{fault}")
    world.until(lambda: world.sooner() and "We are sorry." in world.texts())
    world.calm()
    assert world.store.dead() == []


def test_a_platform_that_is_nearly_used_up_is_spared_and_answers_go_before_notices(
    world: World,
) -> None:
    """Story 10: Meta's usage headers at 95 %; nothing is refused, and people's words come first."""
    people = ("Ana", "Tom", "Jan", "Ola", "Ewa", "Iga", "Leo", "Kim")
    for name in people:
        say(world, "messenger", f"{name}: it is broken", name)
    numbers = [world.opened(f"{name}: it is broken") for name in people]
    world.calm()
    used, allowed = 18, 20
    world.sandbox.post("limits", {"meta": {"page_per_hour": allowed}})
    session = requests.Session()
    session.trust_env = False
    for _ in range(used):  # somebody else does that
        page = f"{world.sandbox.url}/graph/v25.0/{wires.PAGE_ID}"
        session.get(page, params={"access_token": wires.PAGE_TOKEN, "fields": "id"}, timeout=20)
    budget = f"bridge:rate:meta:meta:{wires.PAGE_ID}"
    with world.redis.client() as client:
        world.answer(numbers[0], "Sorry, Ana.")  # and its answer tells of it
        slow = world.until(lambda: client.get(f"{budget}:slow"), "the percents")
        assert int(slow) > 7000  # ms between two calls
        world.answer(numbers[1], "Sorry, Tom.")
        world.until(lambda: len(world.texts()) == 2)
        assert client.pttl(f"{budget}:stop") > 0
        for number in numbers[2:5]:
            world.sandbox.post("agent/status", {"ticket": number, "status": "solved"})
        world.until(lambda: [one.lanes for one in world.store.lines()] == [3], "notices in line")
        for name, number in zip(people[5:], numbers[5:], strict=True):
            world.answer(number, f"Sorry, {name}.")
        world.until(lambda: [one.lanes for one in world.store.lines()] == [6], "all in line")
        assert len(world.texts()) == 2
        # The hour is over; what they still wait for is a moment each.
        world.sandbox.post("limits", {"meta": {"page_per_hour": 4800}})
        client.set(f"{budget}:slow", 300, px=60_000)
        client.delete(f"{budget}:stop")
        for line in client.zrange("bridge:lines", 0, -1):
            client.zadd("bridge:lines", {line: 0})
        world.until(lambda: len(world.texts()) == 8, "all said")
    assert set(world.texts()[2:5]) == {"Sorry, Iga.", "Sorry, Leo.", "Sorry, Kim."}
    assert world.sandbox.record("refused", system="meta") == []


# --- credentials -----------------------------------------------------------------------------------


def test_with_a_revoked_token_answers_wait_and_what_comes_in_is_taken(world: World) -> None:
    """Story 14: incoming events are not thrown away; one alarm; everything goes out after the repair."""
    places = ("facebook", "messenger", "instagram", "whatsapp", "threads")
    numbers = {place: case(world, place, f"Broken, said in {place}.")[0] for place in places}
    world.sandbox.post("settings", {"meta_token": "revoked"})
    for place, number in numbers.items():
        world.answer(number, f"Sorry, {place}.")
    # Some were refused, others found the connection closed: every one of their agents is told.
    for number in numbers.values():
        world.noted(number, "Not delivered yet")
    for place in places:
        say(world, place, f"And mine is broken, {place}.", "Tom")
    for place in places:
        world.opened(f"And mine is broken, {place}.")
    assert world.spoken() == []
    assert [name for name in world.store.alarms() if "meta" in name] == ["down:meta"]
    assert world.store.dead() == []
    world.sandbox.post("settings", {"meta_token": "valid"})
    world.store.resume("meta")
    world.until(lambda: len(world.texts()) == len(places))
    world.calm()
    assert sorted(world.texts()) == sorted(f"Sorry, {place}." for place in places)
    assert sum(row["parked"] for row in world.store.books().values()) == 0


def test_a_file_behind_a_revoked_token_is_not_lost(world: World) -> None:
    """Story 14: WhatsApp hands files out to a token only; its words come, or wait, and are not dropped."""
    world.sandbox.post("settings", {"meta_token": "revoked"})
    world.message("whatsapp", "Ana", "Look at the broken cup", image=True)
    world.until(lambda: world.store.books().get("meta", {}).get("received"))
    world.until(lambda: world.tickets() or world.store.alarms())
    assert world.store.dead() == []
    world.sandbox.post("settings", {"meta_token": "valid"})
    world.store.resume("meta")
    number = world.opened("Look at the broken cup")
    world.calm()
    assert world.tickets() == [number]


def test_a_helpdesk_that_refuses_us_parks_its_work_with_one_alarm_and_drains_after_the_repair(
    world: World,
) -> None:
    """Story 14: a disabled OAuth client and a revoked key, found by three workers at once."""
    world.sandbox.post("settings", {"zendesk_client": "disabled", "zendesk_tokens": "revoked",
                                    "freshdesk_key": "revoked"})  # fmt: skip
    people = [(place, at) for place in ("facebook", "whatsapp") for at in range(5)]
    for place, at in people:
        say(world, place, f"{place} {at}: it is broken", f"Person {at}")
    world.until(lambda: {"down:zendesk", "down:freshdesk"} <= set(world.store.alarms()))
    world.until(lambda: world.store.books()["meta"]["parked"] == len(people), "all parked")
    assert len(world.store.alarms()) == 2
    asked = [one for one in world.sandbox.record("refused") if one["path"].endswith("oauth/tokens")]
    # Once, and by whoever came in the instant before that was known; not for each message or worker.
    assert 1 <= len(asked) <= 3
    world.sandbox.post("settings", {"zendesk_client": "valid", "freshdesk_key": "valid"})
    for desk in ("zendesk", "freshdesk"):
        world.store.resume(desk)
    for place, at in people:
        world.opened(f"{place} {at}: it is broken")
    world.calm()
    assert len(world.tickets()) == len(people)
    assert world.store.books()["meta"]["parked"] == 0


def test_tokens_that_were_revoked_are_renewed_once_by_three_workers(world: World) -> None:
    """Story 14: one renewal, nothing parked, nobody told."""
    case(world, "facebook")
    before = len(world.sandbox.record("token"))
    world.sandbox.post("settings", {"zendesk_tokens": "revoked"})
    people = ("Tom", "Jan", "Ola", "Ewa", "Iga", "Leo")
    for name in people:
        world.comment(name, f"{name}: my order is broken")
    for name in people:
        world.opened(f"{name}: my order is broken")
    world.calm()
    assert len(world.sandbox.record("token")) == before + 1
    assert world.store.alarms() == {}


# --- silence -----------------------------------------------------------------------------------------


def told(world: World, *words: str) -> str:
    """What a command says."""
    environ = {**world.environ, "BRIDGE_PUBLIC_URL": world.url}
    _, out, err = run(environ, *words)
    return out + err


def to_mend(world: World) -> str:
    return "\n".join(row for row in told(world, "doctor").split("\n") if row.startswith("TO MEND"))


def test_the_doctor_names_a_subscription_that_has_vanished() -> None:
    """Story 15: nothing arrives and nothing fails; each of the four that can be taken away is named."""
    with World(workers=1, edits=BOTH) as world:
        for name in ("meta", "telegram", "zendesk"):
            told(world, "setup", name)
        world.until(lambda: to_mend(world) == "", "a healthy house")
        session = requests.Session()
        session.trust_env = False
        url = world.sandbox.url
        page = {"access_token": wires.PAGE_TOKEN}
        session.delete(
            f"{url}/graph/v25.0/{wires.PAGE_ID}/subscribed_apps", params=page, timeout=20
        )
        session.post(f"{url}/telegram/bot{wires.TELEGRAM_TOKEN}/deleteWebhook", timeout=20)
        agent = (f"{wires.ZENDESK_EMAIL}/token", wires.ZENDESK_API_TOKEN)
        hooks = session.get(f"{url}/zendesk/api/v2/webhooks", auth=agent, timeout=20).json()
        for hook in hooks["webhooks"]:
            session.delete(f"{url}/zendesk/api/v2/webhooks/{hook['id']}", auth=agent, timeout=20)
        found = to_mend(world)
        for name in ("meta", "telegram", "zendesk"):
            assert f"TO MEND  {name}: " in found
        assert "subscribed" in found
        assert "webhook" in found
