"""What is read back is what the webhooks told, by the same name and with the same words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.house import THREADS, House, instagram_account
from support.sandbox import Sandbox

from bridge.channels import CHANNELS, SOURCES
from bridge.channels.base import Recent
from bridge.core.calls import HttpRequest, HttpResponse, drive
from bridge.core.errors import AuthError
from bridge.core.model import Account, Message, Visibility


@pytest.fixture
def house(sandbox: Sandbox) -> Iterator[House]:
    house = House(sandbox)
    sandbox.post("connect", {"bridge": house.url})
    yield house
    house.stop()


def account(house: House, channel: str) -> Account:
    return next(
        one
        for one in house.connections["meta"].accounts
        if one.channel == {"messenger": "facebook"}.get(channel, channel)
    )


def read(
    house: House, channel: str, what: str, ago: float = 3600, by: Account | None = None
) -> Recent:
    """What is read back of *channel* since so many seconds ago."""
    since = datetime.now(UTC) - timedelta(seconds=ago)
    reads = CHANNELS[channel].recent[what]
    meta = house.connections["meta"]
    recent: Recent = house.drive(reads(meta, by or account(house, channel), since))
    return recent


def alike(message: Message) -> dict[str, Any]:
    """What must be the same of a message, however it came."""
    return {
        name: getattr(message, name)
        for name in (
            "dedupe", "channel", "account_id", "kind", "change", "external_id", "thread_id", "conversation",
            "visibility", "own", "ignored", "text", "in_reply_to",
        )
    } | {"by": message.author and message.author.id, "at": message.sent_at and int(message.sent_at.timestamp()),
         "files": [(one.type, one.url) for one in message.attachments],
         "answer": dict(message.answer)}  # fmt: skip


def test_comments_replies_and_visitors_posts_are_read_as_they_were_told(house: House) -> None:
    sandbox = house.sandbox
    root = sandbox.post("customer/comment", {"person": "Ana", "text": "My mug is broken"})
    sandbox.post("customer/comment", {"person": "Ben", "text": "Mine too", "reply_to": root["id"]})
    sandbox.post("customer/comment", {"person": "Eva", "text": "", "image": True})
    sandbox.post("staff/comment", {"reply_to": root["id"], "text": "We look at it"})
    sandbox.post("customer/post", {"person": "Tom", "text": "Your shop is closed?"})
    sandbox.idle()
    told = {one.dedupe: alike(one) for one in house.heard}
    recent = read(house, "facebook", "comments and posts")
    assert recent.whole
    assert {one.dedupe: alike(one) for one in recent.messages} == told
    assert len(told) == 5


def test_what_is_older_than_asked_for_is_left_out(house: House) -> None:
    house.sandbox.post("customer/comment", {"person": "Ana", "text": "Long ago", "ago": 7200})
    house.sandbox.post("customer/comment", {"person": "Ana", "text": "Just now"})
    recent = read(house, "facebook", "comments and posts")
    assert [one.text for one in recent.messages] == ["Just now"]


def test_more_comments_than_one_page_holds_are_all_read(house: House) -> None:
    for number in range(130):
        house.sandbox.post("customer/comment", {"person": "Ana", "text": f"number {number}"})
    recent = read(house, "facebook", "comments and posts")
    assert recent.whole
    assert {one.text for one in recent.messages} == {f"number {number}" for number in range(130)}


def test_more_messages_in_one_chat_than_are_read_is_said(house: House) -> None:
    for number in range(51):
        house.sandbox.post(
            "customer/message", {"channel": "messenger", "person": "Ana", "text": f"{number}"}
        )
    recent = read(house, "messenger", "messages")
    assert not recent.whole
    assert len(recent.messages) == 50
    assert read(house, "messenger", "messages", ago=-60).whole  # nothing is that new


@pytest.mark.parametrize("channel", ["messenger", "instagram"])
def test_messages_and_echoes_are_read_as_they_were_told(house: House, channel: str) -> None:
    sandbox = house.sandbox
    said = {"channel": channel, "person": "Ana"}
    sandbox.post("customer/message", {**said, "text": "Hello?"})
    sandbox.post("customer/message", {**said, "text": "A picture", "image": True})
    sandbox.post("staff/message", {**said, "text": "One moment"})
    sandbox.idle()
    told = {one.dedupe: alike(one) for one in house.heard}
    assert len(told) == 3
    read_back = {one.dedupe: alike(one) for one in read(house, channel, "messages").messages}
    assert read_back == told
    assert all(one["visibility"] is Visibility.PRIVATE for one in read_back.values())


@pytest.mark.parametrize("login", ["facebook", "instagram"])
def test_instagrams_comments_are_read_as_they_were_told(house: House, login: str) -> None:
    sandbox = house.sandbox
    said = {"channel": "instagram"}
    root = sandbox.post("customer/comment", {**said, "person": "Ana", "text": "Is it sour?"})
    under = {**said, "reply_to": root["id"]}
    sandbox.post("customer/comment", {**under, "person": "Ben", "text": "It is"})
    sandbox.post("staff/comment", {**under, "text": "It is not"})
    sandbox.idle()
    told = {one.dedupe: alike(one) for one in house.heard}
    assert len(told) == 3
    recent = read(house, "instagram", "comments", by=instagram_account(login))
    assert {one.dedupe: alike(one) for one in recent.messages} == told


def test_a_new_reply_under_an_old_comment_is_found_on_instagram(house: House) -> None:
    said = {"channel": "instagram", "person": "Ana"}
    root = house.sandbox.post("customer/comment", {**said, "text": "Old", "ago": 90_000})
    house.sandbox.post("customer/comment", {**said, "text": "New", "reply_to": root["id"]})
    assert [one.text for one in read(house, "instagram", "comments").messages] == ["New"]


def test_replies_and_mentions_on_threads_are_read_as_they_were_told(house: House) -> None:
    sandbox = house.sandbox
    said = {"channel": "threads"}
    root = sandbox.post("customer/comment", {**said, "person": "Ana", "text": "Too sour"})
    under = {**said, "reply_to": root["id"]}
    sandbox.post("customer/comment", {**under, "person": "Ben", "text": "Not for me"})
    sandbox.post("staff/comment", {**under, "text": "We are sorry"})
    sandbox.post("customer/mention", {**said, "person": "Eva", "text": "@acme is it open?"})
    sandbox.idle()
    told = {one.dedupe: alike(one) for one in house.heard}
    assert len(told) == 4
    meta = house.connections["meta"]
    found = [
        *read(house, "threads", "replies", by=THREADS).messages,
        *read(house, "threads", "mentions", by=THREADS).messages,
    ]
    known = [SOURCES["meta"].recognise(meta, one) for one in found]
    assert {one.dedupe: alike(one) for one in known} == told


def test_a_refused_token_is_said_and_not_taken_for_silence(house: House) -> None:
    house.sandbox.post("settings", {"meta_token": "revoked"})
    try:
        with pytest.raises(AuthError):
            read(house, "facebook", "comments and posts")
    finally:
        house.sandbox.post("settings", {"meta_token": "valid"})


@pytest.mark.parametrize("channel", ["whatsapp", "telegram"])
def test_who_cannot_be_asked_is_not(channel: str) -> None:
    assert CHANNELS[channel].recent == {}


def test_a_quiet_account_costs_one_call_for_each_list(house: House) -> None:
    calls = 0
    meta = house.connections["meta"]
    since = datetime.now(UTC)

    def send(request: HttpRequest) -> HttpResponse:
        nonlocal calls
        calls += 1
        return house.send(request)

    counted = {}
    for name in ("facebook", "messenger", "instagram", "threads"):
        for what, reads in CHANNELS[name].recent.items():
            calls = 0
            drive(reads(meta, account(house, name), since), send)
            counted[name, what] = calls
    assert set(counted.values()) == {1}
    assert len(counted) == 6
