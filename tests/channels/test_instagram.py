"""Instagram: what only the accounts tell of an event, and what we say there, word for word."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from support.platforms import NOW, PAGE, SECRETS, Played, meta, said

from bridge.channels import CHANNELS, SOURCES, graph, instagram
from bridge.channels.base import Voice
from bridge.core.compose import fit
from bridge.core.errors import Ambiguous, PermanentError, Rejected, Unsupported
from bridge.core.model import (
    Account,
    Author,
    Connection,
    Delivery,
    Kind,
    Message,
    Outgoing,
    Secret,
    Target,
    Visibility,
)

IG = "17841400000000042"
ANA = "24000000000000017"
TOKEN, OWN_SECRET = "IGAA-own-token-77cd", "instagram-app-secret-6e10"
WORDS = Outgoing(text="We are sorry.", marker="b:mark", since=NOW)
COMMENT = {"comment_id": "17900000000003002", "root": "17900000000003001", "post_id": "1800"}
SENT = said(200, {"recipient_id": ANA, "message_id": "m_9"})


def connected(*, login: str = "facebook", **options: Any) -> Connection:
    """A connection with one Instagram account, by either product."""
    account = Account(
        channel="instagram",
        id=IG,
        name="Acme",
        token=Secret(TOKEN),
        options={"login": login, "page": None, "username": None, **options},
    )
    return replace(meta(instagram_app_secrets=Secret(OWN_SECRET)), accounts=(account,))


def target(answer: dict[str, str], *, login: str = "facebook", **options: Any) -> Target:
    connection = connected(login=login, **options)
    return Target(
        connection=connection,
        account=connection.accounts[0],
        channel="instagram",
        account_id=IG,
        thread_id=None,
        person_id=ANA,
        answer=answer,
    )


def voice(visibility: Visibility, where: Target) -> Voice:
    found = CHANNELS["instagram"].voice(visibility, where.answer, where.account)
    assert found
    return found


def events(payload: object, connection: Connection) -> list[Message]:
    source = SOURCES["meta"]
    body = json.dumps(payload).encode()
    found = source.parse(Delivery(connection="meta", source="meta", body=body, received_at=NOW))
    return [source.recognise(connection, one) for one in found]


def comment(entry: str, author: dict[str, str]) -> object:
    value = {"id": "17900000000003001", "text": "x", "from": author, "media": {"id": "18"}}
    change = {"field": "comments", "value": value}
    return {
        "object": "instagram",
        "entry": [{"id": entry, "time": 1795341600, "changes": [change]}],
    }


# --- whose it is -------------------------------------------------------------------------------


def test_an_entry_with_the_pages_id_is_for_the_account_of_that_page() -> None:
    connection = connected(page=PAGE)
    (found,) = events(comment(PAGE, {"id": ANA, "username": "ana.example"}), connection)
    assert (found.account_id, found.own, found.ignored) == (IG, False, None)
    (elsewhere,) = events(comment("555", {"id": ANA}), connection)
    assert elsewhere.account_id == "555"


def test_a_message_to_the_pages_id_stands_in_the_accounts_thread() -> None:
    item = {"sender": {"id": ANA}, "recipient": {"id": PAGE}, "message": {"mid": "m", "text": "x"}}
    payload = {"object": "instagram", "entry": [{"id": PAGE, "messaging": [item]}]}
    (found,) = events(payload, connected(page=PAGE))
    assert (found.account_id, found.thread_id) == (IG, f"{IG}:{ANA}")
    assert found.conversation == f"instagram:{IG}:{IG}%3A{ANA}:{ANA}"


def test_a_comment_of_our_own_is_known_by_id_behind_a_page_and_by_username() -> None:
    for author in ({"id": IG, "username": "acme"}, {"id": "999", "username": "Acme"}):
        (found,) = events(comment(PAGE, author), connected(page=PAGE, username="@acme"))
        assert (found.own, found.ignored) == (True, "own")
    (other,) = events(comment(PAGE, {"id": "999", "username": "acme2"}), connected(page=PAGE, username="acme"))  # fmt: skip
    assert (other.own, other.ignored) == (False, None)


# --- how it is proved ----------------------------------------------------------------------------


def test_a_delivery_may_be_signed_with_the_secret_of_any_product_and_no_other() -> None:
    body = b'{"object": "instagram", "text": "za\\u017c\\u00f3\\u0142\\u0107 \\/"}'
    connection = replace(
        connected(),
        options={**connected().options, "threads_app_secrets": (Secret("threads-one"), Secret("threads-two"))},
    )  # fmt: skip
    proof = SOURCES["meta"].proof

    def check(secret: str) -> None:
        digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        proof.check({"x-hub-signature-256": f"sha256={digest}"}, body, connection, NOW)

    for secret in (SECRETS["app"], OWN_SECRET, "threads-one", "threads-two"):
        check(secret)
    for secret in ("", "else"):
        with pytest.raises(Rejected):
            check(secret)


# --- in public ---------------------------------------------------------------------------------


def test_a_public_answer_goes_to_the_root_comment_also_under_a_reply() -> None:
    where = target(COMMENT)
    played = Played(said(200, {"id": "17900000000003050"}))
    spoken = voice(Visibility.PUBLIC, where)
    assert played.drive(spoken.post(where, WORDS)) == "17900000000003050"
    (request,) = played.requests
    assert request.url == "https://graph.facebook.com/v25.0/17900000000003001/replies"
    assert request.json == {"message": WORDS.text}
    assert not request.repeatable


def test_the_comment_length_is_a_setting_of_the_account() -> None:
    assert voice(Visibility.PUBLIC, target(COMMENT)).capabilities.max_length == 2200
    shorter = voice(Visibility.PUBLIC, target(COMMENT, comment_length=300))
    assert shorter.capabilities.max_length == 300
    assert voice(Visibility.PUBLIC, target(COMMENT, comment_length=0)).capabilities.max_length == 2200  # fmt: skip


def test_an_earlier_attempt_is_found_among_the_replies_in_any_order_and_only_if_it_is_new() -> None:
    where = target(COMMENT)
    by_us = {"id": "1", "text": "We are  sorry.", "timestamp": "2026-11-22T10:00:01+0000"}
    by_her = {**by_us, "id": "2", "from": {"id": ANA}}
    old = {**by_us, "id": "3", "timestamp": "2026-11-22T09:00:00+0000"}
    found = {1: [by_her, old, by_us], None: [by_her, old], 4: [{**by_us, "id": "4", "from": {"id": "999"}}]}  # fmt: skip
    for wanted, replies in found.items():
        played = Played(said(200, {"data": replies}))
        got = played.drive(instagram.look_for_comment(where, WORDS))
        assert got == (str(wanted) if wanted else None)
    with pytest.raises(Ambiguous):
        Played(said(200, {"data": "odd"})).drive(instagram.look_for_comment(where, WORDS))


def test_a_live_comment_takes_no_public_answer_and_a_private_one_for_an_hour() -> None:
    where = target({**COMMENT, "live": "1"})
    with pytest.raises(Unsupported) as refused:
        Played().drive(voice(Visibility.PUBLIC, where).post(where, WORDS))
    assert refused.value.code == "no_public_reply"
    private = voice(Visibility.PRIVATE, where)
    assert (private.capabilities.within, private.capabilities.once) == (3600.0, True)
    longer = voice(Visibility.PRIVATE, target(where.answer, live_reply_seconds=7200))  # type: ignore[arg-type]
    assert longer.capabilities.within == 7200.0
    assert Played(SENT).drive(private.post(where, WORDS)) == "m_9"


def test_a_mention_is_answered_where_it_stands_and_cannot_be_looked_for() -> None:
    where = target({"mentioned_comment": "179", "mentioned_media": "180"})
    spoken = voice(Visibility.PUBLIC, where)
    assert spoken.look is None
    played = Played(said(200, {"id": "181"}))
    assert played.drive(spoken.post(where, WORDS)) == "181"
    assert played.requests[0].url.endswith(f"/{IG}/mentions")
    assert played.requests[0].json == {"media_id": "180", "comment_id": "179", "message": WORDS.text}  # fmt: skip
    caption = target({"mentioned_media": "180"})
    played = Played(said(200, {"id": "181"}))
    played.drive(voice(Visibility.PUBLIC, caption).post(caption, WORDS))
    assert "comment_id" not in played.requests[0].json
    nowhere = target({"mentioned_comment": "179"})
    with pytest.raises(Unsupported):
        Played().drive(voice(Visibility.PUBLIC, nowhere).post(nowhere, WORDS))
    with pytest.raises(Unsupported) as refused:
        Played().drive(voice(Visibility.PRIVATE, where).post(where, WORDS))
    assert refused.value.code == "no_private_reply"


def test_hiding_and_deleting() -> None:
    played = Played(said(200, {"success": True}))
    played.drive(instagram.hide(target(COMMENT)))
    assert played.requests[0].url.endswith("/17900000000003002")
    assert played.requests[0].json == {"hide": True}
    with pytest.raises(Unsupported):
        Played().drive(instagram.hide(target({"mentioned_media": "180"})))
    delete = CHANNELS["instagram"].delete
    assert delete
    gone = said(400, {"error": {"code": 100, "error_subcode": 33}})
    for answer in (said(200, {"success": True}), gone):
        played = Played(answer)
        played.drive(delete(target(COMMENT), "17900000000003050"))
        assert played.requests[0].method == "DELETE"
    with pytest.raises(PermanentError):
        Played(said(400, {"error": {"code": 200}})).drive(delete(target(COMMENT), "1"))
    # A message that is not found would count as gone, though the person still reads it.
    for message_id in ("m_9", "aWdfZAG1faXRlbToxOklH"):
        with pytest.raises(Unsupported):
            Played().drive(delete(target({"mid": "m_a"}), message_id))


# --- in private --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "url", "secret"),
    [
        ({}, "https://graph.facebook.com/v25.0/me/messages", SECRETS["app"]),
        ({"page": PAGE}, f"https://graph.facebook.com/v25.0/{PAGE}/messages", SECRETS["app"]),
        ({"login": "instagram"}, f"https://graph.instagram.com/v25.0/{IG}/messages", OWN_SECRET),
    ],
)
def test_a_message_goes_out_by_the_product_that_the_token_is_for(
    options: dict[str, str], url: str, secret: str
) -> None:
    where = target({"mid": "m_a"}, **options)  # type: ignore[arg-type]
    played = Played(SENT)
    posted = played.drive(voice(Visibility.PRIVATE, where).post(where, WORDS))
    (request,) = played.requests
    assert (posted, posted.person) == ("m_9", ANA)
    assert request.url == url
    assert request.json == {
        "recipient": {"id": ANA},
        "message": {"text": WORDS.text},
        "messaging_type": "RESPONSE",
    }
    proof = hmac.new(secret.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    assert request.params == {"appsecret_proof": proof}
    assert not request.repeatable


def test_without_the_products_own_secret_there_is_no_proof_instead_of_a_wrong_one() -> None:
    where = target({"mid": "m_a"}, login="instagram")
    bare = replace(
        where, connection=replace(where.connection, options={"app_secrets": Secret("x")})
    )
    played = Played(SENT)
    played.drive(instagram.post_message(bare, WORDS))
    assert played.requests[0].params == {}


@pytest.mark.parametrize(
    ("options", "base"),
    [
        ({"api_url": "http://127.0.0.1:9/graph"}, "http://127.0.0.1:9/graph/v25.0"),
        ({"api_url": "https://graph.facebook.com"}, "https://graph.instagram.com/v25.0"),
        ({"instagram_api_url": "http://[::1]:9/ig/", "api_url": "http://127.0.0.1:9/graph"}, "http://[::1]:9/ig/v25.0"),
        ({"api_version": "v26.0"}, "https://graph.instagram.com/v26.0"),
    ],
)  # fmt: skip
def test_a_stand_in_on_loopback_plays_every_product(options: dict[str, str], base: str) -> None:
    where = target({"mid": "m_a"}, login="instagram")
    played = Played(SENT)
    played.drive(instagram.post_message(replace(where, connection=replace(where.connection, options=options)), WORDS))  # fmt: skip
    assert played.requests[0].url == f"{base}/{IG}/messages"


def test_after_a_day_a_persons_words_are_tagged() -> None:
    where = target({"mid": "m_a"})
    played = Played(SENT)
    played.drive(instagram.post_message(where, replace(WORDS, tag="human")))
    assert played.requests[0].json["messaging_type"] == "MESSAGE_TAG"
    assert played.requests[0].json["tag"] == "HUMAN_AGENT"
    allows = voice(Visibility.PRIVATE, where).capabilities
    assert (allows.window, allows.human_window) == (86400.0, 7 * 86400.0)


def test_a_private_reply_names_the_comment_and_is_safe_to_repeat() -> None:
    where = target(COMMENT)
    played = Played(SENT)
    posted = played.drive(voice(Visibility.PRIVATE, where).post(where, WORDS))
    (request,) = played.requests
    assert request.json == {
        "recipient": {"comment_id": "17900000000003002"},
        "message": {"text": WORDS.text},
    }
    assert (posted.person, request.repeatable) == (ANA, True)
    allows = voice(Visibility.PRIVATE, where).capabilities
    assert (allows.within, allows.once) == (7 * 86400.0, True)


def test_a_message_is_cut_by_bytes_and_never_inside_an_emoji() -> None:
    allows = voice(Visibility.PRIVATE, target({"mid": "m_a"})).capabilities
    pieces = fit("x" * 985 + " " + "🧡" * 400, allows)
    assert len(pieces) > 1
    assert all(len(piece.encode()) <= 1000 for piece in pieces)
    assert "".join(pieces).count("🧡") == 400


def test_an_earlier_message_is_found_in_the_talk() -> None:
    ours = {"id": "m_1", "message": WORDS.text, "from": {"id": "8"}, "created_time": "2026-11-22T10:00:01+0000"}  # fmt: skip
    hers = {**ours, "id": "m_2", "from": {"id": ANA}}
    for listed, wanted in (([hers, ours], "m_1"), ([hers], None)):
        played = Played(said(200, {"data": [{"messages": {"data": listed}}]}))
        assert played.drive(instagram.look_for_message(target({"mid": "m"}), WORDS)) == wanted
        assert played.requests[0].params["platform"] == "instagram"
        assert played.requests[0].params["user_id"] == ANA


# --- what is asked -----------------------------------------------------------------------------


def message(kind: Kind, answer: dict[str, str], **more: Any) -> Message:
    return Message(
        channel="instagram",
        account_id=IG,
        kind=kind,
        external_id="1",
        thread_id="1",
        visibility=Visibility.PUBLIC,
        **{"author": None, "dedupe": "d", "answer": answer, **more},
    )


def test_a_comments_author_words_and_post_are_asked_for() -> None:
    told = said(200, {"id": "1", "text": "Great!", "from": {"id": ANA, "username": "ana.example"}})
    post = said(200, {"caption": "Spring!", "permalink": "https://www.instagram.com/p/x/"})
    played = Played(told, post)
    found = played.drive(instagram.describe(target(COMMENT), message(Kind.COMMENT, COMMENT)))
    assert found == {
        "author": Author(id=ANA, username="ana.example"),
        "text": "Great!",
        "post_text": "Spring!",
        "post_url": "https://www.instagram.com/p/x/",
    }


def test_what_is_known_is_not_asked_for_and_what_is_hidden_is_left_out() -> None:
    known = message(Kind.COMMENT, COMMENT, author=Author(id=ANA), text="x")
    hidden = said(400, {"error": {"code": 100, "error_subcode": 33}})
    played = Played(hidden)
    assert played.drive(instagram.describe(target(COMMENT), known)) == {}
    assert played.requests[0].url.endswith("/1800")


def test_a_mentions_words_are_asked_for_by_way_of_the_account() -> None:
    answer = {"mentioned_comment": "179", "mentioned_media": "180"}
    comment = said(200, {"mentioned_comment": {"id": "179", "text": "@acme look"}, "id": IG})
    media = said(200, {"mentioned_media": {"id": "180", "caption": "My day", "username": "ben"}})
    played = Played(comment, media)
    found = played.drive(instagram.describe(target(answer), message(Kind.MENTION, answer)))
    assert found == {"text": "@acme look", "post_text": "My day"}
    assert played.requests[0].url.endswith(f"/{IG}")
    assert played.requests[0].params["fields"].startswith("mentioned_comment.comment_id(179){")
    only = {"mentioned_media": "180"}
    found = Played(media).drive(instagram.describe(target(only), message(Kind.MENTION, only)))
    assert found == {"text": "My day", "author": Author(username="ben")}


def test_an_id_that_would_write_into_the_question_is_not_asked_about() -> None:
    odd = {"mentioned_comment": "1){id},x(", "mentioned_media": "1)"}
    assert Played().drive(instagram.describe(target(odd), message(Kind.MENTION, odd))) == {}


def test_who_writes_is_asked_for_and_may_stay_unknown() -> None:
    asked = message(Kind.DM, {"mid": "m"}, author=Author(id=ANA))
    told = said(200, {"name": "Ana Example", "username": "ana.example", "follower_count": 12, "is_verified_user": False})  # fmt: skip
    played = Played(told)
    found = played.drive(instagram.describe(target({"mid": "m"}), asked))
    author = Author(
        id=ANA, name="Ana Example", username="ana.example", followers=12, verified=False
    )
    assert found == {"author": author}
    for code in (230, 9010):
        refused = said(400, {"error": {"code": code}})
        assert Played(refused).drive(instagram.describe(target({"mid": "m"}), asked)) == {}


def test_the_products_are_told_apart_by_the_account() -> None:
    assert graph.product_of(connected().accounts[0]) is graph.FACEBOOK
    assert graph.product_of(connected(login="instagram").accounts[0]) is graph.INSTAGRAM
    assert graph.product_of(Account(channel="threads")) is graph.THREADS
    page = Account(channel="facebook", options={"login": "instagram"})
    assert graph.product_of(page) is graph.FACEBOOK
