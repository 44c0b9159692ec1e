"""Webhooks brought by hand, for tests that must know what was taken and what was not."""

from __future__ import annotations

import json
import time

import requests
from support.people import on_whatsapp, text_on_whatsapp
from support.platforms import proof
from support.world import World

from bridge.sandbox import wires

SESSION = requests.Session()
SESSION.trust_env = False
PATIENCE = 20  # seconds; Messenger gives up after 5, LinkedIn after 3, LINE after 2
PEOPLE = 4


def told(number: int) -> str:
    return f"Number {number} is broken."


def bring(world: World, number: int) -> tuple[int, float]:
    """One message of one of a few people: the answer, and the seconds it took."""
    person = f"9990001112{number % PEOPLE}"
    entry = on_whatsapp(text_on_whatsapp(f"t{number}", told(number), person), person=person)
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    headers = {"content-type": "application/json", **proof("meta", body, secret=wires.APP_SECRET)}
    began, url = time.monotonic(), f"{world.url}/hooks/meta"
    answer = SESSION.post(url, data=body, headers=headers, timeout=PATIENCE)
    if answer.status_code == 503:
        assert answer.headers["Retry-After"] == "5"
        assert answer.json()["error"] == "cannot_keep"
    return answer.status_code, time.monotonic() - began


def bring_until_taken(world: World, number: int) -> None:
    """As every platform does: again, until the answer is 200."""

    def taken() -> bool:
        try:
            return bring(world, number)[0] == 200
        except requests.ConnectionError:
            return False  # one web process ends, the next is there already

    world.until(taken, f"message {number} taken")


def bring_again(world: World) -> None:
    """Let the platforms' and helpdesks' own webhooks come that were refused: Freshdesk waits half an hour.

    One that sets out while the last door is still shut waits half an hour more.
    """

    def none_waits() -> bool:
        world.sandbox.post("clock", {"advance": 3600})
        return bool(world.sandbox.get("idle?wait=5")["idle"])

    world.until(none_waits, "the refused webhooks")


def check_all_there(world: World, count: int) -> None:
    """Each of *count* messages stands once, in order, on the one ticket of its person."""
    assert len(world.tickets()) == PEOPLE
    said = "\n".join("\n".join(world.words(ticket)) for ticket in world.tickets())
    assert [number for number in range(count) if said.count(told(number)) != 1] == []
    for person in range(PEOPLE):
        places = [said.index(told(number)) for number in range(person, count, PEOPLE)]
        assert places == sorted(places)
