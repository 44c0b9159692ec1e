"""What happens on the ticket goes back: once, to the right audience, within what the platform allows."""

from __future__ import annotations

import json
import time

import pytest
from support.world import World

from bridge.sandbox import wires

DAY = 86400


def case(world: World, text: str = "My order is broken", **more: object) -> tuple[int, str]:
    said = world.comment("Ana", text, **more)
    number = world.opened(text)
    world.calm()
    return number, said


def chat(world: World, channel: str, text: str = "My parcel is broken", **more: object) -> int:
    world.message(channel, "Ola", text, **more)
    number = world.opened(text)
    world.calm()
    return number


def test_a_public_answer_stands_under_the_comment_once(world: World) -> None:
    number, said = case(world)
    world.answer(number, "We are sorry, a new cup is coming.")
    world.until(lambda: world.texts())
    world.calm()
    (post,) = world.spoken()
    assert post["text"] == "We are sorry, a new cup is coming."
    assert post["parent_id"] == said
    # Its own echo came back and started nothing.
    assert not any("cup is coming" in one for one in world.words(number, public=False))


@pytest.mark.parametrize("channel", ["messenger", "telegram"])
def test_an_answer_in_a_chat_is_one_message_in_that_chat(world: World, channel: str) -> None:
    number = chat(world, channel)
    world.answer(number, "It comes tomorrow.")
    world.until(lambda: world.texts())
    world.calm()
    (post,) = world.spoken()
    assert (post["text"], post["channel"]) == ("It comes tomorrow.", channel)


@pytest.mark.parametrize("earlier", [False, True])
def test_an_answer_that_comes_before_its_ticket_is_written_down_waits_for_it(
    world: World, earlier: bool
) -> None:
    root = None
    if earlier:
        number, root = case(world, "The first is broken")
        world.sandbox.post("agent/status", {"ticket": number, "status": "closed"})
        world.calm()
    world.fault("zendesk", method="POST", path="/tickets$", effect="drip", seconds=3, times=1)
    world.comment("Ana", "The second is broken", **({"reply_to": root} if root else {}))
    number = world.opened("The second is broken")  # Zendesk has it, the bridge does not know yet
    world.answer(number, "We are sorry.")
    world.until(lambda: world.texts())
    world.calm()
    assert world.texts() == ["We are sorry."]
    assert not any("Not delivered" in one for one in world.words(number, public=False))


def test_a_private_note_never_leaves(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "between us: she is right", public=False)
    world.answer(number, "internal picture", public=False, attachment=True)
    world.calm()
    assert world.spoken() == []


def test_a_file_an_agent_attaches_reaches_the_customer_as_a_link(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "Here is the form.", attachment=True)
    world.until(lambda: world.texts())
    world.calm()
    (text,) = world.texts()
    assert text.startswith("Here is the form.")
    assert "http" in text


def test_files_are_asked_for_again_when_the_helpdesk_stumbles(world: World) -> None:
    number, _ = case(world)
    world.fault("zendesk", method="GET", path="/comments", effect="status", status=500, times=1)
    world.answer(number, "Here is the form.", attachment=True)
    world.until(lambda: world.texts())
    assert "http" in world.texts()[0]


def test_an_answer_taken_back_before_it_was_sent_stays(world: World) -> None:
    number, _ = case(world)
    world.sandbox.post("hooks/hold", {"system": "zendesk"})
    world.answer(number, "Oops, wrong customer: she owes us 500.")
    said = world.sandbox.record("ticket_comment", ticket=number, public=True)[-1]
    world.sandbox.post("agent/make_private", {"ticket": number, "comment": said["id"]})
    world.sandbox.post("hooks/send", {"system": "zendesk", "together": False})
    world.calm()
    assert world.spoken() == []


def test_an_answer_taken_back_too_late_is_told_to_the_agent(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "Oops, too late.")
    world.until(lambda: world.texts())
    world.calm()
    said = world.sandbox.record("ticket_comment", ticket=number, public=True)[-1]
    world.sandbox.post("agent/make_private", {"ticket": number, "comment": said["id"]})
    world.noted(number, "can still read it")


def test_a_hint_without_the_words_is_read_and_answered_once(world: World) -> None:
    number, _ = case(world)
    world.sandbox.post("hooks/hold", {"system": "zendesk"})
    world.answer(number, "Read it from the ticket.")
    actor = world.sandbox.get("state")["zendesk"]["agents"][0]["id"]
    hint = {"ticket_id": str(number), "status": "open", "actor_id": str(actor)}
    for _ in range(2):
        body = json.dumps(hint)
        answer = world.sandbox.post("hooks/raw", {"system": "zendesk", "body": body, "sign": True})
        assert answer["statuses"] == [200]
    world.until(lambda: world.texts())
    world.sandbox.post("hooks/send", {"system": "zendesk", "together": False})
    world.calm()
    assert world.texts() == ["Read it from the ticket."]


def test_a_long_answer_goes_out_in_pieces_in_order(world: World) -> None:
    number = chat(world, "telegram")
    words = " ".join(f"word{count:04}" for count in range(900))
    world.answer(number, words)
    world.until(lambda: len(world.texts()) >= 2)
    world.calm()
    pieces = world.texts()
    assert [piece.split(" ", 1)[0] for piece in pieces] == [
        f"({n}/{len(pieces)})" for n in range(1, len(pieces) + 1)
    ]
    assert " ".join(piece.split(" ", 1)[1] for piece in pieces) == words


def test_after_a_day_an_agents_words_carry_the_human_tag(world: World) -> None:
    number = chat(world, "messenger", ago=2 * DAY)
    world.answer(number, "Sorry for the wait.")
    world.until(lambda: world.texts())
    (post,) = world.spoken()
    assert post["tag"] == "HUMAN_AGENT"


def test_after_a_week_the_agent_is_told_that_nothing_went_out(world: World) -> None:
    number = chat(world, "messenger", ago=8 * DAY)
    world.answer(number, "Sorry for the wait.")
    note = world.noted(number, "Not delivered")
    assert "Sorry for the wait." in note
    assert world.spoken() == []


def test_an_automatic_notice_never_wears_the_human_tag(world: World) -> None:
    number = chat(world, "messenger", ago=2 * DAY)
    world.sandbox.post("agent/status", {"ticket": number, "status": "solved"})
    world.calm()
    assert world.spoken() == []


def test_a_deleted_comment_cannot_be_answered_and_the_agent_learns_it(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("hooks/hold", {"system": "meta"})
    world.sandbox.post("customer/comment/remove", {"id": said})
    world.answer(number, "Here is your refund.")
    assert "Here is your refund." in world.noted(number, "Not delivered")
    world.sandbox.post("hooks/send", {"system": "meta", "together": False})


def test_a_person_who_blocked_us_is_told_to_the_agent(world: World) -> None:
    number = chat(world, "telegram")
    world.sandbox.post("customer/block", {"channel": "telegram", "person": "Ola", "blocked": True})
    world.answer(number, "Are you there?")
    assert "blocked" in world.noted(number, "Not delivered")


def test_the_answer_to_our_post_is_lost_and_the_words_stand_once(world: World) -> None:
    number, _ = case(world)
    world.fault("meta", method="POST", path="/comments$", effect="drop_after", times=1)
    world.answer(number, "We are sorry.")
    world.until(lambda: world.texts())
    world.calm()
    assert world.texts() == ["We are sorry."]
    assert world.store.dead() == []


def test_words_in_doubt_are_looked_for_where_they_were_said_and_not_where_the_customer_is_now(
    world: World,
) -> None:
    root = world.comment("Ana", "My cup is broken", channel="threads")
    number = world.opened("My cup is broken")
    path = "/threads_publish$"
    world.fault("meta", method="POST", path=path, effect="drop_after", times=1)
    world.answer(number, "We are sorry.")
    world.until(lambda: world.texts())
    world.comment("Ana", "The second one is broken, too", channel="threads", reply_to=root)
    world.until(lambda: "The second one" in "\n".join(world.words(number)))
    with world.redis.client() as client:  # as if no webhook had told of our own words
        for key in client.scan_iter("bridge:found:*"):
            client.delete(key)
    world.calm()
    assert len(world.sandbox.record("fault")) == 1
    assert world.texts() == ["We are sorry."]
    assert world.store.dead() == []


def test_where_nobody_can_look_a_lost_answer_is_not_repeated(world: World) -> None:
    number = chat(world, "telegram")
    world.fault("telegram", path="sendMessage", effect="drop_after", times=1)
    world.answer(number, "It comes tomorrow.")
    world.noted(number, "not known whether it arrived")
    world.calm()
    assert world.texts() == ["It comes tomorrow."]


def test_a_post_that_certainly_did_not_happen_is_tried_again(world: World) -> None:
    number, _ = case(world)
    world.fault(
        "meta", method="POST", path="/comments$", effect="status", status=400, times=2,
        body={"error": {"message": "limit", "type": "OAuthException", "code": 32}},
    )  # fmt: skip
    world.answer(number, "We are sorry.")
    world.until(lambda: world.sooner() and world.texts())
    world.calm()
    assert world.texts() == ["We are sorry."]
    assert len(world.sandbox.record("fault")) == 2


def test_an_echo_that_overtakes_our_answer_starts_nothing(world: World) -> None:
    number, _ = case(world)
    world.fault("meta", method="POST", path="/comments$", effect="drip", seconds=2, times=1)
    world.answer(number, "We are sorry.")
    world.until(lambda: world.texts())
    world.calm()
    assert world.texts() == ["We are sorry."]
    assert not any("We are sorry" in one for one in world.words(number, public=False))


def test_what_staff_write_on_the_platform_is_noted_on_the_ticket(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("staff/comment", {"text": "Hi Ana, we saw this!", "reply_to": said})
    world.noted(number, "Hi Ana, we saw this!")
    assert world.spoken() == []


@pytest.mark.parametrize(("app", "noted_"), [(wires.APP_ID, False), ("263902037430900", True)])
def test_an_echo_of_our_app_is_ours_and_of_the_page_inbox_is_a_colleagues(
    world: World, app: str, noted_: bool
) -> None:
    number = chat(world, "messenger")
    (said,) = [one for one in world.sandbox.record("message") if one["by"] == "customer"]
    message = {"mid": f"m_{app}", "is_echo": True, "text": "Forgotten words", "app_id": int(app)}
    item = {"sender": {"id": wires.PAGE_ID}, "recipient": {"id": said["chat"]},
            "timestamp": int(time.time() * 1000), "message": message}  # fmt: skip
    body = json.dumps({"object": "page", "entry": [{"id": wires.PAGE_ID, "messaging": [item]}]})
    sent = world.sandbox.post("hooks/raw", {"system": "meta", "body": body, "sign": True})
    assert sent["statuses"] == [200]
    world.calm()
    told = [one for one in world.words(number, public=False) if "Forgotten words" in one]
    assert bool(told) is noted_
    assert world.tickets() == [number]


def test_commands_choose_the_way(world: World) -> None:
    number, said = case(world)
    world.answer(number, "/dm", public=False)
    world.noted(number, "From now on")
    world.answer(number, "For your eyes only.")
    world.until(lambda: world.texts())
    world.calm()
    post, line = world.spoken()  # one public line, no more
    assert (post["what"], post["comment_id"]) == ("private_reply", said)
    assert line["what"] == "comment"
    assert "private" in line["text"] or "your messages" in line["text"]
    world.answer(number, "/public", public=False)
    world.noted(number, "everybody reads")
    world.answer(number, "Sorted now.")
    world.until(lambda: len(world.texts()) == 3)
    assert world.spoken()[2]["what"] == "comment"


def test_words_that_overtake_the_command_before_them_go_as_it_says(world: World) -> None:
    number, said = case(world)
    world.sandbox.post("hooks/hold", {"system": "zendesk"})
    world.answer(number, "/dm", public=False)
    world.answer(number, "For your eyes only.")
    order = {"system": "zendesk", "together": False, "order": "reversed"}
    world.sandbox.post("hooks/send", order)
    world.until(lambda: world.texts())
    world.calm()
    post, line = world.spoken()
    assert (post["what"], post["comment_id"]) == ("private_reply", said)
    assert "For your eyes only." not in line["text"]


def test_answers_that_overtake_each_other_go_out_as_they_were_written(world: World) -> None:
    number, _ = case(world)
    world.sandbox.post("hooks/hold", {"system": "zendesk"})
    for words in ("First.", "Second.", "Third."):
        world.answer(number, words)
    order = {"system": "zendesk", "together": False, "order": "reversed"}
    world.sandbox.post("hooks/send", order)
    world.until(lambda: len(world.texts()) == 3)
    world.calm()
    assert world.texts() == ["First.", "Second.", "Third."]


def test_an_answer_whose_webhook_is_still_away_goes_out_before_the_next_and_once(
    world: World,
) -> None:
    number, _ = case(world)
    world.sandbox.post("hooks/hold", {"system": "zendesk"})
    world.answer(number, "First.")
    world.answer(number, "Not for them.", public=False)
    world.sandbox.post("hooks/drop", {"system": "zendesk"})
    first = world.sandbox.record("ticket_comment", ticket=number, by="agent")[0]
    world.answer(number, "Second.")
    world.until(lambda: len(world.texts()) == 2)
    late = {
        "type": "zen:event-type:ticket.comment_added", "id": "late", "subject": f"zen:ticket:{number}",
        "detail": {"id": str(number)},
        "event": {"comment": {"id": str(first["id"]), "body": "First.", "is_public": True,
                              "author": {"id": "77", "is_staff": True}}},
    }  # fmt: skip
    answer = world.sandbox.post(
        "hooks/raw", {"system": "zendesk", "body": json.dumps(late), "sign": True}
    )
    assert answer["statuses"] == [200]
    world.calm()
    assert world.texts() == ["First.", "Second."]
    assert world.store.books()["zendesk"]["duplicates"] == 1


def test_a_command_that_comes_late_does_not_undo_a_later_one(world: World) -> None:
    number, _ = case(world)
    world.sandbox.post("hooks/hold", {"system": "zendesk"})
    world.answer(number, "/dm", public=False)
    world.answer(number, "/public", public=False)
    order = {"system": "zendesk", "together": False, "order": "reversed"}
    world.sandbox.post("hooks/send", order)
    world.noted(number, "From now on")
    world.calm()
    world.answer(number, "For everybody.")
    world.until(lambda: world.texts())
    assert [(one["what"], one["text"]) for one in world.spoken()] == [("comment", "For everybody.")]


def test_the_person_who_answers_a_private_reply_stays_on_the_ticket(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "/dm", public=False)
    world.noted(number, "From now on")
    world.answer(number, "Please tell us your order number.")
    world.until(lambda: world.texts())
    world.calm()
    world.message("messenger", "Ana", "it is 12345")
    assert world.opened("it is 12345") == number


def test_a_second_private_reply_is_refused_before_the_call(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "/dm", public=False)
    world.noted(number, "From now on")
    world.answer(number, "First.")
    world.until(lambda: world.texts())
    world.answer(number, "Second.")
    world.noted(number, "Not delivered")
    assert [one["text"] for one in world.spoken() if one["what"] == "private_reply"] == ["First."]


def test_hide_hides_and_says_so(world: World) -> None:
    number, said = case(world)
    world.answer(number, "/hide", public=False)
    world.noted(number, "is hidden")
    assert [one["id"] for one in world.sandbox.record("comment_hidden")] == [said]


def test_mute_opens_nothing_for_the_person(world: World) -> None:
    number, said = case(world)
    world.answer(number, "/mute 7d", public=False)
    world.noted(number, "muted")
    world.comment("Ana", "still broken!!!", reply_to=said)
    world.comment("Ana", "and under another post: broken")
    world.calm()
    assert len(world.words(number)) == 1
    assert world.tickets() == [number]
    world.comment("Tom", "mine is broken")
    assert world.opened("mine is broken") != number


def test_an_unknown_command_is_explained(world: World) -> None:
    number, _ = case(world)
    world.answer(number, "/hidde", public=False)
    assert "/hide" in world.noted(number, "/hidde")


def test_a_solved_ticket_is_told_in_the_customers_language(world: World) -> None:
    number, _ = case(world, "Chcę zwrotu pieniędzy, kawa jest zepsuta i zimna")
    world.sandbox.post("agent/status", {"ticket": number, "status": "solved"})
    world.until(lambda: world.texts())
    world.calm()
    (text,) = world.texts()
    from bridge.core import replies

    choices = [one.text.split("{")[0] for one in world.config.replies.texts["pl"]["solved"]]
    assert any(text.startswith(start) for start in choices if start)
    assert replies.first_name("Ana", None) == "Ana"


def test_a_status_that_changes_back_says_nothing(world: World) -> None:
    number, _ = case(world)
    for status in ("solved", "open"):
        world.sandbox.post("agent/status", {"ticket": number, "status": status})
    world.calm()
    assert not any("sorted" in one.lower() for one in world.texts())


def test_a_revoked_token_parks_the_answer_and_it_goes_out_after_the_repair(world: World) -> None:
    number, _ = case(world)
    fault = world.fault(
        "meta", effect="status", status=400, times=None,
        body={"error": {"message": "expired", "type": "OAuthException", "code": 190, "error_subcode": 463}},
    )  # fmt: skip
    world.answer(number, "We are sorry.")
    world.noted(number, "Not delivered yet")
    assert "down:meta" in world.store.alarms()
    assert world.store.books()["zendesk"]["parked"] >= 1
    world.sandbox.delete(f"faults/{fault}")
    world.store.resume("meta")
    world.until(lambda: world.texts())
    world.calm()
    assert world.texts() == ["We are sorry."]
    assert world.store.books()["zendesk"]["parked"] == 0
