"""Two helpdesks at once, and two accounts of one: each with its own map, and trouble of its own."""

from collections.abc import Iterator

import pytest
from support.world import World

BACKLOG = 40  # WhatsApp conversations that meet a slow or broken Freshdesk
MEANWHILE = 12  # complaints on the Page that go to Zendesk at the same time

ZENDESK, FRESHDESK = "zendesk", "freshdesk"


@pytest.fixture
def world() -> Iterator[World]:
    # Few threads: what one helpdesk could take away from the other shows.
    with World(workers=1, environ={"BRIDGE_WORKER_THREADS": "8"}) as world:
        yield world


def opened(world: World, system: str) -> list[int]:
    return [one["ticket"] for one in world.sandbox.record("ticket") if one["system"] == system]


def backlog(world: World) -> None:
    for number in range(BACKLOG):
        world.message("whatsapp", f"Wanda {number}", f"my order {number} is broken")


def complaints(world: World) -> None:
    for number in range(MEANWHILE):
        world.comment(f"Felix {number}", f"my parcel {number} never came, this is a scandal")


def test_each_account_has_its_helpdesk(world: World) -> None:
    world.comment("Ana", "My order is broken!")
    world.message("whatsapp", "Jan", "My order is broken!")
    world.until(lambda: opened(world, ZENDESK) and opened(world, FRESHDESK))
    world.calm()
    assert len(opened(world, ZENDESK)) == len(opened(world, FRESHDESK)) == 1
    for number in (*opened(world, ZENDESK), *opened(world, FRESHDESK)):
        world.answer(number, f"We look into {number}.")
    world.until(lambda: len(world.spoken()) == 2)
    world.calm()
    assert sorted((one["system"], one["text"].split()[-1]) for one in world.spoken()) == sorted(
        [
            ("meta", f"{opened(world, ZENDESK)[0]}."),
            ("meta", f"{opened(world, FRESHDESK)[0]}."),
        ]
    )
    assert world.balanced()


def test_a_slow_helpdesk_delays_nothing_at_the_other(world: World) -> None:
    slow = world.fault(FRESHDESK, effect="delay", seconds=2.0, times=None)
    backlog(world)
    world.until(lambda: opened(world, FRESHDESK), "the first of many")
    complaints(world)
    world.until(lambda: len(opened(world, ZENDESK)) == MEANWHILE, "the other helpdesk's tickets")
    # The slow one is far from done: it had its threads, and not those of the other.
    assert len(opened(world, FRESHDESK)) < BACKLOG
    world.sandbox.delete(f"faults/{slow}")
    world.until(lambda: len(opened(world, FRESHDESK)) == BACKLOG, "all of them", patience=90)
    world.calm()
    assert len(opened(world, FRESHDESK)) == BACKLOG
    assert world.balanced()


def test_a_helpdesk_that_is_down_has_its_own_breaker_and_its_own_alarm(world: World) -> None:
    broken = world.fault(FRESHDESK, effect="status", status=503, times=None)
    backlog(world)
    world.until(
        lambda: any("freshdesk" in name for name in world.store.alarms()), "freshdesk's alarm"
    )
    complaints(world)
    world.until(lambda: len(opened(world, ZENDESK)) == MEANWHILE, "the other helpdesk's tickets")
    assert not any("zendesk" in name for name in world.store.alarms())
    assert opened(world, FRESHDESK) == []
    world.sandbox.delete(f"faults/{broken}")
    world.store.resume(FRESHDESK)
    world.until(lambda: len(opened(world, FRESHDESK)) == BACKLOG, "all of them", patience=90)
    world.calm()
    assert not any("freshdesk" in name for name in world.store.alarms())
    assert world.balanced()


def test_a_refused_key_stops_its_own_helpdesk_alone(world: World) -> None:
    refused = world.fault(
        FRESHDESK, effect="status", status=401, times=None,
        body={"code": "invalid_credentials", "message": "You have to be logged in"},
    )  # fmt: skip
    world.message("whatsapp", "Jan", "My order is broken!")
    world.until(
        lambda: any("freshdesk" in name for name in world.store.alarms()), "freshdesk's alarm"
    )
    world.comment("Ana", "My order is broken!")
    world.until(lambda: opened(world, ZENDESK))
    assert world.store.books()["meta"]["parked"] == 1
    world.sandbox.delete(f"faults/{refused}")
    assert world.store.resume(FRESHDESK)  # as `bridge resume` does; by itself within a minute
    world.until(lambda: opened(world, FRESHDESK), "the parked ticket")


SECOND = """
  zendesk-vip:
    type: zendesk
    url: "${SANDBOX_URL}/zendesk"
    client_id: "${ZENDESK_CLIENT_ID}"
    client_secret: "${ZENDESK_CLIENT_SECRET}"
    webhook_secrets: ["${ZENDESK_WEBHOOK_SECRET}"]
"""
RULES = """
rules:
  - name: lawyers
    when: {text: {any_of: [lawyer]}}
    then: {escalate: {helpdesk: zendesk-vip, priority: high}}
  - name: others
    then: {escalate: {priority: low}}
"""


def test_several_accounts_of_one_product_each_go_by_their_own_map() -> None:
    theirs = {"zendesk-vip.yaml": "tags: [bridge, vip]\n"}
    with World(workers=1, rules=RULES, connections=SECOND, files=theirs) as world:
        world.comment("Ana", "My lawyer will call you")
        world.comment("Jan", "My order is broken")
        tagged = {
            text: world.ticket(world.opened(text))["tags"] for text in ("lawyer", "order is broken")
        }
        world.calm()
        assert "vip" in tagged["lawyer"]
        assert "vip" not in tagged["order is broken"]
        assert world.store.get("me:zendesk-vip") == world.store.get("me:zendesk")
