"""What becomes of a ticket while the customer goes on: solved, closed, merged, deleted, limited."""

from __future__ import annotations

from support.world import World

from bridge.core.model import TicketComment, TicketUpdate
from bridge.jobs import erasing
from bridge.jobs.erasing import Wanted
from bridge.jobs.ingest import of_update


def case(world: World, text: str = "My order is broken") -> tuple[int, str]:
    said = world.comment("Ana", text)
    number = world.opened(text)
    world.calm()
    return number, said


def test_a_customer_who_writes_reopens_what_waited_for_them(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("agent/status", {"ticket": number, "status": "pending"})
    world.calm()
    world.comment("Ana", "here is the photo", reply_to=said)
    assert world.opened("here is the photo") == number
    assert world.ticket(number)["status"] == "open"


def test_thanks_on_a_solved_ticket_do_not_reopen_it_and_more_trouble_does(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("agent/status", {"ticket": number, "status": "solved"})
    world.calm()
    world.comment("Ana", "Thank you!", reply_to=said)
    assert world.opened("Thank you!") == number
    assert world.ticket(number)["status"] == "solved"
    world.comment("Ana", "No, wait, the new one is cracked too", reply_to=said)
    assert world.opened("the new one is cracked") == number
    assert world.ticket(number)["status"] == "open"


def test_on_a_closed_ticket_a_follow_up_is_opened_and_thanks_open_nothing(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("agent/status", {"ticket": number, "status": "closed"})
    world.calm()
    world.comment("Ana", "Thanks", reply_to=said)
    world.calm()
    assert world.tickets() == [number]
    world.comment("Ana", "It broke again, what now?", reply_to=said)
    second = world.opened("It broke again")
    assert second != number
    (opened,) = world.sandbox.record("ticket", ticket=second)
    assert opened["followup_of"] == number


def test_a_ticket_closed_behind_our_back_is_followed_up(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("hooks/hold", {"system": "zendesk"})
    world.sandbox.post("agent/status", {"ticket": number, "status": "closed"})
    world.comment("Ana", "Hello? It is still broken", reply_to=said)
    second = world.opened("still broken")
    assert second != number
    world.sandbox.post("hooks/send", {"system": "zendesk", "together": False})


def test_after_a_merge_words_go_to_the_target(world: World) -> None:
    first, said = case(world)
    world.comment("Tom", "Mine is broken too")
    second = world.opened("Mine is broken too")
    world.calm()
    world.sandbox.post("agent/merge", {"ticket": first, "into": second})
    world.calm()
    world.comment("Ana", "any news for me?", reply_to=said)
    assert world.opened("any news for me?") == second
    # The target's own customer keeps its answers.
    world.calm()
    world.answer(second, "This is for Tom.")
    world.until(world.spoken)
    (said_to,) = {one["parent_id"] for one in world.spoken()}
    assert said_to != said


def test_after_a_deletion_the_rules_decide_anew(world: World) -> None:
    first, said = case(world)
    world.sandbox.post("agent/delete", {"ticket": first})
    world.calm()
    world.comment("Ana", "oh well", reply_to=said)
    world.calm()
    assert world.tickets() == [first]
    world.comment("Ana", "now the handle is broken", reply_to=said)
    assert world.opened("the handle is broken") != first


def test_a_deletion_nobody_told_us_of_is_found_by_writing(world: World) -> None:
    first, said = case(world)
    world.sandbox.post("hooks/hold", {"system": "zendesk"})
    world.sandbox.post("agent/delete", {"ticket": first})
    world.comment("Ana", "the second cup is broken", reply_to=said)
    assert world.opened("the second cup is broken") != first
    world.sandbox.post("hooks/send", {"system": "zendesk", "together": False})


def test_a_limit_is_waited_out_and_nothing_is_lost(world: World) -> None:
    world.fault(
        "zendesk", method="POST", path="/tickets$", effect="status", status=429, times=2,
        headers={"Retry-After": "1"}, body={"error": "APIRateLimitExceeded"},
    )  # fmt: skip
    case(world)
    assert len(world.tickets()) == 1
    assert world.store.dead() == []


def soon(world: World) -> int:
    """The ticket of a comment, when each try follows at once on the one before it."""
    world.comment("Ana", "My order is broken")

    def done() -> bool:
        return world.sooner() and world.store.books().get("meta", {}).get("done") == 1

    world.until(done, "the try that succeeds")
    world.calm()
    return world.opened("My order is broken")


def test_a_helpdesk_that_fails_for_a_while_gets_everything_once(world: World) -> None:
    world.fault("zendesk", effect="status", status=500, times=3)
    number = soon(world)
    assert world.tickets() == [number]
    assert world.words(number) == ["My order is broken"]


def test_the_answer_to_the_create_is_lost_five_times_and_there_is_one_ticket(world: World) -> None:
    world.fault("zendesk", method="POST", path="/tickets$", effect="drop_after", times=5)
    number = soon(world)
    assert len(world.sandbox.record("fault")) == 5
    assert world.tickets() == [number]
    assert world.words(number) == ["My order is broken"]


def test_the_answer_to_an_update_is_lost_and_the_words_stand_once(world: World) -> None:
    number, said = case(world)
    world.fault("zendesk", method="PUT", path="/tickets/", effect="drop_after", times=1)
    world.comment("Ana", "and the saucer", reply_to=said)
    world.opened("and the saucer")
    world.calm()
    assert [one for one in world.words(number) if "saucer" in one] == ["and the saucer"]


def test_an_expired_token_is_renewed_once_for_all_workers(world: World) -> None:
    case(world)
    before = len(world.sandbox.record("token"))
    world.sandbox.post("clock", {"advance": 7200})
    for name in ("Tom", "Jan", "Ola", "Ewa"):
        world.comment(name, f"{name}: my order is broken")
    for name in ("Tom", "Jan", "Ola", "Ewa"):
        world.opened(f"{name}: my order is broken")
    world.calm()
    assert len(world.sandbox.record("token")) == before + 1


def test_pictures_are_copied_onto_the_ticket(world: World) -> None:
    world.comment("Ana", "Look how broken it is", image=True)
    number = world.opened("Look how broken")
    world.calm()
    (first, *_) = [one for one in world.ticket(number)["comments"] if one["public"]]
    assert len(first["attachments"]) == 1


def test_a_ticket_that_redis_has_forgotten_is_found_again_by_its_stamp(world: World) -> None:
    number, said = case(world)
    world.forget()
    world.comment("Ana", "Hello? It is still broken", reply_to=said)
    assert world.opened("It is still broken") == number
    world.calm()
    assert world.tickets() == [number]
    # And its answers go to the customer again.
    world.answer(number, "We are looking for it.")
    world.until(world.spoken)
    (said_to,) = world.spoken()
    assert said_to["parent_id"] == said


def test_the_answer_to_a_forgotten_conversation_does_not_vanish(world: World) -> None:
    number, _ = case(world)
    ((room, _),) = world.store.rooms()
    me = (world.store.get("me:zendesk") or "").split()[0]
    world.forget()
    # What we wrote there ourselves is nobody's answer.
    ours = TicketComment(id="1", text="My cup is broken", public=True, author_id=me, staff=True)
    update = TicketUpdate(dedupe="1", ticket_id=str(number), stamp=room, actor_id=me, comment=ours)
    row = of_update(world.config.connections["zendesk"], update)
    world.store.record("", "zendesk", [row])
    world.until(lambda: world.store.event(row["e"])["reason"] == "own write")
    world.answer(number, "We are looking for it.")
    (dead,) = world.until(world.store.dead)
    assert "link_lost" in world.store.event(dead)["reason"]
    told = world.until(
        lambda: [one for one in world.words(number, public=False) if "Not delivered" in one]
    )
    assert "We are looking for it." in told[0]


def test_who_answers_a_person_that_was_erased_learns_that_it_goes_nowhere(world: World) -> None:
    number, _ = case(world)
    ((room, _),) = world.store.rooms()
    assert erasing.erase(world.store, Wanted(room)).rooms
    world.answer(number, "We are looking for zzyzx.")

    def told() -> list[str]:
        return [one for one in world.words(number, public=False) if "Not delivered" in one]

    world.until(told, "that the agent is told")
    world.answer(number, "Only we need to know of zzyzx.", public=False)
    world.sandbox.post("agent/status", {"ticket": number, "status": "solved"})
    world.calm()
    (note,) = told()
    assert "erased" in note
    assert "zzyzx" not in note  # nor is it kept here
    assert not any("zzyzx" in str(row) for _, row in world.store.events())
    assert world.spoken() == []
    world.answer(number, "Once more zzyzx.")
    world.until(lambda: len(told()) == 2, "that they are told again")
