"""What the fake Threads does, refuses and tells."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
import requests
from support.shape import lacking, strange

from bridge.sandbox import wires

DAY = 86400
SHARED = Path(__file__).parents[3] / "shared" / "payloads" / "threads"


def error(response, status=400):
    assert response.status_code == status, response.text
    found = response.json()["error"]
    assert found["type"] == "THApiException"
    return found["code"], found.get("error_subcode")


def replied(sandbox, text="Too sour for me", person="Ana", **more):
    wish = {"channel": "threads", "text": text, "person": person, **more}
    return sandbox.post("customer/comment", wish)


@pytest.fixture
def threads(sandbox):
    """Calls the Threads API."""

    def call(method, path, token=wires.THREADS_TOKEN, **params):
        url, head = f"{sandbox.url}/graph/v1.0/{path}", {"Authorization": f"Bearer {token}"}
        return sandbox.http.request(method, url, params=params, headers=head, timeout=30)

    return call


@pytest.fixture
def reply(sandbox):
    return replied(sandbox)["id"]


@pytest.fixture
def answer(threads):
    """Reply in the two steps; the last step's answer."""

    def call(under, text):
        made = threads("POST", "me/threads", media_type="TEXT", text=text, reply_to_id=under)
        return threads("POST", "me/threads_publish", creation_id=made.json()["id"])

    return call


def test_an_answer_takes_two_steps_and_stands_where_it_belongs(sandbox, threads, reply):
    made = threads("POST", "me/threads", media_type="TEXT", text="Sorry!", reply_to_id=reply).json()
    assert sandbox.record("comment", by="bridge") == []
    assert threads("GET", made["id"]).json()["status"] == "FINISHED"
    published = threads("POST", "me/threads_publish", creation_id=made["id"]).json()["id"]
    (said,) = sandbox.record("comment", by="bridge")
    assert (said["id"], said["parent_id"], said["channel"]) == (published, reply, "threads")
    assert threads("GET", made["id"]).json()["status"] == "PUBLISHED"
    (ours,) = threads("GET", f"{reply}/replies", fields="id,text,username").json()["data"]
    assert ours == {"id": published, "text": "Sorry!", "username": wires.USERNAME}


def test_a_container_is_published_once_and_within_a_day(sandbox, threads, reply, answer):
    made = threads("POST", "me/threads", media_type="TEXT", text="One", reply_to_id=reply).json()
    assert threads("POST", "me/threads_publish", creation_id=made["id"]).status_code == 200
    again = threads("POST", "me/threads_publish", creation_id=made["id"])
    assert error(again) == (24, 4279009)
    assert error(threads("POST", "me/threads_publish", creation_id="1")) == (24, 4279009)
    late = threads("POST", "me/threads", media_type="TEXT", text="Two", reply_to_id=reply).json()
    sandbox.post("clock", {"advance": DAY + 1})
    assert threads("GET", late["id"]).json()["status"] == "EXPIRED"
    assert error(threads("POST", "me/threads_publish", creation_id=late["id"])) == (24, 4279009)
    assert len(sandbox.record("comment", by="bridge")) == 1


@pytest.mark.parametrize(
    "words",
    [
        {"media_type": "TEXT", "text": "x" * 501},
        {"media_type": "TEXT", "text": " "},
        {"media_type": "TEXT"},
        {"text": "No kind"},
    ],
)
def test_words_that_are_no_answer_are_refused(threads, reply, words):
    assert error(threads("POST", "me/threads", reply_to_id=reply, **words)) == (100, None)


def test_500_characters_are_taken(threads, reply, answer):
    assert answer(reply, "x" * 500).status_code == 200


def test_what_is_gone_cannot_be_answered_before_or_between_the_steps(sandbox, threads, reply):
    made = threads("POST", "me/threads", media_type="TEXT", text="Sorry", reply_to_id=reply).json()
    sandbox.post("customer/comment/remove", {"id": reply})
    assert error(threads("POST", "me/threads_publish", creation_id=made["id"])) == (100, 33)
    gone = threads("POST", "me/threads", media_type="TEXT", text="Sorry", reply_to_id=reply)
    assert error(gone) == (100, 33)


def test_replies_are_listed_newest_first_and_the_talk_at_any_depth(sandbox, threads, reply, answer):
    first = answer(reply, "Sorry").json()["id"]
    second = replied(sandbox, "Fine", reply_to=first)["id"]
    post = sandbox.get("state")["threads"]["posts"][0]["id"]

    def listed(path, **more):
        return [one["id"] for one in threads("GET", path, fields="id", **more).json()["data"]]

    assert listed(f"{post}/replies") == [reply]
    assert listed(f"{post}/conversation") == [second, first, reply]
    assert listed(f"{post}/conversation", reverse="false") == [reply, first, second]
    assert listed("me/replies") == [first]


def test_a_reply_is_hidden_and_shown_but_neither_ours_nor_a_deep_one(
    sandbox, threads, reply, answer
):
    assert threads("POST", f"{reply}/manage_reply", hide="true").json() == {"success": True}
    assert threads("GET", reply, fields="hide_status").json()["hide_status"] == "HIDDEN"
    assert threads("POST", f"{reply}/manage_reply", hide="false").json() == {"success": True}
    ours = answer(reply, "Sorry").json()["id"]
    deep = replied(sandbox, "Fine", reply_to=ours)["id"]
    for other in (ours, deep):
        assert error(threads("POST", f"{other}/manage_reply", hide="true")) == (100, None)
    assert [one["what"] for one in sandbox.record(by="bridge")] == [
        "comment_hidden", "comment_unhidden", "comment"]  # fmt: skip


def test_our_own_answer_is_deleted_and_nobody_elses(sandbox, threads, reply, answer):
    ours = answer(reply, "Sory").json()["id"]
    assert threads("DELETE", ours).json() == {"success": True, "deleted_id": ours}
    assert sandbox.record("comment_removed")[0]["id"] == ours
    assert error(threads("DELETE", reply)) == (10, None)


@pytest.mark.parametrize(("mode", "outcome"), [("expired", (190, 463)), ("revoked", (190, 460))])
def test_a_bad_token_opens_nothing_and_no_other_product(sandbox, threads, graph, mode, outcome):
    sandbox.post("settings", {"meta_token": mode, "meta_token_of": "threads"})
    assert error(threads("GET", "me")) == outcome
    assert graph("GET", "me").status_code == 200


def test_a_token_opens_its_own_product_only(sandbox, threads, graph):
    comment = sandbox.post("customer/comment", {"text": "On Facebook"})["id"]
    assert error(threads("GET", comment)) == (100, 33)
    assert threads("GET", "me", token=wires.PAGE_TOKEN).json()["id"] == wires.PAGE_ID


def test_too_many_posts_a_day_are_613(sandbox, answer, reply):
    sandbox.post("limits", {"meta": {"threads_posts_per_day": 1}})
    assert answer(reply, "one").status_code == 200
    assert error(answer(reply, "two")) == (613, None)


def test_a_call_may_be_obeyed_and_not_answered(sandbox, threads, reply, answer):
    sandbox.post("faults", {"system": "meta", "path": "threads_publish", "effect": "drop_after"})
    made = threads("POST", "me/threads", media_type="TEXT", text="Sorry", reply_to_id=reply).json()
    with pytest.raises(requests.ConnectionError):
        threads("POST", "me/threads_publish", creation_id=made["id"])
    assert len(sandbox.record("comment", by="bridge")) == 1


# --- webhooks ------------------------------------------------------------------------------------


def test_a_reply_is_told_flat_and_signed_by_its_own_app(sandbox, listener):
    made = replied(sandbox)
    got = listener.wait(1)[0]
    told = json.loads(got.body)
    digest = hmac.new(wires.THREADS_APP_SECRET.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-hub-signature-256"] == f"sha256={digest}"
    assert (told["topic"], told["target_id"]) == ("moderate", wires.THREADS_ID)
    value = told["values"]["value"]
    assert (value["id"], value["username"]) == (made["id"], "ana")
    assert value["replied_to"]["id"] == value["root_post"]["id"] == made["post_id"]


def test_our_own_answer_comes_back_under_our_own_name(sandbox, answer, reply, listener):
    ours = answer(reply, "Sorry").json()["id"]
    value = json.loads(listener.wait(1)[0].body)["values"]["value"]
    assert (value["id"], value["username"]) == (ours, wires.USERNAME)
    assert value["replied_to"]["id"] == reply


def test_mentions_and_deletions_are_told(sandbox, listener):
    made = replied(sandbox)["id"]
    sandbox.post("customer/comment/remove", {"id": made})
    sandbox.post("customer/mention", {"channel": "threads", "text": "@acme_coffee is slow"})
    told = {
        (body["topic"], body["values"]["field"]): body["values"]["value"]
        for body in (json.loads(got.body) for got in listener.wait(3))
    }
    assert told["moderate", "delete"] == {"id": made}
    assert told["interaction", "mentions"]["text"] == "@acme_coffee is slow"


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
def test_bodies_have_the_recorded_form(sandbox, threads, listener):
    made = replied(sandbox)
    told = json.loads(listener.wait(1)[0].body)
    recorded = json.loads((SHARED / "reply.json").read_text())
    assert (strange(told, recorded), lacking(told, recorded)) == ([], [])
    fields = "id,text,timestamp,media_product_type,media_type,shortcode,has_replies,root_post,replied_to,is_reply,hide_status"
    listed = threads("GET", f"{made['post_id']}/replies", fields=fields).json()
    recorded = json.loads((SHARED / "api_replies_list.json").read_text())
    assert (strange(listed, recorded), lacking(listed, recorded)) == ([], [])
