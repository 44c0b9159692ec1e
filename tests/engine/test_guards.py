"""What holds words back before all can read them, and what is hidden: told, decided, done once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.world import World

RULES = """
limits: {public_replies_per_thread: 2, public_replies_per_post: 4, same_answer_per_post: 2, cooling: 1h}
rules:
  - name: threat
    when: {text: {any_of: [burn]}}
    then: {escalate: {priority: urgent}}
  - name: slur
    when: {text: {any_of: [slurword]}}
    then: {hide: {because: hate}, escalate: {priority: low}}
  - name: link-farm
    when: {text: {any_of: [casino]}}
    then: {hide: {because: spam}, ignore: spam}
  - name: troll
    when:
      author.label: [troll]
      not: {any: [{wants_answer: true}, {personal_data: order}, {has_ticket: true}]}
    then: {ignore: troll, reply: {public: acknowledged, once: 30d}}
  - name: baits
    when: {text: {any_of: [bait]}}
    then: {label: {troll: 30d}, ignore: bait}
  - name: frosty
    when: {text: {any_of: [frosty]}}
    then: {escalate: {helpdesk: freshdesk}}
  - name: press
    when: {text: {any_of: [journalist]}}
    then: {escalate: {helpdesk: freshdesk}, approve: public}
  - name: lonely
    when: {text: {any_of: [lonely]}}
    then: {ignore: lonely, reply: {public: solo}}
  - name: chat
    when: {text: {any_of: [hello]}}
    then: {ignore: chat, reply: {public: acknowledged}}
  - name: delicate
    when: {text: {any_of: [delicate]}}
    then: {ignore: delicate, reply: {private: acknowledged, line: solo}}
  - name: discreet
    when: {text: {any_of: [discreet]}}
    then: {ignore: discreet, reply: {private: acknowledged, line: null}}
  - name: default
    then: {escalate: {priority: normal}}
"""
PHONE = "Please call Jan on +48 601 234 567."


SOLO = "There is only one way to say this."
WORDS = {"acknowledged:\n": f'solo:\n  plain: ["{SOLO}"]\n\nacknowledged:\n'}
MAP = {
    "our_contacts: []": 'our_contacts: ["+48 22 123 45 67"]',
    "signature: null": 'signature: "^{agent}"',
}

EDITS = {"zendesk.yaml": MAP, "replies/en.yaml": WORDS, "replies/pl.yaml": WORDS}


@pytest.fixture(scope="module")
def own_rules() -> Iterator[World]:
    with World(workers=2, rules=RULES, edits=EDITS) as world:
        yield world


@pytest.fixture
def world(own_rules: World) -> Iterator[World]:
    own_rules.fresh()
    yield own_rules
    assert own_rules.balanced(), own_rules.store.books()


def opened(world: World, text: str = "My order is broken", person: str = "Ana") -> int:
    world.comment(person, text)
    return world.opened(text)


def texts(world: World) -> list[str]:
    """What was said to customers, without the agent's signature."""
    return [one.removesuffix(" ^Sam") for one in world.texts()]


def held(world: World, number: int) -> str:
    return world.noted(number, "Held back, not posted")


# --- an agent's answer with personal data ------------------------------------------------------------


def test_personal_data_in_a_public_answer_waits_and_send_posts_it_once(world: World) -> None:
    number = opened(world)
    world.answer(number, PHONE)
    note = held(world, number)
    assert "a phone number (…67)" in note
    assert "/dm" in note
    world.calm()
    assert texts(world) == []
    world.answer(number, "/send", public=False)
    world.until(world.spoken)
    world.calm()
    world.answer(number, "/send", public=False)
    world.noted(number, "no answer is held back here")
    world.calm()
    assert world.texts() == [f"{PHONE} ^Sam"]
    assert world.spoken()[0]["what"] == "comment"


def test_a_held_answer_goes_in_private_where_the_agent_wants_that(world: World) -> None:
    number = opened(world)
    world.answer(number, PHONE)
    held(world, number)
    world.answer(number, "/dm", public=False)
    world.until(lambda: PHONE in texts(world))
    world.calm()
    assert [one["what"] for one in world.spoken() if PHONE in one["text"]] == ["private_reply"]
    assert any("From now on" in one for one in world.words(number, public=False))


def test_another_answer_takes_the_place_of_the_held_one(world: World) -> None:
    number = opened(world)
    world.answer(number, PHONE)
    held(world, number)
    world.answer(number, "Please write to us in private.")
    world.until(world.spoken)
    world.answer(number, "/send", public=False)
    world.noted(number, "no answer is held back here")
    world.calm()
    assert texts(world) == ["Please write to us in private."]


def test_our_own_number_may_be_said_in_public(world: World) -> None:
    number = opened(world)
    world.answer(number, "Please call us on 22 123 45 67.")
    world.until(world.spoken)
    world.calm()
    assert world.words(number, public=False)
    assert not any("Held back" in one for one in world.words(number, public=False))


def test_a_held_answer_that_is_taken_back_is_not_sent(world: World) -> None:
    number = opened(world)
    world.answer(number, PHONE)
    held(world, number)
    said = world.sandbox.record("ticket_comment", ticket=number, public=True)[-1]
    world.sandbox.post("agent/make_private", {"ticket": number, "comment": said["id"]})
    world.calm()
    world.answer(number, "/send", public=False)
    world.noted(number, "no answer is held back here")
    world.calm()
    assert texts(world) == []


def test_a_sent_answer_that_was_held_is_taken_back_like_any_other(world: World) -> None:
    number = opened(world)
    world.answer(number, PHONE)
    held(world, number)
    said = world.sandbox.record("ticket_comment", ticket=number, public=True)[-1]
    world.answer(number, "/send", public=False)
    world.until(world.spoken)
    world.calm()
    world.sandbox.post("agent/make_private", {"ticket": number, "comment": said["id"]})
    world.noted(number, "can still read it")


def test_in_private_personal_data_is_nobody_elses_business(world: World) -> None:
    world.message("messenger", "Ana", "My order is broken")
    number = world.opened("My order is broken")
    world.answer(number, PHONE)
    world.until(world.spoken)
    world.calm()
    assert texts(world) == [PHONE]


def test_in_freshdesk_too_an_answer_waits_and_goes_once(world: World) -> None:
    number = opened(world, "it is frosty here")
    world.answer(number, PHONE)
    held(world, number)
    world.answer(number, "/send", public=False)
    world.until(world.spoken)
    world.calm()
    assert texts(world) == [PHONE]


def test_in_freshdesk_another_agent_approves_and_in_private_nobody_has_to(world: World) -> None:
    number = opened(world, "I am a journalist")
    world.answer(number, "No comment.", agent="Ola")
    assert "rule press wants another agent to approve it" in held(world, number)
    world.answer(number, "/approve", public=False, agent="Ola")
    world.noted(number, "another agent than the author")
    world.answer(number, "/approve", public=False, agent="Jan")
    world.until(world.spoken)
    world.calm()
    assert texts(world) == ["No comment."]
    world.answer(number, "Ask our press office.", agent="Ola")
    world.until(lambda: world.noted(number, "| Ask our press office."))
    world.answer(number, "/dm", public=False, agent="Ola")
    world.until(lambda: "Ask our press office." in texts(world))
    world.calm()
    assert [one["what"] for one in world.spoken()][:2] == ["comment", "private_reply"]


def test_a_held_answer_outlives_a_platform_that_stumbles_when_it_is_sent(world: World) -> None:
    number = opened(world)
    world.answer(number, PHONE)
    held(world, number)
    fault = {"method": "POST", "path": "/comments$", "effect": "status", "status": 503}
    world.fault("meta", **fault, times=3)
    world.answer(number, "/send", public=False)
    world.until(world.spoken)
    world.calm()
    assert texts(world) == [PHONE]
    notes = world.words(number, public=False)
    assert sum("posted as it is" in one for one in notes) == 1
    assert not any("no answer is held back" in one for one in notes)


def test_a_held_answer_survives_workers_that_die(world: World) -> None:
    number = opened(world)
    world.answer(number, PHONE)
    held(world, number)
    world.kill_workers()
    world.answer(number, "/send", public=False)
    world.start_worker()
    world.until(world.spoken)
    world.calm()
    assert texts(world) == [PHONE]
    world.start_worker()


# --- caps -----------------------------------------------------------------------------------------------


def test_the_third_public_answer_to_a_person_waits_for_the_agents_word(world: World) -> None:
    number = opened(world)
    for count in range(3):
        world.answer(number, f"answer number {count}")
        world.calm()
    assert "answered this person 2 times in public" in held(world, number)
    assert texts(world) == ["answer number 0", "answer number 1"]
    world.answer(number, "/send", public=False)
    world.until(lambda: len(world.spoken()) == 3)
    world.calm()
    assert texts(world)[-1] == "answer number 2"


def test_a_post_takes_so_many_public_answers_a_day_and_the_same_one_raises_an_alarm(
    world: World,
) -> None:
    people = ("Ana", "Ola", "Ben", "Eve", "Zoe")
    numbers = [opened(world, f"{person} has it broken", person) for person in people]
    for number in numbers:
        world.answer(number, "Please write to us in private.")
        world.calm()
    held(world, numbers[-1])
    assert len(world.spoken()) == 4
    assert any(name.startswith("repeated:") for name in world.store.alarms())


# --- automatic words --------------------------------------------------------------------------------------


def reasons(world: World) -> list[str]:
    return [str(one["reason"]) for one in world.bridge.decisions() if one["kind"] == "notice"]


def test_where_no_other_words_are_left_a_thread_meets_silence_with_the_reason(world: World) -> None:
    root = world.comment("Ana", "so lonely")
    world.until(world.spoken)
    world.calm()
    world.comment("Ana", "still lonely", reply_to=root)
    world.until(lambda: "said before in this thread" in reasons(world))
    world.calm()
    assert world.texts() == [SOLO]


def test_automatic_answers_keep_their_distance_in_one_thread_and_not_in_another(
    world: World,
) -> None:
    root = world.comment("Ana", "hello")
    world.until(world.spoken)
    world.calm()
    world.comment("Ana", "hello again", reply_to=root)
    world.until(lambda: "another automatic answer went out just before" in reasons(world))
    world.comment("Ana", "hello there")
    world.until(lambda: len(world.spoken()) == 2)
    world.calm()
    assert len(world.spoken()) == 2


@pytest.mark.parametrize(("word", "line"), [("delicate", [SOLO]), ("discreet", [])])
def test_a_rule_answers_in_private_and_chooses_the_line_that_stands_in_public(
    world: World, word: str, line: list[str]
) -> None:
    world.comment("Ana", f"something {word}")
    world.until(world.spoken)
    world.calm()
    said = world.spoken()
    assert len([one for one in said if one["what"] == "private_reply"]) == 1
    assert [one["text"] for one in said if one["what"] == "comment"] == line


# --- trolls ----------------------------------------------------------------------------------------------


def test_a_troll_is_answered_once_then_met_with_silence_and_heard_when_it_matters(
    world: World,
) -> None:
    world.comment("Bot", "bait")
    world.calm()
    for count in range(4):
        world.comment("Bot", f"nonsense {count}")
        world.calm()
    assert len(world.spoken()) == 1
    assert world.tickets() == []
    assert world.store.books()["meta"]["ignored"] >= 5
    world.comment("Bot", "I will burn your shop down")
    assert world.opened("I will burn your shop down")
    world.calm()
    assert len(world.spoken()) == 1


def test_a_troll_with_a_question_or_an_order_is_a_customer(world: World) -> None:
    world.comment("Bot", "bait")
    world.calm()
    world.comment("Bot", "Where is my parcel, order number 4821937?")
    assert world.opened("order number 4821937")
    world.calm()
    assert texts(world) == []


# --- hiding -----------------------------------------------------------------------------------------------


def hidden(world: World) -> list[bool]:
    """Whether a comment was hidden or shown again, each time the bridge did it."""
    names = {"comment_hidden": True, "comment_unhidden": False}
    rows = [one for one in world.sandbox.record() if one["by"] == "bridge"]
    return [names[one["what"]] for one in rows if one["what"] in names]


def test_a_house_rule_hides_a_comment_with_a_copy_on_the_ticket_and_unhide_shows_it(
    world: World,
) -> None:
    number = opened(world, "you slurword")
    note = world.noted(number, "Hidden on the platform (rule slur, house rule hate)")
    assert "| you slurword" in note
    world.calm()
    assert hidden(world) == [True]
    world.answer(number, "/unhide", public=False)
    world.noted(number, "seen by everybody again")
    world.calm()
    assert hidden(world) == [True, False]


def test_a_comment_without_a_ticket_is_hidden_and_the_receipt_says_why(world: World) -> None:
    world.comment("Ana", "best casino here")
    world.until(lambda: hidden(world) == [True])
    world.calm()
    assert world.tickets() == []
    told = [one["sentence"] for one in world.bridge.decisions()]
    assert any("hidden on its platform, under the house rule 'spam'" in one for one in told), told


def test_an_agent_hides_under_a_house_rule_there_is(world: World) -> None:
    number = opened(world)
    world.answer(number, "/hide rude", public=False)
    world.noted(number, "the house rules are hate, personal_data, spam, illegal")
    world.answer(number, "/hide personal data", public=False)
    world.noted(number, "House rule: personal_data.")
    world.calm()
    assert hidden(world) == [True]


def test_a_private_message_is_never_hidden(world: World) -> None:
    world.message("messenger", "Ana", "best casino here")
    world.calm()
    assert hidden(world) == []
