"""What nobody told us is read back: once, in order, marked late, and never twice.

A web process that is down, webhooks that are given up, a subscription that is gone: the sandbox does to
its webhooks what the real ones do, and its record is asked what became of the words.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from support.people import BOTH
from support.world import World

from bridge.jobs import watch
from bridge.jobs.gaps import Found
from bridge.jobs.outside import Outside
from bridge.sandbox import wires

SOON = {
    "BRIDGE_RECONCILE_MINUTES": "0",  # only when a test says so
    "BRIDGE_RECONCILE_GRACE": "1",
    "BRIDGE_ABSENCE_SECONDS": "4",
}
LATE = "Read back later"
SYSTEMS = ("meta", "zendesk", "freshdesk")


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with World(workers=2, environ=SOON, edits=BOTH) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """A running bridge with empty books that has begun to keep in mind how far it has read."""
    if running.web is None:
        running.start_web()
    running.fresh()
    running.sandbox.post("settings", {"zendesk_search_lag": 0})
    # The commands of these tests come quicker than the readings of a day.
    running.sandbox.post("limits", {"meta": {"conversations_per_second": 50}})
    names = ("meta", "zendesk", "freshdesk")
    running.until(lambda: all(running.store.get(f"gap:{name}") for name in names), "the watch")
    yield running
    lose(running, on=False)
    if running.web is None:
        running.start_web()
    assert running.balanced(), running.store.books()
    assert running.sandbox.record("email_sent", by="bridge") == []


def lose(world: World, *, on: bool, systems: tuple[str, ...] = SYSTEMS) -> None:
    """Whatever is on its way is given up; while *on*, so is all that happens from now on."""
    for system in systems:
        world.sandbox.post("hooks/drop", {"system": system, "on": on})


def leave(world: World) -> None:
    """The web process is gone."""
    assert world.web is not None
    assert world.web.stdout is not None
    world.web.kill()
    world.web.wait(10)
    world.web.stdout.close()
    world.web = None


def reconcile(world: World, *names: str) -> dict[str, Found]:
    """What reading back these connections, or all, of the last two hours has found."""
    outside, since = Outside(world.bridge, 2), world.bridge.now() - timedelta(hours=2)
    chosen = names or SYSTEMS
    found = {
        name: watch.reconcile(world.bridge, outside, world.config.connections[name], since)
        for name in chosen
    }
    assert [error for one in found.values() for error in one.errors] == []
    return found


def command(world: World, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", *args], env=world.environ, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip


def nothing_twice(world: World) -> None:
    """Read back once more, twice: nothing is new, and nothing is said or written."""
    world.calm()
    before = done(world)
    for _ in range(2):
        assert [one.new for one in reconcile(world).values()] == [0, 0, 0]
    world.calm()
    assert done(world) == before


def done(world: World) -> list[dict[str, Any]]:
    """All that was said and written, by anybody; not how it was told."""
    return [one for one in world.sandbox.record() if one["what"] not in ("webhook", "token")]


def case(world: World, text: str, person: str, **more: Any) -> tuple[int, str]:
    said = world.comment(person, text, **more)
    return world.opened(text), said


def test_what_happened_while_nobody_was_there_is_done_once_in_order_and_marked(
    world: World,
) -> None:
    """Customers write and agents answer while the web process is down, and no webhook comes again."""
    zendesk, root = case(world, "My mug is broken", "Ana")
    freshdesk, photo = case(world, "My parcel is broken", "Ben", channel="instagram")
    world.calm()
    leave(world)
    for number in (1, 2, 3):
        world.comment("Ana", f"Ana asks, {number}", reply_to=root)
        world.comment("Ben", f"Ben asks, {number}", channel="instagram", reply_to=photo)
    world.message("messenger", "Eva", "The lid is broken as well")
    world.message("instagram", "Ola", "My cup is broken, too")
    world.answer(zendesk, "We look at it.")
    world.answer(zendesk, "Between us: a bad series.", public=False)
    world.answer(freshdesk, "A new one is on its way.", helpdesk="freshdesk")
    lose(world, on=False)  # their retries have run out
    time.sleep(4.5)  # an absence
    world.start_web()
    world.until(lambda: "We look at it." in world.texts(), "the answer from Zendesk")
    world.until(lambda: "A new one is on its way." in world.texts(), "that from Freshdesk")
    opened = [world.opened("The lid is broken as well"), world.opened("My cup is broken, too")]
    world.opened("Ana asks, 3")
    world.opened("Ben asks, 3")
    lose(world, on=False)  # what set out while the door was closed would come again in half an hour
    world.calm()
    for number, person in ((zendesk, "Ana"), (freshdesk, "Ben")):
        said = "\n".join(world.words(number))
        places = [said.index(f"{person} asks, {one}") for one in (1, 2, 3)]
        assert places == sorted(places)
        assert all(said.count(f"{person} asks, {one}") == 1 for one in (1, 2, 3))
        notes = world.words(number, public=False)
        assert any(LATE in one and "written at" in one for one in notes), notes
        assert any("an answer for the customer" in one for one in notes), notes
    for number in opened:
        assert any(LATE in one for one in world.words(number, public=False))
    assert sorted(world.texts()) == ["A new one is on its way.", "We look at it."]
    assert len(world.tickets()) == 4
    nothing_twice(world)


def test_a_webhook_that_comes_after_all_changes_nothing(world: World) -> None:
    """The platform tries again after the words were read back, and the helpdesk's event is late."""
    number, root = case(world, "My mug is broken", "Ana")
    world.calm()
    for system in SYSTEMS:
        world.sandbox.post("hooks/hold", {"system": system})
    world.comment("Ana", "And the saucer", reply_to=root)
    edited = world.comment("Ana", "The spon", reply_to=root)
    world.sandbox.post("customer/comment/edit", {"id": edited, "text": "The spoon"})
    world.message("messenger", "Eva", "The lid is broken")
    world.answer(number, "We look at it.", status="pending")
    time.sleep(1.2)
    reconcile(world)
    world.until(lambda: "We look at it." in world.texts())
    world.opened("The spoon")
    world.opened("The lid is broken")
    world.calm()
    before = done(world)
    for system in SYSTEMS:
        world.sandbox.post("hooks/send", {"system": system})
    world.calm()
    assert done(world) == before
    assert any(LATE in one for one in world.words(number, public=False))
    nothing_twice(world)


def test_what_the_webhook_told_first_is_neither_repeated_nor_called_late(world: World) -> None:
    number, root = case(world, "My mug is broken", "Ana")
    world.comment("Ana", "And the saucer", reply_to=root)
    world.message("instagram", "Ola", "My cup is broken, too")
    world.answer(number, "We look at it.", status="pending")
    world.until(lambda: "We look at it." in world.texts())
    other = world.opened("My cup is broken, too")
    world.calm()
    time.sleep(1.2)
    nothing_twice(world)
    for one in (number, other):
        assert not any(LATE in note for note in world.words(one, public=False))


def test_a_ticket_that_was_solved_unheard_tells_the_customer_once(world: World) -> None:
    number, _ = case(world, "My mug is broken", "Ana")
    world.calm()
    lose(world, on=True, systems=("zendesk",))
    world.sandbox.post("agent/status", {"ticket": number, "status": "solved"})
    time.sleep(1.2)
    reconcile(world, "zendesk")
    world.until(lambda: world.texts(), "the notice")
    world.noted(number, "its status is solved")
    lose(world, on=False)
    nothing_twice(world)
    assert len(world.texts()) == 1


def test_an_answer_that_was_deleted_on_freshdesk_is_noticed_without_a_hint(world: World) -> None:
    number, _ = case(world, "My parcel is broken", "Ben", channel="instagram")
    world.answer(number, "It is lost.", helpdesk="freshdesk")
    world.until(lambda: "It is lost." in world.texts())
    world.calm()
    (said,) = world.sandbox.record("ticket_comment", ticket=number, text="It is lost.")
    wish = {"helpdesk": "freshdesk", "ticket": number, "comment": said["id"]}
    world.sandbox.post("agent/remove", wish)
    with world.redis.client() as client:
        looks = [
            key for key in client.scan_iter("bridge:e:*") if b"look" in client.hget(key, "doc")
        ]
        (look,) = looks
        assert client.hget(look, "state") == b"timer"
        # Half an hour later.
        doc = json.loads(client.hget(look, "doc"))
        client.hset(look, "doc", json.dumps({**doc, "not_before": "2026-01-01T00:00:00+00:00"}))
        lane = f"out:{client.hget(look, 'room').decode()}"
        client.delete(f"bridge:w:{lane}")
        client.zadd("bridge:due", {lane: 0})
    world.noted(number, "can still read it")
    world.calm()
    with world.redis.client() as client:
        docs = [client.hget(key, "doc") for key in client.scan_iter("bridge:e:*")]
    assert sum(b'"look": "second"' in doc for doc in docs) == 1  # another one a day later


def test_the_second_half_of_a_page_is_not_lost_when_one_list_cannot_be_read(world: World) -> None:
    """Messages are refused: the comments are read all the same, and the rest is tried again."""
    world.until(lambda: world.store.get("gap:meta"))
    lose(world, on=True, systems=("meta",))
    world.comment("Ana", "My mug is broken")
    world.message("messenger", "Eva", "The lid is broken")
    time.sleep(1.2)
    fault = world.fault("meta", path="/conversations$", effect="status", status=400, times=None,
                        body={"error": {"message": "no", "code": 10, "type": "OAuthException"}})  # fmt: skip
    ended = command(world, "reconcile", "meta")
    assert ended.returncode == 1
    assert "messages" in ended.stderr
    world.opened("My mug is broken")
    assert len(world.tickets()) == 1
    world.sandbox.delete(f"faults/{fault}")
    assert reconcile(world, "meta")["meta"].new == 1
    world.opened("The lid is broken")
    lose(world, on=False)
    nothing_twice(world)


def test_a_subscription_that_is_gone_is_an_alarm_and_what_it_kept_from_us_is_read(
    world: World,
) -> None:
    """Story 15 at the engine: nothing errs; the alarm asks, names it, and has the gap read back."""
    number, root = case(world, "My mug is broken", "Ana")
    world.calm()
    source = f"facebook:{wires.PAGE_ID}"
    world.until(lambda: f"last {source}" in world.store.hash("heard:meta"), "the count")
    usually(world, "meta", source, an_hour=20)
    session = requests.Session()
    session.trust_env = False
    url = f"{world.sandbox.url}/graph/v25.0/{wires.PAGE_ID}/subscribed_apps"
    session.delete(url, params={"access_token": wires.PAGE_TOKEN}, timeout=20)
    world.comment("Ana", "And the saucer", reply_to=root)
    name = f"silence:meta:{source}"
    alarm = world.until(lambda: world.store.alarms().get(name), "the alarm", patience=90)
    assert "usually come in this time" in alarm["text"]
    assert "not subscribed" in alarm["text"]
    assert "bridge setup meta" in alarm["text"]
    world.until(lambda: any("And the saucer" in one for one in world.words(number)), "the words")
    world.noted(number, LATE)
    assert name in world.store.alarms()  # what we read ourselves is no sign of life
    ended = command(world, "status")
    assert "nothing since" in ended.stdout
    assert "read back" in ended.stdout
    fields = "feed,messages"
    session.post(url, params={"access_token": wires.PAGE_TOKEN}, json={"subscribed_fields": fields}, timeout=20)  # fmt: skip
    world.comment("Ana", "And the plate", reply_to=root)
    world.until(lambda: name not in world.store.alarms(), "the end of the alarm")
    nothing_twice(world)


def usually(world: World, connection: str, source: str, an_hour: int) -> None:
    """Let it be known that *source* brings so many events an hour, and that it has said nothing for two."""
    now = int(time.time())
    with world.redis.client() as client:
        known = f"bridge:heard:{connection}"
        client.hset(known, f"first {source}", now - 30 * 86400)
        client.hset(known, f"last {source}", now - 2 * 3600)
        client.set("bridge:open", f"{now - 30 * 86400} {now}", px=60_000)
        for week in range(1, 5):
            for hour in range(-4, 3):
                at = now // 3600 - week * 168 + hour
                client.hset(f"bridge:hours:{connection}:{source}", at, an_hour)
        client.delete("bridge:listening")  # somebody listens at once


def test_a_quiet_bridge_asks_little_and_nothing_again(world: World) -> None:
    """The calls of docs/gaps.md: one for each list of each account, one for each helpdesk."""
    found = reconcile(world)
    assert {name: one.calls for name, one in found.items()} == {
        "meta": 6, "zendesk": 1, "freshdesk": 1
    }  # fmt: skip
    assert [(one.new, one.tickets) for one in found.values()] == [(0, 0)] * 3
    told = json.loads(command(world, "reconcile", "--json").stdout)
    assert told["meta"]["calls"] == 6
    assert told["telegram"] == {"readable": False}  # it cannot be asked
    assert world.tickets() == []
