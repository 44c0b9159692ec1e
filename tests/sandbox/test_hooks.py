"""The webhooks that go out: signed, batched, doubled, held back, and repeated by each system's rule."""

import base64
import hashlib
import hmac
import json

import pytest

from bridge.sandbox import wires

DM = {"channel": "messenger", "text": "Hi", "person": "Ana"}
TG = {"channel": "telegram", "text": "Hi", "person": "Ana"}


def comment(sandbox, text="It is broken", **more):
    return sandbox.post("customer/comment", {"text": text, "person": "Ana", **more})


def settled(sandbox, path, wish):
    """Do it, and wait until its webhooks have come: two at once come in any order, as in the field."""
    made = sandbox.post(path, wish)
    sandbox.idle()
    return made


def body(got):
    return json.loads(got.body)


def kinds(listener, part):
    return [got for got in listener.got if part in got.path]


# --- Meta ----------------------------------------------------------------------------------------


def test_meta_signs_the_escaped_bytes(sandbox, listener):
    comment(sandbox, "Zażółć 🙈")
    got = listener.wait(1)[0]
    assert got.path == "/hooks/meta"
    assert got.body.isascii()
    assert b"Za\\u017c\\u00f3\\u0142\\u0107 \\ud83d\\ude48" in got.body
    digest = hmac.new(wires.APP_SECRET.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-hub-signature-256"] == f"sha256={digest}"


def test_a_comment_is_told_as_meta_tells_it(sandbox, listener):
    made = comment(sandbox)
    told = body(listener.wait(1)[0])
    (entry,) = told["entry"]
    (change,) = entry["changes"]
    assert (told["object"], entry["id"], change["field"]) == ("page", wires.PAGE_ID, "feed")
    value = change["value"]
    assert (value["item"], value["verb"], value["comment_id"]) == ("comment", "add", made["id"])
    assert value["parent_id"] == value["post_id"] == made["post_id"]
    assert value["from"]["name"] == "Ana"


@pytest.mark.parametrize(
    ("action", "verb", "lacks"),
    [
        ({"path": "customer/comment/edit", "text": "New"}, "edited", None),
        ({"path": "customer/comment/remove"}, "remove", "message"),
        ({"path": "staff/hide"}, "hide", None),
        ({"path": "staff/remove"}, "remove", "created_time"),
    ],
)
def test_what_happens_to_a_comment_is_told(sandbox, listener, action, verb, lacks):
    made = comment(sandbox)
    sandbox.idle()
    wish = {**action, "id": made["id"]}
    sandbox.post(wish.pop("path"), wish)
    value = body(listener.wait(2)[1])["entry"][0]["changes"][0]["value"]
    assert (value["verb"], value["comment_id"]) == (verb, made["id"])
    by_page = action["path"].startswith("staff")
    assert (value["from"]["id"] == wires.PAGE_ID) == by_page
    assert lacks is None or lacks not in value


def test_a_comment_may_come_without_its_author(sandbox, listener):
    comment(sandbox, anonymous=True)
    assert "from" not in body(listener.wait(1)[0])["entry"][0]["changes"][0]["value"]


def test_mentions_reviews_and_visitor_posts_are_told(sandbox, listener):
    sandbox.post("customer/mention", {"text": "Acme is rude"})
    sandbox.post("customer/review", {"text": "Never again", "person": "Jan", "recommends": False})
    sandbox.post("customer/post", {"text": "Hello?", "person": "Ola"})
    told = {}
    for got in listener.wait(3):
        change = body(got)["entry"][0]["changes"][0]
        told[change["field"]] = change["value"]
    assert "from" not in told["mention"]
    assert told["ratings"]["recommendation_type"] == "NEGATIVE"
    assert (told["feed"]["item"], told["feed"]["from"]["name"]) == ("post", "Ola")


def test_our_own_comment_comes_back(sandbox, graph, listener):
    made = comment(sandbox)
    sandbox.idle()
    ours = graph("POST", f"{made['id']}/comments", {"message": "Sorry"}).json()["id"]
    value = body(listener.wait(2)[1])["entry"][0]["changes"][0]["value"]
    assert (value["comment_id"], value["from"]["id"]) == (ours, wires.PAGE_ID)
    assert value["parent_id"] == made["id"]


def test_our_own_message_comes_back_as_an_echo(sandbox, graph, listener):
    person = settled(sandbox, "customer/message", DM)["chat"]
    message = {"text": "Hello", "metadata": "our-key"}
    wish = {"recipient": {"id": person}, "message": message}
    mid = graph("POST", "me/messages", wish).json()["message_id"]
    echo = body(listener.wait(2)[1])["entry"][0]["messaging"][0]
    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (wires.PAGE_ID, person)
    assert (echo["message"]["mid"], echo["message"]["metadata"]) == (mid, "our-key")
    assert echo["message"]["is_echo"] is True
    assert str(echo["message"]["app_id"]) == wires.APP_ID


def test_an_echo_of_staff_names_another_app(sandbox, listener):
    sandbox.post("staff/message", {"channel": "messenger", "person": "Ana", "text": "Hello"})
    message = body(listener.wait(1)[0])["entry"][0]["messaging"][0]["message"]
    assert message["is_echo"] is True
    assert str(message["app_id"]) != wires.APP_ID


def test_what_is_not_subscribed_is_not_told(sandbox, graph, listener):
    graph("POST", f"{wires.PAGE_ID}/subscribed_apps", {"subscribed_fields": "messages"})
    comment(sandbox)
    sandbox.post("customer/message", DM)
    sandbox.idle()
    assert ["messaging" in body(got)["entry"][0] for got in listener.got] == [True]


def test_held_events_go_together_in_the_asked_order(sandbox, listener):
    sandbox.post("hooks/hold", {"system": "meta"})
    ids = [comment(sandbox, str(number))["id"] for number in range(3)]
    sandbox.post("customer/message", DM)
    assert listener.got == []
    assert sandbox.get("hooks")["meta"]["held"] == 4
    sent = sandbox.post("hooks/send", {"system": "meta", "order": "reversed"})
    assert sent == {"posts": 1, "events": 4}
    entries = body(listener.wait(1)[0])["entry"]
    assert [set(entry) & {"changes", "messaging"} for entry in entries] == [
        {"messaging"},
        {"changes"},
    ]
    assert [change["value"]["comment_id"] for change in entries[1]["changes"]] == ids[::-1]


def test_held_events_may_go_one_by_one_and_doubled(sandbox, listener):
    sandbox.post("hooks/hold", {"system": "meta"})
    comment(sandbox)
    comment(sandbox)
    sent = sandbox.post("hooks/send", {"system": "meta", "together": False, "copies": 3})
    assert sent == {"posts": 2, "events": 2}
    sandbox.idle()
    assert len(listener.got) == 6
    assert len({got.body for got in listener.got}) == 2


def test_the_same_delivery_again_is_byte_for_byte_the_same(sandbox, listener):
    comment(sandbox, copies=2)
    listener.wait(2)
    assert sandbox.post("hooks/again", {"system": "meta", "copies": 8})["statuses"] == [200] * 8
    assert len(listener.got) == 10
    assert len({got.body for got in listener.got}) == 1


def test_meta_tries_again_whatever_the_answer(sandbox, listener):
    listener.answers = [(404, {}), (500, {})]
    comment(sandbox)
    listener.wait(2)  # at once
    sandbox.wait("webhook", 2)
    sandbox.post("clock", {"advance": 11})
    sandbox.idle()
    assert [(one["tries"], one["status"], one["ok"]) for one in sandbox.record("webhook")] == [
        (1, 404, False), (2, 500, False), (3, 200, True)]  # fmt: skip


def test_meta_gives_up_after_36_hours(sandbox, listener):
    listener.answers = [(503, {})] * 50
    comment(sandbox)
    sandbox.wait("webhook", 2)
    sandbox.post("clock", {"advance": 37 * 3600})
    sandbox.idle()
    assert len(listener.got) == 3


def test_the_handshake_wants_the_challenge_back(sandbox, listener):
    listener.reply = lambda got: got.path.split("hub.challenge=")[1].split("&")[0].encode()
    assert sandbox.post("hooks/challenge")["ok"] is True
    assert f"hub.verify_token={wires.VERIFY_TOKEN}" in listener.got[0].path
    listener.reply = lambda got: b"something else"
    assert sandbox.post("hooks/challenge", {"token": "wrong"})["ok"] is False


@pytest.mark.parametrize("sign", [True, False, "wrong"])
def test_any_bytes_can_be_sent_signed_or_not(sandbox, listener, sign):
    raw = b'{"object": \xff'
    wish = {
        "system": "meta",
        "base64": base64.b64encode(raw).decode(),
        "sign": sign,
        "headers": {"X-Extra": "1"},
    }
    assert sandbox.post("hooks/raw", wish)["statuses"] == [200]
    got = listener.got[0]
    digest = hmac.new(wires.APP_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    assert got.body == raw
    assert got.headers["x-extra"] == "1"
    assert (got.headers.get("x-hub-signature-256") == f"sha256={digest}") == (sign is True)
    assert ("x-hub-signature-256" in got.headers) == (sign is not False)


@pytest.mark.parametrize(
    ("product", "secret"),
    [("instagram", wires.INSTAGRAM_APP_SECRET), ("threads", wires.THREADS_APP_SECRET)],
)
def test_any_bytes_can_be_signed_by_any_product_of_meta(sandbox, listener, product, secret):
    wish = {"system": "meta", "body": "{}", "product": product}
    assert sandbox.post("hooks/raw", wish)["statuses"] == [200]
    digest = hmac.new(secret.encode(), b"{}", hashlib.sha256).hexdigest()
    assert listener.got[0].headers["x-hub-signature-256"] == f"sha256={digest}"
    wish = {**wish, "product": "fax"}
    answer = sandbox.http.post(f"{sandbox.url}/_sandbox/hooks/raw", json=wish, timeout=10)
    assert answer.status_code == 400


# --- Telegram ------------------------------------------------------------------------------------


def test_telegram_shows_its_secret_and_counts_updates(sandbox, listener):
    sandbox.post("customer/message", TG)
    sandbox.post("customer/message", {**TG, "text": "Again"})
    first, second = listener.wait(2)
    assert first.headers["x-telegram-bot-api-secret-token"] == wires.TELEGRAM_SECRET
    assert body(second)["update_id"] > body(first)["update_id"]
    assert [body(got)["message"]["text"] for got in (first, second)] == ["Hi", "Again"]


def test_a_failing_update_blocks_its_chat_and_no_other(sandbox, listener):
    listener.answers = [(500, {}), (500, {}), (500, {"Retry-After": "30"})]
    sandbox.post("customer/message", TG)
    sandbox.post("customer/message", {**TG, "text": "Second"})
    sandbox.wait("webhook", 2)
    sandbox.post("clock", {"advance": 2})
    sandbox.wait("webhook", 3)
    sandbox.post("customer/message", {**TG, "person": "Jan", "text": "Other chat"})
    sandbox.wait("webhook", 4)
    assert body(listener.got[3])["message"]["text"] == "Other chat"
    sandbox.post("clock", {"advance": 31})
    sandbox.idle()
    assert [body(got)["message"]["text"] for got in listener.got[4:]] == ["Hi", "Second"]


def test_updates_wait_for_a_webhook(sandbox, bot, listener):
    bot("deleteWebhook")
    sandbox.post("customer/message", TG)
    assert listener.got == []
    bot("setWebhook", url=f"{listener.url}/hooks/telegram")
    assert body(listener.wait(1)[0])["message"]["text"] == "Hi"


def test_edits_and_deletions_are_told_where_telegram_tells_them(sandbox, listener):
    plain = sandbox.post("customer/message", TG)
    sandbox.post(
        "customer/message/edit",
        {"channel": "telegram", "chat": plain["chat"], "id": plain["id"], "text": "New"},
    )
    sandbox.post(
        "customer/message/remove", {"channel": "telegram", "chat": plain["chat"], "id": plain["id"]}
    )
    business = sandbox.post("customer/message", {**TG, "chat": "business"})
    sandbox.post(
        "customer/message/remove",
        {"channel": "telegram", "chat": business["chat"], "id": business["id"]},
    )
    sandbox.post("customer/block", {"channel": "telegram", "person": "Ana"})
    sandbox.idle()
    told = {(set(body(got)) - {"update_id"}).pop() for got in listener.got}
    assert told == {
        "message",
        "edited_message",
        "business_message",
        "deleted_business_messages",
        "my_chat_member",
    }


def test_a_channel_post_is_forwarded_to_its_discussion(sandbox, listener):
    sandbox.post("staff/channel_post", {"text": "New blend"})
    told = {key: value for got in listener.wait(2) for key, value in body(got).items()}
    assert told["channel_post"]["chat"]["type"] == "channel"
    assert told["message"]["is_automatic_forward"] is True
    assert told["message"]["from"]["id"] == 777000


# --- Zendesk -------------------------------------------------------------------------------------


def events(listener):
    return {
        body(got)["type"].removeprefix("zen:event-type:ticket."): body(got)
        for got in kinds(listener, "zendesk")
    }


def test_an_agents_answer_is_told_signed_and_pretty(sandbox, listener, ticket):
    made = ticket()
    listener.wait(1)
    sandbox.post("agent/comment", {"ticket": made["id"], "text": "Proszę"})
    (got,) = [one for one in listener.wait(3)[1:] if b"ticket.comment_added" in one.body]
    stamp = got.headers["x-zendesk-webhook-signature-timestamp"]
    digest = hmac.new(
        wires.ZENDESK_WEBHOOK_SECRET.encode(), stamp.encode() + got.body, hashlib.sha256
    ).digest()
    assert got.headers["x-zendesk-webhook-signature"] == base64.b64encode(digest).decode()
    assert got.headers["x-zendesk-webhook-invocation-id"]
    assert got.body.startswith(b'{\n   "account_id"')
    assert got.body.endswith(b"}\n")
    told = body(got)
    assert told["detail"]["id"] == str(made["id"])
    assert told["event"]["comment"]["author"]["is_staff"] is True
    assert (told["event"]["comment"]["body"], told["event"]["comment"]["is_public"]) == (
        "Proszę",
        True,
    )


def test_our_own_writes_are_told_too(sandbox, listener, ticket):
    made = ticket()
    told = body(listener.wait(1)[0])
    assert (told["type"], told["detail"]["via"]) == (
        "zen:event-type:ticket.comment_added",
        {"channel": "web_service"},
    )
    assert told["detail"]["actor_id"] == str(sandbox.get("state")["zendesk"]["bridge_user"]["id"])
    assert told["detail"]["requester_id"] == str(made["requester_id"])


def test_everything_that_concerns_the_bridge_is_told(sandbox, listener, ticket):
    made, other = ticket(), ticket(external_id="stamp-2")
    sandbox.post("agent/comment", {"ticket": made["id"], "text": "psst", "public": False})
    noted = sandbox.get("state")["zendesk"]["tickets"][1]["comments"][1]
    sandbox.post("agent/status", {"ticket": made["id"], "status": "solved"})
    sandbox.post("agent/tags", {"ticket": made["id"], "add": ["dm"]})
    sandbox.post("agent/make_private", {"ticket": made["id"], "comment": noted["id"]})
    sandbox.post("agent/merge", {"ticket": made["id"], "into": other["id"]})
    sandbox.post("agent/delete", {"ticket": other["id"]})
    sandbox.idle()
    told = events(listener)
    assert set(told) == {
        "comment_added",
        "status_changed",
        "tags_changed",
        "comment_made_private",
        "merged",
        "soft_deleted",
    }
    assert told["tags_changed"]["event"] == {"tags_added": ["dm"], "tags_removed": []}
    assert told["merged"]["event"] == {"target_ticket_id": str(other["id"])}
    assert told["soft_deleted"]["detail"]["status"] == "DELETED"
    changed = [
        body(got)["event"]
        for got in kinds(listener, "zendesk")
        if b"ticket.status_changed" in got.body
    ]
    assert {"previous": "OPEN", "current": "SOLVED"} in changed


@pytest.mark.parametrize(
    ("answers", "advance", "tries"),
    [
        ([(500, {})], 0, 1),
        ([(404, {})], 0, 1),
        ([(503, {})], 0, 1),
        ([(503, {"Retry-After": "60"})], 0, 1),
        ([(503, {"Retry-After": "5"})], 6, 2),
        ([(429, {"Retry-After": "1"}), (429, {"Retry-After": "1"})], 2, 3),
        ([(409, {})] * 9, 2, 4),
    ],
)
def test_zendesk_tries_again_only_by_its_rule(sandbox, listener, ticket, answers, advance, tries):
    listener.answers = list(answers)
    ticket()
    for done in range(1, tries):
        sandbox.wait("webhook", done)
        sandbox.post("clock", {"advance": advance})
    sandbox.idle()
    entries = sandbox.record("webhook", system="zendesk")
    assert len(entries) == tries
    assert len({one["webhook"] for one in entries}) == 1  # the invocation keeps its id


def test_an_attempt_is_stamped_with_the_time_outside(sandbox, listener, ticket):
    sandbox.post("clock", {"advance": 30 * 86400})
    ticket()
    got = listener.wait(1)[0]
    assert got.headers["x-zendesk-webhook-signature-timestamp"][:10] != body(got)["time"][:10]


# --- webhooks and triggers of the account's own ------------------------------------------------------


def add_webhook(desk, listener, *subscriptions, **more):
    wish = {"name": "Mine", "endpoint": f"{listener.url}/mine", "http_method": "POST", "request_format": "json",
            "status": "active", "subscriptions": list(subscriptions), **more}  # fmt: skip
    return desk("POST", "/api/v2/webhooks", {"webhook": wish})


TRIGGER = {
    "title": "Tell the bridge",
    "conditions": {
        "all": [
            {"field": "update_type", "operator": "is", "value": "Change"},
            {"field": "current_tags", "operator": "includes", "value": "bridge"},
            {"field": "role", "operator": "is", "value": "agent"},
        ],
        "any": [
            {"field": "comment_is_public", "operator": "is", "value": "true"},
            {"field": "status", "operator": "changed", "value": None},
        ],
    },
}
TEMPLATE = (
    '{"ticket_id":"{{ticket.id}}","status":"{{ticket.status}}","actor_id":"{{current_user.id}}"}'
)


def test_a_trigger_sends_our_template_when_its_conditions_hold(sandbox, desk, listener, ticket):
    webhook = add_webhook(desk, listener, "conditional_ticket_events").json()["webhook"]
    action = {"field": "notification_webhook", "value": [webhook["id"], TEMPLATE]}
    made = desk("POST", "/api/v2/triggers.json", {"trigger": {**TRIGGER, "actions": [action]}})
    assert made.status_code == 201
    tagged, plain = ticket(tags=["bridge"]), ticket(external_id="stamp-2")
    for one in (tagged, plain):
        settled(
            sandbox,
            "agent/comment",
            {"ticket": one["id"], "text": "psst", "public": False, "status": "open"},
        )
    settled(sandbox, "agent/comment", {"ticket": tagged["id"], "text": "psst", "public": False})
    settled(sandbox, "agent/status", {"ticket": tagged["id"], "status": "hold"})
    agent = sandbox.get("state")["zendesk"]["agents"][0]["id"]
    got = kinds(listener, "/mine")
    assert [body(one)["status"] for one in got] == ["Open", "On-hold"]
    assert body(got[0]) == {
        "ticket_id": str(tagged["id"]),
        "status": "Open",
        "actor_id": str(agent),
    }
    secret = desk("GET", f"/api/v2/webhooks/{webhook['id']}/signing_secret").json()[
        "signing_secret"
    ]
    assert secret["algorithm"] == "SHA256"
    stamp = got[0].headers["x-zendesk-webhook-signature-timestamp"].encode()
    digest = hmac.new(secret["secret"].encode(), stamp + got[0].body, hashlib.sha256).digest()
    assert got[0].headers["x-zendesk-webhook-signature"] == base64.b64encode(digest).decode()
    assert desk("DELETE", f"/api/v2/triggers/{made.json()['trigger']['id']}").status_code == 204
    assert desk("DELETE", f"/api/v2/webhooks/{webhook['id']}").status_code == 204


def test_a_webhook_can_be_tried_and_carries_its_authentication(sandbox, desk, listener):
    secret = {"type": "bearer_token", "data": {"token": "T"}, "add_position": "header"}
    webhook = add_webhook(
        desk, listener, "zen:event-type:ticket.created", authentication=secret
    ).json()["webhook"]
    assert webhook["authentication"] == {"type": "bearer_token", "add_position": "header"}
    tried = desk("POST", f"/api/v2/webhooks/test?webhook_id={webhook['id']}", {"request": {}})
    assert tried.json()["response"]["status_code"] == 200
    assert listener.got[0].headers["authorization"] == "Bearer T"
    assert (
        desk("GET", "/api/v2/webhooks", params={"filter[name_contains]": "mine"}).json()[
            "webhooks"
        ][0]["id"]
        == webhook["id"]
    )
    desk("DELETE", f"/api/v2/webhooks/{webhook['id']}")
    assert desk("GET", f"/api/v2/webhooks/{webhook['id']}").status_code == 404


def test_a_webhook_is_changed_but_stays_of_its_kind(desk, listener):
    webhook = add_webhook(desk, listener, "zen:event-type:ticket.created").json()["webhook"]
    path = f"/api/v2/webhooks/{webhook['id']}"
    more = ["zen:event-type:ticket.created", "zen:event-type:ticket.merged"]
    changed = desk("PATCH", path, {"webhook": {"subscriptions": more, "status": "inactive"}})
    assert changed.status_code == 204
    now = desk("GET", path).json()["webhook"]
    assert (now["subscriptions"], now["status"]) == (more, "inactive")
    other = {"webhook": {"subscriptions": ["conditional_ticket_events"]}}
    assert desk("PATCH", path, other).status_code == 400
    assert desk("GET", path).json()["webhook"]["subscriptions"] == more
    desk("DELETE", path)


def test_a_webhook_is_of_one_kind(desk, listener):
    assert (
        add_webhook(
            desk, listener, "conditional_ticket_events", "zen:event-type:ticket.created"
        ).status_code
        == 400
    )
    assert add_webhook(desk, listener, "ticket.created").status_code == 400


def test_a_trigger_needs_a_webhook_that_there_is(desk, sandbox):
    action = {"field": "notification_webhook", "value": ["nope", "{}"]}
    assert (
        desk("POST", "/api/v2/triggers", {"trigger": {**TRIGGER, "actions": [action]}}).status_code
        == 422
    )
