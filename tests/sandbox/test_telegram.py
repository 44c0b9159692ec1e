"""What the Bot API does and refuses."""

import json

import pytest

DAY = 86400


def error(response):
    body = response.json()
    assert body["ok"] is False
    assert body["error_code"] == response.status_code
    return response.status_code, body["description"]


@pytest.fixture
def write(sandbox):
    def call(text="Hi", person="Ana", **more):
        return sandbox.post(
            "customer/message", {"channel": "telegram", "text": text, "person": person, **more}
        )

    return call


def test_a_message_reaches_the_chat(sandbox, bot, write):
    heard = write("Where is my order?")
    answer = bot(
        "sendMessage",
        chat_id=int(heard["chat"]),
        text="On its way",
        reply_parameters={"message_id": heard["id"]},
    )
    said = answer.json()["result"]
    assert said["reply_to_message"]["message_id"] == heard["id"]
    chat = next(
        one for one in sandbox.get("state")["telegram"]["chats"] if one["id"] == heard["chat"]
    )
    assert [(one["by"], one["text"]) for one in chat["messages"]] == [
        ("customer", "Where is my order?"),
        ("bridge", "On its way"),
    ]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("x" * 4096, None),
        ("x" * 4097, (400, "Bad Request: message is too long")),
        ("", (400, "Bad Request: message text is empty")),
        (" ", (400, "Bad Request: message text is empty")),
    ],
)
def test_a_message_must_fit(bot, write, text, outcome):
    answer = bot("sendMessage", chat_id=write()["chat"], text=text)
    assert answer.status_code == 200 if outcome is None else error(answer) == outcome


def test_entities_must_parse_where_a_mode_is_named(bot, write):
    chat = write()["chat"]
    assert error(bot("sendMessage", chat_id=chat, text="<nope>x", parse_mode="HTML"))[0] == 400
    assert (
        bot("sendMessage", chat_id=chat, text="<b>x</b>", parse_mode="HTML").json()["result"][
            "text"
        ]
        == "x"
    )
    assert bot("sendMessage", chat_id=chat, text="<nope>x").json()["result"]["text"] == "<nope>x"


def test_an_unknown_chat_is_not_found(bot, sandbox):
    assert error(bot("sendMessage", chat_id=42, text="x")) == (400, "Bad Request: chat not found")


def test_a_bot_cannot_write_first(bot, sandbox):
    person = sandbox.get("state")["people"][0]["telegram_id"]
    assert error(bot("sendMessage", chat_id=person, text="x")) == (
        403,
        "Forbidden: bot can't initiate conversation with a user",
    )


def test_a_person_who_blocked_the_bot_is_out_of_reach(sandbox, bot, write):
    chat = write()["chat"]
    sandbox.post("customer/block", {"channel": "telegram", "person": "Ana"})
    assert error(bot("sendMessage", chat_id=chat, text="x")) == (
        403,
        "Forbidden: bot was blocked by the user",
    )
    sandbox.post("customer/block", {"channel": "telegram", "person": "Ana", "blocked": False})
    assert bot("sendMessage", chat_id=chat, text="x").status_code == 200


def test_an_answer_to_nothing_is_refused_unless_allowed(bot, write):
    chat = write()["chat"]
    wish = {"message_id": 1}
    refused = bot("sendMessage", chat_id=chat, text="x", reply_parameters=wish)
    assert error(refused) == (400, "Bad Request: message to be replied not found")
    allowed = {**wish, "allow_sending_without_reply": True}
    assert bot("sendMessage", chat_id=chat, text="x", reply_parameters=allowed).status_code == 200


def test_too_many_messages_to_one_chat_must_wait(sandbox, bot, write):
    sandbox.post("limits", {"telegram": {"chat_per_5_seconds": 1}})
    chat = write()["chat"]
    assert bot("sendMessage", chat_id=chat, text="x").status_code == 200
    refused = bot("sendMessage", chat_id=chat, text="x")
    wait = refused.json()["parameters"]["retry_after"]
    assert error(refused) == (429, f"Too Many Requests: retry after {wait}")
    sandbox.post("clock", {"advance": wait})
    assert bot("sendMessage", chat_id=chat, text="x").status_code == 200


@pytest.mark.parametrize(
    ("token", "outcome"),
    [
        ("110201543:AAHanotheranotheranotheranotheranothe", (401, "Unauthorized")),
        ("nonsense", (404, "Not Found")),
    ],
)
def test_a_wrong_token_opens_nothing_and_is_not_recorded(sandbox, bot, token, outcome):
    assert error(bot("getMe", token=token)) == outcome
    assert token not in json.dumps(sandbox.record())


def test_an_unknown_method_is_not_found(bot, sandbox):
    assert error(bot("sendLove")) == (404, "Not Found")
    assert bot("getMe").json()["result"]["is_bot"] is True


def test_a_business_chat_is_answered_within_a_day_and_by_right(sandbox, bot, write):
    heard = write(chat="business")
    wish = {
        "chat_id": heard["person_id"],
        "text": "x",
        "business_connection_id": "bizSandboxConnection01",
    }
    assert (
        bot("sendMessage", **wish).json()["result"]["business_connection_id"]
        == wish["business_connection_id"]
    )
    assert error(bot("sendMessage", **{**wish, "business_connection_id": "other"}))[0] == 400
    sandbox.post("settings", {"telegram_can_reply": False})
    assert error(bot("sendMessage", **wish))[0] == 403
    sandbox.post("settings", {"telegram_can_reply": True})
    sandbox.post("clock", {"advance": DAY + 1})
    assert error(bot("sendMessage", **wish)) == (400, "Bad Request: BUSINESS_PEER_USAGE_MISSING")


def test_a_comment_in_the_discussion_keeps_its_thread(sandbox, bot, write):
    sandbox.post("staff/channel_post", {"text": "New blend"})
    chat = next(
        one for one in sandbox.get("state")["telegram"]["chats"] if one["type"] == "discussion"
    )
    root = chat["messages"][0]["id"]
    heard = write("Too bitter", chat="discussion", reply_to=root)
    said = bot(
        "sendMessage",
        chat_id=int(heard["chat"]),
        text="Sorry",
        reply_parameters={"message_id": heard["id"]},
    )
    assert said.json()["result"]["message_thread_id"] == root


def test_our_words_are_edited_and_a_customers_are_not(sandbox, bot, write):
    heard = write()
    said = bot("sendMessage", chat_id=heard["chat"], text="Sory").json()["result"]["message_id"]
    assert (
        bot("editMessageText", chat_id=heard["chat"], message_id=said, text="Sorry").status_code
        == 200
    )
    assert (
        error(bot("editMessageText", chat_id=heard["chat"], message_id=said, text="Sorry"))[0]
        == 400
    )
    assert (
        error(bot("editMessageText", chat_id=heard["chat"], message_id=heard["id"], text="x"))[0]
        == 400
    )


def test_a_photo_is_downloaded_by_its_file(sandbox, bot, listener, write):
    write("Look", image=True)
    photo = json.loads(listener.wait(1)[0].body)["message"]["photo"][-1]
    path = bot("getFile", file_id=photo["file_id"]).json()["result"]["file_path"]
    token = sandbox.get("credentials")["telegram"]["token"]
    file = sandbox.http.get(f"{sandbox.url}/telegram/file/bot{token}/{path}", timeout=10)
    assert file.content.startswith(b"\x89PNG")
    assert (
        sandbox.http.get(
            f"{sandbox.url}/telegram/file/bot{token}/photos/no.png", timeout=10
        ).status_code
        == 404
    )
    assert error(bot("getFile", file_id="nonsense"))[0] == 400


def test_the_webhook_is_set_told_and_deleted(bot, listener, write):
    url = f"{listener.url}/elsewhere"
    assert (
        bot("setWebhook", url=url, secret_token="other-secret", allowed_updates=["message"]).json()[
            "result"
        ]
        is True
    )
    assert error(bot("getUpdates"))[0] == 409
    write()
    got = listener.wait(1)[0]
    assert (got.path, got.headers["x-telegram-bot-api-secret-token"]) == (
        "/elsewhere",
        "other-secret",
    )
    assert bot("getWebhookInfo").json()["result"]["url"] == url
    assert bot("deleteWebhook").json()["result"] is True
    assert bot("getUpdates").json()["result"] == []


@pytest.mark.parametrize(
    "wish",
    [{"url": "http://example.com/x"}, {"url": "https://example.com", "secret_token": "spa ce"}],
)
def test_a_bad_webhook_is_refused(sandbox, bot, wish):
    assert error(bot("setWebhook", **wish))[0] == 400
