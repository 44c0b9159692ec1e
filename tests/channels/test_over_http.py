"""The channels against the sandbox over real HTTP: what it sends is read, what we say arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from support.house import House, instagram_account
from support.sandbox import Sandbox

from bridge.channels import (
    CHANNELS,
    SOURCES,
    graph,
    instagram,
    messenger,
    subscriptions,
    telegram,
    threads,
    whatsapp,
)
from bridge.channels.facebook import voices as facebook
from bridge.core.errors import AuthError, Done, PermanentError
from bridge.core.model import (
    Change,
    Kind,
    Message,
    Outgoing,
    Template,
    Visibility,
)
from bridge.sandbox import wires


@pytest.fixture
def house(sandbox: Sandbox) -> Iterator[House]:
    house = House(sandbox)
    sandbox.post("connect", {"bridge": house.url})
    yield house
    house.stop()


def words(text: str) -> Outgoing:
    return Outgoing(text=text, marker="b:1", since=datetime(2020, 1, 1, tzinfo=UTC))


def test_a_complaint_is_read_answered_found_again_and_its_echo_known(house: House) -> None:
    made = house.sandbox.post(
        "customer/comment", {"text": "My cup came broken 😡", "person": "Ana", "image": True}
    )
    heard = house.wait(external_id=made["id"])
    assert (heard.kind, heard.text, heard.own, heard.ignored) == (
        Kind.COMMENT, "My cup came broken 😡", False, None,
    )  # fmt: skip
    assert heard.author is not None
    assert heard.author.id == made["person_id"]
    where = house.target(heard)
    assert house.drive(facebook.look_for_comment(where, words("We are sorry."))) is None
    posted = house.drive(facebook.post_comment(where, words("We are sorry.")))
    assert house.sandbox.record("comment", by="bridge")[0]["id"] == posted
    assert house.drive(facebook.look_for_comment(where, words("We are sorry."))) == posted
    echo = house.wait(external_id=posted)
    assert (echo.own, echo.ignored, echo.thread_id) == (True, "own", heard.thread_id)
    told = house.drive(facebook.describe(where, heard))
    assert told["post_text"]
    (picture,) = heard.attachments
    fetch = CHANNELS["facebook"].fetch
    assert fetch is not None
    file = house.drive(fetch(where.connection, where.account, picture))
    assert file.media_type.startswith("image/")
    assert file.content


def test_a_reply_is_answered_below_the_root_that_it_hangs_on(house: House) -> None:
    root = house.sandbox.post("customer/comment", {"text": "Broken!", "person": "Ana"})
    reply = house.sandbox.post(
        "customer/comment", {"text": "Mine too", "person": "Ben", "reply_to": root["id"]}
    )
    heard = house.wait(external_id=reply["id"])
    assert heard.thread_id == root["id"]
    house.drive(facebook.post_comment(house.target(heard), words("Sorry, Ben.")))
    assert house.sandbox.record("comment", by="bridge")[0]["parent_id"] == root["id"]


def test_edits_and_removals_keep_the_id_and_differ_in_dedupe(house: House) -> None:
    made = house.sandbox.post("customer/comment", {"text": "Bad", "person": "Ana"})
    house.sandbox.post("customer/comment/edit", {"id": made["id"], "text": "Really bad"})
    house.sandbox.post("customer/comment/remove", {"id": made["id"]})
    found = [house.wait(external_id=made["id"], change=change) for change in Change]
    assert len({one.dedupe for one in found}) == 3
    assert [one.ignored for one in found] == [None] * 3
    assert found[1].text == "Really bad"


def test_an_anonymous_comment_gets_its_author_by_asking(house: House) -> None:
    made = house.sandbox.post(
        "customer/comment", {"text": "Who am I?", "person": "Ana", "anonymous": True}
    )
    heard = house.wait(external_id=made["id"])
    assert heard.author is None
    told = house.drive(facebook.describe(house.target(heard), heard))
    assert heard.text or told.get("text")


def test_a_private_reply_reaches_messenger_once(house: House) -> None:
    made = house.sandbox.post("customer/comment", {"text": "Broken!", "person": "Ana"})
    where = house.target(house.wait(external_id=made["id"]))
    posted = house.drive(facebook.post_private_reply(where, words("We write to you here.")))
    assert posted.person == made["person_id"]
    assert house.sandbox.record("private_reply")[0]["id"] == posted
    with pytest.raises(Done):
        house.drive(facebook.post_private_reply(where, words("Again.")))
    assert len(house.sandbox.record("private_reply")) == 1


def test_a_comment_can_be_hidden_and_a_removed_one_cannot_be_answered(house: House) -> None:
    made = house.sandbox.post("customer/comment", {"text": "Rude words", "person": "Ana"})
    where = house.target(house.wait(external_id=made["id"]))
    house.drive(facebook.hide(where))
    assert house.sandbox.record("comment_hidden", by="bridge")
    house.sandbox.post("customer/comment/remove", {"id": made["id"]})
    with pytest.raises(PermanentError) as error:
        house.drive(facebook.post_comment(where, words("Too late.")))
    assert error.value.gone


def test_a_message_is_answered_inside_its_windows_and_not_outside(house: House) -> None:
    made = house.sandbox.post(
        "customer/message", {"channel": "messenger", "text": "Hello?", "person": "Ana"}
    )
    heard = house.wait(external_id=made["id"])
    where = house.target(heard)
    posted = house.drive(messenger.post(where, words("Hello Ana.")))
    assert house.drive(messenger.look(where, words("Hello Ana."))) == posted
    assert house.drive(messenger.look(where, words("Never said."))) is None
    echo = house.wait(external_id=posted)
    assert (echo.own, echo.extra["metadata"], echo.conversation) == (
        True, "b:1", heard.conversation,
    )  # fmt: skip
    assert house.drive(messenger.describe(where, heard))["first_name"] == "Ana"

    house.sandbox.post("clock", {"advance": 25 * 3600})
    with pytest.raises(PermanentError) as error:
        house.drive(messenger.post(where, words("A day later.")))
    assert error.value.code == "window_closed"
    human = Outgoing(text="A person, a day later.", marker="b:2", tag="human")
    assert house.drive(messenger.post(where, human))
    house.sandbox.post("clock", {"advance": 7 * 24 * 3600})
    with pytest.raises(PermanentError) as error:
        house.drive(messenger.post(where, human))
    assert error.value.code == "window_closed"


@pytest.fixture(params=["facebook", "instagram"])
def instagram_house(request: pytest.FixtureRequest, house: House) -> House:
    """A house whose Instagram account came by one login product or by the other."""
    house.sandbox.post("settings", {"instagram_login": request.param == "instagram"})
    meta = house.connections["meta"]
    others = tuple(one for one in meta.accounts if one.channel != "instagram")
    accounts = (*others, instagram_account(request.param))
    house.connections["meta"] = replace(meta, accounts=accounts)
    return house


def test_an_instagram_comment_is_read_answered_found_again_and_its_echo_known(
    instagram_house: House,
) -> None:
    house = instagram_house
    made = house.sandbox.post(
        "customer/comment", {"channel": "instagram", "text": "Zażółć 😡", "person": "Ana"}
    )
    heard = house.wait(external_id=made["id"])
    assert (heard.channel, heard.text, heard.own) == ("instagram", "Zażółć 😡", False)
    where = house.target(heard)
    assert house.drive(instagram.describe(where, heard))["post_text"]
    assert house.drive(instagram.look_for_comment(where, words("We are sorry."))) is None
    posted = house.drive(instagram.post_comment(where, words("We are sorry.")))
    assert house.drive(instagram.look_for_comment(where, words("We are sorry."))) == posted
    echo = house.wait(external_id=posted)
    assert (echo.own, echo.ignored, echo.thread_id) == (True, "own", heard.thread_id)
    house.drive(graph.delete(where, posted))
    house.drive(graph.delete(where, posted))  # gone is as good
    assert house.drive(instagram.look_for_comment(where, words("We are sorry."))) is None
    house.drive(instagram.hide(where))
    with pytest.raises(PermanentError):
        house.drive(instagram.post_comment(where, words("Nobody sees this.")))


def test_a_private_reply_on_instagram_opens_the_talk_once(instagram_house: House) -> None:
    house = instagram_house
    made = house.sandbox.post(
        "customer/comment", {"channel": "instagram", "text": "Broken!", "person": "Ana"}
    )
    heard = house.wait(external_id=made["id"])
    where = house.target(heard)
    posted = house.drive(instagram.post_private_reply(where, words("We write to you here.")))
    assert posted.person == heard.person
    with pytest.raises(Done):
        house.drive(instagram.post_private_reply(where, words("Again.")))
    answer = house.sandbox.post(
        "customer/message", {"channel": "instagram", "text": "Thanks", "person": "Ana"}
    )
    talk = house.wait(external_id=answer["id"])
    person = posted.person
    assert talk.thread_id == f"{wires.INSTAGRAM_ID}:{person}"
    assert talk.person == person


def test_a_message_on_instagram_is_answered_found_again_and_named(instagram_house: House) -> None:
    house = instagram_house
    made = house.sandbox.post(
        "customer/message", {"channel": "instagram", "text": "Hello?", "person": "Ana"}
    )
    heard = house.wait(external_id=made["id"])
    where = house.target(heard)
    posted = house.drive(instagram.post_message(where, words("Hello Ana.")))
    assert house.drive(instagram.look_for_message(where, words("Hello Ana."))) == posted
    assert house.drive(instagram.look_for_message(where, words("Never said."))) is None
    echo = house.wait(external_id=posted)
    assert (echo.own, echo.conversation) == (True, heard.conversation)
    author = house.drive(instagram.describe(where, heard))["author"]
    assert author.username
    unsent = {"channel": "instagram", "chat": made["chat"], "id": made["id"]}
    house.sandbox.post("customer/message/remove", unsent)
    assert house.wait(external_id=made["id"], change=Change.DELETED).ignored is None
    house.sandbox.post("clock", {"advance": 25 * 3600})
    with pytest.raises(PermanentError) as error:
        house.drive(instagram.post_message(where, words("A day later.")))
    assert error.value.code == "window_closed"
    assert house.drive(instagram.post_message(where, replace(words("A person."), tag="human")))
    with pytest.raises(PermanentError):
        house.drive(instagram.post_message(where, replace(words("🧡" * 251), tag="human")))


def test_a_mention_on_instagram_is_read_by_asking_and_answered_there(house: House) -> None:
    made = house.sandbox.post(
        "customer/mention",
        {"channel": "instagram", "text": "Look @acme_coffee", "person": "Ben"},
    )
    heard = house.wait(external_id=made["id"])
    assert (heard.kind, heard.author, heard.text) == (Kind.MENTION, None, None)
    where = house.target(heard)
    assert "Look" in str(house.drive(instagram.describe(where, heard))["text"])
    assert house.drive(instagram.post_mention(where, words("Thank you, Ben.")))


def test_a_live_comment_gets_a_private_answer_only(house: House) -> None:
    made = house.sandbox.post(
        "customer/comment",
        {"channel": "instagram", "text": "Ship it?", "person": "Ana", "live": True},
    )
    where = house.target(house.wait(external_id=made["id"]))
    with pytest.raises(PermanentError):  # what the platform says if it is asked all the same
        house.drive(instagram.post_comment(where, words("Yes.")))
    assert house.drive(instagram.post_private_reply(where, words("Yes.")))


def test_a_reply_on_threads_is_read_answered_found_again_and_its_own_known(house: House) -> None:
    made = house.sandbox.post(
        "customer/comment", {"channel": "threads", "text": "Cold coffee 😡", "person": "Ana"}
    )
    heard = house.wait(external_id=made["id"])
    assert (heard.account_id, heard.text, heard.own) == (wires.THREADS_ID, "Cold coffee 😡", False)
    where = house.target(heard)
    assert house.drive(threads.describe(where, heard))["post_text"]
    assert house.drive(threads.look(where, words("We are sorry."))) is None
    posted = house.drive(threads.post(where, words("We are sorry.")))
    assert house.drive(threads.look(where, words("We are sorry."))) == posted
    house.drive(threads.hide(where))
    house.drive(graph.delete(where, posted))
    house.drive(graph.delete(where, posted))
    assert house.drive(threads.look(where, words("We are sorry."))) is None


def test_doctor_and_setup_work_with_every_account(instagram_house: House) -> None:
    house = instagram_house
    meta = house.connections["meta"]
    steps = house.drive(subscriptions.setup(meta, f"{house.url}/hooks/meta"))
    assert [step for step in steps if step.startswith("By hand")]
    assert not [step for step in steps if "not subscribed" in step]
    findings = house.drive(subscriptions.check(meta))
    assert [sentence for fine, sentence in findings if not fine] == []


def test_somebody_who_blocked_us_is_not_available_and_that_stops_nothing(house: House) -> None:
    made = house.sandbox.post(
        "customer/message", {"channel": "messenger", "text": "Bye", "person": "Ana"}
    )
    where = house.target(house.wait(external_id=made["id"]))
    house.sandbox.post("customer/block", {"channel": "messenger", "person": "Ana", "blocked": True})
    with pytest.raises(PermanentError) as error:
        house.drive(messenger.post(where, words("Wait!")))
    assert error.value.code == "person_unavailable"


def test_a_revoked_token_is_a_matter_of_credentials(house: House) -> None:
    made = house.sandbox.post("customer/comment", {"text": "Broken!", "person": "Ana"})
    where = house.target(house.wait(external_id=made["id"]))
    house.sandbox.post("settings", {"meta_token": "revoked"})
    with pytest.raises(AuthError):
        house.drive(facebook.post_comment(where, words("x")))


@pytest.mark.parametrize("chat", ["private", "group", "discussion", "business"])
def test_telegram_is_answered_where_the_customer_wrote(house: House, chat: str) -> None:
    wish: dict[str, Any] = {"channel": "telegram", "text": "My cup?", "person": "Tom", "chat": chat}
    if chat == "discussion":
        house.sandbox.post("staff/channel_post", {"text": "New cups!"})
        house.wait(kind=Kind.POST, visibility=Visibility.PUBLIC, ignored="own post")
        house.sandbox.idle()
        root = next(one for one in house.heard if one.thread_id == one.external_id)
        wish["reply_to"] = int(root.answer["message_id"])
    house.sandbox.post("customer/message", wish)
    heard = house.wait(text="My cup?")
    public = chat in ("group", "discussion")
    assert heard.visibility is (Visibility.PUBLIC if public else Visibility.PRIVATE)
    assert heard.kind is (Kind.COMMENT if chat == "discussion" else Kind.DM)
    assert heard.account_id == str(wires.TELEGRAM_BOT_ID)
    voice = CHANNELS["telegram"].voice(heard.visibility, heard.answer)
    assert voice is not None
    posted = house.drive(voice.post(house.target(heard), words("We look into it, 100% *sure*_.")))
    said = house.sandbox.record("message", by="bridge")[-1]
    assert said["text"] == "We look into it, 100% *sure*_."
    # The sandbox names a business chat apart from the person's chat with the bot.
    assert f"{said['chat'].lstrip('b')}:{said['id']}" == posted


def test_what_was_said_in_telegram_can_be_taken_back(house: House) -> None:
    house.sandbox.post(
        "customer/message", {"channel": "telegram", "text": "My cup?", "person": "Tom"}
    )
    where = house.target(house.wait(text="My cup?"))
    posted = house.drive(telegram.post_privately(where, words("Here it is.")))
    house.drive(telegram.delete(where, posted))
    house.drive(telegram.delete(where, posted))  # gone is as good
    rows = house.sandbox.record("message_removed")
    assert [(one["by"], one["text"]) for one in rows] == [("bridge", "Here it is.")]


def test_a_picture_in_telegram_is_fetched(house: House) -> None:
    made = house.sandbox.post(
        "customer/message",
        {"channel": "telegram", "text": "look", "person": "Tom", "image": True},
    )
    heard = house.wait(external_id=f"{made['chat']}:{made['id']}")
    connection = house.connections["telegram"]
    file = house.drive(telegram.fetch(connection, connection.accounts[0], heard.attachments[0]))
    assert file.content


def test_somebody_who_blocked_the_bot_is_not_available(house: House) -> None:
    made = house.sandbox.post(
        "customer/message", {"channel": "telegram", "text": "Bye", "person": "Tom"}
    )
    where = house.target(house.wait(external_id=f"{made['chat']}:{made['id']}"))
    house.sandbox.post("customer/block", {"channel": "telegram", "person": "Tom", "blocked": True})
    with pytest.raises(PermanentError) as error:
        house.drive(telegram.post_privately(where, words("Wait!")))
    assert error.value.code == "person_unavailable"


def on_whatsapp(house: House, **wish: Any) -> Message:
    """What somebody sends to the number, as it is heard."""
    made = house.sandbox.post("customer/message", {"channel": "whatsapp", "person": "Ana", **wish})
    return house.wait(channel="whatsapp", external_id=made["id"])


def state(house: House, wamid: str, word: str) -> Message:
    """The first state of this name of words of ours."""
    return house.wait(dedupe=f"status:{wamid}:{word}")


@pytest.mark.parametrize("shown", [True, False])
def test_a_person_on_whatsapp_is_answered_with_and_without_a_number(
    house: House, shown: bool
) -> None:
    house.sandbox.post("customer/identity", {"person": "Ana", "phone_shown": shown})
    heard = on_whatsapp(house, text="My cup?")
    assert heard.person is not None
    assert heard.person.isdigit() is shown
    assert heard.author is not None
    assert heard.author.name
    posted = house.drive(whatsapp.post(house.target(heard), words("We look into it.")))
    assert house.sandbox.record("message", by="bridge")[-1]["id"] == posted
    told = state(house, posted, "sent")
    assert told.report is not None
    assert (told.report.of, told.report.marker) == (posted, "b:1")


def test_a_closed_window_on_whatsapp_is_told_late_and_a_template_goes_all_the_same(
    house: House,
) -> None:
    where = house.target(on_whatsapp(house, text="My cup?"))
    house.sandbox.post("clock", {"advance": 25 * 3600})
    late = house.drive(whatsapp.post(where, words("Too late.")))
    report = state(house, late, "failed").report
    assert report is not None
    assert (report.state, report.code) == ("failed", "window_closed")
    template = Template(name="ticket_news", language="en", values=("Ana",))
    news = replace(words("Hello Ana"), template=template)
    posted = house.drive(whatsapp.post_template(where, news))
    assert state(house, posted, "sent").report


def test_a_group_on_whatsapp_is_answered_there(house: House) -> None:
    heard = on_whatsapp(house, text="My cup?", chat="group")
    assert heard.visibility is Visibility.PUBLIC
    posted = house.drive(whatsapp.post_in_group(house.target(heard), words("Soon.")))
    said = house.sandbox.record("message", by="bridge")[-1]
    assert (said["id"], said["chat"]) == (posted, heard.answer["group_id"])


def test_a_document_on_whatsapp_is_fetched_with_our_token(house: House) -> None:
    heard = on_whatsapp(house, document=True, text="the receipt")
    where = house.target(heard)
    file = house.drive(whatsapp.fetch(where.connection, where.account, heard.attachments[0]))
    assert (file.name, file.content[:4]) == ("receipt.pdf", b"%PDF")
    house.sandbox.post("clock", {"advance": 8 * 24 * 3600})
    with pytest.raises(PermanentError) as error:
        house.drive(whatsapp.fetch(where.connection, where.account, heard.attachments[0]))
    assert error.value.code == "file_gone"


def test_edits_echoes_and_a_new_number_on_whatsapp_stay_in_the_talk(house: House) -> None:
    heard = on_whatsapp(house, text="My cup?")
    chat = {"channel": "whatsapp", "chat": heard.person, "id": heard.external_id}
    house.sandbox.post("customer/message/edit", {**chat, "text": "My BIG cup?"})
    edited = house.wait(external_id=heard.external_id, change=Change.EDITED)
    house.sandbox.post("customer/message/remove", chat)
    gone = house.wait(external_id=heard.external_id, change=Change.DELETED)
    made = house.sandbox.post(
        "staff/message", {"channel": "whatsapp", "person": "Ana", "text": "It is on its way."}
    )
    echo = house.wait(external_id=made["id"])
    assert (echo.own, echo.ignored, echo.text) == (True, "own", "It is on its way.")
    assert {one.conversation for one in (edited, gone, echo)} == {heard.conversation}
    changed = house.sandbox.post("customer/identity", {"person": "Ana", "new_number": True})
    moved = house.wait(ignored="identity", renamed=(heard.person, changed["phone"]))
    assert moved.known_as(str(heard.person)).conversation == heard.conversation


@pytest.mark.parametrize("name", SOURCES)
def test_after_setup_the_doctor_finds_nothing(house: House, name: str) -> None:
    source, connection = SOURCES[name], house.connections[name]
    assert source.setup is not None
    assert source.check is not None
    house.drive(source.setup(connection, f"{house.url}/hooks/{name}"))
    findings = house.drive(source.check(connection))
    assert [sentence for fine, sentence in findings if not fine] == []
