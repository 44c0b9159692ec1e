"""What waits in Redis comes back as it was, through real JSON."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.model import (
    Attachment,
    Author,
    Change,
    Kind,
    Message,
    Report,
    Status,
    TicketComment,
    TicketUpdate,
    Visibility,
)
from bridge.core.rules import Reply
from bridge.core.stored import (
    message_in,
    message_out,
    moment_in,
    moment_out,
    promise_in,
    promise_out,
    update_in,
    update_out,
)
from bridge.core.targets import NO_TARGET, Measures, Promise, Target, Wait

# Parsers never make lone surrogates (core.untrusted) nor empty ids and names: those are None.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
name = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
moments = st.none() | st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - the zone comes beside it
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)
maybe = st.none() | st.booleans()
attachments = st.lists(
    st.builds(Attachment, type=words.filter(bool), url=name, name=name, id=name), max_size=3
).map(tuple)
authors = st.none() | st.builds(
    Author,
    id=name,
    name=name,
    username=name,
    followers=st.none() | st.integers(0, 10**9),
    verified=maybe,
    url=name,
)
plain = st.dictionaries(words.filter(bool), words, max_size=3)
messages = st.builds(
    Message,
    channel=words.filter(bool),
    account_id=name,
    kind=st.sampled_from(Kind),
    change=st.sampled_from(Change),
    external_id=name,
    thread_id=name,
    visibility=st.sampled_from(Visibility),
    author=authors,
    own=maybe,
    ignored=name,
    text=st.none() | words,
    attachments=attachments,
    in_reply_to=name,
    permalink=name,
    sent_at=moments,
    language=name,
    sentiment=st.none() | st.floats(-1, 1),
    dedupe=words,
    customer_id=name,
    answer=plain,
    extra=st.dictionaries(
        words.filter(bool), words | st.integers() | st.booleans() | plain, max_size=3
    ),
    aliases=st.lists(words, max_size=2).map(tuple),
    renamed=st.none() | st.tuples(words, words),
    alarm=name,
    report=st.none()
    | st.builds(
        Report,
        of=words.filter(bool),
        state=words.filter(bool),
        marker=name,
        code=words,
        detail=words,
    ),
)
comments = st.none() | st.builds(
    TicketComment,
    id=words,
    text=words,
    public=maybe,
    author_id=name,
    author_name=name,
    staff=maybe,
    created_at=moments,
    attachments=attachments,
    marker=name,
)
updates = st.builds(
    TicketUpdate,
    dedupe=words,
    ticket_id=name,
    stamp=st.none() | words,
    actor_id=name,
    at=moments,
    comment=comments,
    status=st.none() | st.sampled_from(Status),
    previous=st.none() | st.sampled_from(Status),
    status_word=name,
    status_label=name,
    merged_into=name,
    deleted=st.booleans(),
    withdrawn=st.booleans(),
    late=st.booleans(),
    tags=st.lists(words, max_size=3).map(tuple),
    tags_added=st.lists(words, max_size=3).map(tuple),
    hint=st.booleans(),
    read=st.booleans(),
    ignored=name,
)


@given(messages)
def test_a_message_comes_back_as_it_was(message):
    assert message_in(json.loads(json.dumps(message_out(message)))) == message


@given(updates)
def test_an_update_comes_back_as_it_was(update):
    assert update_in(json.loads(json.dumps(update_out(update)))) == update


@pytest.mark.parametrize(
    ("strategy", "kind"),
    [(messages, Message), (updates, TicketUpdate)],
    ids=["message", "update"],
)
def test_and_no_field_was_left_out_of_the_trial(strategy, kind):
    assert set(strategy.wrapped_strategy.kwargs) == {one.name for one in fields(kind)}


def test_no_words_and_unknown_words_are_two_things():
    """The platform is asked for words that a webhook did not carry, not for those that are none."""
    bare = Message(
        channel="facebook", account_id="1", kind=Kind.MENTION, external_id="2", thread_id="2",
        visibility=Visibility.PUBLIC, author=None, dedupe="d",
    )  # fmt: skip
    assert message_in(message_out(bare)).text is None


def test_what_a_newer_release_adds_is_left_alone():
    kept = {**message_out(message_in(SMALL)), "v": 2, "mood": "sunny"}
    assert message_in(kept) == message_in(SMALL)


SMALL = {"v": 1, "channel": "telegram", "kind": "dm", "change": "created", "visibility": "private"}


def test_what_an_older_release_left_out_has_its_default():
    assert message_in(SMALL).attachments == ()
    assert update_in({"v": 1}).tags == ()


def test_moments_are_utc_and_may_be_missing():
    at = datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert moment_out(at) == "2026-03-28T23:30:00+00:00"
    assert moment_in(moment_out(at)) == at
    assert moment_out(None) is moment_in(None) is moment_in("") is None


WARNED = Measures(notify=("team",), replies=(Reply("private", "calm", once=60, line=""),))


@pytest.mark.parametrize(
    "promise",
    [
        Promise(),
        Promise(target=NO_TARGET),
        Promise(
            target=Target(first_answer=60, clock="business", warn_at=30, on_warn=WARNED),
            waits=(Wait(after=9, then=Measures(priority="high", tags=("a", "b"), note="Ok")),),
        ),
    ],
)
def test_a_promise_comes_back_also_from_a_release_that_knows_more(promise: Promise) -> None:
    plain = json.loads(json.dumps(promise_out(promise)))
    assert promise_in(plain) == promise
    plain["later"] = plain["target"]["later"] = 1
    assert promise_in(plain) == promise
    assert promise_in({}) == Promise()
