"""Threads: what only the accounts tell of an event, and what we say there, word for word."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.platforms import NOW, Played, meta, said

from bridge.channels import CHANNELS, SOURCES, threads
from bridge.channels.base import Calls
from bridge.core.errors import Ambiguous, PermanentError, TransientError, Unsupported
from bridge.core.model import (
    Account,
    Connection,
    Delivery,
    Kind,
    Message,
    Outgoing,
    Secret,
    Target,
    Visibility,
)

US, OTHERS = "26000000000000042", "26000000000000077"
WORDS = Outgoing(text="We are sorry.", marker="b:mark", since=NOW)
BASE = "https://graph.threads.net/v1.0"


def account(id: str = US, **options: Any) -> Account:
    return Account(channel="threads", id=id, token=Secret("THAA-token-88"), options=options)


def connected(*accounts: Account) -> Connection:
    return replace(meta(), accounts=accounts or (account(username="acme"),))


def target(answer: dict[str, str]) -> Target:
    connection = connected()
    return Target(
        connection=connection,
        account=connection.accounts[0],
        channel="threads",
        account_id=US,
        thread_id="1",
        person_id="ana.example",
        answer=answer,
    )


HERE = target({"reply_to": "18100000000000002", "root": "18100000000000001"})


def event(
    connection: Connection,
    *,
    field: str = "replies",
    username: str = "ana.example",
    owner: str = US,
    owner_name: str = "acme",
    target_id: str = "18100000000000002",
    subscription: str = "8800",
) -> Message:
    root = {"id": "18100000000000001", "owner_id": owner, "username": owner_name}
    value = {"id": "18100000000000002", "username": username, "text": "x", "root_post": root}
    payload = {
        "topic": "moderate",
        "target_id": target_id,
        "subscription_id": subscription,
        "values": {"field": field, "value": value},
    }
    source, body = SOURCES["meta"], json.dumps(payload).encode()
    (found,) = source.parse(Delivery(connection="meta", source="meta", body=body, received_at=NOW))
    return source.recognise(connection, found)


# --- whose it is -------------------------------------------------------------------------------


def test_a_reply_is_for_the_owner_of_the_thread_by_id_or_by_username() -> None:
    assert event(connected()).account_id == US
    by_name = event(connected(), owner="app-scoped-1", owner_name="Acme")
    assert (by_name.account_id, by_name.own, by_name.ignored) == (US, False, None)


def test_a_reply_in_somebody_elses_thread_is_for_the_only_account_there_is() -> None:
    foreign = {"owner": OTHERS, "owner_name": "ben.example"}
    assert event(connected(), **foreign).account_id == US
    two = connected(account(), account("26000000000000043"))
    assert event(two, **foreign).account_id == OTHERS


def test_the_dashboards_sample_is_for_nobody() -> None:
    sample = {"owner": "123456", "owner_name": "test_username_2", "subscription": "234567"}
    found = event(connected(), **sample)
    assert (found.account_id, found.ignored) == ("123456", "test")


def test_a_mention_is_for_the_account_that_is_mentioned_and_no_other() -> None:
    assert event(connected(), field="mentions", target_id=US).account_id == US
    elsewhere = event(connected(), field="mentions", target_id=OTHERS, owner=OTHERS, owner_name="b")
    assert elsewhere.account_id == OTHERS


@pytest.mark.parametrize("username", ["acme", "Acme"])
def test_our_own_reply_is_known_by_username(username: str) -> None:
    found = event(connected(account(username="@acme")), username=username)
    assert (found.own, found.ignored) == (True, "own")
    foreign = event(connected(account(username="acme")), username=username, owner=OTHERS, owner_name="ben.example")  # fmt: skip
    assert (foreign.own, foreign.ignored) == (True, "own")


def test_without_the_option_our_own_name_is_that_of_the_owner_of_our_thread() -> None:
    own = event(connected(account()), username="acme")
    assert (own.own, own.ignored) == (True, "own")
    # Who owns a foreign thread is a customer there.
    ben = event(connected(account()), username="ben.example", owner=OTHERS, owner_name="ben.example")  # fmt: skip
    assert (ben.own, ben.ignored) == (False, None)


# --- what goes out -----------------------------------------------------------------------------


def test_a_reply_is_made_and_then_published_and_only_the_making_may_be_repeated() -> None:
    played = Played(said(200, {"id": "c1"}), said(200, {"id": "18100000000000050"}))
    assert played.drive(threads.post(HERE, WORDS)) == "18100000000000050"
    make, publish = played.requests
    assert (make.url, make.repeatable) == (f"{BASE}/me/threads", True)
    assert make.json == {
        "media_type": "TEXT",
        "text": WORDS.text,
        "reply_to_id": "18100000000000002",
    }
    assert (publish.url, publish.repeatable) == (f"{BASE}/me/threads_publish", False)
    assert publish.json == {"creation_id": "c1"}
    assert make.params == {}  # without the secret of Threads no proof
    assert make.headers["authorization"] == "Bearer THAA-token-88"


def test_a_stumble_while_making_did_nothing_and_while_publishing_nobody_knows() -> None:
    stumbled = said(500, {"error": {"code": 2, "type": "THApiException"}})
    with pytest.raises(TransientError) as error:
        Played(stumbled).drive(threads.post(HERE, WORDS))
    assert type(error.value) is TransientError
    with pytest.raises(Ambiguous):
        Played(said(200, {"id": "c1"}), stumbled).drive(threads.post(HERE, WORDS))


def test_an_earlier_attempt_is_found_among_the_replies() -> None:
    ours = {"id": "9", "text": WORDS.text, "username": "acme", "timestamp": "2026-11-22T10:00:01+0000"}  # fmt: skip
    hers = {**ours, "id": "8", "username": "ana.example"}
    old = {**ours, "id": "7", "timestamp": "2026-11-22T09:00:00+0000"}
    for listed, wanted in (([hers, ours], "9"), ([hers, old], None), ([], None)):
        played = Played(said(200, {"data": listed}))
        assert played.drive(threads.look(HERE, WORDS)) == wanted
        assert played.requests[0].url == f"{BASE}/18100000000000002/replies"


def test_hiding_deleting_and_describing() -> None:
    played = Played(said(200, {"success": True}))
    played.drive(threads.hide(HERE))
    assert played.requests[0].url == f"{BASE}/18100000000000002/manage_reply"
    assert played.requests[0].json == {"hide": True}
    delete = CHANNELS["threads"].delete
    assert delete
    played = Played(said(200, {"success": True}))
    played.drive(delete(HERE, "18100000000000050"))
    assert (played.requests[0].method, played.requests[0].url) == ("DELETE", f"{BASE}/18100000000000050")  # fmt: skip
    asked = Message(
        channel="threads", account_id=US, kind=Kind.COMMENT, external_id="18100000000000002",
        thread_id="1", visibility=Visibility.PUBLIC, author=None, dedupe="d", answer=HERE.answer,
    )  # fmt: skip
    root = said(200, {"text": "New!", "permalink": "https://www.threads.com/@acme/post/Aa"})
    played = Played(said(200, {"text": "Late?"}), root)
    assert played.drive(threads.describe(HERE, asked)) == {
        "text": "Late?",
        "post_text": "New!",
        "post_url": "https://www.threads.com/@acme/post/Aa",
    }
    hidden = said(400, {"error": {"code": 10}})
    assert Played(hidden, hidden).drive(threads.describe(HERE, asked)) == {}


SAY: dict[str, Callable[[Target], Calls[Any]]] = {
    "reply": lambda where: threads.post(where, WORDS),
    "look": lambda where: threads.look(where, WORDS),
    "hide": threads.hide,
}


@pytest.mark.parametrize("verb", SAY)
def test_without_anything_to_answer_nothing_is_asked(verb: str) -> None:
    with pytest.raises(Unsupported):
        Played().drive(SAY[verb](target({})))


@pytest.mark.parametrize("verb", SAY)
def test_a_deleted_reply_is_gone(verb: str) -> None:
    gone = said(400, {"error": {"code": 100, "error_subcode": 33}})
    with pytest.raises(PermanentError) as error:
        Played(gone).drive(SAY[verb](HERE))
    assert error.value.gone


def test_a_reply_takes_500_and_has_no_private_voice() -> None:
    channel = CHANNELS["threads"]
    public = channel.voice(Visibility.PUBLIC, HERE.answer, HERE.account)
    assert public
    assert public.capabilities.max_length == 500
    assert channel.voice(Visibility.PRIVATE, HERE.answer, HERE.account) is None
