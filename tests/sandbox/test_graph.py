"""What the Graph API does and refuses."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from bridge.sandbox import wires

DAY = 86400
SHARED = Path(__file__).parents[3] / "shared" / "payloads" / "meta_api_responses"


def error(response, status=400):
    assert response.status_code == status, response.text
    found = response.json()["error"]
    assert found["fbtrace_id"]
    return found["code"], found.get("error_subcode")


@pytest.fixture
def comment(sandbox):
    return sandbox.post("customer/comment", {"text": "It is broken", "person": "Ana"})["id"]


@pytest.fixture
def send(graph):
    def call(person, text="Hello", **more):
        body = {
            "recipient": {"id": person},
            "message": {"text": text},
            "messaging_type": "RESPONSE",
        }
        return graph("POST", f"{wires.PAGE_ID}/messages", {**body, **more})

    return call


@pytest.fixture
def ana(sandbox):
    """Ana has just written to the Page."""
    return sandbox.post(
        "customer/message", {"channel": "messenger", "text": "Hi", "person": "Ana"}
    )["chat"]


# --- comments ------------------------------------------------------------------------------------


def test_a_reply_stands_under_the_comment(sandbox, graph, comment):
    answer = graph("POST", f"{comment}/comments", {"message": "Sorry, Ana"})
    assert answer.status_code == 200
    post = next(one for one in sandbox.get("state")["facebook"]["posts"] if one["comments"])
    (reply,) = post["comments"][0]["replies"]
    assert (reply["id"], reply["text"], reply["by"]) == (
        answer.json()["id"],
        "Sorry, Ana",
        "bridge",
    )


def test_a_reply_to_a_reply_stands_under_the_root(graph, comment):
    first = graph("POST", f"{comment}/comments", {"message": "one"}).json()["id"]
    second = graph("POST", f"{first}/comments", {"message": "two"}).json()["id"]
    listed = graph("GET", f"{comment}/comments", order="reverse_chronological").json()["data"]
    assert [one["id"] for one in listed] == [second, first]
    assert graph("GET", f"{first}/comments").json()["data"] == []


def test_the_first_part_of_a_comment_id_is_not_always_the_post(sandbox, comment):
    post = next(one for one in sandbox.get("state")["facebook"]["posts"] if one["comments"])
    assert comment.split("_")[0] != post["id"].split("_")[1]


def test_a_comment_shows_the_asked_fields_only(graph, comment):
    asked = graph("GET", comment, fields="id,message,from{name},permalink_url,nonsense").json()
    assert set(asked) == {"id", "message", "from", "permalink_url"}


@pytest.mark.parametrize(
    ("body", "code"), [({}, 100), ({"message": " "}, 100), ({"message": "x" * 8001}, 100), ({"message": 5}, 100)]
)  # fmt: skip
def test_words_that_are_no_comment_are_refused(graph, comment, body, code):
    assert error(graph("POST", f"{comment}/comments", body))[0] == code


def test_a_comment_of_8000_characters_is_taken(graph, comment):
    assert graph("POST", f"{comment}/comments", {"message": "x" * 8000}).status_code == 200


def test_a_deleted_comment_cannot_be_answered(sandbox, graph, comment):
    sandbox.post("customer/comment/remove", {"id": comment})
    assert error(graph("POST", f"{comment}/comments", {"message": "Sorry"})) == (100, 33)
    refused = sandbox.record("refused")
    assert [(one["code"], one["status"]) for one in refused] == [("100/33", 400)]


def test_a_customers_comment_is_hidden_and_shown_but_not_edited(sandbox, graph, comment):
    assert graph("POST", comment, {"is_hidden": True}).json() == {"success": True}
    assert graph("GET", comment, fields="is_hidden").json()["is_hidden"] is True
    assert graph("POST", comment, {"is_hidden": False}).json() == {"success": True}
    assert [one["what"] for one in sandbox.record(by="bridge")] == [
        "comment_hidden",
        "comment_unhidden",
    ]
    assert error(graph("POST", comment, {"message": "nicer"})) == (200, None)


def test_our_own_comment_is_edited_and_deleted(sandbox, graph, comment):
    ours = graph("POST", f"{comment}/comments", {"message": "Sory"}).json()["id"]
    assert graph("POST", ours, {"message": "Sorry"}).json() == {"success": True}
    assert graph("DELETE", ours).json() == {"success": True}
    assert [one["what"] for one in sandbox.record(by="bridge")] == [
        "comment",
        "comment_edited",
        "comment_removed",
    ]


def test_the_same_words_twice_are_refused_only_where_asked(sandbox, graph, comment):
    assert graph("POST", f"{comment}/comments", {"message": "Sorry"}).status_code == 200
    assert graph("POST", f"{comment}/comments", {"message": "Sorry"}).status_code == 200
    sandbox.post("settings", {"meta_refuse_duplicates": True})
    assert error(graph("POST", f"{comment}/comments", {"message": "Sorry"})) == (506, None)
    assert graph("POST", f"{comment}/comments", {"message": "Really sorry"}).status_code == 200


# --- private replies -----------------------------------------------------------------------------


def private(graph, item, text="Write to us here"):
    return graph(
        "POST",
        f"{wires.PAGE_ID}/messages",
        {"recipient": {"comment_id": item}, "message": {"text": text}},
    )


def test_a_private_reply_is_sent_once(sandbox, graph, comment):
    answer = private(graph, comment).json()
    (entry,) = sandbox.record("private_reply")
    assert (entry["comment_id"], entry["chat"]) == (comment, answer["recipient_id"])
    assert error(private(graph, comment)) == (10900, None)
    assert len(sandbox.record("private_reply")) == 1


def test_a_private_reply_opens_the_window_only_when_the_person_answers(
    sandbox, graph, send, comment
):
    person = private(graph, comment).json()["recipient_id"]
    assert error(send(person)) == (10, 2018278)
    sandbox.post("customer/message", {"channel": "messenger", "text": "Here I am", "person": "Ana"})
    assert send(person).status_code == 200


def test_a_private_reply_comes_too_late_after_seven_days(sandbox, graph, comment):
    sandbox.post("clock", {"advance": 7 * DAY + 1})
    assert error(private(graph, comment)) == (10903, None)


def test_a_private_reply_to_a_deleted_comment_is_refused(sandbox, graph, comment):
    sandbox.post("customer/comment/remove", {"id": comment})
    assert error(private(graph, comment)) == (100, 33)


def test_a_private_reply_to_our_own_comment_is_refused(graph, comment):
    ours = graph("POST", f"{comment}/comments", {"message": "Sorry"}).json()["id"]
    assert error(private(graph, ours)) == (10903, None)


# --- Messenger -----------------------------------------------------------------------------------


def test_a_message_reaches_the_chat(sandbox, send, ana):
    answer = send(ana, "Hello Ana").json()
    assert answer["recipient_id"] == ana
    (chat,) = sandbox.get("state")["messenger"]["chats"]
    assert [(one["by"], one["text"]) for one in chat["messages"]] == [
        ("customer", "Hi"),
        ("bridge", "Hello Ana"),
    ]


HUMAN = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


@pytest.mark.parametrize(
    ("days", "more", "outcome"),
    [
        (0.9, {}, None),
        (1.1, {}, (10, 2018278)),
        (1.1, {"messaging_type": "UPDATE"}, (10, 2018278)),
        (1.1, HUMAN, None),
        (6.9, HUMAN, None),
        (7.1, HUMAN, (10, 2018278)),
        (0.1, {"messaging_type": "MESSAGE_TAG"}, (100, None)),
        (0.1, {"messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, (100, None)),
        (0.1, {"messaging_type": "MESSAGE_TAG", "tag": "POST_PURCHASE_UPDATE"}, (100, None)),
        (0.1, {"messaging_type": "SHOUT"}, (100, None)),
    ],
)
def test_the_window_decides_what_may_be_sent(sandbox, send, ana, days, more, outcome):
    sandbox.post("clock", {"advance": days * DAY})
    answer = send(ana, **more)
    if outcome is None:
        assert answer.status_code == 200, answer.text
    else:
        assert error(answer) == outcome


def test_a_message_of_long_ago_opens_no_window(sandbox, send):
    wish = {"channel": "messenger", "text": "Hi", "person": "Jan", "ago": 2 * DAY}
    person = sandbox.post("customer/message", wish)["chat"]
    assert error(send(person)) == (10, 2018278)
    assert send(person, **HUMAN).status_code == 200


def test_the_human_agent_tag_needs_the_feature(sandbox, send, ana):
    sandbox.post("settings", {"meta_human_agent": False})
    sandbox.post("clock", {"advance": 2 * DAY})
    assert error(send(ana, **HUMAN)) == (10, None)


@pytest.mark.parametrize(
    ("message", "good"),
    [
        ({"text": "x" * 2000}, True),
        ({"text": "x" * 2001}, False),
        ({"text": ""}, False),
        ({"text": "x", "attachment": {"type": "image"}}, False),
        ({"attachment": {"type": "image", "payload": {"url": "https://example.com/a.png"}}}, True),
        ({"attachment": {"type": "image", "payload": {}}}, False),
        ({"text": "x", "metadata": "m" * 1000}, False),
        ({"text": "x", "metadata": "m" * 999}, True),
    ],
)
def test_a_message_must_fit(send, ana, message, good):
    answer = send(ana, message=message)
    if good:
        assert answer.status_code == 200
    else:
        assert error(answer)[0] == 100


def test_a_person_who_blocked_the_page_is_not_available(sandbox, send, ana):
    sandbox.post("customer/block", {"channel": "messenger", "person": "Ana"})
    assert error(send(ana)) == (551, 1545041)
    sandbox.post("customer/block", {"channel": "messenger", "person": "Ana", "blocked": False})
    assert send(ana).status_code == 200


def test_nobody_is_found_under_an_unknown_id(send):
    assert error(send("123")) == (100, 2018001)


def test_typing_goes_alone(send, graph, ana):
    body = {"recipient": {"id": ana}, "sender_action": "typing_on"}
    assert graph("POST", "me/messages", body).json() == {"recipient_id": ana}
    assert error(send(ana, sender_action="typing_on"))[0] == 100


def test_a_conversation_lists_its_messages_newest_first(send, graph, ana):
    mine = send(ana, "Hello Ana").json()["message_id"]
    fields = "messages.limit(5){id,message,from,created_time}"
    (talk,) = graph("GET", f"{wires.PAGE_ID}/conversations", user_id=ana, fields=fields).json()[
        "data"
    ]
    newest, first = talk["messages"]["data"]
    assert (newest["id"], newest["from"]["id"], newest["message"]) == (
        mine,
        wires.PAGE_ID,
        "Hello Ana",
    )
    assert first["from"]["id"] == ana
    assert (
        graph("GET", f"{wires.PAGE_ID}/conversations", user_id="1", fields=fields).json()["data"]
        == []
    )


def test_a_profile_has_a_name_unless_it_is_hidden(sandbox, graph, ana):
    assert graph("GET", ana, fields="first_name,last_name").json()["first_name"] == "Ana"
    sandbox.post("settings", {"meta_no_profile": True})
    assert error(graph("GET", ana, fields="first_name")) == (100, 2018218)


def test_a_form_may_carry_its_objects_as_json(sandbox, ana):
    url, head = (
        f"{sandbox.url}/graph/v25.0/me/messages",
        {"Authorization": f"Bearer {wires.PAGE_TOKEN}"},
    )
    form = {"recipient": json.dumps({"id": ana}), "message": json.dumps({"text": "Hello"})}
    assert sandbox.http.post(url, data=form, headers=head, timeout=10).json()["recipient_id"] == ana
    broken = sandbox.http.post(url, data={**form, "message": "{"}, headers=head, timeout=10)
    assert error(broken) == (100, None)


def test_a_file_may_come_with_the_form(sandbox, ana):
    url, head = (
        f"{sandbox.url}/graph/v25.0/me/messages",
        {"Authorization": f"Bearer {wires.PAGE_TOKEN}"},
    )
    message = {"attachment": {"type": "image", "payload": {"is_reusable": False}}}
    form = {"recipient": json.dumps({"id": ana}), "message": json.dumps(message)}
    files = {"filedata": ("a.png", b"PNG", "image/png")}
    assert (
        sandbox.http.post(url, data=form, files=files, headers=head, timeout=10).status_code == 200
    )
    (chat,) = sandbox.get("state")["messenger"]["chats"]
    assert (
        sandbox.http.get(chat["messages"][-1]["attachments"][0]["url"], timeout=10).content
        == b"PNG"
    )


# --- at the door ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "mode", "outcome"),
    [
        (None, "valid", (2500, None)),
        ("EAAnother", "valid", (190, None)),
        (wires.PAGE_TOKEN, "expired", (190, 463)),
        (wires.PAGE_TOKEN, "revoked", (190, 460)),
        (wires.PAGE_TOKEN, "no_permission", (200, None)),
    ],
)
def test_a_bad_token_opens_nothing(sandbox, graph, token, mode, outcome):
    sandbox.post("settings", {"meta_token": mode})
    assert error(graph("GET", wires.PAGE_ID, token=token)) == outcome


def test_a_good_token_may_stand_in_the_query_too(graph):
    assert (
        graph("GET", "me", token=None, access_token=wires.PAGE_TOKEN).json()["id"] == wires.PAGE_ID
    )


def test_the_proof_is_checked_when_given_and_needed_when_set(sandbox, graph):
    good = hmac.new(
        wires.APP_SECRET.encode(), wires.PAGE_TOKEN.encode(), hashlib.sha256
    ).hexdigest()
    assert graph("GET", "me", appsecret_proof=good).status_code == 200
    assert error(graph("GET", "me", appsecret_proof="0" * 64))[0] == 100
    sandbox.post("settings", {"meta_proof_required": True})
    assert error(graph("GET", "me"))[0] == 100
    assert graph("GET", "me", appsecret_proof=good).status_code == 200


@pytest.mark.parametrize(
    ("limit", "code"), [("app_per_hour", 4), ("page_per_hour", 32)]
)  # fmt: skip
def test_a_limit_is_kept_and_shown(sandbox, graph, limit, code):
    sandbox.post("limits", {"meta": {limit: 2}})
    first = graph("GET", "me")
    assert json.loads(first.headers["x-app-usage"])["call_count"] in (0, 50)
    assert graph("GET", "me").status_code == 200
    refused = graph("GET", "me")
    assert error(refused) == (code, None)
    (usage,) = json.loads(refused.headers["x-business-use-case-usage"])[wires.PAGE_ID]
    assert (usage["estimated_time_to_regain_access"] > 0) == (code == 32)
    sandbox.post("clock", {"advance": 3600})
    assert graph("GET", "me").status_code == 200


def test_too_many_sends_in_a_second_are_613(sandbox, send, ana):
    sandbox.post("limits", {"meta": {"sends_per_second": 1}})
    codes = {
        error(answer)[0] for answer in (send(ana) for _ in range(6)) if answer.status_code != 200
    }
    assert codes == {613}


def test_limits_can_be_lifted(sandbox, graph):
    sandbox.post("limits", {"on": False, "meta": {"app_per_hour": 1}})
    assert {graph("GET", "me").status_code for _ in range(5)} == {200}


def test_the_subscription_is_set_and_lost(graph):
    path = f"{wires.PAGE_ID}/subscribed_apps"
    assert graph("POST", path, {"subscribed_fields": "feed,messages"}).json() == {"success": True}
    (app,) = graph("GET", path).json()["data"]
    assert (app["id"], app["subscribed_fields"]) == (wires.APP_ID, ["feed", "messages"])
    assert error(graph("POST", path, {"subscribed_fields": "feeed"}))[0] == 100
    assert graph("DELETE", path).json() == {"success": True}
    assert graph("GET", path).json()["data"] == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
@pytest.mark.parametrize(
    "name", ["error_10_2018278_window_closed", "error_551_1545041", "error_32_page_limit", "error_4_transient", "error_200_permissions"]
)  # fmt: skip
def test_errors_have_the_recorded_form(sandbox, graph, send, ana, name):
    recorded = json.loads((SHARED / f"{name}.json").read_text())["error"]
    match recorded["code"]:
        case 10:
            sandbox.post("clock", {"advance": 2 * DAY})
        case 551:
            sandbox.post("customer/block", {"channel": "messenger", "person": "Ana"})
        case 32 | 4:
            sandbox.post(
                "limits",
                {"meta": {"page_per_hour" if recorded["code"] == 32 else "app_per_hour": 0}},
            )
        case 200:
            sandbox.post("settings", {"meta_token": "no_permission"})
    mine = send(ana).json()["error"]
    assert {**mine, "fbtrace_id": ""} == {**recorded, "fbtrace_id": ""}
