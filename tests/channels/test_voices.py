"""What we say to the platforms, word for word, and what their answers mean."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.platforms import PAGE, SECRETS, SHARED, Played, said, target

from bridge.channels import CHANNELS, graph, messenger, telegram
from bridge.channels.facebook import voices as facebook
from bridge.core.calls import Calls, HttpRequest, HttpResponse
from bridge.core.errors import (
    Ambiguous,
    AuthError,
    BridgeError,
    Done,
    PermanentError,
    TransientError,
    Unsupported,
)
from bridge.core.model import Attachment, Author, Kind, Message, Outgoing, Target, Visibility
from bridge.core.telling import WAYS

PROOF = hmac.new(SECRETS["app"].encode(), SECRETS["page"].encode(), hashlib.sha256).hexdigest()
SINCE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
WORDS = Outgoing(text="We are sorry.\nIt is on its way.", marker="b:mark", since=SINCE)
COMMENT = {"comment_id": "2000_3002", "root": "2000_3001", "post_id": f"{PAGE}_2000"}
UNDER_COMMENT = target("facebook", COMMENT)
ON_POST = target("facebook", {"post_id": f"{PAGE}_2000"})
ON_REVIEW = target("facebook", {"story_id": "904"})
IN_MESSENGER = target("messenger", {"mid": "m_a"}, thread_id=f"{PAGE}:31")
PRIVATE = {"chat_id": "500", "message_id": "7", "chat_type": "private"}
GROUP = {
    "chat_id": "-1001",
    "message_id": "7",
    "message_thread_id": "40",
    "chat_type": "supergroup",
}
IN_CHAT = target("telegram", PRIVATE, person_id="500", account_id="700700700")
IN_GROUP = target("telegram", GROUP, person_id="500", account_id="700700700")

SAY: dict[str, Callable[[], Calls[Any]]] = {
    "comment": lambda: facebook.post_comment(UNDER_COMMENT, WORDS),
    "private reply": lambda: facebook.post_private_reply(UNDER_COMMENT, WORDS),
    "hide": lambda: facebook.hide(UNDER_COMMENT),
    "message": lambda: messenger.post(IN_MESSENGER, WORDS),
    "chat": lambda: telegram.post_privately(IN_CHAT, WORDS),
    "group": lambda: telegram.post(IN_GROUP, WORDS),
}


def one_request(calls: Calls[Any], answer: HttpResponse) -> tuple[HttpRequest, Any]:
    played = Played(answer)
    result = played.drive(calls)
    return played.requests[0], result


# --- the Graph API -----------------------------------------------------------------------------


def test_a_public_answer_stands_under_the_root_comment() -> None:
    request, posted = one_request(SAY["comment"](), said(200, {"id": "2000_3050"}))
    assert posted == "2000_3050"
    assert request.method == "POST"
    assert request.url == "https://graph.facebook.com/v25.0/2000_3001/comments"
    assert request.json == {"message": WORDS.text}
    assert request.headers == {"authorization": f"Bearer {SECRETS['page']}"}
    assert request.params == {"appsecret_proof": PROOF}
    assert request.write
    assert not request.repeatable
    assert request.budget == (f"meta:{PAGE}", "app")


@pytest.mark.parametrize(
    ("where", "node"),
    [(ON_POST, f"{PAGE}_2000"), (ON_REVIEW, "904"), (target("facebook", {}, thread_id="9/9"), "9%2F9")],
)  # fmt: skip
def test_a_public_answer_stands_under_the_post_or_review_itself(where: Target, node: str) -> None:
    request, _ = one_request(facebook.post_comment(where, WORDS), said(200, {"id": "1"}))
    assert request.url == f"https://graph.facebook.com/v25.0/{node}/comments"


def test_without_anything_to_answer_nothing_is_asked() -> None:
    with pytest.raises(Unsupported):
        Played().drive(facebook.post_comment(target("facebook", {}), WORDS))


def test_the_address_and_version_are_settings() -> None:
    from dataclasses import replace

    options = {"api_url": "http://127.0.0.1:9/graph/", "api_version": "v26.0"}
    where = replace(UNDER_COMMENT, connection=replace(UNDER_COMMENT.connection, options=options))
    request, _ = one_request(facebook.post_comment(where, WORDS), said(200, {"id": "1"}))
    assert request.url == "http://127.0.0.1:9/graph/v26.0/2000_3001/comments"
    assert request.params == {}


def test_a_private_reply_is_addressed_by_the_comment_and_tells_the_person() -> None:
    answer = said(200, {"recipient_id": "31", "message_id": "m_9"})
    request, posted = one_request(SAY["private reply"](), answer)
    assert (posted, posted.person) == ("m_9", "31")
    assert request.url == f"https://graph.facebook.com/v25.0/{PAGE}/messages"
    assert request.json["recipient"] == {"comment_id": "2000_3002"}
    assert request.json["message"] == {"text": WORDS.text, "metadata": "b:mark"}
    assert request.repeatable  # a second one is refused with 10900


def test_a_private_reply_to_a_post_is_addressed_by_the_post_and_to_a_review_by_nothing() -> None:
    answer = said(200, {"recipient_id": "31", "message_id": "m_9"})
    request, _ = one_request(facebook.post_private_reply(ON_POST, WORDS), answer)
    assert request.json["recipient"] == {"post_id": f"{PAGE}_2000"}
    with pytest.raises(Unsupported):
        Played().drive(facebook.post_private_reply(ON_REVIEW, WORDS))


def test_hiding_hides_the_comment_and_nothing_else_can_be_hidden() -> None:
    request, _ = one_request(SAY["hide"](), said(200, {"success": True}))
    assert request.url.endswith("/2000_3002")
    assert request.json == {"is_hidden": True}
    with pytest.raises(Unsupported):
        Played().drive(facebook.hide(ON_POST))


def test_a_message_carries_our_marker_and_no_tag_inside_the_window() -> None:
    answer = said(200, {"recipient_id": "31", "message_id": "m_8"})
    request, posted = one_request(SAY["message"](), answer)
    assert posted == "m_8"
    assert request.json == {
        "recipient": {"id": "31"},
        "messaging_type": "RESPONSE",
        "message": {"text": WORDS.text, "metadata": "b:mark"},
    }


def test_a_persons_words_wear_the_tag_when_only_the_longer_window_is_open() -> None:
    human = Outgoing(text="x", marker="b:mark", tag="human")
    answer = said(200, {"message_id": "m_8"})
    request, _ = one_request(messenger.post(IN_MESSENGER, human), answer)
    assert request.json["messaging_type"] == "MESSAGE_TAG"
    assert request.json["tag"] == "HUMAN_AGENT"


def test_a_message_to_a_checkbox_goes_by_its_reference_and_to_nobody_nowhere() -> None:
    where = target("messenger", {"user_ref": "ref-1"}, person_id="ref-1")
    request, _ = one_request(messenger.post(where, WORDS), said(200, {"message_id": "m_8"}))
    assert request.json["recipient"] == {"user_ref": "ref-1"}
    with pytest.raises(Unsupported):
        Played().drive(messenger.post(target("messenger", {}, person_id=None), WORDS))


@pytest.mark.parametrize("way", ["comment", "private reply", "message", "chat", "group"])
@pytest.mark.parametrize(
    "body", [{}, {"ok": True}, {"ok": True, "result": {}}, {"id": None}, [], b"<"]
)
def test_a_yes_without_an_id_is_an_unknown_outcome(way: str, body: object) -> None:
    with pytest.raises(Ambiguous):
        Played(said(200, body)).drive(SAY[way]())


def test_an_account_without_a_token_is_a_matter_of_credentials() -> None:
    from dataclasses import replace

    from bridge.core.model import NO_SECRET

    where = replace(UNDER_COMMENT, account=replace(UNDER_COMMENT.account, token=NO_SECRET))
    with pytest.raises(AuthError):
        Played().drive(facebook.post_comment(where, WORDS))


# --- looking -----------------------------------------------------------------------------------


def listed(*comments: dict[str, Any], after: str | None = None) -> HttpResponse:
    paging = (
        {"cursors": {"after": after}, "next": "https://graph.facebook.com/..."} if after else {}
    )
    return said(200, {"data": list(comments), "paging": paging})


def by(author: str | None, text: str, at: str, id: str = "c1") -> dict[str, Any]:
    whose = {"from": {"id": author}} if author else {}
    return {"id": id, "message": text, "created_time": f"2026-11-22T{at}+0000", **whose}


LATER, EARLIER = "10:00:05", "09:50:00"


@pytest.mark.parametrize(
    ("comments", "found"),
    [
        ([], None),
        ([by(PAGE, WORDS.text, LATER)], "c1"),
        ([by(PAGE, "We are sorry. It is  on its way.", LATER)], "c1"),
        ([by(PAGE, WORDS.text, "09:59:30")], "c1"),  # their clock may be late
        ([by("24", WORDS.text, LATER)], None),  # somebody repeats our words
        ([by(None, WORDS.text, LATER)], "c1"),  # in doubt it was us
        ([by(PAGE, "Something else", LATER)], None),
        ([by(PAGE, WORDS.text, EARLIER)], None),  # the same words, said before
        ([by("24", "hi", LATER), by(PAGE, WORDS.text, LATER, "c2")], "c2"),
        ([by("24", "hi", EARLIER), by(PAGE, WORDS.text, LATER, "c2")], None),  # newest come first
    ],
)
def test_our_words_are_found_among_the_replies(comments: list[Any], found: str | None) -> None:
    request, got = one_request(facebook.look_for_comment(UNDER_COMMENT, WORDS), listed(*comments))
    assert got == found
    assert request.url == "https://graph.facebook.com/v25.0/2000_3001/comments"
    assert request.params["order"] == "reverse_chronological"
    assert not request.write
    assert request.repeatable


def test_looking_turns_the_page_until_the_attempt() -> None:
    played = Played(
        listed(*[by("24", "hi", LATER)] * 3, after="A"), listed(by(PAGE, WORDS.text, LATER, "c9"))
    )
    assert played.drive(facebook.look_for_comment(UNDER_COMMENT, WORDS)) == "c9"
    assert played.requests[1].params["after"] == "A"


def test_looking_never_says_no_without_having_seen_everything() -> None:
    endless = [listed(by("24", "hi", LATER), after="A") for _ in range(graph.PAGES)]
    with pytest.raises(Ambiguous):
        Played(*endless).drive(facebook.look_for_comment(UNDER_COMMENT, WORDS))
    with pytest.raises(Ambiguous):
        Played(said(200, {"hello": 1})).drive(facebook.look_for_comment(UNDER_COMMENT, WORDS))


def talk(*messages: dict[str, Any], more: bool = False) -> HttpResponse:
    paging = {"next": "https://graph.facebook.com/..."} if more else {}
    return said(200, {"data": [{"messages": {"data": list(messages), "paging": paging}}]})


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (said(200, {"data": []}), None),
        (talk(), None),
        (talk(by(PAGE, WORDS.text, LATER, "m_8")), "m_8"),
        (talk(by("31", WORDS.text, LATER)), None),
        (talk(by(PAGE, WORDS.text, EARLIER), more=True), None),
    ],
)
def test_our_words_are_found_in_the_talk(answer: HttpResponse, found: str | None) -> None:
    request, got = one_request(messenger.look(IN_MESSENGER, WORDS), answer)
    assert got == found
    assert request.url == f"https://graph.facebook.com/v25.0/{PAGE}/conversations"
    assert request.params["user_id"] == "31"


def test_a_talk_that_goes_on_beyond_what_is_shown_says_nothing() -> None:
    with pytest.raises(Ambiguous):
        Played(talk(by("31", "hi", LATER), more=True)).drive(messenger.look(IN_MESSENGER, WORDS))
    with pytest.raises(Ambiguous):
        Played().drive(messenger.look(target("messenger", {}, person_id=None), WORDS))


@pytest.mark.parametrize("answer", [{}, {"data": {}}, {"data": None}])
def test_a_list_of_talks_of_another_shape_says_nothing(answer: dict[str, Any]) -> None:
    with pytest.raises(Ambiguous):
        Played(said(200, answer)).drive(messenger.look(IN_MESSENGER, WORDS))


def test_a_list_without_a_next_page_was_seen_to_its_end() -> None:
    last = {"data": [by("24", "hi", LATER)], "paging": {"cursors": {"after": "A"}}}
    played = Played(said(200, last))
    assert played.drive(facebook.look_for_comment(UNDER_COMMENT, WORDS)) is None
    assert len(played.requests) == 1


# --- taking back -------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [said(200, {"success": True}), said(404, {}), said(410, {})])
def test_what_is_gone_is_as_good_as_taken_back(answer: HttpResponse) -> None:
    request, _ = one_request(graph.delete(UNDER_COMMENT, "2000_3050"), answer)
    assert (request.method, request.url) == (
        "DELETE", "https://graph.facebook.com/v25.0/2000_3050",
    )  # fmt: skip


def test_what_may_not_be_taken_back_is_told() -> None:
    with pytest.raises(PermanentError):
        Played(said(403, {})).drive(graph.delete(UNDER_COMMENT, "2000_3050"))
    told = "Bad Request: message can't be deleted for everyone"
    with pytest.raises(PermanentError) as error:
        Played(refused(400, told)).drive(telegram.delete(IN_CHAT, "500:8"))
    assert error.value.code == "cannot_delete"
    with pytest.raises(PermanentError):
        Played(said(200, {"ok": False})).drive(telegram.delete(IN_CHAT, "500:8"))
    gone = refused(400, "Bad Request: message to delete not found")
    Played(gone).drive(telegram.delete(IN_CHAT, "500:8"))


def test_an_error_with_a_good_status_is_an_error() -> None:
    with pytest.raises(AuthError):
        Played(said(200, {"id": "1", "error": {"code": 190}})).drive(SAY["comment"]())
    with pytest.raises(PermanentError):
        Played(said(200, {"ok": False, "result": {"message_id": 5}})).drive(SAY["chat"]())


# --- describing --------------------------------------------------------------------------------


def message(channel: str, **more: Any) -> Message:
    base: dict[str, Any] = {
        "channel": channel, "account_id": PAGE, "kind": Kind.COMMENT, "external_id": "2000_3002",
        "thread_id": "2000_3001", "visibility": Visibility.PUBLIC, "author": Author(id="24"),
        "text": "hi", "dedupe": "x", "answer": COMMENT,
    }  # fmt: skip
    return Message(**(base | more))


def test_a_complete_comment_only_asks_for_its_post() -> None:
    answer = said(200, {"message": "New cups!", "permalink_url": "https://www.facebook.com/p/1"})
    request, told = one_request(facebook.describe(UNDER_COMMENT, message("facebook")), answer)
    assert told == {"post_text": "New cups!", "post_url": "https://www.facebook.com/p/1"}
    assert request.url.endswith(f"/{PAGE}_2000")


def test_a_comment_without_author_and_text_is_asked_for_both() -> None:
    played = Played(
        said(200, {"message": "Broken!", "from": {"id": "24", "name": "Ana"}, "permalink_url": "https://evil.example/x"}),
        said(200, {}),
    )  # fmt: skip
    unknown = message("facebook", author=None, text=None)
    told = played.drive(facebook.describe(UNDER_COMMENT, unknown))
    assert told == {"text": "Broken!", "author": Author(id="24", name="Ana")}


def test_what_facebook_does_not_show_is_left_out() -> None:
    gone = said(400, {"error": {"code": 100, "error_subcode": 33}})
    unknown = message("facebook", author=None, text=None)
    assert Played(gone, gone).drive(facebook.describe(UNDER_COMMENT, unknown)) == {}


def test_a_person_in_messenger_gets_a_name_where_the_profile_is_shown() -> None:
    who = message("messenger", kind=Kind.DM, author=Author(id="31"), answer={"mid": "m"})
    request, told = one_request(
        messenger.describe(IN_MESSENGER, who), said(200, {"first_name": "Ana", "last_name": "Example"})
    )  # fmt: skip
    assert told == {"author": Author(id="31", name="Ana Example"), "first_name": "Ana"}
    assert request.url.endswith("/31")
    hidden = said(400, {"error": {"code": 100, "error_subcode": 2018218}})
    assert Played(hidden).drive(messenger.describe(IN_MESSENGER, who)) == {}


# --- what Graph errors mean --------------------------------------------------------------------

WRITE = HttpRequest(method="POST", url="https://graph.facebook.com/v25.0/1/comments")
READ = HttpRequest(method="GET", url="https://graph.facebook.com/v25.0/1", write=False)
KEYED = HttpRequest(
    method="POST", url="https://graph.facebook.com/v25.0/1/messages", repeatable=True
)


def graph_error(status: int, code: object, subcode: object = None, **more: Any) -> HttpResponse:
    error = {
        "message": f"secret {SECRETS['page']}",
        "code": code,
        "fbtrace_id": "Ax II\x1b[",
        **more,
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return said(status, {"error": error})


@pytest.mark.parametrize(
    ("code", "subcode", "expected", "word"),
    [
        (190, None, AuthError, "token_refused"),
        (190, 460, AuthError, "token_refused"),
        (102, None, AuthError, "token_refused"),
        *[(limit, None, TransientError, "rate_limited") for limit in (4, 17, 32, 341, 613, 80001, 80006)],
        (4, 2018022, TransientError, "rate_limited"),
        (10, 1893063, TransientError, "rate_limited"),
        (368, None, TransientError, "blocked_for_now"),
        (506, None, Done, "said_already"),
        (10900, None, Done, "said_already"),
        (551, None, PermanentError, "person_unavailable"),
        (551, 1545041, PermanentError, "person_unavailable"),
        (200, 1545041, PermanentError, "person_unavailable"),
        (10, 2018108, PermanentError, "person_unavailable"),
        (10, 2018278, PermanentError, "window_closed"),
        (10, 2534022, PermanentError, "window_closed"),
        (10, 2018065, PermanentError, "window_closed"),
        (100, 33, PermanentError, "not_found"),
        (803, None, PermanentError, "not_found"),
        (100, 2018218, PermanentError, "no_profile"),
        (230, None, PermanentError, "no_profile"),
        (3, None, PermanentError, "no_permission"),
        (10, None, PermanentError, "no_permission"),
        (200, None, PermanentError, "no_permission"),
        (299, None, PermanentError, "no_permission"),
        (10903, None, PermanentError, "cannot_reply"),
        (100, None, PermanentError, "refused"),
        (99999, None, PermanentError, "refused"),
        # WhatsApp's own
        (0, None, AuthError, "token_refused"),
        (131047, None, PermanentError, "window_closed"),
        *[(code, None, PermanentError, "person_unavailable") for code in (131026, 131030, 131049, 131050, 130472, 137000)],
        *[(code, None, PermanentError, "no_permission") for code in (131005, 131031, 131037, 131042, 131045, 133010, 130497)],
        *[(code, None, PermanentError, "refused") for code in (131008, 131009, 131021, 131051, 131052, 131062, 131063, 135000)],
        *[(code, None, PermanentError, "template_refused") for code in (132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068, 132069, 132999)],
        *[(code, None, TransientError, "rate_limited") for code in (130429, 131048, 131056, 131064, 80002, 80007, 80008)],
        *[(code, None, TransientError, "try_again") for code in (131053, 131057, 133016)],
        (9, 2018352, TransientError, "rate_limited"),
        (100, 2018001, PermanentError, "person_unavailable"),
        (100, 2018047, PermanentError, "refused"),
        (9010, None, PermanentError, "no_profile"),
        (1609005, None, PermanentError, "not_found"),
        (10, 9, PermanentError, "no_permission"),
        (4, 2018354, TransientError, "rate_limited"),
    ],
)  # fmt: skip
def test_a_graph_error_means_what_its_code_says(
    code: int, subcode: int | None, expected: type[BridgeError], word: str
) -> None:
    for status in (400, 403, 500):
        if code == 99999 and status == 500:
            continue
        error = graph.failure(WRITE, graph_error(status, code, subcode))
        assert type(error) is expected
        assert error.code == word
        assert SECRETS["page"] not in str(error)
        assert "Ax" not in str(error)  # what names the trace is a stranger's word as well
        assert getattr(error, "gone", False) is (word == "not_found")
        assert getattr(error, "limited", False) is (word == "rate_limited")


def test_a_trace_by_which_meta_finds_the_call_is_told() -> None:
    assert "trace AbC-1_x" in str(graph.failure(WRITE, graph_error(400, 100, fbtrace_id="AbC-1_x")))


@pytest.mark.parametrize(
    ("request_", "answer", "expected"),
    [
        (WRITE, graph_error(500, 1), Ambiguous),
        (WRITE, graph_error(400, 2), Ambiguous),
        (WRITE, graph_error(400, 2, 2018344), Ambiguous),
        (WRITE, graph_error(400, 131000), Ambiguous),
        (WRITE, graph_error(400, 131016), Ambiguous),
        (READ, graph_error(400, 131000), TransientError),
        # What may be done twice need not be looked for.
        (KEYED, graph_error(500, 1), TransientError),
        (KEYED, graph_error(500, 99999), TransientError),
        (WRITE, graph_error(400, 200, is_transient=True), PermanentError),
        (READ, graph_error(500, 1), TransientError),
        (WRITE, graph_error(500, 99999), Ambiguous),
        (READ, graph_error(500, 99999), TransientError),
        (WRITE, graph_error(400, 99999, is_transient=True), TransientError),
        (WRITE, graph_error(400, "4"), PermanentError),
        (WRITE, graph_error(400, True), PermanentError),
        (WRITE, said(500, b"<html>"), Ambiguous),
        (READ, said(502, b""), TransientError),
        (WRITE, said(429, b"slow"), TransientError),
        (WRITE, said(503, b""), TransientError),
        (WRITE, said(401, b""), AuthError),
        (WRITE, said(404, b"[]"), PermanentError),
        (WRITE, said(302, b""), PermanentError),
        (WRITE, said(418, {"error": "odd"}), PermanentError),
        (WRITE, said(418, {"error": []}), PermanentError),
    ],
)
def test_an_unknown_graph_error_means_what_its_status_says(
    request_: HttpRequest, answer: HttpResponse, expected: type[BridgeError]
) -> None:
    assert type(graph.failure(request_, answer)) is expected


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"x_business_use_case_usage": '{"1": [{"estimated_time_to_regain_access": 19}]}'}, 1140.0),
        (
            {"x_business_use_case_usage": '{"1": [{"estimated_time_to_regain_access": 999}]}'},
            21600.0,
        ),
        ({"x_business_use_case_usage": '{"1": [{"estimated_time_to_regain_access": 0}]}'}, None),
        ({"x_business_use_case_usage": "rubbish"}, None),
        ({"x_business_use_case_usage": '[["x"]]'}, None),
    ],
)
def test_a_limit_is_waited_for_as_long_as_the_header_says(
    headers: dict[str, str], wait: float | None
) -> None:
    error = graph.failure(WRITE, said(400, {"error": {"code": 32}}, **headers))
    assert isinstance(error, TransientError)
    assert error.retry_after == wait


@pytest.mark.parametrize(
    ("code", "least"),
    [
        (131056, 6.0),
        (131048, 3600.0),
        (131064, 3600.0),
        (131057, 120.0),
        (131000, 120.0),
        (2, None),
    ],
)
def test_a_trouble_that_lasts_is_waited_for_though_no_header_says_so(
    code: int, least: float | None
) -> None:
    error = graph.failure(READ, said(400, {"error": {"code": code}}))
    assert isinstance(error, TransientError)
    assert error.retry_after == least


def test_a_longer_wait_in_the_header_counts_and_a_shorter_one_does_not() -> None:
    for told, waited in (("60", 60.0), ("1", 6.0)):
        error = graph.failure(WRITE, said(400, {"error": {"code": 131056}}, retry_after=told))
        assert isinstance(error, TransientError)
        assert error.retry_after == waited


def test_a_policy_block_passes_except_on_whatsapp() -> None:
    blocked = said(400, {"error": {"code": 368}})
    assert type(graph.failure(WRITE, blocked)) is TransientError
    on_whatsapp = HttpRequest(method="POST", url=WRITE.url, json={"messaging_product": "whatsapp"})
    error = graph.failure(on_whatsapp, blocked)
    assert (type(error), error.code) == (PermanentError, "no_permission")


def test_every_refusal_has_a_way_that_agents_are_told_of() -> None:
    ways = {way for way, _ in graph.REFUSALS.values()}
    assert ways - {"no_profile"} <= set(WAYS)  # a profile is only ever asked for besides


def test_a_refusal_says_in_words_what_the_number_means() -> None:
    error = graph.failure(WRITE, graph_error(400, 132001))
    assert error.detail.startswith("there is no such template in this language")


RECORDED = sorted((SHARED / "meta_api_responses").glob("error_*.json"))


@pytest.mark.skipif(not RECORDED, reason="the shared payloads are not here")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_graph_errors_have_the_verdict_their_index_names(path: Path) -> None:
    wanted = {
        "error_10_2018278_window_closed": (PermanentError, "window_closed"),
        "error_190_463_token_expired": (AuthError, "token_refused"),
        "error_200_permissions": (PermanentError, "no_permission"),
        "error_32_page_limit": (TransientError, "rate_limited"),
        "error_4_transient": (TransientError, "rate_limited"),
        "error_551_1545041": (PermanentError, "person_unavailable"),
    }
    error = graph.failure(WRITE, said(400, json.loads(path.read_text())))
    assert (type(error), error.code) == wanted[path.stem]


# --- Telegram ----------------------------------------------------------------------------------

SENT = said(200, {"ok": True, "result": {"message_id": 99, "chat": {"id": 500}}})


def test_a_private_answer_is_plain_text_and_answers_no_message() -> None:
    request, posted = one_request(SAY["chat"](), SENT)
    assert posted == "500:99"
    assert request.url == f"https://api.telegram.org/bot{SECRETS['bot']}/sendMessage"
    assert request.shown == "https://api.telegram.org/bot***/sendMessage"
    assert request.json == {"chat_id": 500, "text": WORDS.text}
    assert request.budget == ("chat:700700700:500", "telegram:700700700")


def test_an_answer_in_a_group_hangs_on_the_message_and_in_its_thread() -> None:
    request, _ = one_request(SAY["group"](), SENT)
    assert request.json == {
        "chat_id": -1001,
        "text": WORDS.text,
        "message_thread_id": 40,
        "reply_parameters": {"message_id": 7, "allow_sending_without_reply": True},
    }


def test_a_private_answer_to_somebody_in_a_group_goes_to_the_person_alone() -> None:
    request, _ = one_request(telegram.post_privately(IN_GROUP, WORDS), SENT)
    assert request.json == {"chat_id": 500, "text": WORDS.text}


@pytest.mark.parametrize("person", [None, "-1005"])
def test_a_channel_or_nobody_cannot_be_written_to_in_private(person: str | None) -> None:
    with pytest.raises(Unsupported):
        Played().drive(telegram.post_privately(target("telegram", GROUP, person_id=person), WORDS))
    with pytest.raises(Unsupported):
        Played().drive(telegram.post(target("telegram", {}), WORDS))


def test_a_business_answer_names_its_connection_and_has_a_day() -> None:
    answer = {**PRIVATE, "business_connection_id": "bc1"}
    channel = CHANNELS["telegram"]
    voice = channel.voice(Visibility.PRIVATE, answer)
    assert voice is not None
    assert voice.capabilities.window == 24 * 3600
    request, _ = one_request(voice.post(target("telegram", answer), WORDS), SENT)
    assert request.json["business_connection_id"] == "bc1"
    assert channel.voice(Visibility.PRIVATE, PRIVATE) is channel.private
    assert channel.voice(Visibility.PUBLIC, answer) is channel.public


def refused(code: int, description: str = "", **parameters: Any) -> HttpResponse:
    return said(code, {"ok": False, "error_code": code, "description": description, "parameters": parameters})  # fmt: skip


@pytest.mark.parametrize(("told", "wait"), [(35, 35.0), (0, 0.0), (-1, 0.0), (999_999, 3600.0)])
def test_telegram_is_waited_for_an_hour_at_most(told: int, wait: float) -> None:
    with pytest.raises(TransientError) as error:
        Played(refused(429, "Too Many Requests", retry_after=told)).drive(SAY["chat"]())
    assert (error.value.retry_after, error.value.limited) == (wait, True)


def test_a_group_that_became_a_supergroup_is_followed_once() -> None:
    moved = refused(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009)
    played = Played(moved, said(200, {"ok": True, "result": {"message_id": 5}}))
    assert played.drive(SAY["group"]()) == "-1009:5"
    assert [request.json["chat_id"] for request in played.requests] == [-1009, -1009]
    with pytest.raises(PermanentError):
        Played(moved, moved).drive(SAY["group"]())


@pytest.mark.parametrize(
    ("answer", "expected", "word"),
    [
        (refused(429, "Too Many Requests", retry_after=35), TransientError, "rate_limited"),
        (refused(403, "Forbidden: bot was blocked by the user"), PermanentError, "person_unavailable"),
        (refused(403, "Forbidden: user is deactivated"), PermanentError, "person_unavailable"),
        (refused(403, "Forbidden: bot was kicked from the supergroup chat"), PermanentError, "person_unavailable"),
        (refused(403, "Forbidden: bot can't initiate conversation with a user"), PermanentError, "person_unavailable"),
        (refused(403, "Forbidden: something new"), PermanentError, "forbidden"),
        (refused(400, "Bad Request: chat not found"), PermanentError, "not_found"),
        (refused(400, "Bad Request: BUSINESS_PEER_USAGE_MISSING"), PermanentError, "window_closed"),
        (refused(400, "Bad Request: message is too long"), PermanentError, "too_long"),
        (refused(400, "Bad Request: something new"), PermanentError, "refused"),
        (refused(401, "Unauthorized"), AuthError, "token_refused"),
        (refused(404, "Not Found"), AuthError, "token_refused"),
        (said(404, b"<html>"), PermanentError, "not_found"),
        (refused(409, "Conflict"), TransientError, "conflict"),
        (refused(500, "Internal Server Error"), Ambiguous, "server_error"),
        (said(502, b"<html>"), Ambiguous, "server_error"),
        (said(200, {"ok": False, "error_code": 403, "description": "bot was blocked by the user"}), PermanentError, "person_unavailable"),
        (said(200, {"ok": False}), PermanentError, "refused"),
        (said(200, b"<html>"), Ambiguous, "unreadable_answer"),
    ],
)  # fmt: skip
def test_a_telegram_error_means_what_it_says(
    answer: HttpResponse, expected: type[BridgeError], word: str
) -> None:
    with pytest.raises(BridgeError) as error:
        Played(answer).drive(SAY["chat"]())
    assert (type(error.value), error.value.code) == (expected, word)
    assert SECRETS["bot"] not in str(error.value)
    if word == "rate_limited":
        assert isinstance(error.value, TransientError)
        assert error.value.retry_after == 35.0


# --- every way of speaking ---------------------------------------------------------------------


@pytest.mark.parametrize("way", SAY)
@pytest.mark.parametrize("status", [*range(400, 430), 451, *range(500, 512), 599])
def test_every_refusal_has_a_verdict_and_tells_no_secret(way: str, status: int) -> None:
    leaky = f"denied for {' '.join(SECRETS.values())}"
    for body in (
        leaky.encode(),
        {"error": {"message": leaky}},
        {"ok": False, "description": leaky},
    ):
        played = Played(said(status, body))
        with pytest.raises(BridgeError) as error:
            played.drive(SAY[way]())
        verdict = error.value
        assert isinstance(verdict, AuthError | PermanentError | TransientError)
        if status >= 500 and status != 503 and not played.requests[0].repeatable:
            assert type(verdict) is Ambiguous
        shown = f"{verdict} {verdict!r} {verdict.detail} {played.requests[0]!r}"
        assert not [one for one in SECRETS.values() if one in shown]
        assert PROOF not in shown


# --- files -------------------------------------------------------------------------------------


def test_a_file_of_meta_comes_from_its_address_and_the_address_is_not_shown() -> None:
    where = "https://scontent.xx.fbcdn.net/v/t1/cup%20broken.jpg?oh=signed&oe=1"
    fetch = CHANNELS["messenger"].fetch
    assert fetch is not None
    calls = fetch(
        IN_MESSENGER.connection, IN_MESSENGER.account, Attachment(type="image", url=where)
    )
    request, file = one_request(calls, said(200, b"\xff\xd8", content_type="image/jpeg; x=1"))
    assert (file.name, file.media_type, file.content) == (
        "cup_broken.jpg",
        "image/jpeg",
        b"\xff\xd8",
    )
    assert request.media
    assert not request.write
    assert "signed" not in repr(request)
    assert not request.headers


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment(type="fallback", url="My Documents/foo.doc"),
        Attachment(type="link", url="https://example.org/"),
        Attachment(type="image"),
        Attachment(type="image", url="file:///etc/passwd"),
        Attachment(type="image", url="https://"),
        Attachment(type="image", url="//host/x"),
        Attachment(type="image", url="https://[::1"),
        Attachment(type="location", name="1, 2"),
    ],
)
def test_what_is_no_file_is_not_fetched(attachment: Attachment) -> None:
    fetch = CHANNELS["facebook"].fetch
    assert fetch is not None
    with pytest.raises(Unsupported):
        Played().drive(fetch(UNDER_COMMENT.connection, UNDER_COMMENT.account, attachment))


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("Image/PNG; charset=x", "image/png"),
        ("", "application/octet-stream"),
        ("png", "application/octet-stream"),
        ("text/html\r\nx-evil: 1", "application/octet-stream"),
        ('text/html" onload="', "application/octet-stream"),
    ],
)
def test_of_what_kind_a_file_is_said_to_be_is_a_strangers_word(told: str, kept: str) -> None:
    fetch = CHANNELS["facebook"].fetch
    assert fetch is not None
    file = Attachment(type="image", url="https://scontent.xx.fbcdn.net/a.png")
    calls = fetch(UNDER_COMMENT.connection, UNDER_COMMENT.account, file)
    assert Played(said(200, b"png", content_type=told)).drive(calls).media_type == kept


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_link_that_ended_is_gone(status: int) -> None:
    calls = CHANNELS["facebook"].fetch
    assert calls is not None
    image = Attachment(type="image", url="https://scontent.xx.fbcdn.net/a.jpg")
    with pytest.raises(PermanentError) as error:
        Played(said(status)).drive(calls(UNDER_COMMENT.connection, UNDER_COMMENT.account, image))
    assert error.value.gone


def test_a_file_of_telegram_is_asked_for_by_id_and_never_shows_the_token() -> None:
    photo = Attachment(type="image", id="photo-1")
    played = Played(
        said(200, {"ok": True, "result": {"file_path": "photos/file 1.jpg"}}),
        said(200, b"jpg", content_type="image/jpeg"),
    )
    file = played.drive(telegram.fetch(IN_CHAT.connection, IN_CHAT.account, photo))
    assert (file.name, file.content) == ("file_1.jpg", b"jpg")
    asked, download = played.requests
    assert asked.json == {"file_id": "photo-1"}
    assert download.url == f"https://api.telegram.org/file/bot{SECRETS['bot']}/photos/file%201.jpg"
    assert SECRETS["bot"] not in repr(asked) + repr(download)


@pytest.mark.parametrize("path", ["", "../../bot1/x", "/etc/passwd", None, 5])
def test_a_telegram_file_without_a_decent_path_is_not_fetched(path: object) -> None:
    photo = Attachment(type="image", id="photo-1")
    played = Played(said(200, {"ok": True, "result": {"file_path": path}}))
    with pytest.raises(PermanentError):
        played.drive(telegram.fetch(IN_CHAT.connection, IN_CHAT.account, photo))
    with pytest.raises(Unsupported):
        Played().drive(telegram.fetch(IN_CHAT.connection, IN_CHAT.account, Attachment(type="poll")))
