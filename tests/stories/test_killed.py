"""Stories 9, 16 and 17: Redis dies in a burst, workers die between doing and writing down."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import requests
from support.bring import bring_again
from support.people import on_whatsapp, say, text_on_whatsapp, watch
from support.platforms import proof
from support.world import World

from bridge.sandbox import wires

BURST, PEOPLE = 200, 8
SPEAKING = "(comments|replies|messages|sendMessage)$"


def told(number: int) -> str:
    return f"Number {number} of the burst."


def test_what_was_taken_while_redis_died_is_there_and_the_rest_was_refused(world: World) -> None:
    """Story 16: a burst of 200, Redis killed in its middle; never answered 200 and gone."""
    session = requests.Session()
    session.trust_env = False

    def send(number: int) -> int:
        person = f"9990001112{number % PEOPLE}"
        entry = on_whatsapp(text_on_whatsapp(f"{number}", told(number), person), person=person)
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        headers = {"content-type": "application/json",
                   **proof("meta", body, secret=wires.APP_SECRET)}  # fmt: skip
        url = f"{world.url}/hooks/meta"
        return session.post(url, data=body, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as senders:
        answers = senders.map(send, range(BURST))
        took = [next(answers) for _ in range(BURST // 3)]
        world.redis.kill()
        took += [next(answers) for _ in range(BURST // 3)]
        world.redis.start()
        took += list(answers)
    assert set(took) == {200, 503}
    world.until(lambda: session.get(f"{world.url}/readyz", timeout=20).ok, "ready again")
    refused = [number for number, answer in enumerate(took) if answer == 503]
    assert {send(number) for number in refused} == {200}  # as every platform does, a little later
    gone = "the end of the burst"
    world.until(lambda: world.store.books()["meta"]["in_progress"] == 0, gone, patience=60)
    # The helpdesks' and platforms' webhooks that were refused come again after half an hour at most.
    bring_again(world)
    world.calm()
    assert {one.poll() for one in world.workers} == {None}  # they waited, and went on by themselves
    assert len(world.tickets()) == PEOPLE
    everything = "\n".join("\n".join(world.words(number)) for number in world.tickets())
    assert [number for number in range(BURST) if everything.count(told(number)) != 1] == []


def test_twenty_answers_whose_worker_died_between_sent_and_recorded_stand_there_once(
    world: World,
) -> None:
    """Story 17: looked up, known by their echo or report; where nobody can tell, the agent is told."""
    world.sandbox.post("limits", {"on": False})
    places = ("facebook", "messenger", "instagram", "whatsapp", "telegram")
    cases = {(place, at): f"{place} {at} is broken." for place in places for at in range(4)}
    for (place, at), text in cases.items():
        say(world, place, text, f"Person {at}")
    numbers = {key: world.opened(text) for key, text in cases.items()}
    world.calm()
    world.sandbox.post("faults", {"method": "POST", "path": SPEAKING, "effect": "drip",
                                  "seconds": 7, "times": 20})  # fmt: skip
    for (place, at), number in numbers.items():
        world.answer(number, f"Sorry, {place} {at}.")
    world.until(lambda: len(world.texts()) == 20)  # all of them there, none of them written down
    world.kill_workers()
    world.sandbox.delete("faults")
    watch(world)

    def settled() -> bool:
        books = world.store.books()
        return not any(books[desk]["in_progress"] for desk in ("zendesk", "freshdesk"))

    world.until(settled, "all answers settled", patience=60)
    world.calm()
    assert sorted(world.texts()) == sorted(f"Sorry, {place} {at}." for place, at in cases)
    for (place, _), number in numbers.items():
        doubt = [one for one in world.words(number, public=False) if "not known whether" in one]
        assert len(doubt) == (1 if place == "telegram" else 0), (place, doubt)
    world.sandbox.post("limits", {"on": True})


def test_tickets_and_updates_whose_worker_died_between_sent_and_recorded_stand_there_once(
    world: World,
) -> None:
    """Stories 9 and 17: Zendesk knows them by key and metadata, Freshdesk by stamp and reference."""
    places = ("messenger", "whatsapp")
    for place in places:
        say(world, place, f"The first is broken, {place}.", "Tom")
    first = {place: world.opened(f"The first is broken, {place}.") for place in places}
    world.calm()
    for path, method in (
        (r"/tickets(\.json)?$", "POST"),
        (r"/tickets/\d+", "PUT"),
        ("/notes$", "POST"),
    ):
        world.sandbox.post("faults", {"path": path, "method": method, "effect": "drip",
                                      "seconds": 7, "times": 2})  # fmt: skip
    for place in places:
        say(world, place, f"The second is broken, {place}.", "Ana")
        say(world, place, f"And the first as before, {place}.", "Tom")
    for place in places:
        world.opened(f"The second is broken, {place}.")
        world.opened(f"And the first as before, {place}.")
    world.kill_workers()
    world.sandbox.delete("faults")
    watch(world)
    world.until(lambda: world.store.books()["meta"]["in_progress"] == 0, patience=60)
    world.calm()
    second = {place: world.opened(f"The second is broken, {place}.") for place in places}
    assert sorted(world.tickets()) == sorted([*first.values(), *second.values()])
    for place in places:
        (words,) = world.words(second[place])
        assert words.startswith(f"The second is broken, {place}.")
        together = "\n".join(world.words(first[place]))
        assert together.count(f"And the first as before, {place}.") == 1
