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
    over: 10m
    at_least: 20
    ends_after: 1h
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
        world.until(lambda: world.store.books()["meta"]["in_progress"] == 0, patience=90)
        world.answer(number, "/over", public=False)
        world.until(lambda: over(world), "the end")
        told = world.noted(number, "'many' is over.")
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


CAPPED = RULES.replace("escalations_per_minute: 1000", "escalations_per_minute: 2").replace(
    "at_least: 20", "at_least: 3"
)  # fmt: skip
ANSWER = "/fanout\nHello {first_name}, it works again.\n---\nIt works again, sorry!"


def heard(world: World, text: str) -> list[str]:
    return [one for one in world.texts() if text in one]


def test_in_an_incident_people_are_held_once_tickets_have_a_cap_and_all_get_one_answer() -> None:
    with World(workers=1, rules=CAPPED) as world:
        for name in ("Ana Nowak", "Tom Kowal", "Ewa Lis"):
            world.comment(name, f"outage at {name}")
        world.until(world.store.spikes, "a spike")
        (number,) = world.until(lambda: incidents(world), "an incident")
        for name in ("Jan Zych", "Iga Wrona", "Ola Mak", "x_9"):
            world.comment(name, f"It is broken: outage at {name}")
        world.comment("Jan Zych", "still an outage")
        waited = "a ticket for two, and the list for two"
        world.until(lambda: len(world.tickets()) == 3, waited)
        for name in ("Jan Zych", "Iga Wrona", "Ola Mak", "x_9"):
            assert name in world.noted(number, f"outage at {name}")
        world.until(lambda: world.store.books()["meta"]["in_progress"] == 0)
        held = world.spoken()
        assert 4 <= len(held) <= 5, (
            held
        )  # each once; the comment and the words below it are two cases
        assert len(world.tickets()) == 3

        world.answer(number, "Nobody reads this")
        world.noted(number, "without a customer")
        world.answer(number, ANSWER, public=False)
        preview = world.noted(number, "| It works again, sorry!")
        assert "Nothing is sent yet" in preview
        assert len(world.spoken()) == len(held)
        world.answer(number, "/fanout yes", public=False)
        world.until(lambda: len(heard(world, "works again")) >= 3)
        world.kill_workers()
        world.start_worker()
        report = world.noted(number, "to each once")
        people = int(preview.split(" people")[0].split()[-1])
        assert f"The answer was said to {people} of {people} people" in report
        assert len(heard(world, "works again")) == people
        assert "Hello Ana, it works again." in world.texts()
        assert len(heard(world, "It works again, sorry!")) == 1

        world.answer(number, "/open", public=False)
        world.noted(number, "Tickets are opened now for 2")
        world.until(lambda: len(world.tickets()) == 5, "tickets for those that were too many")
        world.until(lambda: len(linked(world)) == 4)
        assert world.balanced()


def test_in_freshdesk_members_become_children_and_a_note_names_the_incident() -> None:
    edits = {
        "connections.yaml": {
            "helpdesk: zendesk": "helpdesk: freshdesk",
            "    type: freshdesk\n": "    type: freshdesk\n    incidents: children\n",
        }
    }
    with World(workers=1, rules=CAPPED, edits=edits) as world:
        for name in ("Ana", "Tom"):
            world.comment(name, f"outage at {name}")
        world.comment("Ewa", "It is broken: outage at Ewa")
        (number,) = world.until(lambda: incidents(world), "an incident")
        world.until(lambda: next(iter(world.store.spikes().values())).get("ticket"))
        world.comment("Jan", "It is broken: outage at Jan")
        before, after = world.opened("outage at Ewa"), world.opened("outage at Jan")
        assert str(number) in world.noted(before, "belongs to the incident")
        assert str(number) in world.noted(after, "belongs to the incident")
        assert world.ticket(before)["parent_id"] is None
        assert world.ticket(after)["parent_id"] == number
        assert "outage at Ana" in world.noted(number, "outage at Ana")

        world.answer(number, "/over", public=False)
        world.noted(number, "is over.")
        world.until(lambda: over(world))
        world.comment("Una", "outage at Una")
        world.calm()
        assert incidents(world) == [number]
        assert world.balanced()
