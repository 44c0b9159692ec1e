"""What the fake WhatsApp does, refuses and tells."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from support.shape import lacking, strange

from bridge.sandbox import wires

DAY = 86400
SHARED = Path(__file__).parents[3] / "shared" / "payloads"
NUMBER = wires.WHATSAPP_NUMBER_ID
GROUP = "120363000000000001"


def error(response, status=400):
    assert response.status_code == status, response.text
    found = response.json()["error"]
    assert found["error_data"]["messaging_product"] == "whatsapp"
    return found["code"]


def wrote(sandbox, text="Hi", person="Ana", **more):
    wish = {"channel": "whatsapp", "text": text, "person": person, **more}
    return sandbox.post("customer/message", wish)


def values(listener):
    """What was told, in the order in which it came."""
    entries = [entry for got in listener.got for entry in json.loads(got.body)["entry"]]
    return [change["value"] for entry in entries for change in entry["changes"]]


def statuses(sandbox, listener):
    sandbox.idle()
    return [one for value in values(listener) for one in value.get("statuses", ())]


@pytest.fixture
def whatsapp(sandbox, graph):
    """Calls the Cloud API."""
    return lambda method, path, body=None, **params: graph(
        method, path, body, token=wires.WHATSAPP_TOKEN, **params
    )


@pytest.fixture
def send(whatsapp):
    def call(to, text="Hello", **more):
        words = {"messaging_product": "whatsapp", "type": "text", "text": {"body": text}}
        return whatsapp("POST", f"{NUMBER}/messages", {**words, "to": to, **more})

    return call


@pytest.fixture
def template(send):
    def call(to, name="ticket_news", language="en", *said):
        body = {"type": "body", "parameters": [{"type": "text", "text": one} for one in said]}
        wish = {"name": name, "language": {"code": language}, "components": [body]}
        return send(to, type="template", template=wish)

    return call


@pytest.fixture
def ana(sandbox):
    """The number of Ana, who has just written."""
    return wrote(sandbox)["chat"]


def chat(sandbox, name="Ana"):
    chats = sandbox.get("state")["whatsapp"]["chats"]
    return next(one for one in chats if one["title"] == name)


# --- sending -------------------------------------------------------------------------------------


def test_a_message_arrives_and_its_id_is_answered(sandbox, send, ana):
    answer = send(ana, "Hello Ana").json()
    assert answer["contacts"] == [{"input": ana, "wa_id": ana}]
    message = chat(sandbox)["messages"][-1]
    assert (message["id"], message["text"]) == (answer["messages"][0]["id"], "Hello Ana")
    assert (message["by"], message["status"]) == ("bridge", "delivered")


def test_an_id_holds_the_number_in_clear(send, ana):
    identity = send(ana).json()["messages"][0]["id"].removeprefix("wamid.")
    assert ana.encode() in base64.b64decode(identity)


def test_sent_delivered_and_read_are_told_with_our_key(sandbox, send, ana, listener):
    identity = send(ana, biz_opaque_callback_data="our-key").json()["messages"][0]["id"]
    assert {one["status"] for one in statuses(sandbox, listener)} == {"sent", "delivered"}
    sandbox.post("customer/seen", {"channel": "whatsapp", "person": "Ana"})
    told = statuses(sandbox, listener)
    assert told[-1]["status"] == "read"
    assert {(one["id"], one["biz_opaque_callback_data"]) for one in told} == {(identity, "our-key")}
    assert {one["recipient_id"] for one in told} == {ana}


def test_without_receipts_nothing_is_told(sandbox, send, ana, listener):
    sandbox.post("settings", {"whatsapp_receipts": False})
    assert send(ana).status_code == 200
    assert statuses(sandbox, listener) == []


def test_a_closed_window_is_answered_200_and_fails_later(sandbox, send, ana, listener):
    sandbox.post("clock", {"advance": DAY + 60})
    answer = send(ana, "Too late", biz_opaque_callback_data="our-key")
    assert answer.status_code == 200
    (told,) = statuses(sandbox, listener)
    assert (told["status"], told["errors"][0]["code"]) == ("failed", 131047)
    assert (told["id"], told["biz_opaque_callback_data"]) == (
        answer.json()["messages"][0]["id"],
        "our-key",
    )
    assert sandbox.record("message", by="bridge") == []
    assert sandbox.record("undelivered")[0]["code"] == 131047


def test_the_window_is_open_for_24_hours_and_opens_again(sandbox, send, ana, listener):
    sandbox.post("clock", {"advance": DAY - 60})
    assert send(ana).status_code == 200
    sandbox.post("clock", {"advance": 120})
    wrote(sandbox, "Still here")
    assert send(ana).status_code == 200
    assert len(sandbox.record("message", by="bridge")) == 2


def test_a_template_may_go_out_at_any_time(sandbox, template, ana, listener):
    sandbox.post("clock", {"advance": 30 * DAY})
    assert template(ana, "ticket_news", "pl", "Ana").status_code == 200
    said = sandbox.record("message", by="bridge")[0]
    assert (said["template"], said["text"][:9]) == ("ticket_news", "Cześć Ana")
    assert {one["status"] for one in statuses(sandbox, listener)} == {"sent", "delivered"}


@pytest.mark.parametrize(
    ("name", "language", "said", "outcome"),
    [
        ("nobody_knows", "en", (), (132001, 404)),
        ("hello_again", "pl", (), (132001, 404)),
        ("ticket_news", "en_US", ("Ana",), (132001, 404)),
        ("ticket_news", "en", (), (132000, 400)),
        ("ticket_news", "en", ("Ana", "Jan"), (132000, 400)),
    ],
)
def test_a_template_must_be_known_in_that_language_with_its_values(
    sandbox, template, ana, name, language, said, outcome
):
    code, status = outcome
    assert error(template(ana, name, language, *said), status) == code
    assert sandbox.record("message", by="bridge") == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": {"body": "x" * 4097}}, 100),
        ({"text": {"body": " "}}, 100),
        ({"type": "image"}, 131008),
        ({"messaging_product": "telegram"}, 100),
        ({"to": None}, 100),
        ({"to": "Ana"}, 131009),
        ({"type": "poem", "poem": {}}, 131009),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
        ({"recipient_type": "group"}, 131009),
        ({"type": "image", "image": {}}, 131009),
        ({"type": "image", "image": {"link": "https://a.example/b.png", "caption": "x" * 1025}}, 100),
        ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "Yes?"}, "action": {"buttons": []}}}, 131009),
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(sandbox, send, ana, more, code):
    assert error(send(**{"to": ana, **more})) == code
    assert sandbox.record("refused")[0]["code"] == str(code)
    assert sandbox.record("message", by="bridge") == []


def test_4096_characters_are_taken(send, ana):
    assert send(ana, "x" * 4096).status_code == 200


@pytest.mark.parametrize("to", ["999555000111", "PL.1"])
def test_a_message_to_nobody_is_answered_200_and_fails(sandbox, send, listener, to):
    wish = {"to": to} if to.isdigit() else {"to": None, "recipient": to}
    assert send(**wish).status_code == 200
    (told,) = statuses(sandbox, listener)
    assert (told["status"], told["errors"][0]["code"]) == ("failed", 131026)


def test_who_blocked_us_gets_nothing(sandbox, send, ana, listener):
    sandbox.post("customer/block", {"channel": "whatsapp", "person": "Ana"})
    assert send(ana).status_code == 200
    (told,) = statuses(sandbox, listener)
    assert told["errors"][0]["code"] == 131026


def test_what_would_fail_later_may_be_refused_at_once(sandbox, send, ana, listener):
    sandbox.post("settings", {"whatsapp_refuses_at_once": True})
    assert error(send("999555000111")) == 131026
    sandbox.post("clock", {"advance": 2 * DAY})
    assert error(send(ana)) == 131047
    assert statuses(sandbox, listener) == []


@pytest.mark.parametrize("code", ["130429", "131056"])
def test_a_limit_may_be_switched_on(sandbox, send, ana, code):
    sandbox.post("settings", {"whatsapp_refuses": code})
    assert error(send(ana), 403) == int(code)
    sandbox.post("settings", {"whatsapp_refuses": ""})
    assert send(ana).status_code == 200


def test_a_pair_and_a_number_have_their_rate(sandbox, send, ana):
    jan = wrote(sandbox, person="Jan")["chat"]
    sandbox.post("limits", {"meta": {"whatsapp_pair_per_6_seconds": 1}})
    assert send(ana).status_code == 200
    assert error(send(ana), 403) == 131056
    assert send(jan).status_code == 200
    sandbox.post("clock", {"advance": 6})
    assert send(ana).status_code == 200
    sandbox.post("limits", {"meta": {"whatsapp_per_second": 0}})
    assert error(send(ana), 403) == 130429


def test_read_marks_are_taken_for_what_people_wrote(sandbox, whatsapp):
    sent = wrote(sandbox)["id"]
    mark = {"messaging_product": "whatsapp", "status": "read", "typing_indicator": {"type": "text"}}
    path = f"{NUMBER}/messages"
    assert whatsapp("POST", path, {**mark, "message_id": sent}).json() == {"success": True}
    assert error(whatsapp("POST", path, {**mark, "message_id": "wamid.no"})) == 131009


def test_a_file_is_uploaded_and_sent(sandbox, send, ana):
    url = f"{sandbox.url}/graph/v25.0/{NUMBER}/media"
    head = {"Authorization": f"Bearer {wires.WHATSAPP_TOKEN}"}
    form = {"messaging_product": "whatsapp", "type": "image/png"}
    files = {"file": ("a.png", b"PNG", "image/png")}
    made = sandbox.http.post(url, data=form, files=files, headers=head, timeout=10).json()["id"]
    assert send(ana, type="image", image={"id": made, "caption": "Look"}).status_code == 200
    message = chat(sandbox)["messages"][-1]
    assert (message["text"], message["attachments"][0]["type"]) == ("Look", "image")
    shown = sandbox.http.get(message["attachments"][0]["url"], timeout=10)
    assert shown.content == b"PNG"
    assert error(sandbox.http.post(url, data=form, headers=head, timeout=10)) == 100


# --- people without a number, and with another one -----------------------------------------------


def test_who_has_a_username_shows_no_number_and_is_answered_by_id(sandbox, send, listener):
    sandbox.post("customer/identity", {"person": "Ana", "phone_shown": False})
    made = wrote(sandbox)
    assert made["chat"] == made["person_id"]
    sandbox.idle()
    (value,) = values(listener)
    assert value["contacts"] == [
        {"profile": {"name": "Ana", "username": "ana"}, "user_id": made["person_id"]}
    ]
    assert "from" not in value["messages"][0]
    answer = send(None, recipient=made["person_id"]).json()
    assert answer["contacts"] == [{"input": made["person_id"], "user_id": made["person_id"]}]
    told = statuses(sandbox, listener)
    assert {one["recipient_user_id"] for one in told} == {made["person_id"]}
    assert all("recipient_id" not in one for one in told)


def test_a_number_wins_over_an_id(sandbox, send, ana):
    jan = wrote(sandbox, person="Jan")
    assert send(ana, recipient=jan["person_id"]).json()["contacts"][0]["wa_id"] == ana
    assert [one["person"] for one in sandbox.record("message", by="bridge")] == ["Ana"]


def test_another_number_is_told_and_the_old_one_reaches_nobody(sandbox, send, ana, listener):
    old = wrote(sandbox)["person_id"]
    sandbox.idle()
    listener.got.clear()
    new = sandbox.post("customer/identity", {"person": "Ana", "new_number": True})
    sandbox.idle()
    told = {key: value for one in values(listener) for key, value in one.items()}
    (update,) = told["user_id_update"]
    assert update["user_id"] == {"previous": old, "current": new["bsuid"]}
    (system,) = told["messages"]
    assert (system["from"], system["system"]["wa_id"]) == (ana, new["phone"])
    assert send(new["phone"]).status_code == 200
    send(ana)
    assert [one["chat"] for one in sandbox.record("undelivered")] == [ana]
    assert chat(sandbox)["id"] == new["phone"]


def test_a_group_is_told_by_its_id_and_answered_there(sandbox, send, listener):
    made = wrote(sandbox, chat="group")
    assert made["chat"] == GROUP
    sandbox.idle()
    assert values(listener)[0]["messages"][0]["group_id"] == GROUP
    assert send(GROUP, recipient_type="group").status_code == 200
    assert sandbox.record("message", by="bridge")[0]["chat"] == GROUP
    assert error(send(GROUP)) == 131009


# --- media ---------------------------------------------------------------------------------------


def media(sandbox, listener):
    wrote(sandbox, "Look", image=True)
    sandbox.idle()
    return values(listener)[-1]["messages"][0]["image"]


def test_a_file_needs_the_token_twice(sandbox, whatsapp, listener):
    told = media(sandbox, listener)
    assert told["caption"] == "Look"
    found = whatsapp("GET", told["id"]).json()
    head = {"Authorization": f"Bearer {wires.WHATSAPP_TOKEN}"}
    got = sandbox.http.get(found["url"], headers=head, timeout=10)
    assert got.headers["content-type"] == "image/png"
    assert base64.b64encode(hashlib.sha256(got.content).digest()).decode() == told["sha256"]
    assert len(got.content) == found["file_size"]
    assert sandbox.http.get(found["url"], timeout=10).status_code == 401


def test_a_file_needs_no_proof(sandbox, whatsapp, listener):
    url = whatsapp("GET", media(sandbox, listener)["id"]).json()["url"]
    sandbox.post("settings", {"meta_proof_required": True})
    head = {"Authorization": f"Bearer {wires.WHATSAPP_TOKEN}"}
    assert sandbox.http.get(url, headers=head, timeout=10).status_code == 200


def test_an_address_and_an_id_get_old(sandbox, whatsapp, listener):
    told = media(sandbox, listener)
    url = whatsapp("GET", told["id"]).json()["url"]
    head = {"Authorization": f"Bearer {wires.WHATSAPP_TOKEN}"}
    sandbox.post("clock", {"advance": 301})
    assert sandbox.http.get(url, headers=head, timeout=10).status_code == 404
    url = whatsapp("GET", told["id"]).json()["url"]
    assert sandbox.http.get(url, headers=head, timeout=10).status_code == 200
    sandbox.post("clock", {"advance": 8 * DAY})
    gone = whatsapp("GET", told["id"])
    assert gone.json()["error"]["error_subcode"] == 33


# --- at the door ---------------------------------------------------------------------------------


def test_the_webhooks_of_the_account_are_joined_and_left(sandbox, whatsapp, listener):
    path = f"{wires.WABA_ID}/subscribed_apps"
    (app,) = whatsapp("GET", path).json()["data"]
    assert app["whatsapp_business_api_data"]["id"] == wires.APP_ID
    assert whatsapp("DELETE", path).json() == {"success": True}
    assert whatsapp("GET", path).json()["data"] == []
    wrote(sandbox)
    sandbox.idle()
    assert listener.got == []
    assert whatsapp("POST", path).json() == {"success": True}
    wrote(sandbox)
    sandbox.idle()
    assert len(listener.got) == 1


def test_the_templates_are_listed(whatsapp):
    listed = whatsapp("GET", f"{wires.WABA_ID}/message_templates").json()["data"]
    assert ("ticket_news", "pl") in [(one["name"], one["language"]) for one in listed]


def test_a_bad_token_opens_nothing_and_no_other_product(sandbox, send, graph, ana):
    sandbox.post("settings", {"meta_token": "revoked", "meta_token_of": "whatsapp"})
    refused = send(ana).json()["error"]
    assert (refused["code"], refused["error_subcode"]) == (190, 460)
    assert graph("GET", "me").status_code == 200
    other = graph("POST", f"{NUMBER}/messages", {})
    assert other.json()["error"]["error_subcode"] == 33


def test_a_call_may_be_obeyed_and_not_answered(sandbox, send, ana, listener):
    sandbox.post("faults", {"system": "meta", "path": "messages$", "effect": "drop_after"})
    with pytest.raises(OSError, match="onnection"):
        send(ana, biz_opaque_callback_data="our-key")
    told = statuses(sandbox, listener)
    assert {one["biz_opaque_callback_data"] for one in told} == {"our-key"}


# --- webhooks ------------------------------------------------------------------------------------

MADE = {
    "text_with_phone_and_bsuid": {"text": "Hi"},
    "text": {"text": "Hi"},
    "image_with_caption": {"text": "Look", "image": True},
    "audio_voice_note": {"voice": True},
    "sticker": {"sticker": True},
    "document_with_caption": {"text": "The receipt", "document": True},
    "location_named": {"location": True},
    "location_without_name": {"location": {"latitude": 1.5, "longitude": 2.5}},
    "interactive_button_reply": {"button": "Yes"},
    "template_quick_reply_button": {"template_button": "No"},
    "group_text_with_from": {"text": "Hi", "chat": "group"},
    "text_reply_with_context": {"text": "Hi", "reply_to": "wamid.x"},
}
# New since most recordings, or told of some messages only.
SINCE = {"user_id", "from_user_id", "recipient_user_id", "username", "parent_user_id", "url", "context",
         "parent_to_user_id", "to_parent_user_id", "recipient_type", "new_wa_id", "wa_id", "contacts",
         "expiration_timestamp"}  # fmt: skip


def fits(made, recorded):
    """Whether both have the same form, but for what is new or rare."""
    found = [one.removesuffix(" is new") for one in strange(made, recorded)]
    found += lacking(made, recorded)
    return [one for one in found if one.rpartition(".")[2] not in SINCE]


def recorded(name):
    return json.loads((SHARED / "whatsapp" / f"{name}.json").read_text())


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
@pytest.mark.parametrize("name", MADE)
def test_messages_have_the_recorded_form(sandbox, listener, name):
    wrote(sandbox, **{"text": None, **MADE[name]})
    told = json.loads(listener.wait(1)[0].body)
    told["entry"][0].pop("time")  # recorded for some events only
    assert fits(told, recorded(name)) == []


DONE = {
    "message_revoked_by_user": ("customer/message/remove", {}),
    "reaction_escaped_emoji_with_skin_tone": ("customer/message/react", {"emoji": "👍🏻"}),
    "smb_message_echo_text": ("staff/message", {"text": "Hello"}),
}


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
@pytest.mark.parametrize("name", DONE)
def test_what_happens_to_messages_has_the_recorded_form(sandbox, listener, name):
    path, more = DONE[name]
    sent = {"channel": "whatsapp", "person": "Ana", **wrote(sandbox)}
    sandbox.idle()
    listener.got.clear()
    sandbox.post(path, {**sent, **more})
    told = json.loads(listener.wait(1)[0].body)
    told["entry"][0].pop("time")
    assert fits(told, recorded(name)) == []


def test_an_edit_names_the_message_and_has_an_id_of_its_own(sandbox, listener):
    sent = {"channel": "whatsapp", **wrote(sandbox)}
    sandbox.idle()
    sandbox.post("customer/message/edit", {**sent, "text": "Hello"})
    sandbox.idle()
    (edit,) = values(listener)[-1]["messages"]
    assert edit["edit"]["original_message_id"] == sent["id"] != edit["id"]
    assert edit["edit"]["message"] == {"type": "text", "text": {"body": "Hello"}}


def test_what_staff_unsend_is_told(sandbox, listener):
    sent = sandbox.post(
        "staff/message", {"channel": "whatsapp", "person": "Ana", "text": "Oh no"}
    )  # fmt: skip
    sandbox.idle()
    sandbox.post("staff/message/remove", {"channel": "whatsapp", **sent})
    sandbox.idle()
    (echo,) = values(listener)[-1]["message_echoes"]
    assert (echo["type"], echo["revoke"]["original_message_id"]) == ("revoke", sent["id"])


def test_what_whatsapp_does_not_pass_on_comes_without_words(sandbox, listener):
    wrote(sandbox, None, unsupported=True)
    (message,) = values_of(sandbox, listener)["messages"]
    assert (message["type"], message["errors"][0]["code"]) == ("unsupported", 131051)


def values_of(sandbox, listener):
    sandbox.idle()
    return values(listener)[-1]


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
@pytest.mark.parametrize(
    "name", ["status_sent_with_opaque_callback_data", "status_delivered", "status_read", "status_failed_131026"]
)  # fmt: skip
def test_statuses_have_the_recorded_form(sandbox, send, ana, listener, name):
    more = {"biz_opaque_callback_data": "some data"} if "opaque" in name else {}
    send("999555000111" if "failed" in name else ana, **more)
    if "read" in name:
        sandbox.post("customer/seen", {"channel": "whatsapp", "person": "Ana"})
    sandbox.idle()
    bodies = [json.loads(got.body) for got in listener.got]
    wanted = recorded(name)["entry"][0]["changes"][0]["value"]["statuses"][0]["status"]
    told = next(one for one in bodies if f"'status': '{wanted}'" in str(one))
    told["entry"][0].pop("time")
    assert fits(told, recorded(name)) == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
def test_an_answer_has_the_recorded_form(send, ana):
    sample = json.loads((SHARED / "meta_api_responses" / "whatsapp_send_ok.json").read_text())
    made = send(ana).json()
    assert (strange(made, sample), lacking(made, sample)) == ([], [])


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
def test_another_number_is_told_in_the_recorded_form(sandbox, listener, ana):
    sandbox.idle()
    listener.got.clear()
    sandbox.post("customer/identity", {"person": "Ana", "new_number": True})
    sandbox.idle()
    bodies = {json.loads(got.body)["entry"][0]["changes"][0]["field"]: json.loads(got.body) for got in listener.got}  # fmt: skip
    for field, name in (("user_id_update", "field_user_id_update"), ("messages", "system_user_changed_number")):  # fmt: skip
        bodies[field]["entry"][0].pop("time")
        assert fits(bodies[field], recorded(name)) == []
