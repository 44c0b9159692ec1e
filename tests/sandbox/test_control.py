"""The control API itself, the page's files, and what a demo writes from it."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
import yaml
from support.sandbox import Sandbox

from bridge.sandbox import wires


def asked(sandbox, method, path, **more):
    return sandbox.http.request(method, f"{sandbox.url}{path}", timeout=30, **more)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("customer/comment", {}, 400),
        ("customer/comment", {"text": 5}, 400),
        ("customer/comment", {"text": "x", "reply_to": "nope"}, 404),
        ("customer/comment", {"text": "x", "post": "nope"}, 404),
        ("customer/message", {"text": "x", "channel": "pigeon"}, 400),
        ("customer/message", {"text": "x", "channel": "telegram", "chat": "pub"}, 400),
        ("customer/message/remove", {"channel": "messenger", "chat": "1", "id": "m"}, 404),
        ("customer/message/edit", {"channel": "whatsapp", "chat": "1", "id": "m"}, 404),
        ("customer/message/react", {"channel": "telegram", "chat": "1", "id": "m"}, 400),
        ("customer/comment", {"text": "x", "channel": "whatsapp"}, 400),
        ("customer/comment", {"text": "x", "channel": "instagram", "post": "nope"}, 404),
        ("customer/comment", {"text": "x", "channel": "threads", "reply_to": "nope"}, 404),
        ("customer/message", {"text": "x", "channel": "whatsapp", "chat": "pub"}, 400),
        ("customer/seen", {"channel": "instagram", "person": "Ana"}, 404),
        ("staff/live", {"on": "yes"}, 400),
        ("agent/comment", {"ticket": 1, "text": "x"}, 404),
        ("agent/status", {"ticket": "x", "status": "open"}, 404),
        ("clock", {"advance": "soon"}, 400),
        ("clock", {"factor": 0}, 400),
        ("settings", {"mood": "good"}, 400),
        ("settings", {"meta_human_agent": "yes"}, 400),
        ("limits", {"x": {}}, 400),
        ("limits", {"zendesk": {"nope": 1}}, 400),
        ("hooks/send", {"system": "fax"}, 400),
        ("hooks/send", {"system": "meta", "order": "random"}, 400),
        ("hooks/again", {"system": "meta"}, 400),
        ("hooks/send", {"system": "meta", "copies": "many"}, 400),
        ("limits", {"zendesk": {"account_per_minute": "few"}}, 400),
        ("nowhere", {}, 404),
    ],
)
def test_a_mistaken_request_is_told_what_is_wrong(sandbox, path, body, status):
    answer = asked(sandbox, "POST", f"/_sandbox/{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["error"] in ("bad_request", "not_found")
    assert answer.json()["detail"]


def test_a_body_that_is_no_object_is_refused(sandbox):
    for body in (b"[]", b"{", b"\xff", b"[" * 100_000):
        assert asked(sandbox, "POST", "/_sandbox/reset", data=body).status_code == 400


def test_another_site_in_the_same_browser_steers_nothing(sandbox):
    for origin, status in (("https://evil.example", 403), ("null", 403), (sandbox.url, 200)):
        answer = asked(sandbox, "POST", "/_sandbox/reset", json={}, headers={"Origin": origin})
        assert answer.status_code == status


def test_an_agent_cannot_do_what_zendesk_refuses(sandbox, ticket):
    made = ticket()
    sandbox.post("agent/status", {"ticket": made["id"], "status": "closed"})
    answer = asked(
        sandbox, "POST", "/_sandbox/agent/comment", json={"ticket": made["id"], "text": "x"}
    )
    assert answer.status_code == 400
    assert "closed prevents ticket update" in answer.json()["detail"]


def test_a_change_wakes_who_waits_for_it(sandbox):
    change = sandbox.get("changes")["change"]
    told = []
    waiter = threading.Thread(
        target=lambda: told.append(sandbox.get(f"changes?since={change}&wait=20"))
    )
    waiter.start()
    sandbox.post("customer/mention", {"text": "Acme!"})
    waiter.join(10)
    assert told
    assert told[0]["change"] > change


def test_nothing_new_is_told_after_the_wait(sandbox):
    change = sandbox.get("changes")["change"]
    assert sandbox.get(f"changes?since={change}&wait=0.05")["change"] == change


def test_the_record_is_read_on_from_where_one_was(sandbox):
    seq = sandbox.get("record")["seq"]
    sandbox.post("customer/comment", {"text": "One"})
    got = sandbox.get(f"record?since={seq}")
    assert [(one["seq"], one["what"], one["by"], one["text"]) for one in got["entries"]] == [
        (seq + 1, "comment", "customer", "One")
    ]
    assert sandbox.get("record?what=review")["entries"] == []


def test_reset_brings_the_scene_back(sandbox):
    sandbox.post("customer/comment", {"text": "One", "person": "Zed"})
    sandbox.post("faults", {"effect": "html"})
    sandbox.post("settings", {"meta_token": "expired"})
    before = sandbox.get("state")
    sandbox.post("reset")
    after = sandbox.get("state")
    assert [len(post["comments"]) for post in after["facebook"]["posts"]] == [0, 0]
    assert after["faults"] == []
    assert "Zed" not in [one["name"] for one in after["people"]]
    # Ids are never given out twice: a bridge that remembers would take the new for the old.
    ids = [{post["id"] for post in one["facebook"]["posts"]} for one in (before, after)]
    assert not ids[0] & ids[1]
    assert after["change"] > before["change"]


def test_the_clock_moves_what_is_seen(sandbox):
    before = sandbox.get("state")["now"]
    sandbox.post("clock", {"advance": 86400})
    after = sandbox.post("customer/comment", {"text": "Tomorrow"})
    post = next(
        one for one in sandbox.get("state")["facebook"]["posts"] if one["id"] == after["post_id"]
    )
    assert post["comments"][0]["at"][:10] > before[:10]
    assert sandbox.post("clock", {"factor": 100})["factor"] == 100


def test_the_state_has_what_the_documents_name(sandbox, ticket):
    sandbox.post("customer/comment", {"text": "One", "image": True})
    sandbox.post("customer/message", {"channel": "messenger", "sticker": True, "person": "Jan"})
    sandbox.post("customer/message", {"channel": "telegram", "text": "x", "person": "Jan"})
    made = ticket()
    sandbox.post(
        "agent/comment", {"ticket": made["id"], "text": "See", "attachment": True, "agent": "Eva"}
    )
    state = sandbox.get("state")
    assert set(state) == {
        "change",
        "seq",
        "now",
        "brand",
        "people",
        "facebook",
        "messenger",
        "instagram",
        "whatsapp",
        "threads",
        "telegram",
        "zendesk",
        "freshdesk",
        "hooks",
        "faults",
        "limits",
    }
    (comment,) = next(post["comments"] for post in state["facebook"]["posts"] if post["comments"])
    assert set(comment) == {
        "id",
        "parent_id",
        "author",
        "by",
        "text",
        "at",
        "edited",
        "hidden",
        "removed",
        "likes",
        "image",
        "private_reply",
        "replies",
    }
    assert (
        asked(sandbox, "GET", comment["image"].removeprefix(sandbox.url)).headers["content-type"]
        == "image/png"
    )
    message = {
        "id",
        "by",
        "author",
        "text",
        "at",
        "edited",
        "removed",
        "reply_to",
        "tag",
        "private_reply_to",
        "attachments",
    }
    (chat,) = state["messenger"]["chats"]
    assert set(chat["messages"][0]) == message
    assert (chat["window"], chat["messages"][0]["attachments"][0]["type"]) == ("open", "sticker")
    assert set(state["telegram"]["chats"][-1]["messages"][0]) == message
    (shown,) = state["zendesk"]["tickets"]
    assert [one["by"] for one in shown["comments"]] == ["customer", "agent"]
    file = shown["comments"][1]["attachments"][0]
    assert asked(sandbox, "GET", file["url"].removeprefix(sandbox.url)).content.startswith(
        b"\x89PNG"
    )
    assert [one["name"] for one in state["zendesk"]["agents"]] == ["Sam", "Eva"]


def test_the_bridges_decisions_are_passed_on(sandbox, listener):
    listener.reply = lambda got: json.dumps({"decisions": [{"rule": "refund"}], "next": 7}).encode()
    sandbox.post("connect", {"bridge": listener.url, "console_token": "console"})
    told = sandbox.get("bridge/decisions?since=3")
    assert told == {"decisions": [{"rule": "refund"}], "next": 7, "reachable": True}
    assert listener.got[0].path == "/console/api/decisions?since=3"
    assert listener.got[0].headers["authorization"] == "Bearer console"


@pytest.mark.parametrize("reply", [b"<html>", b"[1]"])
def test_a_bridge_that_is_away_or_odd_is_said_to_be(sandbox, listener, reply):
    listener.reply = lambda got: reply
    assert sandbox.get("bridge/decisions")["reachable"] is False
    sandbox.post("connect", {"bridge": "http://127.0.0.1:9"})
    away = sandbox.get("bridge/decisions")
    assert (away["decisions"], away["reachable"]) == ([], False)


# --- the page ------------------------------------------------------------------------------------


class Scripts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.inline, self.sources = [], []
        self._open = False

    def handle_starttag(self, tag, attrs):
        self._open = tag == "script" and "src" not in dict(attrs)
        self.inline += [name for name, _ in attrs if name.startswith("on") or name == "style"]
        if (tag, dict(attrs).get("rel")) == ("link", "stylesheet"):
            self.sources.append(dict(attrs)["href"])
        if tag == "script" and not self._open:
            self.sources.append(dict(attrs)["src"])

    def handle_data(self, data):
        if self._open and data.strip():
            self.inline.append(data)


def test_the_page_is_served_and_obeys_its_own_policy(sandbox):
    page = asked(sandbox, "GET", "/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    found = Scripts()
    found.feed(page.text)
    assert found.inline == []
    for source in found.sources:
        answer = asked(sandbox, "GET", source if source.startswith("/") else f"/{source}")
        assert answer.status_code == 200, source
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static/", "/static//etc/passwd", "/server.py", "/cdn/nope", "/static/nope.js"])  # fmt: skip
def test_nothing_beside_the_page_is_served(sandbox, path):
    assert asked(sandbox, "GET", path).status_code == 404


def test_only_looking_is_allowed_on_the_page(sandbox):
    assert asked(sandbox, "POST", "/").status_code == 405
    assert asked(sandbox, "HEAD", "/").content == b""


# --- the wires -----------------------------------------------------------------------------------


def test_the_configuration_names_only_variables_that_there_are(sandbox):
    text = wires.connections_yaml(sandbox.url)
    environ = wires.environment(sandbox.url, "http://127.0.0.1:8080")
    config = yaml.safe_load(text)["connections"]
    assert set(config) == {"meta", "telegram", "freshdesk", "zendesk"}
    named = {part.split("}")[0] for part in text.split("${")[1:]}
    assert named <= set(environ)
    for secret in (
        wires.APP_SECRET,
        wires.PAGE_TOKEN,
        wires.INSTAGRAM_APP_SECRET,
        wires.WHATSAPP_TOKEN,
        wires.THREADS_TOKEN,
        wires.TELEGRAM_TOKEN,
        wires.ZENDESK_CLIENT_SECRET,
    ):
        assert secret not in text


def test_the_credentials_open_the_doors_they_name(sandbox):
    known = sandbox.get("credentials")
    assert known["zendesk"]["url"] == f"{sandbox.url}/zendesk"
    page = known["meta"]
    answer = sandbox.http.get(
        f"{page['api_url']}/{page['page_id']}",
        params={"access_token": page["page_token"]},
        timeout=10,
    )
    assert answer.json()["name"] == "Acme Coffee"
    bot = known["telegram"]
    assert (
        sandbox.http.get(f"{bot['api_url']}/bot{bot['token']}/getMe", timeout=10).json()["ok"]
        is True
    )


def test_how_many_calls_are_answered_at_once_is_counted(sandbox):
    sandbox.post("faults", {"system": "zendesk", "effect": "delay", "seconds": 0.5, "times": None})

    def ask():
        return sandbox.http.get(f"{sandbox.url}/zendesk/api/v2/tickets", timeout=20).status_code

    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ask) for _ in range(3)]
        assert {one.result() for one in asked} == {401}
    assert sandbox.get("busy")["zendesk"] == {"now": 0, "most": 3}
    assert sandbox.post("busy") == {}
    ask()
    assert sandbox.get("busy") == {"zendesk": {"now": 0, "most": 1}}


# --- the command ---------------------------------------------------------------------------------


def test_the_command_lifts_limits_ends_quietly_and_takes_chunks():
    with Sandbox("--no-limits") as sandbox:
        assert sandbox.get("limits")["on"] is False
        answer = asked(
            sandbox, "POST", "/_sandbox/customer/mention", data=iter([b'{"text":', b' "Hi"}'])
        )
        assert answer.status_code == 200
        assert sandbox.stop() == 0


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("--port", "{taken}"), 1, "cannot listen on 127.0.0.1:"),
        (("--bridge", "localhost"), 2, "--bridge is an http address, not 'localhost'"),
        (("--port", "70000"), 2, "a port is 0 to 65535"),
    ],
)
def test_what_cannot_be_started_is_said_in_a_sentence(sandbox, given, code, said):
    taken = sandbox.url.rpartition(":")[2]
    # A process of its own: the tests in a browser leave a running event loop in this one.
    command = [
        sys.executable,
        "-m",
        "bridge",
        "sandbox",
        *(one.format(taken=taken) for one in given),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
