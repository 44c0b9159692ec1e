"""Many at once: one incident, whoever dies; its members linked; over by itself, with a summary."""

from __future__ import annotations

from support.world import World

RULES = """
rules:
  - name: angry
    when: {text: {any_of: [broken]}}
    then: {escalate: {priority: high}, reply: {public: acknowledged}}
  - name: rest
    then: {ignore: nothing-to-do}
crowds:
  - name: many
    when: {text: {any_of: [outage]}}
    over: 20s
    at_least: 20
    ends_after: 3s
    then: {incident: {priority: urgent, tags: [crisis]}, hold: waiting, notify: pr, quiet: true}
limits: {escalations_per_minute: 1000}
"""
WORDS = {"rules.yaml": RULES}


def incidents(world: World) -> list[int]:
    """The tickets of incidents."""
    rows = world.sandbox.record("ticket")
    return [one["ticket"] for one in rows if "Incident many" in one["subject"]]


def linked(world: World) -> dict[int, int]:
    """The problem of each ticket that has one."""
    tickets = world.sandbox.get("state")["zendesk"]["tickets"]
    return {one["id"]: one["problem_id"] for one in tickets if one["problem_id"]}


def over(world: World) -> bool:
    return not world.store.spikes()


def say(world: World, numbers: range) -> None:
    """Each of so many people writes about the outage; every fourth is angry enough for a ticket."""
    for number in numbers:
        angry = "It is broken: " if number % 4 == 0 else ""
        world.comment(f"Person {number}", f"{angry}{number}: outage here")


def test_sixty_messages_at_once_are_one_incident_also_when_workers_die() -> None:
    with World(workers=2, rules=RULES) as world:
        say(world, range(30))
        world.until(world.store.spikes, "a spike")
        world.kill_workers()
        say(world, range(30, 60))
        for _ in range(2):
            world.start_worker()
        (number,) = world.until(lambda: incidents(world), "an incident")
        world.until(lambda: over(world), "the end", 120)
        told = world.noted(number, "is over")
        assert "60 messages of 60 people" in told
        assert "Without a ticket of their own: 45 people" in told
        world.calm()
        assert incidents(world) == [number]
        assert len(world.tickets()) == 16
        assert len(linked(world)) == 15
        assert set(linked(world).values()) == {number}
        assert world.ticket(number)["type"] == "problem"
        assert world.ticket(number)["priority"] == "urgent"
        assert [name for name in world.store.alarms() if name.startswith("crowd:")] == []
        assert world.balanced()
