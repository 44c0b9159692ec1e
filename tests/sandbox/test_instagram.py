"""What the fake Instagram does, refuses and tells."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from support.shape import lacking, strange

from bridge.sandbox import wires

DAY = 86400
SHARED = Path(__file__).parents[3] / "shared" / "payloads"
IG = wires.INSTAGRAM_ID
HUMAN = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


def error(response, status=400):
    assert response.status_code == status, response.text
    found = response.json()["error"]
    assert found["fbtrace_id"]
    return found["code"], found.get("error_subcode")


def body(got):
    return json.loads(got.body)


def said(sandbox, text="Is it in stock?", person="Ana", **more):
    wish = {"channel": "instagram", "text": text, "person": person, **more}
    return sandbox.post("customer/comment", wish)


def wrote(sandbox, text="Hi", person="Ana", **more):
    wish = {"channel": "instagram", "text": text, "person": person, **more}
    return sandbox.post("customer/message", wish)


@pytest.fixture
def comment(sandbox):
    return said(sandbox)["id"]


@pytest.fixture
def ana(sandbox):
    """Ana has just written a message."""
    return wrote(sandbox)["chat"]


@pytest.fixture
def own(graph):
    """Calls with the token that Instagram Login gives."""
    return lambda method, path, body=None, **params: graph(
        method, path, body, token=wires.INSTAGRAM_TOKEN, **params
    )


@pytest.fixture
def send(graph):
    def call(person, text="Hello", path=f"{wires.PAGE_ID}/messages", token=wires.PAGE_TOKEN, **more):  # fmt: skip
        wish = {"recipient": {"id": person}, "message": {"text": text}, **more}
        return graph("POST", path, wish, token=token)

    return call


def thread(sandbox):
    """The comments under the account's media."""
    return sandbox.get("state")["instagram"]["posts"][0]["comments"]


# --- comments ------------------------------------------------------------------------------------


def test_a_reply_stands_under_the_comment(sandbox, graph, comment):
    made = graph("POST", f"{comment}/replies", {"message": "Yes, @ana"}).json()["id"]
    (reply,) = thread(sandbox)[0]["replies"]
    assert (reply["id"], reply["text"], reply["by"]) == (made, "Yes, @ana", "bridge")


def test_a_reply_to_a_reply_is_attached_to_the_first_comment(sandbox, graph, comment):
    first = graph("POST", f"{comment}/replies", {"message": "one"}).json()["id"]
    second = graph("POST", f"{first}/replies", {"message": "two"}).json()["id"]
    listed = graph("GET", f"{comment}/replies", fields="id,text,timestamp,username,from").json()
    assert [one["id"] for one in listed["data"]] == [first, second]
    assert listed["data"][0]["from"] == {"id": IG, "username": wires.USERNAME}
    assert thread(sandbox)[0]["replies"][1]["parent_id"] == comment


def test_a_hidden_comment_is_not_answered_and_a_shown_one_is(sandbox, graph, comment):
    assert graph("POST", comment, {"hide": True}).json() == {"success": True}
    assert graph("GET", comment, fields="hidden").json()["hidden"] is True
    assert error(graph("POST", f"{comment}/replies", {"message": "Hello"})) == (100, None)
    assert graph("POST", comment, {"hide": "false"}).json() == {"success": True}
    assert graph("POST", f"{comment}/replies", {"message": "Hello"}).status_code == 200
    assert [one["what"] for one in sandbox.record(by="bridge")] == [
        "comment_hidden", "comment_unhidden", "comment"]  # fmt: skip


def test_a_deleted_comment_is_not_answered(sandbox, graph, comment):
    sandbox.post("customer/comment/remove", {"id": comment})
    assert error(graph("POST", f"{comment}/replies", {"message": "Hello"})) == (100, 33)
    assert error(graph("GET", comment)) == (100, 33)


def test_a_live_comment_is_not_answered_in_public_and_in_private_only_while_live(sandbox, graph):
    live, late = (said(sandbox, text, live=True)["id"] for text in ("Now!", "Still on?"))
    assert error(graph("POST", f"{live}/replies", {"message": "Hello"})) == (100, None)
    assert private(graph, live).status_code == 200
    sandbox.post("staff/live", {"on": False})
    assert error(private(graph, late)) == (10903, None)


def test_our_own_reply_is_deleted_and_the_record_shows_it(sandbox, graph, comment):
    ours = graph("POST", f"{comment}/replies", {"message": "Sory"}).json()["id"]
    assert graph("DELETE", ours).json() == {"success": True}
    assert thread(sandbox)[0]["replies"][0]["removed"] is True
    (gone,) = sandbox.record("comment_removed")
    assert (gone["id"], gone["by"], gone["channel"]) == (ours, "bridge", "instagram")
    assert error(graph("DELETE", ours)) == (100, 33)


@pytest.mark.parametrize("words", [{}, {"message": " "}, {"message": 5}, {"message": "x" * 2201}])
def test_words_that_are_no_reply_are_refused(graph, comment, words):
    assert error(graph("POST", f"{comment}/replies", words)) == (100, None)


def test_a_comment_cannot_be_edited_by_anybody(sandbox, graph, comment):
    assert error(graph("POST", comment, {"message": "New"})) == (100, None)
    answer = sandbox.http.post(
        f"{sandbox.url}/_sandbox/customer/comment/edit", json={"id": comment, "text": "New"}, timeout=10
    )  # fmt: skip
    assert answer.status_code == 400


def test_a_comment_shows_the_asked_fields_only(graph, comment):
    asked = graph("GET", comment, fields="id,text,from{id,username},media{id,permalink},nonsense")
    assert set(asked.json()) == {"id", "text", "from", "media"}
    assert set(asked.json()["media"]) == {"id", "permalink"}


def test_the_same_words_twice_are_refused_only_where_asked(sandbox, graph, comment):
    for _ in range(2):
        assert graph("POST", f"{comment}/replies", {"message": "Hello"}).status_code == 200
    sandbox.post("settings", {"meta_refuse_duplicates": True})
    assert error(graph("POST", f"{comment}/replies", {"message": "Hello"})) == (506, None)


# --- private replies -----------------------------------------------------------------------------


def private(graph, item, path=f"{wires.PAGE_ID}/messages", token=wires.PAGE_TOKEN):
    wish = {"recipient": {"comment_id": item}, "message": {"text": "Write to us here"}}
    return graph("POST", path, wish, token=token)


def test_a_private_reply_is_sent_once(sandbox, graph, comment):
    answer = private(graph, comment).json()
    (entry,) = sandbox.record("private_reply")
    assert (entry["comment_id"], entry["chat"]) == (comment, answer["recipient_id"])
    assert entry["channel"] == "instagram"
    assert error(private(graph, comment)) == (10900, None)
    assert len(sandbox.record("private_reply")) == 1


def test_a_private_reply_opens_no_window_until_the_person_answers(sandbox, graph, send, comment):
    person = private(graph, comment).json()["recipient_id"]
    assert error(send(person)) == (10, 2534022)
    wrote(sandbox, "Here I am")
    assert send(person).status_code == 200


def test_a_private_reply_comes_too_late_after_seven_days(sandbox, graph, comment):
    sandbox.post("clock", {"advance": 7 * DAY + 1})
    assert error(private(graph, comment)) == (10903, None)


def test_a_private_reply_to_our_own_or_to_a_deleted_comment_is_refused(sandbox, graph, comment):
    ours = graph("POST", f"{comment}/replies", {"message": "Hello"}).json()["id"]
    assert error(private(graph, ours)) == (10903, None)
    sandbox.post("customer/comment/remove", {"id": comment})
    assert error(private(graph, comment)) == (100, 33)


def test_private_replies_are_limited_by_the_hour(sandbox, graph, comment):
    sandbox.post("limits", {"meta": {"private_replies_per_hour": 0}})
    assert error(private(graph, comment)) == (613, None)


# --- messages ------------------------------------------------------------------------------------


def test_a_message_reaches_the_chat_on_every_path_of_its_login(sandbox, send, ana):
    page = [send(ana, "a"), send(ana, "b", path="me/messages")]
    mine = [
        send(ana, text, path=path, token=wires.INSTAGRAM_TOKEN)
        for text, path in (("c", f"{IG}/messages"), ("d", "me/messages"))
    ]
    assert [one.json()["recipient_id"] for one in (*page, *mine)] == [ana] * 4
    (chat,) = sandbox.get("state")["instagram"]["chats"]
    assert [one["text"] for one in chat["messages"]] == ["Hi", "a", "b", "c", "d"]


def test_each_login_has_its_own_path_and_its_own_people(sandbox, send, ana):
    assert error(send(ana, path=f"{IG}/messages")) == (100, 33)
    page = f"{wires.PAGE_ID}/messages"
    assert error(send(ana, path=page, token=wires.INSTAGRAM_TOKEN)) == (100, 33)
    jan = sandbox.post("customer/message", {"channel": "messenger", "text": "Hi", "person": "Jan"})
    own = send(jan["chat"], path="me/messages", token=wires.INSTAGRAM_TOKEN)
    assert error(own) == (100, 2018001)


@pytest.mark.parametrize(
    ("text", "good"), [("x" * 1000, True), ("x" * 1001, False), ("🙈" * 250, True), ("🙈" * 250 + "x", False)]
)  # fmt: skip
def test_a_message_has_at_most_1000_bytes(send, ana, text, good):
    answer = send(ana, text)
    assert answer.status_code == 200 if good else error(answer) == (100, None)


@pytest.mark.parametrize(
    ("days", "more", "outcome"),
    [
        (0.9, {}, None),
        (1.1, {}, (10, 2534022)),
        (1.1, HUMAN, None),
        (6.9, HUMAN, None),
        (7.1, HUMAN, (10, 2534022)),
    ],
)
def test_the_window_decides_what_may_be_sent(sandbox, send, ana, days, more, outcome):
    sandbox.post("clock", {"advance": days * DAY})
    answer = send(ana, **more)
    assert answer.status_code == 200 if outcome is None else error(answer) == outcome


def test_a_person_who_blocked_the_account_is_not_available(sandbox, send, ana):
    sandbox.post("customer/block", {"channel": "instagram", "person": "Ana"})
    assert error(send(ana)) == (551, 1545041)


def test_a_conversation_lists_its_messages_newest_first(sandbox, send, graph, own, ana):
    sandbox.post("limits", {"on": False})
    mine = send(ana, "Hello").json()["message_id"]
    fields = "messages.limit(5){id,message,from,created_time}"
    asked = {"user_id": ana, "fields": fields}
    page = graph("GET", f"{wires.PAGE_ID}/conversations", platform="instagram", **asked).json()
    assert page == own("GET", f"{IG}/conversations", platform="instagram", **asked).json()
    newest, first = page["data"][0]["messages"]["data"]
    assert (newest["id"], newest["from"]["id"], newest["message"]) == (mine, IG, "Hello")
    assert first["from"]["username"] == "ana"
    assert graph("GET", f"{wires.PAGE_ID}/conversations", **asked).json()["data"] == []


def test_a_profile_is_shown_once_the_person_has_written(sandbox, graph, comment):
    person = said(sandbox, person="Jan")["person_id"]
    assert error(graph("GET", person, fields="name,username")) == (230, None)
    wrote(sandbox, person="Jan")
    shown = graph("GET", person, fields="name,username").json()
    assert (shown["name"], shown["username"]) == ("Jan", "jan")
    sandbox.post("settings", {"meta_no_profile": True})
    assert error(graph("GET", person)) == (230, None)


# --- mentions ------------------------------------------------------------------------------------


def test_a_mention_tells_ids_and_its_words_are_fetched(sandbox, graph, listener):
    wish = {"channel": "instagram", "text": "@acme_coffee is rude", "person": "Ola"}
    made = sandbox.post("customer/mention", wish)["id"]
    change = body(listener.wait(1)[0])["entry"][0]["changes"][0]
    assert change["field"] == "mentions"
    assert set(change["value"]) == {"comment_id", "media_id"}
    assert change["value"]["comment_id"] == made
    ask = f"mentioned_comment.comment_id({made}){{text,timestamp,media}}"
    found = graph("GET", IG, fields=ask).json()["mentioned_comment"]
    assert found["text"] == "@acme_coffee is rude"
    assert "from" not in found
    answer = graph("POST", f"{IG}/mentions", {**change["value"], "message": "Sorry to hear!"})
    assert sandbox.record("comment", id=answer.json()["id"])[0]["parent_id"] == made


def test_a_mention_in_a_caption_has_no_comment(sandbox, graph, listener):
    wish = {"channel": "instagram", "text": "Thanks @acme_coffee", "comment": False}
    made = sandbox.post("customer/mention", wish)["id"]
    assert body(listener.wait(1)[0])["entry"][0]["changes"][0]["value"] == {"media_id": made}
    ask = f"mentioned_media.media_id({made}){{caption,username}}"
    found = graph("GET", IG, fields=ask).json()["mentioned_media"]
    assert (found["caption"], found["username"]) == ("Thanks @acme_coffee", "ana")
    ask = f"mentioned_comment.comment_id({made}){{text}}"
    assert error(graph("GET", IG, fields=ask)) == (100, 33)


# --- at the door ---------------------------------------------------------------------------------


def test_each_token_may_be_refused_by_itself(sandbox, graph, own):
    sandbox.post("settings", {"meta_token": "revoked", "meta_token_of": "instagram"})
    assert error(own("GET", "me")) == (190, 460)
    assert graph("GET", IG).json()["id"] == IG


def test_the_proof_of_instagram_login_needs_its_own_secret(own):
    def proof(secret):
        return hmac.new(secret.encode(), wires.INSTAGRAM_TOKEN.encode(), hashlib.sha256).hexdigest()

    assert own("GET", "me", appsecret_proof=proof(wires.INSTAGRAM_APP_SECRET)).status_code == 200
    assert error(own("GET", "me", appsecret_proof=proof(wires.APP_SECRET))) == (100, None)


def test_the_subscription_of_instagram_login_is_set_and_lost(sandbox, graph, own, listener):
    sandbox.post("settings", {"instagram_login": True})
    path = f"{IG}/subscribed_apps"
    assert own("POST", path, {"subscribed_fields": "messages"}).json() == {"success": True}
    (app,) = own("GET", path).json()["data"]
    assert (app["id"], app["subscribed_fields"]) == (wires.APP_ID, ["messages"])
    assert error(own("POST", path, {"subscribed_fields": "feed"})) == (100, None)
    assert error(graph("GET", path)) == (100, 33)
    said(sandbox)
    wrote(sandbox)
    sandbox.idle()
    assert ["messaging" in body(got)["entry"][0] for got in listener.got] == [True]
    assert own("DELETE", path).json() == {"success": True}
    assert own("GET", path).json()["data"] == []
    wrote(sandbox)
    sandbox.idle()
    assert len(listener.got) == 1


def test_without_it_the_page_has_to_be_subscribed(sandbox, graph, listener):
    graph("DELETE", f"{wires.PAGE_ID}/subscribed_apps")
    said(sandbox)
    sandbox.idle()
    assert listener.got == []
    graph("POST", f"{wires.PAGE_ID}/subscribed_apps", {"subscribed_fields": "feed"})
    said(sandbox)
    sandbox.idle()
    assert len(listener.got) == 1


def test_an_hour_of_the_account_ends(sandbox, own):
    sandbox.post("limits", {"meta": {"instagram_per_hour": 1}})
    assert own("GET", "me").status_code == 200
    refused = own("GET", "me")
    assert error(refused) == (80002, None)
    (usage,) = json.loads(refused.headers["x-business-use-case-usage"])[IG]
    assert usage["type"] == "instagram"
    assert usage["estimated_time_to_regain_access"] > 0


# --- webhooks ------------------------------------------------------------------------------------


def test_the_login_decides_which_secret_signs(sandbox, listener):
    said(sandbox)
    sandbox.idle()
    sandbox.post("settings", {"instagram_login": True})
    said(sandbox)
    for got, secret in zip(
        listener.wait(2), (wires.APP_SECRET, wires.INSTAGRAM_APP_SECRET), strict=True
    ):
        digest = hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest()
        assert got.headers["x-hub-signature-256"] == f"sha256={digest}"


def test_with_instagram_login_a_mention_comes_as_a_comment(sandbox, own, listener):
    sandbox.post("settings", {"instagram_login": True})
    made = sandbox.post("customer/mention", {"channel": "instagram", "text": "@acme_coffee?"})["id"]
    change = body(listener.wait(1)[0])["entry"][0]["changes"][0]
    assert (change["field"], change["value"]["from"]["username"]) == ("comments", "ana")
    ours = own("POST", f"{made}/replies", {"message": "Here!"}).json()["id"]
    assert sandbox.record("comment", by="bridge")[0]["parent_id"] == made
    listed = own("GET", f"{made}/replies", fields="id,text").json()["data"]
    assert listed == [{"id": ours, "text": "Here!"}]
    wish = {"media_id": change["value"]["media"]["id"], "message": "Here!"}
    assert error(own("POST", f"{IG}/mentions", wish)) == (100, 33)


def test_our_own_reply_and_message_come_back(sandbox, graph, send, listener):
    comment, ana = said(sandbox)["id"], wrote(sandbox)["chat"]
    sandbox.idle()
    listener.got.clear()
    ours = graph("POST", f"{comment}/replies", {"message": "Yes"}).json()["id"]
    message = {"text": "Hello", "metadata": "our-key"}
    mid = send(ana, message=message).json()["message_id"]
    told = {key: value for got in listener.wait(2) for key, value in body(got)["entry"][0].items()}
    value = told["changes"][0]["value"]
    assert (value["id"], value["from"]["id"], value["parent_id"]) == (ours, IG, comment)
    echo = told["messaging"][0]
    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (IG, ana)
    assert (echo["message"]["mid"], echo["message"]["metadata"]) == (mid, "our-key")
    assert str(echo["message"]["app_id"]) == wires.APP_ID


def test_an_advertised_post_tells_a_comment_twice(sandbox, listener):
    made = said(sandbox, boosted=True)
    values = [body(got)["entry"][0]["changes"][0]["value"] for got in listener.wait(2)]
    assert [one["id"] for one in values] == [made["id"]] * 2
    assert {one["media"]["media_product_type"] for one in values} == {"FEED", "AD"}


def test_one_post_holds_one_platform_only(sandbox, listener):
    sandbox.post("hooks/hold", {"system": "meta"})
    said(sandbox)
    sandbox.post("customer/comment", {"text": "On Facebook"})
    wrote(sandbox)
    sandbox.post("customer/comment", {"text": "On Threads", "channel": "threads"})
    assert sandbox.post("hooks/send", {"system": "meta"}) == {"posts": 3, "events": 4}
    objects = [body(got).get("object") for got in listener.wait(3)]
    assert sorted(map(str, objects)) == ["None", "instagram", "page"]


MADE = {
    "comment_add_recorded_raw_body": lambda sandbox: said(sandbox),
    "comment_reply_with_parent_id": lambda sandbox: said(sandbox, reply_to=said(sandbox)["id"]),
    "live_comment_no_from": lambda sandbox: said(sandbox, live=True, anonymous=True),
    "mention_in_comment_ids_only": lambda sandbox: sandbox.post(
        "customer/mention", {"channel": "instagram", "text": "@acme_coffee"}
    ),
    "mention_on_media_no_comment_id": lambda sandbox: sandbox.post(
        "customer/mention", {"channel": "instagram", "text": "@acme_coffee", "comment": False}
    ),
    "dm_text": lambda sandbox: wrote(sandbox),
    "dm_image_only": lambda sandbox: wrote(sandbox, None, image=True),
    "dm_story_mention": lambda sandbox: wrote(sandbox, None, story_mention=True),
    "dm_story_reply": lambda sandbox: wrote(sandbox, story_reply=True),
    "dm_icebreaker_postback": lambda sandbox: wrote(sandbox, None, button="Get started"),
    "dm_standby": lambda sandbox: wrote(sandbox, standby=True),
    "dm_echo": lambda sandbox: sandbox.post(
        "staff/message", {"channel": "instagram", "person": "Ana", "text": "Hello"}
    ),
}
LATER = {
    "dm_reply_to_mid": lambda sandbox, sent: wrote(sandbox, reply_to=sent["id"]),
    "dm_unsent": lambda sandbox, sent: sandbox.post("customer/message/remove", sent),
    "dm_reaction": lambda sandbox, sent: sandbox.post(
        "customer/message/react", {**sent, "emoji": "❤️"}
    ),
    "dm_seen": lambda sandbox, sent: sandbox.post(
        "customer/seen", {"channel": "instagram", "person": "Ana"}
    ),
}
# What the recordings lack for reasons of their own: who sent an echo, our own names of media.
MORE = {".entry[0].messaging[0].message.app_id is new", ".entry[0].changes[0].value.media is new",
        ".entry[0].messaging[0].postback.mid is new"}  # fmt: skip


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
@pytest.mark.parametrize("name", [*MADE, *LATER])
def test_webhooks_have_the_recorded_form(sandbox, listener, name):
    recorded = json.loads((SHARED / "instagram" / f"{name}.json").read_text())
    if name in MADE:
        sandbox.idle()
        MADE[name](sandbox)
    else:
        sent = {"channel": "instagram", **wrote(sandbox)}
        if name == "dm_seen":
            sandbox.post(
                "staff/message", {"channel": "instagram", "person": "Ana", "text": "Hello"}
            )
        sandbox.idle()
        listener.got.clear()
        LATER[name](sandbox, {key: sent[key] for key in ("channel", "chat", "id")})
    sandbox.idle()
    made = body(listener.got[-1])
    if name == "comment_reply_with_parent_id":
        made = next(one for one in map(body, listener.got) if "parent_id" in str(one))
    if "chatwoot" in str(recorded):  # its fixtures write times as ISO texts
        recorded = json.loads(json.dumps(recorded).replace('"2021-09-08T06:35:04+0000"', "1").replace('"2021-09-08T06:34:04+0000"', "1"))  # fmt: skip
    assert set(strange(made, recorded)) <= MORE
    assert lacking(made, recorded) == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
def test_a_comment_has_the_recorded_form(graph, comment):
    graph("POST", f"{comment}/replies", {"message": "yeah"})
    recorded = json.loads(
        (SHARED / "meta_api_responses" / "instagram_comment_object.json").read_text()
    )
    fields = "hidden,like_count,media,text,timestamp,replies"
    made = graph("GET", comment, fields=fields).json()
    assert strange(made, recorded) == []
    assert lacking(made, recorded) == [".user"]  # Instagram gives it of the account's own comments
