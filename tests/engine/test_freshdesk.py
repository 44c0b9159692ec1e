"""Freshdesk from the customer to the agent and back: one ticket, every word once, never an e-mail."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from support.world import World

from bridge.jobs import erasing
from bridge.jobs.erasing import Wanted
from bridge.sandbox import wires

RULE = """
rules:
  - name: burst-pipe
    when: {text: {any_of: ["pipe burst"]}}
    then: {escalate: {priority: urgent, group: Refunds, type: incident, tags: [water], fields: {reason: refund}}}
    examples: [{text: "the pipe burst", gives: burst-pipe}]
"""
REPLY = """
where_it_stands:
  plain: ["It is {status} now.", "Your request is {status}.", "Where we are: {status}."]

acknowledged:
"""
EDITS = {
    "connections.yaml": {"helpdesk: zendesk": "helpdesk: freshdesk"},
    "rules.yaml": {"\nrules:\n": RULE},
    "replies/en.yaml": {"\nacknowledged:\n": REPLY},
    "replies/pl.yaml": {"\nacknowledged:\n": REPLY},
    "freshdesk.yaml": {
        "\ngroups: {}": "\ngroups: {Refunds: 501000128911}",
        "\ntype: null": "\ntype: Feature Request",
        "\nfields: {}": """
fields:
  channel: {id: cf_channel, from: channel}
  reason: {id: cf_reason, values: {refund: Refund}}
""",
        '"6": pending, "7": on_hold}': 'Waiting on Customer: pending, "8": on_hold}',
        "on_hold: null}": "on_hold: where_it_stands}",
    },
}


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with World(workers=2, edits=EDITS) as world:
        yield world


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """A running bridge with empty books, whose tickets all stand in Freshdesk."""
    running.fresh()
    yield running
    assert running.balanced(), running.store.books()
    assert running.sandbox.record("email_sent", by="bridge") == []


def case(world: World, text: str = "My order is broken", **more: Any) -> tuple[int, str]:
    said = world.comment("Ana", text, **more)
    number = world.opened(text)
    world.calm()
    return number, said


def texts(world: World) -> list[str]:
    return [one["text"] for one in world.spoken()]


def noted(world: World, number: int, words: str) -> str:
    def look() -> str | None:
        return next((one for one in world.words(number, public=False) if words in one), None)

    return str(world.until(look, f"a note with {words!r}"))


def notes(world: World, number: int) -> list[dict[str, Any]]:
    """The replies and notes on a ticket, oldest first."""
    return [one for one in world.ticket(number)["comments"] if one["kind"] != "description"]


def said_on(world: World, number: int, words: str) -> list[str]:
    """The customer's notes that hold *words*, each without our reference."""
    rows = [one for one in notes(world, number) if one["incoming"] and words in one["text"]]
    return [one["text"].partition("bridge ref")[0].strip() for one in rows]


def hint(world: World, number: int, **more: Any) -> None:
    """What the rule would send about a ticket, or something like it."""
    body = {"bridge": 1, "ticket_id": str(number), "actor": "sam@acme.example", **more}
    sent = {"system": "freshdesk", "body": json.dumps(body), "sign": True}
    assert world.sandbox.post("hooks/raw", sent)["statuses"] == [200]


def counted(world: World, **which: Any) -> str:
    """Count calls to Freshdesk from now on; `calls` tells how many there were."""
    return world.fault("freshdesk", effect="delay", seconds=0, times=None, **which)


def calls(world: World, counter: str) -> int:
    faults = world.sandbox.get("faults")["faults"]
    return int(next(one for one in faults if one["id"] == counter)["hits"])


def held(world: World, helpdesk: str = "freshdesk") -> None:
    world.sandbox.post("hooks/hold", {"system": helpdesk})


def let_go(world: World, **how: Any) -> None:
    world.sandbox.post("hooks/send", {"system": "freshdesk", "together": False, **how})


# --- to the agent --------------------------------------------------------------------------------


def test_a_complaint_becomes_one_ticket_of_a_person_known_by_a_hash_and_by_no_address(
    world: World,
) -> None:
    number, said = case(world)
    (opened,) = world.sandbox.record("ticket")
    assert opened["ticket"] == number
    assert opened["priority"] == 2
    assert {"bridge", "facebook", "comment", "complaint"} <= set(opened["tags"])
    assert len(opened["external_id"]) == 32
    assert opened["custom_fields"]["cf_channel"] == "facebook"
    (person,) = world.sandbox.record("user", by="bridge")
    assert person["id"] == opened["requester"]
    assert len(person["external_id"]) == 32
    assert person["text"] == "Ana"
    ticket = world.ticket(number)
    assert (ticket["status"], ticket["type"]) == (2, "Feature Request")
    (note,) = notes(world, number)
    assert (note["public"], note["kind"], note["by"]) == (False, "note", "bridge")
    for words in ("Why: rule complaint", "Facebook comment from Ana", said, "public answer"):
        assert words in note["text"]


def test_a_rule_chooses_group_type_priority_and_fields(world: World) -> None:
    number, _ = case(world, "Your pipe burst over my new floor")
    ticket = world.ticket(number)
    assert ticket["group_id"] == 501000128911
    assert (ticket["type"], ticket["priority"]) == ("Incident", 4)
    assert ticket["custom_fields"]["cf_reason"] == "Refund"
    assert "water" in ticket["tags"]


def test_the_next_words_are_an_incoming_public_note_of_the_customer(world: World) -> None:
    number, said = case(world)
    world.comment("Ana", "and the saucer, too", reply_to=said)
    world.opened("and the saucer, too")
    world.calm()
    assert said_on(world, number, "saucer") == ["and the saucer, too"]
    _, note = notes(world, number)
    assert (note["incoming"], note["public"], note["by"]) == (True, True, "customer")
    assert note["author"]["name"] == "Ana"
    assert world.ticket(number)["mails"] == 0


def test_several_messages_in_a_burst_are_one_note(world: World) -> None:
    number, said = case(world)
    held(world, "meta")
    for word in ("first", "second", "third"):
        world.comment("Ana", f"the {word} cup", reply_to=said)
    world.sandbox.post("hooks/send", {"system": "meta", "together": True})
    world.opened("the third cup")
    world.calm()
    (note,) = said_on(world, number, "cup")
    assert note.index("the first cup") < note.index("the second cup") < note.index("the third cup")


def test_a_message_on_whatsapp_and_one_on_telegram_become_tickets_there_too(world: World) -> None:
    for channel in ("whatsapp", "telegram"):
        world.message(channel, "Ola", f"My {channel} parcel is broken")
        number = world.opened(f"My {channel} parcel is broken")
        world.calm()
        world.answer(number, f"Sorry about the {channel} parcel.")
        world.until(lambda channel=channel: f"Sorry about the {channel} parcel." in texts(world))
    assert len(world.tickets()) == 2
    assert len(world.spoken()) == 2


# --- to the customer -----------------------------------------------------------------------------


@pytest.mark.parametrize("note", [False, True], ids=["reply", "public note"])
def test_an_agents_public_words_reach_the_customer_once(world: World, note: bool) -> None:
    number, said = case(world)
    world.answer(number, "We are sorry, a new cup is coming.", note=note)
    world.until(lambda: texts(world))
    world.calm()
    (post,) = world.spoken()
    assert (post["text"], post["parent_id"]) == ("We are sorry, a new cup is coming.", said)
    assert len(notes(world, number)) == 2


def test_a_file_an_agent_attaches_reaches_the_customer_as_a_link(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "Here is the form.", attachment=True)
    world.until(lambda: texts(world))
    (text,) = texts(world)
    assert text.startswith("Here is the form.")
    assert "/attachments/" in text


def test_a_private_note_never_leaves(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "between us: she is right", public=False)
    world.answer(number, "internal picture", public=False, attachment=True)
    world.calm()
    assert world.spoken() == []


def test_equal_words_twice_are_said_twice(world: World) -> None:
    number, _ = case(world)
    for _ in range(2):
        world.answer(number, "One moment, please.")
    world.until(lambda: len(texts(world)) == 2)
    world.calm()
    assert texts(world) == ["One moment, please."] * 2


def test_equal_commands_twice_are_obeyed_and_answered_twice(world: World) -> None:
    number, _ = case(world)
    for _ in range(2):
        world.answer(number, "/mute 7d", public=False)
    world.calm()
    told = [one for one in world.words(number, public=False) if "muted" in one]
    assert sum(one.count("muted") for one in told) == 2
    assert world.spoken() == []


def test_words_come_from_the_ticket_and_never_from_the_hint(world: World) -> None:
    number, _ = case(world)
    forged = "We will pay you 5000."
    more = {"ticket_latest_public_comment": forged, "comment": {"body": forged, "public": True}}
    hint(world, number, **more)
    hint(world, number, freshdesk_webhook={"ticket_id": number, **more})
    world.calm()
    assert world.spoken() == []
    held(world)
    world.answer(number, "We are sorry.")
    hint(world, number, **more)
    world.until(lambda: texts(world))
    let_go(world)
    world.calm()
    assert texts(world) == ["We are sorry."]


@pytest.mark.parametrize("order", ["reversed", "shuffled", "kept"])
def test_hints_in_any_order_and_doubled_change_nothing(world: World, order: str) -> None:
    number, _ = case(world)
    held(world)
    for count in range(3):
        world.answer(number, f"Answer {count}.")
    hint(world, number)  # one that comes before all others
    world.until(lambda: len(texts(world)) == 3)
    let_go(world, order=order, copies=3)
    hint(world, number)
    world.calm()
    assert texts(world) == [f"Answer {count}." for count in range(3)]


def test_an_answer_that_comes_before_its_ticket_is_written_down_waits_for_it(world: World) -> None:
    world.fault("freshdesk", method="POST", path="/tickets$", effect="drip", seconds=3, times=1)
    world.comment("Ana", "My order is broken")
    number = world.opened("My order is broken")  # Freshdesk has it, the bridge does not know yet
    world.answer(number, "We are sorry.")
    world.until(lambda: texts(world))
    world.calm()
    assert texts(world) == ["We are sorry."]
    assert world.tickets() == [number]


def test_a_hint_about_our_own_write_asks_for_nothing(world: World) -> None:
    number, _ = case(world)
    counter = counted(world)
    for _ in range(3):
        hint(world, number, actor=wires.FRESHDESK_EMAIL)
    world.calm()
    assert calls(world, counter) == 0


def test_a_hint_that_does_not_say_who_acted_is_read_and_writes_nothing(world: World) -> None:
    number, said = case(world)
    world.comment("Ana", "and the saucer", reply_to=said)
    world.opened("and the saucer")
    world.calm()
    reads = counted(world, method="GET")
    writes = [counted(world, method=one) for one in ("POST", "PUT", "DELETE")]
    hint(world, number, actor="")
    world.until(lambda: calls(world, reads))
    world.calm()
    assert calls(world, reads) == 2
    assert [calls(world, one) for one in writes] == [0, 0, 0]
    assert world.spoken() == []


def test_who_has_not_the_secret_is_not_heard(world: World) -> None:
    number, _ = case(world)
    counter = counted(world)
    body = json.dumps({"bridge": 1, "ticket_id": str(number), "actor": "sam@acme.example"})
    for sign in (False, "wrong"):
        sent = {"system": "freshdesk", "body": body, "sign": sign}
        assert world.sandbox.post("hooks/raw", sent)["statuses"] == [401]
    world.calm()
    assert calls(world, counter) == 0


# --- what becomes of the ticket ------------------------------------------------------------------


def status(world: World, number: int, status: object, **more: Any) -> None:
    world.sandbox.post("agent/status", {"ticket": number, "status": status, **more})


@pytest.mark.parametrize("over", [4, 5], ids=["resolved", "closed"])
def test_thanks_do_not_reopen_a_ticket_that_is_over_and_more_trouble_does(
    world: World, over: int
) -> None:
    number, said = case(world)
    status(world, number, over)
    world.calm()
    world.comment("Ana", "Thank you!", reply_to=said)
    assert world.opened("Thank you!") == number
    world.calm()
    assert world.ticket(number)["status"] == over
    world.comment("Ana", "No, wait, the new one is cracked too", reply_to=said)
    assert world.opened("the new one is cracked") == number
    world.calm()
    assert world.ticket(number)["status"] == 2
    assert world.tickets() == [number]


def test_a_customer_who_writes_opens_what_waited_for_them(world: World) -> None:
    number, said = case(world)
    status(world, number, "Waiting on Customer")
    world.calm()
    world.comment("Ana", "here is the photo", reply_to=said)
    assert world.opened("here is the photo") == number
    world.calm()
    assert world.ticket(number)["status"] == 2


def test_an_archived_ticket_stays_and_a_new_one_points_to_it(world: World) -> None:
    first, said = case(world)
    status(world, first, 5)
    world.calm()
    world.sandbox.post("clock", {"advance": 121 * 86400})
    world.comment("Ana", "It broke again, what now?", reply_to=said)
    second = world.opened("It broke again")
    assert second != first
    assert f"Continues ticket {first}: http" in noted(world, second, "Continues ticket")
    assert not said_on(world, first, "broke again")


def test_after_a_deletion_the_rules_decide_anew(world: World) -> None:
    first, said = case(world)
    world.sandbox.post("agent/delete", {"ticket": first})
    world.calm()
    world.comment("Ana", "oh well", reply_to=said)
    world.calm()
    assert world.tickets() == [first]
    world.comment("Ana", "now the handle is broken", reply_to=said)
    assert world.opened("the handle is broken") != first


def test_spam_of_which_nobody_is_told_is_found_by_writing(world: World) -> None:
    first, said = case(world)
    world.sandbox.post("agent/spam", {"ticket": first})
    world.comment("Ana", "the second cup is broken", reply_to=said)
    assert world.opened("the second cup is broken") != first
    assert any(one["status"] == 405 for one in world.sandbox.record("refused"))


def test_after_a_merge_words_go_to_the_target(world: World) -> None:
    first, said = case(world)
    world.comment("Tom", "Mine is broken too")
    second = world.opened("Mine is broken too")
    world.calm()
    world.sandbox.post("agent/merge", {"ticket": first, "into": second})
    world.calm()
    world.comment("Ana", "any news for me?", reply_to=said)
    assert world.opened("any news for me?") == second
    world.calm()
    # The target's own customer keeps its answers, and nobody heard of the merge.
    world.answer(second, "This is for Tom.")
    world.until(world.spoken)
    world.calm()
    (answer,) = world.spoken()
    assert answer["parent_id"] != said


@pytest.mark.parametrize(
    ("number", "heard"),
    [
        (6, ["to go on", "asked you something", "one thing is missing"]),
        (8, ["On the roaster's desk"]),
        (3, ["to go on", "asked you something", "one thing is missing"]),
        (7, ["Being Processed"]),
    ],
    ids=[
        "by the agents' name",
        "by number, told by the customers' name",
        "as shipped",
        "not in the map",
    ],
)
def test_what_a_status_means_for_the_customer_is_said_by_the_map(
    world: World, number: int, heard: list[str]
) -> None:
    ticket, _ = case(world)
    status(world, ticket, number)
    if heard:
        world.until(lambda: texts(world))
    world.calm()
    said = texts(world)
    assert len(said) == bool(heard)
    assert all(any(words.lower() in one.lower() for words in heard) for one in said)


def test_a_status_that_the_account_sets_by_itself_is_told_as_well(world: World) -> None:
    ticket, _ = case(world)
    status(world, ticket, 8, performer="system")
    world.until(lambda: texts(world))
    world.calm()
    (said,) = texts(world)
    assert "On the roaster's desk" in said


# --- what goes wrong -----------------------------------------------------------------------------


def test_the_answer_to_the_create_is_lost_and_there_is_one_ticket(world: World) -> None:
    # The search knows nothing of it for three minutes: only the person's list tells.
    world.sandbox.post("settings", {"freshdesk_search_lag": 600})
    world.fault("freshdesk", method="POST", path="/tickets$", effect="drop_after", times=1)
    listed = counted(world, path="/tickets$", method="GET")
    number, _ = case(world)
    noted(world, number, "Why: rule complaint")
    assert world.tickets() == [number]
    assert calls(world, listed) >= 1
    # And answers find their way.
    world.answer(number, "We are sorry.")
    world.until(lambda: texts(world))


def test_a_create_that_did_not_arrive_is_made_once_more(world: World) -> None:
    world.fault("freshdesk", method="POST", path="/tickets$", effect="drop_before", times=1)
    number, _ = case(world)
    assert world.tickets() == [number]
    assert len(world.words(number)) == 1


def test_the_answer_to_a_note_is_lost_and_the_words_stand_once(world: World) -> None:
    number, said = case(world)
    world.fault("freshdesk", method="POST", path="/notes$", effect="drop_after", times=1)
    world.comment("Ana", "and the saucer", reply_to=said)
    world.opened("and the saucer")
    world.calm()
    assert said_on(world, number, "saucer") == ["and the saucer"]
    assert world.store.dead() == []


def test_a_limit_is_waited_out_and_nothing_is_lost(world: World) -> None:
    world.fault(
        "freshdesk", method="POST", path="/tickets$", effect="status", status=429, times=2,
        headers={"Retry-After": "1"},
    )  # fmt: skip
    number, _ = case(world)
    assert world.tickets() == [number]
    assert world.store.dead() == []


def test_a_helpdesk_that_fails_for_a_while_gets_everything_once(world: World) -> None:
    world.fault("freshdesk", effect="status", status=500, times=3)
    number, said = case(world)
    world.fault("freshdesk", effect="status", status=502, times=2)
    world.comment("Ana", "and the saucer", reply_to=said)
    world.opened("and the saucer")
    world.calm()
    assert world.tickets() == [number]
    assert said_on(world, number, "saucer") == ["and the saucer"]
    assert len(notes(world, number)) == 2


def test_pictures_travel_with_the_words(world: World) -> None:
    said = world.comment("Ana", "Look how broken it is", image=True)
    number = world.opened("Look how broken")
    world.calm()
    world.comment("Ana", "and from behind", image=True, reply_to=said)
    world.opened("and from behind")
    world.calm()
    first, *others = world.ticket(number)["comments"]
    with_files = [one for one in others if one["attachments"]]
    assert [file["content_type"] for file in first["attachments"]] == ["image/png"]
    assert ["and from behind" in one["text"] for one in with_files] == [True]
    assert not any("not be copied" in one for one in world.words(number, public=False))


def test_what_is_beyond_twenty_megabytes_a_ticket_is_named_and_not_copied(world: World) -> None:
    said = world.comment("Ana", "Look how broken it is", image=9_000_000)
    number = world.opened("Look how broken")
    world.calm()
    for words in ("from behind", "from below"):
        world.comment("Ana", words, image=9_000_000, reply_to=said)
        world.opened(words)
        world.calm()
    note = noted(world, number, "could not be copied")
    assert "image: all files of one ticket may be 20 MB together" in note
    files = [file for one in world.ticket(number)["comments"] for file in one["attachments"]]
    assert len(files) == 2
    assert said_on(world, number, "from below") == ["from below"]


def test_a_ticket_that_redis_has_forgotten_is_found_again_by_its_stamp(world: World) -> None:
    number, said = case(world)
    world.forget()
    world.comment("Ana", "Hello? It is still broken", reply_to=said)
    assert world.opened("It is still broken") == number
    world.calm()
    assert world.tickets() == [number]
    # Freshdesk tells whole seconds: what is as old as the ticket was when it was found counts as said.
    world.sandbox.post("clock", {"advance": 2})
    world.answer(number, "We are looking for it.")
    world.until(world.spoken)
    (answer,) = world.spoken()
    assert answer["parent_id"] == said


def test_what_was_said_before_redis_forgot_is_not_said_again(world: World) -> None:
    number, said = case(world)
    world.answer(number, "The first answer.")
    world.until(world.spoken)
    world.calm()
    world.forget()
    world.comment("Ana", "Hello? It is still broken", reply_to=said)
    world.opened("It is still broken")
    world.calm()
    world.answer(number, "The second answer.")
    world.until(lambda: "The second answer." in texts(world))
    world.calm()
    assert texts(world) == ["The first answer.", "The second answer."]


def undelivered(world: World, number: int) -> list[str]:
    """The notes that tell of an answer which did not go out."""
    return [one for one in world.words(number, public=False) if "Not delivered" in one]


def test_an_answer_to_a_forgotten_conversation_does_not_vanish(world: World) -> None:
    number, _ = case(world)
    world.forget()
    world.answer(number, "between us", public=False)
    world.calm()
    assert world.store.dead() == []
    world.answer(number, "We are looking for it.")
    assert "We are looking for it." in noted(world, number, "Not delivered")
    status(world, number, 3)
    world.calm()
    assert len(undelivered(world, number)) == 1
    reasons = [world.store.event(dead)["reason"] for dead in world.store.dead()]
    assert reasons
    assert all("link_lost" in one for one in reasons)
    assert world.spoken() == []


def test_who_answers_a_person_that_was_erased_learns_it_once(world: World) -> None:
    number, _ = case(world)
    ((room, _),) = world.store.rooms()
    assert erasing.erase(world.store, Wanted(room)).rooms
    world.answer(number, "between us", public=False)
    status(world, number, 3)
    world.calm()
    world.answer(number, "We are looking for zzyzx.")
    assert "erased" in noted(world, number, "Not delivered")
    status(world, number, 2)
    world.calm()
    assert len(undelivered(world, number)) == 1
    assert not any("zzyzx" in str(row) for _, row in world.store.events())
    assert (world.spoken(), world.store.dead()) == ([], [])


def test_a_hint_about_a_ticket_that_is_none_of_ours_changes_nothing(world: World) -> None:
    writes = counted(world, method="POST")
    hint(world, 17)
    world.calm()
    assert (calls(world, writes), world.store.dead(), world.spoken()) == (0, [], [])


def test_a_worker_that_dies_while_a_ticket_is_made_leaves_one_ticket(world: World) -> None:
    world.fault("freshdesk", method="POST", path="/tickets$", effect="drip", seconds=20, times=1)
    world.comment("Ana", "My order is broken")
    number = world.opened("My order is broken")
    world.kill_workers()
    for _ in range(world.wanted):
        world.start_worker()
    noted(world, number, "Why: rule complaint")
    world.calm()
    assert world.tickets() == [number]


def test_the_answer_to_a_reopening_is_lost_and_it_happens_once(world: World) -> None:
    number, said = case(world)
    status(world, number, 5)
    world.calm()
    world.fault("freshdesk", method="PUT", path="/tickets/", effect="drop_after", times=1)
    world.comment("Ana", "It is broken again", reply_to=said)
    world.opened("It is broken again")
    world.calm()
    assert world.ticket(number)["status"] == 2
    assert said_on(world, number, "broken again") == ["It is broken again"]


# --- taken back ----------------------------------------------------------------------------------


def test_an_answer_an_agent_deletes_before_it_was_read_is_never_sent(world: World) -> None:
    number, _ = case(world)
    held(world)
    world.answer(number, "Oops, wrong customer: she owes us 500.")
    (answer,) = [one for one in notes(world, number) if one["kind"] == "reply"]
    world.sandbox.post("agent/remove", {"ticket": number, "comment": answer["id"]})
    let_go(world)
    world.calm()
    assert world.spoken() == []


def test_an_answer_an_agent_deletes_after_it_was_posted_is_reported(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "Oops, too late.")
    world.until(lambda: texts(world))
    world.calm()
    (answer,) = [one for one in notes(world, number) if one["kind"] == "reply"]
    world.sandbox.post("agent/remove", {"ticket": number, "comment": answer["id"]})
    # Freshdesk tells nobody; the next thing that happens on the ticket brings it to light.
    world.answer(number, "that one was wrong", public=False)
    noted(world, number, "can still read it")
    world.answer(number, "and again", public=False)
    world.calm()
    told = [one for one in world.words(number, public=False) if "can still read it" in one]
    assert len(told) == 1
    assert texts(world) == ["Oops, too late."]


# --- worlds of their own -------------------------------------------------------------------------


def test_a_field_that_agents_must_fill_is_named_and_once_the_map_fills_it_one_ticket_is_made() -> (
    None
):
    with World(edits={"connections.yaml": EDITS["connections.yaml"]}) as world:
        world.sandbox.post("settings", {"freshdesk_required": "agents"})
        world.comment("Ana", "My order is broken")
        (dead,) = world.until(world.store.dead)
        reason = world.store.event(dead)["reason"]
        assert "cf_reason" in reason
        assert "fill it in the helpdesk's map" in reason
        assert world.tickets() == []
        filled = "fields: {reason: {id: cf_reason, from: kind, values: {comment: Other}}}"
        mended = world.folder / "mappings" / "freshdesk.yaml"
        mended.write_text(mended.read_text("utf-8").replace("\nfields: {}", f"\n{filled}"), "utf-8")
        world.kill_workers()
        world.start_worker()
        done = subprocess.run(
            [sys.executable, "-m", "bridge", "dead", "retry", dead],
            env=world.environ, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        number = world.opened("My order is broken")
        world.calm()
        assert world.tickets() == [number]
        assert world.ticket(number)["custom_fields"]["cf_reason"] == "Other"
        assert world.store.dead() == []
        assert world.balanced()


@pytest.fixture(scope="module")
def deleting() -> Iterator[World]:
    """A bridge that deletes on the platform what agents take back; Threads goes to Freshdesk."""
    withdrawn = {"\nwithdrawn: report": "\nwithdrawn: delete"}
    account = 'token: "${THREADS_TOKEN}", helpdesk: '
    edits = {
        "freshdesk.yaml": withdrawn,
        "zendesk.yaml": withdrawn,
        "connections.yaml": {f"{account}zendesk": f"{account}freshdesk"},
    }
    with World(edits=edits) as world:
        yield world


def test_an_answer_an_agent_deletes_is_deleted_on_the_platform_where_the_map_says_so(
    deleting: World,
) -> None:
    world = deleting
    world.fresh()
    number, _ = case(world, channel="threads")
    world.answer(number, "Oops, wrong customer.")
    world.answer(number, "This one stays.")
    world.until(lambda: len(texts(world)) == 2)
    world.calm()
    answer = next(one for one in notes(world, number) if "Oops" in one["text"])
    world.sandbox.post("agent/remove", {"ticket": number, "comment": answer["id"]})
    world.answer(number, "that one was wrong", public=False)
    noted(world, number, "deleted on the platform")
    (gone,) = world.sandbox.record("comment_removed", by="bridge")
    (said,) = [one for one in world.spoken() if one["text"] == "Oops, wrong customer."]
    assert gone["id"] == said["id"]


@pytest.mark.parametrize("how", ["make_private", "redact"])
def test_an_answer_taken_back_in_zendesk_is_deleted_on_the_platform_where_the_map_says_so(
    deleting: World, how: str
) -> None:
    world = deleting
    world.fresh()
    number, _ = case(world)
    world.answer(number, "Oops, wrong customer.")
    world.until(lambda: texts(world))
    world.calm()
    answer = world.sandbox.record("ticket_comment", ticket=number, public=True)[-1]
    world.sandbox.post(f"agent/{how}", {"ticket": number, "comment": answer["id"]})
    noted(world, number, "deleted on the platform")
    (gone,) = world.sandbox.record("comment_removed", by="bridge")
    (said,) = world.spoken()
    assert gone["id"] == said["id"]
