"""What a tool posts, as a file describes it, becomes a ticket; who cannot prove himself is not heard."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from support.world import World

SECRET = "made-up-secret-of-the-form"
CONNECTIONS = """
  form:
    type: generic
    source: contact-form
    proof: {header_secret: {name: X-Bridge-Secret, value: "${FORM_SECRET}"}}
    helpdesk: zendesk
    language: en
  reviews:
    type: generic
    source: reviews
    proof: {basic: {user: trustpilot, password: "${FORM_SECRET}"}}
    helpdesk: zendesk
  signed:
    type: generic
    source: make
    proof: {hmac: {header: X-Signature, secret: "${FORM_SECRET}", prefix: "sha256="}}
    helpdesk: zendesk
"""


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with World(workers=1, environ={"FORM_SECRET": SECRET}, connections=CONNECTIONS) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    running.fresh()
    yield running
    assert running.balanced(), running.store.books()


def entry(number: int, **more: Any) -> dict[str, Any]:
    return {
        "entry_id": number, "email": "zofia@example.com", "first_name": "Zofia",
        "message": "My order arrived broken", "page_url": "https://shop.example.com/contact",
        "sent_at": "2026-11-22T10:15:00+01:00", "is_spam": False, **more,
    }  # fmt: skip


def sent(world: World, connection: str, body: Any, **headers: str) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with requests.Session() as http:
        http.trust_env = False
        return http.post(
            f"{world.url}/hooks/{connection}", data=raw, timeout=10,
            headers={"Content-Type": "application/json", **headers},
        ).status_code  # fmt: skip


def form(world: World, body: Any) -> int:
    return sent(world, "form", body, **{"X-Bridge-Secret": SECRET})


def test_a_complaint_by_a_form_becomes_a_ticket_that_says_where_to_answer(world: World) -> None:
    assert form(world, entry(1)) == 200
    number = world.opened("My order arrived broken")
    world.calm()
    ticket = world.ticket(number)
    assert ticket["subject"].startswith("Contact form message from Zofia")
    assert ticket["requester"]["name"] == "Zofia"
    assert "contact-form" in ticket["tags"]
    (note,) = world.words(number, public=False)
    assert "https://shop.example.com/contact" in note
    assert "It cannot be answered from here" in note


def test_files_that_are_not_copied_are_named_by_their_address(world: World) -> None:
    receipt = "https://files.example.com/receipt.pdf"
    assert form(world, entry(8, files=[{"name": "receipt.pdf", "url": receipt}])) == 200
    number = world.opened("My order arrived broken")
    world.calm()
    (note,) = world.words(number, public=False)
    assert f"{receipt}: not copied" in note


@pytest.mark.parametrize("secret", [SECRET + "x", "", SECRET[:-1]])
def test_who_has_not_the_secret_is_not_heard(world: World, secret: str) -> None:
    assert sent(world, "form", entry(2), **{"X-Bridge-Secret": secret}) == 401
    assert sent(world, "form", entry(2)) == 401
    world.calm()
    assert world.tickets() == []
    assert world.store.books().get("form", {}).get("received", 0) == 0


def test_the_same_entry_makes_one_ticket_and_the_next_joins_it(world: World) -> None:
    for body in (entry(3), entry(3), {**entry(3), "retry": 1}):
        assert form(world, body) == 200
    number = world.opened("My order arrived broken")
    assert form(world, entry(4, message="And nobody answers")) == 200
    world.until(lambda: "And nobody answers" in "\n".join(world.words(number)))
    world.calm()
    assert world.tickets() == [number]
    assert world.words(number)[0] == "My order arrived broken"
    assert world.store.books()["form"]["duplicates"] == 2


def test_what_does_not_count_is_ignored_and_what_breaks_is_a_dead_letter_alone(
    world: World,
) -> None:
    assert form(world, [entry(5, is_spam=True), {"message": "no number"}, entry(6)]) == 200
    assert form(world, b"{not json") == 200
    world.opened("My order arrived broken")
    world.calm()
    books = world.store.books()["form"]
    assert (books["done"], books["ignored"], books["dead"]) == (1, 1, 2)
    reasons = {world.store.event(eid).get("reason") for eid in world.store.dead()}
    assert "broken item: external_id: nothing stands there" in reasons


def test_an_answer_to_it_is_given_back_to_the_agent(world: World) -> None:
    assert form(world, entry(7)) == 200
    number = world.opened("My order arrived broken")
    world.calm()
    world.answer(number, "A new one is on its way")
    world.until(
        lambda: "Not delivered to the customer" in "\n".join(world.words(number, public=False))
    )
    world.calm()
    assert world.spoken() == []
    assert list(world.store.dead()) == []


def test_a_review_proved_by_a_password_opens_a_ticket(world: World) -> None:
    review = {
        "eventName": "service-review-created",
        "eventData": {
            "id": "r1", "title": "Terrible", "text": "It arrived broken", "stars": 1,
            "consumer": {"id": "c1", "name": "Ewa"},
        },
    }  # fmt: skip
    pair = base64.b64encode(f"trustpilot:{SECRET}".encode()).decode()
    wrong = base64.b64encode(b"trustpilot:guess-guess").decode()
    assert sent(world, "reviews", {"events": [review]}, Authorization=f"Basic {wrong}") == 401
    assert sent(world, "reviews", {"events": [review]}, Authorization=f"Basic {pair}") == 200
    number = world.opened("It arrived broken")
    assert world.ticket(number)["subject"].startswith("Trustpilot review from Ewa")


def test_a_signed_body_opens_a_ticket_and_a_changed_one_does_not(world: World) -> None:
    body = json.dumps({"id": 1, "type": "comment", "text": "It arrived broken"}).encode()
    made = f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"
    assert sent(world, "signed", body + b" ", **{"X-Signature": made}) == 401
    assert sent(world, "signed", body, **{"X-Signature": made}) == 200
    world.opened("It arrived broken")
